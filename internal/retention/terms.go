package retention

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"wenji/internal/apperr"
	"wenji/internal/audit"
	"wenji/internal/calendar"
	"wenji/internal/staff"
	"wenji/internal/validate"

	"github.com/jackc/pgx/v5"
)

// DefaultMonths is the term of the privacy notice: two years after the result is published (个人信息保护法 §19).
const DefaultMonths = 24

// Terms in months, as they are offered.
var Terms = []int{6, 12, 24, 36, 60, 120}

// Term is how the personal data of one consultation is kept.
type Term struct {
	ConsultationID string
	Title          string
	ConcludedOn    *time.Time // the result was published
	WithdrawnAt    *time.Time
	Months         int
	HeldAt         *time.Time
	HoldReason     string
	HeldBy         string
	Comments       int        // the last number given
	Through        int        // comments erased so far, by number
	ErasedAt       *time.Time // the last erasure ended
	Erasing        bool       // one is under way
}

// DueOn is the day from which the personal data is to be erased; false while there is neither result nor withdrawal.
func (t Term) DueOn() (time.Time, bool) {
	var from time.Time
	switch {
	case t.ConcludedOn != nil:
		from = *t.ConcludedOn
	case t.WithdrawnAt != nil:
		from = t.WithdrawnAt.In(calendar.Shanghai)
	default:
		return time.Time{}, false
	}
	y, m, d := from.Date()
	last := time.Date(y, m+time.Month(t.Months)+1, 0, 0, 0, 0, 0, calendar.Shanghai).Day() // of that month: 31 Aug + 6 is 28 Feb
	return time.Date(y, m+time.Month(t.Months), min(d, last), 0, 0, 0, 0, calendar.Shanghai), true
}

// State of a term.
type State string

const (
	Empty   State = "empty"   // nobody commented
	Pending State = "pending" // no result yet: the term has not begun
	Running State = "running"
	Held    State = "held"
	Due     State = "due"
	Erasing State = "erasing"
	Erased  State = "erased"
)

// State tells where a term stands at a moment.
func (t Term) State(now time.Time) State {
	due, begun := t.DueOn()
	switch {
	case t.Comments == 0:
		return Empty
	case t.Erasing && t.HeldAt == nil:
		return Erasing
	case t.Through >= t.Comments && !t.Erasing:
		return Erased
	case t.HeldAt != nil:
		return Held
	case !begun:
		return Pending
	case now.Before(due):
		return Running
	}
	return Due
}

// termColumns are read by scanTerm; the erasures of a consultation go through its comments by number.
const termColumns = `
	SELECT c.id, c.title, c.concluded_on, c.withdrawn_at, coalesce(r.months, 24), r.held_at, coalesce(r.hold_reason, ''),
	       coalesce(r.held_by, ''), coalesce(n.last_number, 0), coalesce(e.through, 0), e.finished_at, coalesce(e.open, false)
	  FROM consultation c
	  LEFT JOIN retention r ON r.consultation_id = c.id
	  LEFT JOIN comment_count n ON n.consultation_id = c.id
	  LEFT JOIN LATERAL (SELECT max(through) AS through, max(finished_at) AS finished_at, bool_or(finished_at IS NULL) AS open
	                       FROM erasure
	                      WHERE consultation_id = c.id AND comment_id IS NULL) e ON true`

func scanTerm(row pgx.CollectableRow) (Term, error) {
	var t Term
	err := row.Scan(&t.ConsultationID, &t.Title, &t.ConcludedOn, &t.WithdrawnAt, &t.Months, &t.HeldAt, &t.HoldReason, &t.HeldBy,
		&t.Comments, &t.Through, &t.ErasedAt, &t.Erasing)
	return t, err
}

// TermsPage is how many consultations a list shows.
const TermsPage = 50

// List lists the consultations before an id, the latest first; "" begins.
func (s *Store) List(ctx context.Context, by staff.Member, before string) ([]Term, error) {
	if !by.Can(staff.ManageRetention) {
		return nil, apperr.ErrForbidden
	}
	rows, err := s.DB.Query(ctx, termColumns+`
		 WHERE c.stage = 'published' AND ($1 = '' OR c.id < $1)
		 ORDER BY c.id DESC
		 LIMIT $2`, before, TermsPage)
	if err != nil {
		return nil, fmt.Errorf("list terms: %w", err)
	}
	list, err := pgx.CollectRows(rows, scanTerm)
	if err != nil {
		return nil, fmt.Errorf("list terms: %w", err)
	}
	return list, nil
}

