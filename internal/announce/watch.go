package announce

import (
	"context"
	"fmt"
	"log/slog"
	"maps"
	"slices"
	"sync"
	"time"

	"wenji/internal/postgres"

	"github.com/jackc/pgx/v5"
)

const (
	// lookEvery is how often the versions are looked at while no message comes: a missed one costs no more than this.
	lookEvery = 400 * time.Millisecond
	// lookApart is the least time between two looks: pages that change all the time are made anew five times a second.
	lookApart = 200 * time.Millisecond
	lookMost  = 2 * time.Second // for one look at the database
)

// News is what one look at the database found to have changed since the look before.
type News struct {
	All           bool // anything may have changed: this is the first look, or the primary is another one
	Consultations []string
}

// Watcher finds out what has changed. Messages make it look at once, and it looks all the time, so it needs none of them:
// the connection for messages may be lost, hang, or lead through a pooler that drops them.
type Watcher struct {
	db   *postgres.DB
	log  *slog.Logger
	tell func(News)

	versions map[string]int64 // as the last look that read them found them
	last     state
	lost     bool
	messages messages
	progress progress
}

// NewWatcher returns a watcher whose Run calls tell when there is something new. A pool of its own keeps the portal's load
// from delaying it; one connection is enough.
func NewWatcher(db *postgres.DB, log *slog.Logger, tell func(News)) *Watcher {
	return &Watcher{db: db, log: log, tell: tell, messages: messages{rung: make(chan struct{}, 1)}}
}

// Run watches until ctx ends.
func (w *Watcher) Run(ctx context.Context) {
	var listening sync.WaitGroup
	listening.Go(func() { w.listen(ctx) })
	defer listening.Wait()
	for ctx.Err() == nil {
		w.note(w.look(ctx))
		wait(ctx, lookApart, nil)
		wait(ctx, lookEvery-lookApart, w.messages.rung)
	}
}

func wait(ctx context.Context, d time.Duration, rung <-chan struct{}) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
	case <-timer.C:
	case <-rung:
	}
}

// note says once that the database is away, and once that it is back.
func (w *Watcher) note(err error) {
	switch {
	case err != nil && !w.lost:
		w.log.Warn("changes are not heard of at the moment", "unavailable", postgres.Unavailable(err))
	case err == nil && w.lost:
		w.log.Info("changes are heard of again")
	}
	w.lost = err != nil
}

// look compares the versions with those known. What a message named counts as changed even where the version stands
// still, since a program from before the versions announces by messages alone.
func (w *Watcher) look(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, lookMost)
	defer cancel()
	named := w.messages.take()
	started := time.Now()
	now, err := w.read(ctx)
	if err != nil {
		w.messages.giveBack(named)
		return err
	}
	news := News{All: w.versions == nil || !now.sameServer(w.last)}
	for id, version := range now.versions {
		if w.versions[id] != version {
			named[id] = true
		}
	}
	if now.versions != nil {
		w.versions = now.versions
	}
	w.last = now
	news.Consultations = slices.Sorted(maps.Keys(named))
	w.progress.advance(started, now, news)
	if news.All || len(named) > 0 {
		w.tell(news)
	}
	return nil
}

// state is what one look reads.
type state struct {
	total    int64            // sum of all versions, which grows with each change
	versions map[string]int64 // by consultation; nil when total is as it was
	position int64            // of the primary's log; what the versions count is before it
	cluster  string
	timeline string // another one after each failover
}

func (s state) sameServer(o state) bool { return s.cluster == o.cluster && s.timeline == o.timeline }

func (w *Watcher) read(ctx context.Context) (s state, err error) {
	err = w.db.QueryRow(ctx, `
		SELECT (SELECT coalesce(sum(version), 0)::bigint FROM page_version),
		       pg_wal_lsn_diff(pg_current_wal_insert_lsn(), '0/0')::bigint,
		       (SELECT system_identifier::text FROM pg_control_system()),
		       left(pg_walfile_name(pg_current_wal_insert_lsn()), 8)`).
		Scan(&s.total, &s.position, &s.cluster, &s.timeline)
	if err != nil {
		return state{}, fmt.Errorf("look at the versions of pages: %w", err)
	}
	if w.versions != nil && s.total == w.last.total && s.sameServer(w.last) {
		return s, nil
	}
	// The position is read again, since these rows may be newer than those above.
	rows, err := w.db.Query(ctx, `
		SELECT consultation_id, version, (SELECT pg_wal_lsn_diff(pg_current_wal_insert_lsn(), '0/0')::bigint)
		  FROM page_version`)
	if err != nil {
		return state{}, fmt.Errorf("read the versions of pages: %w", err)
	}
	s.versions, s.total = make(map[string]int64), 0
	var id string
	var version int64
	_, err = pgx.ForEachRow(rows, []any{&id, &version, &s.position}, func() error {
		s.versions[id] = version
		s.total += version
		return nil
	})
	if err != nil {
		return state{}, fmt.Errorf("read the versions of pages: %w", err)
	}
	return s, nil
}
