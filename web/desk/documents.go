package desk

import (
	"strconv"
	"strings"

	"wenji/internal/clause"
	"wenji/internal/consultation"
)

// DraftView is the page of the draft (征求意见稿).
type DraftView struct {
	EditView
	Dossier *consultation.Dossier
	Text    string           // as typed, of one that is being prepared
	Doubts  []clause.Warning // doubtful places of Text
}

// InterpretationView is the form of the interpretation (解读).
type InterpretationView struct {
	EditView
	Text string
}

func importWord(v DraftView) string {
	switch {
	case v.Dossier.Stage != consultation.StagePreparing:
		return "导入新版本"
	case len(v.Dossier.Draft) > 0:
		return "重新导入"
	}
	return "导入"
}

func nodeWord(k clause.Kind) string {
	switch k {
	case clause.Part:
		return "一级"
	case clause.Section:
		return "二级"
	}
	return "条"
}

// titleMost is how many characters of a clause without a title stand for it.
const titleMost = 40

func nodeTitle(n clause.Node) string {
	if n.Title != "" {
		return n.Label + n.Title
	}
	text := []rune(n.Body)
	if len(text) > titleMost {
		return n.Label + string(text[:titleMost]) + "……"
	}
	return n.Label + string(text)
}

// doubtWord names a doubtful place of a draft.
func doubtWord(w clause.Warning) string {
	words := map[clause.Code]string{
		clause.MissingNumber: "编号缺失，请核对", clause.MissingStop: "条目标题后缺少句号，请核对", clause.UnitsBracket: "责任单位缺少括号，请核对",
		clause.UnitsRunTogether: "责任单位之间缺少顿号，请核对", clause.UnitsMissing: "没有责任单位，请核对", clause.HalfWidth: "中文中有半角标点，请核对",
		clause.OutOfOrder: "编号不连续，请核对", clause.Unpaired: "引号或括号不成对，请核对", clause.UnitsName: "单位名称可能不全，请核对",
	}
	s := "第" + strconv.Itoa(w.Line) + "行"
	if w.Number > 0 && w.Kind == clause.Clause {
		s += "（第" + strconv.Itoa(w.Number) + "条）"
	}
	return s + "：" + words[w.Code]
}

// doubtsMost is how many doubtful places the page lists.
const doubtsMost = 30

func unitsWord(units []string) string { return strings.Join(units, "、") }
