package retention

import (
	"errors"
	"strings"
	"sync"
	"testing"
	"time"

	"wenji/internal/apperr"
	"wenji/internal/calendar"
	"wenji/internal/staff"
	"wenji/internal/validate"
)

func TestAPurgeLeavesNoMarkOfAnyoneInAnyTable(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	for range 3 {
		o.ask(o.comment(theConsultation), AskCorrect, "电话改为13900001111")
	}
	o.exec(`INSERT INTO member (id, username, name, role, password_hash, totp_secret, created_at)
		VALUES ('0190aaaa-0000-7000-8000-000000000001', 'u', 'n', 'moderator', '', '', now())`)
	o.exec(`INSERT INTO intake_import (id, consultation_id, member_id, member_name, format, digest, content, created_at, expires_at)
		VALUES ('0190aaaa-0000-7000-8000-000000000002', $1, '0190aaaa-0000-7000-8000-000000000001', 'n', 'eml', '', '\xfeedbeef0badcafe', now(), now())`, theConsultation)
	o.exec(`INSERT INTO intake_entry (comment_id, consultation_id, received_on, member_id, member_name, entered_at, row_digest)
		SELECT id, consultation_id, now(), '0190aaaa-0000-7000-8000-000000000001', 'n', now(), '\xfeedbeef0badcafe02' FROM comment WHERE number = 1`)
	marks := append(o.marks(), "feedbeef0badcafe", "feedbeef0badcafe02")
	before := dump(t, o.DB)
	for _, m := range marks {
		if !strings.Contains(before, m) {
			t.Fatal("the dump does not hold what it should before the purge")
		}
	}
	e, err := o.EraseDue(t.Context(), "wenji", theConsultation, func(int) {})
	if err != nil {
		t.Fatal(err)
	}
	if e.People != 3 || e.Marks != 3 || e.Scans != 4 || e.Requests != 3 || e.Through != 3 || len(e.Digest) != 32 || e.FinishedAt == nil {
		t.Errorf("erasure %+v", e)
	}
	after := dump(t, o.DB)
	for _, m := range marks {
		if strings.Contains(after, m) {
			t.Errorf("a mark is left: %s…", m[:8])
		}
	}
	if !strings.Contains(after, "建议在楼道加装扶手") || o.count(`SELECT count(*) FROM comment`) != 3 {
		t.Error("the comments are gone too")
	}
	if got := o.record(); got != "request.ask request.ask request.ask retention.erased" {
		t.Errorf("record %q", got)
	}
	if _, err := o.EraseDue(t.Context(), "wenji", theConsultation, func(int) {}); !errors.Is(err, ErrNothing) {
		t.Errorf("once more: %v", err)
	}
	list, err := o.List(t.Context(), zhouJun, "")
	if err != nil || len(list) != 1 || list[0].State(o.at) != Erased {
		t.Errorf("list %+v (%v)", list, err)
	}
}

func TestGroupsAreToldThatPeopleAreNoLongerKnown(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	corrected, deleted, kept := o.comment(theConsultation), o.comment(theConsultation), o.comment(theConsultation)
	o.exec(`INSERT INTO comment_group (id, consultation_id, representative_id, members, people, counted, first_at, last_at, created_at)
		SELECT id, consultation_id, id, 1, 1, 1, now(), now(), now() FROM comment`)
	o.exec(`INSERT INTO comment_group_member (comment_id, consultation_id, group_id, similarity, joined_at, number)
		SELECT id, consultation_id, id, 1, now(), number FROM comment`)
	known := func() int { return o.count(`SELECT count(*) FROM comment_group WHERE counted = members`) }
	if err := o.Correct(t.Context(), liMing, o.ask(corrected, AskCorrect, "电话有误"), Correction{Phone: "13900001111"}); err != nil {
		t.Fatal(err)
	}
	if n := known(); n != 2 {
		t.Errorf("after a correction %d groups know their people, want 2", n)
	}
	if err := o.EraseOne(t.Context(), liMing, o.ask(deleted, AskErase, "请删除")); err != nil {
		t.Fatal(err)
	}
	if n := o.count(`SELECT count(*) FROM comment_group WHERE counted = members AND id = $1`, kept); n != 1 || known() != 1 {
		t.Errorf("after a deletion %d groups know their people, want the third", known())
	}
	if _, err := o.EraseDue(t.Context(), "wenji", theConsultation, func(int) {}); err != nil {
		t.Fatal(err)
	}
	if n := known(); n != 0 {
		t.Errorf("after the erasure %d groups know their people", n)
	}
}

