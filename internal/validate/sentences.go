package validate

import (
	"fmt"
	"strings"
	"time"
)

// What a person reads beside a field of the comment form, or above it. The words say what to do, never what was typed.
const (
	TitleEmpty      = "请填写标题。"
	TitleShort      = "标题过短，请至少填写2个字。"
	BodyEmpty       = "请填写意见。"
	BodyShort       = "意见过短，请至少填写10个字。"
	NameEmpty       = "请填写姓名。"
	NameForm        = "姓名请使用汉字或字母，可包含“·”。"
	NameShort       = "请填写完整的姓名，至少2个字。"
	NameLong        = "姓名最多50个字。"
	IDNumberEmpty   = "请填写身份证号码。"
	IDNumberWrong   = "身份证号码有误，请核对后重新填写。"
	OccupationEmpty = "请选择职业。"
	OccupationOther = "请从列表中选择职业。"
	PhoneEmpty      = "请填写联系电话。"
	PhoneForm       = "联系电话应为11位手机号码，或带区号的固定电话，如 024-12345678。"
	EmailEmpty      = "请填写邮箱。"
	EmailForm       = "邮箱格式应为 name@example.cn，请核对。"
	ClauseUnknown   = "没有这一条，请重新选择。"
	ConsentMissing  = "请阅读隐私声明并勾选同意。"
	ConsentID       = "请勾选同意处理身份证号码。"

	// Guardian stands beside the ID number of a person under fourteen (个人信息保护法 §31).
	Guardian = "未满14周岁的，须经监护人同意。请由监护人填写本人信息后代为提交，或者由监护人拨打页面下方的电话，由工作人员代为登记。"
)

// What a person reads about the captcha and the form as a whole.
const (
	CaptchaEmpty   = "请填写验证码。"
	CaptchaForm    = "验证码请填写6位数字。"
	CaptchaWrong   = "验证码不对，请按新的验证码重新填写。"
	CaptchaUsed    = "验证码已使用过，请按新的验证码填写。"
	CaptchaExpired = "验证码已过期，请按新的验证码填写。"

	FormExpired = "页面停留时间较长，请重新核对后提交。您填写的内容已保留。"
	SealExpired = "页面已过期，请重新核对。"
	NotSaved    = "系统暂时无法处理您的请求，您的意见没有保存，请稍后再试。"
	OtherWords  = "这份表单已经提交过，内容与上次不同，没有再次保存。如需补充，请重新填写一份。"
)

// What a person reads when looking up a comment: one sentence whichever of the two is wrong.
const (
	StatusUnknown = "没有查到。请核对查询码和联系电话后四位。"
	StatusEmpty   = "请填写查询码和联系电话后四位。"
)

// What staff read. LoginFailed stands for every kind of failure, so that nobody learns which part was wrong.
const (
	LoginFailed            = "用户名、密码或动态口令不正确，请核对后重新填写。"
	LoginEmpty             = "请填写用户名、密码和动态口令。"
	FactorWrong            = "动态口令不正确，请等待下一个口令后重新填写。"
	ReasonMissing          = "请选择原因。"
	ReasonWords            = "选择“其他”时，请写明原因。"
	PurposeMissing         = "请写明用途。"
	PurposeLong            = "用途最多200个字。"
	NoteEmpty              = "请填写备注。"
	NothingChosen          = "请先选择意见。"
	ClosingNotLater        = "新的截止时间应晚于现在的截止时间和当前时间。"
	ExtensionWithoutReason = "请填写延长征集期的原因。"
	InstantRefused         = "即时展示仅限省政府文件，其他文件的意见须审核后公开。"
	SpanWrong              = "要隐去的位置与原文不符，请回到原文重新标记。"
	NoteLong               = "备注最多1000个字，请删减。"
	MarkUnclosed           = "标记“⟦”没有配对的“⟧”。"
	MarkUnopened           = "标记“⟧”没有配对的“⟦”。"
	ExportChoice           = "请从列表中选择导出的格式、字段和状态。"
)

// TitleLong, BodyLong and OrgLong say how many characters there are, n as people count them.
func TitleLong(n int) string {
	return fmt.Sprintf("标题最多100个字，现有%d个字，请删减。", n)
}

// BodyLong: see TitleLong.
func BodyLong(n int) string {
	return fmt.Sprintf("意见最多5000个字，现有%d个字，请删减。", n)
}

// OrgLong: see TitleLong.
func OrgLong(n int) string {
	return fmt.Sprintf("单位名称最多100个字，现有%d个字，请删减。", n)
}

// IDNumberLength says how many characters the number has, and never the number.
func IDNumberLength(n int) string {
	return fmt.Sprintf("身份证号码应为18位，最后一位可以是字母X。现有%d位。", n)
}

// Undisplayable names the field that holds bytes or characters nobody can read.
func Undisplayable(field string) string {
	return Label(field) + "中有无法显示的字符，请删去后重新填写。"
}

// TooManyMarks names the field with too many signs piled on one character.
func TooManyMarks(field string) string {
	return Label(field) + "中有过多叠加在一起的符号，请删去后重新填写。"
}

// Summary is the heading above n things to mend.
func Summary(n int) string { return fmt.Sprintf("有%d处需要修改", n) }

