package validate

import "fmt"

// What an editor reads about the result report.
const (
	ReportSummaryEmpty  = "请填写文字说明，保存后再公布。"
	ReportSummaryLong   = "文字说明最多5000个字，请删减。"
	ReportLinkTitleLong = "正式文件的名称最多200个字，请删减。"
	ReportLinkWrong     = "正式文件的网址应以 http:// 或 https:// 开头，请核对。"
	ReportLinkMissing   = "填写了正式文件的名称，请同时填写网址。"
	ReportUndisplayable = "含有无法显示的字符，请删去后重新填写。"
)

// ReportRefused says why a part of the report is not published, or a consultation not marked 已反馈; why is a code of
// report.Refusal.
func ReportRefused(why string) string {
	switch why {
	case "not_closed":
		return "征集尚未截止，截止后才能公布。"
	case "withdrawn":
		return "本次征集已中止，不能公布结果反馈。"
	case "concluded":
		return "本次征集已经标记为已反馈。"
	case "draft_changed":
		return "文字说明已由他人另行保存，您的操作未执行。请核对最新内容后再操作。"
	case "no_received":
		return "请先公布收到情况，再公布采纳情况。"
	case "no_outcome":
		return "采纳情况尚未公布，不能标记为已反馈。"
	case "outcome_stale":
		return "采纳情况公布后，意见或采纳情况有变动。请重新公布采纳情况，再标记为已反馈。"
	case "unanswered":
		return "还有意见没有办结。"
	default:
		return "当前状态不能执行此操作。"
	}
}

// DifferenceSentence names the sum that does not agree; what is a code of report.Difference.
func DifferenceSentence(what string, got, want int) string {
	names := map[string]string{
		"total": "意见总数与运行计数", "waiting": "待审核数与运行计数", "published": "已公开数与运行计数", "withheld": "不予公开数与运行计数",
		"declined": "不予受理数与运行计数", "channels": "各渠道之和与意见总数", "clauses": "各条目之和与条次总数",
		"occupations": "各职业之和与意见总数", "outcomes": "采纳情况各项之和与意见总数", "rows": "汇总表行数与意见总数",
	}
	return fmt.Sprintf("数字核对不一致，没有公布：%s不符（%d与%d）。请联系系统管理员核查。", names[what], got, want)
}
