package desk

import (
	"encoding/hex"
	"net/url"
	"strconv"
	"strings"
	"time"

	"wenji/internal/comment"
	"wenji/internal/consultation"
	"wenji/internal/export"
	"wenji/internal/staff"
	"wenji/internal/validate"
	"wenji/web/ui"

	"github.com/a-h/templ"
)

// ExportsView is the list of exports.
type ExportsView struct {
	Rows []export.Record
}

// ExportView is one export.
type ExportView struct {
	export.Record
	Note string // typed reason of a refusal
}

// ExportForm is the form of a new export.
type ExportForm struct {
	Consultations []consultation.Consultation
	Consultation  string
	States        []comment.State
	From          string
	To            string
	Clause        string
	Unit          string
	Channel       string
	Format        string // one of export's formats
	Profile       string // one of export's profiles
	Reason        string
}

// unfinished tells of a file that was cut off while it was sent.
func unfinished(r export.Record) bool { return r.State == export.Sent && r.FinishedAt == nil }

// exportStateWord is an export's state as staff read it.
func exportStateWord(r export.Record, now time.Time) string {
	switch r.StateAt(now) {
	case export.Waiting:
		return "等待批准"
	case export.Refused:
		return "未通过"
	case export.Queued, export.Running:
		return "正在生成"
	case export.Ready:
		return "可下载"
	case export.Failed:
		return "生成失败"
	case export.Expired:
		return "已过期"
	}
	if unfinished(r) {
		return "未完成"
	}
	return "已直接下载"
}

// exportTone is the colour that goes with the word.
func exportTone(r export.Record, now time.Time) ui.Tone {
	switch r.StateAt(now) {
	case export.Ready:
		return ui.OK
	case export.Waiting, export.Queued, export.Running:
		return ui.Warn
	case export.Refused, export.Failed:
		return ui.Bad
	}
	return ui.Info
}

func profileWord(profile string) string {
	switch profile {
	case export.Public:
		return "公开"
	case export.Personal:
		return "内部（含个人信息）"
	}
	return "办理（个人信息已遮盖）"
}

func formatWord(format string) string {
	switch format {
	case export.XLSX:
		return "Excel"
	case export.DOCX:
		return "Word意见汇总表"
	case export.JSONL:
		return "JSONL"
	}
	return "CSV"
}

func rowsWord(r export.Record) string {
	if r.Rows == nil || r.FinishedAt == nil {
		return "—"
	}
	return strconv.Itoa(*r.Rows)
}

// filterWord says which comments a file holds.
func filterWord(f export.Filter) string {
	var parts []string
	for _, state := range f.States {
		parts = append(parts, StateWord(state))
	}
	words := []string{"状态：" + strings.Join(parts, "、")}
	if len(parts) == 0 || len(parts) == len(linkedStates) {
		words[0] = "全部状态"
	}
	switch {
	case f.From != "" && f.To != "":
		words = append(words, "收到日期："+f.From+"至"+f.To)
	case f.From != "":
		words = append(words, "收到日期："+f.From+"起")
	case f.To != "":
		words = append(words, "收到日期："+f.To+"止")
	}
	if f.Clause > 0 {
		words = append(words, "第"+strconv.Itoa(f.Clause)+"条")
	}
	if f.Unit != "" {
		words = append(words, "单位："+f.Unit)
	}
	if f.Channel != "" {
		words = append(words, "渠道："+channelWord(f.Channel))
	}
	return strings.Join(words, "；")
}

// progressWord says how far a file is; "" before it is begun.
func progressWord(r export.Record) string {
	if r.Rows == nil || r.RowTotal == nil || *r.RowTotal == 0 {
		return ""
	}
	return "已写入" + strconv.Itoa(*r.Rows) + "条，共" + strconv.Itoa(*r.RowTotal) + "条（" + strconv.Itoa(exportPercent(r)) + "%）"
}

func exportPercent(r export.Record) int { return min(100, *r.Rows*100 / *r.RowTotal) }

func digestWord(digest []byte) string { return "SHA-256 " + hex.EncodeToString(digest) }

func sizeWord(r export.Record) string {
	if r.Size == nil {
		return ""
	}
	return strconv.FormatInt((*r.Size+1023)/1024, 10) + " KB"
}

func exportURL(r export.Record, act string) templ.SafeURL {
	address := "/staff/exports/" + r.ID.String()
	if act != "" {
		address += "/" + act
	}
	return templ.SafeURL(address)
}

// againURL is the form of a new export of the same consultation.
func againURL(r export.Record) templ.SafeURL {
	return templ.SafeURL("/staff/exports/new?" + url.Values{"consultation": {r.ConsultationID}}.Encode())
}

// decides tells whether the member may approve or refuse the export: never who asked for it.
func decides(m staff.Member, r export.Record, now time.Time) bool {
	return m.Can(staff.ApproveExports) && !r.MadeBy(m) && r.StateAt(now) == export.Waiting
}

func holds(states []comment.State, state comment.State) bool {
	for _, s := range states {
		if s == state {
			return true
		}
	}
	return false
}

var formats = []ui.Option{
	{Value: export.XLSX, Text: "Excel工作簿（xlsx）"},
	{Value: export.CSV, Text: "CSV文件（UTF-8，Excel和WPS可直接打开）"},
	{Value: export.DOCX, Text: "Word意见汇总表（docx，公文版式）"},
	{Value: export.JSONL, Text: "JSONL文件（每行一条，供程序读取）"},
}

// profiles are the contents a member may export.
func profiles(m staff.Member) []ui.Option {
	options := []ui.Option{
		{Value: export.Masked, Text: "办理：供责任单位研究（隐去个人信息和审核时隐去的文字，附办理和答复情况）"},
		{Value: export.Public, Text: "公开：只含已公开的意见，内容与公众看到的一致"},
	}
	if m.Can(staff.ExportPersonal) {
		options = append(options, ui.Option{Value: export.Personal, Text: "内部：含个人信息（姓名、身份证号码、联系电话、邮箱），须另一人批准"})
	}
	return options
}

// exportChannels are the channels to choose from, after the empty choice.
func exportChannels() []ui.Option {
	options := []ui.Option{{Text: "全部"}}
	for _, c := range validate.Channels {
		options = append(options, ui.Option{Value: c, Text: channelWord(c)})
	}
	return options
}

// consultationOptions are the consultations to choose from, after the empty choice.
func consultationOptions(list []consultation.Consultation, none string) []ui.Option {
	options := []ui.Option{{Text: none}}
	for _, c := range list {
		options = append(options, ui.Option{Value: c.ID, Text: c.ID + "　" + c.Title})
	}
	return options
}
