package desk

import (
	"strconv"
	"strings"
	"time"

	"wenji/internal/comment"
	"wenji/internal/moderation"
	"wenji/internal/staff"
	"wenji/web/ui"
)

// picking tells whether several rows may be published together from this list.
func picking(m staff.Member, q QueueQuery) bool {
	return m.Can(staff.Decide) && q.State == comment.Received
}

// pickValue names a row and its version in the form that publishes several.
func pickValue(c comment.Item) string { return c.ID.String() + ":" + strconv.Itoa(c.Version) }

func clauseValue(n int) string {
	if n == 0 {
		return ""
	}
	return strconv.Itoa(n)
}

func emptyQueue(q QueueQuery) string {
	if q.Narrowed() {
		return "没有符合条件的记录，请调整筛选条件。"
	}
	return "审核完毕，没有待审核的意见。"
}

// earlyQueue tells that more may match behind the comments that were looked through.
func earlyQueue() string {
	return "按职业或单个字查找，每页最多查看" + count(moderation.LookedMost) + "条意见。以上是其中符合条件的，后面可能还有。"
}

// nextWord is the link to what follows.
func nextWord(v QueueView) string {
	if v.Early {
		return "继续查找"
	}
	return "下一页"
}

// excerpt is the beginning of a comment on one line.
func excerpt(body string) string {
	const most = 90
	words := []rune(strings.Join(strings.Fields(body), " "))
	if len(words) <= most {
		return string(words)
	}
	return string(words[:most]) + "……"
}

func decidedWord(c comment.Item) string {
	who := c.DecidedBy
	if who == "" {
		who = "规则"
	}
	return who + "于" + ui.Minute(*c.DecidedAt) + decidedAs(c.State)
}

// taken tells whether a colleague keeps a waiting comment, so that only the colleague can decide it.
func taken(c comment.Item, m staff.Member, now time.Time) bool {
	return c.State == comment.Received && c.ClaimedBy != nil && *c.ClaimedBy != m.ID &&
		c.ClaimedUntil != nil && c.ClaimedUntil.After(now)
}

// personalFlag tells whether the scrub found what looks like personal data: such a comment is passed only by a person
// who reads it.
func personalFlag(c comment.Item) bool {
	for _, flag := range c.Flags {
		if flag != comment.FlagListedWord && flag != comment.FlagFlood {
			return true
		}
	}
	return false
}

// claimWord says who is reading a comment; "" when nobody is or the claim has run out.
func claimWord(c comment.Item, m staff.Member, now time.Time) string {
	if c.State != comment.Received || c.ClaimedBy == nil || c.ClaimedUntil == nil || !c.ClaimedUntil.After(now) {
		return ""
	}
	if *c.ClaimedBy == m.ID {
		return "您已领取此条，保留至" + clock(*c.ClaimedUntil, now)
	}
	return c.ClaimedName + "正在查看此条（" + clock(c.ClaimedUntil.Add(-comment.ClaimLease), now) + "起）"
}

// decidedAs is the word for the act that led to a state.
func decidedAs(s comment.State) string {
	switch s {
	case comment.Published:
		return "通过"
	case comment.Withheld:
		return "定为不予公开"
	case comment.Declined:
		return "定为不予受理"
	}
	return "撤销审核"
}
