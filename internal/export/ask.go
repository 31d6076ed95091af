package export

import (
	"context"
	"errors"
	"fmt"

	"wenji/internal/apperr"
	"wenji/internal/audit"
	"wenji/internal/staff"
	"wenji/internal/validate"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
)

// Ask orders a file to be made in the background. A Personal file waits for another person's approval first
// (个人信息保护法 §51: access by those who must, and no more). Errors as Prepare's.
func (s *Store) Ask(ctx context.Context, by staff.Member, o Options) (uuid.UUID, error) {
	state, action := Queued, "export.order"
	if o.Profile == Personal {
		state, action = Waiting, "export.ask"
	}
	if !by.Can(staff.Export) || state == Waiting && !by.Can(staff.ExportPersonal) {
		return uuid.Nil, apperr.ErrForbidden
	}
	f, err := s.begin(ctx, by, o, state, action)
	return f.id, err
}

// Approve lets a Personal file be made. apperr.ErrForbidden: the member may not approve, or asked for the file himself;
// *apperr.Conflict: it does not wait any more.
func (s *Store) Approve(ctx context.Context, by staff.Member, id uuid.UUID) error {
	return s.decide(ctx, by, id, Queued, "export.approve", "")
}

// Refuse ends the wish for a Personal file, with a reason of 4 to 200 characters. Errors as Approve's, and
// *apperr.Invalid on note.
func (s *Store) Refuse(ctx context.Context, by staff.Member, id uuid.UUID, note string) error {
	note, ok := validate.Line(note)
	if n := validate.Length(note); by.Can(staff.ApproveExports) && (!ok || n < reasonFewest || n > reasonMost) {
		return &apperr.Invalid{Problems: []apperr.Problem{{Field: "note", Message: validate.ExportRefusal}}}
	}
	return s.decide(ctx, by, id, Refused, "export.refuse", note)
}

func (s *Store) decide(ctx context.Context, by staff.Member, id uuid.UUID, to State, action, note string) error {
	if !by.Can(staff.ApproveExports) {
		return apperr.ErrForbidden
	}
	return s.DB.InTx(ctx, func(tx pgx.Tx) error {
		at := s.now()
		r, err := one(ctx, tx, id, forUpdate)
		if err != nil {
			return err
		}
		switch {
		case r.MemberID != nil && *r.MemberID == by.ID:
			return apperr.ErrForbidden
		case r.State != Waiting && r.DecidedAt != nil:
			return &apperr.Conflict{By: r.DecidedBy, Action: "export", At: *r.DecidedAt}
		case r.StateAt(at) != Waiting:
			return apperr.ErrConflict
		}
		_, err = tx.Exec(ctx, `
			UPDATE export
			   SET state = $2, decided_by = $3, decided_at = $4, decision_note = $5, expires_at = NULL
			 WHERE id = $1`, id, to, by.Signature(), at, note)
		if err != nil {
			return fmt.Errorf("decide export %s: %w", id, err)
		}
		detail := "asked by " + r.Member + ", reason: " + r.Reason
		if note != "" {
			detail += ", refused: " + note
		}
		return audit.Record(ctx, tx, audit.Entry{
			At: at, Actor: by.Signature(), Role: string(by.Role), Action: action, ConsultationID: r.ConsultationID,
			Subject: "export " + id.String(), Detail: detail,
		})
	})
}

const forUpdate = ` FOR UPDATE`

// one reads an export; lock is "" or forUpdate.
func one(ctx context.Context, tx pgx.Tx, id uuid.UUID, lock string) (Record, error) {
	rows, err := tx.Query(ctx, `SELECT `+recordColumns+` FROM export WHERE id = $1`+lock, id)
	if err != nil {
		return Record{}, fmt.Errorf("read export %s: %w", id, err)
	}
	r, err := pgx.CollectExactlyOneRow(rows, pgx.RowToStructByPos[Record])
	if errors.Is(err, pgx.ErrNoRows) {
		return Record{}, apperr.ErrNotFound
	}
	if err != nil {
		return Record{}, fmt.Errorf("read export %s: %w", id, err)
	}
	return r, nil
}
