package desk

import (
	"strconv"
	"strings"
	"time"

	"wenji/internal/clause"
	"wenji/internal/consultation"
	"wenji/internal/validate"
	"wenji/web/ui"

	"github.com/a-h/templ"
)

// EditView is what every page of the editor needs: the consultation as it stands, and how the typed words differ from
// it where somebody else saved in between.
type EditView struct {
	Consultation consultation.Consultation
	Conflict     []Difference // nil: nobody else saved
	Explanation  string       // 勘误说明, of a published consultation
}

// Difference is one field whose saved and typed words differ.
type Difference struct{ Field, Saved, Typed string }

// published tells whether changes need a 勘误说明.
func (v EditView) published() bool { return v.Consultation.Stage != consultation.StagePreparing }

// NewConsultationView is the form of a new consultation.
type NewConsultationView struct {
	Kind             consultation.Kind
	Title, Unit      string
	ConcernsBusiness bool
}

// OverviewView is the editor's first page: the sections with what they hold, and the duties.
type OverviewView struct {
	Dossier *consultation.Dossier
	Duties  []consultation.Duty
}

// BasicsView is the form of the facts (基本信息).
type BasicsView struct {
	EditView
	Basics consultation.Basics
}

// NoticeView is the form of the notice (公告).
type NoticeView struct {
	EditView
	Notice string
}

// FieldsView is the form of what the comment form asks for (填写项).
type FieldsView struct {
	EditView
	Fields consultation.Fields
}

// TimeView is the form of the period (时间), as typed.
type TimeView struct {
	EditView
	Opens, Closes, Reason string
	Period                consultation.Duty
}

// FilesView is the page of the attachments (附件).
type FilesView struct {
	EditView
	Files []consultation.Attachment
	Title string // typed
}

// PublishView is the checklist with the last question (检查并发布).
type PublishView struct {
	EditView
	Duties []consultation.Duty
}

// PeriodView is the form of an extension, an early end or a withdrawal.
type PeriodView struct {
	Consultation   consultation.Consultation
	Kind           consultation.ChangeKind
	Closes, Reason string // as typed
}

// sections of the editor, in their order.
var sections = []struct{ code, name string }{
	{"basics", "基本信息"}, {"notice", "公告"}, {"draft", "征求意见稿"}, {"interpretation", "解读"}, {"files", "附件"},
	{"fields", "填写项"}, {"time", "时间"}, {"publish", "检查并发布"},
}

func staffConsultationURL(id, act string) templ.SafeURL {
	address := "/staff/consultations/" + id
	if act != "" {
		address += "/" + act
	}
	return templ.SafeURL(address)
}

// encoding is how a form is sent: long texts as multipart, which is a third as long for Chinese.
func encoding(section string) string {
	if section == "notice" || section == "interpretation" {
		return "multipart/form-data"
	}
	return "application/x-www-form-urlencoded"
}

// sectionURL is where a section is made.
func sectionURL(id, code string) templ.SafeURL {
	return staffConsultationURL(id, "edit/"+code)
}

// sectionWord says in a line what a section holds.
func sectionWord(v OverviewView, code string) string {
	d := v.Dossier
	switch code {
	case "basics":
		return kindOfDocument(d.Kind) + "，" + d.Unit
	case "notice":
		if d.Notice == "" {
			return "还没有填写"
		}
		return "共" + strconv.Itoa(validate.Length(d.Notice)) + "字"
	case "draft":
		if d.ClauseTotal() == 0 {
			return "还没有导入"
		}
		return structureWord(d.Draft)
	case "interpretation":
		if len(d.Interpretation) == 0 {
			return "还没有导入"
		}
		return "共" + strconv.Itoa(len(d.Interpretation)) + "段"
	case "files":
		return "共" + strconv.Itoa(len(d.Attachments)) + "个文件"
	case "fields":
		return "身份证号码" + ruleWord(d.IDNumberRule) + "，联系电话" + ruleWord(d.PhoneRule) + "，邮箱" + ruleWord(d.EmailRule) + "；" + publicationWord(d.Publication)
	case "time":
		return ui.Opening(d.OpensAt) + "开始，" + ui.Closing(d.ClosesAt) + "截止"
	default:
		return publishWord(v)
	}
}

// structureWord tells what a draft is made of: 5个部分，29条.
func structureWord(nodes []clause.Node) string {
	counts := map[clause.Kind]int{}
	for _, n := range nodes {
		counts[n.Kind]++
	}
	var parts []string
	for _, k := range []struct {
		kind clause.Kind
		word string
	}{{clause.Part, "个部分"}, {clause.Section, "个小节"}, {clause.Clause, "条"}} {
		if counts[k.kind] > 0 {
			parts = append(parts, strconv.Itoa(counts[k.kind])+k.word)
		}
	}
	return strings.Join(parts, "，")
}

