package staff

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"
	"unicode"

	"wenji/internal/apperr"
	"wenji/internal/audit"
	"wenji/internal/validate"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
)

// ErrLastAdmin: the last 系统管理员, 安全管理员 or 审计员 who can act stays, and stays what one is.
var ErrLastAdmin = fmt.Errorf("the last administrator of a kind stays: %w", apperr.ErrConflict)

// Mistakes in what an administrator asked for.
var (
	ErrUsername = errors.New("a username is 2 to 32 letters, digits, dots, hyphens or underscores")
	ErrName     = errors.New("a display name is 1 to 50 characters")
	ErrRole     = errors.New("no such role")
)

// Credentials are shown once, when they are made; the database keeps a hash and a sealed secret.
type Credentials struct {
	Username   string
	Password   string
	TOTPSecret string // base32
	TOTPURL    string // otpauth://, for a QR code
}

// oneAtATime is the advisory lock under which members are added and changed: two replicas that start together do not
// both add the demo's, and two administrators do not disable each other at once.
const oneAtATime = `SELECT pg_advisory_xact_lock(hashtext('wenji/staff'))`

// Add makes a member with a random password and second factor, for by, who is named in the record. A username that is
// taken is apperr.ErrConflict.
func (s *Store) Add(ctx context.Context, by, username, name string, role Role) (Credentials, error) {
	username = FoldUsername(username)
	name, shown := validate.Line(name)
	switch {
	case !rightUsername(username):
		return Credentials{}, ErrUsername
	case !shown || name == "" || validate.Length(name) > 50:
		return Credentials{}, ErrName
	case !knownRole(role):
		return Credentials{}, ErrRole
	}
	c, hash, err := s.newCredentials(ctx, username)
	if err != nil {
		return Credentials{}, err
	}
	m := Member{ID: uuid.New(), Username: username, Name: name, Role: role}
	err = s.change(ctx, func(tx pgx.Tx) error {
		at := s.now()
		if err := insertMember(ctx, tx, m, hash, s.sealSecret(m.ID, c.TOTPSecret), at, &at); err != nil {
			return err
		}
		return s.record(ctx, tx, by, "staff.add", m)
	})
	if err != nil {
		return Credentials{}, err
	}
	return c, nil
}

// Reset gives a member a new password and second factor and ends all their sessions. A disabled member can sign in
// again. apperr.ErrNotFound: there is no such member.
func (s *Store) Reset(ctx context.Context, by, username string) (Credentials, error) {
	username = FoldUsername(username)
	c, hash, err := s.newCredentials(ctx, username)
	if err != nil {
		return Credentials{}, err
	}
	err = s.change(ctx, func(tx pgx.Tx) error {
		m, _, err := readMember(ctx, tx, username)
		if err != nil {
			return err
		}
		_, err = tx.Exec(ctx, `
			UPDATE member
			   SET password_hash = $2, totp_secret = $3, password_set_at = $4,
			       disabled_at = NULL, must_enrol = false, held = false
			 WHERE id = $1`, m.ID, hash, s.sealSecret(m.ID, c.TOTPSecret), s.now())
		if err != nil {
			return fmt.Errorf("reset member %s: %w", m.ID, err)
		}
		if err := endSessions(ctx, tx, m.ID); err != nil {
			return err
		}
		return s.record(ctx, tx, by, "staff.reset", m)
	})
	if err != nil {
		return Credentials{}, err
	}
	return c, nil
}

// Disable keeps a member from signing in and ends all their sessions. Disabling again changes nothing.
// apperr.ErrNotFound: there is no such member; ErrLastAdmin: nobody would be left to administer the portal.
func (s *Store) Disable(ctx context.Context, by, username string) error {
	return s.change(ctx, func(tx pgx.Tx) error {
		m, disabled, err := readMember(ctx, tx, FoldUsername(username))
		if err != nil || disabled {
			return err
		}
		if err := anotherOfKind(ctx, tx, m); err != nil {
			return err
		}
		if _, err := tx.Exec(ctx, `UPDATE member SET disabled_at = $2 WHERE id = $1`, m.ID, s.now()); err != nil {
			return fmt.Errorf("disable member %s: %w", m.ID, err)
		}
		if err := endSessions(ctx, tx, m.ID); err != nil {
			return err
		}
		return s.record(ctx, tx, by, "staff.disable", m)
	})
}

