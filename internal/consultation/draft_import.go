package consultation

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"wenji/internal/apperr"
	"wenji/internal/clause"
	"wenji/internal/validate"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
)

// Document names one of the two texts of a consultation that are read into clauses.
type Document string

const (
	DraftDocument          Document = "draft"          // 征求意见稿
	InterpretationDocument Document = "interpretation" // 解读
)

// WorkingCopy is a document being imported, kept until it is saved.
type WorkingCopy struct {
	Document Document
	Rows     []clause.Row
	Source   string    // the file's name; "" for pasted text
	Stamp    uuid.UUID // changes with each change
	SavedAt  time.Time
	SavedBy  string
}

// ImportRowsMost is how many paragraphs a document may have.
const ImportRowsMost = 3000

// WorkingCopy returns the document being imported; nil when there is none.
func (s *Store) WorkingCopy(ctx context.Context, id string, document Document) (*WorkingCopy, error) {
	w := WorkingCopy{Document: document}
	err := s.DB.QueryRow(ctx, `
		SELECT rows, source, stamp, saved_at, saved_by
		  FROM draft_import
		 WHERE consultation_id = $1 AND document = $2`, readable(id), document).
		Scan(&w.Rows, &w.Source, &w.Stamp, &w.SavedAt, &w.SavedBy)
	if errors.Is(err, pgx.ErrNoRows) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read the import of %s: %w", id, err)
	}
	return &w, nil
}

// BeginImport keeps a new working copy in place of an earlier one; what each row is has been recognised already.
//
// Errors: apperr.ErrForbidden; *apperr.Invalid on text; apperr.ErrNotFound.
func (s *Store) BeginImport(ctx context.Context, by Actor, id string, document Document, rows []clause.Row, source string) error {
	return s.imports(ctx, by, id, document, func(tx pgx.Tx, c *Consultation) (act, error) {
		if err := checkRows(rows); err != nil {
			return act{}, err
		}
		detail := fmt.Sprintf("%s, %d paragraphs", document, len(rows))
		_, err := s.keepRows(ctx, tx, by, id, document, rows, source)
		return act{by.Signature, by.Role, "begin_import", detail}, err
	})
}

// ChangeImport keeps what an editor changed in a working copy; stamp is that of the copy shown.
//
// Errors: apperr.ErrForbidden; *apperr.Invalid on text; apperr.ErrConflict when somebody changed it in between;
// apperr.ErrNotFound.
func (s *Store) ChangeImport(ctx context.Context, by Actor, id string, document Document, stamp uuid.UUID, rows []clause.Row) (fresh uuid.UUID, err error) {
	err = s.imports(ctx, by, id, document, func(tx pgx.Tx, c *Consultation) (act, error) {
		if err := checkRows(rows); err != nil {
			return act{}, err
		}
		source, err := stamped(ctx, tx, id, document, stamp)
		if err != nil {
			return act{}, err
		}
		detail := fmt.Sprintf("%s, %d paragraphs", document, len(rows))
		fresh, err = s.keepRows(ctx, tx, by, id, document, rows, source)
		return act{by.Signature, by.Role, "change_import", detail}, err
	})
	return fresh, err
}

// SaveImport makes the working copy the document of a consultation that is being prepared, or the interpretation of a
// published one, whose earlier words are then kept with the explanation. Known are the names of units.
//
// Errors: apperr.ErrForbidden; *apperr.Invalid on text (a draft without a clause) or explanation; apperr.ErrConflict when
// somebody changed the copy in between, or the draft is published (see NewVersion); apperr.ErrNotFound.
func (s *Store) SaveImport(ctx context.Context, by Actor, id string, document Document, stamp uuid.UUID, known []string, explanation string) error {
	return s.imports(ctx, by, id, document, func(tx pgx.Tx, c *Consultation) (act, error) {
		if c.Stage != StagePreparing && document == DraftDocument {
			return act{}, apperr.ErrConflict
		}
		nodes, err := takeImport(ctx, tx, id, document, stamp, known)
		if err != nil {
			return act{}, err
		}
		if c.Stage != StagePreparing {
			d := Dossier{Consultation: *c}
			if err := readDocuments(ctx, tx, &d); err != nil {
				return act{}, fmt.Errorf("read documents: %w", err)
			}
			change := FieldChange{string(document), clause.Text(d.Interpretation), clause.Text(nodes)}
			if _, err := s.correct(ctx, tx, c, by, explanation, []FieldChange{change}); err != nil {
				return act{}, err
			}
		}
		if err := replaceDocument(ctx, tx, id, string(document), nodes); err != nil {
			return act{}, err
		}
		return act{by.Signature, by.Role, "save_import", fmt.Sprintf("%s, %d nodes", document, len(nodes))}, touch(ctx, tx, id)
	})
}

