package validate

// MailAddress is the address as mail servers know it: a domain in Chinese becomes its form in letters (RFC 5891). False
// when no mail can go there.
func MailAddress(s string) (string, bool) { return asciiEmail(s) }
