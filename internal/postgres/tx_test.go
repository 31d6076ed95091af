package postgres_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"wenji/internal/apperr"
	"wenji/internal/postgres"
	"wenji/internal/postgres/embedded"
	"wenji/internal/postgres/pgtest"
)

const insertWord = `INSERT INTO listed_word (word) VALUES ($1)`

func words(t *testing.T, db *postgres.DB) int {
	t.Helper()
	var n int
	if err := db.QueryRow(context.Background(), `SELECT count(*) FROM listed_word`).Scan(&n); err != nil {
		t.Fatal(err)
	}
	return n
}

func insert(ctx context.Context, tx pgx.Tx, word string) error {
	_, err := tx.Exec(ctx, insertWord, word)
	return err
}

// raise makes the server itself report the given SQLSTATE.
func raise(ctx context.Context, tx pgx.Tx, code string) error {
	_, err := tx.Exec(ctx, fmt.Sprintf(`DO $$ BEGIN RAISE EXCEPTION 'asked for' USING ERRCODE = '%s'; END $$`, code))
	return err
}

func TestInTxKeepsAllOrNothing(t *testing.T) {
	db, ctx := pgtest.New(t), context.Background()
	if err := db.InTx(ctx, func(tx pgx.Tx) error { return insert(ctx, tx, "一") }); err != nil {
		t.Fatal(err)
	}
	err := db.InTx(ctx, func(tx pgx.Tx) error { return errors.Join(insert(ctx, tx, "二"), apperr.ErrConflict) })
	if !errors.Is(err, apperr.ErrConflict) {
		t.Errorf("error = %v, want fn's own", err)
	}
	func() {
		defer func() {
			if recover() == nil {
				t.Error("the panic did not reach the caller")
			}
		}()
		err := db.InTx(ctx, func(tx pgx.Tx) error { panic(insert(ctx, tx, "三")) })
		t.Errorf("InTx returned %v after a panic", err)
	}()
	cancelled, cancel := context.WithCancel(ctx)
	err = db.InTx(cancelled, func(tx pgx.Tx) error {
		err := insert(ctx, tx, "四")
		cancel()
		return err
	})
	if !errors.Is(err, context.Canceled) {
		t.Errorf("error = %v, want the context's", err)
	}
	if n := words(t, db); n != 1 {
		t.Errorf("words = %d, want only the committed one", n)
	}
	if n := db.Stat().AcquiredConns(); n != 0 {
		t.Errorf("connections not given back = %d", n)
	}
}

func TestInTxRepeatsWhatGaveWayAndNothingElse(t *testing.T) {
	db, ctx := pgtest.New(t), context.Background()
	for _, c := range []struct {
		code  string
		tries int
	}{
		{"40001", 4}, // serialization_failure
		{"40P01", 4}, // deadlock_detected
		{"23505", 1}, // unique_violation
		{"57P01", 1}, // admin_shutdown: the commit may have happened
	} {
		tries := 0
		err := db.InTx(ctx, func(tx pgx.Tx) error {
			tries++
			return raise(ctx, tx, c.code)
		})
		var pg *pgconn.PgError
		if !errors.As(err, &pg) || pg.Code != c.code || tries != c.tries {
			t.Errorf("%s: %d tries, error %v; want %d tries and the server's error", c.code, tries, err, c.tries)
		}
	}
	tries := 0
	err := db.InTx(ctx, func(tx pgx.Tx) error {
		if tries++; tries < 3 {
			return errors.Join(insert(ctx, tx, "一"), raise(ctx, tx, "40001"))
		}
		return insert(ctx, tx, "一")
	})
	if err != nil || tries != 3 || words(t, db) != 1 {
		t.Errorf("third try: %v after %d tries, %d words; want success and one word", err, tries, words(t, db))
	}
}

func TestTwoTransactionsThatDeadlockBothSucceed(t *testing.T) {
	db, ctx := pgtest.New(t), context.Background()
	for _, w := range []string{"甲", "乙"} {
		if _, err := db.Exec(ctx, insertWord, w); err != nil {
			t.Fatal(err)
		}
	}
	var met, done sync.WaitGroup
	met.Add(2)
	errs := make([]error, 2)
	for i, order := range [][]string{{"甲", "乙"}, {"乙", "甲"}} {
		done.Add(1)
		go func() {
			defer done.Done()
			first := true
			errs[i] = db.InTx(ctx, func(tx pgx.Tx) error {
				for n, w := range order {
					if _, err := tx.Exec(ctx, `UPDATE listed_word SET word = word WHERE word = $1`, w); err != nil {
						return err
					}
					if n == 0 && first { // both hold one row before either asks for the other
						first = false
						met.Done()
						met.Wait()
					}
				}
				return nil
			})
		}()
	}
	done.Wait()
	if err := errors.Join(errs...); err != nil {
		t.Error(err)
	}
}

func TestInTxDoesNotRepeatAfterALostConnection(t *testing.T) {
	db, ctx := pgtest.New(t), context.Background()
	killer := administrator(t, pgtest.URL(db))
	tries := 0
	err := db.InTx(ctx, func(tx pgx.Tx) error {
		tries++
		if _, err := killer.Exec(ctx, `SELECT pg_terminate_backend($1)`, tx.Conn().PgConn().PID()); err != nil {
			t.Error(err)
		}
		return insert(ctx, tx, "一")
	})
	if tries != 1 || !postgres.Unavailable(err) {
		t.Errorf("tries = %d, error %v; want one try and an unavailable database", tries, err)
	}
	if err := db.InTx(ctx, func(tx pgx.Tx) error { return insert(ctx, tx, "一") }); err != nil {
		t.Errorf("the next transaction: %v; want a new connection", err)
	}
}

