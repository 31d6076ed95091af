package desk

import (
	"encoding/hex"
	"strconv"
	"time"

	"wenji/internal/notify"
	"wenji/internal/retention"
	"wenji/internal/validate"
	"wenji/internal/vault"
	"wenji/web/ui"

	"github.com/a-h/templ"
)

// RetentionView is the list of consultations with the keeping of their personal data (留存与删除).
type RetentionView struct {
	Terms []retention.Term
	Next  string // id to go on before, "" on the last page
}

// TermView is how the personal data of one consultation is kept, with its acts.
type TermView struct {
	Term     retention.Term
	Erasures []retention.Erasure
	Form     TermForm
}

// TermForm is what was typed, shown again when something is to be mended.
type TermForm struct {
	Months             string
	Reason, Hold, Lift string
}

// RequestsView is the list of what commenters ask for their own data (个人信息请求), with how the mail is doing.
type RequestsView struct {
	Open, Decided []retention.Request
	Mail          notify.Counts
	Failed        []notify.Failed
}

// RequestView is one request with the forms that decide it.
type RequestView struct {
	Wish retention.Wish
	Form RequestForm
}

// RequestForm is what was typed, shown again when something is to be mended.
type RequestForm struct {
	Name, Phone, Email, Answer string
}

func retentionURL(id, act string) templ.SafeURL {
	if act != "" {
		act = "/" + act
	}
	return templ.SafeURL("/staff/retention/" + id + act)
}

func requestURL(r retention.Request, act string) templ.SafeURL {
	if act != "" {
		act = "/" + act
	}
	return templ.SafeURL("/staff/requests/" + r.ID.String() + act)
}

func termWord(t retention.Term, now time.Time) string {
	switch t.State(now) {
	case retention.Empty:
		return "没有意见"
	case retention.Pending:
		return "结果未公布"
	case retention.Held:
		return "依法保全"
	case retention.Due:
		return "已到期，待删除"
	case retention.Erasing:
		return "正在删除"
	case retention.Erased:
		return "已删除"
	}
	return "保存中"
}

func monthsWord(months int) string {
	if months%12 == 0 {
		return strconv.Itoa(months/12) + "年"
	}
	return strconv.Itoa(months) + "个月"
}

func dueWord(t retention.Term) string {
	due, ok := t.DueOn()
	if !ok {
		return "结果公布后起算"
	}
	return ui.Date(due)
}

func termOptions() []ui.Option {
	options := make([]ui.Option, len(retention.Terms))
	for i, m := range retention.Terms {
		options[i] = ui.Option{Value: strconv.Itoa(m), Text: "结果公布后" + monthsWord(m)}
	}
	return options
}

func erasedWhat(e retention.Erasure) string {
	what := strconv.Itoa(e.People) + "人的个人信息，" + strconv.Itoa(e.Marks) + "条意见的电话和表单摘要，" + strconv.Itoa(e.Scans) +
		"份扫描件和导入文件，" + strconv.Itoa(e.Requests) + "件请求的文字"
	if e.CommentID != nil {
		return "应本人请求：" + what
	}
	return "第1号至第" + strconv.Itoa(e.Through) + "号：" + what
}

// erasedDigest is long enough to compare by eye; the record has all of it.
func erasedDigest(e retention.Erasure) string {
	return hex.EncodeToString(e.Digest[:min(8, len(e.Digest))])
}

func kindOfRequest(k retention.Kind) string {
	if k == retention.AskErase {
		return "删除"
	}
	return "更正"
}

func requestWord(s retention.RequestState) string {
	switch s {
	case retention.Granted:
		return "已照办"
	case retention.Refused:
		return "未照办"
	case retention.Lapsed:
		return "个人信息已到期删除"
	}
	return "待办"
}

// personMasked is what a decision needs to see of someone's data, and no more.
func personMasked(p vault.Personal) []ui.Option {
	var rows []ui.Option
	for _, f := range []struct {
		field string
		value vault.Secret
		mask  func(vault.Secret) string
	}{
		{"name", p.Name, vault.MaskName}, {"id_number", p.IDNumber, vault.MaskIDNumber}, {"phone", p.Phone, vault.MaskPhone},
		{"email", p.Email, vault.MaskEmail},
	} {
		if !f.value.Empty() {
			rows = append(rows, ui.Option{Value: f.mask(f.value), Text: validate.Label(f.field)})
		}
	}
	return rows
}

func mailWord(c notify.Counts) string {
	word := "最近30天：已发出" + strconv.Itoa(c.Sent) + "封，等待发送" + strconv.Itoa(c.Waiting) + "封，未能发出" + strconv.Itoa(c.Failed) + "封"
	if c.Skipped > 0 {
		word += "，没有邮箱或者个人信息已删除的" + strconv.Itoa(c.Skipped) + "封"
	}
	return word + "。"
}

// eraserWord names who erased; the portal itself when a term was over.
func eraserWord(actor string) string {
	switch actor {
	case "wenji":
		return "系统（到期自动）"
	case "wenji command line":
		return "系统管理命令"
	}
	return actor
}
