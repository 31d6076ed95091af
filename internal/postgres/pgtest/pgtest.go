// Package pgtest gives each test a PostgreSQL database of its own, already migrated and dropped when the test ends.
package pgtest

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net/url"
	"os"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"wenji/internal/postgres"
	"wenji/internal/postgres/embedded"
	"wenji/migrations"
)

const (
	// serverVariable names another server to test against. Its user must be allowed to create databases and roles.
	serverVariable = "WENJI_TEST_DATABASE_URL"
	prefix         = "wenji_test_"
	templatePrefix = "wenji_template_"
	stepTimeout    = 2 * time.Minute
	closeTimeout   = 5 * time.Second
	maxConns       = 16
)

// New returns a pool on a fresh, migrated database, which is dropped when t ends. Its connections have the rights of the
// application; connect to URL for those of the server's administrator. Tests may run in parallel, in any number of
// test programs: they share one private server, started by the first, or the one named in WENJI_TEST_DATABASE_URL.
// A machine without PostgreSQL fails the test and says what to install.
func New(t testing.TB) *postgres.DB {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), stepTimeout)
	defer cancel()
	server := serverURL(ctx, t)
	template, err := template(ctx, server)
	if err != nil {
		t.Fatalf("make the template database: %v", err)
	}
	db, err := postgres.Open(context.Background(), create(ctx, t, server, template),
		postgres.Options{MaxConns: maxConns, Name: t.Name()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { closePool(t, db) })
	return db
}

// URL is the address of db's database, with the rights of the user who owns it.
func URL(db *postgres.DB) string { return db.Config().ConnString() }

// Empty returns the address of a fresh database without any table, for tests of migrations. It is dropped when t ends.
func Empty(t testing.TB) string {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), stepTimeout)
	defer cancel()
	return create(ctx, t, serverURL(ctx, t), "template0")
}

// Dir returns a folder for a server of embedded.Start, removed when t ends. Unlike those of t.TempDir it can be entered
// by the user whom the server runs as under root.
func Dir(t testing.TB) string {
	t.Helper()
	dir, err := os.MkdirTemp("/tmp", "wenji-")
	if err == nil {
		err = os.Chmod(dir, 0o711)
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := os.RemoveAll(dir); err != nil {
			t.Error(err)
		}
	})
	return dir
}

// closePool fails the test, instead of hanging it, when a connection was never given back.
func closePool(t testing.TB, db *postgres.DB) {
	closed := make(chan struct{})
	go func() {
		db.Close()
		close(closed)
	}()
	select {
	case <-closed:
	case <-time.After(closeTimeout):
		t.Errorf("%d connections were not given back to the pool", db.Stat().AcquiredConns())
	}
}

var server struct {
	sync.Mutex
	url string
}

// serverURL finds or starts the server, once a test program.
func serverURL(ctx context.Context, t testing.TB) string {
	t.Helper()
	server.Lock()
	defer server.Unlock()
	if server.url != "" {
		return server.url
	}
	if server.url = os.Getenv(serverVariable); server.url != "" {
		return server.url
	}
	address, err := embedded.Shared(ctx)
	if err != nil {
		t.Fatalf("no PostgreSQL to test with: %v", err)
	}
	server.url = address
	return address
}

// create makes a database from template, dropped when t ends, and returns its address.
func create(ctx context.Context, t testing.TB, server, template string) string {
	t.Helper()
	name := prefix + strconv.FormatInt(time.Now().Unix(), 36) + "_" + strings.ToLower(rand.Text()[:12])
	err := admin(ctx, server, func(conn *pgx.Conn) error {
		how, err := strategy(ctx, conn)
		if err != nil {
			return err
		}
		return exec(ctx, conn, "CREATE DATABASE "+name+" TEMPLATE "+template+how)
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), stepTimeout)
		defer cancel()
		if err := admin(ctx, server, func(conn *pgx.Conn) error {
			return exec(ctx, conn, "DROP DATABASE "+name+" WITH (FORCE)")
		}); err != nil {
			t.Error(err)
		}
	})
	address, err := withDatabase(server, name)
	if err != nil {
		t.Fatal(err)
	}
	return address
}