// Term is that of one consultation.
func (s *Store) Term(ctx context.Context, by staff.Member, id string) (Term, error) {
	if !by.Can(staff.ManageRetention) {
		return Term{}, apperr.ErrForbidden
	}
	return readTerm(ctx, s.DB, id)
}

type querier interface {
	Query(ctx context.Context, sql string, args ...any) (pgx.Rows, error)
}

func readTerm(ctx context.Context, q querier, id string) (Term, error) {
	rows, err := q.Query(ctx, termColumns+` WHERE c.id = $1`, id)
	if err != nil {
		return Term{}, fmt.Errorf("read the term of %s: %w", id, err)
	}
	t, err := pgx.CollectExactlyOneRow(rows, scanTerm)
	if errors.Is(err, pgx.ErrNoRows) {
		return Term{}, apperr.ErrNotFound
	}
	if err != nil {
		return Term{}, fmt.Errorf("read the term of %s: %w", id, err)
	}
	return t, nil
}

// lockTerm reads a term and holds its settings until the transaction ends, against acts and erasures at the same time.
func lockTerm(ctx context.Context, tx pgx.Tx, id string) (Term, error) {
	_, err := tx.Exec(ctx, `
		INSERT INTO retention (consultation_id)
		SELECT id FROM consultation WHERE id = $1
		ON CONFLICT (consultation_id) DO NOTHING`, id)
	if err != nil {
		return Term{}, fmt.Errorf("lock the term of %s: %w", id, err)
	}
	if _, err := tx.Exec(ctx, `SELECT FROM retention WHERE consultation_id = $1 FOR UPDATE`, id); err != nil {
		return Term{}, fmt.Errorf("lock the term of %s: %w", id, err)
	}
	return readTerm(ctx, tx, id)
}

// SetTerm changes how long a consultation's personal data is kept, with a reason.
func (s *Store) SetTerm(ctx context.Context, by staff.Member, id string, months int, why string) error {
	if !by.Can(staff.ManageRetention) {
		return apperr.ErrForbidden
	}
	if !slices.Contains(Terms, months) {
		return invalid("months", validate.TermUnknown)
	}
	why, err := reason(why, "reason", validate.TermReason)
	if err != nil {
		return err
	}
	return s.change(ctx, by, id, func(tx pgx.Tx, t Term) (action, detail string, err error) {
		_, err = tx.Exec(ctx, `UPDATE retention SET months = $2 WHERE consultation_id = $1`, id, months)
		return "retention.term", fmt.Sprintf("%d → %d months: %s", t.Months, months, why), err
	})
}

// Hold keeps the personal data of a consultation from erasure until the hold is lifted, as for a lawsuit.
func (s *Store) Hold(ctx context.Context, by staff.Member, id, why string) error {
	if !by.Can(staff.ManageRetention) {
		return apperr.ErrForbidden
	}
	why, err := reason(why, "hold", validate.HoldReason)
	if err != nil {
		return err
	}
	return s.change(ctx, by, id, func(tx pgx.Tx, t Term) (action, detail string, err error) {
		if t.HeldAt != nil {
			return "", "", ErrHolding
		}
		_, err = tx.Exec(ctx, `
			UPDATE retention SET held_at = $2, hold_reason = $3, held_by = $4 WHERE consultation_id = $1`,
			id, s.now(), why, by.Name)
		return "retention.hold", why, err
	})
}

// Lift ends a hold, with a reason.
func (s *Store) Lift(ctx context.Context, by staff.Member, id, why string) error {
	if !by.Can(staff.ManageRetention) {
		return apperr.ErrForbidden
	}
	why, err := reason(why, "lift", validate.LiftReason)
	if err != nil {
		return err
	}
	return s.change(ctx, by, id, func(tx pgx.Tx, t Term) (action, detail string, err error) {
		if t.HeldAt == nil {
			return "", "", ErrNotHeld
		}
		_, err = tx.Exec(ctx, `
			UPDATE retention SET held_at = NULL, hold_reason = '', held_by = '' WHERE consultation_id = $1`, id)
		return "retention.lift", why, err
	})
}

// change does one act on a locked term and records it.
func (s *Store) change(ctx context.Context, by staff.Member, id string, fn func(tx pgx.Tx, t Term) (action, detail string, err error)) error {
	return s.DB.InTx(ctx, func(tx pgx.Tx) error {
		t, err := lockTerm(ctx, tx, id)
		if err != nil {
			return err
		}
		action, detail, err := fn(tx, t)
		if err != nil {
			return fmt.Errorf("change the term of %s: %w", id, err)
		}
		return audit.Record(ctx, tx, entry(by, s.now(), action, id, t.ConsultationID, detail))
	})
}
