package clause

import (
	"regexp"
	"strings"
	"unicode/utf8"
)

// unitList is what “（责任单位：……）” at the end of a line says.
type unitList struct {
	text           string // as it stands, brackets included
	units          []string
	note           string
	opened, closed bool     // whether the outer brackets are there
	nestedOpen     bool     // whether a bracket inside is not closed
	joined         []string // pairs of units without a mark between them
}

var (
	unitsMarker = regexp.MustCompile(`(?:责任|牵头)(?:单位|部门)[ \x{3000}]*[：:]`)
	roleMarker  = regexp.MustCompile(`^(?:责任|牵头|配合|参加|协同)(?:单位|部门)[ \x{3000}]*[：:]`)
	// unitEnd is how the name of a body ends; it keeps a sentence such as “明确责任单位：……” from being read as a list.
	unitEnd = regexp.MustCompile(`(?:[厅局委办部院府会社行司所组室队区市县]|中心|集团|部门|单位|机构)(?:（[^（）]*）)?$`)
)

// cutUnits takes the list of units off the end of a line.
func cutUnits(s string) (rest string, list unitList, found bool) {
	places := unitsMarker.FindAllStringIndex(s, -1)
	// A list names its kind at most a few times (牵头单位, 责任单位); trying no more keeps the work linear.
	for _, p := range places[max(0, len(places)-4):] {
		if rest, list, found = readUnits(s, p[0], p[1]); found {
			return rest, list, true
		}
	}
	return s, unitList{}, false
}

// readUnits reads the list whose marker stands at s[start:end]; it must reach the end of s.
func readUnits(s string, start, end int) (string, unitList, bool) {
	before := strings.TrimRightFunc(s[:start], blank)
	var list unitList
	for _, open := range []string{"（", "("} {
		if b, ok := strings.CutSuffix(before, open); ok {
			before, list.opened = b, true
		}
	}
	inner := strings.TrimRight(strings.TrimRightFunc(s[end:], blank), "。．.；;")
	if at := outerClose(inner); at >= 0 {
		_, size := utf8.DecodeRuneInString(inner[at:])
		if trim(inner[at+size:]) != "" {
			return s, list, false // text follows: not the end of the line
		}
		inner, list.closed = inner[:at], true
	} else if list.opened && nestedSpan(inner) {
		inner = strings.TrimSuffix(strings.TrimSuffix(inner, "）"), ")")
		list.closed, list.nestedOpen = true, true
	}
	list.text = s[len(before):]
	names, note := cutNote(inner)
	list.note = note
	tokens, unclosed := splitUnits(names)
	list.nestedOpen = list.nestedOpen || unclosed
	for _, t := range tokens {
		list.add(t)
	}
	if len(list.units) == 0 || !list.opened && !allUnits(list.units) {
		return s, unitList{}, false
	}
	return strings.TrimRightFunc(before, blank), list, true
}

// outerClose finds the bracket that closes one opened before s began; -1 when there is none.
func outerClose(s string) int {
	depth := 0
	for i, r := range s {
		switch r {
		case '（', '(':
			depth++
		case '）', ')':
			if depth == 0 {
				return i
			}
			depth--
		}
	}
	return -1
}

// nestedSpan tells whether s ends in a bracket that seems to close a nested one opened several units earlier: then the
// nested one is the one left open.
func nestedSpan(s string) bool {
	if !strings.HasSuffix(s, "）") && !strings.HasSuffix(s, ")") {
		return false
	}
	open := strings.LastIndexAny(s, "（(")
	return open >= 0 && strings.ContainsAny(s[open:], "、，,；;")
}

// cutNote splits off what follows the units: a new sentence, or “以下……”.
func cutNote(s string) (names, note string) {
	if before, after, ok := strings.Cut(s, "。"); ok && trim(after) != "" {
		return before, trim(strings.TrimRight(after, "。"))
	}
	for _, mark := range []string{"，", "；", ",", ";", "、"} {
		if before, after, ok := strings.Cut(s, mark+"以下"); ok {
			return before, "以下" + trim(after)
		}
	}
	return s, ""
}

// splitUnits splits at the marks outside brackets. A bracket that never closes ends with its unit.
func splitUnits(s string) (tokens []string, unclosed bool) {
	opens, closes := strings.Count(s, "（")+strings.Count(s, "("), strings.Count(s, "）")+strings.Count(s, ")")
	unclosed = opens > closes
	depth, from := 0, 0
	for i, r := range s {
		switch r {
		case '（', '(':
			depth++
		case '）', ')':
			depth = max(0, depth-1)
		case '、', '，', ',', '；', ';':
			if depth > 0 && !unclosed {
				continue
			}
			tokens = append(tokens, s[from:i])
			depth, from = 0, i+len(string(r))
		}
	}
	return append(tokens, s[from:]), unclosed
}

// add takes one name, or several that run together, with brackets made full-width and whole.
func (l *unitList) add(token string) {
	token = strings.Map(func(r rune) rune {
		switch {
		case blank(r):
			return -1
		case r == '(':
			return '（'
		case r == ')':
			return '）'
		}
		return r
	}, token)
	token = roleMarker.ReplaceAllString(token, "")
	token = strings.Trim(pairBrackets(token), "。．.")
	if token == "" {
		return
	}
	names := splitJoined([]rune(token))
	for i := 1; i < len(names); i++ {
		l.joined = append(l.joined, names[i-1]+names[i])
	}
	l.units = append(l.units, names...)
}

// pairBrackets closes what is open and drops what closes nothing.
func pairBrackets(s string) string {
	var b strings.Builder
	depth := 0
	for _, r := range s {
		switch r {
		case '（':
			depth++
		case '）':
			if depth == 0 {
				continue
			}
			depth--
		}
		b.WriteRune(r)
	}
	return b.String() + strings.Repeat("）", depth)
}

var unitStarts = []string{"省", "市", "各", "国家", "中国", "中共", "人民银行"}

// splitJoined cuts “省民政厅省发展改革委” where one name ends and the next begins. A 厅 ends a name even when the 省 of
// the next one is lost.
func splitJoined(r []rune) []string {
	last := len(r) - 1
	for last > 0 && r[last] == '）' {
		last--
	}
	whole := strings.ContainsRune("厅局委办", r[last]) // what follows a 厅 is a name, not 厅 with an addition
	depth, from := 0, 0
	var names []string
	for i := 1; i < len(r); i++ {
		switch r[i-1] {
		case '（':
			depth++
		case '）':
			depth--
		}
		if depth > 0 || len(r)-i < 2 || !strings.ContainsRune("厅局委办部院府会社行司所）", r[i-1]) {
			continue
		}
		rest := string(r[i:min(len(r), i+4)])
		// 中国银行省分行 is one name.
		named := startsAny(rest, unitStarts) != "" && startsAny(rest, []string{"省分", "市分"}) == ""
		if named || r[i-1] == '厅' && whole && len(r)-i >= 3 && r[i] != '（' {
			names = append(names, string(r[from:i]))
			from = i
		}
	}
	return append(names, string(r[from:]))
}

func allUnits(units []string) bool {
	for _, u := range units {
		if !unitEnd.MatchString(u) || len(u) > 30*len("厅") {
			return false
		}
	}
	return true
}
