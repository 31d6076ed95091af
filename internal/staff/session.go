package staff

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"time"

	"wenji/internal/apperr"
	"wenji/internal/audit"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
)

// Lives of a session.
const (
	SessionIdle = 30 * time.Minute // without a request
	SessionMost = 8 * time.Hour    // in all
	touchEvery  = time.Minute
)

const tokenBytes = 32

// open starts a session for an account whose password and code were right. The token is empty when the code has been
// used before, or the account was disabled or given another password a moment ago.
func (s *Store) open(ctx context.Context, a account, step int64) (token string, err error) {
	raw := make([]byte, tokenBytes)
	if _, err := rand.Read(raw); err != nil {
		return "", fmt.Errorf("make a session token: %w", err)
	}
	at := s.now()
	err = s.DB.InTx(ctx, func(tx pgx.Tx) error {
		token = ""
		if a.Must != MustEnrol && !a.proven {
			fresh, err := useStep(ctx, tx, a.ID, step)
			if err != nil || !fresh {
				return err
			}
		}
		done, err := tx.Exec(ctx, `
			UPDATE member
			   SET last_login_at = $2
			 WHERE id = $1 AND password_hash = $3 AND role = $4 AND disabled_at IS NULL`, a.ID, at, a.hash, a.Role)
		if err != nil {
			return fmt.Errorf("note the sign-in of member %s: %w", a.ID, err)
		}
		if done.RowsAffected() == 0 {
			return nil
		}
		token = base64.RawURLEncoding.EncodeToString(raw)
		_, err = tx.Exec(ctx, `
			INSERT INTO session (token_digest, member_id, created_at, seen_at, expires_at, previous_login_at, id, address)
			VALUES ($1, $2, $3, $3, $4, $5, $6, $7)`,
			tokenDigest(token), a.ID, at, at.Add(SessionMost), a.LastLoginAt, uuid.New(), network(a.address))
		if err != nil {
			return fmt.Errorf("open a session of member %s: %w", a.ID, err)
		}
		return audit.Record(ctx, tx, audit.Entry{
			At: at, Actor: a.Signature(), Role: string(a.Role), Action: "staff.sign_in", Subject: a.Username,
		})
	})
	if err != nil {
		return "", err
	}
	return token, nil
}

// Session returns who holds the token, or apperr.ErrNotFound: no such session, signed out, idle for 30 minutes, older
// than 8 hours, or its member disabled. It notes at most once a minute that the session is in use.
func (s *Store) Session(ctx context.Context, token string) (Member, error) {
	now := s.now()
	digest := tokenDigest(token)
	var m Member
	var seen time.Time
	err := s.DB.QueryRow(ctx, `
		SELECT m.id, m.username, m.name, CASE WHEN m.held THEN '' ELSE m.role END,
		       coalesce(m.unit_id, '00000000-0000-0000-0000-000000000000'),
		       coalesce(u.name, ''), s.previous_login_at, s.seen_at,
		       CASE WHEN m.must_enrol THEN 'enrol'
		            WHEN m.password_set_at < $2::timestamptz - make_interval(days => expiry.days) AND expiry.days > 0 THEN 'password'
		            ELSE '' END
		  FROM session s JOIN member m ON m.id = s.member_id LEFT JOIN unit u ON u.id = m.unit_id
		       CROSS JOIN (SELECT coalesce((SELECT value FROM setting WHERE name = 'password_days'), $4::integer) AS days) AS expiry
		 WHERE s.token_digest = $1 AND s.expires_at > $2 AND s.seen_at > $3 AND m.disabled_at IS NULL`,
		digest, now, now.Add(-SessionIdle), StandardRules.Days).
		Scan(&m.ID, &m.Username, &m.Name, &m.Role, &m.UnitID, &m.UnitName, &m.LastLoginAt, &seen, &m.Must)
	if errors.Is(err, pgx.ErrNoRows) {
		return Member{}, apperr.ErrNotFound
	}
	if err != nil {
		return Member{}, fmt.Errorf("look for a session: %w", err)
	}
	if now.Sub(seen) < touchEvery {
		return m, nil
	}
	_, err = s.DB.Exec(ctx, `
		UPDATE session
		   SET seen_at = $2
		 WHERE token_digest = $1 AND seen_at < $2`, digest, now)
	if err != nil {
		return Member{}, fmt.Errorf("touch a session of member %s: %w", m.ID, err)
	}
	return m, nil
}

// SignOut ends the session; a token that opens none is no error.
func (s *Store) SignOut(ctx context.Context, token string) error {
	return s.DB.InTx(ctx, func(tx pgx.Tx) error {
		var m Member
		err := tx.QueryRow(ctx, `
			DELETE FROM session s
			 USING member m
			 WHERE s.token_digest = $1 AND m.id = s.member_id
			RETURNING m.id, m.username, m.name, m.role`, tokenDigest(token)).
			Scan(&m.ID, &m.Username, &m.Name, &m.Role)
		if errors.Is(err, pgx.ErrNoRows) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("end a session: %w", err)
		}
		return audit.Record(ctx, tx, audit.Entry{
			At: s.now(), Actor: m.Signature(), Role: string(m.Role), Action: "staff.sign_out", Subject: m.Username,
		})
	})
}

// PurgeSessions deletes sessions that no longer open, at most 1,000 at a time, and returns how many it did.
func (s *Store) PurgeSessions(ctx context.Context) (int, error) {
	now := s.now()
	done, err := s.DB.Exec(ctx, `
		DELETE FROM session
		 WHERE token_digest IN (SELECT token_digest
		                          FROM session
		                         WHERE expires_at <= $1 OR seen_at <= $2
		                         LIMIT 1000
		                           FOR UPDATE SKIP LOCKED)`, now, now.Add(-SessionIdle))
	if err != nil {
		return 0, fmt.Errorf("purge sessions: %w", err)
	}
	return int(done.RowsAffected()), nil
}

// endSessions signs a member out everywhere.
func endSessions(ctx context.Context, tx pgx.Tx, id uuid.UUID) error {
	if _, err := tx.Exec(ctx, `DELETE FROM session WHERE member_id = $1`, id); err != nil {
		return fmt.Errorf("end the sessions of member %s: %w", id, err)
	}
	return nil
}

// tokenDigest is what the table holds of a token, so that who reads the table cannot sign in.
func tokenDigest(token string) []byte {
	sum := sha256.Sum256([]byte(token))
	return sum[:]
}
