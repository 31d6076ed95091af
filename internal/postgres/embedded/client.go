//go:build linux

package embedded

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
)

var clientPattern = regexp.MustCompile(`PostgreSQL\) (\d+)`)

// Client finds a client program such as pg_dump, of version atLeast or newer: an older one refuses a newer server. The
// oldest that will do is taken. ErrNotInstalled says what is missing.
func Client(name string, atLeast int) (path string, err error) {
	best := 0
	for _, dir := range searchDirs() {
		candidate := filepath.Join(dir, name)
		if _, err := os.Stat(candidate); err != nil || !filepath.IsAbs(candidate) {
			continue
		}
		out, err := exec.Command(candidate, "--version").Output()
		if err != nil {
			continue
		}
		m := clientPattern.FindSubmatch(out)
		if m == nil {
			continue
		}
		major, err := strconv.Atoi(string(m[1]))
		if err == nil && major >= atLeast && (best == 0 || major < best) {
			path, best = candidate, major
		}
	}
	if best == 0 {
		return "", fmt.Errorf("%w: %s of version %d or newer", ErrNotInstalled, name, atLeast)
	}
	return path, nil
}
