package validate

import (
	"fmt"
	"time"
)

// What a person reads about hand-overs and answers.
const (
	UnitMissing    = "请选择承办单位。"
	UnitUnknown    = "承办单位不在单位名录中或已停用，请重新选择。"
	UnitsTooMany   = "一次最多转办20个单位。"
	DaysWrong      = "办理期限请填写1至120之间的工作日数。"
	OutcomeMissing = "请选择采纳情况。"
	OutcomeReason  = "请写明理由。“采纳”以外的采纳情况须向公众说明理由。"
	TemplateTaken  = "已有同名的模板，请换一个名称。"
)

// WordsUndisplayable, WordsEmpty, WordsShort, WordsLong and WordsPersonal say what is wrong with a text of the office, named as its form
// names it.
func WordsUndisplayable(name string) string {
	return name + "中有无法显示的字符，请删去后重新填写。"
}

// WordsEmpty: see WordsUndisplayable.
func WordsEmpty(name string) string { return "请填写" + name + "。" }

// WordsShort: see WordsUndisplayable.
func WordsShort(name string, fewest int) string {
	return fmt.Sprintf("%s过短，请至少填写%d个字。", name, fewest)
}

// WordsLong: see WordsUndisplayable.
func WordsLong(name string, most, n int) string {
	return fmt.Sprintf("%s最多%d个字，现有%d个字，请删减。", name, most, n)
}

// WordsPersonal: see WordsUndisplayable.
func WordsPersonal(name string) string { return name + "中有疑似身份证号码，请删去。" }

// Holes tells how many places of a template are left to fill in.
func Holes(n int) string { return fmt.Sprintf("答复中还有%d处“【】”未填写。", n) }

// OutcomeText is the word for what became of a comment; empty for an unknown code.
func OutcomeText(code string) string {
	switch code {
	case "adopted":
		return "采纳"
	case "partly":
		return "部分采纳"
	case "not_adopted":
		return "未采纳"
	case "reference":
		return "留作参考"
	case "outside":
		return "不属于受理范围"
	default:
		return ""
	}
}

// ReferralConflict answers an act on a hand-over or an answer that came second or too early; by may be empty.
func ReferralConflict(action, by string, at time.Time) string {
	switch action {
	case "undecided":
		return "此条尚未审核，请先审核再答复。您的操作未执行。"
	case "declined":
		return "此条不予受理，不作转办。您的操作未执行。"
	}
	if by == "" {
		by = "他人"
	}
	return fmt.Sprintf("此条已由%s于%s%s，您的操作未执行。", by, at.In(shanghai).Format("1月2日15:04"), referralAct(action))
}

func referralAct(action string) string {
	switch action {
	case "referred":
		return "转办"
	case "accepted":
		return "接收"
	case "returned":
		return "退回"
	case "replied":
		return "提出办理意见"
	case "submitted_answer":
		return "提交答复"
	case "saved_answer":
		return "保存答复草稿"
	case "approved":
		return "批准答复"
	case "sent_back":
		return "退回答复"
	default:
		return "处理"
	}
}

// AnswersLeft tells how many of several answers were not approved.
func AnswersLeft(n int) string {
	return fmt.Sprintf("另有%d件未批准：由本人起草，或已由他人处理、修改。", n)
}
