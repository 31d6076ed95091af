//go:build linux

package embedded_test

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"wenji/internal/postgres/embedded"
	"wenji/internal/postgres/pgtest"
)

func TestDataOutlivesAStop(t *testing.T) {
	dir := ready(t)
	server := start(t, dir)
	must(t, server.URL(), makeRows)
	stop(t, server)
	stop(t, server)
	if _, err := os.Stat(filepath.Join(server.DataDir, "data", "postmaster.pid")); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("postmaster.pid after Stop: %v", err)
	}
	if !strings.Contains(serverLog(t, server), "database system is shut down") {
		t.Error("the server was not shut down cleanly")
	}
	again := start(t, dir)
	checkRows(t, again.URL())
	if strings.Contains(serverLog(t, again), "not properly shut down") {
		t.Error("the server had to recover after a clean stop")
	}
}

func TestTheServerIsSetUpForWenji(t *testing.T) {
	// What the environment says of PostgreSQL and of time is about other servers.
	for name, value := range map[string]string{
		"PGPORT": "1", "PGHOST": "nowhere.invalid", "PGUSER": "nobody", "PGDATABASE": "none", "PGDATA": "/nonexistent",
		"TZ": "America/New_York", "LC_ALL": "POSIX",
	} {
		t.Setenv(name, value)
	}
	server := startWith(t, embedded.Config{DataDir: folder(t), Settings: map[string]string{}})
	for name, want := range map[string]string{
		"server_encoding": "UTF8", "lc_ctype": "C.UTF-8", "data_checksums": "on", "listen_addresses": "",
		"fsync": "on", "synchronous_commit": "on", "full_page_writes": "on", "shared_buffers": "256MB",
		"max_wal_size": "4GB", "jit": "off", "max_connections": "100", "timezone": "Asia/Shanghai",
		"log_statement": "none", "log_min_error_statement": "panic", "log_parameter_max_length_on_error": "0",
		"log_error_verbosity": "terse",
	} {
		if got := must(t, server.URL(), "SELECT current_setting('"+name+"')"); got != want {
			t.Errorf("%s = %s, want %s", name, got, want)
		}
	}
	if got := must(t, server.URL(), `SELECT '养老' ~ '^\w+$'`); got != "true" {
		t.Error("Chinese characters are not letters to this server")
	}
}

func TestOnlyTheServersUserMayReachTheSocket(t *testing.T) {
	server := start(t, ready(t))
	u, err := url.Parse(server.URL())
	if err != nil {
		t.Fatal(err)
	}
	info, err := os.Stat(u.Query().Get("host"))
	if err != nil {
		t.Fatal(err)
	}
	if info.Mode() != fs.ModeDir|0o700 {
		t.Errorf("mode of the socket's folder = %s, want drwx------", info.Mode())
	}
	cluster, err := os.Stat(filepath.Join(server.DataDir, "data"))
	if err != nil {
		t.Fatal(err)
	}
	if owner(info) != owner(cluster) || owner(cluster) == 0 {
		t.Errorf("owners: socket's folder %d, cluster %d; want one unprivileged user", owner(info), owner(cluster))
	}
}

func owner(info fs.FileInfo) uint32 { return info.Sys().(*syscall.Stat_t).Uid }

func TestTheServersLogHoldsNothingThatPeopleTyped(t *testing.T) {
	server := start(t, ready(t))
	const typed = "13812345678"
	must(t, server.URL(), `CREATE TABLE person (phone text PRIMARY KEY CHECK (length(phone) > 3))`,
		`INSERT INTO person VALUES ('`+typed+`')`)
	for _, sql := range []string{
		`INSERT INTO person VALUES ('` + typed + `')`, // the DETAIL of this error names the key
		`INSERT INTO person (phone, missing) VALUES ('` + typed + `')`,
		`UPDATE person SET phone = 'x' WHERE phone = '` + typed + `'`,
	} {
		if _, err := query(server.URL(), sql); err == nil {
			t.Errorf("%s succeeded", sql)
		}
	}
	text := serverLog(t, server)
	if !strings.Contains(text, "duplicate key") {
		t.Error("the log does not mention the error at all")
	}
	if strings.Contains(text, typed) {
		t.Errorf("the log holds what was typed:\n%s", text)
	}
}

func TestASecondStartIsRefused(t *testing.T) {
	dir := ready(t)
	server := start(t, dir)
	must(t, server.URL(), makeRows)
	_, err := embedded.Start(context.Background(), embedded.Config{DataDir: dir})
	if !errors.Is(err, embedded.ErrRunning) || !strings.Contains(err.Error(), fmt.Sprintf("process %d", os.Getpid())) {
		t.Errorf("error = %v, want ErrRunning with the process id", err)
	}
	checkRows(t, server.URL())
}

