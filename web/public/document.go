package public

import (
	"slices"
	"strconv"
	"strings"

	"wenji/internal/clause"
	"wenji/internal/consultation"
)

// row is a node of a document ready to be shown.
type row struct {
	clause.Node
	Level  int    // of its heading, 2 to 6; 0 for text without one
	Anchor string // id of the heading; "" for none
	Count  int    // published comments on a clause
}

// heading is the number and title of a node, as printed.
func (r row) heading() string { return r.Label + r.Title }

// rows gives each node the level of its heading: one below that of the nearest node of a higher kind, so that no level
// is ever skipped. Headings begin at h2.
func rows(nodes []clause.Node, counts func(clause.Node) int) []row {
	part, section, serial := 0, 0, 0
	out := make([]row, 0, len(nodes))
	for _, n := range nodes {
		r := row{Node: n}
		switch n.Kind {
		case clause.Part:
			part, section = 2, 0
			serial++
			r.Level, r.Anchor = 2, "s"+strconv.Itoa(serial)
		case clause.Section:
			section = max(part, 1) + 1
			serial++
			r.Level, r.Anchor = section, "s"+strconv.Itoa(serial)
		case clause.Clause:
			r.Level, r.Anchor = max(part, section, 1)+1, "c"+strconv.Itoa(n.Number)
			r.Count = counts(n)
		}
		if n.Title == "" && n.Kind != clause.Clause {
			r.Level = 0
			switch n.Kind {
			case clause.Part:
				part = 0
			case clause.Section:
				section = 0
			}
		}
		out = append(out, r)
	}
	return out
}

// draftRows are the rows of the draft with their counts.
func draftRows(d *consultation.Dossier) []row {
	return rows(d.Draft, func(n clause.Node) int { return d.ClauseCounts[n.ID] })
}

// plainRows are the rows of a document without comments. Numbered paragraphs without a title are text.
func plainRows(nodes []clause.Node) []row {
	out := rows(nodes, func(clause.Node) int { return 0 })
	for i := range out {
		out[i].Anchor = ""
		if out[i].Title == "" {
			out[i].Level = 0
		}
	}
	return out
}

// narrow keeps the clauses that the filter asks for and the headings above them.
func narrow(all []row, v DraftView) []row {
	if !v.WithComments && v.Unit == "" {
		return all
	}
	var out, above []row
	for _, r := range all {
		switch r.Kind {
		case clause.Part:
			above = []row{r}
		case clause.Section:
			above = append(slices.DeleteFunc(above, func(h row) bool { return h.Kind == clause.Section }), r)
		case clause.Clause:
			if v.WithComments && r.Count == 0 || v.Unit != "" && !slices.Contains(r.Units, v.Unit) {
				continue
			}
			for _, h := range above {
				h.Body = ""
				out = append(out, h)
			}
			above = nil
			out = append(out, r)
		}
	}
	return out
}

// tocEntry is a heading of the draft with the clauses right below it.
type tocEntry struct {
	row
	Clauses []row
	Count   int // comments on them
}

// span says which clauses an entry holds: 第1—7条.
func (e tocEntry) span() string {
	if len(e.Clauses) == 0 {
		return ""
	}
	first, last := e.Clauses[0].Number, e.Clauses[len(e.Clauses)-1].Number
	if first == last {
		return "第" + strconv.Itoa(first) + "条"
	}
	return "第" + strconv.Itoa(first) + "—" + strconv.Itoa(last) + "条"
}

// contents lists the headings of the draft in reading order. Clauses before any heading have an entry without one.
func contents(all []row) []tocEntry {
	var out []tocEntry
	for _, r := range all {
		switch {
		case r.Kind == clause.Part || r.Kind == clause.Section:
			out = append(out, tocEntry{row: r})
		case r.Kind == clause.Clause:
			if len(out) == 0 {
				out = append(out, tocEntry{})
			}
			last := &out[len(out)-1]
			last.Clauses = append(last.Clauses, r)
			last.Count += r.Count
		}
	}
	return out
}

// units lists the responsible units of the draft, each once, in the order they first appear.
func units(d *consultation.Dossier) []string {
	var out []string
	for _, n := range d.Draft {
		for _, u := range n.Units {
			if !slices.Contains(out, u) {
				out = append(out, u)
			}
		}
	}
	return out
}

// unitWords is the line of responsible units, as the document closes a clause.
func unitWords(n clause.Node) string {
	s := strings.Join(n.Units, "、")
	if n.UnitsNote != "" {
		if s != "" {
			s += "。"
		}
		s += strings.TrimRight(n.UnitsNote, "。")
	}
	return s
}

// clauseTitle names a clause in a sentence or a list: 第5条 推进适老化改造.
func clauseTitle(n clause.Node) string {
	return strings.TrimSpace("第" + strconv.Itoa(n.Number) + "条 " + n.Title)
}

// clausesOf lists the numbered clauses of the draft.
func clausesOf(d *consultation.Dossier) []clause.Node {
	var out []clause.Node
	for _, n := range d.Draft {
		if n.Kind == clause.Clause {
			out = append(out, n)
		}
	}
	return out
}

// deeper puts every heading one level down, for a document that stands below an h2 of its own.
func deeper(all []row) []row {
	for i := range all {
		if all[i].Level > 0 {
			all[i].Level++
		}
	}
	return all
}

// neighbours are the numbered clauses before and after another; their Number is 0 where there is none.
type neighbours struct {
	Previous, Next clause.Node
}

func neighboursOf(d *consultation.Dossier, n int) neighbours {
	clauses := clausesOf(d)
	i := slices.IndexFunc(clauses, func(c clause.Node) bool { return c.Number == n })
	var near neighbours
	if i > 0 {
		near.Previous = clauses[i-1]
	}
	if i >= 0 && i < len(clauses)-1 {
		near.Next = clauses[i+1]
	}
	return near
}
