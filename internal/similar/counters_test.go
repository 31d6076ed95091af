package similar

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"wenji/internal/comment"
	"wenji/internal/vault"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
)

// agree asks the check, and the reading of a group that goes through its members, whether the counters hold.
func (f *fixture) agree(when string) {
	f.t.Helper()
	list, err := CheckCounters(f.t.Context(), f.DB)
	if err != nil || len(list) > 0 {
		f.t.Errorf("%s: counters differ: %+v %v", when, list, err)
	}
	for _, consultationID := range []string{first, second} {
		list, err := differences(f.t.Context(), f.DB, consultationID, comparedSince(f.now()))
		if err != nil || len(list) > 0 {
			f.t.Errorf("%s: counters differ: %+v %v", when, list, err)
		}
		kept := f.groups(consultationID)
		f.exec(`UPDATE comment_group SET counted = -2 - counted`)
		through := f.groups(consultationID)
		f.exec(`UPDATE comment_group SET counted = -2 - counted`)
		if fmt.Sprint(kept) != fmt.Sprint(through) {
			f.t.Errorf("%s: kept %+v, counted %+v", when, kept, through)
		}
	}
}

// decide moves a comment as moderation does.
func (f *fixture) decide(id uuid.UUID, to comment.State) {
	f.t.Helper()
	err := f.DB.InTx(f.t.Context(), func(tx pgx.Tx) error {
		if _, err := tx.Exec(f.t.Context(), `
			UPDATE comment
			   SET state = $2, public_title = CASE $2 WHEN 'published' THEN title END,
			       public_body = CASE $2 WHEN 'published' THEN body END, published_at = CASE $2 WHEN 'published' THEN now() END
			 WHERE id = $1`, id, to); err != nil {
			return err
		}
		return Moved(f.t.Context(), tx, id, to == comment.Received)
	})
	if err != nil {
		f.t.Fatal(err)
	}
}

// members are all comments that are in a group of the consultation, by number.
func (f *fixture) members(g Group) (ids []uuid.UUID) {
	f.t.Helper()
	list, _, err := f.Members(f.t.Context(), liMing, g.ID, MemberFilter{Limit: ManyMost})
	if err != nil {
		f.t.Fatal(err)
	}
	for _, m := range list {
		ids = append(ids, m.ID)
	}
	return ids
}

func TestCountersOfGroupsHoldThroughEveryAct(t *testing.T) {
	f := newFixture(t)
	f.exec(`INSERT INTO clause (id, consultation_id, document, ordinal, kind, number)
		SELECT gen_random_uuid(), $1, 'draft', n, 'clause', n FROM generate_series(1, 4) AS n`, first)
	about := func(id uuid.UUID, clauses ...int) {
		f.exec(`UPDATE comment SET clause_ids = ARRAY(SELECT id FROM clause WHERE number = ANY ($2) ORDER BY number DESC) WHERE id = $1`, id, clauses)
	}
	other := "养老护理员工资太低，留不住年轻人，应当建立职业等级和岗位津贴制度。"
	var ids []uuid.UUID
	for i := range 12 { // five people, and each in both groups
		ids = append(ids, f.arrive(first, fmt.Sprintf("1380000000%d", i%5), "加装电梯", wording(i)))
		about(ids[len(ids)-1], 1+i%3, 2)
		ids = append(ids, f.arrive(first, fmt.Sprintf("1380000000%d", i%5), "护理员", other))
		f.catchUp()
		f.agree(fmt.Sprintf("after %d arrivals", len(ids)))
	}
	f.exec(`DELETE FROM personal_data WHERE comment_id = $1`, f.arrive(first, "13800000009", "护理员", other))
	f.catchUp()
	f.agree("after one without personal data")
	groups := f.groups(first)
	if len(groups) != 2 || groups[0].People != 6 || groups[1].People != 5 || fmt.Sprint(groups[1].Clauses) != "[1 2 3]" {
		t.Fatalf("%+v", groups)
	}
	f.decide(ids[0], comment.Published)
	f.decide(ids[2], comment.Declined)
	f.agree("after decisions")
	f.decide(ids[0], comment.Received)
	f.agree("after an undo")
	if err := f.TakeOut(t.Context(), liMing, groups[1].ID, ids[:5]); err != nil {
		t.Fatal(err)
	}
	f.agree("after taking out")
	f.decide(ids[4], comment.Published)
	if err := f.PutIn(t.Context(), liMing, groups[0].ID, ids[2:5]); err != nil {
		t.Fatal(err)
	}
	f.agree("after putting in")
	if err := f.Merge(t.Context(), liMing, groups[1].ID, groups[0].ID); err != nil {
		t.Fatal(err)
	}
	f.agree("after merging")
	if g := f.only(first); g.People != 6 || g.Waiting != g.Members-2 {
		t.Errorf("%d 人, %d of %d wait", g.People, g.Waiting, g.Members)
	}
}

