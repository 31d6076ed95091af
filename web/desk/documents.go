package desk

import (
	"strings"

	"wenji/internal/clause"
	"wenji/internal/consultation"
)

// DraftView is the page of the draft (征求意见稿).
type DraftView struct {
	Dossier *consultation.Dossier
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

func unitsWord(units []string) string { return strings.Join(units, "、") }