// TooOften says when to submit again; wait is rounded up to whole minutes.
func TooOften(wait time.Duration) string {
	return fmt.Sprintf("提交过于频繁，请%d分钟后再试。您填写的内容已保留。", minutes(wait))
}

// StatusTooOften says when to look up again; wait is rounded up to whole minutes.
func StatusTooOften(wait time.Duration) string {
	return fmt.Sprintf("查询次数过多，请%d分钟后再试。", minutes(wait))
}

// LoginTooOften says when to sign in again; wait is rounded up to whole minutes.
func LoginTooOften(wait time.Duration) string {
	return fmt.Sprintf("尝试次数过多，请%d分钟后再试。", minutes(wait))
}

// SubmittedBefore answers the same words sent again by the same person.
func SubmittedBefore(at time.Time) string {
	at = at.In(shanghai)
	return fmt.Sprintf("您已于%d月%d日提交过相同的意见，无需重复提交。", at.Month(), at.Day())
}

// Closed answers a comment that came after the closing instant (exclusive); email may be empty.
func Closed(closesAt time.Time, email string) string {
	s := "征集已于" + ClosingTime(closesAt) + "截止，您的意见没有提交。"
	if email == "" {
		return s + "您填写的内容在下面，可以复制保存。"
	}
	return s + "您填写的内容在下面，可以复制后通过电子邮件发送至" + email + "。"
}

// ClosingTime writes an exclusive closing instant as people say it: 8 May 00:00 is 2025年5月7日24时.
func ClosingTime(closesAt time.Time) string {
	t := closesAt.In(shanghai)
	if h, m, s := t.Clock(); h == 0 && m == 0 && s == 0 {
		return t.AddDate(0, 0, -1).Format("2006年1月2日") + "24时"
	}
	if t.Minute() == 0 {
		return t.Format("2006年1月2日15时")
	}
	return t.Format("2006年1月2日15时04分")
}

// ConflictSentence answers the act that came second: action is one of publish, withhold, decline, undo and rule, by a
// display name.
func ConflictSentence(action, by string, at time.Time) string {
	if action == "claimed" {
		return fmt.Sprintf("%s正在处理此条（%s起），您的操作未执行。", by, at.In(shanghai).Format("15:04"))
	}
	if action == "granted" {
		return PersonChanged
	}
	if action == "submitted" {
		return OtherWords
	}
	if action == "period" {
		return PeriodNoLonger
	}
	if by == "" {
		by = "系统"
	}
	return fmt.Sprintf("此条已由%s于%s%s，您的操作未执行。", by, at.In(shanghai).Format("15:04"), ActionText(action))
}

// ActionText is the word for a moderation act.
func ActionText(action string) string {
	switch action {
	case "publish":
		return "通过"
	case "withhold":
		return "设为不予公开"
	case "decline":
		return "设为不予受理"
	case "undo":
		return "撤销审核"
	case "rule":
		return "按规则通过"
	default:
		return "处理"
	}
}

// FoundPersonal tells a citizen what the scrub found in the opinion, already masked.
func FoundPersonal(masked []string) string {
	return "我们在意见中发现疑似个人信息：" + strings.Join(masked, "、") + "。公开时将自动隐去。"
}

// Reasons are the codes for withholding or declining a comment, in the order they are offered.
var Reasons = []string{"unrelated", "unlawful", "privacy", "advertising", "other"}

// ReasonText is what the citizen reads for a reason code; empty for an unknown code.
func ReasonText(code string) string {
	switch code {
	case "unrelated":
		return "与征集内容无关"
	case "unlawful":
		return "含违法不良信息"
	case "privacy":
		return "涉及他人隐私"
	case "advertising":
		return "广告或重复提交"
	case "other":
		return "其他"
	default:
		return ""
	}
}

// KindText is the word for a kind of matter hidden from the public copy (the codes of comment.SpanKind).
func KindText(kind string) string {
	switch kind {
	case "id_number":
		return "身份证号码"
	case "phone":
		return "电话号码"
	case "email":
		return "邮箱"
	case "bank_card":
		return "银行卡号"
	case "address":
		return "住址"
	case "name":
		return "姓名"
	case "words":
		return "不当言论"
	default:
		return "部分内容"
	}
}

// Hidden stands in a public copy where matter of this kind was.
func Hidden(kind string) string { return "［已隐去" + KindText(kind) + "］" }

// Label is the name of a form field as the form shows it.
func Label(field string) string {
	switch field {
	case "title":
		return "标题"
	case "body":
		return "意见"
	case "name":
		return "姓名"
	case "id_number":
		return "身份证号码"
	case "occupation":
		return "职业"
	case "phone":
		return "联系电话"
	case "email":
		return "邮箱"
	case "org":
		return "单位名称"
	case "clause":
		return "意见所针对的条目"
	case "captcha":
		return "验证码"
	case "consent", "consent_id":
		return "同意"
	case "code":
		return "查询码"
	case "phone_tail":
		return "联系电话后四位"
	case "note":
		return "备注"
	case "reason":
		return "用途"
	default:
		return "填写的内容"
	}
}

func minutes(d time.Duration) int {
	return max(1, int((d+time.Minute-1)/time.Minute))
}
