package similar

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"wenji/internal/apperr"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
)

func TestACampaignIsOneGroupAndOthersStayAlone(t *testing.T) {
	f := newFixture(t)
	a := f.arrive(first, "13800000001", "加装电梯", base)
	f.arrive(first, "13800000002", "护理员工资", "养老护理员工资太低，留不住年轻人，应当建立职业等级和岗位津贴制度。")
	f.arrive(first, "13800000003", "加装电梯", wording(3))
	f.arrive(first, "13800000003", "加装电梯", wording(4))
	f.arrive(second, "13800000004", "加装电梯", base)
	f.catchUp()

	g := f.only(first)
	if g.Members != 3 || g.People != 2 || g.Waiting != 3 || g.Number != 1 {
		t.Errorf("%d 条, %d 人, %d waiting, representative %d", g.Members, g.People, g.Waiting, g.Number)
	}
	if g.Lowest < threshold || g.Lowest > g.Highest || g.Highest >= 1 {
		t.Errorf("similarity %.2f–%.2f", g.Lowest, g.Highest)
	}
	if !g.FirstAt.Equal(morning.Add(time.Second)) || !g.LastAt.Equal(morning.Add(4*time.Second)) {
		t.Errorf("from %v to %v", g.FirstAt, g.LastAt)
	}
	if list := f.groups(second); len(list) != 0 {
		t.Errorf("a comment of another consultation is in a group: %+v", list)
	}
	marks, err := f.Marks(t.Context(), editor, []uuid.UUID{a})
	if err != nil || marks[a] != (Mark{g.ID, 3}) {
		t.Errorf("marks %v, %v", marks, err)
	}
}

func TestCommentsThatArriveOnTwoWorkersEndInOneGroup(t *testing.T) {
	f := newFixture(t)
	ctx, stop := context.WithCancel(t.Context())
	var working sync.WaitGroup
	for range 3 {
		replica := &Store{DB: f.DB, Keys: f.Keys, Now: f.Now}
		working.Go(func() {
			for ctx.Err() == nil {
				if err := replica.CatchUp(ctx); err != nil && ctx.Err() == nil {
					t.Error(err)
				}
			}
		})
	}
	const n = 60
	var arriving sync.WaitGroup
	for i := range 4 {
		arriving.Go(func() {
			for j := range n / 4 {
				f.arrive(first, fmt.Sprintf("138000%05d", i*100+j), "加装电梯", wording(i*n/4+j))
			}
		})
	}
	arriving.Wait()
	f.catchUp()
	deadline := time.Now().Add(time.Minute)
	for f.number(`SELECT last_number FROM similar_progress WHERE consultation_id = $1`, first) < n && time.Now().Before(deadline) {
		f.catchUp()
	}
	stop()
	working.Wait()
	if g := f.only(first); g.Members != n || g.People != n {
		t.Errorf("%d 条 and %d 人 in the group, want %d", g.Members, g.People, n)
	}
	if n := f.number(`SELECT count(*) FROM comment_group WHERE merged_into IS NULL AND members <> (
		SELECT count(*) FROM comment_group_member m WHERE m.group_id = comment_group.id AND NOT m.taken_out) OR members = 0 AND merged_into IS NULL`); n != 0 {
		t.Errorf("%d groups are not what their totals say, or empty: two workers had the same comments in hand", n)
	}
}

func TestLookingAgainChangesNothing(t *testing.T) {
	f := newFixture(t)
	for i := range 5 {
		f.arrive(first, "13800000001", "加装电梯", wording(i))
	}
	f.catchUp()
	before := f.only(first)
	f.exec(`UPDATE similar_progress SET last_number = 0`) // as if a replica had died before its commit was known
	f.catchUp()
	after := f.only(first)
	before.Clauses, after.Clauses = nil, nil
	if fmt.Sprint(before) != fmt.Sprint(after) {
		t.Errorf("before %v, after %v", before, after)
	}
}

