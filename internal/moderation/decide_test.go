package moderation_test

import (
	"errors"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"wenji/internal/apperr"
	"wenji/internal/comment"
	"wenji/internal/moderation"
	"wenji/internal/staff"

	"github.com/google/uuid"
)

func TestOfTwoDecidersAtOnceOneWinsAndTheOtherIsToldWho(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	acts := map[string]moderation.Decision{
		liMing.Name:  {Version: 1, Action: moderation.Publish},
		wangHui.Name: {Version: 1, Action: moderation.Withhold, Reason: "privacy"},
	}
	for _, id := range f.arriveMany(20, first) {
		var both sync.WaitGroup
		errs := make([]error, 2)
		start := make(chan struct{})
		for i, by := range []staff.Member{liMing, wangHui} {
			d := acts[by.Name]
			d.CommentID = id
			both.Go(func() {
				<-start
				errs[i] = f.Decide(t.Context(), by, d)
			})
		}
		close(start)
		both.Wait()
		winner, lost := liMing.Name, errs[1]
		if errs[0] != nil {
			winner, lost = wangHui.Name, errs[0]
		}
		if (errs[0] == nil) == (errs[1] == nil) {
			t.Fatalf("not exactly one won: %v, %v", errs[0], errs[1])
		}
		wantConflict(t, lost, winner, acts[winner].Action, f.at)
		if d := f.detail(id); d.DecidedBy != winner || d.Version != 2 || len(d.Decisions) != 1 {
			t.Errorf("decided by %s, version %d, %d decisions", d.DecidedBy, d.Version, len(d.Decisions))
		}
	}
	f.wantExactTotals()
}

func TestADecisionNeedsTheVersionThePersonSaw(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	id := f.arrive(arrival{})
	f.must(liMing, id, moderation.Publish)
	f.mustUndo(wangHui, id)
	undone := f.at
	f.at = f.at.Add(time.Minute)
	wantConflict(t, f.Decide(t.Context(), liMing, moderation.Decision{CommentID: id, Version: 1, Action: moderation.Publish}),
		"王辉", "undo", undone)
	wantConflict(t, f.Undo(t.Context(), liMing, id, 2), "王辉", "undo", undone)
	f.must(liMing, id, moderation.Decline)
	wantConflict(t, f.Undo(t.Context(), wangHui, id, 2), "李明", "decline", f.at)
	err := f.Decide(t.Context(), liMing, moderation.Decision{CommentID: uuid.New(), Version: 1, Action: moderation.Publish})
	if !errors.Is(err, apperr.ErrNotFound) {
		t.Errorf("a comment that is not there: %v", err)
	}
}

func TestUndoRestoresAndTheRestStays(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	for _, action := range []string{moderation.Publish, moderation.Withhold, moderation.Decline} {
		id := f.arrive(arrival{clauses: []int{1, 3}})
		before := f.detail(id).Item
		f.must(liMing, id, action)
		if d := f.detail(id); !d.State.Decided() || d.DecidedAt == nil || (d.PublishedAt != nil) != (action == moderation.Publish) {
			t.Errorf("after %s: %+v", action, d.Item)
		}
		f.wantExactTotals()
		f.mustUndo(wangHui, id)
		d := f.detail(id)
		after := d.Item
		if after.Version != before.Version+2 {
			t.Errorf("version %d after %s and undo", after.Version, action)
		}
		after.Version = before.Version
		if !slices.Equal(after.Clauses, []int{1, 3}) || after.State != comment.Received || after.PublicTitle != "" ||
			after.PublicBody != "" || after.PublishedAt != nil || after.DecidedAt != nil || after.DecidedBy != "" ||
			after.DecisionReason != "" || after.Title != before.Title || after.Body != before.Body {
			t.Errorf("after undoing %s: %+v", action, after)
		}
		if len(d.Decisions) != 2 || d.Decisions[0].By != "李明" || d.Decisions[0].Action != action ||
			d.Decisions[1].By != "王辉" || d.Decisions[1].Action != "undo" || d.Decisions[1].Version != 3 {
			t.Errorf("decisions %+v", d.Decisions)
		}
		f.wantExactTotals()
	}
}

func TestAGroupKnowsWhichOfItsCommentsWait(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	id := f.arrive(arrival{})
	f.exec(`INSERT INTO comment_group (id, consultation_id, representative_id, first_at, last_at, created_at)
		SELECT id, consultation_id, id, now(), now(), now() FROM comment`)
	f.exec(`INSERT INTO comment_group_member (comment_id, consultation_id, group_id, similarity, joined_at, number)
		SELECT id, consultation_id, id, 1, now(), number FROM comment`)
	waits := func(want, when string) {
		t.Helper()
		if got := f.list(`SELECT waiting::text FROM comment_group_member`); len(got) != 1 || got[0] != want {
			t.Errorf("%s: waiting %v, want %s", when, got, want)
		}
	}
	for _, action := range []string{moderation.Publish, moderation.Withhold, moderation.Decline} {
		f.must(liMing, id, action)
		waits("false", "after "+action)
		f.mustUndo(wangHui, id)
		waits("true", "after undoing "+action)
	}
}

