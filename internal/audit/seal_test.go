package audit

import (
	"bytes"
	"context"
	"log/slog"
	"strings"
	"sync"
	"testing"

	"wenji/internal/postgres"
	"wenji/internal/postgres/pgtest"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
)

func TestEntriesOfManyBatchesMakeOneSoundChain(t *testing.T) {
	t.Parallel()
	db := pgtest.New(t)
	record(t, db, 3)
	const bulk = 2*sealBatch + 500
	must(t, db.InTx(t.Context(), func(tx pgx.Tx) error { // one transaction across batches
		entries := make([]Entry, bulk)
		for i := range entries {
			entries[i] = Entry{At: noon, Actor: "规则", Role: "rule", Action: "publish", Subject: "第1号"}
		}
		return RecordAll(t.Context(), tx, entries)
	}))
	if r := verify(t, db); r.Entries != bulk+3 || r.Sealed != 0 || r.Waiting != bulk+3 {
		t.Errorf("before sealing: %+v", r)
	}
	seal(t, newSealer(db), bulk+3)
	if r := verify(t, db); r.Broken != nil || r.Sealed != bulk+3 || r.Waiting != 0 || r.End.Position != bulk+3 {
		t.Errorf("after sealing: %+v, %+v", r, r.Broken)
	}
	if n, err := newSealer(db).SealOnce(t.Context()); n != 0 || err != nil {
		t.Errorf("sealing again: %d, %v; want nothing to do", n, err)
	}
}

func TestTheEntryOfALongTransactionIsSealedLater(t *testing.T) {
	t.Parallel()
	db := pgtest.New(t)
	s := newSealer(db)
	early := uuid.Must(uuid.NewV7())
	var late []uuid.UUID
	must(t, db.InTx(t.Context(), func(tx pgx.Tx) error {
		must(t, Record(t.Context(), tx, Entry{ID: early, At: noon, Actor: "a", Role: "r", Action: "slow"}))
		_, err := tx.Exec(t.Context(), `SELECT 1`) // the entry is written in front of the next statement
		must(t, err)
		late = record(t, db, 3) // begun after, committed before
		for range 3 {
			if n, err := s.SealOnce(t.Context()); n != 0 || err != nil {
				t.Errorf("%d sealed (%v) past a transaction that is still running", n, err)
			}
		}
		// However old they are, they are not out of order: the running transaction holds them back.
		db.Skew += 2 * unsealedAfter
		if r := verify(t, db); r.Broken != nil || r.Waiting != 3 {
			t.Errorf("while waiting: %+v, %+v", r, r.Broken)
		}
		db.Skew = 0
		return nil
	}))
	seal(t, s, 4)
	var order []uuid.UUID
	rows, err := db.Query(t.Context(), `SELECT entry_id FROM audit_chain ORDER BY position`)
	must(t, err)
	order, err = pgx.CollectRows(rows, pgx.RowTo[uuid.UUID])
	must(t, err)
	for i, id := range append([]uuid.UUID{early}, late...) {
		if order[i] != id {
			t.Errorf("position %d has another entry than expected", i+1)
		}
	}
	if r := verify(t, db); r.Broken != nil {
		t.Errorf("broken: %+v", r.Broken)
	}
}

func TestSealersOfTwoReplicasKeepOneChain(t *testing.T) {
	t.Parallel()
	db := pgtest.New(t)
	replica, err := postgres.Open(t.Context(), pgtest.URL(db), postgres.Options{})
	must(t, err)
	defer replica.Close()
	const writers, each = 4, 50
	writing, sealing := sync.WaitGroup{}, sync.WaitGroup{}
	stop := make(chan struct{})
	for _, one := range []*postgres.DB{db, replica, db, replica} {
		sealing.Go(func() {
			s := newSealer(one)
			for {
				select {
				case <-stop:
					return
				default:
				}
				if _, err := s.SealOnce(context.Background()); err != nil {
					t.Error(err)
					return
				}
			}
		})
	}
	for range writers {
		writing.Go(func() {
			for range each {
				err := db.InTx(context.Background(), func(tx pgx.Tx) error {
					return Record(context.Background(), tx, Entry{At: db.Now(), Actor: "a", Role: "r", Action: "x"})
				})
				if err != nil {
					t.Error(err)
				}
			}
		})
	}
	writing.Wait()
	until(t, "all entries to be sealed", func() bool { return verify(t, db).Waiting == 0 || t.Failed() })
	close(stop)
	sealing.Wait()
	if r := verify(t, db); r.Broken != nil || r.Sealed != writers*each {
		t.Errorf("%+v, %+v; want %d sealed", r, r.Broken, writers*each)
	}
}

