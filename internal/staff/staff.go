// Package staff knows the people of the office: roles, passwords, second factor and sessions.
package staff

import (
	"log/slog"
	"time"

	"wenji/internal/postgres"
	"wenji/internal/throttle"
	"wenji/internal/vault"

	"github.com/google/uuid"
)

// Store keeps members and their sessions. Each act is one transaction that holds its entry in the record.
type Store struct {
	DB    *postgres.DB
	Keys  *vault.KeyRing
	Tries *throttle.Limiter
	Now   func() time.Time

	// Codes is the clock of second-factor codes, which must be that of people's phones: the demo's --now does not move
	// it. Nil means time.Now.
	Codes func() time.Time
	// Log is warned when sign-ins fail in numbers that no forgetful person reaches. Nil means no warnings.
	Log *slog.Logger
}

// now is the moment of an act, as precise as the database keeps it.
func (s *Store) now() time.Time { return s.Now().Truncate(time.Microsecond) }

// Role of a member; one each.
type Role string

const (
	Moderator   Role = "moderator"    // 审核员
	Editor      Role = "editor"       // 发布员
	SystemAdmin Role = "system_admin" // 系统管理员: sees no comment's personal data
)

// Roles in the order they are offered.
var Roles = []Role{Moderator, Editor, SystemAdmin}

// Permission is what a role may do.
type Permission string

const (
	ReadComments   Permission = "read_comments"   // queue, details, dashboard
	Decide         Permission = "decide"          // claim, publish, withhold, decline, undo, note
	Reveal         Permission = "reveal"          // see one commenter's personal data, with a reason
	Export         Permission = "export"          // masked export
	ExportPersonal Permission = "export_personal" // export with personal data, after second factor and reason
	SetPublication Permission = "set_publication" // 审核后公开 or 即时展示
)

var granted = map[Role]map[Permission]bool{
	Moderator:   {ReadComments: true, Decide: true, Reveal: true, Export: true, ExportPersonal: true},
	Editor:      {ReadComments: true, Export: true, ExportPersonal: true, SetPublication: true},
	SystemAdmin: {},
}

// Member is a person who may sign in.
type Member struct {
	ID          uuid.UUID
	Username    string
	Name        string
	Role        Role
	LastLoginAt *time.Time // the sign-in before this session's
}

// Can tells whether the member's role has the permission. The zero Member can nothing.
func (m Member) Can(p Permission) bool { return granted[m.Role][p] }

// Signature is how the record names the member: display name and the username, which is unique.
func (m Member) Signature() string { return m.Name + " (" + m.Username + ")" }

func knownRole(r Role) bool {
	_, ok := granted[r]
	return ok
}
