package clause

import (
	"regexp"
	"strings"
)

var fullWidth = map[rune]rune{',': '，', ';': '；', ':': '：', '?': '？', '!': '！', '(': '（', ')': '）', '<': '〈', '>': '〉', '.': '。'}

// Normalise puts full-width punctuation in place of the half-width marks that stand between Chinese characters, as
// official documents print it (GB/T 15834-2011). What stands between digits and letters stays. It reports how many
// marks it changed.
func Normalise(text string) (string, int) {
	r := []rune(text)
	changed, quotes := 0, 0
	for pass := true; pass; { // a mark made full-width may show that its neighbour is one of a Chinese sentence too
		pass = false
		for at, c := range r {
			if !halfWidthAt(r, at) {
				continue
			}
			if c == '"' {
				r[at] = []rune("“”")[quotes%2]
				quotes++
			} else {
				r[at] = fullWidth[c]
			}
			changed++
			pass = true
		}
	}
	return string(r), changed
}

// halfWidthAt tells whether the character there is a half-width mark of a Chinese sentence.
func halfWidthAt(r []rune, at int) bool {
	c := r[at]
	if c != '.' && !strings.ContainsRune(halfWidth, c) {
		return false
	}
	before, after := beside(r, at, -1), beside(r, at, +1)
	if c == '.' {
		return chinese(before) && (chinese(after) || after == 0)
	}
	return wide(before) || wide(after)
}

var countNamed = regexp.MustCompile(`([0-9]{1,3}|[一二三四五六七八九十百]{1,5})(?:项|条)(?:具体|重点|主要|政策|工作|改革|支持)*(?:任务|措施|举措|条款|内容)`)

// CountNamed is how many clauses an interpretation says that the draft has: “提出26项具体措施”. It is 0 when it names
// none; of several the largest is the one of the whole.
func CountNamed(interpretation string) int {
	most := 0
	for _, m := range countNamed.FindAllStringSubmatch(interpretation, -1) {
		if n, ok := numeralValue(m[1]); ok && n > most {
			most = n
		}
	}
	return most
}

// CheckCount compares the count that an interpretation names with what was recognised: all clauses, or those of one part
// where that agrees (“5个方面共26项任务” leaves out the part on 组织实施). named is 0 when none is named.
func CheckCount(draft []Node, interpretation string) (named, found int) {
	named = CountNamed(interpretation)
	inPart := 0
	for _, n := range draft {
		switch n.Kind {
		case Part:
			if inPart == named && named > 0 {
				return named, named
			}
			inPart = 0
		case Clause:
			found++
			inPart++
		}
	}
	if inPart == named {
		found = inPart
	}
	return named, found
}