// strategy chooses how to clone: copying files takes a third of the time of writing them to the log, unless the two
// checkpoints around it have to wait for the disk.
func strategy(ctx context.Context, conn *pgx.Conn) (how string, err error) {
	err = conn.QueryRow(ctx, `
		SELECT CASE WHEN current_setting('fsync') = 'off' AND current_setting('server_version_num')::int >= 150000
		            THEN ' STRATEGY file_copy' ELSE '' END`).Scan(&how)
	return how, err
}

// template returns the name of the migrated database that tests clone, making it when these migrations are new to the
// server. An advisory lock lets one of many test programs make it; it gets its name only when it is complete.
func template(ctx context.Context, server string) (string, error) {
	hash, err := migrationsHash()
	if err != nil {
		return "", err
	}
	name := templatePrefix + hash
	return name, admin(ctx, server, func(conn *pgx.Conn) error {
		there, err := exists(ctx, conn, name)
		if err != nil || there {
			return err
		}
		if err := exec(ctx, conn, "SELECT pg_advisory_lock(hashtext('wenji template'))"); err != nil {
			return err
		}
		if there, err := exists(ctx, conn, name); err != nil || there {
			return err
		}
		return makeTemplate(ctx, conn, server, name)
	})
}

func makeTemplate(ctx context.Context, conn *pgx.Conn, server, name string) error {
	unfinished := name + "_new"
	if err := exec(ctx, conn, "DROP DATABASE IF EXISTS "+unfinished+" WITH (FORCE)"); err != nil {
		return err
	}
	if err := exec(ctx, conn, "CREATE DATABASE "+unfinished+" TEMPLATE template0"); err != nil {
		return err
	}
	address, err := withDatabase(server, unfinished)
	if err != nil {
		return err
	}
	if _, err := postgres.Migrate(ctx, address, slog.New(slog.DiscardHandler)); err != nil {
		return err
	}
	if err := exec(ctx, conn, "ALTER DATABASE "+unfinished+" ALLOW_CONNECTIONS false"); err != nil {
		return err
	}
	return exec(ctx, conn, "ALTER DATABASE "+unfinished+" RENAME TO "+name)
}

func exists(ctx context.Context, conn *pgx.Conn, database string) (there bool, err error) {
	err = conn.QueryRow(ctx, "SELECT EXISTS (SELECT FROM pg_database WHERE datname = $1)", database).Scan(&there)
	return there, err
}

func exec(ctx context.Context, conn *pgx.Conn, sql string) error {
	if _, err := conn.Exec(ctx, sql); err != nil {
		return fmt.Errorf("%s: %w", sql, err)
	}
	return nil
}

// admin connects to the server's own database for fn.
func admin(ctx context.Context, server string, fn func(*pgx.Conn) error) error {
	conn, err := pgx.Connect(ctx, server)
	if err != nil {
		return fmt.Errorf("connect to the test server: %w", err)
	}
	return errors.Join(fn(conn), conn.Close(ctx))
}

// withDatabase is the server's address with another database in it.
func withDatabase(server, name string) (string, error) {
	u, err := url.Parse(server)
	if err != nil || u.Scheme == "" {
		return "", fmt.Errorf("%s must be an address such as postgres://user@host/database", serverVariable)
	}
	u.Path = "/" + name
	return u.String(), nil
}

// migrationsHash names the schema: any change to a migration gives a new template.
func migrationsHash() (string, error) {
	h := sha256.New()
	entries, err := migrations.FS.ReadDir(".")
	if err != nil {
		return "", err
	}
	for _, e := range entries {
		text, err := fs.ReadFile(migrations.FS, e.Name())
		if err != nil {
			return "", err
		}
		fmt.Fprintf(h, "%s %d\n%s", e.Name(), len(text), text)
	}
	return hex.EncodeToString(h.Sum(nil)[:8]), nil
}
