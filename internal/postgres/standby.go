package postgres

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync/atomic"
	"time"

	"github.com/jackc/pgx/v5"
)

const (
	standbyConns     = 8
	standbyStatement = 2 * time.Second // a reader waits no longer before it turns to the primary
	standbyEvery     = time.Second     // between two looks at the standby
	standbyName      = "wenji read"
)

// Replayed is a place in the log of one cluster.
type Replayed struct {
	Cluster  string // its system identifier
	Position int64  // in bytes since the log began
}

var (
	// ErrBehind: the standby has not replayed what the reader needs.
	ErrBehind     = errors.New("the standby is behind")
	errNoStandby  = errors.New("the server for reading is no standby")
	errElsewhere  = errors.New("the server for reading belongs to another cluster")
	errNoReplayed = errors.New("a reader of the standby did not say what it needs")
)

// Standby is a pool on servers that replay what the primary writes, for reads that may be a little old. Each query runs
// only on a server that has replayed what its context names, see Needing; else it fails, and the caller asks the primary.
type Standby struct {
	*DB

	log    *slog.Logger
	usable atomic.Bool
}

// OpenStandby returns a pool for the servers at url, as Open does; several may stand behind it.
func OpenStandby(ctx context.Context, url string, skew time.Duration, log *slog.Logger) (*Standby, error) {
	db, err := open(ctx, url, Options{Name: standbyName, MaxConns: standbyConns, StatementTimeout: standbyStatement, Skew: skew}, hasReplayed)
	if err != nil {
		return nil, err
	}
	return &Standby{DB: db, log: log}, nil
}

// needKey finds what a context's reads need to have been replayed.
type needKey struct{}

// Needing returns a context for reads that need a standby which has replayed that much.
func Needing(ctx context.Context, need Replayed) context.Context {
	return context.WithValue(ctx, needKey{}, need)
}

// seenKey keeps, with each connection, how far its server was seen to be. A server never goes back while connected to.
const seenKey = "replayed"

// hasReplayed decides whether a connection serves a reader. It asks the server only when what is known does not suffice,
// which under load is a few times a second.
func hasReplayed(ctx context.Context, conn *pgx.Conn) (keep bool, err error) {
	need, ok := ctx.Value(needKey{}).(Replayed)
	if !ok {
		return true, errNoReplayed
	}
	known := conn.PgConn().CustomData()
	seen, ok := known[seenKey].(Replayed)
	if !ok || seen.Position < need.Position {
		if seen, err = askReplayed(ctx, conn); err != nil {
			return false, err
		}
		known[seenKey] = seen
	}
	switch {
	case seen.Cluster != need.Cluster:
		return false, errElsewhere
	case seen.Position < need.Position:
		return true, ErrBehind
	}
	return true, nil
}

func askReplayed(ctx context.Context, conn *pgx.Conn) (Replayed, error) {
	var r Replayed
	var position *int64
	err := conn.QueryRow(ctx, `
		SELECT CASE WHEN pg_is_in_recovery() THEN pg_wal_lsn_diff(pg_last_wal_replay_lsn(), '0/0')::bigint END,
		       (SELECT system_identifier::text FROM pg_control_system())`).Scan(&position, &r.Cluster)
	if err != nil {
		return Replayed{}, fmt.Errorf("ask the standby how far it is: %w", err)
	}
	if position == nil {
		return Replayed{}, errNoStandby
	}
	r.Position = *position
	return r, nil
}

// Usable tells whether the standby answered lately and was near the primary.
func (s *Standby) Usable() bool { return s.usable.Load() }

// Failed takes note of a read that failed: an unreachable server is not asked again until Run has seen it well.
func (s *Standby) Failed(err error) {
	if Unavailable(err) && s.usable.Swap(false) {
		s.log.Warn("the standby for reading does not answer: the primary is read")
	}
}

// Run looks at the standby until ctx ends. needed is what it must have replayed to be near enough; false: not known yet.
func (s *Standby) Run(ctx context.Context, needed func() (Replayed, bool)) {
	tick := time.NewTicker(standbyEvery)
	defer tick.Stop()
	var before string
	for {
		if need, ok := needed(); ok {
			err := s.look(ctx, need)
			s.usable.Store(err == nil)
			if now := reason(err); now != before && ctx.Err() == nil {
				s.log.Info("the standby for reading", "state", now)
				before = now
			}
		}
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

// look asks one server, even one known to be far enough: it may hang.
func (s *Standby) look(ctx context.Context, need Replayed) error {
	ctx, cancel := context.WithTimeout(Needing(ctx, need), standbyEvery)
	defer cancel()
	conn, err := s.Acquire(ctx)
	if err != nil {
		return fmt.Errorf("get a connection to the standby: %w", err)
	}
	defer conn.Release()
	_, err = askReplayed(ctx, conn.Conn())
	return err
}

// reason is what the log says of the standby.
func reason(err error) string {
	for _, known := range []error{ErrBehind, errNoStandby, errElsewhere} {
		if errors.Is(err, known) {
			return known.Error()
		}
	}
	if err != nil {
		return "it does not answer"
	}
	return "in use"
}
