package moderation

import (
	"context"
	"fmt"
	"time"

	"wenji/internal/apperr"
	"wenji/internal/audit"
	"wenji/internal/comment"
	"wenji/internal/staff"

	"github.com/jackc/pgx/v5"
)

// Backdated is a decision that is said to have been made at a moment of the past, with what Decide reads of the
// comment by itself.
type Backdated struct {
	Decision
	By             staff.Member
	At             time.Time
	ConsultationID string
	Number         int
	Title, Body    string
}

// DecidePast decides many comments as Decide does, by the same statements, but at the moments that the decisions name,
// in the transaction that has stored these comments (comment.SubmitPast). It is there to make data sets (wenji fill).
func (s *Store) DecidePast(ctx context.Context, tx pgx.Tx, list []Backdated) error {
	targets, moves := make([]target, len(list)), make([]decided, len(list))
	changes, entries := make([]comment.Change, len(list)), make([]audit.Entry, len(list))
	for i, d := range list {
		if !d.By.Can(staff.Decide) {
			return apperr.ErrForbidden
		}
		move, err := s.check(d.By, d.Decision)
		if err != nil {
			return fmt.Errorf("decide comment %d of %s: %w", d.Number, d.ConsultationID, err)
		}
		move.At = d.At
		t := target{consultationID: d.ConsultationID, number: d.Number, state: comment.Received, title: d.Title, body: d.Body}
		detail, err := move.finish(t)
		if err != nil {
			return fmt.Errorf("decide comment %d of %s: %w", d.Number, d.ConsultationID, err)
		}
		targets[i], moves[i], changes[i] = t, move, move.Change
		entries[i] = t.entry(d.By, d.At, move.action, detail)
	}
	if len(list) == 0 {
		return nil
	}
	if err := comment.TransitionNew(ctx, tx, changes); err != nil {
		return err
	}
	if err := insertDecisions(ctx, tx, targets, moves); err != nil {
		return err
	}
	return audit.RecordAll(ctx, tx, entries)
}
