package validate

import (
	"fmt"
	"time"
)

// What a person of the office reads when writing down or importing comments of other channels.
const (
	EntryChannel        = "请选择渠道：信函、电子邮件、电话、来访登记或者座谈听证。"
	EntryBodyShort      = "意见过短，请至少填写2个字。"
	EntryDateEmpty      = "请填写收到日期。"
	EntryDateForm       = "收到日期应写作2025-05-03这样的形式。"
	EntryDateFuture     = "收到日期不能晚于今天。"
	EntryConcluded      = "此次征集已公布结果反馈，不能再补录意见。"
	EntryNotOpen        = "此次征集尚未开始或者已中止，在收到日期不接收意见。"
	EntryTwice          = "与本文件中前面的一行相同，不再重复录入。"
	EntryNoConsultation = "请选择征集。"

	ScanLarge = "扫描件不能超过8 MB，请压缩后重新选择。"
	ScanKind  = "扫描件应为PDF、JPEG或者PNG文件，请重新选择。"

	ImportMissing   = "请选择文件。"
	ImportLarge     = "文件不能超过8 MB，请分成几个文件导入。"
	ImportKind      = "文件应为Excel工作簿（.xlsx）或者电子邮件（.eml），请重新选择。"
	ImportMixed     = "一次可以导入一个.xlsx文件，或者多个.eml文件，请重新选择。"
	ImportDamaged   = "文件已损坏或者不是有效的Excel工作簿，请用Excel或WPS重新保存后再导入。"
	ImportMacros    = "文件含有宏，为安全起见不能导入。请另存为不含宏的.xlsx文件。"
	ImportSwollen   = "文件解压后过大，不能导入。请只保留需要导入的表格，另存后再试。"
	ImportColumns   = "没有找到“收到日期”“标题”“意见”三列。请使用本页提供的模板，保留第一行的列名。"
	ImportEmpty     = "文件中没有可以导入的意见。"
	ImportRows      = "一次最多导入2000条，请分成几个文件导入。"
	ImportMail      = "邮件无法读取，请确认它是从邮箱中导出的.eml文件。"
	ImportMailEmpty = "邮件没有正文文字。如果意见在附件中，请打开附件后人工录入。"
	ImportNoneGood  = "没有可以导入的意见，请按下面的说明修改文件后重新上传。"
)

// EntryDateEarly refuses a day before the consultation opened.
func EntryDateEarly(opensOn time.Time) string {
	return fmt.Sprintf("收到日期早于征集开始之日（%s），请核对。", opensOn.In(shanghai).Format("2006-01-02"))
}

// EntryDateLate refuses a day after the last one: the day of receipt decides whether a comment is in time.
func EntryDateLate(closesAt time.Time) string {
	return fmt.Sprintf("收到日期晚于征集截止时间（%s）。逾期收到的意见不列入本次征集，请另行答复来信人。", ClosingTime(closesAt))
}

// EntrySame tells that the same person's same words of the same day are there already.
func EntrySame(number int) string {
	return fmt.Sprintf("与已录入的第%d号意见相同，不再重复录入。", number)
}

// EntryFormUsed tells that the form was gone back to after another comment had been entered with it.
func EntryFormUsed(number int) string {
	return fmt.Sprintf("这份表单已录入了第%d号意见，现在填写的内容没有保存。如果这是另一条意见，请核对后再次提交。", number)
}

// ImportSame tells that a file has been imported before.
func ImportSame(by string, at time.Time, n int) string {
	return fmt.Sprintf("这个文件已由%s于%s导入过（%d条），没有重复导入。", by, at.In(shanghai).Format("2006-01-02 15:04"), n)
}

// Imported tells how many comments were stored.
func Imported(n int) string { return fmt.Sprintf("已导入%d条意见，进入审核队列。", n) }
