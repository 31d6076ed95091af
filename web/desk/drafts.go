package desk

import (
	"strconv"

	"wenji/internal/clause"
	"wenji/internal/consultation"
	"wenji/web/ui"

	"github.com/a-h/templ"
)

// DraftImportView is the page on which a document is imported.
type DraftImportView struct {
	Consultation consultation.Consultation
	Document     consultation.Document
	Pasted       string                    // what was typed into the box
	Copy         *consultation.WorkingCopy // nil: nothing imported yet
	Nodes        []clause.Node
	Doubts       []clause.Warning
	Explanation  string // of a change of published words
	Named, Found int    // clauses that the interpretation names, and those recognised; Named 0: none named
}

// PasteMost is how many characters may be pasted at once.
const PasteMost = 300_000

func documentWord(d consultation.Document) string {
	if d == consultation.InterpretationDocument {
		return "解读"
	}
	return "征求意见稿"
}

// draftImportURL is the address of an act of the import.
func draftImportURL(v DraftImportView, act string) templ.SafeURL {
	address := "/staff/consultations/" + v.Consultation.ID + "/import"
	if act != "" {
		address += "/" + act
	}
	return templ.SafeURL(address + "?document=" + string(v.Document))
}

// saveWord is the word on the button that ends an import.
func saveWord(v DraftImportView) string {
	if v.Consultation.Stage == consultation.StagePublished {
		if v.Document == consultation.DraftDocument {
			return "下一步：核对新旧条目"
		}
		return "保存为解读"
	}
	return "保存为" + documentWord(v.Document)
}

var rowTypeWords = map[clause.RowType]string{
	clause.TitleRow: "标题", clause.PartRow: "一级", clause.SectionRow: "二级", clause.ClauseRow: "条", clause.TextRow: "正文",
	clause.UnitsRow: "责任单位", clause.IgnoredRow: "忽略",
}

func rowTypeOptions() []ui.Option {
	options := make([]ui.Option, len(clause.RowTypes))
	for i, t := range clause.RowTypes {
		options[i] = ui.Option{Value: string(t), Text: rowTypeWords[t]}
	}
	return options
}

func rowID(row int) string { return "row-" + strconv.Itoa(row) }

func rowURL(row int) templ.SafeURL { return templ.SafeURL("#text-" + strconv.Itoa(row)) }

// halfWidthMarks counts the half-width marks, which are mended together and not listed one by one.
func (v DraftImportView) halfWidthMarks() int {
	n := 0
	for _, d := range v.Doubts {
		if d.Code == clause.HalfWidth {
			n++
		}
	}
	return n
}

// listed are the doubts that are named one by one.
func (v DraftImportView) listed() []clause.Warning {
	var list []clause.Warning
	for _, d := range v.Doubts {
		if d.Code != clause.HalfWidth {
			list = append(list, d)
		}
	}
	return list
}

// rowNodes finds for each row, from 1, the node that begins there. Nodes and the rows that begin one follow in the same
// order.
func (v DraftImportView) rowNodes() map[int]clause.Node {
	found := make(map[int]clause.Node)
	if v.Copy == nil {
		return found
	}
	var headings []clause.Node
	for _, n := range v.Nodes {
		if n.Kind != clause.Paragraph {
			headings = append(headings, n)
		}
	}
	for i, r := range v.Copy.Rows {
		switch r.Type {
		case clause.PartRow, clause.SectionRow, clause.ClauseRow:
			if len(headings) > 0 {
				found[i+1] = headings[0]
				headings = headings[1:]
			}
		}
	}
	return found
}

// recognised says in a line what a row was read as.
func recognised(n clause.Node) string {
	word := n.Label + n.Title
	if n.Kind == clause.Clause {
		word = "第" + strconv.Itoa(n.Number) + "条　" + n.Title
	}
	if len(n.Units) > 0 {
		word += "　责任单位：" + unitsWord(n.Units)
	}
	return word
}

// place names the heading or clause that a doubt is about.
func place(d clause.Warning) string {
	number := strconv.Itoa(d.Number)
	switch {
	case d.Kind == clause.Clause && d.Number > 0:
		return "第" + number + "条"
	case d.Kind == clause.Section && d.Number > 0:
		return "二级标题" + number
	case d.Kind == clause.Part && d.Number > 0:
		return "一级标题" + number
	}
	return "第" + strconv.Itoa(d.Line) + "段"
}

// DoubtSentence says what is doubtful at a place of a document.
func DoubtSentence(d clause.Warning) string {
	text := "“" + d.Text + "”"
	switch d.Code {
	case clause.MissingNumber:
		return place(d) + "：编号缺失或不连续，已按顺序补上，请核对" + text + "。"
	case clause.MissingStop:
		return place(d) + "：标题后缺少句号，已按" + text + "断开，请核对。"
	case clause.UnitsBracket:
		return place(d) + "：责任单位的括号不完整，请核对" + text + "。"
	case clause.UnitsRunTogether:
		return place(d) + "：" + text + "之间缺少顿号，已断开，请核对。"
	case clause.UnitsName:
		return place(d) + "：责任单位" + text + "与其他条目的写法不同，请核对是否缺少“省”或“市”。"
	case clause.UnitsUnknown:
		return place(d) + "：责任单位" + text + "不在单位名录中，已按原文保留，请核对。"
	case clause.UnitsMissing:
		return place(d) + "：没有责任单位，请核对" + text + "。"
	case clause.HalfWidth:
		return place(d) + "：有半角标点" + text + "。"
	case clause.OutOfOrder:
		return place(d) + "：编号不连续，请核对" + text + "。"
	case clause.Unpaired:
		return place(d) + "：引号或括号不成对，请核对" + text + "。"
	}
	return place(d) + "：请核对" + text + "。"
}

func countWord(v DraftImportView) string {
	return "解读称" + strconv.Itoa(v.Named) + "项，识别到" + strconv.Itoa(v.Found) + "项。"
}

func rowCountWord(v DraftImportView) string {
	return "共" + strconv.Itoa(len(v.Copy.Rows)) + "段，识别为" + structureWord(v.Nodes) + "。"
}

// importLines is how many lines the box of a paragraph shows.
func importLines(text string) int { return min(max(len([]rune(text))/30+1, 2), 8) }