func TestTotalsGrowToWhatACountOfTheMembersGives(t *testing.T) {
	f := newFixture(t)
	for round, bodies := range [][]string{
		{wording(0)}, {wording(1)}, {base, wording(2) + "请尽快办理。"}, {wording(3) + "谢谢各位领导，盼望早日答复。"}, {wording(4), wording(4), base},
	} {
		for i, body := range bodies {
			f.arrive(first, fmt.Sprintf("138000%02d%03d", round, i), "加装电梯", body)
		}
		f.catchUp()
		if round == 0 {
			continue
		}
		grown := f.only(first)
		err := f.DB.InTx(t.Context(), func(tx pgx.Tx) error { return recount(t.Context(), tx, []uuid.UUID{grown.ID}) })
		if err != nil {
			t.Fatal(err)
		}
		if counted := f.only(first); fmt.Sprint(grown) != fmt.Sprint(counted) {
			t.Errorf("round %d: grown to %+v, counted %+v", round, grown, counted)
		}
	}
}

func TestTheSameWordsFindTheirGroupHoweverManyThereAre(t *testing.T) {
	f := newFixture(t)
	for i := range 3 * batchMost / 2 {
		f.arrive(first, fmt.Sprintf("138%08d", i), "加装电梯", base)
	}
	f.catchUp()
	if g := f.only(first); g.Members != 3*batchMost/2 || g.Lowest != 1 {
		t.Errorf("%d members, lowest %.2f", g.Members, g.Lowest)
	}
	if n := f.number(`SELECT count(DISTINCT comment_id) FROM comment_band`); n != 1 {
		t.Errorf("%d comments of the same words have bands", n)
	}
}

func TestAWordingBetweenTwoGroupsMakesThemOne(t *testing.T) {
	f := newFixture(t)
	sentences := strings.SplitAfter(base, "。")
	left, right := sentences[0]+sentences[1]+"甲乙丙丁戊己庚辛壬癸子丑寅卯辰巳午未", sentences[0]+sentences[1]+"天地玄黄宇宙洪荒日月盈昃辰宿列张寒来暑往"
	middle := sentences[0] + sentences[1]
	if s := similarity(left, right); s >= threshold || s < loosest {
		t.Fatalf("similarity of the two %.2f", s)
	}
	for i, body := range []string{left, left, right, right} {
		f.arrive(first, fmt.Sprint("1380000000", i), "", body)
	}
	f.catchUp()
	old := f.groups(first)
	if len(old) != 2 {
		t.Fatalf("%d groups, want 2", len(old))
	}
	f.arrive(first, "13800000009", "", middle)
	f.catchUp()
	g := f.only(first)
	if g.Members != 5 {
		t.Errorf("%d members", g.Members)
	}
	gone := old[slices.IndexFunc(old, func(o Group) bool { return o.ID != g.ID })]
	if left, err := f.Group(t.Context(), liMing, gone.ID); err != nil || left.MergedInto == nil || *left.MergedInto != g.ID {
		t.Errorf("the address of the merged group leads to %v, %v", left.MergedInto, err)
	}
}

func TestAMemberTakenOutStaysOut(t *testing.T) {
	f := newFixture(t)
	var ids []uuid.UUID
	for i := range 4 {
		ids = append(ids, f.arrive(first, fmt.Sprint("1380000000", i), "加装电梯", wording(i)))
	}
	f.catchUp()
	g := f.only(first)
	if err := f.TakeOut(t.Context(), liMing, g.ID, ids[:1]); err != nil { // the representative
		t.Fatal(err)
	}
	f.arrive(first, "13800000007", "加装电梯", wording(0))
	f.exec(`UPDATE similar_progress SET last_number = 0`)
	f.catchUp()
	after := f.only(first)
	if after.ID != g.ID || after.Members != 4 || after.Number != 2 {
		t.Errorf("%d members, representative %d", after.Members, after.Number)
	}
	out, _, err := f.Members(t.Context(), liMing, g.ID, MemberFilter{TakenOut: true})
	if err != nil || len(out) != 1 || out[0].ID != ids[0] || out[0].ChangedBy != "李明" {
		t.Errorf("taken out: %+v, %v", out, err)
	}
	if n := f.number(`SELECT count(*) FROM audit_entry WHERE action = 'group.take_out' AND detail = 'comments 1' AND actor LIKE '李明%'`); n != 1 {
		t.Errorf("%d entries in the record", n)
	}

	if err := f.PutIn(t.Context(), liMing, g.ID, ids[:1]); err != nil {
		t.Fatal(err)
	}
	if after := f.only(first); after.Members != 5 || after.Lowest < threshold {
		t.Errorf("%d members after it was put back, lowest %.2f", after.Members, after.Lowest)
	}
}

