package validate

import (
	"regexp"
	"strings"
	"unicode"

	"golang.org/x/net/idna"
	"golang.org/x/text/unicode/norm"
	"golang.org/x/text/width"
)

var (
	mobileNumber = regexp.MustCompile(`^1[3-9][0-9]{9}$`)
	// Area codes have three digits (010, 02x) or four (03xx to 09xx); local numbers have seven or eight and begin with 1–9.
	landline  = regexp.MustCompile(`^(010|02[0-9]|0[3-9][0-9]{2})([1-9][0-9]{6,7})$`)
	extension = regexp.MustCompile(`^[0-9]{1,6}$`)
	extMarks  = regexp.MustCompile(`(?i)-?(?:转分机|分机号?|转|extension|ext\.?|x|#)[-:：]?`)
)

// Phone reads a mainland mobile number, or a landline with its area code and perhaps an extension, and returns it in
// the form in which it is kept: 13800000000, 024-12345678 or 024-12345678-801. Width, spaces, hyphens, brackets and
// the prefixes +86, 0086 and 86 are mended; anything else is false.
func Phone(s string) (string, bool) {
	s = phoneGroups(s)
	var ext string
	if at := extMarks.FindStringIndex(s); at != nil {
		if s, ext = s[:at[0]], s[at[1]:]; !extension.MatchString(ext) {
			return "", false
		}
	}
	s = withoutCountry(s)
	all := strings.ReplaceAll(s, "-", "")
	if mobileNumber.MatchString(all) && ext == "" {
		return all, true
	}
	area, local, rest := splitLandline(strings.Split(s, "-"))
	if rest != "" {
		if ext != "" || !extension.MatchString(rest) {
			return "", false
		}
		ext = rest
	}
	if !landline.MatchString(area + local) {
		return "", false
	}
	if ext != "" {
		return area + "-" + local + "-" + ext, true
	}
	return area + "-" + local, true
}

// PhoneTail is the last four digits of a number as Phone returns it, without the extension; what a person who looks up
// a comment is asked for. Empty for a number that is too short.
func PhoneTail(phone string) string {
	if parts := strings.Split(phone, "-"); len(parts) > 1 {
		phone = parts[1]
	}
	if len(phone) < 4 {
		return ""
	}
	return phone[len(phone)-4:]
}

// phoneGroups folds the width and leaves one hyphen for each stretch of spaces, dashes, dots and brackets.
func phoneGroups(s string) string {
	var b strings.Builder
	gap := false
	for _, r := range width.Fold.String(s) {
		switch {
		case invisible(r):
		case unicode.IsSpace(r), dash(r), strings.ContainsRune("().·（）", r):
			gap = b.Len() > 0
		default:
			if gap {
				b.WriteByte('-')
			}
			gap = false
			b.WriteRune(r)
		}
	}
	return b.String()
}

// withoutCountry takes off +86, 0086 or 86. Behind +86 an area code is written without its 0, which is put back.
func withoutCountry(s string) string {
	for _, prefix := range []string{"+86", "0086"} {
		if rest, ok := strings.CutPrefix(s, prefix); ok {
			rest = strings.TrimPrefix(rest, "-")
			if !strings.HasPrefix(rest, "0") && !mobileNumber.MatchString(strings.ReplaceAll(rest, "-", "")) {
				rest = "0" + rest
			}
			return rest
		}
	}
	if rest, ok := strings.CutPrefix(s, "86"); ok {
		rest = strings.TrimPrefix(rest, "-")
		if strings.HasPrefix(rest, "0") || mobileNumber.MatchString(strings.ReplaceAll(rest, "-", "")) {
			return rest
		}
	}
	return s
}

// splitLandline reads groups of digits as area code, local number and extension: 024-2393-5916 is one number,
// 0411-1234567-8 has an extension.
func splitLandline(groups []string) (area, local, ext string) {
	first := groups[0]
	n := 4
	if strings.HasPrefix(first, "010") || strings.HasPrefix(first, "02") {
		n = 3
	}
	if len(first) < n {
		return first, "", ""
	}
	area, local = first[:n], first[n:]
	groups = groups[1:]
	for len(groups) > 0 && len(local) < 7 {
		local, groups = local+groups[0], groups[1:]
	}
	return area, local, strings.Join(groups, "")
}

// domains turns a domain into the form of the domain name system and refuses what cannot be one.
var domains = idna.New(idna.MapForLookup(), idna.BidiRule(), idna.VerifyDNSLength(true))

// maxEmail is the longest address that mail can carry, in bytes (RFC 5321 §4.5.3.1, erratum 1690).
const maxEmail = 254

// email mends width, spaces and the full stops of Chinese input methods in the domain; the domain in lower case.
func email(s string) string {
	s = norm.NFC.String(Fold(s))
	at := strings.LastIndexByte(s, '@')
	if at < 0 {
		return s
	}
	domain := strings.NewReplacer("。", ".", "｡", ".").Replace(s[at+1:])
	return s[:at+1] + strings.ToLower(domain)
}

// asciiEmail is the address with its domain as the domain name system knows it (RFC 5891); false when the domain
// cannot be one: no dot, a label of forbidden characters, an IP address in brackets.
func asciiEmail(s string) (string, bool) {
	at := strings.LastIndexByte(s, '@')
	if at < 1 || at > 64 || strings.ContainsAny(s[:at], "\"<>()[],;:\\@ ") {
		return "", false
	}
	domain, err := domains.ToASCII(s[at+1:])
	if err != nil || !strings.Contains(domain, ".") || strings.HasSuffix(domain, ".") {
		return "", false
	}
	address := s[:at+1] + domain
	return address, len(address) <= maxEmail
}
