package moderation_test

import (
	"context"
	"errors"
	"slices"
	"sync"
	"testing"
	"time"

	"wenji/internal/apperr"
	"wenji/internal/comment"
	"wenji/internal/moderation"
	"wenji/internal/staff"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
)

func TestEightClaimersNeverShareAComment(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.arriveMany(100, first)
	var mu sync.Mutex
	holders := map[uuid.UUID]string{}
	var all sync.WaitGroup
	for _, name := range []string{"甲", "乙", "丙", "丁", "戊", "己", "庚", "辛"} {
		by := member(name, name, staff.Moderator)
		all.Go(func() {
			for {
				id, err := f.Claim(t.Context(), by, "")
				if errors.Is(err, apperr.ErrNotFound) {
					return
				}
				if err != nil {
					t.Error(err)
					return
				}
				mu.Lock()
				if other, taken := holders[id]; taken {
					t.Errorf("%s and %s claimed the same comment", other, name)
				}
				holders[id] = name
				mu.Unlock()
				d := moderation.Decision{CommentID: id, Version: 1, Action: moderation.Publish}
				if err := f.Decide(t.Context(), by, d); err != nil {
					t.Errorf("%s could not decide what was claimed: %v", name, err)
					return
				}
			}
		})
	}
	all.Wait()
	if len(holders) != 100 {
		t.Errorf("%d comments claimed, want 100", len(holders))
	}
	f.wantExactTotals()
}

func TestAClaimIsTheLongestWaitingAndOnesOwnComesFirst(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	claim := func(by staff.Member, consultation string, want uuid.UUID) {
		t.Helper()
		if got, err := f.Claim(t.Context(), by, consultation); err != nil || got != want {
			t.Errorf("%s claimed %v (%v), want %v", by.Name, got, err, want)
		}
	}
	ids := f.arriveMany(3, first)
	elsewhere := f.arrive(arrival{consultation: second})
	claim(liMing, "", ids[0])
	claim(wangHui, "", ids[1])
	claim(wangHui, second, elsewhere)
	f.must(wangHui, ids[2], moderation.Publish)
	older := f.arrive(arrival{age: time.Hour})
	claim(liMing, "", ids[0])  // not the older one: this is still kept
	claim(wangHui, "", ids[1]) // the own one that has waited longest
	if d := f.detail(ids[0]); d.ClaimedName != "李明" || *d.ClaimedBy != liMing.ID || !d.ClaimedUntil.Equal(f.at.Add(comment.ClaimLease)) {
		t.Errorf("claim %+v", d.Item)
	}
	if err := f.Release(t.Context(), wangHui, ids[0]); err != nil {
		t.Fatal(err)
	}
	claim(liMing, first, ids[0]) // nobody gives back what another keeps
	if err := f.Release(t.Context(), liMing, ids[0]); err != nil {
		t.Fatal(err)
	}
	claim(liMing, "", older)
	f.at = f.at.Add(comment.ClaimLease)
	claim(wangHui, "", older) // a claim ends by itself
	if _, err := f.Claim(t.Context(), liMing, "2025-0003"); !errors.Is(err, apperr.ErrNotFound) {
		t.Errorf("nothing waits: %v", err)
	}
}

