package public

import (
	"time"

	"wenji/internal/comment"
	"wenji/internal/consultation"
	"wenji/web/ui"
)

func (v StatusResultView) published() bool { return v.State == comment.Published }

// statusSteps are the stages a comment goes through, as its writer reads them.
func statusSteps(v StatusResultView, now time.Time) []ui.Step {
	taken := ui.Step{Name: "已收到", When: ui.Date(v.ReceivedAt), Done: true}
	decided := ui.Step{Name: "审核"}
	if v.State == comment.Received {
		taken.Current = true
		taken.Text = "您的意见已收到，等待审核。"
	} else {
		decided.Done, decided.Current = true, true
		if v.DecidedAt != nil {
			decided.When = ui.Date(*v.DecidedAt)
		}
		decided.Name, decided.Text = decisionWords(v)
	}
	result := ui.Step{Name: "结果反馈"}
	c := v.Consultation
	switch {
	case c.Phase(now) == consultation.Concluded:
		result.Done, result.Current = true, true
		taken.Current, decided.Current = false, false
		result.When = ui.Date(*c.ConcludedOn)
		result.Text = "结果反馈已公布。感谢您的参与。"
	case c.Phase(now) == consultation.Withdrawn:
		result.Text = "本次征集已中止，已提交的意见仍会妥善保存。"
	case c.ResultExpected != "":
		result.Text = "预计" + c.ResultExpected + "在征集公告中公布。"
	default:
		result.Text = "征集结束后在征集公告中公布。"
	}
	return []ui.Step{taken, decided, result}
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
