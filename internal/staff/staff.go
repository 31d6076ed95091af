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

// Role of a member; one each. The three administrators (三员: GB/T 22239-2019 8.1.5) therefore exclude one another and
// the business roles, and none of them sees a comment's personal data.
type Role string

const (
	Moderator     Role = "moderator"      // 审核员
	Officer       Role = "officer"        // 承办人: of one department; sees text and clause, never personal data
	Editor        Role = "editor"         // 发布员
	SystemAdmin   Role = "system_admin"   // 系统管理员: accounts, units, settings
	SecurityAdmin Role = "security_admin" // 安全管理员: roles, sessions, password rules, retention
	Auditor       Role = "auditor"        // 审计员: the record
)

// NoRole is that of a person who has been added and waits for 安全管理员: one may sign in and may do nothing.
const NoRole Role = ""

// Roles in the order they are offered.
var Roles = []Role{Moderator, Officer, Editor, SystemAdmin, SecurityAdmin, Auditor}

// Permission is what a role may do.
type Permission string

const (
	ReadComments     Permission = "read_comments"     // queue, groups, details, dashboard, search
	Decide           Permission = "decide"            // claim, publish, withhold, decline, undo, note
	Reveal           Permission = "reveal"            // see one commenter's personal data, with a reason
	EnterComments    Permission = "enter_comments"    // write down what came by letter, phone, mail, counter, hearing
	Refer            Permission = "refer"             // hand a comment over to departments
	ReadReferrals    Permission = "read_referrals"    // hand-overs; a 承办人 those of the own department alone
	HandleReferrals  Permission = "handle_referrals"  // accept, return and reply to what the own department was handed
	Answer           Permission = "answer"            // draft disposition and answer; templates
	ApproveAnswers   Permission = "approve_answers"   // approve what another drafted
	HandleRequests   Permission = "handle_requests"   // correction and deletion asked for by a commenter
	Export           Permission = "export"            // export without personal data
	ExportPersonal   Permission = "export_personal"   // ask for an export with personal data, after second factor and reason
	ApproveExports   Permission = "approve_exports"   // approve another person's export with personal data
	EditConsultation Permission = "edit_consultation" // make, import, publish, extend, end, withdraw
	SetPublication   Permission = "set_publication"   // 审核后公开 or 即时展示
	Report           Permission = "report"            // make and publish the result report; mark 已反馈
	ReadPeople       Permission = "read_people"       // the list of people, with their roles
	ManagePeople     Permission = "manage_people"     // accounts: add, reset, disable
	ManageUnits      Permission = "manage_units"      // units, working days, listed words
	GrantRoles       Permission = "grant_roles"       // give a member role and unit; never to oneself
	ManageSecurity   Permission = "manage_security"   // sessions, password rules
	ManageRetention  Permission = "manage_retention"  // terms, legal hold, erasure
	ReadSettings     Permission = "read_settings"     // the page of settings, each of which asks for its own right
	ReadAudit        Permission = "read_audit"        // the record
)

var granted = map[Role]map[Permission]bool{
	Moderator: {
		ReadComments: true, Decide: true, Reveal: true, EnterComments: true, Refer: true, ReadReferrals: true, Answer: true, HandleRequests: true,
		Export: true, ExportPersonal: true, ApproveExports: true,
	},
	Officer: {ReadReferrals: true, HandleReferrals: true},
	Editor: {
		ReadComments: true, ReadReferrals: true, ApproveAnswers: true, Export: true, ExportPersonal: true, ApproveExports: true,
		EditConsultation: true, SetPublication: true, Report: true,
	},
	SystemAdmin:   {ReadPeople: true, ManagePeople: true, ReadSettings: true, ManageUnits: true},
	SecurityAdmin: {ReadPeople: true, GrantRoles: true, ReadSettings: true, ManageSecurity: true, ManageRetention: true},
	Auditor:       {ReadAudit: true},
}

// Member is a person who may sign in.
type Member struct {
	ID          uuid.UUID
	Username    string
	Name        string
	Role        Role
	UnitID      uuid.UUID  // the department of a 承办人; zero for other roles
	UnitName    string     // its name, "" without one
	LastLoginAt *time.Time // the sign-in before this session's
	Must        Must       // what has to be done before anything else is open
}

// Must is what a member has to do first.
type Must string

// What a member may have to do first.
const (
	MustEnrol  Must = "enrol"    // set an own password and bind a second factor
	MustChange Must = "password" // set another password: this one has expired
)

// Can tells whether the member's role has the permission. The zero Member can nothing, nor can one who has to do
// something else first.
func (m Member) Can(p Permission) bool { return m.Must == "" && granted[m.Role][p] }

// Signature is how the record names the member: display name and the username, which is unique.
func (m Member) Signature() string { return m.Name + " (" + m.Username + ")" }

func knownRole(r Role) bool {
	_, ok := granted[r]
	return ok
}