// burn uses up transaction numbers until past.
func burn(t *testing.T, db *postgres.DB, past int64) {
	t.Helper()
	until(t, "transaction numbers to pass", func() bool {
		var now int64
		must(t, db.QueryRow(t.Context(), `SELECT pg_current_xact_id()::text::bigint`).Scan(&now))
		return now > past
	})
}

func TestAfterARestoreElsewhereSealingGoesOn(t *testing.T) {
	t.Parallel()
	db := pgtest.New(t)
	s := newSealer(db)
	// The other server had come further: its transaction numbers are ahead of this one's.
	var here int64
	must(t, db.QueryRow(t.Context(), `SELECT pg_current_xact_id()::text::bigint`).Scan(&here))
	const ahead = 300
	foreign := func(tx int64) stored {
		e := stored{id: uuid.Must(uuid.NewV7()), tx: tx, at: db.Now(), actor: "a", role: "r", action: "x"}
		_, err := db.Exec(t.Context(), `
			INSERT INTO audit_entry (id, tx, at, actor, role, action) VALUES ($1, $2, $3, 'a', 'r', 'x')`, e.id, e.tx, e.at)
		must(t, err)
		return e
	}
	old := []stored{foreign(here + ahead), foreign(here + ahead + 1)}
	for i := range old { // as the database keeps it
		old[i].at = old[i].at.Round(0).Truncate(1000)
	}
	must(t, db.InTx(t.Context(), func(tx pgx.Tx) error {
		_, err := s.extend(t.Context(), tx, tail{Anchor: Anchor{Digest: firstDigest}}, old)
		return err
	}))
	unsealedThere := foreign(here + ahead + 2)
	if r := verify(t, db); r.Broken != nil || r.Sealed != 2 || r.Waiting != 1 {
		t.Fatalf("after the restore: %+v, %+v", r, r.Broken)
	}

	record(t, db, 2)
	seal(t, s, 3)
	var third uuid.UUID
	must(t, db.QueryRow(t.Context(), `SELECT entry_id FROM audit_chain WHERE position = 3`).Scan(&third))
	if third != unsealedThere.id {
		t.Error("the entry left unsealed by the other server does not come first")
	}
	burn(t, db, here+ahead+10) // now the walk meets the entries sealed there
	record(t, db, 2)
	seal(t, s, 2)
	if r := verify(t, db); r.Broken != nil || r.Sealed != 7 || r.Waiting != 0 {
		t.Errorf("in the end: %+v, %+v", r, r.Broken)
	}
}

func TestRunSealsAndLogsAnAnchorUntilItIsStopped(t *testing.T) {
	t.Parallel()
	db := pgtest.New(t)
	record(t, db, 5)
	until(t, "other transactions to end", func() bool {
		var free bool
		must(t, db.QueryRow(t.Context(), `
			SELECT max(tx) < pg_snapshot_xmin(pg_current_snapshot())::text::bigint FROM audit_entry`).Scan(&free))
		return free
	})
	ctx, cancel := context.WithCancel(t.Context())
	var log bytes.Buffer
	s := &Sealer{DB: db, Key: testKey, Log: slog.New(slog.NewTextHandler(&log, nil))}
	ended := make(chan error)
	go func() { ended <- s.Run(ctx) }()
	until(t, "Run to seal", func() bool { return verify(t, db).Sealed == 5 })
	cancel()
	if err := <-ended; err != nil {
		t.Errorf("Run ended with %v", err)
	}
	_, text, found := strings.Cut(log.String(), "anchor=")
	if !found {
		t.Fatalf("no anchor in the log: %s", log.String())
	}
	anchor, err := ParseAnchor(text)
	must(t, err)
	if r := verify(t, db, anchor); r.Broken != nil {
		t.Errorf("the logged anchor is not met: %+v", r.Broken)
	}
}
