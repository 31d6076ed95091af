package report

import (
	"context"
	"errors"
	"fmt"

	"wenji/internal/apperr"
	"wenji/internal/audit"
	"wenji/internal/comment"
	"wenji/internal/consultation"
	"wenji/internal/staff"

	"github.com/jackc/pgx/v5"
)

// Conclude marks a consultation as 已反馈, for good. It is refused while a comment lacks its approved disposition, and
// unless the published 采纳情况 says what is true now. Comments are held back from the check to the commit, and refused
// after it, so none can slip in between.
//
// Errors: apperr.ErrForbidden, apperr.ErrNotFound, *Refusal.
func (s *Store) Conclude(ctx context.Context, by staff.Member, consultationID string) error {
	if !by.Can(staff.Report) {
		return apperr.ErrForbidden
	}
	at := s.now()
	return s.DB.InTx(ctx, func(tx pgx.Tx) error {
		c, err := consultation.Locked(ctx, tx, consultationID)
		if err != nil {
			return err
		}
		switch c.Phase(at) {
		case consultation.Closed:
		case consultation.Concluded:
			return &Refusal{Why: IsConcluded}
		case consultation.Withdrawn:
			return &Refusal{Why: IsWithdrawn}
		default:
			return &Refusal{Why: NotClosed}
		}
		totals, err := comment.Conclude(ctx, tx, consultationID)
		if err != nil {
			return err
		}
		if err := complete(ctx, tx, consultationID); err != nil {
			return err
		}
		if err := consultation.Conclude(ctx, tx, consultationID, at); err != nil {
			return err
		}
		e := entry(by, at, "conclude", consultationID, Outcome, fmt.Sprintf("%d comments", totals.All()))
		e.Subject = "consultation " + consultationID
		return audit.Record(ctx, tx, e)
	})
}

// complete tells what is left to be done before a consultation can be concluded; nil: nothing.
func complete(ctx context.Context, tx pgx.Tx, consultationID string) error {
	left, err := lacking(ctx, tx, consultationID)
	if err != nil {
		return err
	}
	if left.Count > 0 {
		return &Refusal{Why: Unanswered, Lacking: left}
	}
	outcome, err := latest(ctx, tx, consultationID, Outcome)
	if errors.Is(err, apperr.ErrNotFound) {
		return &Refusal{Why: NoOutcome}
	}
	if err != nil {
		return err
	}
	_, digest, err := digestRows(ctx, tx, consultationID)
	if err != nil {
		return fmt.Errorf("compare the report of %s: %w", consultationID, err)
	}
	if digest != outcome.RowsDigest {
		return &Refusal{Why: OutcomeStale}
	}
	return nil
}

// Standing is how far the report of a consultation has got, for the desk.
type Standing struct {
	Consultation consultation.Consultation
	Received     *Edition // nil: not published
	Outcome      *Edition
	Numbers      Numbers // as they are now, none merged
	Obstacle     error   // what Conclude would be refused for now: *Refusal; nil: nothing
}

// Standing reads how far the report of a consultation has got, all of one instant.
func (s *Store) Standing(ctx context.Context, by staff.Member, consultationID string) (*Standing, error) {
	if !by.Can(staff.Report) {
		return nil, apperr.ErrForbidden
	}
	st := &Standing{}
	err := s.DB.InSnapshot(ctx, func(tx pgx.Tx) error {
		c, err := consultation.Read(ctx, tx, consultationID)
		if err != nil {
			return err
		}
		st.Consultation = *c
		tally, err := comment.ReadTally(ctx, tx, consultationID)
		if err != nil {
			return err
		}
		if st.Numbers, err = runningNumbers(ctx, tx, consultationID, tally); err != nil {
			return err
		}
		for part, to := range map[Part]**Edition{Received: &st.Received, Outcome: &st.Outcome} {
			if *to, err = latest(ctx, tx, consultationID, part); err != nil && !errors.Is(err, apperr.ErrNotFound) {
				return err
			}
		}
		if c.Phase(s.now()) != consultation.Closed {
			return nil
		}
		err = complete(ctx, tx, consultationID)
		var refusal *Refusal
		if errors.As(err, &refusal) {
			st.Obstacle, err = refusal, nil
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	return st, nil
}
