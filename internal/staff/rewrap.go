package staff

import (
	"context"
	"errors"
	"fmt"

	"wenji/internal/vault"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
)

// memberSecret is a sealed second factor.
type memberSecret struct {
	ID     uuid.UUID
	Sealed []byte
}

func (s *Store) secrets(ctx context.Context, tx pgx.Tx, after uuid.UUID, most int) ([]memberSecret, error) {
	rows, err := tx.Query(ctx, `
		SELECT id, totp_secret
		  FROM member
		 WHERE id > $1 AND length(totp_secret) > 0
		 ORDER BY id
		 LIMIT $2
		   FOR NO KEY UPDATE`, after, most)
	if err != nil {
		return nil, fmt.Errorf("read second factors: %w", err)
	}
	list, err := pgx.CollectRows(rows, pgx.RowToStructByPos[memberSecret])
	if err != nil {
		return nil, fmt.Errorf("read second factors: %w", err)
	}
	return list, nil
}

// secretsMost is the most members that StaleSecrets looks through.
const secretsMost = 10000

// StaleSecrets counts the second factors that another key than the active one sealed.
func (s *Store) StaleSecrets(ctx context.Context, tx pgx.Tx) (int, error) {
	rows, err := tx.Query(ctx, `SELECT id, totp_secret FROM member WHERE length(totp_secret) > 0 ORDER BY id LIMIT $1`, secretsMost)
	if err != nil {
		return 0, fmt.Errorf("read second factors: %w", err)
	}
	list, err := pgx.CollectRows(rows, pgx.RowToStructByPos[memberSecret])
	if err != nil {
		return 0, fmt.Errorf("read second factors: %w", err)
	}
	n := 0
	for _, m := range list {
		if _, changed, err := s.Keys.Box("totp").Renew(string(m.Sealed), m.ID.String()); err == nil && changed {
			n++
		}
	}
	return n, nil
}

// RewrapSecrets seals the next second factors behind after with the active key; see vault.KeyRing.Rewrap. Rows that need
// nothing are passed over.
func (s *Store) RewrapSecrets(ctx context.Context, tx pgx.Tx, after uuid.UUID, most int) (vault.Rewrapped, error) {
	done := vault.Rewrapped{Last: after}
	for {
		list, err := s.secrets(ctx, tx, done.Last, most)
		if err != nil || len(list) == 0 {
			return done, err
		}
		var (
			ids   [][16]byte
			fresh [][]byte
		)
		for _, m := range list {
			sealed, changed, err := s.Keys.Box("totp").Renew(string(m.Sealed), m.ID.String())
			switch {
			case errors.Is(err, vault.ErrSeal):
				done.Damaged++
				done.Rows++
			case err != nil:
				return done, err
			case changed:
				ids, fresh = append(ids, m.ID), append(fresh, []byte(sealed))
				done.Rows++
			}
		}
		done.Last = list[len(list)-1].ID
		if len(ids) > 0 {
			_, err := tx.Exec(ctx, `
				UPDATE member m
				   SET totp_secret = fresh.sealed
				  FROM unnest($1::uuid[], $2::bytea[]) AS fresh (id, sealed)
				 WHERE m.id = fresh.id`, ids, fresh)
			if err != nil {
				return done, fmt.Errorf("write second factors sealed anew: %w", err)
			}
		}
		if done.Rows > 0 {
			return done, nil
		}
	}
}
