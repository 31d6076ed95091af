package clause

import (
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

const (
	longestTitle  = 30 // characters; what is longer is a sentence
	longestListed = 20 // characters of a title that has a comma: 坚持政府主导，社会参与
	shortestTitle = 2
	usualTitle    = 14 // up to here no title is suspected of having swallowed a sentence
)

// heading is a decision about where a title ends.
type heading struct {
	title, rest string
	ok          bool
}

// splitTitle takes a title off the beginning of a line: what stands before the first full stop or colon, or the whole
// of a short line, when it is short enough to be one.
func splitTitle(s string) heading {
	before, after := cutStop(s)
	n := utf8.RuneCountInString(before)
	switch {
	case n < shortestTitle || n > longestTitle || strings.ContainsAny(before, "；;！!？?"):
		return heading{rest: s}
	case strings.ContainsAny(before, "，,") && n > longestListed:
		return heading{rest: s}
	}
	return heading{title: trim(before), rest: trim(after), ok: true}
}

// cutStop cuts at the first full stop or colon outside quotation marks and brackets. A half-width one counts after a
// Chinese character.
func cutStop(s string) (before, after string) {
	depth := 0
	prev := rune(0)
	for i, r := range s {
		switch r {
		case '“', '（', '(', '《', '〈':
			depth++
		case '”', '）', ')', '》', '〉':
			depth = max(0, depth-1)
		case '。', '：', '．', '.', ':':
			full := r == '。' || r == '：'
			if depth == 0 && (full || chinese(prev)) {
				return s[:i], s[i+utf8.RuneLen(r):]
			}
		}
		prev = r
	}
	return s, ""
}

// settleTitles gives the clauses (or sections) of a document their titles. Where most have one, a clause that seems to
// have none, or one far longer than usual, has probably lost the stop after it; the place is guessed and reported.
func settleTitles(blocks []*block, report func(*block, Code, string)) {
	cuts := make([]heading, len(blocks))
	var lengths []int
	for i, b := range blocks {
		cuts[i] = splitTitle(b.first())
		if cuts[i].ok {
			lengths = append(lengths, utf8.RuneCountInString(cuts[i].title))
		}
	}
	expected := len(blocks) >= 3 && len(lengths)*2 >= len(blocks)
	usual := 0
	if expected {
		slices.Sort(lengths)
		usual = lengths[len(lengths)/2]
	}
	for i, b := range blocks {
		c := cuts[i]
		b.title, b.opening = c.title, c.rest
		tooLong := c.ok && c.rest != "" && utf8.RuneCountInString(c.title) > max(2*usual, usualTitle)
		if !expected || c.ok && !tooLong || b.first() == "" {
			continue
		}
		title, rest, found := guessTitle(b.first(), usual)
		switch {
		case found:
			b.title, b.opening = title, rest
			report(b, MissingStop, title)
		case !c.ok:
			report(b, MissingStop, head(b.first(), 12))
		}
	}
}

// openers begin a sentence in official prose and seldom stand inside a clause title. This is knowledge of the style,
// not of any one document.
var openers = []string{
	"鼓励", "引导", "遴选", "全面", "建立", "健全", "完善", "加快", "加强", "推进", "落实", "开展", "实施", "制定", "组织", "积极", "充分", "大力",
	"依托", "依法", "严格", "统筹", "打造", "构建", "培育", "提升", "提高", "促进", "推动", "优化", "强化", "深化", "举办", "办好", "用好", "编制", "研究",
	"常态化", "持续", "深入", "科学", "根据", "按照", "围绕", "结合", "各地", "各市", "各级", "进一步", "切实", "坚持", "聚焦", "探索", "支持和引导", "力争",
}

// nouns may open a sentence, but as often end a title (推动品牌化发展, 加大财税支持).
var nouns = []string{"支持", "发展", "开发", "扩大", "拓展", "丰富", "保障", "规范", "创新", "建设", "整合", "指导", "对", "将", "以", "到"}

// guessTitle finds the most likely end of a title that runs into the sentence after it: before the first word that
// opens a sentence or, failing that, before the word nearest to the usual length.
func guessTitle(s string, usual int) (title, rest string, found bool) {
	r := []rune(s)
	limit := min(len(r), longestTitle)
	best, distance := 0, 0
	for at := 4; at < limit && !strings.ContainsRune("，。；：,;:", r[at-1]); at++ {
		tail := string(r[at:min(len(r), at+8)])
		if startsAny(tail, openers) != "" && at <= max(2*usual, usualTitle) {
			return cutRunes(r, at)
		}
		word := startsAny(tail, nouns)
		after := strings.TrimPrefix(tail, word)
		if word == "" || strings.ContainsAny(head(after, 1), "、，。的和与及”") {
			continue
		}
		if d := max(at-usual, usual-at); best == 0 || d < distance {
			best, distance = at, d
		}
	}
	if best == 0 {
		return "", s, false
	}
	return cutRunes(r, best)
}

func cutRunes(r []rune, at int) (before, after string, found bool) {
	return trim(string(r[:at])), trim(string(r[at:])), true
}

func startsAny(s string, words []string) string {
	for _, w := range words {
		if strings.HasPrefix(s, w) {
			return w
		}
	}
	return ""
}

// head is the first n characters of s.
func head(s string, n int) string {
	for i := range s {
		if n == 0 {
			return s[:i]
		}
		n--
	}
	return s
}

func chinese(r rune) bool { return unicode.Is(unicode.Han, r) }