func TestDataOfAnotherVersionIsRefusedUntouched(t *testing.T) {
	for _, version := range []string{"9.6\n", "13\n", "99\n", "what\n"} {
		dir := folder(t)
		cluster := filepath.Join(dir, "data")
		if err := os.MkdirAll(cluster, 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(cluster, "PG_VERSION"), []byte(version), 0o600); err != nil {
			t.Fatal(err)
		}
		before := listing(t, cluster)
		_, err := embedded.Start(context.Background(), embedded.Config{DataDir: dir})
		if !errors.Is(err, embedded.ErrOtherVersion) || !strings.Contains(err.Error(), "nothing was changed") {
			t.Errorf("version %q: %v, want ErrOtherVersion", version, err)
		}
		if after := listing(t, cluster); after != before {
			t.Errorf("version %q: the folder was\n%s\nand is\n%s", version, before, after)
		}
	}
}

// listing describes every file below dir: name, mode, owner, time and content.
func listing(t *testing.T, dir string) string {
	t.Helper()
	var b strings.Builder
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := d.Info()
		if err != nil {
			return err
		}
		fmt.Fprintln(&b, path, info.Mode(), owner(info), info.ModTime())
		if d.Type().IsRegular() {
			b.WriteString(read(t, path))
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func TestAFolderWithSomethingElseInItIsRefusedUntouched(t *testing.T) {
	dir := folder(t)
	if err := os.MkdirAll(filepath.Join(dir, "data", "photos"), 0o755); err != nil {
		t.Fatal(err)
	}
	before := listing(t, filepath.Join(dir, "data"))
	_, err := embedded.Start(context.Background(), embedded.Config{DataDir: dir})
	if err == nil || !strings.Contains(err.Error(), "holds no cluster") {
		t.Errorf("error = %v, want a refusal", err)
	}
	if after := listing(t, filepath.Join(dir, "data")); after != before {
		t.Errorf("the folder was\n%s\nand is\n%s", before, after)
	}
}

func TestAnUnfinishedClusterIsMadeAnew(t *testing.T) {
	dir := folder(t)
	unfinished := filepath.Join(dir, "data.new-1")
	if err := os.MkdirAll(unfinished, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(unfinished, "PG_VERSION"), []byte("15\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	must(t, start(t, dir).URL(), makeRows)
	if _, err := os.Stat(unfinished); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("the unfinished cluster is still there: %v", err)
	}
}

func TestAPathTooLongForASocketOrWithStrangeCharactersWorks(t *testing.T) {
	for _, name := range []string{strings.Repeat("long/", 30), `问计 "data", x'y`} {
		dir := filepath.Join(pgtest.Dir(t), name)
		server := start(t, dir)
		must(t, server.URL(), makeRows)
		if server.DataDir != filepath.Clean(dir) {
			t.Errorf("folder used = %s, want the one named", server.DataDir)
		}
		u, err := url.Parse(server.URL())
		if err != nil {
			t.Fatal(err)
		}
		if socket := u.Query().Get("host"); !strings.HasPrefix(socket, server.DataDir) {
			t.Cleanup(func() {
				if err := os.RemoveAll(socket); err != nil {
					t.Error(err)
				}
			})
		}
		stop(t, server)
	}
}

func TestUnderRootAFolderTheServersUserCannotEnterIsReplaced(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "clone", "postgres") // under root, t.TempDir is closed to everybody else
	first := start(t, dir)
	must(t, first.URL(), makeRows)
	t.Cleanup(func() {
		if err := os.RemoveAll(first.DataDir); err != nil {
			t.Error(err)
		}
	})
	if os.Geteuid() != 0 {
		if first.DataDir != dir {
			t.Errorf("folder used = %s, want the one named", first.DataDir)
		}
		return
	}
	if first.DataDir == dir {
		t.Fatalf("folder used = %s, which the server's user cannot enter", dir)
	}
	if _, err := embedded.Start(context.Background(), embedded.Config{DataDir: dir}); !errors.Is(err, embedded.ErrRunning) {
		t.Errorf("second start: %v, want ErrRunning", err)
	}
	stop(t, first)
	second := start(t, dir)
	checkRows(t, second.URL())
	stop(t, second)

	// Whoever removes the named folder, and with it what else belonged to the data, begins with an empty database.
	if err := os.RemoveAll(dir); err != nil {
		t.Fatal(err)
	}
	fresh := start(t, dir)
	t.Cleanup(func() {
		if err := os.RemoveAll(fresh.DataDir); err != nil {
			t.Error(err)
		}
	})
	if got := must(t, fresh.URL(), `SELECT count(*) FROM pg_class WHERE relname = 'word'`); got != "0" {
		t.Error("the new database holds the old one's table")
	}
	stop(t, fresh)
	if err := os.RemoveAll(fresh.DataDir); err != nil {
		t.Fatal(err)
	}
	if _, err := embedded.Start(context.Background(), embedded.Config{DataDir: dir}); err == nil ||
		!strings.Contains(err.Error(), "put the folder back") {
		t.Errorf("data gone: %v, want an error that says so", err)
	}
}
