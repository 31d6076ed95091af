package clause

import (
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"
)

// Parse reads the text of an official document.
//
// Two ways of numbering are known: 一、（一）1. as in plans and opinions (part, section, clause), and 第一章 第一节 第一条 as
// in rules and regulations, where （一） and 1. inside an article stay part of its text. Marks of both widths are read.
//
// A clause keeps its printed number as long as the document counts straight through. Where it begins again at 1 under a
// new heading, clauses are counted on, so that within a document no two have the same number.
//
// Nothing is refused: what cannot be understood becomes a Paragraph or stays in the text it stands in, each doubtful
// place is named by a Warning, in the order of the source, and Join(nodes) gives the source back.
func Parse(text string) (nodes []Node, warnings []Warning) {
	lines := readLines(text)
	p := parser{lines: lines, scheme: schemeOf(lines)}
	p.ahead = lookAhead(lines, p.scheme)
	p.readBlocks()
	p.settle()
	for _, b := range p.blocks {
		nodes = append(nodes, b.node())
	}
	slices.SortStableFunc(p.warnings, func(a, b Warning) int { return a.Line - b.Line })
	return nodes, p.warnings
}

// line is one line of the source, looked at by itself.
type line struct {
	raw   string // with its line feed
	text  string // trimmed, without the number and the list of units
	label label
	list  *unitList
}

func (l *line) empty() bool { return l.text == "" && l.label.mark == noMark && l.list == nil }

func readLines(text string) []line {
	text = strings.ReplaceAll(strings.ReplaceAll(text, "\r\n", "\n"), "\r", "\n")
	var lines []line
	for raw := range strings.Lines(text) {
		l := line{raw: raw}
		l.label, l.text = readLabel(trim(raw))
		if rest, list, ok := cutUnits(l.text); ok {
			l.text, l.list = rest, &list
		}
		lines = append(lines, l)
	}
	return lines
}

// scheme says which marks number what.
type scheme map[mark]Kind

var (
	planScheme = scheme{partMark: Part, sectionMark: Section, itemMark: Clause}
	lawScheme  = scheme{chapterMark: Part, divisionMark: Section, articleMark: Clause}
)

// schemeOf takes a document for a rule or regulation when an article stands free at the beginning of a line, or when
// the first and the second both begin lines.
func schemeOf(lines []line) scheme {
	seen := map[int]bool{}
	for _, l := range lines {
		if l.label.mark == articleMark {
			if l.label.spaced {
				return lawScheme
			}
			seen[l.label.number] = true
		}
	}
	if seen[1] && seen[2] {
		return lawScheme
	}
	return planScheme
}

// block is a node in the making.
type block struct {
	kind    Kind
	number  int
	label   string
	from    int // first line, from 0
	raw     strings.Builder
	texts   []string // one a line that has any
	ended   bool     // its last line ends with a list of units
	units   []string
	named   map[string]bool // the units so far
	note    string
	title   string
	opening string // what the first line says after the title
}

// first is the line that holds the title.
func (b *block) first() string {
	if len(b.texts) == 0 {
		return ""
	}
	return b.texts[0]
}

func (b *block) node() Node {
	n := Node{Kind: b.kind, Number: b.number, Label: b.label, Title: b.title, Units: b.units, UnitsNote: b.note, Raw: b.raw.String()}
	body := b.texts
	if b.title != "" {
		body = slices.Concat([]string{b.opening}, b.texts[1:])
	}
	n.Body = trim(strings.Join(body, "\n"))
	return n
}

type parser struct {
	lines    []line
	scheme   scheme
	ahead    []ahead
	blocks   []*block
	warnings []Warning

	part, section count
	clause        count
	known         map[string]bool // names of units, where a dictionary is given
	loose         bool            // what has no number stands by itself from here on: signature or annex
}

// count follows one kind of number through the document.
type count struct {
	printed int    // the last number as printed
	number  int    // the last number as counted
	label   string // the last label
	fresh   bool   // a heading of a higher kind stands between
}

