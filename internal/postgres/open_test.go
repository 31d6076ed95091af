package postgres_test

import (
	"context"
	"errors"
	"io"
	"net"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"wenji/internal/apperr"
	"wenji/internal/postgres"
	"wenji/internal/postgres/pgtest"
)

func open(t *testing.T, url string, o postgres.Options) *postgres.DB {
	t.Helper()
	db, err := postgres.Open(context.Background(), url, o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(db.Close)
	return db
}

// with is address with a further setting, or with another database.
func with(t *testing.T, address, key, value string) string {
	t.Helper()
	u, err := url.Parse(address)
	if err != nil {
		t.Fatal(err)
	}
	if key == "database" {
		u.Path = "/" + value
		return u.String()
	}
	q := u.Query()
	q.Set(key, value)
	u.RawQuery = q.Encode()
	return u.String()
}

func TestOpenNeedsNoServer(t *testing.T) {
	db := open(t, "postgres://nobody@/wenji?host=/nonexistent", postgres.Options{})
	begin := time.Now()
	err := db.InTx(context.Background(), func(pgx.Tx) error { return nil })
	if !postgres.Unavailable(err) {
		t.Errorf("error = %v, want an unavailable database", err)
	}
	if took := time.Since(begin); took > 2*time.Second {
		t.Errorf("took %s, want a prompt answer", took)
	}
}

func TestTheErrorOfABadAddressDoesNotRepeatThePassword(t *testing.T) {
	for _, url := range []string{
		"postgres://wenji:s3cret@localhost:port/wenji",
		"postgres://wenji:s3cret@localhost/wenji?sslmode=maybe",
		"postgres://wenji:s3cret%zz@localhost/wenji",
		"host=localhost password=s3cret sslmode=maybe",
		"password='s3cret",
	} {
		_, err := postgres.Open(context.Background(), url, postgres.Options{})
		_, err2 := postgres.Migrate(context.Background(), url, nil)
		for _, err := range []error{err, err2} {
			if err == nil || strings.Contains(err.Error(), "s3cret") {
				t.Errorf("error for %q = %v; want one without the password", url, err)
			}
		}
	}
}

func TestOptionsReachTheServer(t *testing.T) {
	address := pgtest.URL(pgtest.New(t))
	for _, c := range []struct {
		url, setting, want string
		o                  postgres.Options
	}{
		{address, "application_name", "wenji", postgres.Options{}},
		{address, "application_name", "wenji export", postgres.Options{Name: "wenji export"}},
		{address, "statement_timeout", "0", postgres.Options{}},
		{address, "statement_timeout", "1500ms", postgres.Options{StatementTimeout: 1500 * time.Millisecond}},
		{address, "timezone", "Asia/Shanghai", postgres.Options{}},
		{with(t, address, "timezone", "UTC"), "timezone", "UTC", postgres.Options{}},
		{address, "idle_in_transaction_session_timeout", "1min", postgres.Options{}},
		{address, "role", "wenji_app", postgres.Options{}},
	} {
		var got string
		err := open(t, c.url, c.o).QueryRow(context.Background(), `SELECT current_setting($1)`, c.setting).Scan(&got)
		if err != nil || got != c.want {
			t.Errorf("%s = %q, %v; want %q", c.setting, got, err, c.want)
		}
	}
}

func TestThePoolIsBounded(t *testing.T) {
	address := pgtest.URL(pgtest.New(t))
	three := with(t, address, "pool_max_conns", "3")
	for _, c := range []struct {
		url  string
		o    postgres.Options
		want int32
	}{
		{address, postgres.Options{}, 8},
		{three, postgres.Options{}, 3},
		{three, postgres.Options{MaxConns: 5}, 5},
	} {
		if got := open(t, c.url, c.o).Config().MaxConns; got != c.want {
			t.Errorf("connections = %d, want %d", got, c.want)
		}
	}
	db := open(t, address, postgres.Options{MaxConns: 1})
	err := db.InTx(context.Background(), func(pgx.Tx) error {
		ctx, cancel := context.WithTimeout(context.Background(), 20*time.Millisecond)
		defer cancel()
		return db.InTx(ctx, func(pgx.Tx) error { return nil })
	})
	if !postgres.Unavailable(err) {
		t.Errorf("error of a full pool = %v, want an unavailable database", err)
	}
}

func TestNowFollowsSkew(t *testing.T) {
	db := open(t, "postgres:///wenji?host=/nonexistent", postgres.Options{Skew: -48 * time.Hour})
	if d := time.Until(db.Now()); d > -47*time.Hour || d < -49*time.Hour {
		t.Errorf("Now is %s away from the clock, want -48h", d)
	}
}

func TestTheRecordOfActsCannotBeChangedThroughThePool(t *testing.T) {
	db := pgtest.New(t)
	for _, sql := range []string{
		`UPDATE audit_entry SET actor = 'x'`, `DELETE FROM audit_entry`, `TRUNCATE audit_entry`, `DROP TABLE audit_entry`,
		`ALTER TABLE audit_entry DISABLE TRIGGER ALL`, `DELETE FROM decision`,
	} {
		_, err := db.Exec(context.Background(), sql)
		var pg *pgconn.PgError
		if !errors.As(err, &pg) || pg.Code != "42501" {
			t.Errorf("%s: %v, want insufficient privilege", sql, err)
		}
	}
}

func TestUnavailableIsTrueOnlyForWhatMayPass(t *testing.T) {
	ctx := context.Background()
	db := pgtest.New(t)
	closed := open(t, pgtest.URL(db), postgres.Options{})
	closed.Close()
	run := func(url, sql string) error {
		conn, err := pgx.Connect(ctx, url)
		if err != nil {
			return err
		}
		defer conn.Close(ctx)
		_, err = conn.Exec(ctx, sql)
		return err
	}
	code := func(c string) error { return &pgconn.PgError{Code: c} }
	for _, c := range []struct {
		what string
		err  error
		want bool
	}{
		{"no server", run("postgres://a@/b?host=/nonexistent", ""), true},
		{"closed port", run("postgres://a@127.0.0.1:1/b", ""), true},
		{"no such database", run(with(t, pgtest.URL(db), "database", "wenji_gone"), ""), true},
		{"closed pool", closed.Ping(ctx), true},
		{"statement timeout", run(with(t, pgtest.URL(db), "statement_timeout", "10"), `SELECT pg_sleep(5)`), true},
		{"lock timeout", lockTimeout(t, db), true},
		{"read-only server", run(with(t, pgtest.URL(db), "default_transaction_read_only", "on"), `DELETE FROM tries`), true},
		{"killed connection", run(pgtest.URL(db), `SELECT pg_terminate_backend(pg_backend_pid())`), true},
		{"deadline", context.DeadlineExceeded, true},
		{"disk full", code("53100"), true},
		{"too many connections", code("53300"), true},
		{"server starts", code("57P03"), true},
		{"connection failure", code("08006"), true},
		{"input/output error", code("58030"), true},
		{"cut off", io.ErrUnexpectedEOF, true},
		{"socket closed", net.ErrClosed, true},
		{"nothing", nil, false},
		{"caller went away", context.Canceled, false},
		{"no row", pgx.ErrNoRows, false},
		{"conflict", apperr.ErrConflict, false},
		{"unique violation", code("23505"), false},
		{"syntax error", run(pgtest.URL(db), `SELEC`), false},
		{"forbidden", code("42501"), false},
		{"damaged row", code("XX001"), false},
	} {
		if got := postgres.Unavailable(c.err); got != c.want {
			t.Errorf("%s (%v): Unavailable = %v, want %v", c.what, c.err, got, c.want)
		}
	}
}

func lockTimeout(t *testing.T, db *postgres.DB) (err error) {
	t.Helper()
	ctx := context.Background()
	if err := db.InTx(ctx, func(tx pgx.Tx) error {
		if _, err := tx.Exec(ctx, `LOCK TABLE tries IN SHARE ROW EXCLUSIVE MODE`); err != nil {
			return err
		}
		_, err = open(t, with(t, pgtest.URL(db), "lock_timeout", "10"), postgres.Options{}).Exec(ctx, `DELETE FROM tries`)
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	return err
}