func TestAClaimPassesOverWhatAnotherIsTaking(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	ids := f.arriveMany(2, first)
	err := f.DB.InTx(t.Context(), func(tx pgx.Tx) error {
		if _, err := tx.Exec(t.Context(), `SELECT FROM comment WHERE id = $1 FOR UPDATE`, ids[0]); err != nil {
			return err
		}
		if id, err := f.Claim(t.Context(), liMing, ""); err != nil || id != ids[1] {
			t.Errorf("claimed %v (%v), want the second", id, err)
		}
		if _, err := f.Claim(t.Context(), wangHui, ""); !errors.Is(err, apperr.ErrNotFound) {
			t.Errorf("nothing is left: %v", err)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

// TestAClaimDecidedMeanwhileIsNotGivenAgain decides a member's own comment while the member asks for the next.
func TestAClaimDecidedMeanwhileIsNotGivenAgain(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	ids := f.arriveMany(2, first)
	if _, err := f.Claim(t.Context(), liMing, ""); err != nil {
		t.Fatal(err)
	}
	claimed := make(chan uuid.UUID, 1)
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	err := f.DB.InTx(t.Context(), func(tx pgx.Tx) error {
		err := comment.Transition(t.Context(), tx, comment.Change{
			ID: ids[0], From: comment.Received, To: comment.Declined, Version: 1, Member: liMing.ID, By: liMing.Name, At: f.at,
		})
		if err != nil {
			return err
		}
		go func() {
			id, err := f.Claim(t.Context(), liMing, "")
			if err != nil {
				t.Error(err)
			}
			claimed <- id
		}()
		for waits := false; !waits; { // until the claim waits for this transaction
			err := tx.QueryRow(ctx, `
				SELECT EXISTS (SELECT FROM pg_locks WHERE NOT granted AND transactionid = pg_current_xact_id()::xid)`).Scan(&waits)
			if err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if id := <-claimed; id != ids[1] {
		t.Errorf("claimed %v, want the second", id)
	}
	if d := f.detail(ids[0]); d.ClaimedBy != nil {
		t.Error("a decided comment is claimed")
	}
}

func TestAClaimedCommentIsDecidedByItsHolderAlone(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.arriveMany(2, first)
	id, err := f.Claim(t.Context(), liMing, "")
	if err != nil {
		t.Fatal(err)
	}
	publish := moderation.Decision{CommentID: id, Version: 1, Action: moderation.Publish}
	begun := f.at
	f.at = f.at.Add(comment.ClaimLease - time.Second)
	wantConflict(t, f.Decide(t.Context(), wangHui, publish), "李明", comment.ActClaim, begun)
	if d := f.detail(id); d.State != comment.Received || d.ClaimedName != "李明" {
		t.Errorf("a refused decision changed %+v", d.Item)
	}
	f.at = f.at.Add(time.Second)
	if err := f.Decide(t.Context(), wangHui, publish); err != nil {
		t.Errorf("after the claim has ended: %v", err)
	}
	if d := f.detail(id); d.ClaimedBy != nil || d.ClaimedName != "" || d.ClaimedUntil != nil {
		t.Errorf("a decision leaves the claim: %+v", d.Item)
	}
	next, err := f.Claim(t.Context(), wangHui, "")
	if err != nil {
		t.Fatal(err)
	}
	f.must(wangHui, next, moderation.Decline)
}

func TestQueueFilters(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	percent := f.arrive(arrival{title: "补贴100%发放", body: `路径 c:\dir_a 与 c:\dirXa`, age: 9 * time.Minute, clauses: []int{1}})
	under := f.arrive(arrival{title: "补贴100元发放", body: `路径 c:\dirXa`, age: 8 * time.Minute, flags: []string{"phone", "flood"}})
	latin := f.arrive(arrival{title: "建设 WIFI", body: "老年活动站通无线网", age: 7 * time.Minute, clauses: []int{1, 2}})
	there := f.arrive(arrival{consultation: second, title: "另一份", body: "也谈补贴", age: 6 * time.Minute, clauses: []int{1}})
	done := f.arrive(arrival{title: "已审核", body: "补贴", age: 5 * time.Minute, clauses: []int{1}})
	f.must(liMing, done, moderation.Withhold)
	for _, tc := range []struct {
		name string
		f    moderation.Filter
		want []uuid.UUID
	}{
		{"all that waits", moderation.Filter{}, []uuid.UUID{percent, under, latin, there}},
		{"an unknown state is what waits", moderation.Filter{State: "x' OR ''='"}, []uuid.UUID{percent, under, latin, there}},
		{"one consultation", moderation.Filter{ConsultationID: second}, []uuid.UUID{there}},
		{"a consultation that is not there", moderation.Filter{ConsultationID: "' OR 1=1 --"}, nil},
		{"a clause of a draft", moderation.Filter{ConsultationID: first, Clause: 1}, []uuid.UUID{percent, latin}},
		{"a clause of any draft", moderation.Filter{Clause: 1}, []uuid.UUID{percent, latin, there}},
		{"a clause that is not there", moderation.Filter{Clause: 99}, nil},
		{"a flag", moderation.Filter{Flag: "flood"}, []uuid.UUID{under}},
		{"a withheld comment", moderation.Filter{State: comment.Withheld}, []uuid.UUID{done}},
		{"published: none", moderation.Filter{State: comment.Published}, nil},
		{"decided in any way", moderation.Filter{State: moderation.AnyDecided, ConsultationID: first}, []uuid.UUID{done}},
		{"words of title or body", moderation.Filter{Query: " 补贴 "}, []uuid.UUID{percent, under, there}},
		{"a percent sign stands for itself", moderation.Filter{Query: "100%"}, []uuid.UUID{percent}},
		{"an underscore stands for itself", moderation.Filter{Query: "r_a"}, []uuid.UUID{percent}},
		{"a backslash stands for itself", moderation.Filter{Query: `:\dir`}, []uuid.UUID{percent, under}},
		{"a lone backslash", moderation.Filter{Query: `\`}, []uuid.UUID{percent, under}},
		{"a quote", moderation.Filter{Query: `'; DROP TABLE comment; --`}, nil},
		{"letters of either case", moderation.Filter{Query: "wifi"}, []uuid.UUID{latin}},
		{"a number", moderation.Filter{Query: "２"}, []uuid.UUID{under}},
		{"a number beyond all", moderation.Filter{Query: "99999999999999999999"}, nil},
		{"bytes that are no text", moderation.Filter{Query: "\x00"}, nil},
		{"all at once", moderation.Filter{ConsultationID: first, State: comment.Received, Clause: 2, Query: "无线"}, []uuid.UUID{latin}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			items, next, err := f.Queue(t.Context(), liMing, tc.f)
			if err != nil {
				t.Fatal(err)
			}
			var got []uuid.UUID
			for _, item := range items {
				got = append(got, item.ID)
			}
			if !slices.Equal(got, tc.want) || next != nil {
				t.Errorf("got %v, next %v; want %v", got, next, tc.want)
			}
		})
	}
}

func TestPagesTogetherAreTheWholeList(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	ids := slices.Concat(f.arriveMany(40, first), f.arriveMany(17, second))
	for i := range 6 { // several at the same moment
		ids = append(ids, f.arrive(arrival{age: time.Duration(i/3) * time.Minute}))
	}
	for i, id := range ids {
		if i%5 == 0 {
			f.at = f.at.Add(time.Second)
		}
		if i%2 == 0 {
			f.must(liMing, id, []string{moderation.Publish, moderation.Publish, moderation.Withhold}[i%3])
		}
	}
	for _, state := range []comment.State{"", comment.Published, comment.Withheld, comment.Declined, moderation.AnyDecided} {
		for _, consultation := range []string{"", first} {
			whole, next, err := f.Queue(t.Context(), liMing, moderation.Filter{State: state, ConsultationID: consultation, Limit: 100})
			if err != nil || next != nil {
				t.Fatalf("%q: next %v, %v", state, next, err)
			}
			if state != comment.Declined && len(whole) < 7 {
				t.Fatalf("%q of %q: only %d comments", state, consultation, len(whole))
			}
			var paged []comment.Item
			filter := moderation.Filter{State: state, ConsultationID: consultation, Limit: 3}
			for range 100 {
				items, next, err := f.Queue(t.Context(), liMing, filter)
				if err != nil {
					t.Fatal(err)
				}
				if paged = append(paged, items...); next == nil {
					break
				}
				filter.After = moderation.ParseCursor(next.String())
			}
			if !slices.EqualFunc(whole, paged, func(a, b comment.Item) bool { return a.ID == b.ID }) {
				t.Errorf("%q of %q: %d comments in pages of 3, %d at once", state, consultation, len(paged), len(whole))
			}
			seen := map[uuid.UUID]bool{}
			for _, item := range paged {
				if seen[item.ID] {
					t.Errorf("%q of %q: number %d twice", state, consultation, item.Number)
				}
				seen[item.ID] = true
			}
		}
	}
}

func TestACursorSurvivesAnAddressAndGarbageIsTheBeginning(t *testing.T) {
	c := moderation.Cursor{At: morning, ID: liMing.ID, Number: 129}
	if got := moderation.ParseCursor(c.String()); !got.At.Equal(c.At) || got.ID != c.ID || got.Number != c.Number {
		t.Errorf("%+v became %+v", c, got)
	}
	if s := (moderation.Cursor{}).String(); s != "" {
		t.Errorf("the beginning is written %q", s)
	}
	for _, s := range []string{"", "x", "1.2", "1.2.3", "..", "99999999999999999999.1." + liMing.ID.String(),
		"9223372036854775807.1." + liMing.ID.String(), "1.99999999999." + liMing.ID.String()} {
		if got := moderation.ParseCursor(s); got != (moderation.Cursor{}) {
			t.Errorf("%q became %+v", s, got)
		}
	}
}

func TestCounts(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	const day = 24 * time.Hour
	f.arrive(arrival{age: 5*day + time.Second})
	f.arrive(arrival{age: 5*day - time.Second})
	f.arrive(arrival{age: 10*time.Hour + time.Second}) // yesterday, one second before midnight
	f.arrive(arrival{age: 10 * time.Hour})             // midnight
	yesterday := f.arrive(arrival{age: day})
	f.at = f.at.Add(-11 * time.Hour)
	f.must(liMing, yesterday, moderation.Publish)
	f.at = f.at.Add(11 * time.Hour)
	f.must(liMing, f.arrive(arrival{age: day}), moderation.Withhold)
	f.must(liMing, f.arrive(arrival{}), moderation.Decline)
	undone := f.arrive(arrival{consultation: second})
	f.must(liMing, undone, moderation.Publish)
	f.mustUndo(liMing, undone)
	got, err := f.Counts(t.Context(), editor)
	if err != nil {
		t.Fatal(err)
	}
	want := moderation.Counts{Waiting: 5, Published: 1, Withheld: 1, Declined: 1, ReceivedToday: 3, DecidedToday: 2}
	if got != want {
		t.Errorf("counts %+v, want %+v", got, want)
	}
}

func TestACommentThatIsNotThere(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	if _, err := f.Comment(t.Context(), liMing, uuid.New()); !errors.Is(err, apperr.ErrNotFound) {
		t.Error(err)
	}
	if got, err := f.Counts(t.Context(), liMing); err != nil || got != (moderation.Counts{}) {
		t.Errorf("counts of an empty portal: %+v %v", got, err)
	}
}
