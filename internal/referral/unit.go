package referral

import (
	"context"
	"errors"
	"fmt"
	"time"

	"wenji/internal/apperr"
	"wenji/internal/audit"
	"wenji/internal/staff"
	"wenji/internal/validate"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
)

const (
	opinionFewest = 10
	opinionMost   = 5000
)

// Accept takes a hand-over on. Only a member of the unit it was made to may; for others it does not exist (apperr.ErrNotFound).
// *apperr.Conflict: a colleague was faster.
func (s *Store) Accept(ctx context.Context, by staff.Member, id uuid.UUID, version int) error {
	if !by.Can(staff.HandleReferrals) {
		return apperr.ErrForbidden
	}
	at := s.now()
	return s.act(ctx, by, id, "referral.accept", at, `
		UPDATE referral
		   SET state = 'accepted', version = version + 1, accepted_by = $4, accepted_at = $5
		 WHERE id = $1 AND unit_id = $2 AND version = $3 AND state = 'waiting'
		RETURNING comment_id`, id, by.UnitID, version, by.Name, at)
}

// Return gives a hand-over back, with a reason (2 to 1,000 characters). See Accept.
func (s *Store) Return(ctx context.Context, by staff.Member, id uuid.UUID, version int, reason string) error {
	if !by.Can(staff.HandleReferrals) {
		return apperr.ErrForbidden
	}
	reason, problem := words("reason", "退回理由", reason, 2, reasonMost)
	if problem != nil {
		return &apperr.Invalid{Problems: []apperr.Problem{*problem}}
	}
	at := s.now()
	return s.act(ctx, by, id, "referral.return", at, `
		UPDATE referral
		   SET state = 'returned', version = version + 1, returned_by = $4, returned_at = $5, return_reason = $6
		 WHERE id = $1 AND unit_id = $2 AND version = $3 AND state IN ('waiting', 'accepted')
		RETURNING comment_id`, id, by.UnitID, version, by.Name, at, reason)
}

// Reply gives the unit's opinion (10 to 5,000 characters) and the disposition it suggests. See Accept; a unit may also reply without
// having accepted first.
func (s *Store) Reply(ctx context.Context, by staff.Member, id uuid.UUID, version int, opinion string, suggested Outcome) error {
	if !by.Can(staff.HandleReferrals) {
		return apperr.ErrForbidden
	}
	var wrong apperr.Invalid
	if !suggested.known() {
		wrong.Problems = append(wrong.Problems, apperr.Problem{Field: "outcome", Message: validate.OutcomeMissing})
	}
	opinion, problem := words("opinion", "办理意见", opinion, opinionFewest, opinionMost)
	if problem != nil {
		wrong.Problems = append(wrong.Problems, *problem)
	}
	if len(wrong.Problems) > 0 {
		return &wrong
	}
	at := s.now()
	return s.act(ctx, by, id, "referral.reply", at, `
		UPDATE referral
		   SET state = 'replied', version = version + 1, replied_by = $4, replied_at = $5, opinion = $6, suggested = $7
		 WHERE id = $1 AND unit_id = $2 AND version = $3 AND state IN ('waiting', 'accepted')
		RETURNING comment_id`, id, by.UnitID, version, by.Name, at, opinion, suggested)
}

// act makes one step of a unit's hand-over. The statement names hand-over, unit and version as $1, $2 and $3 and returns the comment;
// no row means that somebody was faster or that the hand-over is another unit's.
func (s *Store) act(ctx context.Context, by staff.Member, id uuid.UUID, action string, at time.Time, sql string, args ...any) error {
	return s.DB.InTx(ctx, func(tx pgx.Tx) error {
		var commentID uuid.UUID
		err := tx.QueryRow(ctx, `SELECT comment_id FROM referral WHERE id = $1 AND unit_id = $2`, id, by.UnitID).Scan(&commentID)
		if errors.Is(err, pgx.ErrNoRows) {
			return apperr.ErrNotFound
		}
		if err != nil {
			return fmt.Errorf("read hand-over %s: %w", id, err)
		}
		list, err := lockComments(ctx, tx, []uuid.UUID{commentID}) // before the hand-over, as everywhere
		if err != nil {
			return err
		}
		err = tx.QueryRow(ctx, sql, args...).Scan(&commentID)
		if errors.Is(err, pgx.ErrNoRows) {
			return fasterColleague(ctx, tx, id, by.UnitID)
		}
		if err != nil {
			return fmt.Errorf("%s %s: %w", action, id, err)
		}
		if err := keepHandling(ctx, tx, commentID); err != nil {
			return err
		}
		return audit.Record(ctx, tx, list[0].entry(by, at, action, by.UnitName))
	})
}

func fasterColleague(ctx context.Context, tx pgx.Tx, id, unit uuid.UUID) error {
	var state State
	var c apperr.Conflict
	err := tx.QueryRow(ctx, `
		SELECT state,
		       CASE state WHEN 'replied' THEN replied_by WHEN 'returned' THEN returned_by WHEN 'accepted' THEN accepted_by ELSE referred_by END,
		       CASE state WHEN 'replied' THEN replied_at WHEN 'returned' THEN returned_at WHEN 'accepted' THEN accepted_at ELSE referred_at END
		  FROM referral
		 WHERE id = $1 AND unit_id = $2`, id, unit).Scan(&state, &c.By, &c.At)
	if errors.Is(err, pgx.ErrNoRows) {
		return apperr.ErrNotFound
	}
	if err != nil {
		return fmt.Errorf("read hand-over %s: %w", id, err)
	}
	c.Action = map[State]string{Waiting: ActRefer, Accepted: ActAccept, Returned: ActReturn, Replied: ActReply}[state]
	return &c
}
