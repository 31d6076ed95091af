//go:build linux

package embedded

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
)

const minMajor = 14

// programs is one installed PostgreSQL server.
type programs struct {
	dir   string
	major int
}

func (p programs) path(name string) string { return filepath.Join(p.dir, name) }

// findPrograms chooses the server programs for cluster: those of the version that made it, or the newest installed
// when there is no cluster yet.
func findPrograms(cluster string) (programs, error) { return choosePrograms(cluster, searchDirs()) }

func choosePrograms(cluster string, dirs []string) (programs, error) {
	made, err := clusterMajor(cluster)
	if err != nil {
		return programs{}, err
	}
	best := programs{}
	var majors []string
	for _, p := range installed(dirs) {
		majors = append(majors, strconv.Itoa(p.major))
		if p.major == made {
			return p, nil
		}
		if p.major > best.major {
			best = p
		}
	}
	switch {
	case best.major < minMajor:
		return programs{}, fmt.Errorf("%w: Wenji needs initdb and postgres of version %d or newer, in PATH or under "+
			"/usr/lib/postgresql; install them with: apt-get install postgresql (Debian, Ubuntu) or "+
			"dnf install postgresql-server (openEuler, Fedora)", ErrNotInstalled, minMajor)
	case made != 0:
		return programs{}, fmt.Errorf("%w: %s was made by PostgreSQL %d and version %s is installed; nothing was changed. "+
			"Install version %d again, or name another data folder", ErrOtherVersion, cluster, made,
			strings.Join(majors, ", "), made)
	}
	return best, nil
}

// clusterMajor is the version that made the cluster, 0 where there is none.
func clusterMajor(cluster string) (int, error) {
	text, err := os.ReadFile(filepath.Join(cluster, "PG_VERSION"))
	if errors.Is(err, fs.ErrNotExist) {
		return 0, nil
	}
	if err != nil {
		return 0, fmt.Errorf("read the cluster's version: %w", err)
	}
	major, err := strconv.Atoi(strings.TrimSpace(string(text)))
	if err != nil {
		return 0, fmt.Errorf("%w: %s/PG_VERSION holds no version number; nothing was changed", ErrOtherVersion, cluster)
	}
	return major, nil
}

// searchDirs lists where server programs may be: PATH first, then where packages put them.
func searchDirs() []string {
	dirs := filepath.SplitList(os.Getenv("PATH"))
	for _, pattern := range []string{"/usr/lib/postgresql/*/bin", "/usr/pgsql-*/bin", "/usr/local/pgsql/bin"} {
		if found, err := filepath.Glob(pattern); err == nil {
			dirs = append(dirs, found...)
		}
	}
	return dirs
}

// installed returns the server of each folder that has one, at most one a version. Links are followed, because initdb
// looks for its share files beside the real program.
func installed(dirs []string) []programs {
	var all []programs
	seen := map[int]bool{}
	for _, dir := range dirs {
		server, err := filepath.EvalSymlinks(filepath.Join(dir, "postgres"))
		if err != nil || !filepath.IsAbs(server) {
			continue
		}
		home := filepath.Dir(server)
		if _, err := os.Stat(filepath.Join(home, "initdb")); err != nil {
			continue
		}
		major := majorOf(server)
		if major == 0 || seen[major] {
			continue
		}
		seen[major] = true
		all = append(all, programs{dir: home, major: major})
	}
	return all
}

var versionPattern = regexp.MustCompile(`PostgreSQL\) (\d+)`)

// majorOf asks the program itself; 0 when it does not run or does not say.
func majorOf(server string) int {
	out, err := exec.Command(server, "--version").Output()
	if err != nil {
		return 0
	}
	m := versionPattern.FindSubmatch(out)
	if m == nil {
		return 0
	}
	major, err := strconv.Atoi(string(m[1]))
	if err != nil {
		return 0
	}
	return major
}
