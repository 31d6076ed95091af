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

// Correction is one change of published words, as the notice marks it (勘误说明).
type Correction struct {
	ID          uuid.UUID
	At          time.Time
	Explanation string
	Fields      []FieldChange
}

// FieldChange is one field with its earlier and its later words. Field is the name of a form field: title, headline,
// unit, source, editor, contact_phone, contact_email, mail_subject, result_expected, notice, interpretation or file.
type FieldChange struct {
	Field    string
	Old, New string
}

const (
	explanationMost = 500
	correctionsMost = 200 // fields, the latest ones
)

// correct keeps the earlier words of fields of a published consultation, in the caller's transaction; of one that is
// still being prepared nothing need be kept. Fields that did not change are left out; changed tells whether any did.
//
// Errors: *apperr.Invalid on explanation, which published words may not be changed without.
func (s *Store) correct(ctx context.Context, tx pgx.Tx, c *Consultation, by Actor, explanation string, fields []FieldChange) (changed bool, err error) {
	var rows []FieldChange
	for _, f := range fields {
		if f.Old != f.New {
			rows = append(rows, f)
		}
	}
	if len(rows) == 0 || c.Stage == StagePreparing {
		return len(rows) > 0, nil
	}
	explanation, displayable := validate.Text(explanation)
	switch {
	case !displayable || explanation == "":
		return false, invalid("explanation", validate.CorrectionUnexplained)
	case validate.Length(explanation) > explanationMost:
		return false, invalid("explanation", validate.MakingLong("explanation", explanationMost))
	}
	id, err := uuid.NewV7()
	if err != nil {
		return false, fmt.Errorf("make a correction's id: %w", err)
	}
	values := make([][]any, len(rows))
	for i, f := range rows {
		values[i] = []any{id, c.ID, f.Field, f.Old, f.New, explanation, s.Now(), by.Signature}
	}
	_, err = tx.CopyFrom(ctx, pgx.Identifier{"consultation_correction"}, []string{"change_id", "consultation_id", "field",
		"old_text", "new_text", "explanation", "made_at", "made_by"}, pgx.CopyFromRows(values))
	if err != nil {
		return false, fmt.Errorf("keep the earlier words of %s: %w", c.ID, err)
	}
	return true, nil
}

// readCorrections lists the corrections, oldest first.
func readCorrections(ctx context.Context, tx pgx.Tx, id string) ([]Correction, error) {
	rows, err := tx.Query(ctx, `
		SELECT change_id, made_at, explanation, field, old_text, new_text
		  FROM (SELECT *
		          FROM consultation_correction
		         WHERE consultation_id = $1
		         ORDER BY made_at DESC, change_id DESC, field
		         LIMIT $2) AS latest
		 ORDER BY made_at, change_id, field`, id, correctionsMost)
	if err != nil {
		return nil, err
	}
	var (
		list []Correction
		c    Correction
		f    FieldChange
	)
	_, err = pgx.ForEachRow(rows, []any{&c.ID, &c.At, &c.Explanation, &f.Field, &f.Old, &f.New}, func() error {
		if len(list) == 0 || list[len(list)-1].ID != c.ID {
			list = append(list, Correction{ID: c.ID, At: c.At, Explanation: c.Explanation})
		}
		last := &list[len(list)-1]
		last.Fields = append(last.Fields, f)
		return nil
	})
	return list, err
}

// edit is one saved form: refused to who may not edit, and when the consultation has changed since the form was shown
// (apperr.ErrConflict), so that nobody overwrites what they have not seen.
func (s *Store) edit(ctx context.Context, by Actor, id string, version int, fn func(tx pgx.Tx, c *Consultation) (act, error)) error {
	if !by.Edit {
		return apperr.ErrForbidden
	}
	return s.change(ctx, id, func(tx pgx.Tx, c *Consultation) (act, error) {
		if c.Version != version {
			return act{}, apperr.ErrConflict
		}
		return fn(tx, c)
	})
}
