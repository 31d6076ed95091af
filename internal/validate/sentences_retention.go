package validate

import "strconv"

// What a person reads about the keeping and erasure of personal data.
const (
	TermUnknown    = "请从列表中选择保存期限。"
	TermReason     = "请写明调整保存期限的原因。"
	HoldReason     = "请写明依法保全的原因，例如诉讼、行政复议的案号。"
	LiftReason     = "请写明解除保全的原因。"
	RetentionLong  = "原因最多200个字，请删减。"
	EraseUnticked  = "请勾选确认，再删除。"
	EraseHeld      = "此征集的个人信息正在依法保全，不能删除。请先解除保全。"
	EraseNotDue    = "保存期限还没有到，不能删除。"
	EraseNothing   = "此征集的个人信息已经删除，没有可以删除的内容。"
	HeldAlready    = "此征集的个人信息已在依法保全中，您的操作未执行。"
	NotHeld        = "此征集的个人信息不在依法保全中，您的操作未执行。"
	PersonalErased = "此条意见的个人信息已按规定删除，无法查看。"
	AskKind        = "请选择更正或者删除。"
	AskEmpty       = "请写明要更正或者删除的内容。"
	AskOpen        = "您已提交过请求，正在处理，请等待答复后再提交。"
	AskTooMany     = "此条意见提出的请求已达上限。如仍有需要，请拨打页面下方的电话。"
	AskGone        = "此条意见的个人信息已经删除，没有可以更正或者删除的内容。"
	RequestDecided = "此请求已由他人处理，您的操作未执行。"
	RequestRefusal = "请写明不能照办的理由，意见人会看到。"
	RequestNothing = "请至少填写一项更正后的内容。"
	RequestHeld    = "个人信息正在依法保全，暂不能删除。请答复意见人，或者请安全管理员解除保全。"
)

// AskMax is the most characters of a request.
const AskMax = 500

// AskLong says how many characters there are, n as people count them.
func AskLong(n int) string {
	return "最多500个字，现有" + strconv.Itoa(n) + "个字，请删减。"
}

// PersonName, PhoneNumber and Email mend one field of personal data by the rules of the form; the sentence says what is
// wrong, "" when nothing is.
func PersonName(typed string) (mended, sentence string) {
	return single("name", Form{Name: typed})
}

// PhoneNumber: see PersonName.
func PhoneNumber(typed string) (mended, sentence string) {
	return single("phone", Form{Phone: typed})
}

// Email: see PersonName.
func Email(typed string) (mended, sentence string) {
	return single("email", Form{Email: typed})
}

func single(field string, f Form) (mended, sentence string) {
	clean, problems := Check(f, Rules{IDNumber: "omitted", Phone: "required", Email: "required"})
	mended = map[string]string{"name": clean.Name, "phone": clean.Phone, "email": clean.Email}[field]
	if problems != nil {
		for _, p := range problems.Problems {
			if p.Field == field {
				return mended, p.Message
			}
		}
	}
	return mended, ""
}
