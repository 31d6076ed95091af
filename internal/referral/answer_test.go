package referral_test

import (
	"errors"
	"slices"
	"sync"
	"sync/atomic"
	"testing"

	"wenji/internal/apperr"
	"wenji/internal/referral"
	"wenji/internal/staff"
	"wenji/internal/validate"

	"github.com/google/uuid"
)

func TestHolesAndMissingReasonsKeepADraftFromTheApprover(t *testing.T) {
	f := newFixture(t)
	ids := []uuid.UUID{f.comment("published", "建议加装扶手。")}
	draft := func(o referral.Outcome, reason, answer string) error {
		return f.Dispose(t.Context(), f.moderator, ids, referral.Draft{Outcome: o, Reason: reason, Answer: answer})
	}
	wantProblem(t, draft(referral.Adopted, "", "感谢您对【】的关心。经研究，【 】。"), "answer", "答复中还有2处“【】”未填写。")
	wantProblem(t, draft("", "", "感谢您的意见。"), "outcome", validate.OutcomeMissing)
	wantProblem(t, draft(referral.Adopted, "", "您的身份证号码11010519491231002X已核实。"), "answer", validate.WordsPersonal("答复内容"))
	for _, o := range referral.Outcomes {
		err := draft(o, "", "感谢您的意见。")
		if o == referral.Adopted {
			if err != nil {
				t.Error(err)
			}
			continue
		}
		wantProblem(t, err, "reason", validate.OutcomeReason)
	}
}

func TestTheDrafterNeverApproves(t *testing.T) {
	f := newFixture(t)
	id := f.comment("published", "建议加装扶手。")
	f.dispose(f.moderator, id)
	promoted := f.moderator
	promoted.Role = staff.Editor // a member given another role meanwhile
	if _, err := f.Approve(t.Context(), promoted, []uuid.UUID{id}, []int{1}); !errors.Is(err, apperr.ErrForbidden) {
		t.Errorf("the drafter approved: %v", err)
	}
	if n, _, err := f.Undisposed(t.Context(), first, 10); err != nil || n != 1 {
		t.Errorf("%d undisposed, %v", n, err)
	}
	other := f.comment("withheld", "建议增加助餐点。")
	f.dispose(f.next, other)
	done, err := f.Approve(t.Context(), promoted, []uuid.UUID{id, other}, []int{1, 1})
	var left *referral.Unfinished
	if done != 1 || !errors.As(err, &left) || *left != (referral.Unfinished{Own: 1}) {
		t.Errorf("done %d, %v", done, err)
	}
}

func TestAnApprovedAnswerIsRecordedAndMailedOnce(t *testing.T) {
	f := newFixture(t)
	mailed, silent := f.comment("published", "建议加装扶手。"), f.comment("published", "建议增加助餐点。")
	f.exec(`DELETE FROM personal_data WHERE comment_id = $1`, silent) // erased
	f.dispose(f.moderator, mailed, silent)
	f.approve(mailed, silent)
	if got := f.list(`SELECT comment_id::text || kind FROM outbox`); !slices.Equal(got, []string{mailed.String() + "answered"}) {
		t.Errorf("outbox %q", got)
	}
	want := []string{"answer.approve comment 1", "answer.approve comment 2", "answer.submit comment 1", "answer.submit comment 2"}
	if got := f.list(`SELECT action || ' ' || subject FROM audit_entry ORDER BY 1`); !slices.Equal(got, want) {
		t.Errorf("record %q", got)
	}
	_, err := f.Approve(t.Context(), f.editor, []uuid.UUID{mailed}, []int{1})
	wantConflict(t, err, "王芳", referral.ActApprove)
	if n := len(f.list(`SELECT 'x' FROM outbox`)); n != 1 {
		t.Errorf("%d mails", n)
	}
}

func TestACorrectionTakesThePlaceOnlyOnceApproved(t *testing.T) {
	f := newFixture(t)
	id := f.comment("published", "建议加装扶手。")
	f.dispose(f.moderator, id)
	f.approve(id)
	public := func() string { return f.list(`SELECT outcome || answer FROM published_reply`)[0] }
	before := public()
	correction := referral.Draft{Outcome: referral.Partly, Reason: "只能加装一侧", Answer: "更正后的答复。", Versions: []int{1}}
	if err := f.Dispose(t.Context(), f.next, []uuid.UUID{id}, correction); err != nil {
		t.Fatal(err)
	}
	if public() != before {
		t.Error("a correction is public before its approval")
	}
	wantConflict(t, f.Dispose(t.Context(), f.moderator, []uuid.UUID{id}, correction), "赵丽", referral.ActSubmit)
	f.approve(id)
	versions := f.file(id).Versions
	if public() != "partly更正后的答复。" || len(versions) != 2 || versions[0].Status != referral.Replaced || versions[0].Answer != adopted.Answer {
		t.Errorf("public %q, versions %+v", public(), versions)
	}
}

func TestAnAnswerIsSentBackWithWords(t *testing.T) {
	f := newFixture(t)
	id := f.comment("published", "建议加装扶手。")
	f.dispose(f.moderator, id)
	wantProblem(t, f.SendBack(t.Context(), f.editor, id, 1, ""), "words", validate.WordsEmpty("退回意见"))
	if err := f.SendBack(t.Context(), f.editor, id, 1, "请写明时间"); err != nil {
		t.Fatal(err)
	}
	_, err := f.Approve(t.Context(), f.editor, []uuid.UUID{id}, []int{1})
	wantConflict(t, err, "王芳", referral.ActSendBack)
	list, _, err := f.Answers(t.Context(), f.moderator, referral.TabReturned, "", uuid.Nil)
	if err != nil || len(list) != 1 || list[0].ReturnWords != "请写明时间" {
		t.Errorf("sent back: %+v %v", list, err)
	}
}

