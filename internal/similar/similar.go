// Package similar finds comments that say nearly the same in nearly the same words, as they arrive, and keeps them in
// groups. It hides and merges nothing: each comment stays a comment with its own number, state and answer.
package similar

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"wenji/internal/apperr"
	"wenji/internal/comment"
	"wenji/internal/postgres"
	"wenji/internal/vault"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
)

const (
	// threshold is the similarity from which two comments belong together: a name put in front, three words changed, or
	// sentences in another order stay above it, a half rewritten text and another on the same subject far below.
	threshold = 0.7
	// loosest is the least similarity to the representative, so that a chain of small changes does not drift to another
	// subject.
	loosest = 0.5
	// near is the similarity to a member that has bands from which another is found through it and needs none itself.
	near = 0.9
)

// Store finds, keeps and changes groups.
type Store struct {
	DB   *postgres.DB
	Keys *vault.KeyRing
	Now  func() time.Time
	Log  *slog.Logger // warned when the work in the background fails; nil means no warnings
	Rush func() bool  // comment.Store.Rush: Run is to take little meanwhile; nil: never

	arrivals arrivals
}

// now is the moment of an act, as precise as the database keeps it.
func (s *Store) now() time.Time { return s.Now().Truncate(time.Microsecond) }

const (
	restBetween = 500 * time.Millisecond
	batchMost   = 256 // comments looked at in one transaction
	// Run takes small batches and rests between them for this many times as long as each took: grouping may wait,
	// citizens who submit may not. A machine that is busy makes batches slow, and so the rests long.
	batchGentle = 64
	restFor     = 3
	batchRush   = 16
)

// Run puts comments into groups as they arrive, and keeps arrivals, until ctx ends. Any number of replicas may run it:
// the comments of one consultation are looked at by one of them at a time, in the order of their numbers.
func (s *Store) Run(ctx context.Context) {
	var flushed time.Time
	for {
		began, most, rush := time.Now(), batchGentle, s.rush()
		if rush {
			most = batchRush
		}
		n, err := s.batch(ctx, most)
		s.warn(ctx, "grouping comments", err)
		pause := restBetween
		switch {
		case rush || s.rush():
			pause = comment.RushRest
		case n >= most:
			pause = restFor * time.Since(began)
		default:
			s.warn(ctx, "counting groups", s.mend(ctx))
		}
		if time.Since(flushed) >= restBetween {
			flushed = time.Now()
			s.warn(ctx, "counting arrivals", s.flushArrivals(ctx))
		}
		select {
		case <-ctx.Done():
			return
		case <-time.After(pause):
		}
	}
}

func (s *Store) rush() bool { return s.Rush != nil && s.Rush() }

func (s *Store) warn(ctx context.Context, what string, err error) {
	if err != nil && ctx.Err() == nil && s.Log != nil {
		s.Log.Warn(what+" failed", "unavailable", postgres.Unavailable(err))
	}
}

// CatchUp looks at all comments that have not been looked at and that no other replica has in hand.
func (s *Store) CatchUp(ctx context.Context) error {
	for {
		n, err := s.batch(ctx, batchMost)
		if err != nil || n == 0 {
			return err
		}
	}
}

// CatchUpBulk is one step of CatchUp of up to most comments, and returns how many; 0 when nothing waits that nobody else
// has in hand. It is for stores that have grown by much more than Run looks at in a while.
func (s *Store) CatchUpBulk(ctx context.Context, most int) (int, error) { return s.batch(ctx, most) }

// batch looks at the next comments of one consultation, and returns how many.
func (s *Store) batch(ctx context.Context, most int) (n int, err error) {
	err = s.DB.InTx(ctx, func(tx pgx.Tx) error {
		n = 0
		consultationID, from, last, err := nextConsultation(ctx, tx)
		if err != nil || consultationID == "" {
			return err
		}
		fresh, err := readFresh(ctx, tx, consultationID, from, most)
		if err != nil {
			return err
		}
		last = min(last, from+most)
		n = last - from
		if len(fresh) > 0 {
			if err := s.group(ctx, tx, consultationID, fresh); err != nil {
				return err
			}
		}
		return postgres.LastExec(ctx, tx, "note how far "+consultationID+" was looked at",
			`UPDATE similar_progress SET last_number = $2 WHERE consultation_id = $1`, consultationID, last)
	})
	if err != nil {
		return 0, fmt.Errorf("group comments: %w", err)
	}
	return n, nil
}

// nextConsultation locks the progress of a consultation with comments that nobody has looked at. Numbers are given
// under a lock that is held to the commit, so whoever sees the last one sees all before it.
func nextConsultation(ctx context.Context, tx pgx.Tx) (id string, from, last int, err error) {
	for begun := false; ; begun = true {
		err = tx.QueryRow(ctx, `
			SELECT p.consultation_id, p.last_number, k.last_number
			  FROM similar_progress p JOIN comment_count k ON k.consultation_id = p.consultation_id
			 WHERE k.last_number > p.last_number
			 LIMIT 1
			   FOR UPDATE OF p SKIP LOCKED`).Scan(&id, &from, &last)
		if !errors.Is(err, pgx.ErrNoRows) {
			return id, from, last, err
		}
		if begun {
			return "", 0, 0, nil
		}
		tag, err := tx.Exec(ctx, `
			INSERT INTO similar_progress (consultation_id)
			SELECT k.consultation_id
			  FROM comment_count k
			 WHERE k.last_number > 0 AND NOT EXISTS (SELECT FROM similar_progress p WHERE p.consultation_id = k.consultation_id)
			ON CONFLICT DO NOTHING`)
		if err != nil || tag.RowsAffected() == 0 {
			return "", 0, 0, err
		}
	}
}

// lock keeps the groups of a consultation from being changed by anyone else until tx ends.
func lock(ctx context.Context, tx pgx.Tx, consultationID string) error {
	_, err := tx.Exec(ctx, `SELECT FROM similar_progress WHERE consultation_id = $1 FOR UPDATE`, consultationID)
	if err != nil {
		return fmt.Errorf("lock the groups of %s: %w", consultationID, err)
	}
	return nil
}

// readFresh reads the comments behind a number and prepares them.
func readFresh(ctx context.Context, tx pgx.Tx, consultationID string, from, most int) ([]*text, error) {
	found, err := tx.Query(ctx, `
		SELECT id, number, received_at, title, body
		  FROM comment
		 WHERE consultation_id = $1 AND number > $2 AND number <= $2 + $3
		 ORDER BY number`, consultationID, from, most)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(found, func(row pgx.CollectableRow) (*text, error) {
		var t text
		var title, body string
		if err := row.Scan(&t.id, &t.number, &t.receivedAt, &title, &body); err != nil {
			return nil, err
		}
		words := normalise(title, body)
		t.digest, t.pieces = digestOf(words), cut(words)
		return &t, nil
	})
}

// consultationOf is the consultation of a group, or apperr.ErrNotFound.
func consultationOf(ctx context.Context, tx pgx.Tx, groupID uuid.UUID) (string, error) {
	var id string
	err := tx.QueryRow(ctx, `SELECT consultation_id FROM comment_group WHERE id = $1`, groupID).Scan(&id)
	if errors.Is(err, pgx.ErrNoRows) {
		return "", apperr.ErrNotFound
	}
	if err != nil {
		return "", fmt.Errorf("read group %s: %w", groupID, err)
	}
	return id, nil
}
