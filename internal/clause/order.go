package clause

import (
	"strings"
	"unicode/utf8"
)

// widestGap is how many numbers may be missing in a row before a number is taken for a slip.
const widestGap = 100

// number gives a block its number and reports what does not follow on.
func (p *parser) number(b *block, l label) {
	switch b.kind {
	case Part:
		p.advance(&p.part, b, l)
		p.section = count{}
		p.clause.fresh = true
	case Section:
		p.advance(&p.section, b, l)
		p.clause.fresh = true
	case Clause:
		p.advance(&p.clause, b, l)
		p.clause.fresh = false
	}
}

// advance counts on. Clauses that begin again at 1 under a new heading, and numbers that do not follow, are counted on
// from the clause before; headings keep what is printed.
func (p *parser) advance(c *count, b *block, l label) {
	gap := l.number - c.printed - 1
	switch {
	case gap == 0:
		b.number = c.number + 1
	case b.kind == Clause && l.number == 1 && c.fresh:
		b.number = c.number + 1
	case gap > 0 && gap <= widestGap:
		b.number = c.number + gap + 1
		p.warn(Warning{MissingNumber, b.from + 1, b.kind, c.number + 1, l.text + head(p.lines[b.from].text, 8)})
	default:
		b.number = c.number + 1
		if b.kind != Clause {
			b.number = l.number
		}
		p.warn(Warning{OutOfOrder, b.from + 1, b.kind, b.number, l.text + head(p.lines[b.from].text, 8)})
	}
	c.printed, c.number, c.label = l.number, b.number, l.text
}

// restore takes line i for a heading or clause whose number is lost, when the numbers around it leave a gap of exactly
// one that it would fill and the line looks the part. It reports whether it did.
func (p *parser) restore(i int) bool {
	kind := p.lost(i)
	if kind == "" {
		return false
	}
	c := map[Kind]*count{Part: &p.part, Section: &p.section, Clause: &p.clause}[kind]
	n := c.printed + 1
	p.begin(i, kind, label{number: n, text: restoredLabel(kind, n, c.label)})
	b := p.blocks[len(p.blocks)-1]
	p.warn(Warning{MissingNumber, i + 1, kind, b.number, head(p.lines[i].text, longestTitle)})
	return true
}

// lost says what kind of number line i seems to have lost; empty for none.
func (p *parser) lost(i int) Kind {
	if p.scheme[itemMark] != Clause {
		return "" // articles are too long and too uniform to be recognised without their numbers
	}
	l := &p.lines[i]
	over := len(p.blocks) == 0 || p.blocks[len(p.blocks)-1].ended || p.blocks[len(p.blocks)-1].kind != Clause
	if l.list != nil && l.text != "" {
		if over && p.ahead[i].clause == p.clause.printed+2 {
			return Clause
		}
		return ""
	}
	title := strings.TrimSuffix(l.text, "。")
	if l.list != nil || utf8.RuneCountInString(title) > longestTitle || strings.ContainsAny(title, "。，；：,;:") {
		return ""
	}
	next := p.next(i)
	if next == nil {
		return ""
	}
	follows := p.scheme[next.label.mark]
	// After a list of units the clause is over, so a short line is a heading even when no later number proves it.
	over = len(p.blocks) > 0 && p.blocks[len(p.blocks)-1].ended
	section, part := p.ahead[i].section, p.ahead[i].part
	switch {
	case follows == Clause && (section == p.section.printed+2 || over && section == 0 && p.section.printed > 0):
		return Section
	case follows == Clause && part == p.part.printed+2:
		return Part
	case follows == Section && (part == p.part.printed+2 || over && part == 0 && p.part.printed > 0 && next.label.number == 1):
		return Part
	}
	return ""
}

// next is the next line that says anything.
func (p *parser) next(i int) *line {
	for j := i + 1; j < len(p.lines); j++ {
		if !p.lines[j].empty() {
			return &p.lines[j]
		}
	}
	return nil
}

// ahead holds the printed numbers of the next headings after a line; 0 when there is none, for a section also when the
// next part comes first.
type ahead struct{ part, section, clause int }

func lookAhead(lines []line, s scheme) []ahead {
	found := make([]ahead, len(lines))
	var a ahead
	for i := len(lines) - 1; i >= 0; i-- {
		found[i] = a
		switch n := lines[i].label.number; s[lines[i].label.mark] {
		case Part:
			a.part, a.section = n, 0
		case Section:
			a.section = n
		case Clause:
			a.clause = n
		}
	}
	return found
}
