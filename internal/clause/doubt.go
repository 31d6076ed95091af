package clause

import (
	"strings"
	"unicode"
)

func (p *parser) warn(w Warning) { p.warnings = append(p.warnings, w) }

// doubtUnits reports what is wrong with the list of units on line i.
func (p *parser) doubtUnits(b *block, i int) {
	list := p.lines[i].list
	add := func(c Code, text string) { p.warn(Warning{c, i + 1, b.kind, b.number, text}) }
	r := []rune(list.text)
	if !list.opened {
		add(UnitsBracket, head(list.text, 12))
	}
	if !list.closed || list.nestedOpen {
		add(UnitsBracket, string(r[max(0, len(r)-12):]))
	}
	for _, pair := range list.joined {
		add(UnitsRunTogether, pair)
	}
}

// settle does what needs the whole document: titles, which clauses lack their units, which names are cut short.
func (p *parser) settle() {
	byKind := map[Kind][]*block{}
	withUnits := 0
	for _, b := range p.blocks {
		byKind[b.kind] = append(byKind[b.kind], b)
		if b.kind == Clause && len(b.units) > 0 {
			withUnits++
		}
	}
	report := func(b *block, c Code, text string) { p.warn(Warning{c, b.from + 1, b.kind, b.number, text}) }
	settleTitles(byKind[Part], report)
	settleTitles(byKind[Section], report)
	if p.scheme[articleMark] == Clause {
		for _, b := range byKind[Clause] {
			b.title, b.opening = articleTitle(b.first())
		}
	} else {
		settleTitles(byKind[Clause], report)
	}
	p.doubtNames()
	for _, b := range byKind[Clause] {
		if len(b.units) == 0 && 2*withUnits >= len(byKind[Clause]) {
			report(b, UnitsMissing, b.label+head(b.first(), 12))
		}
	}
}

// doubtNames reports units whose name has lost the 省 or 市 that it has elsewhere.
func (p *parser) doubtNames() {
	known := map[string]bool{}
	for _, l := range p.lines {
		if l.list != nil {
			for _, u := range l.list.units {
				known[u] = true
			}
		}
	}
	for _, b := range p.blocks {
		for _, u := range b.units {
			if known["省"+u] || known["市"+u] {
				p.warn(Warning{UnitsName, b.from + 1, b.kind, b.number, u})
			}
		}
	}
}

// articleTitle reads the title that some drafts give an article: 第一条【目的】 or 第一条（目的）.
func articleTitle(s string) (title, rest string) {
	for _, pair := range [][2]string{{"【", "】"}, {"（", "）"}, {"(", ")"}} {
		inner, ok := strings.CutPrefix(s, pair[0])
		if !ok {
			continue
		}
		if t, after, ok := strings.Cut(inner, pair[1]); ok && trim(t) != "" && len(t) <= longestTitle*len("条") {
			return trim(t), trim(after)
		}
	}
	return "", s
}

const halfWidth = `,;:?!()<>"`

// doubtMarks reports half-width marks beside Chinese characters, and marks without their partner, on line i.
func (p *parser) doubtMarks(b *block, i int) {
	r := []rune(trim(p.lines[i].raw))
	add := func(c Code, at int) {
		p.warn(Warning{c, i + 1, b.kind, b.number, string(r[max(0, at-6):min(len(r), at+7)])})
	}
	for at := range r {
		if halfWidthAt(r, at) {
			add(HalfWidth, at)
		}
	}
	marked := len(r) // the list of units has its own warnings
	if l := p.lines[i].list; l != nil {
		marked = max(0, marked-len([]rune(l.text)))
	}
	for _, at := range unpaired(r[:marked]) {
		add(Unpaired, at)
	}
}

// beside is the nearest character to one side that is not blank; 0 at the end of the line.
func beside(r []rune, at, step int) rune {
	for j := at + step; j >= 0 && j < len(r); j += step {
		if !blank(r[j]) {
			return r[j]
		}
	}
	return 0
}

// wide tells Chinese characters and their punctuation.
func wide(r rune) bool {
	return chinese(r) || strings.ContainsRune("“”‘’…—", r) || r >= 0x3001 && r <= 0x301f ||
		r >= 0xff01 && r <= 0xff5e && unicode.IsPunct(r)
}

// unpaired finds the quotation marks and brackets that have no partner, both widths taken as one.
func unpaired(r []rune) []int {
	const opens, closes = "“《〈（【〔(", "”》〉）】〕)"
	same := func(open, closing rune) bool {
		at := strings.IndexRune(opens, open)
		return at == strings.IndexRune(closes, closing) || strings.ContainsRune("（(", open) && strings.ContainsRune("）)", closing)
	}
	var stack, lone []int
	for i, c := range r {
		switch {
		case strings.ContainsRune(opens, c):
			stack = append(stack, i)
		case strings.ContainsRune(closes, c):
			// The nearest opening mark of the kind is the partner; what was opened in between has none.
			at := len(stack) - 1
			for at >= 0 && at > len(stack)-8 && !same(r[stack[at]], c) {
				at--
			}
			if at < 0 || !same(r[stack[at]], c) {
				lone = append(lone, i)
				continue
			}
			lone = append(lone, stack[at+1:]...)
			stack = stack[:at]
		}
	}
	return append(lone, stack...)
}
