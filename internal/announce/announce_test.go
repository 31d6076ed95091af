package announce_test

import (
	"context"
	"errors"
	"log/slog"
	"slices"
	"sync"
	"testing"

	"wenji/internal/announce"
	"wenji/internal/consultation"
	"wenji/internal/postgres"
	"wenji/internal/postgres/pgtest"
	"wenji/internal/sample"

	"github.com/jackc/pgx/v5"
)

const first, second = "2025-0001", "2025-0002"

// two is a database with two consultations.
func two(t *testing.T) *postgres.DB {
	t.Helper()
	db := pgtest.New(t)
	source, err := consultation.ReadSource(sample.FS)
	if err != nil {
		t.Fatal(err)
	}
	for _, id := range []string{first, second} {
		source.ID = id
		if err := (&consultation.Store{DB: db, Now: db.Now}).Import(t.Context(), "test", source); err != nil {
			t.Fatal(err)
		}
	}
	return db
}

func change(t *testing.T, db *postgres.DB, ids ...string) {
	t.Helper()
	if err := db.InTx(t.Context(), func(tx pgx.Tx) error { return announce.Changed(t.Context(), tx, ids...) }); err != nil {
		t.Fatal(err)
	}
}

// watch runs a watcher and returns what it tells.
func watch(t *testing.T, db *postgres.DB) (*announce.Watcher, <-chan announce.News) {
	t.Helper()
	told := make(chan announce.News, 100)
	w := announce.NewWatcher(db, slog.New(slog.DiscardHandler), func(n announce.News) { told <- n })
	ctx, cancel := context.WithCancel(context.Background())
	var running sync.WaitGroup
	running.Go(func() { w.Run(ctx) })
	t.Cleanup(func() {
		cancel()
		running.Wait()
	})
	if news := <-told; !news.All {
		t.Fatalf("the first news are %+v, want all", news)
	}
	return w, told
}

func TestAWatcherNamesTheConsultationsThatChanged(t *testing.T) {
	db := two(t)
	_, told := watch(t, db)
	undone := errors.New("something else failed")
	err := db.InTx(t.Context(), func(tx pgx.Tx) error {
		return errors.Join(announce.Changed(t.Context(), tx, first), undone)
	})
	if !errors.Is(err, undone) {
		t.Fatal(err)
	}
	change(t, db, second)
	if news := <-told; news.All || !slices.Equal(news.Consultations, []string{second}) {
		t.Errorf("news are %+v, want %s alone", news, second)
	}
}

// Whoever announces several consultations locks them in one order, whatever the order in which they were named.
func TestAnnouncersOfTheSameConsultationsDoNotBlockEachOtherForGood(t *testing.T) {
	db := two(t)
	var done sync.WaitGroup
	for i := range 8 {
		ids := []string{first, second}
		if i%2 == 0 {
			slices.Reverse(ids)
		}
		done.Go(func() {
			for range 25 {
				change(t, db, ids...)
			}
		})
	}
	done.Wait()
	var versions []int64
	rows, err := db.Query(t.Context(), `SELECT version FROM page_version`)
	if err != nil {
		t.Fatal(err)
	}
	if versions, err = pgx.CollectRows(rows, pgx.RowTo[int64]); err != nil {
		t.Fatal(err)
	}
	const want = 1 + 8*25 // the import counts as a change
	if !slices.Equal(versions, []int64{want, want}) {
		t.Errorf("versions are %v, want %d each", versions, want)
	}
}

// What a standby must have replayed grows with each change, and is not known right after a change made here.
func TestAReaderNeedsWhatIsKnownToHaveChanged(t *testing.T) {
	db := two(t)
	w, told := watch(t, db)
	needed := func(id string) int64 {
		t.Helper()
		need, known := w.Needed(id)
		if !known {
			t.Fatal("nothing is known of the primary")
		}
		return need.Position
	}
	before := needed(second)
	change(t, db, first)
	<-told
	if needed(first) <= before || needed("") != needed(first) {
		t.Errorf("after a change of one: %d is needed for its pages, %d for lists, before it was %d", needed(first), needed(""), before)
	}
	if needed(second) >= needed(first) {
		t.Errorf("the other one needs %d as well", needed(second))
	}
	w.Wrote(second)
	if _, known := w.Needed(second); known {
		t.Error("right after a change made here the standby may be read")
	}
	if _, known := w.Needed(first); !known {
		t.Error("a change made here bars the standby for other consultations too")
	}
}