func TestAHoldBlocksErasureUntilItIsLifted(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	asked := o.ask(o.comment(theConsultation), AskErase, "")
	if err := o.Hold(t.Context(), zhouJun, theConsultation, "行政复议〔2027〕12号"); err != nil {
		t.Fatal(err)
	}
	if _, err := o.EraseDue(t.Context(), "wenji", theConsultation, func(int) {}); !errors.Is(err, ErrHeld) {
		t.Errorf("purge: %v, want ErrHeld", err)
	}
	if err := o.EraseOne(t.Context(), liMing, asked); !errors.Is(err, ErrHeld) {
		t.Errorf("on request: %v, want ErrHeld", err)
	}
	if due, err := o.Due(t.Context()); err != nil || len(due) != 0 {
		t.Errorf("due %v (%v)", due, err)
	}
	if err := o.Hold(t.Context(), zhouJun, theConsultation, "再次保全"); !errors.Is(err, ErrHolding) {
		t.Errorf("held twice: %v", err)
	}
	if o.count(`SELECT count(*) FROM personal_data`) != 1 {
		t.Fatal("personal data was erased during a hold")
	}
	if err := o.Lift(t.Context(), zhouJun, theConsultation, "复议已经办结"); err != nil {
		t.Fatal(err)
	}
	if err := o.Lift(t.Context(), zhouJun, theConsultation, "复议已经办结"); !errors.Is(err, ErrNotHeld) {
		t.Errorf("lifted twice: %v", err)
	}
	if _, err := o.EraseDue(t.Context(), "wenji", theConsultation, func(int) {}); err != nil {
		t.Errorf("after the hold: %v", err)
	}
	if got := o.record(); got != "request.ask retention.hold retention.lift retention.erased" {
		t.Errorf("record %q", got)
	}
}

func TestTheTermBeginsWithTheResultAndEndsOnItsDay(t *testing.T) {
	t.Parallel()
	day := func(y int, m time.Month, d int) *time.Time {
		at := time.Date(y, m, d, 0, 0, 0, 0, time.UTC)
		return &at
	}
	for _, c := range []struct {
		from   *time.Time
		months int
		due    string
	}{
		{day(2025, 6, 11), 24, "2027-06-11"}, {day(2025, 8, 31), 6, "2026-02-28"}, {day(2024, 2, 29), 12, "2025-02-28"},
		{day(2025, 12, 31), 12, "2026-12-31"}, {day(2025, 10, 31), 120, "2035-10-31"},
	} {
		due, ok := Term{ConcludedOn: c.from, Months: c.months}.DueOn()
		if !ok || due.Format(time.DateOnly) != c.due || due.Location() != calendar.Shanghai {
			t.Errorf("%v + %d months = %v, want %s", c.from, c.months, due, c.due)
		}
	}
	if _, ok := (Term{Months: 24}).DueOn(); ok {
		t.Error("a term without a result has an end")
	}
	o := newOffice(t)
	o.comment(theConsultation)
	o.at = time.Date(2027, 6, 10, 23, 59, 59, 0, calendar.Shanghai)
	if _, err := o.EraseDue(t.Context(), "wenji", theConsultation, func(int) {}); !errors.Is(err, ErrNotDue) {
		t.Errorf("a second early: %v", err)
	}
	o.at = o.at.Add(time.Second)
	if due, err := o.Due(t.Context()); err != nil || len(due) != 1 {
		t.Errorf("due on the day: %v (%v)", due, err)
	}
	if err := o.SetTerm(t.Context(), zhouJun, theConsultation, 36, "档案管理要求"); err != nil {
		t.Fatal(err)
	}
	if _, err := o.EraseDue(t.Context(), "wenji", theConsultation, func(int) {}); !errors.Is(err, ErrNotDue) {
		t.Errorf("with a longer term: %v", err)
	}
}

