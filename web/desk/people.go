package desk

import (
	"strconv"
	"strings"
	"time"

	"wenji/internal/staff"
	"wenji/web/ui"

	"github.com/a-h/templ"
	"github.com/google/uuid"
)

// PeopleView is the list of members.
type PeopleView struct {
	People []staff.Person
	Next   string // username behind which the next page begins, "" on the last one
	Alarms []RevealAlarm
}

// RevealAlarm is a member who has looked at personal data nearly as often today as a day allows, or as often.
type RevealAlarm struct {
	MemberID uuid.UUID
	Name     string
	Used     int
	Limit    int
	Refused  int
}

func (a RevealAlarm) words() string {
	s := a.Name + "今天查看身份信息" + strconv.Itoa(a.Used) + "次，上限" + strconv.Itoa(a.Limit) + "次"
	if a.Refused > 0 {
		s += "，已拒绝" + strconv.Itoa(a.Refused) + "次"
	}
	return s + "。"
}

// PersonForm is what was typed to add a person.
type PersonForm struct {
	Username string
	Name     string
}

// PersonView is one member with what the one who looks may change.
type PersonView struct {
	Person staff.Person
	Units  []staff.Unit
	Role   string // chosen
	Unit   string // chosen
	Own    bool   // it is the one who looks
}

// OneTimeView shows a one-time password, once.
type OneTimeView struct {
	staff.OneTime
	Gone bool // it has been shown
}

// SessionsView is a list of sessions.
type SessionsView struct {
	Sessions []staff.Online
}

// AccountView is the page about the signed-in member.
type AccountView struct {
	Sessions []staff.Online
}

// EnrolView is the page on which a second factor is bound.
type EnrolView struct {
	First  bool   // the password is set too
	Secret string // base32
	Image  string // data: address of the QR code, made by the portal itself
	Sealed string
}

// RulesView is the form of the switches, as typed.
type RulesView struct {
	Length, Classes, History, Days, Reveals string
}

// UnitsView lists the departments.
type UnitsView struct {
	Units []staff.Unit
	Form  UnitForm
}

// UnitForm is what was typed about a department.
type UnitForm struct {
	ID      uuid.UUID
	Name    string
	Aliases string // one a line
}

// WordsView lists the words that keep a comment from passing by rule.
type WordsView struct {
	Words []string
	Word  string
}

func personURL(id uuid.UUID, act string) templ.SafeURL {
	address := "/staff/people/" + id.String()
	if act != "" {
		address += "/" + act
	}
	return templ.SafeURL(address)
}

func unitURL(id uuid.UUID, act string) templ.SafeURL {
	address := "/staff/settings/units/" + id.String()
	if act != "" {
		address += "/" + act
	}
	return templ.SafeURL(address)
}

// standing says in a word how a member's account is.
func standing(p staff.Person) string {
	switch {
	case p.Disabled:
		return "已停用"
	case p.Held:
		return "已重置，等待安全管理员确认"
	case p.Role == staff.NoRole:
		return "等待安全管理员授权"
	case p.MustEnrol:
		return "等待本人首次登录"
	}
	return "正常"
}

func lastLogin(at *time.Time) string {
	if at == nil {
		return "从未登录"
	}
	return ui.Minute(*at)
}

// roleOptions are the roles that can be given.
func roleOptions() []ui.Option {
	options := []ui.Option{{Value: "", Text: "不授予角色"}}
	for _, r := range staff.Roles {
		options = append(options, ui.Option{Value: string(r), Text: RoleWord(r)})
	}
	return options
}

// personUnits are the departments that can be given; a disabled one is not offered.
func personUnits(units []staff.Unit) []ui.Option {
	options := []ui.Option{{Value: "", Text: "无（承办人须选择）"}}
	for _, u := range units {
		if !u.Disabled {
			options = append(options, ui.Option{Value: u.ID.String(), Text: u.Name})
		}
	}
	return options
}

func aliasesWord(aliases []string) string {
	if len(aliases) == 0 {
		return "无"
	}
	return strings.Join(aliases, "、")
}

func enrolAction(v EnrolView) templ.SafeURL {
	if v.First {
		return "/staff/account/setup"
	}
	return "/staff/account/factor"
}
