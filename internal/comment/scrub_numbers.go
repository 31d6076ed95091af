package comment

import (
	"slices"
	"strconv"
	"strings"
	"unicode"

	"wenji/internal/validate"
)

// group is a stretch of digits with nothing between them: signs[first:last].
type group struct {
	digits      string
	first, last int
	joined      rune // the sign between the group before and this one; 0 when they do not belong together
	fraction    bool // the digits of a number that begins with “0.”
}

// match is what a look found: how many groups it took, and signs[first:last].
type match struct {
	groups, first, last int
	kind                SpanKind
}

// findNumbers adds ID numbers, bank cards and phones to what was found. digit reads one way of writing digits.
func findNumbers(signs []sign, found []finding, digit func(rune) int) []finding {
	groups := groupDigits(signs, digit)
	for i := 0; i < len(groups); {
		m := look(signs, together(groups[i:]))
		if m.groups > 0 && free(found, signs[m.first].at, signs[m.last-1].at+1) {
			found = append(found, finding{signs[m.first].at, signs[m.last-1].at + 1, m.kind})
			i += m.groups
			continue
		}
		found = findInside(signs, groups[i], found)
		i++
	}
	return found
}

func look(signs []sign, groups []group) match {
	if groups[0].fraction {
		return match{}
	}
	if m := lookID(signs, groups); m.groups > 0 {
		return m
	}
	if m := lookCard(groups); m.groups > 0 {
		return m
	}
	return lookPhone(signs, groups)
}

// findInside finds ID numbers in a longer stretch of digits, such as a number and a phone written without a gap.
func findInside(signs []sign, g group, found []finding) []finding {
	for at := 0; at+18 <= len(g.digits) && len(g.digits) > 18; at++ {
		start, end := signs[g.first+at].at, signs[g.first+at+17].at+1
		if validate.IsIDNumber(g.digits[at:at+18]) && free(found, start, end) {
			found = append(found, finding{start, end, SpanIDNumber})
			at += 17
		}
	}
	return found
}

// together cuts the groups at the first that does not belong to the one before.
func together(groups []group) []group {
	for i := 1; i < len(groups); i++ {
		if groups[i].joined == 0 {
			return groups[:i]
		}
	}
	return groups
}

func groupDigits(signs []sign, digit func(rune) int) (groups []group) {
	for i := 0; i < len(signs); {
		if digit(signs[i].r) < 0 {
			i++
			continue
		}
		g := group{first: i, joined: joint(signs, groups, i)}
		g.fraction = g.joined == '.' && strings.Trim(groups[len(groups)-1].digits, "0") == ""
		var digits strings.Builder
		for d := 0; i < len(signs); i++ {
			if d = digit(signs[i].r); d < 0 {
				break
			}
			digits.WriteByte(byte('0' + d))
		}
		g.digits = digits.String()
		g.last = i
		groups = append(groups, g)
	}
	return groups
}

// joint is what stands between the last group and a digit at i: spaces, one hyphen, dot or bracket with or without
// spaces around it. 0 when there is more, or a line end.
func joint(signs []sign, groups []group, i int) rune {
	if len(groups) == 0 {
		return 0
	}
	between := signs[groups[len(groups)-1].last:i]
	if len(between) > 3 {
		return 0
	}
	mark := ' '
	for _, s := range between {
		switch {
		case s.r == ' ' || s.r == '\t' || s.r == '\u00a0':
		case mark == ' ' && joiner(s.r):
			mark = s.r
		default:
			return 0
		}
	}
	return mark
}

func joiner(r rune) bool {
	return strings.ContainsRune("-.·_)", r) || r >= 0x2010 && r <= 0x2015 || r == 0x2212
}

func arabicDigit(r rune) int {
	switch {
	case r >= '0' && r <= '9':
		return int(r - '0')
	case r < 0x600 || r >= 0x3000 && r <= 0xa000 || !unicode.Is(unicode.Nd, r):
		return -1
	}
	if r >= 0x1d7ce && r <= 0x1d7ff { // mathematical digits: five sets in a row
		return int(r-0x1d7ce) % 10
	}
	zero := r
	for r-zero < 9 && unicode.Is(unicode.Nd, zero-1) {
		zero--
	}
	return int(r - zero)
}

