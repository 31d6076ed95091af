package public

import (
	"strconv"
	"strings"
	"time"

	"wenji/internal/comment"
	"wenji/internal/consultation"
	"wenji/internal/validate"
	"wenji/web/ui"
)

func (v StatusResultView) published() bool { return v.State == comment.Published }

// statusSteps are the stages a comment goes through, as its writer reads them: 已收到, 已审核, 已转办, 已答复, 已办结. The last one reached is the
// current one.
func statusSteps(v StatusResultView, now time.Time) []ui.Step {
	steps := []ui.Step{
		{Name: "已收到", When: ui.Date(v.ReceivedAt), Done: true},
		{Name: "审核"},
		referredStep(v, now),
		answeredStep(v),
		closedStep(v, now),
	}
	if v.State == comment.Received {
		steps[0].Text = "您的意见已收到，等待审核。"
	} else {
		steps[1].Done = true
		if v.DecidedAt != nil {
			steps[1].When = ui.Date(*v.DecidedAt)
		}
		steps[1].Name, steps[1].Text = decisionWords(v)
	}
	reached := 0
	for i, step := range steps {
		if step.Done {
			reached = i
		}
	}
	steps[reached].Current = true
	return steps
}

// referredStep promises an answer until the due day has ended in Beijing; the day is kept as a date.
func referredStep(v StatusResultView, now time.Time) ui.Step {
	p := v.Progress
	switch {
	case len(p.Units) > 0 && p.ReferredAt != nil:
		units := strings.Join(p.Units, "、")
		step := ui.Step{Name: "已转办（" + unitsInShort(p.Units) + "）", When: ui.Date(*p.ReferredAt), Done: true, Text: "已转" + units + "研究办理。"}
		if p.AnsweredAt == nil && p.DueOn != nil && now.Before(p.DueOn.AddDate(0, 0, 1).Add(-8*time.Hour)) {
			step.Text = "已转" + units + "研究办理，预计" + p.DueOn.Format("2006年1月2日") + "前答复。"
		}
		return step
	case v.State == comment.Declined:
		return ui.Step{Name: "转办", Text: "不予受理的意见不作转办。"}
	case p.AnsweredAt != nil:
		return ui.Step{Name: "转办", Text: "由起草单位直接办理。"}
	}
	return ui.Step{Name: "转办", Text: "审核后转交责任单位研究。"}
}

// unitsInShort names up to three departments, of more the lead and their number.
func unitsInShort(units []string) string {
	if len(units) <= 3 {
		return strings.Join(units, "、")
	}
	return units[0] + "等" + strconv.Itoa(len(units)) + "个单位"
}

func answeredStep(v StatusResultView) ui.Step {
	p := v.Progress
	if p.AnsweredAt == nil {
		return ui.Step{Name: "答复"}
	}
	return ui.Step{
		Name: "已答复", When: ui.Date(*p.AnsweredAt), Done: true,
		Text: p.Unit + "已于" + ui.Date(*p.AnsweredAt) + "答复，采纳情况：" + validate.OutcomeText(string(p.Outcome)) + "。",
	}
}

func closedStep(v StatusResultView, now time.Time) ui.Step {
	c := v.Consultation
	switch {
	case c.Phase(now) == consultation.Concluded && v.Progress.AnsweredAt != nil:
		return ui.Step{Name: "已办结", When: ui.Date(*c.ConcludedOn), Done: true, Text: "您的意见已办结。感谢您的参与。"}
	case c.Phase(now) == consultation.Concluded:
		return ui.Step{Name: "结果反馈", When: ui.Date(*c.ConcludedOn), Done: true, Text: "结果反馈已公布。感谢您的参与。"}
	case c.Phase(now) == consultation.Withdrawn:
		return ui.Step{Name: "办结", Text: "本次征集已中止，已提交的意见仍会妥善保存。"}
	case c.ResultExpected != "":
		return ui.Step{Name: "办结", Text: "结果反馈预计" + c.ResultExpected + "在征集公告中公布。"}
	}
	return ui.Step{Name: "办结", Text: "征集结束后在征集公告中公布结果反馈。"}
}

// decisionWords name the decision on a comment and say what it means.
func decisionWords(v StatusResultView) (name, text string) {
	reason := ""
	if v.Reason != "" {
		reason = "，原因：" + v.Reason
	}
	switch v.State {
	case comment.Published:
		if v.ByRule {
			return "已公开", "您的意见已公开展示，公开的内容不含个人信息。"
		}
		return "已审核", "您的意见已通过审核，并已公开展示，公开的内容不含个人信息。"
	case comment.Declined:
		return "不予受理", "您的意见不予受理" + reason + "。"
	default:
		return "不予公开", "您的意见不予公开" + reason + "。意见仍会转交起草单位参考。"
	}
}
