package consultation

import (
	"context"
	"errors"
	"fmt"
	"time"

	"wenji/internal/announce"
	"wenji/internal/apperr"
	"wenji/internal/audit"
	"wenji/internal/clause"
	"wenji/internal/validate"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

// Import stores what ReadSource read, whole or not at all: the consultation, its documents with a new id for each node,
// its files and its counts. An id that is taken is apperr.ErrConflict.
func (s *Store) Import(ctx context.Context, actor string, in Source) error {
	in.Stage = StagePublished
	err := s.DB.InTx(ctx, func(tx pgx.Tx) error {
		if err := insert(ctx, tx, in.Consultation); err != nil {
			return err
		}
		if err := insertNodes(ctx, tx, in.ID, "draft", in.Draft); err != nil {
			return err
		}
		if err := insertNodes(ctx, tx, in.ID, "interpretation", in.Interpretation); err != nil {
			return err
		}
		for i, f := range in.Files {
			_, err := tx.Exec(ctx, `
				INSERT INTO attachment (consultation_id, name, title, media_type, ordinal, size, content)
				VALUES ($1, $2, $3, $4, $5, $6, $7)`, in.ID, f.Name, f.Title, f.MediaType, i+1, len(f.Content), f.Content)
			if err != nil {
				return fmt.Errorf("store attachment %s: %w", f.Name, err)
			}
		}
		if _, err := tx.Exec(ctx, `INSERT INTO comment_count (consultation_id) VALUES ($1)`, in.ID); err != nil {
			return fmt.Errorf("store counts: %w", err)
		}
		return s.record(ctx, tx, in.ID, act{actor, roleOperator, "import", in.Title})
	})
	var pg *pgconn.PgError
	if errors.As(err, &pg) && pg.Code == "23505" && pg.ConstraintName == "consultation_pkey" {
		return fmt.Errorf("import %s: %w", in.ID, apperr.ErrConflict)
	}
	if err != nil {
		return fmt.Errorf("import %s: %w", in.ID, err)
	}
	return nil
}

func insert(ctx context.Context, tx pgx.Tx, c Consultation) error {
	_, err := tx.Exec(ctx, `
		INSERT INTO consultation (id, stage, concerns_business, kind, title, headline, unit, source, editor, published_on, opens_at, closes_at,
		       short_period_reason, result_expected, publication, id_number_rule, phone_rule, email_rule, contact_phone,
		       contact_email, mail_subject, notice)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21, $22)`,
		c.ID, string(c.Stage), c.ConcernsBusiness, c.Kind, c.Title, c.Headline, c.Unit, c.Source, c.Editor, c.PublishedOn, c.OpensAt, c.ClosesAt,
		c.ShortPeriodReason, c.ResultExpected, c.Publication, c.IDNumberRule, c.PhoneRule, c.EmailRule, c.ContactPhone,
		c.ContactEmail, c.MailSubject, c.Notice)
	if err != nil {
		return fmt.Errorf("store consultation: %w", err)
	}
	return nil
}

func insertNodes(ctx context.Context, tx pgx.Tx, id, document string, nodes []clause.Node) error {
	rows := make([][]any, len(nodes))
	for i, n := range nodes {
		key := n.ID // of a clause that lasts from the version before
		if key == uuid.Nil {
			var err error
			if key, err = uuid.NewV7(); err != nil {
				return fmt.Errorf("make a clause id: %w", err)
			}
		}
		units := n.Units
		if units == nil {
			units = []string{}
		}
		rows[i] = []any{key, id, document, i + 1, string(n.Kind), n.Number, n.Label, n.Title, n.Body, units, n.UnitsNote}
	}
	_, err := tx.CopyFrom(ctx, pgx.Identifier{"clause"}, []string{"id", "consultation_id", "document", "ordinal", "kind",
		"number", "label", "title", "body", "units", "units_note"}, pgx.CopyFromRows(rows))
	if err != nil {
		return fmt.Errorf("store %s: %w", document, err)
	}
	return nil
}

// ResetPeriod takes all extensions and early ends back: the first closing instant stands again. Without an extension it does nothing.
// Errors: apperr.ErrNotFound.
func (s *Store) ResetPeriod(ctx context.Context, actor, id string) error {
	return s.change(ctx, id, func(tx pgx.Tx, c *Consultation) (act, error) {
		if c.OriginalClosesAt == nil {
			return act{}, nil
		}
		_, err := tx.Exec(ctx, `
			UPDATE consultation
			   SET closes_at = original_closes_at, original_closes_at = NULL, extension_reason = '', extended_on = NULL,
			       ended_early_at = NULL, early_end_reason = '', version = version + 1
			 WHERE id = $1`, id)
		if err == nil {
			_, err = tx.Exec(ctx, `DELETE FROM period_change WHERE consultation_id = $1 AND kind <> 'withdrawal'`, id)
		}
		return act{actor, roleOperator, "reset_period", fmt.Sprintf("from %s to %s", stamp(c.ClosesAt), stamp(*c.OriginalClosesAt))}, err
	})
}

// SetPublication says how comments get past the queue from now on. What is set already is not set again.
//
// Errors: apperr.ErrForbidden; *apperr.Invalid on publication for Instant of another kind than 省政府文件 and for unknown values;
// apperr.ErrNotFound.
func (s *Store) SetPublication(ctx context.Context, by Actor, id string, p Publication) error {
	if !by.SetPublication {
		return apperr.ErrForbidden
	}
	return s.change(ctx, id, func(tx pgx.Tx, c *Consultation) (act, error) {
		switch {
		case p != AfterReview && (p != Instant || c.Kind != NormativeDocument):
			return act{}, invalid("publication", validate.InstantRefused)
		case p == c.Publication:
			return act{}, nil
		}
		_, err := tx.Exec(ctx, `UPDATE consultation SET publication = $2, version = version + 1 WHERE id = $1`, id, string(p))
		return act{by.Signature, by.Role, "set_publication", fmt.Sprintf("from %s to %s", c.Publication, p)}, err
	})
}

// roleOperator is the role, in the record, of whoever runs the program.
const roleOperator = "operator"

// act is what the record keeps of a change; an act without a name changed nothing.
type act struct{ actor, role, name, detail string }

// change is one write to one consultation, with its record and its announcement to the page caches. fn sees the
// consultation locked against other changes.
func (s *Store) change(ctx context.Context, id string, fn func(tx pgx.Tx, c *Consultation) (act, error)) error {
	err := s.DB.InTx(ctx, func(tx pgx.Tx) error {
		if _, err := tx.Exec(ctx, `SELECT FROM consultation WHERE id = $1 FOR NO KEY UPDATE`, readable(id)); err != nil {
			return err
		}
		c, err := read(ctx, tx, id)
		if err != nil {
			return err
		}
		a, err := fn(tx, c)
		if err != nil || a.name == "" {
			return err
		}
		return s.record(ctx, tx, id, a)
	})
	if err != nil {
		return fmt.Errorf("change consultation %q: %w", id, err)
	}
	return nil
}

func (s *Store) record(ctx context.Context, tx pgx.Tx, id string, a act) error {
	err := audit.Record(ctx, tx, audit.Entry{
		At: s.Now(), Actor: a.actor, Role: a.role, Action: "consultation." + a.name, ConsultationID: id,
		Subject: "consultation " + id, Detail: a.detail,
	})
	if err != nil {
		return err
	}
	return announce.Changed(ctx, tx, id)
}

func invalid(field, sentence string) error {
	return &apperr.Invalid{Problems: []apperr.Problem{{Field: field, Message: sentence}}}
}

func stamp(t time.Time) string { return t.In(Shanghai).Format(time.RFC3339) }
