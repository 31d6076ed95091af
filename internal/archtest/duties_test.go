package archtest

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// TestEveryTestNamedInTheDocumentsExists keeps docs/duties.md from promising what no test shows.
func TestEveryTestNamedInTheDocumentsExists(t *testing.T) {
	t.Chdir(repository(t))
	var defined []string
	declaration := regexp.MustCompile(`(?m)^func (Test\w+)\(`)
	for _, root := range []string{"internal", "web", "cmd"} {
		err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
			if err != nil || d.IsDir() || !strings.HasSuffix(path, "_test.go") {
				return err
			}
			content, err := os.ReadFile(path)
			for _, m := range declaration.FindAllSubmatch(content, -1) {
				defined = append(defined, string(m[1]))
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	content, err := os.ReadFile("docs/duties.md")
	if err != nil {
		t.Fatal(err)
	}
	named := regexp.MustCompile(`Test[A-Z]\w+`).FindAllString(string(content), -1)
	if len(named) < 30 {
		t.Fatalf("only %d tests are named", len(named))
	}
	for _, name := range named {
		if name != "TestName" && !slices.Contains(defined, name) {
			t.Errorf("docs/duties.md names %s, which does not exist", name)
		}
	}
}
