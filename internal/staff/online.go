package staff

import (
	"context"
	"errors"
	"fmt"
	"time"

	"wenji/internal/apperr"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
)

// Online is one session that is open.
type Online struct {
	ID        uuid.UUID
	MemberID  uuid.UUID
	Username  string
	Name      string
	Role      Role
	Address   string
	CreatedAt time.Time
	SeenAt    time.Time
	Present   bool // the session that asks
}

const onlineMost = 500

const onlineColumns = `
	SELECT s.id, m.id, m.username, m.name, m.role, s.address, s.created_at, s.seen_at, s.token_digest = $3
	  FROM session s JOIN member m ON m.id = s.member_id
	 WHERE s.expires_at > $1 AND s.seen_at > $2`

// OwnSessions lists the member's open sessions, the latest used first; token is that of the present one.
func (s *Store) OwnSessions(ctx context.Context, m Member, token string) ([]Online, error) {
	return s.online(ctx, onlineColumns+` AND s.member_id = $4 ORDER BY s.seen_at DESC, s.id LIMIT $5`, token, m.ID)
}

// Sessions lists everyone's open sessions, the latest used first. apperr.ErrForbidden.
func (s *Store) Sessions(ctx context.Context, by Member, token string) ([]Online, error) {
	if !by.Can(ManageSecurity) {
		return nil, apperr.ErrForbidden
	}
	return s.online(ctx, onlineColumns+` AND $4::uuid IS NOT NULL ORDER BY s.seen_at DESC, s.id LIMIT $5`, token, by.ID)
}

func (s *Store) online(ctx context.Context, sql, token string, id uuid.UUID) ([]Online, error) {
	now := s.now()
	rows, err := s.DB.Query(ctx, sql, now, now.Add(-SessionIdle), tokenDigest(token), id, onlineMost)
	if err != nil {
		return nil, fmt.Errorf("list sessions: %w", err)
	}
	list, err := pgx.CollectRows(rows, pgx.RowToStructByPos[Online])
	if err != nil {
		return nil, fmt.Errorf("list sessions: %w", err)
	}
	return list, nil
}

// EndSession ends one session of anyone (强制下线). Errors: apperr.ErrForbidden; apperr.ErrNotFound when it has ended.
func (s *Store) EndSession(ctx context.Context, by Member, id uuid.UUID) error {
	if !by.Can(ManageSecurity) {
		return apperr.ErrForbidden
	}
	return s.DB.InTx(ctx, func(tx pgx.Tx) error {
		var m Member
		err := tx.QueryRow(ctx, `
			DELETE FROM session s
			 USING member m
			 WHERE s.id = $1 AND m.id = s.member_id
			RETURNING m.id, m.username`, id).Scan(&m.ID, &m.Username)
		if errors.Is(err, pgx.ErrNoRows) {
			return apperr.ErrNotFound
		}
		if err != nil {
			return fmt.Errorf("end session %s: %w", id, err)
		}
		return s.recordBy(ctx, tx, by, "staff.session_end", m, "")
	})
}

// EndOtherSessions signs the member out everywhere but where token is held.
func (s *Store) EndOtherSessions(ctx context.Context, m Member, token string) error {
	return s.DB.InTx(ctx, func(tx pgx.Tx) error {
		if err := endOthers(ctx, tx, m.ID, token); err != nil {
			return err
		}
		return s.recordBy(ctx, tx, m, "staff.session_end", m, "")
	})
}

func endOthers(ctx context.Context, tx pgx.Tx, id uuid.UUID, token string) error {
	if _, err := tx.Exec(ctx, `DELETE FROM session WHERE member_id = $1 AND token_digest <> $2`, id, tokenDigest(token)); err != nil {
		return fmt.Errorf("end the other sessions of member %s: %w", id, err)
	}
	return nil
}
