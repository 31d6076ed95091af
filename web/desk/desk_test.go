package desk

import (
	"slices"
	"strings"
	"testing"
	"time"

	"wenji/internal/comment"
	"wenji/internal/consultation"
	"wenji/internal/staff"

	"github.com/google/uuid"
)

func TestMarkedTextIsTheTextAndNothingMore(t *testing.T) {
	t.Parallel()
	const text = "<b>电话</b>\n𠮷13800138000"
	spans := []comment.Span{
		{Field: "body", Start: 10, End: 21, Kind: comment.SpanPhone},
		{Field: "body", Start: 5, End: 12, Kind: comment.SpanOther}, // over the first one, out of order
		{Field: "title", Start: 0, End: 3, Kind: comment.SpanName},
		{Field: "body", Start: 15, End: 999, Kind: comment.SpanPhone},
	}
	var whole strings.Builder
	for _, p := range Pieces(text, "body", spans) {
		whole.WriteString(p.Text)
	}
	if whole.String() != text {
		t.Errorf("pieces make %q", whole.String())
	}
	var out strings.Builder
	if err := markedText(text, "body", spans[:1]).Render(t.Context(), &out); err != nil {
		t.Fatal(err)
	}
	if got, want := out.String(), "&lt;b&gt;电话&lt;/b&gt;\n<mark title=\"疑似电话号码\">𠮷1380013800</mark>0"; got != want {
		t.Errorf("written as %q, want %q", got, want)
	}
}

func TestTheQueuesAddressSaysOnlyWhatIsUnusual(t *testing.T) {
	t.Parallel()
	for want, q := range map[string]QueueQuery{
		"/staff/queue":                              {State: comment.Received},
		"/staff/queue?clause=5&state=declined":      {State: comment.Declined, Clause: 5},
		"/staff/queue?after=x&q=%E7%94%B5%E6%A2%AF": {State: comment.Received, Q: "电梯", After: "x"},
	} {
		if got := q.Address(); got != want {
			t.Errorf("address %q, want %q", got, want)
		}
	}
}

func TestOnlyALivingClaimIsTold(t *testing.T) {
	t.Parallel()
	now := time.Date(2025, 5, 3, 14, 5, 0, 0, consultation.Shanghai)
	me, other := staff.Member{ID: uuid.New()}, uuid.New()
	until, over := now.Add(13*time.Minute), now
	for _, c := range []struct {
		item comment.Item
		want string
		held bool
	}{
		{comment.Item{State: comment.Received}, "", false},
		{comment.Item{State: comment.Received, ClaimedBy: &other, ClaimedName: "李明", ClaimedUntil: &until}, "李明正在查看此条（14:03起）", true},
		{comment.Item{State: comment.Received, ClaimedBy: &me.ID, ClaimedUntil: &until}, "您已领取此条，保留至14:18", false},
		{comment.Item{State: comment.Received, ClaimedBy: &other, ClaimedName: "李明", ClaimedUntil: &over}, "", false},
		{comment.Item{State: comment.Published, ClaimedBy: &other, ClaimedName: "李明", ClaimedUntil: &until}, "", false},
	} {
		if got := claimWord(c.item, me, now); got != c.want || taken(c.item, me, now) != c.held {
			t.Errorf("told %q, held %v; want %q, %v", got, taken(c.item, me, now), c.want, c.held)
		}
	}
}

func TestEachMemberLandsWhereTheRoleMay(t *testing.T) {
	t.Parallel()
	got := []string{}
	for _, role := range staff.Roles {
		got = append(got, Landing(staff.Member{Role: role}))
	}
	want := []string{"/staff", "/staff/referrals", "/staff", "/staff/people", "/staff/people", "/staff/audit"}
	if !slices.Equal(got, want) {
		t.Errorf("landing %v, want %v", got, want)
	}
}