// chineseDigit reads digits written out one by one, as in 一三八〇〇〇〇〇〇〇〇.
func chineseDigit(r rune) int {
	switch r {
	case '〇', '零':
		return 0
	case '一', '幺':
		return 1
	case '二':
		return 2
	case '三':
		return 3
	case '四':
		return 4
	case '五':
		return 5
	case '六':
		return 6
	case '七':
		return 7
	case '八':
		return 8
	case '九':
		return 9
	default:
		return -1
	}
}

// lookID finds 18 characters in as many groups as they take, the last of them perhaps an X.
func lookID(signs []sign, groups []group) match {
	digits := ""
	for n, g := range groups {
		if digits += g.digits; len(digits) > 18 {
			break
		}
		if validate.IsIDNumber(digits) {
			return match{n + 1, groups[0].first, g.last, SpanIDNumber}
		}
		if end := checkX(signs, g.last); end > 0 && validate.IsIDNumber(digits+"X") {
			return match{n + 1, groups[0].first, end, SpanIDNumber}
		}
	}
	return match{}
}

// checkX returns where an X right behind the digits ends, 0 when there is none. Signs that people take for an X count.
func checkX(signs []sign, i int) int {
	for gap := 0; i < len(signs) && gap < 2 && (signs[i].r == ' ' || joiner(signs[i].r)); gap++ {
		i++
	}
	if i < len(signs) && strings.ContainsRune("xXхХ×", signs[i].r) {
		return i + 1
	}
	return 0
}

// lookCard finds 16 to 19 digits with the right check digit, in one group or printed in fours (or six and the rest).
// The first digit is one that banks use for payment cards.
func lookCard(groups []group) match {
	digits, lengths := "", []int(nil)
	for n, g := range groups {
		digits, lengths = digits+g.digits, append(lengths, len(g.digits))
		if len(digits) > 19 || g.joined == '.' && n > 0 {
			break
		}
		if len(digits) >= 16 && strings.ContainsAny(digits[:1], "34569") && cardGroups(lengths) && luhn(digits) {
			return match{n + 1, groups[0].first, g.last, SpanCard}
		}
	}
	return match{}
}

func cardGroups(lengths []int) bool {
	if len(lengths) == 1 || len(lengths) == 2 && lengths[0] == 6 {
		return true
	}
	for i, n := range lengths {
		if n != 4 && (i != len(lengths)-1 || n > 4) {
			return false
		}
	}
	return true
}

// luhn checks the digit sum of ISO/IEC 7812-1 annex B.
func luhn(digits string) bool {
	sum := 0
	for i := range len(digits) {
		d := int(digits[len(digits)-1-i] - '0')
		if i%2 == 1 {
			if d *= 2; d > 9 {
				d -= 9
			}
		}
		sum += d
	}
	return sum%10 == 0
}

// mobileShapes are the ways in which people group the eleven digits, and the signs they put between the groups.
var mobileShapes = map[string]string{
	"11": "", "3 4 4": " -.", "3 8": " -.", "7 4": " -.", "3 3 5": " -.", "4 3 4": "-", "4 4 3": "-", "5 6": "-",
	"1 1 1 1 1 1 1 1 1 1 1": " -.",
}

// landlineShapes are the same for area code and local number; the area code has two or three digits behind +86.
var landlineShapes = map[string]string{
	"9": "", "10": "", "11": "", "12": "", "2 8": " -)", "3 7": " -)", "3 8": " -)", "4 7": " -)", "4 8": " -)",
	"2 4 4": " -)", "3 3 4": " -)", "3 4 4": " -)", "4 3 4": " -)", "4 4 4": " -)",
}

