package comment

import (
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"wenji/internal/validate"

	"golang.org/x/text/width"
)

// Scrub looks for personal data in a comment: ID numbers whose check character is right, mobile and landline numbers,
// e-mail addresses, and bank cards whose check digit is right (ISO/IEC 7812-1, Luhn). Full-width digits, spaces,
// hyphens, dots and invisible signs between digits do not hide them. Spans count code points of the texts as they are,
// title before body, in reading order, and never overlap.
//
// Flags are the kinds found, each once, and FlagListedWord when a listed word stands in the text, width and case aside.
// Years, document numbers, sums and counts are not personal data and are left alone.
func Scrub(title, body string, listed []string) (spans []Span, flags []string) {
	for _, text := range []struct{ field, words string }{{"title", title}, {"body", body}} {
		for _, f := range find(text.words) {
			spans = append(spans, Span{Field: text.field, Start: f.start, End: f.end, Kind: f.kind})
			if !slices.Contains(flags, string(f.kind)) {
				flags = append(flags, string(f.kind))
			}
		}
	}
	if len(listed) > 0 && holdsListed(title+"\n"+body, listed) {
		flags = append(flags, FlagListedWord)
	}
	return spans, flags
}

// PublicCopy is the text with each span of the field replaced by words saying what was hidden (［已隐去电话号码］).
// Spans may come in any order; overlapping ones are hidden together under the kind of the first. Positions beyond the
// text are cut to it.
func PublicCopy(text string, field string, spans []Span) string {
	var own []Span
	for _, s := range spans {
		if s.Field == field {
			own = append(own, s)
		}
	}
	if len(own) == 0 {
		return text
	}
	slices.SortStableFunc(own, func(a, b Span) int { return a.Start - b.Start })
	runes := []rune(text)
	var out strings.Builder
	at := 0
	for _, s := range own {
		start, end := max(s.Start, 0), min(s.End, len(runes))
		if start >= end || end <= at {
			continue
		}
		if start >= at {
			out.WriteString(string(runes[at:start]))
			out.WriteString(validate.Hidden(string(s.Kind)))
		}
		at = end
	}
	out.WriteString(string(runes[at:]))
	return out.String()
}

// finding is a Span before it has a field.
type finding struct {
	start, end int
	kind       SpanKind
}

// sign is one visible code point of a text, folded, and where it stands in the original.
type sign struct {
	r  rune
	at int
}

// fewest digits that can be personal: a local phone number.
const fewest = 7

func find(text string) []finding {
	arabic, chinese, mail := digitsTogether(text)
	if !mail && !arabic && !chinese {
		return nil
	}
	signs := visible(text)
	var found []finding
	if mail {
		found = findEmails(signs)
	}
	if arabic {
		found = findNumbers(signs, found, arabicDigit)
	}
	if chinese {
		found = findNumbers(signs, found, chineseDigit)
	}
	slices.SortFunc(found, func(a, b finding) int { return a.start - b.start })
	return found
}

// MayHoldPersonal is false where Scrub certainly finds nothing in a text, listed words aside.
func MayHoldPersonal(text []byte) bool {
	arabic, chinese, mail := digitsTogether(text)
	return arabic || chinese || mail
}

// digitsTogether tells whether a text may hold a number or an e-mail address at all, as few do: enough digits of one way of
// writing with no Chinese character between them, which ends every number, or an at sign.
func digitsTogether[T string | []byte](text T) (arabic, chinese, mail bool) {
	a, c := 0, 0
	for i := 0; i < len(text); {
		r, size := rune(text[i]), 1
		switch {
		case r < utf8.RuneSelf:
		case r >= 0xe4 && r <= 0xe9 && i+2 < len(text) && text[i+1]&0xc0 == 0x80 && text[i+2]&0xc0 == 0x80: // Chinese, nearly always
			r, size = r&0xf<<12|rune(text[i+1]&0x3f)<<6|rune(text[i+2]&0x3f), 3
		default:
			r, size = utf8.DecodeRuneInString(string(text[i:min(i+utf8.UTFMax, len(text))]))
		}
		i += size
		switch {
		case r >= 0x3000 && r <= 0xa000:
			if chineseDigits[byte(r)] && chineseDigit(r) >= 0 {
				c++
				chinese = chinese || c == fewest
			} else if r >= 0x4e00 {
				c = 0
			}
			if r >= 0x4e00 {
				a = 0
			}
		case r == '@' || r == '＠':
			mail = true
		case arabicDigit(r) >= 0: // full-width ones too
			a++
			arabic = arabic || a == fewest
		}
	}
	return arabic, chinese, mail
}

