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
	"wenji/internal/vault"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
)

// personal opens what is stored of a comment's writer.
func (o *office) personal(comment uuid.UUID) (p vault.Personal) {
	o.t.Helper()
	err := o.DB.InTx(o.t.Context(), func(tx pgx.Tx) error {
		sealed, err := vault.Read(o.t.Context(), tx, comment)
		if err != nil {
			return err
		}
		p, err = o.Keys.Open(comment, sealed)
		return err
	})
	if err != nil {
		o.t.Fatal(err)
	}
	return p
}

func TestARequestIsATaskOfFifteenWorkingDaysAndItsWordsAreSealed(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	o.at = time.Date(2025, 4, 29, 10, 0, 0, 0, calendar.Shanghai) // before 劳动节: 27 April was worked, 1 to 5 May are free
	id := o.ask(o.comment(theConsultation), AskCorrect, "电话号码写错了，应为13900001111")
	if strings.Contains(dump(t, o.DB), "13900001111") || strings.Contains(dump(t, o.DB), "写错") {
		t.Error("the words lie open in the database")
	}
	list, err := o.OpenRequests(t.Context(), liMing)
	if err != nil || len(list) != 1 {
		t.Fatalf("%v (%v)", list, err)
	}
	if got := list[0].DueOn.Format(time.DateOnly); got != "2025-05-23" || list[0].Overdue(o.at) {
		t.Errorf("due on %s", got)
	}
	o.at = time.Date(2025, 5, 23, 23, 59, 59, 0, calendar.Shanghai)
	if _, overdue, err := o.Counts(t.Context()); list[0].Overdue(o.at) || overdue != 0 || err != nil {
		t.Error("overdue on its last day")
	}
	o.at = o.at.Add(time.Second)
	if open, overdue, err := o.Counts(t.Context()); !list[0].Overdue(o.at) || open != 1 || overdue != 1 || err != nil {
		t.Errorf("the day after: %d open, %d overdue (%v)", open, overdue, err)
	}
	w, err := o.Request(t.Context(), liMing, id)
	if err != nil || w.Words.Reveal() != "电话号码写错了，应为13900001111" || w.Personal != person(1) {
		t.Errorf("for the desk: %v", err)
	}
}

func TestACorrectionIsSealedAndFoundByItsNewValues(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	comment := o.comment(theConsultation)
	id := o.ask(comment, AskCorrect, "姓名和电话更正")
	err := o.Correct(t.Context(), liMing, id, Correction{Name: " 张三丰 ", Phone: "139-0000-1111"})
	if err != nil {
		t.Fatal(err)
	}
	want := person(1)
	want.Name, want.Phone = vault.NewSecret("张三丰"), vault.NewSecret("13900001111")
	if got := o.personal(comment); got != want {
		t.Error("what is stored is not what was corrected, or more was changed")
	}
	tail := o.Keys.Index("phone tail", comment.String()+"|1111")
	n := o.count(`SELECT count(*) FROM comment WHERE id = $1 AND masked_name = '张**' AND tail_index = $2`, comment, tail)
	if n != 1 {
		t.Error("the masked name or the last digits for the look-up did not follow")
	}
	if o.count(`SELECT count(*) FROM personal_request WHERE state = 'granted' AND wish IS NULL AND decided_by = '李明'`) != 1 {
		t.Error("the request is not granted, or its words are kept")
	}
	var detail string
	if err := o.DB.QueryRow(t.Context(), `SELECT detail FROM audit_entry WHERE action = 'request.granted'`).Scan(&detail); err != nil || detail != "corrected name, phone" {
		t.Errorf("record %q (%v)", detail, err)
	}
	if err := o.Refuse(t.Context(), zhaoLi, id, "与原件不符，不能更正"); !errors.Is(err, ErrDecided) {
		t.Errorf("decided twice: %v", err)
	}
}

func TestACorrectionKeepsTheRulesOfTheForm(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	comment := o.comment(theConsultation)
	id := o.ask(comment, AskCorrect, "更正")
	for _, c := range []struct {
		correction Correction
		field      string
		sentence   string
	}{
		{Correction{}, "name", validate.RequestNothing},
		{Correction{Phone: "12345"}, "phone", validate.PhoneForm},
		{Correction{Email: "nobody"}, "email", validate.EmailForm},
		{Correction{Name: "王2"}, "name", validate.NameForm},
	} {
		var invalid *apperr.Invalid
		err := o.Correct(t.Context(), liMing, id, c.correction)
		if !errors.As(err, &invalid) || invalid.Problems[0] != (apperr.Problem{Field: c.field, Message: c.sentence}) {
			t.Errorf("%s: %v", c.field, err)
		}
	}
	if o.personal(comment) != person(1) {
		t.Error("a refused correction changed something")
	}
}

func TestADeletionErasesOnePersonAndIsRecorded(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	mine, other := o.comment(theConsultation), o.comment(theConsultation)
	id := o.ask(mine, AskErase, "请删除我的全部个人信息")
	if err := o.EraseOne(t.Context(), liMing, id); err != nil {
		t.Fatal(err)
	}
	if o.count(`SELECT count(*) FROM personal_data WHERE comment_id = $1`, mine) != 0 || o.personal(other) != person(2) {
		t.Error("not exactly one person was erased")
	}
	if o.count(`SELECT count(*) FROM intake_scan WHERE comment_id = $1`, mine) != 0 {
		t.Error("the scan is left")
	}
	n := o.count(`SELECT count(*) FROM erasure WHERE comment_id = $1 AND people = 1 AND marks = 1 AND scans = 1 AND finished_at IS NOT NULL`, mine)
	if n != 1 || o.record() != "request.ask retention.erased_one request.granted" {
		t.Errorf("%d erasures, record %q", n, o.record())
	}
	list, err := o.RequestsOf(t.Context(), mine)
	if err != nil || len(list) != 1 || list[0].State != Granted {
		t.Errorf("what its writer sees: %+v (%v)", list, err)
	}
	if there, err := o.Askable(t.Context(), mine); err != nil || there {
		t.Errorf("still askable (%v)", err)
	}
	if err := o.Ask(t.Context(), mine, AskErase, "", "203.0.113.7"); !errors.Is(err, ErrNothing) {
		t.Errorf("asked again: %v", err)
	}
}

