package validate

// Channels are the ways by which comments come in (the codes of comment.Item.Channel), in the order they are offered.
// The first one is the portal itself; the others are written down by the office.
var Channels = []string{"web", "letter", "email", "phone", "counter", "hearing"}

// ChannelText is the word for a channel; an unknown code stands for itself.
func ChannelText(code string) string {
	switch code {
	case "web":
		return "网上填写"
	case "letter":
		return "信函"
	case "email":
		return "电子邮件"
	case "phone":
		return "电话"
	case "counter":
		return "来访登记"
	case "hearing":
		return "座谈听证"
	}
	return code
}
