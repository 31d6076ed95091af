package validate

import "strconv"

// What the people who keep accounts, roles, units and settings read.
const (
	UsernameForm    = "用户名应为2至32个字母、数字、点、横线或下划线。"
	UsernameTaken   = "这个用户名已经有人使用，请换一个。"
	DisplayName     = "姓名应为1至50个字。"
	RoleUnknown     = "请从列表中选择角色。"
	OfficerUnit     = "承办人须选择所属单位。"
	LastOfKind      = "系统管理员、安全管理员和审计员都须至少保留一名能够登录的人员，操作未执行。"
	PersonChanged   = "此人的角色或单位刚刚被他人修改，您的操作未执行。请核对后重新操作。"
	ResetLastKeeper = "最后一名安全管理员的密码只能在服务器上用命令 wenji staff reset 重置。"

	PasswordEmpty   = "请填写新密码。"
	PasswordCommon  = "这个密码过于常见，或者含有用户名，请换一个。"
	PasswordUsed    = "这个密码近期使用过，请换一个。"
	PasswordTwice   = "两次填写的新密码不一致，请重新填写。"
	PasswordWrong   = "现在的密码不正确。"
	EnrolmentCode   = "动态口令不正确。请确认身份验证器中的账户是本页的这一个，再填写新显示的6位数字。"
	EnrolmentLapsed = "页面停留时间较长，请用身份验证器重新扫描本页的二维码。"

	UnitName  = "单位名称应为2至50个字。"
	UnitTaken = "已有单位使用这个名称或别名。"
	UnitAlias = "每个别名应为2至50个字，最多20个。"
	WordForm  = "词语应为1至50个字。"

	RaiseForm = "请填写1至1000的整数。"
)

// NumberBetween asks for a whole number within limits.
func NumberBetween(from, to int) string {
	return "请填写" + strconv.Itoa(from) + "至" + strconv.Itoa(to) + "之间的整数。"
}

// PasswordLength says how long a password has to be.
func PasswordLength(n int) string { return "密码至少" + strconv.Itoa(n) + "个字符。" }

// PasswordClasses says how many kinds of characters a password needs.
func PasswordClasses(n int) string {
	return "密码须包含大写字母、小写字母、数字、其他符号中的至少" + strconv.Itoa(n) + "种。"
}

// TriesLeft follows LoginFailed. The number is counted for what was typed, whether there is such an account or not.
func TriesLeft(n int) string { return "还可以尝试" + strconv.Itoa(n) + "次。" }

// QuotaReached answers who has looked at personal data as often as a day allows.
func QuotaReached(n int) string {
	return "今天查看身份信息已达" + strconv.Itoa(n) + "次的上限，这次没有查看。确需继续的，请联系安全管理员。"
}

// ChainBroken says where the record is not what was sealed.
func ChainBroken(position int64, what string) string {
	word := map[string]string{
		"changed": "内容被改动", "deleted": "条目被删除", "reordered": "次序被改动", "unchained": "有条目没有入链",
		"row_missing": "链上的记录缺失", "row_altered": "链上的记录被改动", "anchor_lost": "链的末端被截去",
	}[what]
	if position == 0 {
		return word + "。请立即报告安全管理员。"
	}
	return "第" + strconv.FormatInt(position, 10) + "条：" + word + "。请立即报告安全管理员。"
}