func TestNobodyIsGroupedWithAMemberTakenOut(t *testing.T) {
	f := newFixture(t)
	for i := range 2 {
		f.arrive(first, fmt.Sprint("1380000000", i), "加装电梯", wording(i))
	}
	words := "请在每个社区设立老年助餐点，价格要实惠，菜品要适合老年人，最好能够送餐上门，节假日也不要停。"
	lone := f.arrive(first, "13800000005", "助餐点", words)
	f.catchUp()
	g := f.only(first)
	if err := f.PutIn(t.Context(), liMing, g.ID, []uuid.UUID{lone}); err != nil {
		t.Fatal(err)
	}
	if err := f.TakeOut(t.Context(), liMing, g.ID, []uuid.UUID{lone}); err != nil {
		t.Fatal(err)
	}
	like := f.arrive(first, "13800000006", "助餐点", words+"谢谢。")
	f.catchUp()
	if n := f.number(`SELECT count(*) FROM comment_group_member WHERE comment_id = $1`, like); n != 0 {
		t.Error("a comment joined one that a person had taken out")
	}
}

func TestMembersMoveToAnotherGroup(t *testing.T) {
	f := newFixture(t)
	other := "养老护理员工资太低，留不住年轻人，应当建立职业等级和岗位津贴制度，由财政给予培训补助。"
	var ids []uuid.UUID
	for i := range 3 {
		ids = append(ids, f.arrive(first, fmt.Sprint("1380000000", i), "加装电梯", wording(i)))
		f.arrive(first, fmt.Sprint("1380000001", i), "护理员", other)
	}
	f.catchUp()
	groups := f.groups(first)
	from, to := groups[0], groups[1]
	if from.Number != 1 {
		from, to = to, from
	}
	if err := f.PutIn(t.Context(), liMing, to.ID, ids[1:2]); err != nil {
		t.Fatal(err)
	}
	check := func(id uuid.UUID, members int) {
		t.Helper()
		if g, err := f.Group(t.Context(), liMing, id); err != nil || g.Members != members {
			t.Errorf("%d members, want %d, %v", g.Members, members, err)
		}
	}
	check(from.ID, 2)
	check(to.ID, 4)
	if err := f.Merge(t.Context(), liMing, from.ID, to.ID); err != nil {
		t.Fatal(err)
	}
	check(to.ID, 6)
	if err := f.Merge(t.Context(), liMing, from.ID, to.ID); !errors.Is(err, apperr.ErrConflict) {
		t.Errorf("merged twice: %v", err)
	}
	if err := f.TakeOut(t.Context(), liMing, from.ID, ids[:1]); !errors.Is(err, apperr.ErrConflict) {
		t.Errorf("took out of a group that is no more: %v", err)
	}
}