func TestInSnapshotSeesOneInstantAndWritesNothing(t *testing.T) {
	db, ctx := pgtest.New(t), context.Background()
	err := db.InSnapshot(ctx, func(tx pgx.Tx) error {
		for range 2 {
			var n int
			if err := tx.QueryRow(ctx, `SELECT count(*) FROM listed_word`).Scan(&n); err != nil || n != 0 {
				t.Errorf("words = %d, %v; want the state of the first query", n, err)
			}
			if _, err := db.Exec(ctx, insertWord, fmt.Sprint("词", time.Now())); err != nil {
				t.Error(err)
			}
		}
		return nil
	})
	if err != nil || words(t, db) != 2 {
		t.Errorf("snapshot: %v, %d words outside; want 2", err, words(t, db))
	}
	if err := db.InSnapshot(ctx, func(tx pgx.Tx) error { return insert(ctx, tx, "一") }); err == nil {
		t.Error("a write in a snapshot succeeded")
	}
}

// private starts a server that a test may mistreat, and a pool on it.
func private(t *testing.T) (*embedded.Server, *postgres.DB) {
	t.Helper()
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
	return server, open(t, server.URL(), postgres.Options{MaxConns: 4})
}

func TestAServerThatHangsIsLeftWhenTheTimeIsOver(t *testing.T) {
	server, db := private(t)
	text, err := os.ReadFile(filepath.Join(server.DataDir, "data", "postmaster.pid"))
	if err != nil {
		t.Fatal(err)
	}
	var postmaster, backend int
	if _, err := fmt.Sscan(string(text), &postmaster); err != nil {
		t.Fatal(err)
	}
	if err := db.QueryRow(context.Background(), `SELECT pg_backend_pid()`).Scan(&backend); err != nil {
		t.Fatal(err)
	}
	signal := func(sig syscall.Signal) {
		for _, pid := range []int{postmaster, backend} {
			if err := syscall.Kill(pid, sig); err != nil {
				t.Error(err)
			}
		}
	}
	signal(syscall.SIGSTOP)
	resume := sync.OnceFunc(func() { signal(syscall.SIGCONT) })
	defer resume()
	begin := time.Now()
	var done sync.WaitGroup
	for range 20 { // more than there are connections
		done.Go(func() {
			ctx, cancel := context.WithTimeout(context.Background(), 200*time.Millisecond)
			defer cancel()
			err := db.InTx(ctx, func(tx pgx.Tx) error {
				_, err := tx.Exec(ctx, `SELECT 1`)
				return err
			})
			if !postgres.Unavailable(err) {
				t.Errorf("error = %v, want an unavailable database", err)
			}
		})
	}
	done.Wait()
	if took := time.Since(begin); took > 3*time.Second {
		t.Errorf("took %s for a deadline of 200 ms", took)
	}
	resume()
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	for db.Ping(ctx) != nil {
		if ctx.Err() != nil {
			t.Fatal("the pool did not recover")
		}
	}
}

func TestACommitThatLostItsStandbyIsNotReportedAsDone(t *testing.T) {
	ctx := context.Background()
	_, db := private(t)
	for _, sql := range []string{
		`CREATE TABLE listed_word (word text)`,
		`ALTER SYSTEM SET synchronous_standby_names = 'absent'`,
		`SELECT pg_reload_conf()`,
	} {
		if _, err := db.Exec(ctx, sql); err != nil {
			t.Fatal(err)
		}
	}
	for _, end := range []string{"pg_cancel_backend", "pg_terminate_backend"} {
		if err := endWaiting(t, db, end); !errors.Is(err, postgres.ErrUnconfirmed) || !postgres.Unavailable(err) {
			t.Errorf("%s: error = %v, want ErrUnconfirmed", end, err)
		}
	}
}

// endWaiting commits, calls end of the backend that waits for its standby, and returns how the commit ended.
func endWaiting(t *testing.T, db *postgres.DB, end string) error {
	t.Helper()
	ctx := context.Background()
	result := make(chan error)
	commit := func() {
		result <- db.InTx(ctx, func(tx pgx.Tx) error {
			return errors.Join(insert(ctx, tx, "一"), postgres.LastExec(ctx, tx, "add a word", insertWord, "二"))
		})
	}
	go commit()
	for ended := false; !ended; {
		select {
		case err := <-result:
			// The new setting had not reached the backend yet.
			if err != nil {
				t.Fatal(err)
			}
			go commit()
		default:
		}
		err := db.QueryRow(ctx, `
			SELECT coalesce(bool_or(`+end+`(pid)), false)
			  FROM pg_stat_activity
			 WHERE wait_event = 'SyncRep'`).Scan(&ended)
		if err != nil {
			t.Fatal(err)
		}
	}
	return <-result
}

func TestACommitThatTheServerRefusedIsCertain(t *testing.T) {
	db, ctx := pgtest.New(t), context.Background()
	err := db.InTx(ctx, func(tx pgx.Tx) error {
		_, err := tx.Exec(ctx, `
			CREATE TEMPORARY TABLE late (n integer UNIQUE DEFERRABLE INITIALLY DEFERRED) ON COMMIT DROP;
			INSERT INTO late VALUES (1), (1)`)
		return err
	})
	var pg *pgconn.PgError
	if !errors.As(err, &pg) || errors.Is(err, postgres.ErrUnconfirmed) {
		t.Errorf("error = %v, want the server's alone", err)
	}
}
