package consultation

import (
	"context"
	"errors"
	"fmt"
	"time"

	"wenji/internal/apperr"
	"wenji/internal/audit"
	"wenji/internal/clause"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

// Import stores a new consultation with its documents and files. An id that is taken is apperr.ErrConflict, and nothing
// is changed.
func (s *Store) Import(ctx context.Context, actor string, in Source) error {
	err := s.DB.InTx(ctx, func(tx pgx.Tx) error {
		if err := insert(ctx, tx, in.Consultation); err != nil {
			return err
		}
		for document, nodes := range map[string][]clause.Node{"draft": in.Draft, "interpretation": in.Interpretation} {
			if err := insertNodes(ctx, tx, in.ID, document, nodes); err != nil {
				return err
			}
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
		return s.record(ctx, tx, actor, "import", in.ID, in.Title)
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
		INSERT INTO consultation (id, kind, title, headline, unit, source, editor, published_on, opens_at, closes_at,
		       short_period_reason, result_expected, publication, id_number_rule, phone_rule, email_rule, contact_phone,
		       contact_email, mail_subject, notice)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20)`,
		c.ID, c.Kind, c.Title, c.Headline, c.Unit, c.Source, c.Editor, c.PublishedOn, c.OpensAt, c.ClosesAt,
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
		key, err := uuid.NewV7()
		if err != nil {
			return fmt.Errorf("make a clause id: %w", err)
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

// Extend moves the closing instant; the notice prints the first one, the new one and the reason. closesAt is exclusive
// and must be later than the present one.
func (s *Store) Extend(ctx context.Context, actor, id string, closesAt time.Time, reason string) error {
	return s.change(ctx, actor, "extend", id, closesAt.In(Shanghai).Format(time.RFC3339), `
		UPDATE consultation
		   SET original_closes_at = coalesce(original_closes_at, closes_at), closes_at = $2, extension_reason = $3,
		       extended_on = $4, version = version + 1
		 WHERE id = $1 AND closes_at < $2`, id, closesAt, reason, s.Now().In(Shanghai))
}

// ResetPeriod takes an extension back: the first closing instant stands again.
func (s *Store) ResetPeriod(ctx context.Context, actor, id string) error {
	return s.change(ctx, actor, "reset period", id, "", `
		UPDATE consultation
		   SET closes_at = coalesce(original_closes_at, closes_at), original_closes_at = NULL, extension_reason = '',
		       extended_on = NULL, version = version + 1
		 WHERE id = $1`, id)
}

// SetPublication says how comments get past the queue from now on. Instant is for 省政府文件 alone; for another kind it
// is apperr.ErrConflict, like an id that is not there.
func (s *Store) SetPublication(ctx context.Context, actor, id string, p Publication) error {
	return s.change(ctx, actor, "set publication", id, string(p), `
		UPDATE consultation
		   SET publication = $2, version = version + 1
		 WHERE id = $1 AND ($2 = 'after_review' OR ($2 = 'instant' AND kind = 'normative_document'))`, id, string(p))
}

// change is one write to one consultation with its audit entry and its announcement.
func (s *Store) change(ctx context.Context, actor, action, id, detail, sql string, args ...any) error {
	err := s.DB.InTx(ctx, func(tx pgx.Tx) error {
		done, err := tx.Exec(ctx, sql, args...)
		if err != nil {
			return err
		}
		if done.RowsAffected() == 0 {
			return apperr.ErrConflict
		}
		return s.record(ctx, tx, actor, action, id, detail)
	})
	if err != nil {
		return fmt.Errorf("%s of %s: %w", action, id, err)
	}
	return nil
}

func (s *Store) record(ctx context.Context, tx pgx.Tx, actor, action, id, detail string) error {
	err := audit.Record(ctx, tx, audit.Entry{
		At: s.Now(), Actor: actor, Role: "editor", Action: "consultation." + action, ConsultationID: id,
		Subject: "consultation " + id, Detail: detail,
	})
	if err != nil {
		return err
	}
	if _, err := tx.Exec(ctx, `SELECT pg_notify('wenji_changed', $1)`, id); err != nil {
		return fmt.Errorf("announce the change: %w", err)
	}
	return nil
}
