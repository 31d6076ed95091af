package public

import (
	"strconv"
	"strings"
	"time"

	"wenji/internal/consultation"
	"wenji/internal/validate"
	"wenji/web/ui"
)

// typing is the frame of a page that holds typed text: the switch of the type size in the frame would throw the text
// away, so the frame shows only a link that opens apart.
func typing(p ui.Page) ui.Page {
	p.Back = ""
	return p
}

// chosen are the clauses to show a select for: those chosen, or one select without a choice.
func chosen(clauses []string) []string {
	var out []string
	for _, c := range clauses {
		if c != "" {
			out = append(out, c)
		}
	}
	if len(out) == 0 {
		return []string{""}
	}
	return out[:min(len(out), 10)]
}

// clauseID is the id of the i-th select; the first has the field's name, which the error summary links to.
func clauseID(i int) string {
	if i == 0 {
		return "clause"
	}
	return "clause-" + strconv.Itoa(i+1)
}

func firstOnly(i int, problem string) string {
	if i > 0 {
		return ""
	}
	return problem
}

func clauseOptions(d *consultation.Dossier) []ui.Option {
	options := []ui.Option{{Text: "对整个征求意见稿"}}
	for _, n := range clausesOf(d) {
		options = append(options, ui.Option{Value: strconv.Itoa(n.Number), Text: clauseTitle(n)})
	}
	return options
}

func occupationOptions(occupations []string) []ui.Option {
	options := []ui.Option{{Text: "请选择"}}
	for _, o := range occupations {
		options = append(options, ui.Option{Value: o, Text: o})
	}
	return options
}

// note is the mark of an optional field.
func note(rule consultation.FieldRule) string {
	if rule == consultation.Optional {
		return "选填"
	}
	return ""
}

func captchaText(v FormView) ui.Field {
	return ui.Field{
		Name: "captcha", Label: "验证码", Required: true, Hint: "请填写图中或听到的6位数字。", InputMode: "numeric",
		Autocomplete: "off", Short: true, Problem: problemOf(v.Problems, "captcha"), Focus: v.Edit == "captcha",
	}
}

func captchaClass(f ui.Field) string {
	if f.Problem != "" {
		return "field bad"
	}
	return "field"
}

// atoi reads a clause number; anything else is 0, which no clause has.
func atoi(s string) int {
	n, err := strconv.Atoi(strings.TrimSpace(s))
	if err != nil {
		return 0
	}
	return n
}

// typed tells whether there is an opinion to be copied.
func typed(a Answers) bool { return a.Title != "" || a.Body != "" }

func closedHeading(v ClosedView, now time.Time) string {
	switch {
	case v.Dossier.Phase(now) == consultation.NotBegun:
		return "征集尚未开始"
	case v.Dossier.Phase(now) == consultation.Withdrawn:
		return "征集已中止"
	case typed(v.Answers):
		return "您的意见没有提交"
	default:
		return "征集已截止"
	}
}

// closedWords says why comments are not taken, and what can be done with what was typed.
func closedWords(v ClosedView, now time.Time) string {
	why := deadline(&v.Dossier.Consultation, now)
	switch {
	case !typed(v.Answers):
		return why
	case v.Dossier.Phase(now) == consultation.NotBegun, v.Dossier.Phase(now) == consultation.Withdrawn:
		return why + "您的意见没有提交。您填写的内容在下面，可以复制保存。"
	default:
		return validate.Closed(v.Dossier.ClosesAt, v.Dossier.ContactEmail)
	}
}