func publishWord(v OverviewView) string {
	if v.Dossier.Stage != consultation.StagePreparing {
		return "已于" + ui.Date(v.Dossier.PublishedOn) + "发布"
	}
	open := 0
	for _, d := range v.Duties {
		if !d.Met {
			open++
		}
	}
	if open == 0 {
		return "已达到全部要求，可以发布"
	}
	return "还有" + strconv.Itoa(open) + "项没有达到要求"
}

func ruleWord(r consultation.FieldRule) string {
	switch r {
	case consultation.Required:
		return "必填"
	case consultation.Optional:
		return "选填"
	}
	return "不收集"
}

var ruleOptions = []ui.Option{{Value: "required", Text: "必填"}, {Value: "optional", Text: "选填"}, {Value: "omitted", Text: "不收集"}}

// kindOptions are the kinds to choose from, with the empty choice for a new consultation.
func kindOptions(none bool) []ui.Option {
	var options []ui.Option
	if none {
		options = append(options, ui.Option{Text: "请选择"})
	}
	for _, k := range consultation.Kinds {
		options = append(options, ui.Option{Value: string(k), Text: kindOfDocument(k)})
	}
	return options
}

// DutyRow is one line of the checklist in words.
type DutyRow struct {
	Duty   string // what is asked
	Rule   string // by which rule and paragraph, "" where it is the column's own
	State  string
	Met    bool
	Action string // where it is mended
	URL    templ.SafeURL
}

// DutyRows words the checklist.
func DutyRows(c *consultation.Consultation, duties []consultation.Duty) []DutyRow {
	rows := make([]DutyRow, len(duties))
	for i, d := range duties {
		rows[i] = dutyRow(c, d)
		rows[i].Met = d.Met
	}
	return rows
}

// materials is the rule by which draft, explanation and ways to comment are published, for a kind.
func materials(k consultation.Kind) string {
	switch k {
	case consultation.MajorDecision:
		return "《重大行政决策程序暂行条例》第十五条：公布决策草案及其说明等材料，明确提出意见的方式和期限。"
	case consultation.GovernmentRule:
		return "《规章制定程序条例》第十五条：将规章草案及其说明等向社会公布，征求意见。"
	case consultation.NormativeDocument:
		return "国办发〔2018〕37号：公布文件草案及其说明等材料，并明确提出意见的方式和期限。"
	}
	return "地方性法规草案，本栏目同样要求公布草案及其说明，写明提出意见的方式。"
}

func dutyRow(c *consultation.Consultation, d consultation.Duty) DutyRow {
	row := func(duty, rule, met, unmet, section, action string) DutyRow {
		state := unmet
		if d.Met {
			state = met
		}
		return DutyRow{Duty: duty, Rule: rule, State: state, Action: action, URL: sectionURL(c.ID, section)}
	}
	switch d.Code {
	case consultation.DutyKind:
		return row("选定文件类型", "文件类型决定最短征集期限和意见的公开方式。", "已选定", "没有选定", "basics", "修改基本信息")
	case consultation.DutyNotice:
		return row("公告有正文", "本栏目的要求。", "已填写", "没有填写", "notice", "填写公告")
	case consultation.DutyDraft:
		return row("公布草案", materials(c.Kind), "已导入", "没有导入，或者没有带编号的条目", "draft", "导入征求意见稿")
	case consultation.DutyExplanation:
		return row("公布草案的说明", materials(c.Kind), "已导入", "没有导入", "interpretation", "导入解读")
	case consultation.DutyContact:
		return row("写明提出意见的方式", materials(c.Kind)+"网上填写之外，还须有联系电话或电子邮箱。", "已填写", "没有填写联系电话或电子邮箱", "basics", "修改基本信息")
	case consultation.DutyPeriod:
		return periodRow(c.ID, d)
	case consultation.DutyReason:
		return row("期限较短的，说明理由", reasonRule(d.Minimum.Rule), "期限够长，不需要说明", "没有说明", "time", "填写理由").explained(d)
	case consultation.DutyCalendar:
		state := row("工作日可以计算", "按工作日计算期限时，须已登记所涉年度的放假和调休安排（国务院办公厅年度通知）。", "已登记", strings.Join(d.Names, "、")+"年的放假安排还没有登记，请系统管理员登记", "time", "修改时间")
		if !d.Minimum.Working {
			state.State = "期限按自然日计算，不需要"
		}
		return state
	default:
		return row("附件可以打开", "本栏目的要求：文件内容与类型一致。", "全部可以打开", "打不开："+strings.Join(d.Names, "、"), "files", "修改附件")
	}
}