func TestErasedPeopleAreCountedAnew(t *testing.T) {
	f := newFixture(t)
	var ids []uuid.UUID
	for i := range 6 {
		ids = append(ids, f.arrive(first, fmt.Sprintf("1380000000%d", i%2), "加装电梯", wording(i)))
	}
	f.catchUp()
	if g := f.only(first); g.People != 2 {
		t.Fatalf("%d people", g.People)
	}
	erase := func(ids []uuid.UUID) {
		err := f.DB.InTx(t.Context(), func(tx pgx.Tx) error {
			if err := Unknown(t.Context(), tx, first, ids); err != nil {
				return err
			}
			_, err := vault.Erase(t.Context(), tx, ids)
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	erase(ids[:3])
	if g := f.only(first); g.People != 5 { // nobody knows any more whether two erased ones were one person
		t.Errorf("%d people before the worker counts, want 5", g.People)
	}
	f.arrive(first, "13800000000", "加装电梯", wording(7))
	f.catchUp()
	if g := f.only(first); g.People != 5 {
		t.Errorf("%d people with one more comment of a known person, want 5", g.People)
	}
	if err := f.mend(t.Context()); err != nil {
		t.Fatal(err)
	}
	if n := f.number(`SELECT count(*) FROM comment_group WHERE counted = members AND people = 5`); n != 1 {
		t.Error("the worker has not counted the people anew")
	}
	f.agree("after erasing")
}

func TestTheWorkerSeesToWhatOlderProgramsLeave(t *testing.T) {
	f := newFixture(t)
	var ids []uuid.UUID
	for i := range 4 {
		ids = append(ids, f.arrive(first, fmt.Sprintf("1380000000%d", i), "加装电梯", wording(i)))
	}
	f.catchUp()
	late := f.arrive(first, "13800000008", "加装电梯", wording(5))
	f.exec(`UPDATE comment SET state = 'declined' WHERE id = $1`, late)
	f.exec(`INSERT INTO comment_sketch SELECT id, consultation_id, text_digest, received_at FROM comment WHERE id = $1`, late)
	f.exec(`INSERT INTO comment_group_member (comment_id, consultation_id, group_id, similarity, joined_at)
		SELECT $1, consultation_id, id, 1, now() FROM comment_group`, late)
	f.exec(`UPDATE comment_group SET members = members + 1`)
	f.exec(`UPDATE similar_progress SET last_number = last_number + 1`)
	f.exec(`UPDATE comment SET state = 'withheld' WHERE id = $1`, ids[0])

	g := f.only(first)
	if g.Members != 5 || g.People != 5 {
		t.Errorf("%d 条, %d 人 although an older program put one in", g.Members, g.People)
	}
	if list := f.members(g); len(list) != 5 {
		t.Errorf("%d members are listed, want 5", len(list))
	}
	if err := f.mend(t.Context()); err != nil {
		t.Fatal(err)
	}
	if g := f.only(first); g.Waiting != 4 { // the one that was decided is not known until its turn
		t.Errorf("%d wait", g.Waiting)
	}
	list, err := CheckCounters(t.Context(), f.DB)
	want := comment.CountDifference{ConsultationID: first, Kind: wrongMembers, Rows: 1}
	if err != nil || len(list) != 1 || list[0] != want {
		t.Errorf("the check finds %+v, %v", list, err)
	}
	f.exec(`UPDATE comment_group SET people = 9`)
	f.exec(`UPDATE similar_progress SET checked_at = now() - interval '2 hours'`)
	if err := f.mend(t.Context()); err != nil {
		t.Fatal(err)
	}
	f.agree("once their turn has come")
	if g := f.only(first); g.Waiting != 3 || g.People != 5 {
		t.Errorf("%d wait, %d 人", g.Waiting, g.People)
	}
}

func TestADecisionWhileACommentIsGroupedIsNotMissed(t *testing.T) {
	f := newFixture(t)
	f.arrive(first, "13800000001", "加装电梯", wording(0))
	f.catchUp()
	late := f.arrive(first, "13800000002", "加装电梯", wording(1))
	grouped := make(chan error, 1)
	err := f.DB.InTx(t.Context(), func(tx pgx.Tx) error {
		var own string
		err := tx.QueryRow(t.Context(), `
			UPDATE comment SET state = 'declined' WHERE id = $1 RETURNING pg_current_xact_id()::xid::text`, late).Scan(&own)
		if err != nil {
			return err
		}
		if err := Moved(t.Context(), tx, late, false); err != nil {
			return err
		}
		go func() { grouped <- f.CatchUp(t.Context()) }()
		for deadline := time.Now().Add(time.Minute); time.Now().Before(deadline); {
			if f.number(`SELECT count(*) FROM pg_locks WHERE NOT granted AND transactionid::text = $1`, own) > 0 {
				return nil
			}
		}
		return errors.New("grouping does not wait for the decision")
	})
	if err := errors.Join(err, <-grouped); err != nil {
		t.Fatal(err)
	}
	f.agree("after a decision beside grouping")
	if g := f.only(first); g.Waiting != 1 {
		t.Errorf("%d wait, want 1", g.Waiting)
	}
}

func TestWordsThatComeAgainAreCountedHoweverShort(t *testing.T) {
	f := newFixture(t)
	for i := range textMany {
		f.arrive(first, fmt.Sprintf("1380000000%d", i), "同意", "同意。")
		if i%3 == 0 {
			f.catchUp()
			f.agree(fmt.Sprintf("after %d", i+1))
		}
	}
	f.arrive(first, "13800000001", "别的", "别的话。")
	f.catchUp()
	f.agree("at the end")
	bursts, err := f.Bursts(t.Context(), liMing, morning.Add(-time.Hour))
	if err != nil || len(bursts) != 1 || bursts[0].Kind != BurstText || bursts[0].Count != textMany || !bursts[0].At.Equal(morning) {
		t.Errorf("bursts %+v, %v", bursts, err)
	}
	f.exec(`DELETE FROM comment_repeat`) // as if an older program had looked at all of them
	f.exec(`UPDATE similar_progress SET checked_at = now() - interval '2 hours'`)
	if err := f.mend(t.Context()); err != nil {
		t.Fatal(err)
	}
	f.agree("once its turn has come")
	if n := f.number(`SELECT sum(count) FROM comment_repeat`); n != textMany {
		t.Errorf("%d comments in repeated words, want %d", n, textMany)
	}
}

func TestPagesOfAGroupAreReadByNumber(t *testing.T) {
	f := newFixture(t)
	for i := range 9 {
		f.arrive(first, fmt.Sprintf("1380000000%d", i), "加装电梯", wording(i))
	}
	f.catchUp()
	g := f.only(first)
	var numbers []int
	for after, more := 0, true; more; {
		var list []Member
		var err error
		if list, more, err = f.Members(t.Context(), liMing, g.ID, MemberFilter{After: after, Limit: 4}); err != nil {
			t.Fatal(err)
		}
		for _, m := range list {
			numbers, after = append(numbers, m.Number), m.Number
		}
	}
	if fmt.Sprint(numbers) != "[1 2 3 4 5 6 7 8 9]" {
		t.Errorf("pages show %v", numbers)
	}
}
