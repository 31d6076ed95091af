package report

import (
	"strconv"
	"time"

	"wenji/internal/calendar"
)

// Figure is one number of a report with its words.
type Figure struct {
	Group string
	Name  string
	Count int
}

// Figures are all numbers of a part in the order in which they are shown; every form of the report takes them from here.
func (d *Document) Figures() []Figure {
	n := d.Numbers
	all := []Figure{{totals, "收到意见", n.Total}, {totals, "有效意见", n.Valid()}, {totals, "公开", n.Published},
		{totals, "不予公开", n.Withheld}, {totals, "不予受理", n.Declined}}
	if n.Waiting > 0 {
		all = append(all, Figure{totals, "待审核", n.Waiting})
	}
	for _, g := range d.Groups() {
		for _, c := range g.Cells {
			all = append(all, Figure{g.Name, c.Name, c.Count})
		}
	}
	return all
}

const totals = "总数"

// Group is a set of cells with what they are counted by.
type Group struct {
	Key   string // channels, clauses, occupations or outcomes
	Name  string
	Unit  string // what is counted
	Cells []Cell
}

// Groups are the sets of cells of a part, in order.
func (d *Document) Groups() []Group {
	if d.Part == Outcome {
		return []Group{{"outcomes", "采纳情况", "意见（条）", d.Numbers.Outcomes}}
	}
	return []Group{
		{"channels", "按渠道", "意见（条）", d.Numbers.Channels},
		{"clauses", "按条目", "意见（条次）", d.Numbers.Clauses},
		{"occupations", "按职业", "意见（条）", d.Numbers.Occupations},
	}
}

// PartWord names a part of the report.
func PartWord(p Part) string {
	if p == Outcome {
		return "采纳情况"
	}
	return "收到情况"
}

// AsOf says as of when the figures are, and by what the document can be told from any other.
func (e *Edition) AsOf() string {
	words := PartWord(e.Part) + "数据截至" + e.PublishedAt.In(calendar.Shanghai).Format("2006年1月2日15时04分")
	if e.Edition > 1 {
		words += "，第" + strconv.Itoa(e.Edition) + "次公布"
	}
	return words + "，校验码" + e.Digest[:16] + "。"
}

// Headings of the table of 采纳情况.
var tableHead = []string{"序号", "反馈人", "意见", "是否采纳", "理由"}

// Opinion is a row's third cell: the public copy, or why there is none.
func (r Row) Opinion() string {
	switch {
	case r.Gone:
		return "（该意见已不再公开）"
	case !r.Shown:
		return "（该意见不公开）"
	case r.Body == "":
		return r.Title
	}
	return r.Title + "\n" + r.Body
}

// cells are a row as the files have it.
func (r Row) cells() []string {
	return []string{strconv.Itoa(r.Number), r.MaskedName, r.Opinion(), OutcomeWord(r.Outcome), r.Reason}
}

// date is a day as official documents write it.
func date(t time.Time) string { return t.In(calendar.Shanghai).Format("2006年1月2日") }
