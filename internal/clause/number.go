package clause

import (
	"regexp"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// mark is a way of numbering, by how it is printed.
type mark int

const (
	noMark       mark = iota
	chapterMark       // 第一章
	divisionMark      // 第一节
	articleMark       // 第一条
	partMark          // 一、
	sectionMark       // （一）
	itemMark          // 1.
)

// label is the number at the beginning of a line.
type label struct {
	mark   mark
	text   string // as printed
	number int
	spaced bool // blank, bracket or nothing follows: a heading, not a sentence that begins with “第三条规定”
}

var (
	ordinalLabel = regexp.MustCompile(`^第[ \x{3000}]*([一二三四五六七八九十百千零〇两0-9０-９]+)[ \x{3000}]*([章节条])`)
	partLabel    = regexp.MustCompile(`^([一二三四五六七八九十百零〇]+)[、．.]`)
	sectionLabel = regexp.MustCompile(`^[（(]?[ \x{3000}]*([一二三四五六七八九十百零〇]+)[ \x{3000}]*[）)]`)
	itemLabel    = regexp.MustCompile(`^([0-9０-９]{1,3})[ \x{3000}]*[.．、]`)
	yearAhead    = regexp.MustCompile(`^[0-9０-９]{4}年`)
	countAhead   = regexp.MustCompile(`^[一二三四五六七八九十百]+(?:[级类线等、]|是)`)
)

// readLabel splits a trimmed line into its number and the rest.
func readLabel(s string) (label, string) {
	if m := ordinalLabel.FindStringSubmatch(s); m != nil {
		kinds := map[string]mark{"章": chapterMark, "节": divisionMark, "条": articleMark}
		return newLabel(kinds[m[2]], m[0], m[1], s)
	}
	if m := partLabel.FindStringSubmatch(s); m != nil {
		// “一、二级医院” is text.
		if countAhead.MatchString(s[len(m[0]):]) {
			return label{}, s
		}
		return newLabel(partMark, m[0], m[1], s)
	}
	if m := sectionLabel.FindStringSubmatch(s); m != nil {
		return newLabel(sectionMark, m[0], m[1], s)
	}
	if m := itemLabel.FindStringSubmatch(s); m != nil {
		// “1.5万人” is text, “1.2025年起” is the first clause.
		rest := s[len(m[0]):]
		if next, _ := utf8.DecodeRuneInString(rest); unicode.IsDigit(next) && !yearAhead.MatchString(rest) {
			return label{}, s
		}
		return newLabel(itemMark, m[0], m[1], s)
	}
	return label{}, s
}

func newLabel(m mark, printed, numeral, line string) (label, string) {
	n, ok := numeralValue(numeral)
	if !ok {
		return label{}, line
	}
	rest := line[len(printed):]
	next, size := utf8.DecodeRuneInString(rest)
	spaced := size == 0 || blank(next) || strings.ContainsRune("【（(", next)
	return label{mark: m, text: printed, number: n, spaced: spaced}, trim(rest)
}

const chineseDigits = "零一二三四五六七八九"

// numeralValue reads an Arabic or Chinese numeral from 1 to 9999.
func numeralValue(s string) (int, bool) {
	s = strings.Map(func(r rune) rune {
		switch {
		case r >= '０' && r <= '９':
			return r - '０' + '0'
		case r == '〇':
			return '零'
		case r == '两':
			return '二'
		}
		return r
	}, s)
	if n, err := strconv.Atoi(s); err == nil {
		return n, n >= 1 && n <= 9999
	}
	return chineseValue(s)
}

var chineseShape = regexp.MustCompile(
	`^(?:([一二三四五六七八九])千)?(?:零?([一二三四五六七八九])百)?(?:零?([一二三四五六七八九]?)(十))?(?:零?([一二三四五六七八九]))?$`)

func chineseValue(s string) (int, bool) {
	m := chineseShape.FindStringSubmatch(s)
	if m == nil {
		return 0, false
	}
	digit := func(d string) int {
		if d == "" {
			return 0
		}
		return strings.Index(chineseDigits, d) / len("零")
	}
	tens := digit(m[3])
	if m[4] != "" {
		tens = max(tens, 1) // 十二 is 12
	}
	n := 1000*digit(m[1]) + 100*digit(m[2]) + 10*tens + digit(m[5])
	return n, n >= 1
}

// chineseNumeral writes 1 to 99 as a heading prints it; beyond that it falls back to Arabic digits.
func chineseNumeral(n int) string {
	if n < 1 || n > 99 {
		return strconv.Itoa(n)
	}
	digit := func(d int) string { return string([]rune(chineseDigits)[d]) }
	s := ""
	if n >= 20 {
		s = digit(n / 10)
	}
	if n >= 10 {
		s += "十"
	}
	if n%10 > 0 {
		s += digit(n % 10)
	}
	return s
}

// restoredLabel writes number n in the manner of an earlier label of the same kind.
func restoredLabel(k Kind, n int, like string) string {
	if strings.HasPrefix(like, "第") {
		_, size := utf8.DecodeLastRuneInString(like)
		return "第" + chineseNumeral(n) + like[len(like)-size:]
	}
	switch k {
	case Part:
		return chineseNumeral(n) + "、"
	case Section:
		if strings.HasPrefix(like, "(") {
			return "(" + chineseNumeral(n) + ")"
		}
		return "（" + chineseNumeral(n) + "）"
	default:
		separator := "."
		if _, size := utf8.DecodeLastRuneInString(like); size > 0 {
			separator = like[len(like)-size:]
		}
		return strconv.Itoa(n) + separator
	}
}

// blank is white space of any width, and the invisible characters that pasted text carries.
func blank(r rune) bool {
	return unicode.IsSpace(r) || r >= '\u200b' && r <= '\u200d' || r == '\u2060' || r == '\ufeff'
}

func trim(s string) string { return strings.TrimFunc(s, blank) }
