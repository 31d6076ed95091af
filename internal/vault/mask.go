package vault

import "strings"

// MaskIDNumber shows the first three and the last four characters: 210***********0015.
func MaskIDNumber(s Secret) string { return mask(s.value, 3, 4) }

// MaskPhone shows the first three and the last four characters: 138****0000.
func MaskPhone(s Secret) string { return mask(s.value, 3, 4) }

// MaskEmail shows the first character of the local part and the domain: z***@example.com.
func MaskEmail(s Secret) string {
	at := strings.LastIndexByte(s.value, '@')
	if at <= 0 {
		return mask(s.value, 0, 0)
	}
	first := []rune(s.value[:at])[0]
	return string(first) + "***" + s.value[at:]
}

// mask keeps head and tail characters and stars the rest. A value too short to hide at least four characters that way
// is starred to its last two, and one shorter than six wholly.
func mask(value string, head, tail int) string {
	runes := []rune(value)
	n := len(runes)
	if n < head+tail+4 {
		head, tail = 0, 2
	}
	if n < head+tail+4 {
		tail = 0
	}
	for i := head; i < n-tail; i++ {
		runes[i] = '*'
	}
	return string(runes)
}

// MaskName shows the first character: 欧***.
func MaskName(s Secret) string {
	runes := []rune(s.value)
	if len(runes) == 0 {
		return ""
	}
	return string(runes[0]) + "***"
}
