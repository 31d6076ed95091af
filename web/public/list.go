package public

import (
	"strconv"

	"wenji/internal/consultation"
	"wenji/web/ui"
)

// all is the number of consultations of any phase.
func (v ListView) all() int {
	n := 0
	for _, count := range v.Counts {
		n += count
	}
	return n
}

func (v ListView) stateWord(p consultation.Phase) string {
	word := PhaseWord(p)
	if p == consultation.Concluded {
		word = "结果反馈"
	}
	return word + "（" + strconv.Itoa(v.Counts[p]) + "）"
}

// empty is the sentence for a list without entries.
func (v ListView) empty() string {
	switch {
	case v.Query.narrowed():
		return "没有找到符合条件的征集。请减少筛选条件，或查看全部征集。"
	case v.Query.State == consultation.Open:
		return "目前没有正在征集意见的文件。"
	case v.Query.State == consultation.Closed:
		return "暂无已结束的征集。"
	case v.Query.State == consultation.Concluded:
		return "暂无结果反馈。"
	default:
		return "还没有发布过征集。"
	}
}

func kindOptions() []ui.Option {
	options := []ui.Option{{Text: "全部"}}
	for _, k := range consultation.Kinds {
		options = append(options, ui.Option{Value: string(k), Text: KindWord(k)})
	}
	return options
}

func unitOptions(units []string) []ui.Option {
	options := []ui.Option{{Text: "全部"}}
	for _, u := range units {
		options = append(options, ui.Option{Value: u, Text: u})
	}
	return options
}

// resultDate is when a result was published, in brackets.
func resultDate(c consultation.Consultation) string {
	if c.ConcludedOn == nil {
		return ""
	}
	return "（" + ui.Date(*c.ConcludedOn) + "）"
}
