package staff

import (
	"context"
	"errors"
	"fmt"

	"wenji/internal/apperr"

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
