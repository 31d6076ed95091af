package desk

import (
	"strconv"

	"wenji/internal/clause"
	"wenji/internal/consultation"
	"wenji/web/ui"

	"github.com/google/uuid"
)

// MatchView is the page on which an editor confirms which clause of the published draft each new clause comes from.
type MatchView struct {
	Consultation consultation.Consultation
	Stamp        uuid.UUID // of the working copy
	Old, New     []clause.Node
	Match        clause.Match
	Explanation  string
}

// FromField and IntoField are the names of the fields for a new clause and for an old one.
func FromField(number int) string { return "from-" + strconv.Itoa(number) }

// IntoField is the name of the field for an old clause that no new one comes from.
func IntoField(number int) string { return "into-" + strconv.Itoa(number) }

// clauseOptions are clauses to choose one from, after a choice of none.
func clauseOptions(nodes []clause.Node, none, before string) []ui.Option {
	options := []ui.Option{{Value: "0", Text: none}}
	for _, n := range nodes {
		options = append(options, ui.Option{Value: strconv.Itoa(n.Number), Text: before + "第" + strconv.Itoa(n.Number) + "条 " + n.Title})
	}
	return options
}

// matchWord says what the proposal makes of a new clause.
func (v MatchView) matchWord(n clause.Node) string {
	from := v.Match.From[n.Number]
	if from == 0 {
		return "新增"
	}
	for _, o := range v.Old {
		if o.Number != from {
			continue
		}
		switch {
		case o.Words() != n.Words():
			return "文字有修改"
		case o.Number != n.Number:
			return "文字未改，序号变动"
		}
		return "未修改"
	}
	return "新增"
}

// gone are the old clauses that no new one comes from.
func (v MatchView) gone() []clause.Node {
	used := map[int]bool{}
	for _, o := range v.Match.From {
		used[o] = true
	}
	var list []clause.Node
	for _, n := range v.Old {
		if !used[n.Number] {
			list = append(list, n)
		}
	}
	return list
}

func clauseName(n clause.Node) string { return "第" + strconv.Itoa(n.Number) + "条　" + n.Title }
