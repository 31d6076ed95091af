package validate

// What staff read about the sign-on by a provider of identities.
const (
	ProviderAway    = "统一身份认证暂时无法使用，请用密码登录，或者稍后再试。"
	ProviderRefused = "统一身份认证没有完成，请重新登录。"
	ProviderUnknown = "不能登录：动态口令不正确，或者这个用户没有本平台的账号。请核对动态口令，或者联系系统管理员。"
)
