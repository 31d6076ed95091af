package postgres_test

import (
	"context"
	"log/slog"
	"strings"
	"sync"
	"testing"

	"github.com/jackc/pgx/v5"

	"wenji/internal/postgres"
	"wenji/internal/postgres/pgtest"
	"wenji/migrations"
)

var silent = slog.New(slog.DiscardHandler)

func migrationCount(t *testing.T) int {
	t.Helper()
	entries, err := migrations.FS.ReadDir(".")
	if err != nil {
		t.Fatal(err)
	}
	return len(entries)
}

// administrator connects to url with all rights.
func administrator(t *testing.T, url string) *pgx.Conn {
	t.Helper()
	conn, err := pgx.Connect(context.Background(), url)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := conn.Close(context.Background()); err != nil {
			t.Error(err)
		}
	})
	return conn
}

func run(t *testing.T, conn *pgx.Conn, statements ...string) {
	t.Helper()
	for _, sql := range statements {
		if _, err := conn.Exec(context.Background(), sql); err != nil {
			t.Fatalf("%s: %v", sql, err)
		}
	}
}

func TestReplicasThatStartAtOnceApplyEachMigrationOnce(t *testing.T) {
	url := pgtest.Empty(t)
	const replicas = 4
	applied, errs := make([]int, replicas), make([]error, replicas)
	var done sync.WaitGroup
	for i := range replicas {
		done.Go(func() { applied[i], errs[i] = postgres.Migrate(context.Background(), url, silent) })
	}
	done.Wait()
	total := 0
	for i := range replicas {
		if errs[i] != nil {
			t.Errorf("replica %d: %v", i, errs[i])
		}
		total += applied[i]
	}
	if want := migrationCount(t); total != want {
		t.Errorf("applied %v, together %d; want %d", applied, total, want)
	}
}

func TestCurrentTellsWhetherMigrationsAreMissing(t *testing.T) {
	ctx, url := context.Background(), pgtest.Empty(t)
	db := open(t, url, postgres.Options{})
	if current, err := postgres.Current(ctx, db); err != nil || current {
		t.Errorf("empty database: %v, %v; want false", current, err)
	}
	if _, err := postgres.Migrate(ctx, url, silent); err != nil {
		t.Fatal(err)
	}
	if current, err := postgres.Current(ctx, db); err != nil || !current {
		t.Errorf("migrated database: %v, %v; want true", current, err)
	}
	conn := administrator(t, url)
	run(t, conn, `INSERT INTO goose_db_version (version_id, is_applied) VALUES (999999, true)`)
	if current, err := postgres.Current(ctx, db); err != nil || !current {
		t.Errorf("database of a newer program: %v, %v; want true", current, err)
	}
	if n, err := postgres.Migrate(ctx, url, silent); err != nil || n != 0 {
		t.Errorf("migrating it again: %d, %v; want nothing to do", n, err)
	}
	run(t, conn, `DELETE FROM goose_db_version WHERE version_id = 1`)
	if current, err := postgres.Current(ctx, db); err != nil || current {
		t.Errorf("first migration missing: %v, %v; want false", current, err)
	}
	unreachable := open(t, "postgres:///wenji?host=/nonexistent", postgres.Options{})
	if _, err := postgres.Current(ctx, unreachable); !postgres.Unavailable(err) {
		t.Errorf("no server: %v, want an unavailable database", err)
	}
}

// A table of the same name, not yet committed elsewhere, holds the migration up in its middle.
func hold(t *testing.T, url string) (release func()) {
	t.Helper()
	conn := administrator(t, url)
	run(t, conn, `BEGIN`, `CREATE TABLE comment ()`)
	return func() { run(t, conn, `ROLLBACK`) }
}

func tables(t *testing.T, url string) (n int) {
	t.Helper()
	err := administrator(t, url).QueryRow(context.Background(), `
		SELECT count(*) FROM pg_tables WHERE schemaname = 'public' AND tablename <> 'goose_db_version'`).Scan(&n)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

func TestAMigrationThatIsKilledLeavesNothingAndCanBeRepeated(t *testing.T) {
	ctx, url := context.Background(), pgtest.Empty(t)
	release := hold(t, url)
	result := make(chan error)
	go func() {
		_, err := postgres.Migrate(ctx, url, silent)
		result <- err
	}()
	killer := administrator(t, url)
	for killed := false; !killed; {
		err := killer.QueryRow(ctx, `
			SELECT coalesce(bool_or(pg_terminate_backend(pid)), false)
			  FROM pg_stat_activity
			 WHERE datname = current_database() AND application_name = 'wenji migrate' AND wait_event_type = 'Lock'`).
			Scan(&killed)
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := <-result; !postgres.Unavailable(err) {
		t.Errorf("error of the killed migration = %v, want an unavailable database", err)
	}
	release()
	if n := tables(t, url); n != 0 {
		t.Errorf("tables left behind = %d", n)
	}
	if n, err := postgres.Migrate(ctx, url, silent); err != nil || n != migrationCount(t) {
		t.Errorf("migrating again: %d, %v; want all", n, err)
	}
}

func TestAMigrationDoesNotWaitForeverForATable(t *testing.T) {
	url := pgtest.Empty(t)
	hold(t, url)
	_, err := postgres.Migrate(context.Background(), with(t, url, "lock_timeout", "50"), silent)
	if err == nil || !strings.Contains(err.Error(), "try again when it is quieter") {
		t.Errorf("error = %v, want one that says to try again", err)
	}
}

func TestAServerThatIsNotFitIsRefusedWithWhatToDo(t *testing.T) {
	good := pgtest.Empty(t)
	admin := administrator(t, good)
	name := admin.Config().Database
	run(t, admin, `CREATE DATABASE `+name+`_c TEMPLATE template0 ENCODING 'UTF8' LC_COLLATE 'C' LC_CTYPE 'C'`,
		`CREATE DATABASE `+name+`_latin TEMPLATE template0 ENCODING 'LATIN1' LC_COLLATE 'C' LC_CTYPE 'C'`,
		`REVOKE CREATE ON SCHEMA public FROM PUBLIC`, `CREATE ROLE `+name+`_poor`, `GRANT `+name+`_poor TO CURRENT_USER`)
	t.Cleanup(func() {
		run(t, admin, `DROP DATABASE `+name+`_c`, `DROP DATABASE `+name+`_latin`, `DROP ROLE `+name+`_poor`)
	})
	for _, c := range []struct{ what, url, want string }{
		{"Chinese text not recognised", with(t, good, "database", name+"_c"), "lc_ctype C"},
		{"not UTF8", with(t, good, "database", name+"_latin"), "needs UTF8"},
		{"no such database", with(t, good, "database", name+"_gone"), "createdb --template=template0 --encoding=UTF8"},
		{"no rights", with(t, good, "role", name+"_poor"), "may not create tables"},
		{"no server", "postgres://wenji@/wenji?host=/nonexistent", "start it, or correct the database address"},
	} {
		if _, err := postgres.Migrate(context.Background(), c.url, silent); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v; want %q", c.what, err, c.want)
		}
	}
}
