package desk

import (
	"net/url"
	"strconv"
	"time"

	"wenji/internal/clause"
	"wenji/internal/comment"
	"wenji/internal/consultation"
	"wenji/internal/referral"
	"wenji/internal/staff"
	"wenji/internal/validate"
	"wenji/web/ui"

	"github.com/a-h/templ"
)

// ReferView is the form that hands one comment over.
type ReferView struct {
	Comment comment.Item
	ReferForm
}

// ReferForm is what both forms of a hand-over ask: of one comment and of a group.
type ReferForm struct {
	Units  []staff.Unit
	Lead   string
	Others []string
	Days   string
	Note   string
}

// ReferralQuery is what the address of the list of hand-overs asks for.
type ReferralQuery struct {
	State, Consultation, Unit string
}

func (q ReferralQuery) narrowed() bool { return q != ReferralQuery{} }

// From is the address of the page of the list that starts at a cursor.
func (q ReferralQuery) From(after string) string {
	v := url.Values{}
	for name, value := range map[string]string{"state": q.State, "consultation": q.Consultation, "unit": q.Unit, "after": after} {
		if value != "" {
			v.Set(name, value)
		}
	}
	if len(v) == 0 {
		return "/staff/referrals"
	}
	return "/staff/referrals?" + v.Encode()
}

// ReferralsView is the list of hand-overs (转办).
type ReferralsView struct {
	Query         ReferralQuery
	Rows          []referral.Referral
	Next          string // cursor; "" at the end
	Units         []staff.Unit
	Consultations []consultation.Consultation
}

// ReferralView is one hand-over with the forms of the unit.
type ReferralView struct {
	referral.Handed
	Consultation consultation.Consultation
	Nodes        []clause.Node // the clauses it is about
	Reason       string        // typed, as the following
	Typed        string
	Suggest      string
}

// ActWord says what an act on a hand-over or an answer was, for the page it led to.
func ActWord(act string) string {
	switch act {
	case "accept":
		return "已接收。请在办理期限内提出办理意见。"
	case "return":
		return "已退回，转办人将另行处理。"
	case "reply":
		return "办理意见已提交。"
	case "submit":
		return "答复已提交，由另一人审批。"
	case "save":
		return "草稿已保存，尚未提交审批。"
	case "approve":
		return "答复已批准。意见已公开的，答复同时公开。"
	case "send_back":
		return "答复已退回起草人。"
	case "template":
		return "模板已保存。"
	}
	return ""
}

// dueDay writes a due day, which the database keeps as a date.
func dueDay(day time.Time) string { return day.Format("2006年1月2日") }

// ReferralWord is the state of a hand-over as people read it; overdue stands before the others.
func ReferralWord(r referral.Referral, now time.Time) string {
	switch {
	case r.Overdue(now):
		return "逾期"
	case r.State == referral.Waiting:
		return "待接收"
	case r.State == referral.Accepted:
		return "已接收"
	case r.State == referral.Returned:
		return "已退回"
	}
	return "已答复"
}

func referralTone(r referral.Referral, now time.Time) ui.Tone {
	switch {
	case r.Overdue(now), r.State == referral.Returned:
		return ui.Warn
	case r.State == referral.Replied:
		return ui.OK
	}
	return ui.Info
}

func referralStates() []ui.Option {
	return []ui.Option{
		{Text: "全部"}, {Value: "waiting", Text: "待接收"}, {Value: "accepted", Text: "已接收"}, {Value: "returned", Text: "已退回"},
		{Value: "replied", Text: "已答复"}, {Value: "soon", Text: "即将到期"}, {Value: "overdue", Text: "逾期"},
	}
}

func anyUnit(units []staff.Unit) []ui.Option {
	options := groupUnits(units)
	options[0].Text = "全部"
	return options
}

func anyConsultation(list []consultation.Consultation) []ui.Option {
	options := []ui.Option{{Text: "全部"}}
	for _, c := range list {
		options = append(options, ui.Option{Value: c.ID, Text: c.ID + "　" + c.Title})
	}
	return options
}

func referralURL(r referral.Referral, act string) templ.SafeURL {
	address := "/staff/referrals/" + r.ID.String()
	if act != "" {
		address += "/" + act
	}
	return templ.SafeURL(address)
}

func leadWord(r referral.Referral) string {
	if r.Lead {
		return "牵头"
	}
	return "协办"
}

func outcomeWord(o referral.Outcome) string { return validate.OutcomeText(string(o)) }

// ReferralEvents are the steps of a comment's hand-overs and answers for its timeline.
func ReferralEvents(f referral.File) []Event {
	var events []Event
	add := func(at *time.Time, who, what, reason, note string) {
		if at != nil {
			events = append(events, Event{At: *at, Who: who, What: what, Reason: reason, Note: note})
		}
	}
	for _, r := range f.Referrals {
		sent := r.ReferredAt
		add(&sent, r.ReferredBy, "转办"+r.UnitName+"（"+leadWord(r)+"，办理期限"+dueDay(r.DueOn)+"）", "", r.Note)
		add(r.AcceptedAt, r.AcceptedBy, r.UnitName+"接收", "", "")
		add(r.ReturnedAt, r.ReturnedBy, r.UnitName+"退回", r.ReturnReason, "")
		add(r.RepliedAt, r.RepliedBy, r.UnitName+"提出办理意见（建议"+outcomeWord(r.Suggested)+"）", "", r.Opinion)
	}
	for _, v := range f.Versions {
		add(v.DraftedAt, v.DraftedBy, "起草答复（第"+strconv.Itoa(v.Version)+"稿，"+outcomeWord(v.Outcome)+"）", v.Reason, v.Answer)
		add(v.ReturnedAt, v.ReturnedBy, "退回答复（第"+strconv.Itoa(v.Version)+"稿）", v.ReturnWords, "")
		add(v.ApprovedAt, v.ApprovedBy, "批准答复（第"+strconv.Itoa(v.Version)+"稿）", "", "")
	}
	return events
}
