package referral_test

import (
	"context"
	"errors"
	"math/rand/v2"
	"testing"
	"time"

	"wenji/internal/apperr"
	"wenji/internal/comment"
	"wenji/internal/referral"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
)

// counterActs are what may happen to a comment after its arrival; each is allowed to be refused.
func (f *fixture) counterActs(random *rand.Rand) []func(id uuid.UUID) error {
	ctx := f.t.Context()
	one := func(id uuid.UUID) []uuid.UUID { return []uuid.UUID{id} }
	open := func(id uuid.UUID) (referral.Referral, bool) {
		for _, r := range f.file(id).Referrals {
			if r.UnitID == f.civil && r.State.Open() {
				return r, true
			}
		}
		return referral.Referral{}, false
	}
	transition := func(id uuid.UUID, to comment.State) error {
		return f.DB.InTx(ctx, func(tx pgx.Tx) error {
			ch := comment.Change{ID: id, To: to, By: "李明", At: f.at, Member: f.moderator.ID, Published: comment.Copy{Title: "题", Body: "文"}}
			if err := tx.QueryRow(ctx, `SELECT state, version FROM comment WHERE id = $1`, id).Scan(&ch.From, &ch.Version); err != nil {
				return err
			}
			return comment.Transition(ctx, tx, ch)
		})
	}
	return []func(id uuid.UUID) error{
		func(id uuid.UUID) error { return transition(id, comment.Published) },
		func(id uuid.UUID) error { return transition(id, comment.Withheld) },
		func(id uuid.UUID) error { return transition(id, comment.Received) },
		func(id uuid.UUID) error {
			return f.Refer(ctx, f.moderator, one(id), referral.Order{Units: one(f.civil)})
		},
		func(id uuid.UUID) error {
			if r, ok := open(id); ok {
				return f.Return(ctx, f.officer, r.ID, r.Version, "不属于本单位职责")
			}
			return nil
		},
		func(id uuid.UUID) error {
			d := referral.Draft{Outcome: referral.Outcomes[random.IntN(5)], Reason: "理由充分", Answer: "感谢您的意见。", Save: random.IntN(2) == 0}
			return f.Dispose(ctx, f.moderator, one(id), d)
		},
		func(id uuid.UUID) error {
			_, err := f.Approve(ctx, f.editor, one(id), []int{f.file(id).Latest().Version})
			return err
		},
		func(id uuid.UUID) error {
			return f.SendBack(ctx, f.editor, id, f.file(id).Latest().Version, "请补充理由")
		},
	}
}

func (f *fixture) agree(when string) {
	f.t.Helper()
	_, list, err := comment.CheckCounters(f.t.Context(), f.DB)
	if err != nil || len(list) > 0 {
		f.t.Fatalf("%s: counters differ: %+v %v", when, list, err)
	}
}

func TestCountersAgreeWithTheRowsAfterEveryAct(t *testing.T) {
	f := newFixture(t)
	random := rand.New(rand.NewPCG(1, 8))
	var ids []uuid.UUID
	for range 12 {
		ids = append(ids, f.comment("received", "建议加装扶手。"))
	}
	f.exec(`UPDATE comment_count SET last_number = 12, received = 12`)
	acts, names := f.counterActs(random), []string{"publish", "withhold", "undo", "refer", "return", "dispose", "approve", "send back"}
	done := make([]int, len(acts))
	for range 200 {
		i := random.IntN(len(acts))
		err := acts[i](ids[random.IntN(len(ids))])
		if err == nil {
			done[i]++
		} else if !errors.Is(err, apperr.ErrConflict) && !errors.Is(err, apperr.ErrNotFound) {
			t.Fatalf("%s: %v", names[i], err)
		}
		f.agree("after " + names[i])
	}
	for i, n := range done {
		if n == 0 {
			t.Errorf("%s never succeeded", names[i])
		}
	}
}

func TestTheWorkerCountsEachCommentOnce(t *testing.T) {
	f := newFixture(t)
	for range 3 {
		f.comment("received", "建议加装扶手。")
	}
	f.exec(`UPDATE comment_count SET last_number = 3, received = 3`)
	before := f.tally()
	if n := before[comment.ByChannel]["web"]; n != 3 {
		t.Errorf("%d counted before the worker came", n)
	}
	f.work(func() bool { return f.number(`SELECT sum(count) FROM comment_tally WHERE kind = 'channel'`) == 3 })
	f.comment("received", "建议加装扶手。")
	f.exec(`UPDATE comment_count SET last_number = 4, received = 4`)
	if got := f.tally(); got[comment.ByChannel]["web"] != 4 || got[comment.ByClause][""] != 4 || got[comment.ByDay]["2025-04-30"] != 4 {
		t.Errorf("with one more than the worker counted: %v, before it %v", got, before)
	}
	f.agree("one waits for the worker")
	f.work(func() bool { return f.number(`SELECT sum(count) FROM comment_tally WHERE kind = 'channel'`) == 4 })
	f.agree("all counted")
}

// A replica of an older version hands over without knowing of the counters.
func TestTheWorkerMendsWhatAnOlderProgramLeft(t *testing.T) {
	f := newFixture(t)
	id := f.comment("published", "建议加装扶手。")
	f.exec(`UPDATE comment_count SET last_number = 1, published = 1`)
	f.work(func() bool { return f.number(`SELECT sum(count) FROM comment_tally WHERE kind = 'channel'`) == 1 })
	f.exec(`INSERT INTO referral (id, consultation_id, comment_id, unit_id, unit_name, due_on, referred_at)
		VALUES (gen_random_uuid(), $1, $2, $3, '省民政厅', '2025-05-20', now())`, first, id, f.civil)
	f.exec(`UPDATE comment_tally SET count = 7 WHERE kind = 'channel'`)
	_, list, err := comment.CheckCounters(t.Context(), f.DB)
	if err != nil || len(list) != 3 || list[0] != (comment.CountDifference{ConsultationID: first, Kind: "channel", Key: "web", Kept: 7, Rows: 1}) ||
		list[1].Kind != "handled" || list[2].Kind != "handling" {
		t.Fatalf("differences %+v %v", list, err)
	}
	f.exec(`UPDATE comment_tally_mark SET checked_at = now() - interval '25 hours'`)
	f.work(func() bool {
		_, list, err := comment.CheckCounters(t.Context(), f.DB)
		return err == nil && len(list) == 0
	})
	f.agree("mended")
	if n := f.number(`SELECT handled FROM comment_count`); n != 1 {
		t.Errorf("%d handled", n)
	}
}

func (f *fixture) tally() comment.Tally {
	f.t.Helper()
	tally, err := comment.ReadTally(f.t.Context(), f.DB, first)
	if err != nil {
		f.t.Fatal(err)
	}
	return tally
}

func (f *fixture) number(sql string) (n int) {
	f.t.Helper()
	if err := f.DB.QueryRow(f.t.Context(), "SELECT coalesce(("+sql+"), 0)").Scan(&n); err != nil {
		f.t.Fatal(err)
	}
	return n
}

// work runs the worker until something is so.
func (f *fixture) work(until func() bool) {
	f.t.Helper()
	ctx, cancel := context.WithTimeout(f.t.Context(), time.Minute)
	ended := make(chan struct{})
	go func() { (&comment.Store{DB: f.DB}).Index(ctx); close(ended) }()
	defer func() { cancel(); <-ended }()
	for !until() {
		if ctx.Err() != nil {
			f.t.Fatal("the worker did not do its work within a minute")
		}
		time.Sleep(10 * time.Millisecond)
	}
}
