package metrics

import (
	"context"
	"sync"
	"time"

	"wenji/internal/audit"
	"wenji/internal/comment"
	"wenji/internal/export"
	"wenji/internal/notify"
	"wenji/internal/postgres"
	"wenji/internal/similar"

	"github.com/jackc/pgx/v5"
	"github.com/prometheus/client_golang/prometheus"
)

const (
	// askMost is the longest a scrape waits for the database.
	askMost = 2 * time.Second
	// keptFor spares the database when several collectors scrape one process.
	keptFor = 5 * time.Second
)

// stored collects what lies in the database. All replicas report the same numbers. While the database does not answer,
// wenji_database_up is 0 and the others are missing: an old number would hide that nobody knows.
type stored struct {
	sources Sources

	up, waiting, oldest, term, unindexed, ungrouped *prometheus.Desc
	outbox, outboxOldest, outboxFailed              *prometheus.Desc
	unsealed, sealLag, exports                      *prometheus.Desc
	standbys, syncWanted                            *prometheus.Desc

	mu   sync.Mutex
	last figures
	at   time.Time
}

// figures are what one look at the database found.
type figures struct {
	err       error
	now       time.Time
	term      time.Duration
	comments  comment.Backlog
	ungrouped int
	outbox    notify.Backlog
	unsealed  int
	sealSince *time.Time
	exports   map[export.State]int
	standbys  postgres.Standbys
}

func newStored(s Sources) *stored {
	return &stored{
		sources:      s,
		up:           desc("wenji_database_up", "1 when the database answered within two seconds, else 0."),
		waiting:      desc("wenji_comments_waiting", "Comments that wait for their review."),
		oldest:       desc("wenji_comments_oldest_waiting_seconds", "For how long the oldest of them waits; 0 when none does."),
		term:         desc("wenji_comments_review_term_seconds", "How long a comment may have waited now before it is late: five working days."),
		unindexed:    desc("wenji_search_unindexed_comments", "New and changed comments the search has yet to read."),
		ungrouped:    desc("wenji_grouping_behind_comments", "Comments not yet looked at for a group."),
		outbox:       desc("wenji_outbox_waiting", "Mail to be sent."),
		outboxOldest: desc("wenji_outbox_oldest_seconds", "For how long the oldest of it waits; 0 when none does."),
		outboxFailed: desc("wenji_outbox_failed", "Mail given up within the last day."),
		unsealed:     desc("wenji_audit_unsealed_entries", "Entries of the audit record without a seal, counted up to 10,000."),
		sealLag:      desc("wenji_audit_seal_lag_seconds", "Age of the oldest of them; 0 when all are sealed."),
		exports:      desc("wenji_exports", "Exports by state: waiting for approval, queued, running.", "state"),
		standbys: desc("wenji_database_standbys",
			"Standbys that stream from the primary: sync, async, or hidden where the program may not see the state.", "state"),
		syncWanted: desc("wenji_database_sync_wanted", "1 when a commit has to wait for a standby."),
	}
}

// Describe sends the descriptions.
func (s *stored) Describe(ch chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{
		s.up, s.waiting, s.oldest, s.term, s.unindexed, s.ungrouped, s.outbox, s.outboxOldest, s.outboxFailed, s.unsealed, s.sealLag,
		s.exports, s.standbys, s.syncWanted,
	} {
		ch <- d
	}
}

// Collect looks at the database, or takes what it found a moment ago.
func (s *stored) Collect(ch chan<- prometheus.Metric) {
	f := s.look()
	gauge := func(d *prometheus.Desc, v float64, labels ...string) {
		ch <- prometheus.MustNewConstMetric(d, prometheus.GaugeValue, v, labels...)
	}
	if f.err != nil {
		gauge(s.up, 0)
		return
	}
	gauge(s.up, 1)
	gauge(s.waiting, float64(f.comments.Waiting))
	gauge(s.oldest, f.since(f.comments.Oldest))
	gauge(s.term, f.term.Seconds())
	gauge(s.unindexed, float64(f.comments.Unindexed))
	gauge(s.ungrouped, float64(f.ungrouped))
	gauge(s.outbox, float64(f.outbox.Waiting))
	gauge(s.outboxOldest, f.since(f.outbox.Oldest))
	gauge(s.outboxFailed, float64(f.outbox.Failed))
	gauge(s.unsealed, float64(f.unsealed))
	gauge(s.sealLag, f.since(f.sealSince))
	for state, n := range f.exports {
		gauge(s.exports, float64(n), string(state))
	}
	gauge(s.standbys, float64(f.standbys.Sync), "sync")
	gauge(s.standbys, float64(f.standbys.Async), "async")
	gauge(s.standbys, float64(f.standbys.Hidden), "hidden")
	gauge(s.syncWanted, oneIf(f.standbys.Wanted))
}

func (f *figures) since(t *time.Time) float64 {
	if t == nil {
		return 0
	}
	return max(0, f.now.Sub(*t).Seconds())
}

func (s *stored) look() figures {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.at.IsZero() || time.Since(s.at) >= keptFor {
		s.last = s.ask()
		s.at = time.Now()
	}
	return s.last
}

func (s *stored) ask() (f figures) {
	ctx, cancel := context.WithTimeout(context.Background(), askMost)
	defer cancel()
	f.now = s.sources.DB.Now()
	if f.term, f.err = s.sources.Reports.ReviewTerm(ctx); f.err != nil {
		return f
	}
	f.err = s.sources.DB.InSnapshot(ctx, func(tx pgx.Tx) error { return f.read(ctx, tx) })
	return f
}

func (f *figures) read(ctx context.Context, tx pgx.Tx) (err error) {
	if f.comments, err = comment.ReadBacklog(ctx, tx); err != nil {
		return err
	}
	if f.ungrouped, err = similar.Backlog(ctx, tx); err != nil {
		return err
	}
	if f.outbox, err = notify.ReadBacklog(ctx, tx, f.now); err != nil {
		return err
	}
	if f.unsealed, f.sealSince, err = audit.Lag(ctx, tx); err != nil {
		return err
	}
	if f.exports, err = export.Backlog(ctx, tx); err != nil {
		return err
	}
	f.standbys, err = postgres.ReadStandbys(ctx, tx)
	return err
}