func (r DutyRow) explained(d consultation.Duty) DutyRow {
	if d.Short && d.Met {
		r.State = "已说明，公告会公布"
	}
	return r
}

func periodRow(id string, d consultation.Duty) DutyRow {
	r := DutyRow{Duty: "征集期限" + minimumWord(d.Minimum), Rule: periodRule(d.Minimum.Rule), Action: "修改时间", URL: sectionURL(id, "time")}
	r.State = "现为" + daysWord(d.Minimum, d.Have)
	switch {
	case d.Over:
		r.State = "截止时间已过，请重新填写"
	case d.Short:
		r.State += "，少于" + daysWord(d.Minimum, d.Minimum.Days) + "，须说明理由（见下一行）"
	default:
		r.State += "，达到要求"
	}
	return r
}

func daysWord(m consultation.Minimum, n int) string {
	if m.Working {
		return strconv.Itoa(n) + "个工作日"
	}
	return strconv.Itoa(n) + "日"
}

func minimumWord(m consultation.Minimum) string { return "一般不少于" + daysWord(m, m.Days) }

func periodRule(r consultation.Rule) string {
	switch r {
	case consultation.RuleMajorDecision:
		return "《重大行政决策程序暂行条例》第十五条：公开征求意见的期限一般不少于30日。"
	case consultation.RuleGovernmentRule:
		return "《规章制定程序条例》第十五条：向社会公布征求意见的期限一般不少于30日。"
	case consultation.RuleBusiness:
		return "《优化营商环境条例》第六十二条：制定与市场主体生产经营活动密切相关的行政规范性文件，向社会公开征求意见的期限一般不少于30日。"
	case consultation.RuleRegulation:
		return "地方性法规草案，本栏目同样按30日检查。"
	}
	return "行政规范性文件，本栏目按7个工作日检查；与市场主体生产经营活动密切相关的，请在基本信息中勾选“涉企”，按30日检查。"
}

func reasonRule(r consultation.Rule) string {
	if r == consultation.RuleMajorDecision {
		return "《重大行政决策程序暂行条例》第十五条：因情况紧急等原因需要缩短期限的，公开征求意见时应当予以说明。"
	}
	return "期限少于一般期限的，公告公布理由。"
}

// metWord is the state of a duty in a word, with a sign for who does not see colours.
func metWord(met bool) string {
	if met {
		return "✓ 达到"
	}
	return "✗ 未达到"
}

// actWords are the words of an act on a published period.
type actWords struct{ Title, Lead, ReasonLabel, ReasonHint, Confirm, Button string }

func periodWords(v PeriodView) actWords {
	switch v.Kind {
	case consultation.Extension:
		return actWords{"延长征集", "延长后，公告立即公布原截止时间、新截止时间和原因。征集已经截止的，会重新开放，直到新的截止时间。",
			"延长的原因", "公告会公布，如“意见较多，应公众要求”。", "我已核对，公告可以公布。", "延长征集"}
	case consultation.EarlyEnd:
		return actWords{"提前结束征集", "提前结束后，立即停止接收意见，公告公布原截止时间、结束时间和原因。已经收到的意见不受影响，照常办理。",
			"提前结束的原因", "公告会公布。", "我已核对：立即停止接收意见，公告可以公布。", "提前结束"}
	}
	return actWords{"中止征集", "中止后，立即停止接收意见，不能再恢复，公告公布原因。已经收到的意见仍会妥善保存。",
		"中止的原因", "公告会公布，如“上位法正在修改，另行征求意见”。", "我已核对：本次征集中止后不能恢复，公告可以公布。", "中止征集"}
}

func periodAddress(k consultation.ChangeKind) string {
	switch k {
	case consultation.Extension:
		return "extend"
	case consultation.EarlyEnd:
		return "end"
	}
	return "withdraw"
}

// periodActs are the acts on the period that the consultation's phase allows.
func periodActs(c *consultation.Consultation, now time.Time) []consultation.ChangeKind {
	switch c.Phase(now) {
	case consultation.NotBegun, consultation.Closed:
		return []consultation.ChangeKind{consultation.Extension, consultation.Withdrawal}
	case consultation.Open:
		return []consultation.ChangeKind{consultation.Extension, consultation.EarlyEnd, consultation.Withdrawal}
	}
	return nil
}

func fileNote() string {
	return "可以上传" + strings.Join(consultation.FileEndings(), " ") + "，每个最大" + strconv.Itoa(consultation.UploadMost>>20) + " MB。带宏的文件不接受。"
}

func fileSize(bytes int) string {
	if bytes < 1<<20 {
		return strconv.Itoa((bytes+1023)/1024) + " KB"
	}
	return strconv.FormatFloat(float64(bytes)/(1<<20), 'f', 1, 64) + " MB"
}
