package validate

// EntryColumn is one column of the workbook by which comments are imported.
type EntryColumn struct {
	Field   string // as in EntryFields
	Heading string
	Help    string
	Width   int // in characters
}

// EntryColumns are the columns of the workbook, in the order of the template.
var EntryColumns = []EntryColumn{
	{"channel", "渠道", "必填。信函、电子邮件、电话、来访登记、座谈听证，选其一。", 12},
	{"received_on", "收到日期", "必填。写作2025-05-03。以收到日期判断是否逾期，可以在截止之后补录。", 14},
	{"clause", "针对条目", "选填。条目的序号，多个用顿号隔开，如3、5。不填表示针对整个征求意见稿。", 12},
	{"title", "标题", "必填。用一句话概括意见，2至100个字。", 30},
	{"body", "意见", "必填。照录原文，2至5000个字。", 60},
	{"name", "姓名", "选填。未留姓名的不填，公开时显示为“匿名”。", 12},
	{"occupation", "职业", "选填。", 18},
	{"phone", "联系电话", "选填。留有电话的，意见人可以凭查询码查询办理情况。", 16},
	{"email", "邮箱", "选填。", 24},
	{"id_number", "身份证号码", "选填。请把单元格设为文本格式，以免末几位变成0。", 22},
	{"org", "单位名称", "选填。", 24},
}

// Words of the template's two sheets.
const (
	EntrySheet      = "意见"
	EntryHelpSheet  = "填写说明"
	EntryHelpColumn = "列名"
	EntryHelpText   = "怎样填写"
)
