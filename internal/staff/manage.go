package staff

import (
	"context"
	"errors"
	"fmt"
	"time"

	"wenji/internal/apperr"
	"wenji/internal/audit"
	"wenji/internal/validate"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
)

// Person is a member as those see one who keep accounts and roles.
type Person struct {
	ID        uuid.UUID
	Username  string
	Name      string
	Role      Role
	UnitID    *uuid.UUID
	UnitName  string
	Disabled  bool
	MustEnrol bool // has not set an own password and second factor
	Held      bool // was reset and is not confirmed: the role rests
	LastLogin *time.Time
}

// OneTime is a password that opens nothing but enrolment; it is shown once.
type OneTime struct {
	PersonID uuid.UUID
	Username string
	Name     string
	Password string
}

const personColumns = `
	m.id, m.username, m.name, m.role, m.unit_id, coalesce(u.name, ''), m.disabled_at IS NOT NULL, m.must_enrol, m.held,
	m.last_login_at`

// PeoplePage is how many people one page of the list holds.
const PeoplePage = 100

// People lists members by username, behind the one named after ("" for the beginning).
func (s *Store) People(ctx context.Context, by Member, after string) (list []Person, more bool, err error) {
	if !by.Can(ReadPeople) {
		return nil, false, apperr.ErrForbidden
	}
	rows, err := s.DB.Query(ctx, `
		SELECT `+personColumns+`
		  FROM member m LEFT JOIN unit u ON u.id = m.unit_id
		 WHERE m.username > $1
		 ORDER BY m.username
		 LIMIT $2`, after, PeoplePage+1)
	if err != nil {
		return nil, false, fmt.Errorf("list members: %w", err)
	}
	if list, err = pgx.CollectRows(rows, pgx.RowToStructByPos[Person]); err != nil {
		return nil, false, fmt.Errorf("list members: %w", err)
	}
	if len(list) > PeoplePage {
		return list[:PeoplePage], true, nil
	}
	return list, false, nil
}

// Person reads one member. apperr.ErrNotFound: there is none with this id.
func (s *Store) Person(ctx context.Context, by Member, id uuid.UUID) (p Person, err error) {
	if !by.Can(ReadPeople) {
		return Person{}, apperr.ErrForbidden
	}
	err = s.DB.InSnapshot(ctx, func(tx pgx.Tx) error {
		p, err = readPerson(ctx, tx, id)
		return err
	})
	return p, err
}

func readPerson(ctx context.Context, tx pgx.Tx, id uuid.UUID) (Person, error) {
	rows, err := tx.Query(ctx, `SELECT `+personColumns+` FROM member m LEFT JOIN unit u ON u.id = m.unit_id WHERE m.id = $1`, id)
	if err != nil {
		return Person{}, fmt.Errorf("read member %s: %w", id, err)
	}
	p, err := pgx.CollectExactlyOneRow(rows, pgx.RowToStructByPos[Person])
	if errors.Is(err, pgx.ErrNoRows) {
		return Person{}, apperr.ErrNotFound
	}
	if err != nil {
		return Person{}, fmt.Errorf("read member %s: %w", id, err)
	}
	return p, nil
}

func (p Person) member() Member {
	return Member{ID: p.ID, Username: p.Username, Name: p.Name, Role: p.Role}
}

// AddPerson makes a member who has no role yet: adding is 系统管理员's, granting is 安全管理员's, so that neither makes a
// working account alone (三员分立, GB/T 22239-2019 8.1.5). Errors: apperr.ErrForbidden; *apperr.Invalid on username or name.
func (s *Store) AddPerson(ctx context.Context, by Member, username, name string) (OneTime, error) {
	if !by.Can(ManagePeople) {
		return OneTime{}, apperr.ErrForbidden
	}
	username = FoldUsername(username)
	name, shown := validate.Line(name)
	switch {
	case !rightUsername(username):
		return OneTime{}, problem("username", validate.UsernameForm)
	case !shown || name == "" || validate.Length(name) > 50:
		return OneTime{}, problem("name", validate.DisplayName)
	}
	c, hash, err := s.newCredentials(ctx, username)
	if err != nil {
		return OneTime{}, err
	}
	m := Member{ID: uuid.New(), Username: username, Name: name, Must: MustEnrol}
	at := s.now()
	err = s.act(ctx, by, ManagePeople, func(tx pgx.Tx) error {
		if err := insertMember(ctx, tx, m, hash, s.sealSecret(m.ID, c.TOTPSecret), at, &at); err != nil {
			return err
		}
		return s.recordBy(ctx, tx, by, "staff.add", m, "")
	})
	if errors.Is(err, apperr.ErrConflict) {
		return OneTime{}, problem("username", validate.UsernameTaken)
	}
	if err != nil {
		return OneTime{}, err
	}
	return OneTime{m.ID, username, name, c.Password}, nil
}

// ResetPerson gives a member a one-time password and forgets the second factor; the sessions end. The role rests until
// 安全管理员 confirms it with Grant: otherwise 系统管理员 could sign in as anyone. Errors: apperr.ErrForbidden, also for
// oneself; ErrLastAdmin when nobody would be left to confirm it; apperr.ErrNotFound.
func (s *Store) ResetPerson(ctx context.Context, by Member, id uuid.UUID) (OneTime, error) {
	if !by.Can(ManagePeople) || by.ID == id {
		return OneTime{}, apperr.ErrForbidden
	}
	c, hash, err := s.newCredentials(ctx, id.String())
	if err != nil {
		return OneTime{}, err
	}
	var p Person
	err = s.act(ctx, by, ManagePeople, func(tx pgx.Tx) error {
		if p, err = readPerson(ctx, tx, id); err != nil {
			return err
		}
		if !p.Disabled {
			if err := anotherOfKind(ctx, tx, p.member()); err != nil {
				return err
			}
		}
		_, err := tx.Exec(ctx, `
			UPDATE member
			   SET password_hash = $2, totp_secret = $3, password_set_at = $4, must_enrol = true, held = role <> ''
			 WHERE id = $1`, id, hash, s.sealSecret(id, c.TOTPSecret), s.now())
		if err != nil {
			return fmt.Errorf("reset member %s: %w", id, err)
		}
		if err := endSessions(ctx, tx, id); err != nil {
			return err
		}
		return s.recordBy(ctx, tx, by, "staff.reset", p.member(), string(p.Role))
	})
	if err != nil {
		return OneTime{}, err
	}
	return OneTime{id, p.Username, p.Name, c.Password}, nil
}