func TestHidingKeepsTheOriginalAndShowsOnlyTheCopy(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	const title, body = "𠮷先生的意见", "请打13812345678找张三丰，谢谢。"
	id := f.arrive(arrival{title: title, body: body, flags: []string{"phone"}})
	hidden := []comment.Span{ // in no order
		{Field: "body", Start: 14, End: 17, Kind: comment.SpanName},
		{Field: "title", Start: 0, End: 1, Kind: comment.SpanName},
		{Field: "body", Start: 2, End: 13, Kind: comment.SpanPhone},
	}
	f.must(liMing, id, moderation.Publish, hidden...)
	d := f.detail(id)
	if d.Title != title || d.Body != body {
		t.Errorf("the original was changed: %q %q", d.Title, d.Body)
	}
	if d.PublicTitle != "［已隐去姓名］先生的意见" || d.PublicBody != "请打［已隐去电话号码］找［已隐去姓名］，谢谢。" {
		t.Errorf("public copy %q %q", d.PublicTitle, d.PublicBody)
	}
	want := []comment.Span{hidden[1], hidden[2], hidden[0]}
	if !slices.Equal(d.Redactions, want) {
		t.Errorf("redactions %+v, want %+v", d.Redactions, want)
	}
	if seen := f.list(`SELECT p::text FROM published_comment p`); len(seen) != 1 || strings.Contains(seen[0], "138") ||
		strings.Contains(seen[0], "张三丰") {
		t.Errorf("the public sees %q", seen)
	}
	f.mustUndo(liMing, id)
	if d := f.detail(id); !slices.Equal(d.Redactions, want) {
		t.Errorf("an undo forgets what was hidden: %+v", d.Redactions)
	}
	f.must(liMing, id, moderation.Publish)
	if d := f.detail(id); len(d.Redactions) != 0 || d.PublicBody != body {
		t.Errorf("published without hiding: %+v, %q", d.Redactions, d.PublicBody)
	}
}

func TestDecisionsThatCannotBeRight(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	id := f.arrive(arrival{title: "四个字啊", body: "一二三四五六七八九十"})
	span := func(field string, start, end int, kind comment.SpanKind) comment.Span {
		return comment.Span{Field: field, Start: start, End: end, Kind: kind}
	}
	publish := func(spans ...comment.Span) moderation.Decision {
		return moderation.Decision{Action: moderation.Publish, Spans: spans}
	}
	cases := []struct {
		name  string
		d     moderation.Decision
		field string
	}{
		{"no action", moderation.Decision{}, "action"},
		{"a state as action", moderation.Decision{Action: "published"}, "action"},
		{"withheld without a reason", moderation.Decision{Action: moderation.Withhold}, "reason"},
		{"an unknown reason", moderation.Decision{Action: moderation.Decline, Reason: "dull"}, "reason"},
		{"other without words", moderation.Decision{Action: moderation.Decline, Reason: "other", Note: " \n"}, "note"},
		{"control characters", moderation.Decision{Action: moderation.Decline, Reason: "other", Note: "a\x00b"}, "note"},
		{"a long note", moderation.Decision{Action: moderation.Publish, Note: strings.Repeat("长", 1001)}, "note"},
		{"span outside", publish(span("title", 0, 5, comment.SpanName)), "spans"},
		{"negative span", publish(span("body", -1, 2, comment.SpanName)), "spans"},
		{"empty span", publish(span("body", 2, 2, comment.SpanName)), "spans"},
		{"reversed span", publish(span("body", 4, 2, comment.SpanName)), "spans"},
		{"unknown field", publish(span("name", 0, 1, comment.SpanName)), "spans"},
		{"unknown kind", publish(span("body", 0, 1, "flood")), "spans"},
		{"overlap", publish(span("body", 3, 6, comment.SpanName), span("body", 0, 4, comment.SpanPhone)), "spans"},
	}
	for _, tc := range cases {
		t.Run(tc.name, func(t *testing.T) {
			tc.d.CommentID, tc.d.Version = id, 1
			wantProblem(t, f.Decide(t.Context(), liMing, tc.d), tc.field)
		})
	}
	if d := f.detail(id); d.Version != 1 || len(d.Decisions) != 0 || len(f.record()) != 0 {
		t.Errorf("something changed: %+v", d)
	}
	d := moderation.Decision{CommentID: id, Version: 1, Action: moderation.Withhold, Reason: "other", Note: "与本次征集重复"}
	if err := f.Decide(t.Context(), liMing, d); err != nil {
		t.Fatal(err)
	}
	if got := f.detail(id); got.DecisionReason != "other" || got.Decisions[0].Note != "与本次征集重复" {
		t.Errorf("reason %q, decisions %+v", got.DecisionReason, got.Decisions)
	}
}

