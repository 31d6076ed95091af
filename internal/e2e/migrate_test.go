package e2e

import (
	"context"
	"net/url"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"wenji/internal/lab"

	"github.com/jackc/pgx/v5"
)

// emptyDatabase makes one on the shared server and returns a connection to it, and its address for `wenji migrate`, which
// waits as long as it takes for a table in use.
func emptyDatabase(t *testing.T, name string) (conn *pgx.Conn, address string) {
	t.Helper()
	i := slices.IndexFunc(site.env, func(v string) bool { return strings.HasPrefix(v, "WENJI_DATABASE_URL=") })
	u, err := url.Parse(strings.TrimPrefix(site.env[i], "WENJI_DATABASE_URL="))
	if err != nil {
		t.Fatal(err)
	}
	admin, err := pgx.Connect(t.Context(), u.String())
	if err != nil {
		t.Fatal(err)
	}
	defer admin.Close(t.Context())
	for _, sql := range []string{"DROP DATABASE IF EXISTS " + name + " WITH (FORCE)",
		"CREATE DATABASE " + name + " TEMPLATE template0 ENCODING 'UTF8' LOCALE 'C.UTF-8'"} {
		if _, err := admin.Exec(t.Context(), sql); err != nil {
			t.Fatal(err)
		}
	}
	u.Path = "/" + name
	if conn, err = pgx.Connect(t.Context(), u.String()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close(context.Background()) })
	q := u.Query()
	q.Set("lock_timeout", "0")
	u.RawQuery = q.Encode()
	return conn, u.String()
}

// migrator starts a `wenji migrate`.
func migrator(t *testing.T, address string) *lab.Process {
	t.Helper()
	p, err := lab.Command{Path: site.binary, Args: []string{"migrate"}, Env: append(os.Environ(), "WENJI_DATABASE_URL="+address)}.Start()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(p.Kill)
	return p
}

// migrated runs a last `wenji migrate`, which must find everything done or do what is left, and looks at what is there.
func migrated(t *testing.T, conn *pgx.Conn, address string) {
	t.Helper()
	env := append(os.Environ(), "WENJI_DATABASE_URL="+address)
	if out, err := lab.Output(t.Context(), env, site.binary, "migrate"); err != nil || !strings.Contains(out, "数据库结构已是最新") {
		t.Errorf("the next migrate says %q, %v", out, err)
	}
	files, err := os.ReadDir("../../migrations")
	if err != nil {
		t.Fatal(err)
	}
	want := len(slices.DeleteFunc(files, func(f os.DirEntry) bool { return !strings.HasSuffix(f.Name(), ".sql") }))
	var applied, distinct, invalid int
	err = conn.QueryRow(t.Context(), `
		SELECT count(*), count(DISTINCT version_id), (SELECT count(*) FROM pg_index WHERE NOT indisvalid)
		  FROM goose_db_version
		 WHERE is_applied AND version_id > 0`).Scan(&applied, &distinct, &invalid)
	if err != nil || applied != want || distinct != want || invalid != 0 {
		t.Errorf("%d migrations applied, %d different, %d invalid indexes (%v); want each of %d once", applied, distinct, invalid, err, want)
	}
}

// eventually asks until the statement gives true.
func eventually(t *testing.T, conn *pgx.Conn, what, sql string, args ...any) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	for {
		var done bool
		if err := conn.QueryRow(ctx, sql, args...).Scan(&done); err != nil {
			t.Fatalf("waiting for %s: %v", what, err)
		}
		if done {
			return
		}
	}
}

// However far a migration got when it was killed, the next one goes on from there.
func TestAMigrationKilledAnywhereIsCompletedByTheNext(t *testing.T) {
	conn, address := emptyDatabase(t, "migrate_killed")
	for from := range 9 { // killed as soon as two more are in
		p := migrator(t, address)
		eventually(t, conn, "migrations to be applied", `SELECT to_regclass('goose_db_version') IS NOT NULL`)
		eventually(t, conn, "migrations to be applied", `SELECT count(*) > $1 FROM goose_db_version`, 2*from)
		p.Kill()
	}
	migrated(t, conn, address)
}

// One of several that migrate at once is killed while it waits in the middle of a migration: its transaction and its lock end
// with it, not with the statement that it was at, and the others complete what it began.
func TestMigratorsGoOnWhenTheOneAtWorkIsKilled(t *testing.T) {
	conn, address := emptyDatabase(t, "migrate_together")
	holder, err := pgx.ConnectConfig(t.Context(), conn.Config())
	if err != nil {
		t.Fatal(err)
	}
	defer holder.Close(t.Context())
	hold, err := holder.Begin(t.Context())
	if err == nil {
		_, err = hold.Exec(t.Context(), `CREATE TABLE comment ()`) // a migration that makes this table waits
	}
	if err != nil {
		t.Fatal(err)
	}
	const atWork = `FROM pg_stat_activity
		 WHERE datname = current_database() AND application_name = 'wenji migrate' AND wait_event_type = 'Lock'`
	killed := migrator(t, address)
	eventually(t, conn, "a migration to be in its middle", `SELECT count(*) = 1 `+atWork)
	var pid int
	if err := conn.QueryRow(t.Context(), `SELECT pid `+atWork).Scan(&pid); err != nil {
		t.Fatal(err)
	}
	const n = 3
	ended := make(chan error, n)
	for range n {
		go func() {
			_, err := lab.Output(t.Context(), append(os.Environ(), "WENJI_DATABASE_URL="+address), site.binary, "migrate")
			ended <- err
		}()
	}
	eventually(t, conn, "the others to wait", `
		SELECT count(*) > $1 FROM pg_stat_activity WHERE datname = current_database() AND application_name = 'wenji migrate'`, n)
	killed.Kill()
	eventually(t, conn, "the killed one's connection to end", `SELECT NOT EXISTS (SELECT FROM pg_stat_activity WHERE pid = $1)`, pid)
	if err := hold.Rollback(t.Context()); err != nil {
		t.Fatal(err)
	}
	for range n {
		if err := <-ended; err != nil {
			t.Error(err)
		}
	}
	migrated(t, conn, address)
}
