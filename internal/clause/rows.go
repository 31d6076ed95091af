package clause

import (
	"slices"
	"strings"
	"unicode/utf8"
)

// RowType is what a paragraph of a source is taken for.
type RowType string

const (
	TitleRow   RowType = "title"   // 标题: the name of the document; it becomes no node
	PartRow    RowType = "part"    // 一级
	SectionRow RowType = "section" // 二级
	ClauseRow  RowType = "clause"  // 条
	TextRow    RowType = "text"    // 正文: goes on with what stands above, or stands by itself
	UnitsRow   RowType = "units"   // 责任单位 in a paragraph of its own
	IgnoredRow RowType = "ignored" // 忽略
)

// RowTypes in the order they are offered.
var RowTypes = []RowType{TitleRow, PartRow, SectionRow, ClauseRow, TextRow, UnitsRow, IgnoredRow}

// Row is one paragraph of a source with what it is taken for.
type Row struct {
	Text string
	Type RowType
}

// Rows splits a text into its paragraphs; empty ones are left out.
func Rows(text string) []Row {
	text = strings.ReplaceAll(strings.ReplaceAll(text, "\r\n", "\n"), "\r", "\n")
	var rows []Row
	for line := range strings.SplitSeq(text, "\n") {
		if line = trim(line); line != "" {
			rows = append(rows, Row{Text: line})
		}
	}
	return rows
}

// Recognise says what each row is, by its words alone. What stands before the first heading and looks like the name of
// the document is its title.
func Recognise(rows []Row) []Row {
	p := parserOf(rows)
	p.readBlocks()
	out := slices.Clone(rows)
	for i := range out {
		out[i].Type = TextRow
		if l := p.lines[i]; l.list != nil && l.text == "" {
			out[i].Type = UnitsRow
		}
	}
	for _, b := range p.blocks {
		switch b.kind {
		case Part:
			out[b.from].Type = PartRow
		case Section:
			out[b.from].Type = SectionRow
		case Clause:
			out[b.from].Type = ClauseRow
		}
	}
	for i := range min(len(out), 4) {
		text := out[i].Text
		if out[i].Type != TextRow || utf8.RuneCountInString(text) > longestTitle+10 || strings.ContainsAny(text, "。，；：,;:") || dateLine.MatchString(text) {
			break
		}
		out[i].Type = TitleRow
	}
	return out
}

// Build makes the nodes of a document from rows and what each was taken for, and names every doubtful place; a
// Warning's Line is the number of its row, from 1. Known are the names of units, other names of theirs included: names
// that run together are parted by them, the longest first, and a name that is not among them is kept as it stands and
// named as a doubt. Without any, no name is doubted.
func Build(rows []Row, known []string) (nodes []Node, warnings []Warning) {
	p := parserOf(rows)
	p.known = dictionary(known)
	signature := p.signature()
	for i, r := range rows {
		l := &p.lines[i]
		kind := map[RowType]Kind{PartRow: Part, SectionRow: Section, ClauseRow: Clause}[r.Type]
		switch {
		case r.Type == TitleRow || r.Type == IgnoredRow || l.empty():
			continue
		case kind != "":
			p.beginAs(i, kind)
			continue
		case l.label.mark != noMark: // a number that begins nothing is part of the text
			l.text = trim(l.label.text + spaceAfter(l) + l.text)
			l.label = label{}
		}
		if r.Type == UnitsRow && l.list == nil {
			l.force()
		}
		p.loose = p.loose || i >= signature || annex(l.text)
		p.unnumbered(i)
	}
	p.scheme = p.schemeUsed()
	p.settle()
	for _, b := range p.blocks {
		p.know(b)
		nodes = append(nodes, b.node())
	}
	slices.SortStableFunc(p.warnings, func(a, b Warning) int { return a.Line - b.Line })
	return nodes, p.warnings
}

func parserOf(rows []Row) *parser {
	var text strings.Builder
	for _, r := range rows {
		text.WriteString(strings.NewReplacer("\r", " ", "\n", " ").Replace(r.Text))
		text.WriteByte('\n')
	}
	lines := readLines(text.String())
	p := &parser{lines: lines, scheme: schemeOf(lines)}
	p.ahead = lookAhead(lines, p.scheme)
	return p
}

// beginAs begins a node of a chosen kind. A row without a number is given the one that follows.
func (p *parser) beginAs(i int, kind Kind) {
	l := &p.lines[i]
	if l.label.mark != noMark {
		p.begin(i, kind, l.label)
		return
	}
	c := map[Kind]*count{Part: &p.part, Section: &p.section, Clause: &p.clause}[kind]
	n := c.printed + 1
	p.begin(i, kind, label{number: n, text: restoredLabel(kind, n, c.label)})
	b := p.blocks[len(p.blocks)-1]
	p.warn(Warning{MissingNumber, i + 1, kind, b.number, head(l.text, longestTitle)})
}

// schemeUsed is the scheme of the rows as they were chosen: articles tell a rule or regulation.
func (p *parser) schemeUsed() scheme {
	for _, b := range p.blocks {
		if b.kind == Clause && p.lines[b.from].label.mark == articleMark {
			return lawScheme
		}
	}
	return planScheme
}

// force reads a row as a list of units although it does not say so.
func (l *line) force() {
	text := strings.TrimRight(strings.Trim(l.text, "（）()"), "。")
	if _, after, ok := strings.Cut(text, "："); ok {
		text = after
	}
	if _, list, ok := cutUnits("（责任单位：" + text + "）"); ok {
		l.text, l.list = "", &list
	}
}

// dictionary holds the known names of units.
func dictionary(names []string) map[string]bool {
	known := make(map[string]bool, len(names))
	for _, n := range names {
		if n = trim(n); n != "" {
			known[n] = true
		}
	}
	return known
}

// know parts the names of a block's units by the dictionary and doubts those that are not in it.
func (p *parser) know(b *block) {
	if len(p.known) == 0 {
		return
	}
	var units []string
	for _, u := range b.units {
		names := p.partNames(u)
		if len(names) > 1 {
			p.warn(Warning{UnitsRunTogether, b.from + 1, b.kind, b.number, u})
		}
		for _, n := range names {
			if !slices.Contains(units, n) {
				units = append(units, n)
			}
		}
	}
	b.units = units
	for _, u := range units {
		if !p.known[u] {
			p.warn(Warning{UnitsUnknown, b.from + 1, b.kind, b.number, u})
		}
	}
}

// partNames parts a name into known ones that together make it up, the longest taken first; a name that is known, or that
// cannot be parted whole, stays one.
func (p *parser) partNames(name string) []string {
	if p.known[name] {
		return []string{name}
	}
	r := []rune(name)
	if len(r) > 200 {
		return []string{name}
	}
	// longest[i] is how many characters the first name of the best way to part r[i:] has; 0 when there is none.
	longest := make([]int, len(r)+1)
	for i := len(r) - 1; i >= 0; i-- {
		for n := len(r) - i; n > 0; n-- {
			if (i+n == len(r) || longest[i+n] > 0) && p.known[string(r[i:i+n])] {
				longest[i] = n
				break
			}
		}
	}
	if longest[0] == 0 {
		return []string{name}
	}
	var names []string
	for i := 0; i < len(r); i += longest[i] {
		names = append(names, string(r[i:i+longest[i]]))
	}
	return names
}
