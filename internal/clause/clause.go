// Package clause reads the text of an official document into a tree of numbered clauses with their responsible units.
package clause

import (
	"strings"

	"github.com/google/uuid"
)

// Kind is a node's place in the document's order of headings.
type Kind string

const (
	Part      Kind = "part"      // 一、 or 第一章
	Section   Kind = "section"   // （一） or 第一节
	Clause    Kind = "clause"    // 1. or 第一条
	Paragraph Kind = "paragraph" // text without a number
)

// Node is one heading, clause or paragraph. Nodes stand in reading order in a flat list; a node belongs under the
// nearest node of a higher kind before it.
type Node struct {
	ID     uuid.UUID // zero until stored; lasts across versions of the document
	Kind   Kind
	Number int    // 0 for a Paragraph; clauses are counted through the whole document, see Parse
	Label  string // the number as printed: “一、”, “（四）”, “5.”, “第三条”; put back where the source has lost it
	Title  string // heading or clause title, without the full stop or colon that closes it; may be empty
	Body   string // running text after the title, without the list of units; line feeds separate paragraphs

	Units     []string // 责任单位, lead unit first
	UnitsNote string   // what the brackets say besides units: “以下均需各市政府……不再列出”

	Raw string // the source text this node was read from, line ends as LF; all Raw joined give the source back
}

// Join gives back the text that the nodes were read from, line ends as LF.
func Join(nodes []Node) string {
	var b strings.Builder
	for _, n := range nodes {
		b.WriteString(n.Raw)
	}
	return b.String()
}

// Warning is one doubtful place that a person should look at.
type Warning struct {
	Code   Code
	Line   int    // line of the source, from 1
	Kind   Kind   // of the node concerned
	Number int    // number of the clause or heading concerned, 0 if none
	Text   string // the words concerned, as they stand in the source; names of units with their brackets made whole
}

// Code says what is doubtful.
type Code string

const (
	MissingNumber    Code = "missing_number"     // a heading without its number, or a gap in the counting
	MissingStop      Code = "missing_stop"       // no full stop after a clause title
	UnitsBracket     Code = "units_bracket"      // a list of units whose bracket is not opened or not closed
	UnitsRunTogether Code = "units_run_together" // two units without 、 between them
	UnitsName        Code = "units_name"         // a unit that elsewhere in the document has 省 or 市 before its name
	UnitsUnknown     Code = "units_unknown"      // a unit that the dictionary of units does not know
	UnitsMissing     Code = "units_missing"      // a clause without units among clauses that have them
	HalfWidth        Code = "half_width"         // half-width punctuation between Chinese characters
	OutOfOrder       Code = "out_of_order"       // a number that does not follow the one before
	Unpaired         Code = "unpaired"           // a quotation mark or bracket without its partner
)
