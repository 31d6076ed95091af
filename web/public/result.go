package public

import (
	"strconv"

	"wenji/internal/consultation"
	"wenji/internal/report"
	"wenji/web/ui"
)

// ResultView is the result report (GET /consultations/{id}/result), from what was published.
type ResultView struct {
	Dossier  *consultation.Dossier
	Received *report.Edition
	Outcome  *report.Edition // nil: not published yet
	Rows     []report.Row    // of the table of 采纳情况, one page
	After    int             // the page begins behind this number
	Next     int             // ?after= of the next page; 0 on the last one
}

func resultURL(id string) string { return noticeURL(id) + "/result" }

// resultFile is the report as a file: docx, xlsx or csv.
func resultFile(id, ext string) string { return noticeURL(id) + "/result." + ext }

// resultPage is the page of the table that begins behind a number.
func resultPage(id string, after int) string {
	if after == 0 {
		return resultURL(id) + "#table"
	}
	return resultURL(id) + "?after=" + strconv.Itoa(after) + "#table"
}

// resultLink is where the result of a consultation is found: the report, or the notice of one concluded without.
func resultLink(c *consultation.Consultation) string {
	if c.ResultOn != nil {
		return resultURL(c.ID)
	}
	return noticeURL(c.ID)
}

// totalsWords are the numbers of all comments in a sentence.
func totalsWords(n report.Numbers) string {
	word := "共收到意见" + strconv.Itoa(n.Total) + "条，其中有效意见" + strconv.Itoa(n.Valid()) + "条，公开" + strconv.Itoa(n.Published) + "条"
	for _, one := range []struct {
		word string
		n    int
	}{{"不予公开", n.Withheld}, {"不予受理", n.Declined}, {"待审核", n.Waiting}} {
		if one.n > 0 {
			word += "，" + one.word + strconv.Itoa(one.n) + "条"
		}
	}
	return word + "。"
}

// outcomeWords are the dispositions in a sentence: 采纳6条、部分采纳3条。
func outcomeWords(n report.Numbers) string {
	word := ""
	for i, c := range n.Outcomes {
		if i > 0 {
			word += "、"
		}
		word += c.Name + strconv.Itoa(c.Count) + "条"
	}
	return word + "。"
}

// groupChart draws a group of numbers.
func groupChart(g report.Group) ui.Chart {
	c := ui.Chart{ID: "chart-" + g.Key, Title: g.Name, Subject: "项目", Count: g.Unit, Empty: "没有收到意见。"}
	for _, cell := range g.Cells {
		b := ui.Bar{Label: cell.Name, Value: cell.Count}
		if cell.Short != "" {
			b.Label, b.Name = cell.Short, cell.Name
		}
		c.Bars = append(c.Bars, b)
	}
	return c
}

// linkTitle names the formal document.
func linkTitle(e *report.Edition) string {
	if e.LinkTitle != "" {
		return e.LinkTitle
	}
	return e.LinkURL
}

// or is the text, or a sign that there is none.
func or(text, none string) string {
	if text == "" {
		return none
	}
	return text
}