// chineseDigits has the last bytes of the characters that chineseDigit reads: all but a few others are told apart by it.
var chineseDigits = func() (last [256]bool) {
	for _, r := range "〇零一幺二三四五六七八九" {
		last[byte(r)] = true
	}
	return last
}()

// visible folds the width and drops signs that look like nothing.
func visible(text string) []sign {
	signs := make([]sign, 0, len(text)/2)
	at := 0
	for _, r := range text {
		if r >= 0x80 {
			if folded := width.LookupRune(r).Folded(); folded != 0 {
				r = folded
			}
		}
		if r < 0x300 && r != 0xad || r >= 0x3000 && r <= 0xa000 || !unicode.Is(unicode.Cf, r) && !unicode.Is(unicode.Mn, r) {
			signs = append(signs, sign{r, at})
		}
		at++
	}
	return signs
}

// free tells whether nothing found yet covers the stretch.
func free(found []finding, start, end int) bool {
	for _, f := range found {
		if start < f.end && f.start < end {
			return false
		}
	}
	return true
}

// mailTops are the top-level domains in Chinese; a longer run of Han characters behind a dot is the sentence going on.
var mailTops = []string{"中国", "公司", "网络", "政务", "公益", "集团", "在线", "中文网", "网址"}

func findEmails(signs []sign) (found []finding) {
	for i, s := range signs {
		if s.r != '@' {
			continue
		}
		start := i
		for start > 0 && mailLocal(signs[start-1].r) {
			start--
		}
		for start < i && signs[start].r == '.' {
			start++
		}
		if end := mailDomain(signs, i+1); start < i && end > 0 && free(found, signs[start].at, signs[end-1].at+1) {
			found = append(found, finding{signs[start].at, signs[end-1].at + 1, SpanEmail})
		}
	}
	return found
}

func mailLocal(r rune) bool { return asciiWord(r) || strings.ContainsRune("._%+-", r) }

func asciiWord(r rune) bool {
	return r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9'
}

// mailDomain returns where the domain that begins at i ends, 0 when there is none: labels with a dot (。 too) between
// them, the last of at least two letters or one of mailTops.
func mailDomain(signs []sign, i int) (end int) {
	label := i
	for ; i <= len(signs); i++ {
		inLabel := i < len(signs) && (asciiWord(signs[i].r) || signs[i].r == '-' || unicode.Is(unicode.Han, signs[i].r))
		if inLabel {
			continue
		}
		if i == label {
			return end
		}
		dotBefore := label > 0 && mailDot(signs[label-1].r)
		if top := topLabel(signs[label:i]); dotBefore && top > 0 {
			end = label + top
		}
		if i == len(signs) || !mailDot(signs[i].r) {
			return end
		}
		label = i + 1
	}
	return end
}

func mailDot(r rune) bool { return r == '.' || r == '。' }

// topLabel is the length of the top-level domain that the label begins with, 0 when it cannot be one.
func topLabel(label []sign) int {
	n := 0
	for n < len(label) && asciiWord(label[n].r) && !unicode.IsDigit(label[n].r) {
		n++
	}
	if n >= 2 && (n == len(label) || unicode.Is(unicode.Han, label[n].r)) {
		return n
	}
	for _, top := range mailTops {
		runes := []rune(top)
		if len(label) >= len(runes) && slices.EqualFunc(label[:len(runes)], runes, func(s sign, r rune) bool { return s.r == r }) {
			return len(runes)
		}
	}
	return 0
}

// holdsListed looks for each word in the folded text, and for words of Han characters also across spaces and signs
// put between them (赌 博, 赌*博).
func holdsListed(text string, listed []string) bool {
	folded := foldWords(text)
	tight := strings.Map(func(r rune) rune {
		if unicode.IsSpace(r) || unicode.Is(unicode.S, r) || strings.ContainsRune("*_-·.~/\\|+", r) {
			return -1
		}
		return r
	}, folded)
	for _, word := range listed {
		word = foldWords(word)
		if word == "" {
			continue
		}
		if strings.Contains(folded, word) || allHan(word) && strings.Contains(tight, word) {
			return true
		}
	}
	return false
}

// foldWords is the text in half width and lower case, without invisible signs.
func foldWords(s string) string {
	if allHan(s) {
		return s
	}
	return strings.TrimSpace(strings.Map(func(r rune) rune {
		if unicode.Is(unicode.Cf, r) {
			return -1
		}
		return unicode.ToLower(r)
	}, width.Fold.String(s)))
}

func allHan(s string) bool {
	for _, r := range s {
		if !(r >= 0x4e00 && r <= 0x9fff) && !unicode.Is(unicode.Han, r) {
			return false
		}
	}
	return true
}
