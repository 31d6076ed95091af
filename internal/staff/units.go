package staff

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"wenji/internal/apperr"
	"wenji/internal/audit"
	"wenji/internal/validate"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
)

// Unit is a department that comments are handed over to (责任单位).
type Unit struct {
	ID       uuid.UUID
	Name     string
	Aliases  []string // other names by which documents call it
	Disabled bool     // no longer offered; what was handed to it stays
}

const unitsMost = 1000

// Units lists the departments by name, disabled ones too.
func (s *Store) Units(ctx context.Context) ([]Unit, error) {
	rows, err := s.DB.Query(ctx, `
		SELECT id, name, aliases, disabled_at IS NOT NULL
		  FROM unit
		 ORDER BY name
		 LIMIT $1`, unitsMost)
	if err != nil {
		return nil, fmt.Errorf("list units: %w", err)
	}
	units, err := pgx.CollectRows(rows, pgx.RowToStructByPos[Unit])
	if err != nil {
		return nil, fmt.Errorf("list units: %w", err)
	}
	return units, nil
}

// EnsureUnits makes a department exist for each name that is no name and no alias of one yet.
func (s *Store) EnsureUnits(ctx context.Context, names []string) error {
	err := s.DB.InTx(ctx, func(tx pgx.Tx) error {
		for _, name := range names {
			_, err := tx.Exec(ctx, `
				INSERT INTO unit (id, name)
				SELECT $1, $2
				 WHERE NOT EXISTS (SELECT FROM unit WHERE name = $2 OR $2 = ANY (aliases))
				ON CONFLICT DO NOTHING`, uuid.New(), name)
			if err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("make units: %w", err)
	}
	return nil
}

// SetUnit gives a member a department by its name; "" takes it away. apperr.ErrNotFound: no such member or unit.
func (s *Store) SetUnit(ctx context.Context, username, unit string) error {
	var id *uuid.UUID
	if unit != "" {
		err := s.DB.QueryRow(ctx, `SELECT id FROM unit WHERE name = $1`, unit).Scan(&id)
		if errors.Is(err, pgx.ErrNoRows) {
			return apperr.ErrNotFound
		}
		if err != nil {
			return fmt.Errorf("look for a unit: %w", err)
		}
	}
	done, err := s.DB.Exec(ctx, `UPDATE member SET unit_id = $2 WHERE username = $1`, FoldUsername(username), id)
	if err != nil {
		return fmt.Errorf("set a member's unit: %w", err)
	}
	if done.RowsAffected() == 0 {
		return apperr.ErrNotFound
	}
	return nil
}

// UnitForm is what is typed about a unit.
type UnitForm struct {
	Name    string
	Aliases []string
}

const aliasesMost = 20

func (u *UnitForm) clean() error {
	name, ok := validate.Line(u.Name)
	if n := validate.Length(name); !ok || n < 2 || n > 50 {
		return problem("name", validate.UnitName)
	}
	u.Name = name
	aliases := []string{}
	for _, a := range u.Aliases {
		a, ok := validate.Line(a)
		if a == "" && ok || a == name || slices.Contains(aliases, a) {
			continue
		}
		if n := validate.Length(a); !ok || n < 2 || n > 50 {
			return problem("aliases", validate.UnitAlias)
		}
		aliases = append(aliases, a)
	}
	if len(aliases) > aliasesMost {
		return problem("aliases", validate.UnitAlias)
	}
	u.Aliases = aliases
	return nil
}

// AddUnit adds a department. Errors: apperr.ErrForbidden; *apperr.Invalid on name or aliases.
func (s *Store) AddUnit(ctx context.Context, by Member, u UnitForm) error {
	return s.writeUnit(ctx, by, uuid.New(), u, "unit.add", `
		INSERT INTO unit (id, name, aliases) VALUES ($1, $2, $3)`)
}

// ChangeUnit gives a department another name or other aliases. Errors as of AddUnit; apperr.ErrNotFound.
func (s *Store) ChangeUnit(ctx context.Context, by Member, id uuid.UUID, u UnitForm) error {
	return s.writeUnit(ctx, by, id, u, "unit.change", `
		UPDATE unit SET name = $2, aliases = $3 WHERE id = $1`)
}

func (s *Store) writeUnit(ctx context.Context, by Member, id uuid.UUID, u UnitForm, action, sql string) error {
	if !by.Can(ManageUnits) {
		return apperr.ErrForbidden
	}
	if err := u.clean(); err != nil {
		return err
	}
	return s.change(ctx, func(tx pgx.Tx) error {
		var taken bool
		err := tx.QueryRow(ctx, `
			SELECT EXISTS (SELECT FROM unit WHERE id <> $1 AND (name = ANY ($2) OR aliases && $2))`,
			id, append([]string{u.Name}, u.Aliases...)).Scan(&taken)
		if err != nil {
			return fmt.Errorf("look for units of the same name: %w", err)
		}
		if taken {
			return problem("name", validate.UnitTaken)
		}
		done, err := tx.Exec(ctx, sql, id, u.Name, u.Aliases)
		if err != nil {
			return fmt.Errorf("write unit %s: %w", id, err)
		}
		if done.RowsAffected() == 0 {
			return apperr.ErrNotFound
		}
		return s.recordUnit(ctx, tx, by, action, u.Name, strings.Join(u.Aliases, " "))
	})
}

// SetUnitDisabled takes a department from the lists, or puts it there again. Errors: apperr.ErrForbidden;
// apperr.ErrNotFound.
func (s *Store) SetUnitDisabled(ctx context.Context, by Member, id uuid.UUID, disabled bool) error {
	if !by.Can(ManageUnits) {
		return apperr.ErrForbidden
	}
	return s.change(ctx, func(tx pgx.Tx) error {
		var name string
		err := tx.QueryRow(ctx, `
			UPDATE unit
			   SET disabled_at = CASE WHEN $2 THEN coalesce(disabled_at, $3) END
			 WHERE id = $1
			RETURNING name`, id, disabled, s.now()).Scan(&name)
		if errors.Is(err, pgx.ErrNoRows) {
			return apperr.ErrNotFound
		}
		if err != nil {
			return fmt.Errorf("disable or enable unit %s: %w", id, err)
		}
		action := "unit.enable"
		if disabled {
			action = "unit.disable"
		}
		return s.recordUnit(ctx, tx, by, action, name, "")
	})
}

func (s *Store) recordUnit(ctx context.Context, tx pgx.Tx, by Member, action, name, detail string) error {
	return audit.Record(ctx, tx, audit.Entry{
		At: s.now(), Actor: by.Signature(), Role: string(by.Role), Action: action, Subject: name, Detail: detail,
	})
}
