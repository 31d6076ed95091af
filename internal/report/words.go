package report

import "strconv"

// Words of a report. They are frozen with its numbers, so that page, document, workbook and record use the same ones.

// channels in the order of a report.
var channels = []Cell{
	{Key: "web", Name: "网上填写"}, {Key: "letter", Name: "信函"}, {Key: "email", Name: "电子邮件"},
	{Key: "phone", Name: "电话"}, {Key: "counter", Name: "来访登记"}, {Key: "hearing", Name: "座谈听证"},
}

// outcomes in the order of a report.
var outcomes = []Cell{
	{Key: "adopted", Name: "采纳"}, {Key: "partly", Name: "部分采纳"}, {Key: "not_adopted", Name: "未采纳"},
	{Key: "reference", Name: "留作参考"}, {Key: "outside", Name: "不属于受理范围"},
}

// ChannelWord names the channel by which a comment came.
func ChannelWord(code string) string { return wordOf(channels, code) }

// OutcomeWord names a disposition (采纳情况).
func OutcomeWord(code string) string { return wordOf(outcomes, code) }

func wordOf(list []Cell, key string) string {
	for _, c := range list {
		if c.Key == key {
			return c.Name
		}
	}
	return key
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