func TestAnErasureCutOffGoesOnAndReplicasShareIt(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	o.exec(`INSERT INTO comment (id, consultation_id, number, received_at, title, body, masked_name, occupation, text_digest,
			form_digest, code_index, tail_index)
		SELECT gen_random_uuid(), $1, n, now(), 't', 'b', '张**', '其他', '', 'f', decode(md5(n::text), 'hex'), 'x'
		  FROM generate_series(1, $2::int) n`, theConsultation, 2*batch)
	o.exec(`INSERT INTO personal_data (comment_id, consultation_id, name) SELECT id, consultation_id, 'x' FROM comment`)
	o.exec(`UPDATE comment_count SET last_number = $2 WHERE consultation_id = $1`, theConsultation, 2*batch)
	stop := errors.New("killed")
	func() {
		defer func() {
			if recover() != stop {
				t.Error("the first erasure was not cut off")
			}
		}()
		o.EraseDue(t.Context(), "wenji", theConsultation, func(int) { panic(stop) })
	}()
	if left := o.count(`SELECT count(*) FROM personal_data`); left != batch {
		t.Fatalf("%d left after one batch", left)
	}
	var all sync.WaitGroup
	for range 3 {
		all.Go(func() {
			if _, err := o.EraseDue(t.Context(), "wenji", theConsultation, func(int) {}); err != nil && !errors.Is(err, ErrNothing) {
				t.Error(err)
			}
		})
	}
	all.Wait()
	if n := o.count(`SELECT count(*) FROM erasure WHERE finished_at IS NOT NULL AND people = $1 AND marks = $1`, 2*batch); n != 1 {
		t.Errorf("%d finished erasures with %d people, want 1", n, 2*batch)
	}
	if o.count(`SELECT count(*) FROM erasure`) != 1 || o.record() != "retention.erased" {
		t.Errorf("%d erasures, record %q", o.count(`SELECT count(*) FROM erasure`), o.record())
	}
}

func TestOnlyTheSecurityAdministratorSetsTerms(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	o.comment(theConsultation)
	ctx := t.Context()
	for _, role := range staff.Roles {
		by := staff.Member{Name: "某", Username: "mou", Role: role}
		for act, do := range map[string]func() error{
			"list":  func() error { _, err := o.List(ctx, by, ""); return err },
			"term":  func() error { _, err := o.Term(ctx, by, theConsultation); return err },
			"past":  func() error { _, err := o.Erasures(ctx, by, theConsultation); return err },
			"set":   func() error { return o.SetTerm(ctx, by, theConsultation, 24, "档案管理要求") },
			"hold":  func() error { return o.Hold(ctx, by, theConsultation, "行政复议案件") },
			"erase": func() error { _, err := o.Erase(ctx, by, theConsultation); return err },
			"lift":  func() error { return o.Lift(ctx, by, theConsultation, "复议已经办结") },
		} {
			if err := do(); errors.Is(err, apperr.ErrForbidden) == (role == staff.SecurityAdmin) {
				t.Errorf("%s may %s: %v", role, act, err)
			}
		}
	}
}

func TestTermsNeedAKnownLengthAndAReason(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	for _, c := range []struct {
		err  error
		want string
	}{
		{o.SetTerm(t.Context(), zhouJun, theConsultation, 5, "档案管理要求"), validate.TermUnknown},
		{o.SetTerm(t.Context(), zhouJun, theConsultation, 24, " "), validate.TermReason},
		{o.Hold(t.Context(), zhouJun, theConsultation, "案"), validate.HoldReason},
		{o.Hold(t.Context(), zhouJun, theConsultation, strings.Repeat("案", 201)), validate.RetentionLong},
	} {
		var invalid *apperr.Invalid
		if !errors.As(c.err, &invalid) || invalid.Problems[0].Message != c.want {
			t.Errorf("%v, want %q", c.err, c.want)
		}
	}
	if err := o.SetTerm(t.Context(), zhouJun, "2025-0009", 24, "档案管理要求"); !errors.Is(err, apperr.ErrNotFound) {
		t.Errorf("no such consultation: %v", err)
	}
}
