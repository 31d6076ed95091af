package validate

// What an editor reads who makes, changes, extends or ends a consultation.
const (
	PeriodTooLong           = "截止时间过远，请核对年份。"
	EarlyEndWithoutReason   = "请填写提前结束的原因。"
	WithdrawalWithoutReason = "请填写中止的原因。"
	ReasonLong              = "原因最多500个字，请删减。"
)
