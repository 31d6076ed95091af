package export

import (
	"strings"

	"wenji/internal/comment"
	"wenji/internal/validate"
	"wenji/internal/vault"
	"wenji/internal/xlsx"
)

// Sets of profiles that a column is in.
const (
	inPublic = 1 << iota
	inMasked
	inPersonal
	inStaff = inMasked | inPersonal
	inAll   = inPublic | inStaff
)

// column of a file.
type column struct {
	xlsx.Column
	key   string // its name in JSONL
	in    int    // profiles that have it
	share int    // of the width of the table in DOCX; 0: not in that table
	cell  func(l *line, r *record)
}

func head(heading string, kind xlsx.Kind, width int) xlsx.Column {
	return xlsx.Column{Heading: heading, Kind: kind, Width: width}
}

// columns of all files, in their order.
var columns = []column{
	{head("序号", xlsx.Number, 8), "number", inAll, 6, func(l *line, r *record) { l.number(r.number) }},
	{head("提交时间", xlsx.Text, 17), "received_at", inAll, 0, func(l *line, r *record) { l.time(&r.receivedAt) }},
	{head("状态", xlsx.Text, 10), "state", inStaff, 0, func(l *line, r *record) { l.words(stateText(string(r.state))) }},
	{head("针对条目", xlsx.Text, 16), "clauses", inAll, 10, func(l *line, r *record) { l.clauseWords(r.clauses) }},
	{head("标题", xlsx.Text, 30), "title", inAll, 14, func(l *line, r *record) { l.bytes(r.shownTitle) }},
	{head("意见", xlsx.Text, 60), "body", inAll, 34, func(l *line, r *record) { l.bytes(r.shownBody) }},
	{head("公开标题", xlsx.Text, 30), "public_title", inPersonal, 0, func(l *line, r *record) { l.bytes(r.publicTitle) }},
	{head("公开内容", xlsx.Text, 60), "public_body", inPersonal, 0, func(l *line, r *record) { l.bytes(r.publicBody) }},
	{head("公开时间", xlsx.Text, 17), "published_at", inAll, 0, func(l *line, r *record) { l.time(r.publishedAt) }},
	{head("不公开原因", xlsx.Text, 16), "withheld_because", inStaff, 0,
		func(l *line, r *record) { l.words(validate.ReasonText(string(r.reason))) }},
	{head("姓名", xlsx.Text, 12), "name", inAll, 8, func(l *line, r *record) { l.name(r) }},
	{head("职业", xlsx.Text, 16), "occupation", inAll, 0, func(l *line, r *record) { l.occupation(r) }},
	{head("渠道", xlsx.Text, 8), "channel", inStaff, 0, func(l *line, r *record) { l.words(validate.ChannelText(string(r.channel))) }},
	{head("身份证号码", xlsx.Code, 22), "id_number", inPersonal, 0, func(l *line, _ *record) { l.secret(l.open.IDNumber) }},
	{head("联系电话", xlsx.Code, 20), "phone", inPersonal, 10, func(l *line, _ *record) { l.secret(l.open.Phone) }},
	{head("邮箱", xlsx.Text, 26), "email", inPersonal, 0, func(l *line, _ *record) { l.secret(l.open.Email) }},
	{head("单位名称", xlsx.Text, 26), "org", inPersonal, 0, func(l *line, _ *record) { l.secret(l.open.Org) }},
	{head("办理单位", xlsx.Text, 30), "units", inStaff, 0, func(l *line, r *record) { l.words(unitsText(r)) }},
	{head("采纳情况", xlsx.Text, 12), "outcome", inAll, 10, func(l *line, r *record) { l.words(validate.OutcomeText(string(r.outcome))) }},
	{head("理由", xlsx.Text, 40), "outcome_reason", inAll, 18, func(l *line, r *record) { l.bytes(r.outcomeReason) }},
	{head("答复", xlsx.Text, 60), "answer", inAll, 0, func(l *line, r *record) { l.bytes(r.answer) }},
	{head("答复时间", xlsx.Text, 17), "answered_at", inAll, 0, func(l *line, r *record) { l.time(r.answeredAt) }},
}

// columnsOf are the columns of a file.
func columnsOf(o *Options) []column {
	in := map[string]int{Public: inPublic, Masked: inMasked, Personal: inPersonal}[o.Profile]
	var shown []column
	for _, c := range columns {
		if c.in&in != 0 && (o.Format != DOCX || c.share > 0) {
			shown = append(shown, c)
		}
	}
	return shown
}

// name is the masked name, and the name itself in a Personal file.
func (l *line) name(r *record) {
	if l.open.Name.Empty() {
		l.bytes(r.maskedName)
		return
	}
	l.secret(l.open.Name)
}

// occupation leaves out 现役军人 in a Public file, as the public pages do.
func (l *line) occupation(r *record) {
	if l.profile == Public && string(r.occupation) == "现役军人" {
		l.bytes(nil)
		return
	}
	l.bytes(r.occupation)
}

func (l *line) secret(s vault.Secret) { l.words(s.Reveal()) }

// unitsText names the units a comment was handed over to, lead first, with how far each is.
func unitsText(r *record) string {
	var out strings.Builder
	for i, name := range r.units {
		if i > 0 {
			out.WriteString("；")
		}
		out.WriteString(name + "（")
		if i < len(r.leads) && r.leads[i] {
			out.WriteString("牵头，")
		}
		if i < len(r.handed) {
			out.WriteString(handedText(r.handed[i]))
		}
		out.WriteString("）")
	}
	return out.String()
}

func handedText(state string) string {
	switch state {
	case "waiting":
		return "待接收"
	case "accepted":
		return "已接收"
	case "returned":
		return "已退回"
	case "replied":
		return "已回复"
	}
	return state
}

func stateText(state string) string {
	switch comment.State(state) {
	case comment.Received:
		return "待审核"
	case comment.Published:
		return "已公开"
	case comment.Withheld:
		return "不予公开"
	case comment.Declined:
		return "不予受理"
	}
	return state
}
