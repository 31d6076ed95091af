package desk

import (
	"strconv"
	"time"

	"wenji/internal/calendar"
	"wenji/internal/comment"
	"wenji/internal/consultation"
	"wenji/internal/moderation"
	"wenji/internal/referral"
	"wenji/internal/report"
	"wenji/internal/similar"
	"wenji/web/ui"
)

// HomeView is the desk (工作台).
type HomeView struct {
	Desk          *report.Desk
	ReceivedToday int
	DecidedToday  int
	Consultations []consultation.Consultation
	Chosen        *consultation.Consultation // the one the charts are about; nil: there is none
	Stats         *report.Stats              // of Chosen
	Bursts        []similar.Burst            // of the last day
}

// referralsAddress is the list of hand-overs that are late, or soon due.
func referralsAddress(state referral.State) string { return "/staff/referrals?state=" + string(state) }

// lateAddress is the list of comments that have waited too long.
func lateAddress(d *report.Desk) string {
	return QueueQuery{State: comment.Received, Until: d.LateUntil.In(calendar.Shanghai).Format(time.DateOnly)}.Address()
}

// lateWord is how many comments have waited too long, counted up to report.LateMost.
func lateWord(d *report.Desk) string {
	if d.Late > report.LateMost {
		return count(report.LateMost) + "+"
	}
	return count(d.Late)
}

// unreferredAddress is the list of comments to be handed over (待转办).
func unreferredAddress() string {
	return QueueQuery{State: moderation.AnyDecided, Unreferred: true}.Address()
}

// taskAddress is where a task is done.
func taskAddress(t report.Task) string {
	switch t.Kind {
	case report.TaskReview:
		return "/staff/comments/" + t.CommentID.String()
	case report.TaskOverdue:
		return referralsAddress(referral.Late)
	case report.TaskSoon:
		return referralsAddress(referral.Soon)
	case report.TaskExport:
		return "/staff/exports"
	case report.TaskRequest:
		return "/staff/requests"
	case report.TaskApprove:
		return "/staff/answers"
	case report.TaskClosing:
		return "/consultations/" + t.ConsultationID
	}
	return resultAddress(t.ConsultationID, "")
}

// taskWord says what is to be done.
func taskWord(t report.Task) string {
	switch t.Kind {
	case report.TaskReview:
		return "审核" + number(t.Number) + "：" + t.Title
	case report.TaskOverdue:
		return strconv.Itoa(t.Count) + "件转办已逾期未答复"
	case report.TaskSoon:
		return strconv.Itoa(t.Count) + "件转办即将逾期"
	case report.TaskApprove:
		return strconv.Itoa(t.Count) + "件答复待审定"
	case report.TaskExport:
		return strconv.Itoa(t.Count) + "项导出待批准"
	case report.TaskRequest:
		return strconv.Itoa(t.Count) + "件个人信息更正或删除申请待办理"
	case report.TaskClosing:
		return "征集即将截止：" + t.Title
	case report.TaskReport:
		return "公布收到情况：" + t.Title
	case report.TaskConclude:
		return "公布采纳情况并标记已反馈：" + t.Title
	}
	return t.Title
}

// taskDueWord says when a task is due.
func taskDueWord(t report.Task, now time.Time) string {
	today, due := now.In(calendar.Shanghai).Format(time.DateOnly), t.Due.In(calendar.Shanghai).Format(time.DateOnly)
	switch {
	case due < today:
		return "已于" + ui.Date(t.Due) + "到期"
	case due == today:
		return "今天"
	}
	return ui.Date(t.Due) + "到期"
}

// overdue tells whether a task is past its day.
func overdue(t report.Task, now time.Time) bool {
	return t.Due.In(calendar.Shanghai).Format(time.DateOnly) < now.In(calendar.Shanghai).Format(time.DateOnly)
}

// charts are the charts of the chosen consultation.
func (v HomeView) days() ui.Chart {
	c := ui.Chart{ID: "chart-days", Title: "每日收到意见（30天）", Subject: "日期", Count: "意见（条）", Empty: "这30天没有收到意见。"}
	for _, d := range v.Stats.Days {
		day := d.Day.In(calendar.Shanghai)
		c.Bars = append(c.Bars, ui.Bar{Label: day.Format("1月2日"), Name: ui.Date(day), Value: d.Count,
			URL: v.list(QueueQuery{Day: day.Format(time.DateOnly)})})
	}
	return c
}

func (v HomeView) clauses() ui.Chart {
	c := ui.Chart{ID: "chart-clauses", Title: "各条意见数", Subject: "条目", Count: "意见（条次）", Empty: "还没有收到意见。"}
	for _, cell := range v.Stats.Numbers.Clauses {
		b := bar(cell)
		if n, err := strconv.Atoi(cell.Key); err == nil && n > 0 {
			b.URL = v.list(QueueQuery{Clause: n})
		}
		c.Bars = append(c.Bars, b)
	}
	return c
}

func (v HomeView) occupations() ui.Chart {
	c := ui.Chart{ID: "chart-occupations", Title: "职业构成", Subject: "职业", Count: "意见（条）", Empty: "还没有收到意见。"}
	for _, cell := range v.Stats.Numbers.Occupations {
		b := bar(cell)
		if cell.Key == cell.Name {
			b.URL = v.list(QueueQuery{Occupation: cell.Key})
		}
		c.Bars = append(c.Bars, b)
	}
	return c
}

func (v HomeView) channels() ui.Chart {
	c := ui.Chart{ID: "chart-channels", Title: "来源渠道", Subject: "渠道", Count: "意见（条）", Empty: "还没有收到意见。"}
	for _, cell := range v.Stats.Numbers.Channels {
		b := bar(cell)
		b.URL = v.list(QueueQuery{Channel: cell.Key})
		c.Bars = append(c.Bars, b)
	}
	return c
}

func bar(c report.Cell) ui.Bar {
	if c.Short != "" {
		return ui.Bar{Label: c.Short, Name: c.Name, Value: c.Count}
	}
	return ui.Bar{Label: c.Name, Value: c.Count}
}

// list is the address of the comments behind a bar, whatever became of them.
func (v HomeView) list(q QueueQuery) string {
	q.Consultation, q.State = v.Chosen.ID, moderation.AnyState
	return q.Address()
}

func (v HomeView) chosenID() string {
	if v.Chosen == nil {
		return ""
	}
	return v.Chosen.ID
}

// resultAddress is the page of a consultation's report at the desk, or of one of its parts or acts.
func resultAddress(id, act string) string {
	address := "/staff/consultations/" + id + "/result"
	if act != "" {
		address += "/" + act
	}
	return address
}
