package desk

import (
	"net/url"

	"wenji/internal/comment"
	"wenji/internal/consultation"
	"wenji/internal/referral"
	"wenji/web/ui"

	"github.com/a-h/templ"
	"github.com/google/uuid"
)

// DisposeView is the form that drafts the disposition of a comment and the answer to it.
type DisposeView struct {
	Comment   comment.Item
	File      referral.File
	Templates []referral.Template
	Version   int // of the answer that the person sees; 0 for none
	Outcome   string
	Reason    string
	Answer    string
	Template  string // chosen to begin with
	Preview   bool   // show what the public will see
	Unit      string // in whose name the answer is given
}

// AnswersView is one of the lists of answers (答复).
type AnswersView struct {
	Tab           referral.Tab
	Consultation  string
	Consultations []consultation.Consultation
	Rows          []referral.Answer
	Next          string // id behind which the next page begins
	Done          string
	Left          string // what an act on several left undone
}

// AnswerView is one answer before its approver.
type AnswerView struct {
	Comment comment.Item
	File    referral.File
	Own     bool // drafted by the member, who therefore does not approve it
	Words   string
}

// TemplatesView is the list of wordings with the form for one.
type TemplatesView struct {
	Rows []referral.Template
	Edit referral.Template
	Done string
}

// Tabs in the order they are shown.
var answerTabs = []referral.Tab{referral.TabOpen, referral.TabSubmitted, referral.TabReturned, referral.TabApproved}

func tabWord(t referral.Tab) string {
	switch t {
	case referral.TabSubmitted:
		return "待审批"
	case referral.TabReturned:
		return "已退回"
	case referral.TabApproved:
		return "已答复"
	}
	return "待答复"
}

// AnswersAddress is the address of a list of answers.
func AnswersAddress(t referral.Tab, consultationID, after string) string {
	v := url.Values{"tab": {string(t)}}
	if consultationID != "" {
		v.Set("consultation", consultationID)
	}
	if after != "" {
		v.Set("after", after)
	}
	return "/staff/answers?" + v.Encode()
}

func answersURL(t referral.Tab, consultationID, after string) templ.SafeURL {
	return templ.SafeURL(AnswersAddress(t, consultationID, after))
}

func answerURL(id uuid.UUID, act string) templ.SafeURL {
	address := "/staff/answers/" + id.String()
	if act != "" {
		address += "/" + act
	}
	return templ.SafeURL(address)
}

// answerPage is where a line of a list leads: to the approver's page, or to the comment.
func answerPage(a referral.Answer) templ.SafeURL {
	if a.Status == referral.Submitted {
		return answerURL(a.CommentID, "")
	}
	return templ.SafeURL("/staff/comments/" + a.CommentID.String() + "#handling")
}

// draftWord names the way to the form by what it will do.
func draftWord(latest referral.Version) string {
	switch latest.Status {
	case "":
		return "起草答复"
	case referral.Approved:
		return "更正答复"
	}
	return "修改答复"
}

func statusWord(s referral.Status) string {
	switch s {
	case referral.Drafted:
		return "草稿"
	case referral.Submitted:
		return "待审批"
	case referral.SentBack:
		return "已退回"
	case referral.Approved:
		return "已批准"
	}
	return "已被后一稿取代"
}

func templateOptions(list []referral.Template) []ui.Option {
	options := []ui.Option{{Text: "不用模板"}}
	for _, t := range list {
		options = append(options, ui.Option{Value: t.ID.String(), Text: t.Name})
	}
	return options
}

func templateURL(t referral.Template) templ.SafeURL {
	return templ.SafeURL("/staff/templates/" + t.ID.String())
}

func templateAction(t referral.Template) templ.SafeURL {
	if t.ID == uuid.Nil {
		return "/staff/templates"
	}
	return templateURL(t)
}

// answerKey names one answer in the version seen, for acts on several.
func answerKey(a referral.Answer) string {
	return a.CommentID.String() + "." + count(a.Version.Version)
}

// stillAsked are the departments that have yet to give their opinion.
func stillAsked(file referral.File) []string {
	var units []string
	for _, r := range file.Referrals {
		if r.State.Open() {
			units = append(units, r.UnitName)
		}
	}
	return units
}
