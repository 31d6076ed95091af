//go:build linux

package embedded

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// fakeServer makes a folder with programs that only know their version.
func fakeServer(t *testing.T, version string, names ...string) string {
	t.Helper()
	dir := t.TempDir()
	for _, name := range names {
		script := fmt.Sprintf("#!/bin/sh\necho 'postgres (PostgreSQL) %s'\n", version)
		if err := os.WriteFile(filepath.Join(dir, name), []byte(script), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func cluster(t *testing.T, version string) string {
	t.Helper()
	dir := t.TempDir()
	if version != "" {
		if err := os.WriteFile(filepath.Join(dir, "PG_VERSION"), []byte(version+"\n"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func TestTheServerProgramsFitTheData(t *testing.T) {
	v13 := fakeServer(t, "13.22", "postgres", "initdb")
	v15 := fakeServer(t, "15.18 (Debian 15.18-0+deb12u1)", "postgres", "initdb")
	v17 := fakeServer(t, "17.6", "postgres", "initdb")
	half := fakeServer(t, "18.0", "postgres")
	beta := fakeServer(t, "16beta2", "postgres", "initdb")
	links := t.TempDir()
	for _, name := range []string{"postgres", "initdb"} {
		if err := os.Symlink(filepath.Join(v15, name), filepath.Join(links, name)); err != nil {
			t.Fatal(err)
		}
	}
	for _, c := range []struct {
		what  string
		dirs  []string
		made  string // version of the data, empty for none
		major int
		dir   string
		err   error
	}{
		{"newest for new data", []string{v15, v17, v13}, "", 17, v17, nil},
		{"the version of the data", []string{v17, v15}, "15", 15, v15, nil},
		{"links are followed", []string{links}, "", 15, v15, nil},
		{"initdb is missing", []string{half, v15}, "", 15, v15, nil},
		{"beta", []string{beta}, "", 16, beta, nil},
		{"other version's data", []string{v17}, "15", 0, "", ErrOtherVersion},
		{"nothing installed", []string{t.TempDir(), "", "relative"}, "", 0, "", ErrNotInstalled},
		{"only an old one", []string{v13}, "", 0, "", ErrNotInstalled},
		{"nothing installed, data there", nil, "15", 0, "", ErrNotInstalled},
	} {
		got, err := choosePrograms(cluster(t, c.made), c.dirs)
		if !errors.Is(err, c.err) || got.major != c.major || got.dir != c.dir {
			t.Errorf("%s: %+v, %v; want version %d in %q, %v", c.what, got, err, c.major, c.dir, c.err)
		}
		if c.err == ErrNotInstalled && !strings.Contains(err.Error(), "apt-get install postgresql") {
			t.Errorf("%s: %v does not say what to type", c.what, err)
		}
	}
}
