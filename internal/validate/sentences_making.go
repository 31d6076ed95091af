package validate

import "fmt"

// What an editor reads who makes, changes, extends or ends a consultation.
const (
	KindMissing             = "请选择文件类型。"
	KindFixed               = "征集发布后不能再改文件类型和是否涉企。"
	RuleMissing             = "请选择必填、选填或不收集。"
	ClosingBeforeOpening    = "截止时间应晚于开始时间。"
	PeriodTooLong           = "截止时间过远，请核对年份。"
	MomentForm              = "请写成 2025年5月7日 或 2025-05-07 17:00 这样的时间。"
	EarlyEndWithoutReason   = "请填写提前结束的原因。"
	WithdrawalWithoutReason = "请填写中止的原因。"
	ReasonLong              = "原因最多500个字，请删减。"
	CorrectionUnexplained   = "请填写勘误说明：改了什么，为什么改。公告上会公布。"
	PeriodNoLonger          = "这项征集已不在可以这样变更的状态，您的操作未执行。请回到征集管理查看。"
	ConfirmMissing          = "请勾选确认。"
	DutiesUnfulfilled       = "还有没有达到要求的项目，不能发布。请按下表逐项修改。"

	FileMissing    = "请选择文件。"
	FileTitle      = "请填写附件名称。"
	FileType       = "附件只接受 pdf、ofd、doc、docx、wps、xls、xlsx、txt 文件。"
	FileUnreadable = "文件内容与扩展名不符，或者文件已损坏，请用原来的程序打开后另存一份。"
	FileMacros     = "文件中含有宏，不能作为附件。请另存为不带宏的文件。"
	FileLarge      = "附件每个最大20 MB。"
	FilesLarge     = "全部附件合计最大100 MB。"
	FilesMany      = "附件最多50个。"
	FileTwice      = "这个文件已经在附件中。"

	DayForm    = "请写成 2026-10-01 或 2026年10月1日 这样的日期。"
	DayKind    = "请选择放假或调休上班。"
	DayName    = "请填写名称，如“国庆节”。"
	DaySource  = "请填写依据的文件，如“国办发明电〔2025〕7号”。"
	DayTwice   = "这一天已经在表中，请先删除原来的记录。"
	DayUseless = "这一天本来就是这样，不需要登记。"
)

// MakingLabel is the name of a field of the editor's forms, as forms and notices write it.
func MakingLabel(field string) string {
	switch field {
	case "title":
		return "文件名称"
	case "headline":
		return "公告标题"
	case "unit":
		return "起草单位"
	case "source":
		return "信息来源"
	case "editor":
		return "责任编辑"
	case "contact_phone":
		return "联系电话"
	case "contact_email":
		return "电子邮箱"
	case "mail_subject":
		return "邮件主题"
	case "result_expected":
		return "预计反馈时间"
	case "notice":
		return "公告正文"
	case "draft":
		return "征求意见稿"
	case "interpretation":
		return "解读材料"
	case "explanation":
		return "勘误说明"
	case "reason":
		return "原因"
	case "file":
		return "附件"
	case "file_title":
		return "附件名称"
	}
	return "填写的内容"
}

// MakingMissing asks for a field of the editor's forms.
func MakingMissing(field string) string { return "请填写" + MakingLabel(field) + "。" }

// MakingLong says how many characters a field of the editor's forms takes.
func MakingLong(field string, most int) string {
	return fmt.Sprintf("%s最多%d个字，请删减。", MakingLabel(field), most)
}

// MakingUndisplayable names a field of the editor's forms that holds characters nobody can read.
func MakingUndisplayable(field string) string {
	return MakingLabel(field) + "中有无法显示的字符，请删去后重新填写。"
}
