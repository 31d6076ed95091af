package comment_test

import (
	"context"
	"errors"
	"log/slog"
	"testing"
	"time"

	"wenji/internal/comment"
	"wenji/internal/postgres"
	"wenji/internal/postgres/embedded"
	"wenji/internal/postgres/pgtest"

	"github.com/jackc/pgx/v5"
)

// TestNoReceiptForAFormThatTheStandbyMayNotHave: a commit whose wait for the standby was given up leaves the row on the
// primary alone. Sending the form again finds it there, which is no proof that it outlives the primary.
func TestNoReceiptForAFormThatTheStandbyMayNotHave(t *testing.T) {
	ctx := context.Background()
	server, err := embedded.Start(ctx, embedded.Config{DataDir: pgtest.Dir(t), Settings: map[string]string{"fsync": "off"}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := server.Stop(ctx); err != nil {
			t.Error(err)
		}
	})
	if _, err := postgres.Migrate(ctx, server.URL(), slog.New(slog.DiscardHandler)); err != nil {
		t.Fatal(err)
	}
	db, err := postgres.Open(ctx, server.URL(), postgres.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(db.Close)
	f, admin := fixtureOn(t, db, during()), connect(t, server.URL())
	standby := func(name string) {
		t.Helper()
		for _, sql := range []string{`ALTER SYSTEM SET synchronous_standby_names = '` + name + `'`, `SELECT pg_reload_conf()`} {
			if _, err := admin.Exec(ctx, sql); err != nil {
				t.Fatal(err)
			}
		}
	}
	standby("absent")
	var d comment.Draft
	for { // until the setting has reached the connection that writes
		d = f.draft(t)
		_, err := givenUp(t, admin, func() (comment.Receipt, error) { return f.Submit(ctx, d) })
		if errors.Is(err, postgres.ErrUnconfirmed) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	for name, ask := range map[string]func() (comment.Receipt, error){
		"sent again":          func() (comment.Receipt, error) { return f.Submit(ctx, d) },
		"sent again too late": func() (comment.Receipt, error) { return f.Stored(ctx, consultationID, d.FormID) },
	} {
		if r, err := givenUp(t, admin, ask); !errors.Is(err, postgres.ErrUnconfirmed) {
			t.Errorf("%s: receipt %d, error %v; want ErrUnconfirmed", name, r.Number, err)
		}
	}
	standby("")
	first := submit(t, f, d)
	if again, err := f.Stored(ctx, consultationID, d.FormID); err != nil || again != first {
		t.Errorf("with no standby to wait for: %+v, %v; want %+v", again, err, first)
	}
}

// givenUp does what asks for a receipt and gives up whatever waits for the standby meanwhile.
func givenUp(t *testing.T, admin *pgx.Conn, ask func() (comment.Receipt, error)) (comment.Receipt, error) {
	t.Helper()
	type answer struct {
		receipt comment.Receipt
		err     error
	}
	answered := make(chan answer, 1)
	go func() {
		r, err := ask()
		answered <- answer{r, err}
	}()
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for {
		select {
		case a := <-answered:
			return a.receipt, a.err
		case <-tick.C:
			_, err := admin.Exec(context.Background(),
				`SELECT pg_cancel_backend(pid) FROM pg_stat_activity WHERE wait_event = 'SyncRep'`)
			if err != nil {
				t.Fatal(err)
			}
		}
	}
}

func connect(t *testing.T, url string) *pgx.Conn {
	t.Helper()
	conn, err := pgx.Connect(context.Background(), url)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close(context.Background()) })
	return conn
}
