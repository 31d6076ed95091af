package desk

import (
	"strconv"
	"strings"
	"time"

	"wenji/internal/comment"
	"wenji/internal/consultation"
	"wenji/internal/moderation"
	"wenji/internal/staff"
	"wenji/internal/validate"
	"wenji/web/ui"
)

// RoleWord is a role as people read it.
func RoleWord(r staff.Role) string {
	switch r {
	case staff.Moderator:
		return "审核员"
	case staff.Editor:
		return "发布员"
	case staff.Officer:
		return "承办人"
	case staff.SystemAdmin:
		return "系统管理员"
	case staff.SecurityAdmin:
		return "安全管理员"
	case staff.Auditor:
		return "审计员"
	case staff.NoRole:
		return "未授权"
	}
	return string(r)
}

// StateWord is a comment's state as staff read it.
func StateWord(s comment.State) string {
	switch s {
	case comment.Received:
		return "待审核"
	case comment.Published:
		return "已公开"
	case comment.Withheld:
		return "不予公开"
	case comment.Declined:
		return "不予受理"
	case moderation.AnyDecided:
		return "已审核"
	case moderation.AnyState:
		return "全部状态"
	}
	return string(s)
}

// FlagWord names what the scrub found in a comment.
func FlagWord(flag string) string {
	switch flag {
	case comment.FlagListedWord:
		return "含词表词语"
	case comment.FlagFlood:
		return "相同文字多次出现"
	}
	return "疑似" + validate.KindText(flag)
}

// SpanKinds in the order they are offered.
var SpanKinds = []comment.SpanKind{
	comment.SpanIDNumber, comment.SpanPhone, comment.SpanAddress, comment.SpanName, comment.SpanEmail,
	comment.SpanCard, comment.SpanWords, comment.SpanOther,
}

// Flags in the order they are offered by the queue's filter.
var Flags = []string{
	string(comment.SpanIDNumber), string(comment.SpanPhone), string(comment.SpanEmail), string(comment.SpanCard),
	string(comment.SpanAddress), comment.FlagListedWord, comment.FlagFlood,
}

// linkedStates are those the desk links for each consultation.
var linkedStates = []comment.State{comment.Received, comment.Published, comment.Withheld, comment.Declined}

// States in the order they are offered by the queue's filter.
var States = []comment.State{
	comment.Received, moderation.AnyDecided, comment.Published, comment.Withheld, comment.Declined, moderation.AnyState,
}

func channelWord(c string) string { return validate.ChannelText(c) }

func kindOfDocument(k consultation.Kind) string {
	switch k {
	case consultation.MajorDecision:
		return "重大行政决策"
	case consultation.NormativeDocument:
		return "省政府文件"
	case consultation.GovernmentRule:
		return "政府规章"
	case consultation.LocalRegulation:
		return "地方性法规"
	}
	return string(k)
}

func phaseWord(p consultation.Phase) string {
	switch p {
	case consultation.Preparing:
		return "编辑中"
	case consultation.NotBegun:
		return "未开始"
	case consultation.Open:
		return "征集中"
	case consultation.Closed:
		return "已结束"
	case consultation.Concluded:
		return "已反馈"
	case consultation.Withdrawn:
		return "已中止"
	}
	return string(p)
}

func publicationWord(p consultation.Publication) string {
	if p == consultation.Instant {
		return "即时展示"
	}
	return "审核后公开"
}

// clock is the time of day when the moment lies on the same day as now, else the whole stamp.
func clock(t, now time.Time) string {
	const day = "2006-01-02"
	if t.In(consultation.Shanghai).Format(day) == now.In(consultation.Shanghai).Format(day) {
		return t.In(consultation.Shanghai).Format("15:04")
	}
	return ui.Minute(t)
}

func machineTime(t time.Time) string { return t.In(consultation.Shanghai).Format(time.RFC3339) }

// waitingWord says how long a comment has waited, in whole days or hours.
func waitingWord(since, now time.Time) string {
	waited := now.Sub(since)
	switch {
	case waited >= 24*time.Hour:
		return "已等待" + strconv.Itoa(int(waited.Hours()/24)) + "天"
	case waited >= time.Hour:
		return "已等待" + strconv.Itoa(int(waited.Hours())) + "小时"
	default:
		return "刚收到"
	}
}

func clausesWord(numbers []int) string {
	if len(numbers) == 0 {
		return "针对整个征求意见稿"
	}
	parts := make([]string, len(numbers))
	for i, n := range numbers {
		parts[i] = strconv.Itoa(n)
	}
	return "针对第" + strings.Join(parts, "、") + "条"
}

func number(n int) string { return "第" + strconv.Itoa(n) + "号" }

func count(n int) string { return strconv.Itoa(n) }