// imports asks for the permission and the document, as every act of an import does.
func (s *Store) imports(ctx context.Context, by Actor, id string, document Document, fn func(tx pgx.Tx, c *Consultation) (act, error)) error {
	switch {
	case !by.Edit:
		return apperr.ErrForbidden
	case document != DraftDocument && document != InterpretationDocument:
		return apperr.ErrNotFound
	}
	return s.change(ctx, id, fn)
}

// takeImport builds the nodes of the working copy and takes the copy away.
func takeImport(ctx context.Context, tx pgx.Tx, id string, document Document, stamp uuid.UUID, known []string) ([]clause.Node, error) {
	if _, err := stamped(ctx, tx, id, document, stamp); err != nil {
		return nil, err
	}
	var rows []clause.Row
	err := tx.QueryRow(ctx, `DELETE FROM draft_import WHERE consultation_id = $1 AND document = $2 RETURNING rows`, id, document).Scan(&rows)
	if err != nil {
		return nil, fmt.Errorf("take the import: %w", err)
	}
	nodes, _ := clause.Build(rows, known)
	numbers := map[int]bool{}
	for _, n := range nodes {
		if n.Kind == clause.Clause {
			numbers[n.Number] = true
		}
	}
	if document == DraftDocument && len(numbers) == 0 {
		return nil, invalid("text", validate.DraftWithoutClause)
	}
	return nodes, nil
}

// stamped locks a working copy and asks whether it still is the one shown; it returns its source.
func stamped(ctx context.Context, tx pgx.Tx, id string, document Document, stamp uuid.UUID) (source string, err error) {
	var now uuid.UUID
	err = tx.QueryRow(ctx, `
		SELECT stamp, source FROM draft_import WHERE consultation_id = $1 AND document = $2 FOR UPDATE`, id, document).Scan(&now, &source)
	if errors.Is(err, pgx.ErrNoRows) || err == nil && now != stamp {
		return "", apperr.ErrConflict
	}
	return source, err
}

func (s *Store) keepRows(ctx context.Context, tx pgx.Tx, by Actor, id string, document Document, rows []clause.Row, source string) (stamp uuid.UUID, err error) {
	stamp, err = uuid.NewV7()
	if err != nil {
		return stamp, fmt.Errorf("make a stamp: %w", err)
	}
	content, err := json.Marshal(rows)
	if err != nil {
		return stamp, fmt.Errorf("write the rows: %w", err)
	}
	_, err = tx.Exec(ctx, `
		INSERT INTO draft_import (consultation_id, document, rows, source, stamp, saved_at, saved_by)
		VALUES ($1, $2, $3, $4, $5, $6, $7)
		ON CONFLICT (consultation_id, document) DO UPDATE
		   SET rows = excluded.rows, source = excluded.source, stamp = excluded.stamp, saved_at = excluded.saved_at,
		       saved_by = excluded.saved_by`, id, document, content, source, stamp, s.Now(), by.Signature)
	return stamp, err
}

// checkRows refuses what could not be shown or stored.
func checkRows(rows []clause.Row) error {
	switch {
	case len(rows) == 0:
		return invalid("text", validate.DraftEmpty)
	case len(rows) > ImportRowsMost:
		return invalid("text", validate.DraftLong(ImportRowsMost))
	}
	for i, r := range rows {
		if _, ok := validate.Text(r.Text); !ok {
			return invalid(fmt.Sprintf("text-%d", i+1), validate.DraftUndisplayable(i+1))
		}
		if !slices.Contains(clause.RowTypes, r.Type) {
			return invalid(fmt.Sprintf("type-%d", i+1), validate.DraftRowType)
		}
	}
	return nil
}
