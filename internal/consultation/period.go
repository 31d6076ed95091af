package consultation

import (
	"context"
	"fmt"
	"time"

	"wenji/internal/apperr"
	"wenji/internal/validate"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
)

// ChangeKind is what was done to a period after publication.
type ChangeKind string

const (
	Extension  ChangeKind = "extension"  // 延长
	EarlyEnd   ChangeKind = "early_end"  // 提前结束
	Withdrawal ChangeKind = "withdrawal" // 中止
)

// PeriodChange is one change of a published period, as the notice announces it.
type PeriodChange struct {
	Kind        ChangeKind
	At          time.Time
	OldClosesAt time.Time // exclusive
	NewClosesAt time.Time // exclusive; the old one for a withdrawal
	Reason      string
}

// longestYears is how far ahead a period may end: beyond it the year is a slip of the pen.
const longestYears = 5

// Extend moves the closing instant to a later one; the notice prints the first one, the new one and the reason. closesAt
// is exclusive. A consultation that has closed is opened again by it, also one that was ended early.
//
// Errors: apperr.ErrForbidden; *apperr.Invalid on closes_at (not later than now and than the present closing instant, or
// beyond five years) or reason (empty, too long); apperr.ErrConflict when the consultation is withdrawn or its result is
// out; apperr.ErrNotFound, also for one that is being prepared.
func (s *Store) Extend(ctx context.Context, by Actor, id string, closesAt time.Time, reason string) error {
	return s.changePeriod(ctx, by, id, Extension, reason, func(c *Consultation, now time.Time, reason string) error {
		if !closesAt.After(c.ClosesAt) || !closesAt.After(now) {
			return invalid("closes_at", validate.ClosingNotLater)
		}
		if closesAt.After(now.AddDate(longestYears, 0, 0)) {
			return invalid("closes_at", validate.PeriodTooLong)
		}
		day := midnight(now)
		c.keepFirstClosing()
		c.ClosesAt, c.ExtensionReason, c.ExtendedOn = closesAt, reason, &day
		c.EndedEarlyAt, c.EarlyEndReason = nil, ""
		return nil
	})
}

// EndEarly ends the taking of comments now; what was received stays and is dealt with as always.
//
// Errors: apperr.ErrForbidden; *apperr.Invalid on reason (empty, too long); apperr.ErrConflict when no comments are taken
// at this moment; apperr.ErrNotFound.
func (s *Store) EndEarly(ctx context.Context, by Actor, id, reason string) error {
	return s.changePeriod(ctx, by, id, EarlyEnd, reason, func(c *Consultation, now time.Time, reason string) error {
		if c.Phase(now) != Open || !now.After(c.OpensAt) {
			return apperr.ErrConflict
		}
		c.keepFirstClosing()
		c.ClosesAt, c.EndedEarlyAt, c.EarlyEndReason = now, &now, reason
		return nil
	})
}

// Withdraw stops the consultation (中止): no comments are taken any more, and the notice says why. Comments stay.
//
// Errors: apperr.ErrForbidden; *apperr.Invalid on reason (empty, too long); apperr.ErrConflict when it is withdrawn
// already or its result is out; apperr.ErrNotFound.
func (s *Store) Withdraw(ctx context.Context, by Actor, id, reason string) error {
	return s.changePeriod(ctx, by, id, Withdrawal, reason, func(c *Consultation, now time.Time, reason string) error {
		c.WithdrawnAt, c.WithdrawalReason = &now, reason
		return nil
	})
}

func (c *Consultation) keepFirstClosing() {
	if c.OriginalClosesAt == nil {
		first := c.ClosesAt
		c.OriginalClosesAt = &first
	}
}

const reasonMost = 500

var (
	reasonMissing = map[ChangeKind]string{
		Extension: validate.ExtensionWithoutReason, EarlyEnd: validate.EarlyEndWithoutReason, Withdrawal: validate.WithdrawalWithoutReason,
	}
	periodAct = map[ChangeKind]string{Extension: "extend", EarlyEnd: "end_early", Withdrawal: "withdraw"}
)

// changePeriod is one announced change of a published period, with its line for the notice and its entry in the record.
// decide changes the consultation it is given, or refuses.
func (s *Store) changePeriod(ctx context.Context, by Actor, id string, kind ChangeKind, reason string,
	decide func(c *Consultation, now time.Time, reason string) error) error {
	if !by.Edit {
		return apperr.ErrForbidden
	}
	now := s.Now().Truncate(time.Microsecond)
	reason, displayable := validate.Text(reason)
	return s.change(ctx, id, func(tx pgx.Tx, c *Consultation) (act, error) {
		switch {
		case c.Stage == StagePreparing:
			return act{}, apperr.ErrNotFound
		case c.WithdrawnAt != nil || c.ConcludedOn != nil:
			return act{}, apperr.ErrConflict
		}
		p := PeriodChange{Kind: kind, At: now, OldClosesAt: c.ClosesAt, Reason: reason}
		if err := decide(c, now, reason); err != nil {
			return act{}, err
		}
		switch {
		case !displayable || reason == "":
			return act{}, invalid("reason", reasonMissing[kind])
		case validate.Length(reason) > reasonMost:
			return act{}, invalid("reason", validate.ReasonLong)
		}
		p.NewClosesAt = c.ClosesAt
		if err := writePeriod(ctx, tx, c, p); err != nil {
			return act{}, err
		}
		detail := fmt.Sprintf("from %s to %s: %s", stamp(p.OldClosesAt), stamp(p.NewClosesAt), reason)
		return act{by.Signature, by.Role, periodAct[kind], detail}, nil
	})
}

// writePeriod stores the changed consultation and its line for the notice.
func writePeriod(ctx context.Context, tx pgx.Tx, c *Consultation, p PeriodChange) error {
	_, err := tx.Exec(ctx, `
		UPDATE consultation
		   SET closes_at = $2, original_closes_at = $3, extension_reason = $4, extended_on = $5, ended_early_at = $6,
		       early_end_reason = $7, withdrawn_at = $8, withdrawal_reason = $9, version = version + 1
		 WHERE id = $1`,
		c.ID, c.ClosesAt, c.OriginalClosesAt, c.ExtensionReason, c.ExtendedOn, c.EndedEarlyAt, c.EarlyEndReason,
		c.WithdrawnAt, c.WithdrawalReason)
	if err != nil {
		return fmt.Errorf("store the %s: %w", p.Kind, err)
	}
	key, err := uuid.NewV7()
	if err != nil {
		return fmt.Errorf("make an id: %w", err)
	}
	_, err = tx.Exec(ctx, `
		INSERT INTO period_change (id, consultation_id, kind, made_at, old_closes_at, new_closes_at, reason)
		VALUES ($1, $2, $3, $4, $5, $6, $7)`, key, c.ID, string(p.Kind), p.At, p.OldClosesAt, p.NewClosesAt, p.Reason)
	if err != nil {
		return fmt.Errorf("announce the %s: %w", p.Kind, err)
	}
	return nil
}

const changesMost = 200

// readChanges lists the announced changes, oldest first.
func readChanges(ctx context.Context, tx pgx.Tx, id string) ([]PeriodChange, error) {
	rows, err := tx.Query(ctx, `
		SELECT kind, made_at, old_closes_at, new_closes_at, reason
		  FROM (SELECT * FROM period_change WHERE consultation_id = $1 ORDER BY made_at DESC, id DESC LIMIT $2) AS latest
		 ORDER BY made_at, id`, id, changesMost)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, pgx.RowToStructByPos[PeriodChange])
}
