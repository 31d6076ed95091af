package docx

import (
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
)

// Paragraph is one paragraph of a document, in reading order; the cells of a table are paragraphs too.
type Paragraph struct {
	Text    string // its number first where Word counts it, “1.甲”; tabs and line breaks as such
	Style   string // name of its style, as the document has it: heading 1, Title
	Outline int    // level of its heading from 1; 0 for running text
	Table   bool   // stands in a table
}

// What a document may not be. The kinds are told apart so that a person can be told what to do.
var (
	ErrNotDocx   = errors.New("not a Word document of the newer kind")
	ErrOldDoc    = errors.New("a Word document of the older kind (.doc)")
	ErrMacros    = errors.New("a document with macros")
	ErrDoctype   = errors.New("a document with a document type declaration")
	ErrPath      = errors.New("a document with a file outside its folder")
	ErrTooMany   = errors.New("a document of too many files or paragraphs")
	ErrTooLarge  = errors.New("a document that unpacks to too much")
	ErrDamaged   = errors.New("a damaged document")
	ErrEncrypted = errors.New("a document with a password")
)

// Read reads the text of a document. Deleted text of tracked changes is left out, inserted text is kept.
func Read(r io.ReaderAt, size int64) ([]Paragraph, error) {
	p, err := open(r, size)
	if err != nil {
		return nil, err
	}
	styles, err := readStyles(p)
	if err != nil {
		return nil, err
	}
	numbers, err := readNumbering(p)
	if err != nil {
		return nil, err
	}
	reading := &reading{styles: styles, numbers: numbers}
	err = p.elements(documentPart, reading.start, reading.end, reading.text)
	if err != nil {
		return nil, err
	}
	return reading.out, nil
}

// reading is the state of one pass over word/document.xml.
type reading struct {
	styles  map[string]wordStyle
	numbers *numbering

	out     []Paragraph
	tables  int
	open    []*begun // paragraphs begun; a text box puts one inside another
	skip    int      // depth inside something that is not read
	inText  bool
	content int
}

// begun is a paragraph being read.
type begun struct {
	text    strings.Builder
	style   string
	outline int // -1: not set by the paragraph itself
	numID   string
	level   int
	isSet   bool // the paragraph itself names a number
}

const (
	mostParagraphs = 50_000
	mostText       = 8 << 20 // bytes of all paragraphs together
)

// skipped are the elements whose content is not the text: deletions, the old copy of a moved passage, what a drawing
// repeats for older programs, field codes, and properties kept of earlier versions.
var skipped = []string{"del", "moveFrom", "Fallback", "instrText", "delText", "delInstrText", "pPrChange", "rPrChange", "sectPrChange", "rt"}

func (d *reading) start(e xml.StartElement) error {
	name := e.Name.Local
	if d.skip > 0 || slices.Contains(skipped, name) {
		// An empty w:del inside the run properties marks a deleted paragraph end; it has no content either way.
		d.skip++
		return nil
	}
	var p *begun
	if n := len(d.open); n > 0 {
		p = d.open[n-1]
	}
	switch {
	case name == "tbl":
		d.tables++
	case name == "p" && ours(e.Name.Space):
		if len(d.out)+len(d.open) >= mostParagraphs {
			return ErrTooMany
		}
		d.open = append(d.open, &begun{outline: -1})
	case p == nil || !ours(e.Name.Space):
	case name == "t":
		d.inText = true
	case name == "tab" && attribute(e, "val") == "": // w:tabs/w:tab, a tab stop, has a val
		p.text.WriteByte('\t')
	case name == "br" || name == "cr":
		p.text.WriteByte('\n')
	case name == "noBreakHyphen":
		p.text.WriteByte('-')
	case name == "pStyle":
		p.style = attribute(e, "val")
	case name == "outlineLvl":
		p.outline = digits(attribute(e, "val"))
	case name == "numId":
		p.numID, p.isSet = attribute(e, "val"), true
	case name == "ilvl":
		p.level = digits(attribute(e, "val"))
	}
	return nil
}