func TestARefusalGivesItsReason(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	comment := o.comment(theConsultation)
	id := o.ask(comment, AskErase, "")
	var invalid *apperr.Invalid
	if err := o.Refuse(t.Context(), liMing, id, "不"); !errors.As(err, &invalid) || invalid.Problems[0].Field != "answer" {
		t.Errorf("without a reason: %v", err)
	}
	if err := o.Refuse(t.Context(), liMing, id, "征集尚未结束，依法须保存"); err != nil {
		t.Fatal(err)
	}
	list, err := o.RequestsOf(t.Context(), comment)
	if err != nil || list[0].State != Refused || list[0].Answer != "征集尚未结束，依法须保存" {
		t.Errorf("%+v (%v)", list, err)
	}
	if o.personal(comment) != person(1) {
		t.Error("a refused request changed the data")
	}
}

func TestRequestsAreBounded(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	comment := o.comment(theConsultation)
	for i := range perComment {
		id := o.ask(comment, AskCorrect, "更正")
		if err := o.Ask(t.Context(), comment, AskErase, "", "203.0.113.8"); i < perComment-1 && !errors.Is(err, ErrAsked) {
			t.Errorf("a second one at once: %v", err)
		}
		if err := o.Refuse(t.Context(), liMing, id, "与原件不符，不能更正"); err != nil {
			t.Fatal(err)
		}
	}
	if err := o.Ask(t.Context(), comment, AskCorrect, "更正", "203.0.113.9"); !errors.Is(err, apperr.ErrTooMany) {
		t.Errorf("request %d about one comment: %v", perComment+1, err)
	}
	for i := range perAddress + 1 {
		err := o.Ask(t.Context(), o.comment(theConsultation), AskErase, "", "198.51.100.1")
		if errors.Is(err, apperr.ErrTooMany) != (i == perAddress) {
			t.Errorf("request %d from one address: %v", i+1, err)
		}
	}
	for _, c := range []struct {
		kind  Kind
		wish  string
		field string
	}{{"", "x", "kind"}, {AskCorrect, " ", "wish"}, {AskErase, strings.Repeat("删", 501), "wish"}, {AskErase, "a\x00b", "wish"}} {
		var invalid *apperr.Invalid
		if err := o.Ask(t.Context(), comment, c.kind, c.wish, "203.0.113.1"); !errors.As(err, &invalid) || invalid.Problems[0].Field != c.field {
			t.Errorf("%q %q: %v", c.kind, c.wish, err)
		}
	}
}

func TestOfTwoRequestsAtOnceOneComesIn(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	comment := o.comment(theConsultation)
	var all sync.WaitGroup
	for range 4 {
		all.Go(func() {
			if err := o.Ask(t.Context(), comment, AskErase, "", "203.0.113.7"); err != nil && !errors.Is(err, ErrAsked) {
				t.Error(err)
			}
		})
	}
	all.Wait()
	if n := o.count(`SELECT count(*) FROM personal_request`); n != 1 {
		t.Errorf("%d requests", n)
	}
}

func TestOnlyModeratorsHandleRequests(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	id := o.ask(o.comment(theConsultation), AskErase, "")
	for _, role := range staff.Roles {
		if role == staff.Moderator {
			continue
		}
		by := staff.Member{Name: "某", Username: "mou", Role: role}
		_, open := o.OpenRequests(t.Context(), by)
		_, decided := o.DecidedRequests(t.Context(), by)
		_, one := o.Request(t.Context(), by, id)
		for act, err := range map[string]error{
			"open": open, "decided": decided, "one": one,
			"correct": o.Correct(t.Context(), by, id, Correction{Name: "张三"}), "erase": o.EraseOne(t.Context(), by, id),
			"refuse": o.Refuse(t.Context(), by, id, "与原件不符，不能更正"),
		} {
			if !errors.Is(err, apperr.ErrForbidden) {
				t.Errorf("%s may %s: %v", role, act, err)
			}
		}
	}
}

func TestWordsOfRequestsAreSealedAnew(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	id := o.ask(o.comment(theConsultation), AskErase, "请删除")
	path := t.TempDir() + "/keys.json"
	if _, err := vault.Create(path); err != nil {
		t.Fatal(err)
	}
	err := o.DB.InTx(t.Context(), func(tx pgx.Tx) error {
		if n, err := o.StaleWishes(t.Context(), tx); err != nil || n != 0 {
			t.Errorf("%d stale (%v) under the only key", n, err)
		}
		// A value of an older key, as far as its head tells; it does not open.
		if _, err := tx.Exec(t.Context(), `UPDATE personal_request SET wish = '\x01026b30' || substr(wish, 5)`); err != nil {
			return err
		}
		n, err := o.StaleWishes(t.Context(), tx)
		if err != nil || n != 1 {
			t.Errorf("%d stale (%v)", n, err)
		}
		done, err := o.RewrapWishes(t.Context(), tx, uuid.Nil, 10)
		if err != nil || done.Rows != 1 || done.Damaged != 1 || done.Last != id {
			t.Errorf("%+v (%v)", done, err)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}