func (p *parser) readBlocks() {
	signature := p.signature()
	for i := range p.lines {
		l := &p.lines[i]
		kind, numbered := p.kindOf(l)
		if l.label.mark != noMark && !numbered {
			// A number of the other scheme is part of the text.
			l.text = trim(l.label.text + spaceAfter(l) + l.text)
		}
		switch {
		case l.empty():
			p.current(i).raw.WriteString(l.raw)
		case numbered:
			p.begin(i, kind, l.label)
		case p.restore(i):
		default:
			p.loose = p.loose || i >= signature || annex(l.text)
			p.unnumbered(i)
		}
	}
}

// kindOf tells what the label of a line begins. A sentence may begin with “第三条规定”: an article that stands close to
// its text counts only in its turn.
func (p *parser) kindOf(l *line) (Kind, bool) {
	kind, ok := p.scheme[l.label.mark]
	if !ok {
		return "", false
	}
	if l.label.mark == articleMark && !l.label.spaced && l.label.number != p.clause.printed+1 {
		return "", false
	}
	return kind, true
}

// spaceAfter keeps an ideographic space between number and text, which the label's reading has taken off.
func spaceAfter(l *line) string {
	if l.label.spaced && l.text != "" && !strings.ContainsAny(head(l.text, 1), "【（(") {
		return "　"
	}
	return ""
}

// current is the block that takes a blank line.
func (p *parser) current(i int) *block {
	if len(p.blocks) == 0 {
		p.blocks = append(p.blocks, &block{kind: Paragraph, from: i, named: map[string]bool{}})
	}
	return p.blocks[len(p.blocks)-1]
}

// begin opens a block with line i. Blank lines at the very top belong to the first block.
func (p *parser) begin(i int, kind Kind, l label) {
	b := &block{kind: kind, label: l.text, from: i, named: map[string]bool{}}
	if len(p.blocks) == 1 && p.blocks[0].kind == Paragraph && len(p.blocks[0].texts) == 0 {
		b.raw.WriteString(p.blocks[0].raw.String())
		p.blocks = p.blocks[:0]
	}
	p.blocks = append(p.blocks, b)
	p.loose = false
	p.number(b, l)
	p.take(b, i)
}

// take adds line i to a block.
func (p *parser) take(b *block, i int) {
	l := &p.lines[i]
	b.raw.WriteString(l.raw)
	if l.text != "" {
		b.texts = append(b.texts, l.text)
	}
	b.ended = l.list != nil
	if l.list != nil {
		for _, u := range l.list.units {
			if !b.named[u] {
				b.named[u] = true
				b.units = append(b.units, u)
			}
		}
		b.note = strings.TrimPrefix(b.note+"\n"+l.list.note, "\n")
		p.doubtUnits(b, i)
	}
	p.doubtMarks(b, i)
}

// unnumbered places a line without a number: in the clause it follows, or by itself.
func (p *parser) unnumbered(i int) {
	l := &p.lines[i]
	if n := len(p.blocks); n > 0 && !p.loose {
		b := p.blocks[n-1]
		untitled := b.kind != Paragraph && len(b.texts) == 0 // “第一章” with its title on the next line
		if b.kind == Clause || untitled || l.text == "" && b.kind != Paragraph {
			p.take(b, i)
			return
		}
	}
	loose := p.loose
	p.begin(i, Paragraph, label{})
	p.loose = loose
}

var (
	dateLine  = regexp.MustCompile(`^(?:[0-9０-９]{4}|[二〇零一三四五六七八九]{4})年[^年月，。]{1,3}月[^月日，。]{1,3}日$`)
	annexLine = regexp.MustCompile(`^附件(?:[0-9０-９一二三四五六七八九十]*[：:．.\s]|[0-9０-９一二三四五六七八九十]*$)`)
)

func annex(s string) bool { return annexLine.MatchString(s) }

// signature finds the first line of the closing names and date; len(lines) when there is none.
func (p *parser) signature() int {
	i := len(p.lines) - 1
	for i >= 0 && p.lines[i].empty() {
		i--
	}
	if i < 0 || !dateLine.MatchString(strings.ReplaceAll(p.lines[i].text, " ", "")) {
		return len(p.lines)
	}
	for i > 0 {
		l := &p.lines[i-1]
		short := utf8.RuneCountInString(l.text) <= longestTitle && !strings.ContainsAny(l.text, "，。；：、,;:")
		if l.label.mark != noMark || l.list != nil || !short {
			break
		}
		i--
	}
	return i
}
