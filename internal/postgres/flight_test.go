package postgres_test

import (
	"context"
	"encoding/binary"
	"errors"
	"io"
	"net"
	"net/url"
	"path/filepath"
	"sync/atomic"
	"testing"

	"wenji/internal/postgres"
	"wenji/internal/postgres/pgtest"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

func TestATransactionTakesTheRoundTripsOfItsDependentStatements(t *testing.T) {
	direct, ctx := pgtest.New(t), context.Background()
	trips, address := counted(t, pgtest.URL(direct))
	db := open(t, address, postgres.Options{MaxConns: 1})
	ask := func(tx pgx.Tx) error {
		var n int
		return tx.QueryRow(ctx, `SELECT count(*) FROM listed_word WHERE word <> $1`, "词").Scan(&n)
	}
	last := func(tx pgx.Tx) error {
		return postgres.LastExec(ctx, tx, "add a word", insertWord+` ON CONFLICT DO NOTHING`, "一")
	}
	for name, c := range map[string]struct {
		do   func(tx pgx.Tx) error
		want int64
	}{
		"nothing":                      {func(pgx.Tx) error { return nil }, 0},
		"one statement":                {ask, 2},
		"what nobody waits for":        {last, 1},
		"one statement and such a one": {func(tx pgx.Tx) error { return errors.Join(ask(tx), last(tx)) }, 2},
		"such a one in front":          {func(tx pgx.Tx) error { return errors.Join(last(tx), ask(tx)) }, 2},
	} {
		for range 2 { // statements are prepared the first time
			trips.Store(0)
			if err := db.InTx(ctx, c.do); err != nil {
				t.Fatalf("%s: %v", name, err)
			}
		}
		if n := trips.Load(); n != c.want {
			t.Errorf("%s: %d round trips, want %d", name, n, c.want)
		}
	}
}

// counted puts a way to the server in between that counts how often the client waits for it.
func counted(t *testing.T, address string) (*atomic.Int64, string) {
	t.Helper()
	config, err := pgconn.ParseConfig(address)
	if err != nil {
		t.Fatal(err)
	}
	network, server := pgconn.NetworkAddress(config.Host, config.Port)
	socket := filepath.Join(t.TempDir(), ".s.PGSQL.5432")
	listener, err := net.Listen("unix", socket)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { listener.Close() })
	trips := new(atomic.Int64)
	go func() {
		for {
			client, err := listener.Accept()
			if err != nil {
				return
			}
			behind, err := net.Dial(network, server)
			if err != nil {
				client.Close()
				continue
			}
			go func() {
				io.Copy(client, behind)
				client.Close()
			}()
			go func() {
				forward(behind, client, trips)
				behind.Close()
			}()
		}
	}()
	u, err := url.Parse(address)
	if err != nil {
		t.Fatal(err)
	}
	q := u.Query()
	q.Set("host", filepath.Dir(socket))
	q.Set("port", "5432")
	q.Set("sslmode", "disable")
	u.RawQuery, u.Host = q.Encode(), ""
	return trips, u.String()
}

// forward passes on the client's messages: a start-up message without a type, then type, length and content. After a
// Sync or a simple Query the client waits.
func forward(to io.Writer, from io.Reader, trips *atomic.Int64) {
	for typed := false; ; typed = true {
		head := make([]byte, 5)
		if !typed {
			head = head[:4]
		}
		if _, err := io.ReadFull(from, head); err != nil {
			return
		}
		if typed && (head[0] == 'S' || head[0] == 'Q') {
			trips.Add(1)
		}
		rest := make([]byte, binary.BigEndian.Uint32(head[len(head)-4:])-4)
		if _, err := io.ReadFull(from, rest); err != nil {
			return
		}
		if _, err := to.Write(append(head, rest...)); err != nil {
			return
		}
	}
}

func TestWhatIsLastIsSeenByTheStatementsBehindIt(t *testing.T) {
	db, ctx := pgtest.New(t), context.Background()
	err := db.InTx(ctx, func(tx pgx.Tx) error {
		for i, word := range []string{"一", "二", "三", "四"} {
			if err := postgres.LastExec(ctx, tx, "add a word", insertWord, word); err != nil {
				return err
			}
			var n int
			const count = `SELECT count(*) FROM listed_word WHERE word <> $1`
			switch i {
			case 0:
				if err := tx.QueryRow(ctx, count, "").Scan(&n); err != nil {
					return err
				}
			case 1:
				rows, err := tx.Query(ctx, count, "")
				if err != nil {
					return err
				}
				if n, err = pgx.CollectExactlyOneRow(rows, pgx.RowTo[int]); err != nil {
					return err
				}
			case 2:
				var b pgx.Batch
				b.Queue(count, "").QueryRow(func(row pgx.Row) error { return row.Scan(&n) })
				if err := tx.SendBatch(ctx, &b).Close(); err != nil {
					return err
				}
			case 3:
				tag, err := tx.Exec(ctx, `UPDATE listed_word SET word = word`)
				if err != nil {
					return err
				}
				n = int(tag.RowsAffected())
			}
			if n != i+1 {
				t.Errorf("%d words seen after %d were added", n, i+1)
			}
		}
		return nil
	})
	if err != nil || words(t, db) != 4 {
		t.Errorf("%d words, %v", words(t, db), err)
	}
}

func TestAnErrorOfWhatIsLastUndoesAllAndIsCertain(t *testing.T) {
	db, ctx := pgtest.New(t), context.Background()
	tries := 0
	err := db.InTx(ctx, func(tx pgx.Tx) error {
		tries++
		for _, word := range []string{"一", "二", "二"} {
			if err := postgres.LastExec(ctx, tx, "add a word", insertWord, word); err != nil {
				return err
			}
		}
		return nil
	})
	var pg *pgconn.PgError
	if !errors.As(err, &pg) || pg.Code != "23505" || errors.Is(err, postgres.ErrUnconfirmed) || tries != 1 {
		t.Errorf("error = %v after %d tries, want the server's alone", err, tries)
	}
	if err := db.InTx(ctx, func(tx pgx.Tx) error { return insert(ctx, tx, "三") }); err != nil || words(t, db) != 1 {
		t.Errorf("%d words after the next transaction, %v", words(t, db), err)
	}
	tries = 0
	err = db.InTx(ctx, func(tx pgx.Tx) error {
		if tries++; tries < 3 {
			return postgres.LastExec(ctx, tx, "collide", `DO $$ BEGIN RAISE EXCEPTION 'asked for' USING ERRCODE = '40001'; END $$`)
		}
		return insert(ctx, tx, "四")
	})
	if err != nil || tries != 3 || words(t, db) != 2 {
		t.Errorf("%d tries, %d words, %v: what gave way at its end was not repeated", tries, words(t, db), err)
	}
}

func TestALostConnectionUnderTheCommitLeavesItUnknown(t *testing.T) {
	db, ctx := pgtest.New(t), context.Background()
	killer := administrator(t, pgtest.URL(db))
	tries := 0
	err := db.InTx(ctx, func(tx pgx.Tx) error {
		tries++
		if err := insert(ctx, tx, "一"); err != nil {
			return err
		}
		if _, err := killer.Exec(ctx, `SELECT pg_terminate_backend($1)`, tx.Conn().PgConn().PID()); err != nil {
			t.Error(err)
		}
		return postgres.LastExec(ctx, tx, "add a word", insertWord, "二")
	})
	if !errors.Is(err, postgres.ErrUnconfirmed) || tries != 1 {
		t.Errorf("error = %v after %d tries, want ErrUnconfirmed after one", err, tries)
	}
}
