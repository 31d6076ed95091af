// Package archtest holds one test: who may import whom (docs/design.md).
package archtest

import (
	"go/parser"
	"go/token"
	"io/fs"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

// level of each package. A package may import those of a lower level, and those of its own level that are listed in
// beside. The file of the program itself, cmd, stands above all.
var level = map[string]int{
	"internal/apperr": 0, "migrations": 0, "web": 0, "web/ui": 0,
	"internal/postgres": 1, "internal/postgres/embedded": 1, "internal/audit": 2, "internal/announce": 2, "internal/validate": 1,
	"internal/clause": 1, "internal/throttle": 2,
	"internal/sample": 1, "internal/vault": 2, "internal/docx": 1, "internal/xlsx": 1, "internal/calendar": 2,
	"internal/consultation": 3, "internal/captcha": 3, "internal/staff": 3, "internal/notify": 3, "internal/backup": 3,
	"internal/comment": 4, "internal/inspection": 4,
	"internal/similar": 5, "internal/intake": 5, "internal/referral": 5,
	"internal/moderation": 6, "internal/export": 6, "internal/report": 6, "internal/retention": 6, "internal/rotation": 6,
	"web/public": 7, "web/desk": 7, "internal/fill": 7, "internal/metrics": 7,
	"internal/httpd": 8,
	"cmd/wenji":      9,
	"internal/lab":   9,
	"cmd/bench":      10, "cmd/cluster": 10,
}

// testOnly are packages that only _test.go files may import.
var testOnly = map[string]bool{"internal/postgres/pgtest": true, "internal/archtest": true, "internal/e2e": true, "internal/deploy": true}

// forbidden names imports that a package must not have although the levels would allow them.
var forbidden = map[string][]string{
	"web/public": {"wenji/internal/staff", "wenji/internal/moderation", "wenji/internal/audit", "wenji/internal/vault", "wenji/internal/export", "wenji/internal/similar", "wenji/internal/intake", "wenji/internal/retention"},
	"web/ui":     {"wenji/internal"},
}

// outward are the libraries that no domain package may know of.
var outward = []string{"net/http", "github.com/go-chi/chi", "github.com/a-h/templ", "wenji/web"}

func TestImportsGoDownward(t *testing.T) {
	t.Chdir(repository(t))
	seen := 0
	err := filepath.WalkDir(".", func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() && (strings.HasPrefix(d.Name(), ".") && path != "." || d.Name() == "node_modules" || d.Name() == "testdata") {
			return fs.SkipDir
		}
		if strings.HasSuffix(path, ".go") {
			seen++
			checkFile(t, path)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if seen < 50 {
		t.Fatalf("only %d Go files found: the test looks in the wrong place", seen)
	}
}

func checkFile(t *testing.T, path string) {
	t.Helper()
	file, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.ImportsOnly)
	if err != nil {
		t.Errorf("%s: %v", path, err)
		return
	}
	from := filepath.ToSlash(filepath.Dir(path))
	test := strings.HasSuffix(path, "_test.go")
	mine, known := level[from]
	if !known && !testOnly[from] {
		t.Errorf("%s: package %s has no level; give it one in archtest and docs/design.md", path, from)
		return
	}
	for _, spec := range file.Imports {
		name, err := strconv.Unquote(spec.Path.Value)
		if err != nil {
			t.Errorf("%s: %v", path, err)
			continue
		}
		if test || testOnly[from] {
			continue
		}
		checkImport(t, path, from, mine, name)
	}
}

func checkImport(t *testing.T, path, from string, mine int, name string) {
	t.Helper()
	if mine <= 6 && strings.HasPrefix(from, "internal/") {
		for _, lib := range outward {
			if name == lib || strings.HasPrefix(name, lib+"/") {
				t.Errorf("%s: a domain package imports %s", path, name)
			}
		}
	}
	for _, prefix := range forbidden[from] {
		if name == prefix || strings.HasPrefix(name, prefix+"/") {
			t.Errorf("%s: %s must not import %s", path, from, name)
		}
	}
	own, ok := strings.CutPrefix(name, "wenji/")
	if !ok {
		return
	}
	if testOnly[own] {
		t.Errorf("%s: %s is for tests only", path, own)
		return
	}
	theirs, known := level[own]
	if !known {
		t.Errorf("%s: imports %s, which has no level", path, own)
		return
	}
	if theirs >= mine {
		t.Errorf("%s: %s (level %d) must not import %s (level %d)", path, from, mine, own, theirs)
	}
}