// Ensure makes the member exist with exactly this name, role, password and second-factor secret (base32), and able to
// sign in. It is for the demo's accounts. When all is so already, nothing changes and no session ends; otherwise the
// member's sessions end, unless only the name is new. Any number of replicas may call it at once.
func (s *Store) Ensure(ctx context.Context, username, name string, role Role, password, secret string) error {
	username = FoldUsername(username)
	if !knownRole(role) {
		return ErrRole
	}
	secret, _, err := newSecret(username, secret)
	if err != nil {
		return err
	}
	return s.change(ctx, func(tx pgx.Tx) error {
		m, disabled, err := readMember(ctx, tx, username)
		if errors.Is(err, apperr.ErrNotFound) {
			return s.ensureNew(ctx, tx, Member{ID: uuid.New(), Username: username, Name: name, Role: role}, password, secret)
		}
		if err != nil {
			return err
		}
		same, err := s.hasCredentials(ctx, tx, m.ID, password, secret)
		if err != nil {
			return err
		}
		if same && !disabled && m.Role == role {
			return s.rename(ctx, tx, m, name)
		}
		hash, err := hashPassword(ctx, password)
		if err != nil {
			return err
		}
		_, err = tx.Exec(ctx, `
			UPDATE member
			   SET name = $2, role = $3, password_hash = $4, totp_secret = $5, password_set_at = NULL,
			       disabled_at = NULL, must_enrol = false, held = false
			 WHERE id = $1`, m.ID, name, role, hash, s.sealSecret(m.ID, secret))
		if err != nil {
			return fmt.Errorf("reset member %s: %w", m.ID, err)
		}
		if err := endSessions(ctx, tx, m.ID); err != nil {
			return err
		}
		m.Name, m.Role = name, role
		return s.record(ctx, tx, "demo", "staff.reset", m)
	})
}

func (s *Store) ensureNew(ctx context.Context, tx pgx.Tx, m Member, password, secret string) error {
	hash, err := hashPassword(ctx, password)
	if err != nil {
		return err
	}
	if err := insertMember(ctx, tx, m, hash, s.sealSecret(m.ID, secret), s.now(), nil); err != nil {
		return err
	}
	return s.record(ctx, tx, "demo", "staff.add", m)
}

func (s *Store) rename(ctx context.Context, tx pgx.Tx, m Member, name string) error {
	if m.Name == name {
		return nil
	}
	if _, err := tx.Exec(ctx, `UPDATE member SET name = $2 WHERE id = $1`, m.ID, name); err != nil {
		return fmt.Errorf("rename member %s: %w", m.ID, err)
	}
	m.Name = name
	return s.record(ctx, tx, "demo", "staff.rename", m)
}

// hasCredentials tells whether password and secret are the member's. A secret sealed with keys we do not have is not.
func (s *Store) hasCredentials(ctx context.Context, tx pgx.Tx, id uuid.UUID, password, secret string) (bool, error) {
	var hash string
	var sealed []byte
	var pending bool
	err := tx.QueryRow(ctx, `
		SELECT password_hash, totp_secret, must_enrol OR held
		  FROM member
		 WHERE id = $1`, id).Scan(&hash, &sealed, &pending)
	if err != nil {
		return false, fmt.Errorf("read the credentials of member %s: %w", id, err)
	}
	if pending {
		return false, nil
	}
	if old, err := s.openSecret(id, sealed); err != nil || old != secret {
		return false, nil
	}
	return checkPassword(ctx, hash, password)
}

