package report

import (
	"strconv"

	"wenji/internal/validate"
)

// Words of a report. They are frozen with its numbers, so that page, document, workbook and record use the same ones.

// channels in the order of a report.
func channels() []Cell {
	cells := make([]Cell, len(validate.Channels))
	for i, code := range validate.Channels {
		cells[i] = Cell{Key: code, Name: validate.ChannelText(code)}
	}
	return cells
}

// outcomes in the order of a report.
var outcomes = []Cell{
	{Key: "adopted", Name: "采纳"}, {Key: "partly", Name: "部分采纳"}, {Key: "not_adopted", Name: "未采纳"},
	{Key: "reference", Name: "留作参考"}, {Key: "outside", Name: "不属于受理范围"},
}

// OutcomeWord names a disposition (采纳情况).
func OutcomeWord(code string) string {
	for _, c := range outcomes {
		if c.Key == code {
			return c.Name
		}
	}
	return code
}

// merged names a merged cell: 其余职业（合计）, or 全部职业（合计） when nothing stands beside it.
func merged(what string) func(beside int) string {
	return func(beside int) string {
		if beside == 0 {
			return "全部" + what + "（合计）"
		}
		return "其余" + what + "（合计）"
	}
}

// Words of cells that are no code's.
const (
	wholeDraft = "整个征求意见稿"
	wholeShort = "全稿"
	goneClause = "已删除的条目"
	goneShort  = "删去"
	restShort  = "其余"

	noOccupation = "未填写"
)

func clauseCell(number int, title string) Cell {
	short := "第" + strconv.Itoa(number) + "条"
	name := short
	if title != "" {
		name += " " + title
	}
	return Cell{Key: strconv.Itoa(number), Short: short, Name: name}
}
