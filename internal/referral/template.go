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
	"github.com/jackc/pgx/v5/pgconn"
)

// Template is a wording to begin an answer with; 【】 marks what must be filled in.
type Template struct {
	ID        uuid.UUID // zero: a new one
	Name      string
	Body      string
	Version   int
	ChangedBy string
	ChangedAt time.Time
}

const templatesMost = 200

// Templates lists the wordings by name.
func (s *Store) Templates(ctx context.Context, by staff.Member) ([]Template, error) {
	if !by.Can(staff.Answer) {
		return nil, apperr.ErrForbidden
	}
	rows, err := s.DB.Query(ctx, `
		SELECT id, name, body, version, changed_by, changed_at
		  FROM answer_template
		 WHERE disabled_at IS NULL
		 ORDER BY name
		 LIMIT $1`, templatesMost)
	if err != nil {
		return nil, fmt.Errorf("list templates: %w", err)
	}
	list, err := pgx.CollectRows(rows, pgx.RowToStructByPos[Template])
	if err != nil {
		return nil, fmt.Errorf("list templates: %w", err)
	}
	return list, nil
}

// PutTemplate adds a wording, or changes the one of its id and version. *apperr.Conflict: someone else changed it meanwhile.
func (s *Store) PutTemplate(ctx context.Context, by staff.Member, t Template) error {
	if !by.Can(staff.Answer) {
		return apperr.ErrForbidden
	}
	var wrong apperr.Invalid
	var problem *apperr.Problem
	if t.Name, problem = words("name", "模板名称", t.Name, 2, 50); problem != nil {
		wrong.Problems = append(wrong.Problems, *problem)
	}
	if t.Body, problem = words("body", "模板内容", t.Body, 10, answerMost); problem != nil {
		wrong.Problems = append(wrong.Problems, *problem)
	}
	if len(wrong.Problems) > 0 {
		return &wrong
	}
	at := s.now()
	return s.DB.InTx(ctx, func(tx pgx.Tx) error {
		err := putTemplate(ctx, tx, by, t, at)
		var pg *pgconn.PgError
		if errors.As(err, &pg) && pg.ConstraintName == "answer_template_name_key" {
			return invalid("name", validate.TemplateTaken)
		}
		if err != nil {
			return err
		}
		return audit.Record(ctx, tx, audit.Entry{
			At: at, Actor: by.Signature(), Role: string(by.Role), Action: "answer.template", Subject: t.Name,
		})
	})
}

func putTemplate(ctx context.Context, tx pgx.Tx, by staff.Member, t Template, at time.Time) error {
	if t.ID == uuid.Nil {
		id, err := uuid.NewV7()
		if err != nil {
			return fmt.Errorf("make a template id: %w", err)
		}
		_, err = tx.Exec(ctx, `
			INSERT INTO answer_template (id, name, body, changed_by, changed_at)
			VALUES ($1, $2, $3, $4, $5)`, id, t.Name, t.Body, by.Name, at)
		if err != nil {
			return fmt.Errorf("add a template: %w", err)
		}
		return nil
	}
	done, err := tx.Exec(ctx, `
		UPDATE answer_template
		   SET name = $3, body = $4, version = version + 1, changed_by = $5, changed_at = $6
		 WHERE id = $1 AND version = $2`, t.ID, t.Version, t.Name, t.Body, by.Name, at)
	if err != nil {
		return fmt.Errorf("change template %s: %w", t.ID, err)
	}
	if done.RowsAffected() > 0 {
		return nil
	}
	conflict := &apperr.Conflict{}
	err = tx.QueryRow(ctx, `SELECT changed_by, changed_at FROM answer_template WHERE id = $1`, t.ID).Scan(&conflict.By, &conflict.At)
	if errors.Is(err, pgx.ErrNoRows) {
		return apperr.ErrNotFound
	}
	if err != nil {
		return fmt.Errorf("read template %s: %w", t.ID, err)
	}
	return conflict
}