// SetDisabled keeps a member from signing in, or lets them sign in again; disabling ends the sessions. What is so already
// stays so. Errors: apperr.ErrForbidden, also for oneself; ErrLastAdmin; apperr.ErrNotFound.
func (s *Store) SetDisabled(ctx context.Context, by Member, id uuid.UUID, disabled bool) error {
	if !by.Can(ManagePeople) || by.ID == id {
		return apperr.ErrForbidden
	}
	return s.act(ctx, by, ManagePeople, func(tx pgx.Tx) error {
		p, err := readPerson(ctx, tx, id)
		if err != nil || p.Disabled == disabled {
			return err
		}
		action, at := "staff.enable", (*time.Time)(nil)
		if disabled {
			if err := anotherOfKind(ctx, tx, p.member()); err != nil {
				return err
			}
			now := s.now()
			action, at = "staff.disable", &now
		}
		if _, err := tx.Exec(ctx, `UPDATE member SET disabled_at = $2 WHERE id = $1`, id, at); err != nil {
			return fmt.Errorf("disable or enable member %s: %w", id, err)
		}
		if err := endSessions(ctx, tx, id); err != nil {
			return err
		}
		return s.recordBy(ctx, tx, by, action, p.member(), string(p.Role))
	})
}

// Rights are what 安全管理员 gives a member.
type Rights struct {
	Role   Role      // NoRole takes the role away
	UnitID uuid.UUID // of a 承办人; zero for the others
	Seen   Role      // the role that the page showed
}

// Grant gives a member a role, which replaces the one there was: business roles and the three administrators' exclude one
// another. It confirms a reset, and ends all sessions of the member. Errors: apperr.ErrForbidden, also for oneself;
// *apperr.Invalid on role or unit; *apperr.Conflict when the role is no longer the one seen; ErrLastAdmin.
func (s *Store) Grant(ctx context.Context, by Member, id uuid.UUID, r Rights) error {
	if !by.Can(GrantRoles) || by.ID == id {
		return apperr.ErrForbidden
	}
	if r.Role != NoRole && !knownRole(r.Role) {
		return problem("role", validate.RoleUnknown)
	}
	if r.Role == Officer && r.UnitID == uuid.Nil {
		return problem("unit", validate.OfficerUnit)
	}
	var unit *uuid.UUID
	if r.Role == Officer {
		unit = &r.UnitID
	}
	return s.act(ctx, by, GrantRoles, func(tx pgx.Tx) error {
		p, err := readPerson(ctx, tx, id)
		if err != nil {
			return err
		}
		if p.Role != r.Seen {
			return &apperr.Conflict{Action: "granted", At: s.now()}
		}
		if p.Role != r.Role && !p.Disabled && !p.Held && !p.MustEnrol {
			if err := anotherOfKind(ctx, tx, p.member()); err != nil {
				return err
			}
		}
		done, err := tx.Exec(ctx, `
			UPDATE member
			   SET role = $2, unit_id = $3, held = false
			 WHERE id = $1 AND ($3::uuid IS NULL OR EXISTS (SELECT FROM unit WHERE id = $3 AND disabled_at IS NULL))`,
			id, r.Role, unit)
		if err != nil {
			return fmt.Errorf("grant a role to member %s: %w", id, err)
		}
		if done.RowsAffected() == 0 {
			return problem("unit", validate.OfficerUnit)
		}
		if err := endSessions(ctx, tx, id); err != nil {
			return err
		}
		return s.recordBy(ctx, tx, by, "staff.grant", p.member(), string(p.Role)+" → "+string(r.Role))
	})
}

// act is change for a signed-in member, who is looked at again under the lock: two who disable each other at the same
// moment cannot both succeed.
func (s *Store) act(ctx context.Context, by Member, p Permission, fn func(tx pgx.Tx) error) error {
	return s.change(ctx, func(tx pgx.Tx) error {
		var now Member
		err := tx.QueryRow(ctx, `
			SELECT role
			  FROM member
			 WHERE id = $1 AND disabled_at IS NULL AND NOT held AND NOT must_enrol`, by.ID).Scan(&now.Role)
		if errors.Is(err, pgx.ErrNoRows) || err == nil && !now.Can(p) {
			return apperr.ErrForbidden
		}
		if err != nil {
			return fmt.Errorf("look at member %s again: %w", by.ID, err)
		}
		return fn(tx)
	})
}

func (s *Store) recordBy(ctx context.Context, tx pgx.Tx, by Member, action string, m Member, detail string) error {
	return audit.Record(ctx, tx, audit.Entry{
		At: s.now(), Actor: by.Signature(), Role: string(by.Role), Action: action, Subject: m.Username, Detail: detail,
	})
}

// problem is one thing to mend in a form.
func problem(field, sentence string) error {
	return &apperr.Invalid{Problems: []apperr.Problem{{Field: field, Message: sentence}}}
}
