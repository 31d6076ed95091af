package notify

import "strings"

// words are subject and text of a mail: which consultation it is about and where to look, no personal data and no word of
// the comment or the answer. The 查询码 is not in it either: whoever reads the mailbox must not be able to look up.
func words(m taken, baseURL string) (subject, text string) {
	where := strings.TrimSuffix(baseURL, "/") + "/status"
	if baseURL == "" {
		where = "本栏目“查询办理”页面"
	}
	return "【意见征集】您的意见已有答复",
		"您好：\n\n您对《" + m.title + "》提出的意见已有答复，请凭查询码和联系电话后四位查看：\n" + where +
			"\n\n本邮件由系统发送，请勿回复。\n"
}

// FailureWord says in Chinese why a message was not sent.
func FailureWord(failure string) string {
	switch failure {
	case failUnreachable:
		return "邮件服务器连接不上"
	case failServer:
		return "邮件服务器暂不接收"
	case failRefused:
		return "收件服务器拒收"
	case failAddress:
		return "邮箱地址无法投递"
	case failSeal:
		return "邮箱地址无法解封"
	case failStale:
		return "等待超过7天"
	case skipNoAddress:
		return "没有留邮箱"
	case skipErased:
		return "个人信息已删除"
	}
	return "未发出"
}