// NewCredentials makes a password and a second factor for a username. Nothing is stored.
func NewCredentials(username string) (c Credentials, err error) {
	c.Username = username
	if c.Password, err = newPassword(); err != nil {
		return Credentials{}, err
	}
	if c.TOTPSecret, c.TOTPURL, err = newSecret(username, ""); err != nil {
		return Credentials{}, err
	}
	return c, nil
}

// newCredentials are NewCredentials with the password's hash, which is computed before any transaction begins.
func (s *Store) newCredentials(ctx context.Context, username string) (c Credentials, hash string, err error) {
	if c, err = NewCredentials(username); err != nil {
		return Credentials{}, "", err
	}
	if hash, err = hashPassword(ctx, c.Password); err != nil {
		return Credentials{}, "", err
	}
	return c, hash, nil
}

// change is a transaction that changes members, one at a time.
func (s *Store) change(ctx context.Context, fn func(tx pgx.Tx) error) error {
	return s.DB.InTx(ctx, func(tx pgx.Tx) error {
		if _, err := tx.Exec(ctx, oneAtATime); err != nil {
			return fmt.Errorf("wait to change members: %w", err)
		}
		return fn(tx)
	})
}

func (s *Store) record(ctx context.Context, tx pgx.Tx, by, action string, m Member) error {
	return audit.Record(ctx, tx, audit.Entry{
		At: s.now(), Actor: by, Action: action, Subject: m.Username, Detail: string(m.Role),
	})
}

// insertMember adds a row; setAt is when the password was set, nil for one that never expires.
func insertMember(ctx context.Context, tx pgx.Tx, m Member, hash string, sealed []byte, at time.Time, setAt *time.Time) error {
	done, err := tx.Exec(ctx, `
		INSERT INTO member (id, username, name, role, password_hash, totp_secret, created_at, password_set_at, must_enrol)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
		ON CONFLICT (username) DO NOTHING`,
		m.ID, m.Username, m.Name, m.Role, hash, sealed, at, setAt, m.Must == MustEnrol)
	if err != nil {
		return fmt.Errorf("add member %s: %w", m.ID, err)
	}
	if done.RowsAffected() == 0 {
		return fmt.Errorf("username %s is taken: %w", m.Username, apperr.ErrConflict)
	}
	return nil
}

func readMember(ctx context.Context, tx pgx.Tx, username string) (m Member, disabled bool, err error) {
	err = tx.QueryRow(ctx, `
		SELECT id, username, name, role, disabled_at IS NOT NULL
		  FROM member
		 WHERE username = $1`, username).
		Scan(&m.ID, &m.Username, &m.Name, &m.Role, &disabled)
	if errors.Is(err, pgx.ErrNoRows) {
		return Member{}, false, fmt.Errorf("member %s: %w", username, apperr.ErrNotFound)
	}
	if err != nil {
		return Member{}, false, fmt.Errorf("read a member: %w", err)
	}
	return m, disabled, nil
}

// anotherOfKind makes sure that someone else who can act holds the role, where it is one of the three administrators'.
func anotherOfKind(ctx context.Context, tx pgx.Tx, m Member) error {
	if m.Role != SystemAdmin && m.Role != SecurityAdmin && m.Role != Auditor {
		return nil
	}
	var others bool
	err := tx.QueryRow(ctx, `
		SELECT EXISTS (SELECT FROM member
		                WHERE role = $1 AND disabled_at IS NULL AND NOT must_enrol AND NOT held AND id <> $2)`,
		m.Role, m.ID).Scan(&others)
	if err != nil {
		return fmt.Errorf("count members with role %s: %w", m.Role, err)
	}
	if !others {
		return ErrLastAdmin
	}
	return nil
}

func rightUsername(s string) bool {
	n := 0
	for _, r := range s {
		if !unicode.IsLetter(r) && !unicode.IsDigit(r) && !strings.ContainsRune(".-_", r) {
			return false
		}
		n++
	}
	return n >= 2 && n <= 32
}
