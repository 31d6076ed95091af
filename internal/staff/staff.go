// Package staff knows the people of the office: roles, passwords, second factor and sessions.
package staff

import (
	"time"

	"github.com/google/uuid"
)

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