func TestOnlyWhoMayDecideChangesGroups(t *testing.T) {
	f := newFixture(t)
	id := []uuid.UUID{uuid.New()}
	if _, _, err := f.Groups(t.Context(), editor, Filter{}); err != nil {
		t.Error(err)
	}
	if _, _, err := f.Groups(t.Context(), admin, Filter{}); !errors.Is(err, apperr.ErrForbidden) {
		t.Error(err)
	}
	for name, err := range map[string]error{
		"TakeOut": f.TakeOut(t.Context(), editor, id[0], id), "PutIn": f.PutIn(t.Context(), editor, id[0], id),
		"Merge": f.Merge(t.Context(), editor, id[0], uuid.New()),
	} {
		if !errors.Is(err, apperr.ErrForbidden) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if err := f.TakeOut(t.Context(), liMing, id[0], id); !errors.Is(err, apperr.ErrNotFound) {
		t.Error(err)
	}
}

func TestAPageOfGroupsBeginsWhereTheOneBeforeEnded(t *testing.T) {
	f := newFixture(t)
	for i := range 5 {
		body := strings.Repeat(string(rune(0x4e00+i*40))+string(rune(0x4e01+i*40))+string(rune(0x4e02+i*40)), 5)
		for range 2 {
			f.arrive(first, "13800000001", "", body)
		}
	}
	f.catchUp()
	var seen []uuid.UUID
	for after := (Cursor{}); ; {
		page, next, err := f.Groups(t.Context(), liMing, Filter{After: ParseCursor(after.String()), Limit: 2})
		if err != nil {
			t.Fatal(err)
		}
		for _, g := range page {
			seen = append(seen, g.ID)
		}
		if next == nil {
			break
		}
		after = *next
	}
	slices.SortFunc(seen, func(a, b uuid.UUID) int { return strings.Compare(a.String(), b.String()) })
	if len(slices.Compact(seen)) != 5 {
		t.Errorf("%d groups seen", len(seen))
	}
}

func TestBurstsAreTold(t *testing.T) {
	f := newFixture(t)
	for range addressMany {
		f.Arrived(first, "192.0.2.7")
	}
	for i := range minuteMany - addressMany {
		f.Arrived(first, fmt.Sprint("198.51.100.", i))
	}
	f.Arrived(second, "192.0.2.7")
	for i := range textMany {
		f.arrive(second, fmt.Sprint("1380000000", i), "加装电梯", base)
	}
	if err := f.flushArrivals(t.Context()); err != nil {
		t.Fatal(err)
	}
	f.catchUp()
	bursts, err := f.Bursts(t.Context(), liMing, morning.Add(-time.Hour))
	if err != nil {
		t.Fatal(err)
	}
	told := map[string]Burst{}
	for _, b := range bursts {
		told[b.Kind] = b
	}
	if b := told[BurstMinute]; b.Count != minuteMany || b.ConsultationID != first || !b.At.Equal(morning) {
		t.Errorf("in one minute: %+v", b)
	}
	if b := told[BurstAddress]; b.Count != addressMany || b.Source == "" {
		t.Errorf("from one address: %+v", b)
	}
	if b := told[BurstText]; b.Count != textMany || b.GroupID != f.only(second).ID {
		t.Errorf("one text: %+v", b)
	}
	if len(bursts) != 3 {
		t.Errorf("%d bursts: %+v", len(bursts), bursts)
	}
	if n := f.number(`SELECT count(*) FROM arrival WHERE encode(address_index, 'escape') LIKE '%192%'`); n != 0 {
		t.Error("an address is stored")
	}
}

// A member about several clauses is one 条 of one person, and all its clauses are told.
func TestAMemberAboutSeveralClausesIsCountedOnce(t *testing.T) {
	f := newFixture(t)
	several, person := f.arrive(first, "13800000001", "关于电梯", base), "13800000002"
	f.arrive(first, person, "关于电梯", base)
	f.arrive(first, person, "关于电梯", base)
	f.exec(`INSERT INTO clause (id, consultation_id, document, ordinal, kind, number)
	        SELECT gen_random_uuid(), $1, 'draft', n, 'clause', n FROM generate_series(1, 3) AS n`, first)
	f.exec(`UPDATE comment SET clause_ids = ARRAY(SELECT id FROM clause WHERE consultation_id = $2) WHERE id = $1`, several, first)
	f.exec(`UPDATE personal_data SET identity_index = NULL WHERE comment_id = $1`, several)
	f.catchUp()
	g := f.only(first)
	if g.Members != 3 || g.People != 2 || g.Waiting != 3 || !slices.Equal(g.Clauses, []int{1, 2, 3}) {
		t.Errorf("%d 条, %d 人, %d waiting, clauses %v; want 3, 2, 3, [1 2 3]", g.Members, g.People, g.Waiting, g.Clauses)
	}
}
