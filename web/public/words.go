package public

import (
	"strconv"
	"strings"
	"time"
	"unicode"

	"wenji/internal/apperr"
	"wenji/internal/comment"
	"wenji/internal/consultation"
	"wenji/internal/validate"
	"wenji/web/ui"
)

// KindWord names a kind of document as the column does.
func KindWord(k consultation.Kind) string {
	switch k {
	case consultation.MajorDecision:
		return "重大行政决策"
	case consultation.NormativeDocument:
		return "省政府文件"
	case consultation.GovernmentRule:
		return "政府规章"
	case consultation.LocalRegulation:
		return "地方性法规"
	default:
		return ""
	}
}

// PhaseWord names a phase.
func PhaseWord(p consultation.Phase) string {
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
	default:
		return ""
	}
}

func phaseTone(p consultation.Phase) ui.Tone {
	switch p {
	case consultation.Open:
		return ui.OK
	case consultation.Concluded:
		return ui.Info
	case consultation.Withdrawn:
		return ui.Warn
	default:
		return ui.Plain
	}
}

// Remaining says how long comments are still taken: 距截止还有3天, 今天24时截止, or 已于2025年5月7日24时截止.
func Remaining(c *consultation.Consultation, now time.Time) string {
	switch c.Phase(now) {
	case consultation.Preparing, consultation.NotBegun:
		return "将于" + ui.Opening(c.OpensAt) + "开始"
	case consultation.Withdrawn:
		return "已中止"
	case consultation.Open:
		if days := c.DaysLeft(now); days > 0 {
			return "距截止还有" + strconv.Itoa(days) + "天"
		}
		closing := ui.Closing(c.ClosesAt)
		return "今天" + closing[strings.LastIndex(closing, "日")+len("日"):] + "截止"
	default:
		return "已于" + ui.Closing(c.ClosesAt) + "截止"
	}
}

// deadline is the sentence about the period at the top of every page of a consultation.
func deadline(c *consultation.Consultation, now time.Time) string {
	switch c.Phase(now) {
	case consultation.Preparing, consultation.NotBegun:
		return "本次征集将于" + ui.Opening(c.OpensAt) + "开始，" + ui.Closing(c.ClosesAt) + "截止。"
	case consultation.Open:
		return "截止时间：" + ui.Closing(c.ClosesAt) + "（" + Remaining(c, now) + "）"
	case consultation.Withdrawn:
		return "本次征集已中止，原因：" + sentence(c.WithdrawalReason) + "已提交的意见仍会妥善保存。"
	default:
		return "本次征集已于" + ui.Closing(c.ClosesAt) + "截止。"
	}
}

// PhaseNote says in a sentence why a deadline is not what was first announced, or "".
func PhaseNote(c *consultation.Consultation) string {
	if c.WithdrawnAt != nil {
		return "本次征集已中止，原因：" + sentence(c.WithdrawalReason)
	}
	return extension(c)
}

// extension tells of the old and the new closing time, or "".
func extension(c *consultation.Consultation) string {
	switch {
	case c.OriginalClosesAt == nil:
		return ""
	case c.EndedEarlyAt != nil:
		return "原定" + ui.Closing(*c.OriginalClosesAt) + "截止，已于" + ui.Closing(c.ClosesAt) + "提前结束，原因：" + sentence(c.EarlyEndReason)
	}
	s := "原截止日期" + ui.Closing(*c.OriginalClosesAt) + "，顺延至" + ui.Closing(c.ClosesAt)
	if c.ExtensionReason != "" {
		s += "，原因：" + strings.TrimRight(c.ExtensionReason, "。")
	}
	if c.ExtendedOn != nil {
		s += "（" + ui.Date(*c.ExtendedOn) + "公布）"
	}
	return s + "。"
}

// changeWords is one announced change of the period: what was changed and why.
func changeWords(p consultation.PeriodChange) string {
	switch p.Kind {
	case consultation.Extension:
		return "征集截止时间由" + ui.Closing(p.OldClosesAt) + "延长至" + ui.Closing(p.NewClosesAt) + "。原因：" + sentence(p.Reason)
	case consultation.EarlyEnd:
		return "征集原定" + ui.Closing(p.OldClosesAt) + "截止，提前于" + ui.Closing(p.NewClosesAt) + "结束。原因：" + sentence(p.Reason)
	default:
		return "本次征集中止。原因：" + sentence(p.Reason) + "已提交的意见仍会妥善保存。"
	}
}

// shortPeriod gives the reason for a period under thirty days (重大行政决策程序暂行条例 §15), or "".
func shortPeriod(c *consultation.Consultation) string {
	if c.ShortPeriodReason == "" || c.PeriodDays() >= 30 {
		return ""
	}
	return "本次征集期为" + strconv.Itoa(c.PeriodDays()) + "天，少于30日，原因：" + sentence(c.ShortPeriodReason)
}

// sentence ends a text with one full stop.
func sentence(s string) string { return strings.TrimRight(strings.TrimSpace(s), "。") + "。" }

// period is the time in which comments are taken.
func period(c *consultation.Consultation) string {
	return ui.Date(c.OpensAt) + "至" + ui.Closing(c.ClosesAt)
}

// publicationNote says under the form's button what will happen to the comment.
func publicationNote(c *consultation.Consultation) string {
	if c.Publication == consultation.Instant {
		return "提交后，经系统检查没有问题的，您的标题和意见将即时公开展示；发现疑似个人信息等情况的，由工作人员审核后公开。"
	}
	return "提交后，由专人审核，审核通过的意见将公开发布。"
}

