package consultation

import (
	"context"
	"fmt"

	"wenji/internal/apperr"
	"wenji/internal/clause"
	"wenji/internal/validate"

	"github.com/jackc/pgx/v5"
)

const (
	interpretationMost = 100_000 // characters
	draftMost          = 300_000 // characters
)

// SetDraftText replaces the draft by typed text, read as a document, until the consultation is published: nobody has
// commented on its clauses yet, so they need not last. Doubtful places keep nothing from being saved.
//
// Errors: apperr.ErrForbidden; *apperr.Invalid on draft; apperr.ErrConflict when another version than the one shown
// stands, and once published; apperr.ErrNotFound.
func (s *Store) SetDraftText(ctx context.Context, by Actor, id string, version int, typed string) error {
	return s.edit(ctx, by, id, version, func(tx pgx.Tx, c *Consultation) (act, error) {
		text, ok := validate.Text(typed)
		switch {
		case c.Stage != StagePreparing:
			return act{}, apperr.ErrConflict
		case !ok:
			return act{}, invalid("draft", validate.MakingUndisplayable("draft"))
		case validate.Length(text) > draftMost:
			return act{}, invalid("draft", validate.MakingLong("draft", draftMost))
		}
		nodes, _ := clause.Parse(text)
		d := Dossier{Consultation: *c}
		if err := readDocuments(ctx, tx, &d); err != nil {
			return act{}, fmt.Errorf("read documents: %w", err)
		}
		if clause.Text(nodes) == clause.Text(d.Draft) {
			return act{}, nil
		}
		if err := replaceDocument(ctx, tx, id, "draft", nodes); err != nil {
			return act{}, err
		}
		return act{by.Signature, by.Role, "set_draft", fmt.Sprintf("%d nodes", len(nodes))}, touch(ctx, tx, id)
	})
}

// SetInterpretation replaces the interpretation by typed text, read as a document; no comment is about one of its parts, so
// they need not last. Of a published consultation the earlier words are kept with an explanation.
//
// Errors: apperr.ErrForbidden; *apperr.Invalid on interpretation or explanation; apperr.ErrConflict when another version
// than the one shown stands; apperr.ErrNotFound.
func (s *Store) SetInterpretation(ctx context.Context, by Actor, id string, version int, typed, explanation string) error {
	return s.edit(ctx, by, id, version, func(tx pgx.Tx, c *Consultation) (act, error) {
		text, ok := validate.Text(typed)
		switch {
		case !ok:
			return act{}, invalid("interpretation", validate.MakingUndisplayable("interpretation"))
		case validate.Length(text) > interpretationMost:
			return act{}, invalid("interpretation", validate.MakingLong("interpretation", interpretationMost))
		case c.Stage == StagePublished && text == "":
			return act{}, invalid("interpretation", validate.MakingMissing("interpretation"))
		}
		nodes, _ := clause.Parse(text)
		d := Dossier{Consultation: *c}
		if err := readDocuments(ctx, tx, &d); err != nil {
			return act{}, fmt.Errorf("read documents: %w", err)
		}
		old, later := clause.Text(d.Interpretation), clause.Text(nodes)
		changed, err := s.correct(ctx, tx, c, by, explanation, []FieldChange{{"interpretation", old, later}})
		if err != nil || !changed {
			return act{}, err
		}
		if err := replaceDocument(ctx, tx, id, "interpretation", nodes); err != nil {
			return act{}, err
		}
		return act{by.Signature, by.Role, "set_interpretation", fmt.Sprintf("%d nodes", len(nodes))}, touch(ctx, tx, id)
	})
}

func replaceDocument(ctx context.Context, tx pgx.Tx, id, document string, nodes []clause.Node) error {
	if _, err := tx.Exec(ctx, `DELETE FROM clause WHERE consultation_id = $1 AND document = $2`, id, document); err != nil {
		return fmt.Errorf("take away the %s: %w", document, err)
	}
	return insertNodes(ctx, tx, id, document, nodes)
}
