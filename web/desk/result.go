package desk

import (
	"strconv"

	"wenji/internal/apperr"
	"wenji/internal/consultation"
	"wenji/internal/report"
	"wenji/internal/validate"
	"wenji/web/ui"
)

// ResultView is the result report of one consultation, as the editor makes it.
type ResultView struct {
	Standing *report.Standing
	Refused  *report.Refusal // why the act that was tried was not carried out
}

// ResultPartView is one part of the report: its words, and what its numbers are now.
type ResultPartView struct {
	Standing *report.Standing
	Draft    report.Draft
	Saved    bool // the draft was saved just now
}

// edition is the published edition of a part, nil where there is none.
func edition(st *report.Standing, p report.Part) *report.Edition {
	if p == report.Outcome {
		return st.Outcome
	}
	return st.Received
}

// partState says in a sentence how far a part has got.
func partState(st *report.Standing, p report.Part) string {
	e := edition(st, p)
	if e == nil {
		return "尚未公布。"
	}
	word := "已于" + ui.Minute(e.PublishedAt) + "由" + e.PublishedBy + "公布"
	if e.Edition > 1 {
		word += "（第" + strconv.Itoa(e.Edition) + "次）"
	}
	return word + "，共收到意见" + strconv.Itoa(e.Numbers.Total) + "条。"
}

func publishPartWord(st *report.Standing, p report.Part) string {
	if edition(st, p) != nil {
		return "重新公布" + report.PartWord(p)
	}
	return "公布" + report.PartWord(p)
}

func summaryLabel(p report.Part) string {
	if p == report.Outcome {
		return "主要意见与处理"
	}
	return "基本情况"
}

func summaryHint(p report.Part) string {
	if p == report.Outcome {
		return "概括主要意见、采纳情况和理由。各项数字由系统在公布时核对后写入，请勿重复填写。"
	}
	return "概括征集的时间、方式和参与情况。各项数字由系统在公布时核对后写入，请勿重复填写。"
}

// nowFigures are the numbers of a part as they are now, small groups not merged: the editor sees what merging will hide.
func nowFigures(st *report.Standing, p report.Part) []report.Figure {
	d := report.Document{Part: p, Numbers: st.Numbers}
	return d.Figures()
}

// refusedWord is the sentence of a refusal.
func refusedWord(r *report.Refusal) string { return validate.ReportRefused(r.Why) }

// lackingWord introduces the list of comments that are not dealt with.
func lackingWord(l report.Lacking) string {
	word := "还有" + strconv.Itoa(l.Count) + "条意见没有审定的采纳情况，或者没有审核"
	if l.Count > len(l.First) {
		return word + "，前" + strconv.Itoa(len(l.First)) + "条是："
	}
	return word + "："
}

// obstacle is what stands in the way of 已反馈; nil when nothing does.
func (v ResultView) obstacle() *report.Refusal {
	if v.Refused != nil {
		return v.Refused
	}
	r, _ := v.Standing.Obstacle.(*report.Refusal)
	return r
}

func (v ResultView) phase(f Frame) consultation.Phase { return v.Standing.Consultation.Phase(f.Now) }

// ResultRefusal is a refusal as a problem of a form.
func ResultRefusal(r *report.Refusal) []apperr.Problem {
	return []apperr.Problem{{Field: "publish", Message: refusedWord(r)}}
}