// handling says on the notice how comments are dealt with.
func handling(c *consultation.Consultation) string {
	if c.Publication == consultation.Instant {
		return "本次征集对意见采用即时展示的方式发布：提交后，经系统检查没有问题的，即时公开展示；发现疑似个人信息等情况的，由工作人员审核后公开。"
	}
	return "本次征集的意见由专人负责阅览、审核把关：提交后不会立即展示，审核通过的将公开发布。"
}

// displayTips words 意见展示 on the home page from what the open consultations are really set to.
func displayTips(open []consultation.Consultation) []string {
	var instant, reviewed []string
	for _, c := range open {
		if c.Publication == consultation.Instant {
			instant = append(instant, "《"+c.Title+"》")
		} else {
			reviewed = append(reviewed, "《"+c.Title+"》")
		}
	}
	const (
		byRule   = "采用即时展示的方式发布，经系统检查没有问题的，提交后即公开展示，其余由专人审核后公开发布。"
		byPerson = "由专人负责阅览筛选、审核把关，审核通过的公开发布，并交由责任部门研究。"
	)
	switch {
	case len(instant) == 0:
		return []string{"公众提出的意见或建议" + byPerson}
	case len(reviewed) == 0:
		return []string{"公众提出的意见或建议" + byRule}
	default:
		return []string{
			"公众对" + strings.Join(instant, "、") + "提出的意见或建议" + byRule,
			"公众对" + strings.Join(reviewed, "、") + "提出的意见或建议" + byPerson,
		}
	}
}

// problemOf finds what is to be mended in a field.
func problemOf(problems []apperr.Problem, field string) string {
	for _, p := range problems {
		if p.Field == field {
			return p.Message
		}
	}
	return ""
}

// summary turns problems into lines of the error summary; a control has its field's name as id.
func summary(problems []apperr.Problem) []ui.Problem {
	lines := make([]ui.Problem, len(problems))
	for i, p := range problems {
		lines[i] = ui.Problem{ID: p.Field, Message: p.Message}
	}
	return lines
}

// clauseWords says what a comment is about: 针对第5条, 针对第5、7条, 针对整个征求意见稿.
func clauseWords(numbers []int) string {
	if len(numbers) == 0 {
		return "针对整个征求意见稿"
	}
	words := make([]string, len(numbers))
	for i, n := range numbers {
		words[i] = strconv.Itoa(n)
	}
	return "针对第" + strings.Join(words, "、") + "条"
}

// foldAt is how many signs of a comment a list shows.
const foldAt = 300

// fold cuts a long text for a list, never between a sign and its marks; cut tells whether anything is missing.
func fold(text string) (short string, cut bool) {
	runes := []rune(text)
	if len(runes) <= foldAt {
		return text, false
	}
	end := foldAt
	for end < len(runes) && attached(runes[end-1], runes[end]) {
		end++
	}
	return strings.TrimRightFunc(string(runes[:end]), unicode.IsSpace) + "……", end < len(runes)
}

// attached tells whether r belongs to the sign before it.
func attached(before, r rune) bool {
	const joiner = '\u200d'
	return unicode.Is(unicode.M, r) || r == joiner || before == joiner
}

// groups writes a 查询码 in threes of four digits.
func groups(code string) string {
	if len(code) != 12 {
		return code
	}
	return code[:4] + " " + code[4:8] + " " + code[8:]
}

// sizeWords writes a file's size.
func sizeWords(bytes int) string {
	switch {
	case bytes < 1024:
		return strconv.Itoa(bytes) + " B"
	case bytes < 1024*1024:
		return strconv.Itoa((bytes+1023)/1024) + " KB"
	default:
		return strconv.FormatFloat(float64(bytes)/(1024*1024), 'f', 1, 64) + " MB"
	}
}

// typeWords names a file's type as people know it.
func typeWords(mediaType string) string {
	switch mediaType {
	case "application/vnd.openxmlformats-officedocument.wordprocessingml.document", "application/msword":
		return "Word文档"
	case "application/pdf":
		return "PDF文档"
	case "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet":
		return "Excel表格"
	default:
		if strings.HasPrefix(mediaType, "text/plain") {
			return "文本文件"
		}
		return "文件"
	}
}

// publicOccupation is the occupation as the public sees it: never 现役军人.
func publicOccupation(occupation string) string {
	if occupation == "现役军人" {
		return ""
	}
	return occupation
}

// authorWords is the masked name with the occupation, where one is shown.
func authorWords(c comment.Public) string {
	if o := publicOccupation(c.Occupation); o != "" {
		return "（" + o + "）"
	}
	return ""
}

// correctedFields names what a correction changed: 公告标题、联系电话.
func correctedFields(c consultation.Correction) string {
	names := make([]string, len(c.Fields))
	for i, f := range c.Fields {
		names[i] = validate.MakingLabel(f.Field)
	}
	return strings.Join(names, "、")
}

// lines splits a text into its paragraphs, without empty ones.
func lines(text string) []string {
	var out []string
	for _, line := range strings.Split(text, "\n") {
		if line = strings.TrimSpace(line); line != "" {
			out = append(out, line)
		}
	}
	return out
}

// resultWords says when the result of a closed consultation is to be expected.
func resultWords(c *consultation.Consultation) string {
	if c.ResultExpected == "" {
		return "结果反馈正在整理，将在本页公布。"
	}
	return "结果反馈正在整理，预计" + c.ResultExpected + "公布。"
}