func TestAGroupIsAnsweredAtOnceButWhatHasAnAnswerKeepsIt(t *testing.T) {
	f := newFixture(t)
	ids := []uuid.UUID{f.comment("published", "建议加装扶手。"), f.comment("withheld", "建议加装扶手！"), f.comment("declined", "加装扶手")}
	f.dispose(f.moderator, ids[0])
	f.approve(ids[0])
	outside := referral.Draft{Outcome: referral.Outside, Reason: "不在范围", Answer: "感谢您的参与。"}
	if err := f.Dispose(t.Context(), f.next, ids, outside); err != nil {
		t.Fatal(err)
	}
	if got := f.file(ids[0]).Latest(); got.Version != 1 || got.Outcome != referral.Adopted {
		t.Errorf("the answered one became %+v", got)
	}
	if n, numbers, err := f.Undisposed(t.Context(), first, 1); err != nil || n != 2 || !slices.Equal(numbers, []int{2}) {
		t.Errorf("undisposed %d %v %v", n, numbers, err)
	}
	f.approve(ids[1], ids[2])
	if n, numbers, err := f.Undisposed(t.Context(), first, 10); err != nil || n != 0 || len(numbers) != 0 {
		t.Errorf("undisposed %d %v %v", n, numbers, err)
	}
	if got := f.list(`SELECT number::text FROM published_reply`); !slices.Equal(got, []string{"1"}) {
		t.Errorf("public answers to %q", got)
	}
}

func TestOnlyDecidedCommentsAreAnswered(t *testing.T) {
	f := newFixture(t)
	ids := []uuid.UUID{f.comment("published", "建议加装扶手。"), f.comment("received", "建议增加助餐点。")}
	wantConflict(t, f.Dispose(t.Context(), f.moderator, ids, adopted), "", referral.ActUndecided)
	f.dispose(f.moderator, ids[0])
	f.exec(`UPDATE comment SET state = 'received', public_title = NULL, public_body = NULL, published_at = NULL WHERE id = $1`, ids[0])
	_, err := f.Approve(t.Context(), f.editor, ids[:1], []int{1})
	wantConflict(t, err, "", referral.ActUndecided)
}

func TestAnAnswerIsGivenInTheNameOfTheLeadThatReplied(t *testing.T) {
	f := newFixture(t)
	id := f.comment("published", "建议加装扶手。")
	for _, r := range f.refer(id, f.finance, f.civil) {
		by := f.officer
		if r.UnitID == f.finance {
			by = f.stranger
		}
		if err := f.Reply(t.Context(), by, r.ID, 1, "我厅认为可以采纳这条意见。", referral.Adopted); err != nil {
			t.Fatal(err)
		}
	}
	f.dispose(f.moderator, id)
	f.approve(id)
	p, err := f.Progress(t.Context(), id)
	if err != nil || p.Unit != "省财政厅" || !slices.Equal(p.Units, []string{"省财政厅", "省民政厅"}) || p.AnsweredAt == nil {
		t.Errorf("progress %+v %v", p, err)
	}
}

func TestTheFasterChangeOfATemplateStays(t *testing.T) {
	f := newFixture(t)
	wantProblem(t, f.PutTemplate(t.Context(), f.moderator, referral.Template{Name: "采纳", Body: "感谢您对【】的关心。"}), "name", validate.TemplateTaken)
	list, err := f.Templates(t.Context(), f.moderator)
	if err != nil || len(list) == 0 {
		t.Fatalf("templates %v %v", list, err)
	}
	changed := list[0]
	changed.Body = "感谢您的意见。经研究，【】。"
	if err := f.PutTemplate(t.Context(), f.moderator, changed); err != nil {
		t.Fatal(err)
	}
	var c *apperr.Conflict
	if err := f.PutTemplate(t.Context(), f.next, changed); !errors.As(err, &c) || c.By != "李明" {
		t.Errorf("the slower change: %v", err)
	}
}

func TestOfSeveralAtOnceOneDraftsAndOneApproves(t *testing.T) {
	f := newFixture(t)
	id := f.comment("published", "建议加装扶手。")
	at := func(act func() error) (done int32) {
		var n atomic.Int32
		var wg sync.WaitGroup
		for range 6 {
			wg.Go(func() {
				if err := act(); err == nil {
					n.Add(1)
				} else if !errors.Is(err, apperr.ErrConflict) {
					t.Errorf("the slower: %v", err)
				}
			})
		}
		wg.Wait()
		return n.Load()
	}
	draft := adopted
	draft.Versions = []int{0}
	if n := at(func() error { return f.Dispose(t.Context(), f.moderator, []uuid.UUID{id}, draft) }); n != 1 {
		t.Errorf("%d drafts", n)
	}
	n := at(func() error { _, err := f.Approve(t.Context(), f.editor, []uuid.UUID{id}, []int{1}); return err })
	if mails := f.list(`SELECT id::text FROM outbox`); n != 1 || len(mails) != 1 {
		t.Errorf("%d approvals, %d mails", n, len(mails))
	}
}
