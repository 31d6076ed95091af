package desk

import (
	"net/url"
	"slices"
	"strconv"

	"wenji/internal/comment"
	"wenji/internal/staff"
	"wenji/web/ui"

	"github.com/a-h/templ"
)

// keyList is the list of keys as the help shows it.
var keyList = []struct{ key, what string }{
	{"J / K", "下一条 / 上一条"},
	{"Enter", "打开所选的一条"},
	{"A", "通过"},
	{"E", "隐去后通过"},
	{"R", "不予公开"},
	{"N", "备注"},
	{"1 … 6", "按顺序按下页面上的审核按钮，第4个为不予受理"},
	{"U", "撤销"},
	{"X", "选择或取消选择（列表中）"},
	{"/", "查找"},
	{"?", "打开本说明，按Esc关闭"},
}

// railEntry is one entry of the rail, shown to who has one of the permissions; none stands for everyone.
type railEntry struct {
	item, address, word string
	need                []staff.Permission
}

// railEntries in the order they are shown; the first one that a role may open is where it lands after signing in.
var railEntries = []railEntry{
	{ItemHome, "/staff", "工作台", []staff.Permission{staff.ReadComments}},
	{ItemQueue, "/staff/queue", "审核队列", []staff.Permission{staff.ReadComments}},
	{ItemGroups, "/staff/groups", "相似意见", []staff.Permission{staff.ReadComments}},
	{ItemIntake, "/staff/comments/new", "录入意见", []staff.Permission{staff.EnterComments}},
	{ItemReferrals, "/staff/referrals", "转办", []staff.Permission{staff.ReadReferrals}},
	{ItemAnswers, "/staff/answers", "答复", []staff.Permission{staff.Answer, staff.ApproveAnswers}},
	{ItemRequests, "/staff/requests", "个人信息请求", []staff.Permission{staff.HandleRequests}},
	{ItemConsultations, "/staff/consultations", "征集管理", []staff.Permission{staff.ReadComments}},
	{ItemExports, "/staff/exports", "导出", []staff.Permission{staff.Export}},
	{ItemAudit, "/staff/audit", "日志", []staff.Permission{staff.ReadAudit}},
	{ItemPeople, "/staff/people", "用户", []staff.Permission{staff.ReadPeople}},
	{ItemRetention, "/staff/retention", "留存与删除", []staff.Permission{staff.ManageRetention}},
	{ItemSettings, "/staff/settings", "设置", []staff.Permission{staff.ReadSettings}},
	{ItemAccount, "/staff/account", "我的账户", nil},
}

func (r railEntry) open(m staff.Member) bool {
	return len(r.need) == 0 || slices.ContainsFunc(r.need, m.Can)
}

// rail is the rail as the member sees it.
func rail(f Frame) []railEntry {
	var seen []railEntry
	for _, r := range railEntries {
		if !r.open(f.Member) {
			continue
		}
		if r.item == ItemQueue && f.Waiting >= 0 {
			r.word += "（" + count(f.Waiting) + "）"
		}
		seen = append(seen, r)
	}
	return seen
}

// Landing is where a member goes after signing in.
func Landing(m staff.Member) string {
	for _, r := range railEntries {
		if r.open(m) {
			return r.address
		}
	}
	return "/staff/account"
}

func landing(m staff.Member) templ.SafeURL { return templ.SafeURL(Landing(m)) }

func doneWord(c comment.Item) string {
	switch c.State {
	case comment.Published:
		return number(c.Number) + "已通过。可以撤销。"
	case comment.Withheld:
		return number(c.Number) + "已定为不予公开。可以撤销。"
	case comment.Declined:
		return number(c.Number) + "已定为不予受理。可以撤销。"
	}
	return number(c.Number) + "已撤销原决定，恢复为待审核。"
}

func bulkWord(d Done) string {
	word := "已通过" + strconv.Itoa(d.Bulk) + "条。"
	if d.Taken > 0 {
		word += "另有" + strconv.Itoa(d.Taken) + "条已由他人处理或领取，未操作。"
	}
	if d.Held > 0 {
		word += "另有" + strconv.Itoa(d.Held) + "条疑似含个人信息，须逐条审核，未操作。"
	}
	return word
}

func undoable(c comment.Item) bool { return c.State != comment.Received }

// summary lists the problems as links to their fields.
func (f Frame) summary() []ui.Problem {
	lines := make([]ui.Problem, len(f.Problems))
	for i, p := range f.Problems {
		lines[i] = ui.Problem{ID: p.Field, Message: p.Message}
	}
	return lines
}

// problem is what is to be mended in a field, "" when there is nothing.
func (f Frame) problem(field string) string {
	for _, p := range f.Problems {
		if p.Field == field {
			return p.Message
		}
	}
	return ""
}

// commentURL is the address of a comment's page or of one of its acts.
func commentURL(c comment.Item, act string) templ.SafeURL {
	address := "/staff/comments/" + c.ID.String()
	if act != "" {
		address += "/" + act
	}
	return templ.SafeURL(address)
}

// providerURL leads to the provider of identities, and from there on to next.
func providerURL(next string) templ.SafeURL {
	if next == "" {
		return "/staff/login/oidc"
	}
	return templ.SafeURL("/staff/login/oidc?" + url.Values{"next": {next}}.Encode())
}