func (d *reading) end(e xml.EndElement) error {
	if d.skip > 0 {
		d.skip--
		return nil
	}
	switch name := e.Name.Local; {
	case name == "tbl":
		d.tables--
	case name == "t":
		d.inText = false
	case name == "p" && ours(e.Name.Space) && len(d.open) > 0:
		p := d.open[len(d.open)-1]
		d.open = d.open[:len(d.open)-1]
		d.finish(p)
	}
	return nil
}

func (d *reading) text(s []byte) error {
	if d.skip > 0 || !d.inText || len(d.open) == 0 {
		return nil
	}
	if d.content += len(s); d.content > mostText {
		return ErrTooLarge
	}
	d.open[len(d.open)-1].text.Write(s)
	return nil
}

// finish takes a paragraph with the level and the number that it or its style gives it.
func (d *reading) finish(p *begun) {
	style := d.styles[p.style]
	out := Paragraph{Text: p.text.String(), Style: style.name, Table: d.tables > 0}
	outline := style.outline
	if p.outline >= 0 {
		outline = p.outline + 1
	}
	if outline >= 1 && outline <= 9 {
		out.Outline = outline
	}
	numID, level := style.numID, style.level
	if p.isSet {
		numID, level = p.numID, p.level
	}
	if strings.TrimSpace(out.Text) != "" {
		out.Text = d.numbers.next(numID, level) + out.Text
	}
	d.out = append(d.out, out)
}

// ours tells the elements of a document's text from those of drawings and formulas. Every program that writes documents
// uses the prefix w; taking it for granted spares a table of namespaces for each element.
func ours(prefix string) bool { return prefix == "w" }

// attribute returns the value of an attribute by its local name.
func attribute(e xml.StartElement, name string) string {
	for _, a := range e.Attr {
		if a.Name.Local == name {
			return a.Value
		}
	}
	return ""
}

// digits reads a small number; what is none is 0.
func digits(s string) int {
	n := 0
	for _, r := range s {
		if r < '0' || r > '9' || n > 100_000 {
			return 0
		}
		n = 10*n + int(r-'0')
	}
	return n
}

// wordStyle is what a paragraph style gives its paragraphs, the styles it rests on included.
type wordStyle struct {
	name    string
	outline int // from 1; 0 for running text
	numID   string
	level   int
}

type rawStyle struct {
	wordStyle
	based   string
	ownNum  bool
	outline int // -1: not set
}

// readStyles reads word/styles.xml and resolves what styles take from those they rest on (basedOn).
func readStyles(p *pack) (map[string]wordStyle, error) {
	raw := map[string]*rawStyle{}
	var now *rawStyle
	err := p.elements("word/styles.xml", func(e xml.StartElement) error {
		switch name := e.Name.Local; {
		case name == "style":
			now = &rawStyle{outline: -1}
			if len(raw) < mostStyles {
				raw[attribute(e, "styleId")] = now
			}
		case now == nil:
		case name == "name":
			now.name = attribute(e, "val")
		case name == "basedOn":
			now.based = attribute(e, "val")
		case name == "outlineLvl":
			now.outline = digits(attribute(e, "val"))
		case name == "numId":
			now.numID, now.ownNum = attribute(e, "val"), true
		case name == "ilvl":
			now.level = digits(attribute(e, "val"))
		}
		return nil
	}, nil, nil)
	if err != nil {
		return nil, err
	}
	styles := map[string]wordStyle{}
	for id, s := range raw {
		out := wordStyle{name: s.name}
		outline, numbered := false, false
		// A circle of styles ends after as many steps as Word allows styles to rest on each other.
		for step := 0; s != nil && step < 20; step++ {
			if !outline && s.outline >= 0 {
				out.outline, outline = s.outline+1, true
			}
			if !numbered && s.ownNum {
				out.numID, out.level, numbered = s.numID, s.level, true
			}
			s = raw[s.based]
		}
		styles[id] = out
	}
	return styles, nil
}

const mostStyles = 5000

func damaged(err error) error { return fmt.Errorf("%w: %v", ErrDamaged, err) }