// lookPhone finds a mobile number, or a landline with its area code, with or without +86 before it; and a local number
// behind a word such as 电话.
func lookPhone(signs []sign, groups []group) match {
	first := groups[0].first
	if rest, taken := withoutCountry(groups); rest != nil {
		if n, last := phoneIn(signs, rest, true); n > 0 {
			if first > 0 && signs[first-1].r == '+' {
				first--
			}
			return match{n + taken, first, last, SpanPhone}
		}
	}
	n, last := phoneIn(signs, groups, false)
	if n == 0 {
		n, last = localNumber(signs, groups)
	}
	if n == 0 {
		return match{}
	}
	if first > 0 && signs[first-1].r == '(' && n > 1 && groups[1].joined == ')' {
		first--
	}
	return match{n, first, last, SpanPhone}
}

// withoutCountry takes 86 or 0086 off; taken is how many groups it was by itself. nil when there is none.
func withoutCountry(groups []group) (rest []group, taken int) {
	d := groups[0].digits
	if (d == "86" || d == "0086") && len(groups) > 1 {
		return groups[1:], 1
	}
	for _, prefix := range []string{"86", "0086"} {
		if after, ok := strings.CutPrefix(d, prefix); ok && len(after) >= 2 {
			rest = slices.Clone(groups)
			rest[0].digits = after
			return rest, 0
		}
	}
	return nil, 0
}

// phoneIn tries ever more groups; it returns how many make a number and where the last of them ends.
func phoneIn(signs []sign, groups []group, abroad bool) (n, last int) {
	digits, shape, marks := "", "", ""
	for i, g := range groups {
		if i > 0 {
			shape += " "
			marks += string(g.joined)
		}
		digits, shape = digits+g.digits, shape+strconv.Itoa(len(g.digits))
		if len(digits) > 12 {
			break
		}
		if mobile(digits) && shaped(mobileShapes, shape, marks) && !(i == 0 && sum(signs, groups[0])) {
			return i + 1, g.last
		}
		if abroad && !strings.HasPrefix(digits, "0") && !mobile(digits) {
			if kept, ok := validate.Phone("0" + digits); ok && !mobile(kept) && shaped(landlineShapes, shape, marks) {
				return i + 1, g.last
			}
		}
		if kept, ok := validate.Phone(digits); ok && !mobile(kept) && digits[0] == '0' && shaped(landlineShapes, shape, marks) {
			further := extension(groups[i+1:])
			return i + 1 + further, groups[i+further].last
		}
	}
	return 0, 0
}

func mobile(digits string) bool { return len(digits) == 11 && digits[0] == '1' && digits[1] >= '3' }

func shaped(shapes map[string]string, shape, marks string) bool {
	allowed, ok := shapes[shape]
	return ok && strings.Trim(marks, allowed+"‐‑‒–—―−_") == ""
}

// sum tells that a single stretch of digits is an amount: a currency before it or a unit behind it.
func sum(signs []sign, g group) bool {
	if g.first > 0 && strings.ContainsRune("¥$€£", signs[g.first-1].r) {
		return true
	}
	return g.last < len(signs) && strings.ContainsRune("元万亿吨户%‰", signs[g.last].r)
}

// extension is 1 when the next group is an extension behind a hyphen.
func extension(next []group) int {
	if len(next) > 0 && next[0].joined == '-' && len(next[0].digits) >= 3 && len(next[0].digits) <= 4 {
		return 1
	}
	return 0
}

// phoneWords stand before a local number without its area code.
var phoneWords = []string{"电话", "手机", "座机", "固话", "致电", "Tel", "tel", "TEL"}

// localNumber finds seven or eight digits behind one of phoneWords.
func localNumber(signs []sign, groups []group) (n, last int) {
	n, length := 1, len(groups[0].digits)
	if length < 7 && len(groups) > 1 && groups[1].joined == '-' {
		n, length = 2, length+len(groups[1].digits)
	}
	if length < 7 || length > 8 || groups[0].digits[0] < '2' || n == 1 && sum(signs, groups[0]) {
		return 0, 0
	}
	var before strings.Builder
	for _, s := range signs[max(0, groups[0].first-8):groups[0].first] {
		before.WriteRune(s.r)
	}
	words := strings.TrimRight(before.String(), ":： 是为号码.")
	for _, w := range phoneWords {
		if strings.HasSuffix(words, w) {
			return n, groups[n-1].last
		}
	}
	return 0, 0
}