func TestBulkPublishesWhatItCanAndCountsTheRest(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	ids := f.arriveMany(4, first)
	ids = append(ids, f.arrive(arrival{flags: []string{"id_number"}}), f.arrive(arrival{flags: []string{"flood"}}))
	f.must(wangHui, ids[1], moderation.Decline)
	if _, err := f.Claim(t.Context(), wangHui, ""); err != nil { // takes ids[0]
		t.Fatal(err)
	}
	done, err := f.Bulk(t.Context(), liMing, ids, []int{1, 1, 1, 1, 1, 1})
	var left *moderation.Unfinished
	if done != 3 || !errors.As(err, &left) || left.Taken != 2 || left.Personal != 1 || !errors.Is(err, apperr.ErrConflict) {
		t.Errorf("done %d, %v", done, err)
	}
	if d := f.detail(ids[4]); d.State != comment.Received {
		t.Errorf("a comment with personal data was published unread")
	}
	f.wantExactTotals()
	for name, call := range map[string]struct {
		ids      []uuid.UUID
		versions []int
	}{
		"nothing":      {},
		"uneven lists": {ids, []int{1}},
		"too many":     {make([]uuid.UUID, 101), make([]int, 101)},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := f.Bulk(t.Context(), liMing, call.ids, call.versions)
			wantProblem(t, err, "id")
		})
	}
}

// TestTotalsEqualAnExactCountAfterAnyActs has several people act at random, with right and with outdated versions.
func TestTotalsEqualAnExactCountAfterAnyActs(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	for seed := range uint64(4) {
		r := rand.New(rand.NewPCG(seed, 20250429))
		var ids []uuid.UUID
		for range 8 {
			var clauses []int
			for n := 1; n <= 3; n++ {
				if r.IntN(2) == 0 {
					clauses = append(clauses, n)
				}
			}
			ids = append(ids, f.arrive(arrival{consultation: []string{first, second}[r.IntN(2)], clauses: clauses}))
		}
		for range 5 {
			var all sync.WaitGroup
			for _, by := range []staff.Member{liMing, wangHui, editor} {
				local := rand.New(rand.NewPCG(r.Uint64(), 0))
				all.Go(func() {
					for range 12 {
						if err := f.anyAct(t, by, ids, local); err != nil && !errors.Is(err, apperr.ErrConflict) &&
							!errors.Is(err, apperr.ErrForbidden) && !errors.Is(err, apperr.ErrNotFound) {
							t.Errorf("seed %d: %v", seed, err)
						}
					}
				})
			}
			all.Wait()
			f.wantExactTotals()
		}
	}
	if n := f.list(`SELECT 'wrong' FROM comment c WHERE version <> 1 + (SELECT count(*) FROM decision d WHERE d.comment_id = c.id)`); len(n) != 0 {
		t.Errorf("%d comments whose version does not count their decisions", len(n))
	}
	if n := f.list(`SELECT id::text FROM decision d WHERE NOT EXISTS (SELECT FROM audit_entry e
	                 WHERE e.action = 'comment.' || d.action AND e.consultation_id = d.consultation_id)`); len(n) != 0 {
		t.Errorf("%d decisions without an entry in the record", len(n))
	}
}

func (f *fixture) anyAct(t *testing.T, by staff.Member, ids []uuid.UUID, r *rand.Rand) error {
	id := ids[r.IntN(len(ids))]
	d, err := f.Comment(t.Context(), by, id)
	if err != nil {
		return err
	}
	version := d.Version - r.IntN(5)/4
	switch r.IntN(6) {
	case 0:
		return f.Undo(t.Context(), by, id, version)
	case 1:
		_, err := f.Claim(t.Context(), by, d.ConsultationID)
		return err
	case 2:
		_, err := f.Bulk(t.Context(), by, ids[:3], []int{version, version, version})
		return err
	default:
		action := []string{moderation.Publish, moderation.Withhold, moderation.Decline}[r.IntN(3)]
		return f.Decide(t.Context(), by, moderation.Decision{CommentID: id, Version: version, Action: action, Reason: "unrelated"})
	}
}
