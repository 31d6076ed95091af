package referral_test

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"wenji/internal/apperr"
	"wenji/internal/referral"
	"wenji/internal/staff"
	"wenji/internal/validate"

	"github.com/google/uuid"
)

func TestAHandOverIsDueInWorkingDaysAndHasOneLead(t *testing.T) {
	f := newFixture(t)
	id := f.comment("published", "建议加装扶手。")
	list := f.refer(id, f.finance, f.civil)
	if len(list) != 2 || list[0].UnitName != "省财政厅" || !list[0].Lead || list[1].Lead {
		t.Fatalf("handed over %+v", list)
	}
	// 30 April 2025: 1 to 5 May are holidays, so the fifteenth working day is 26 May.
	if got := list[0].DueOn.Format("2006-01-02"); got != "2025-05-26" {
		t.Errorf("due on %s", got)
	}
	want := []string{"李明 (liming)|moderator|comment.refer|comment 1|省财政厅, 省民政厅; due 2025-05-26"}
	if got := f.list(`SELECT concat_ws('|', actor, role, action, subject, detail) FROM audit_entry`); !slices.Equal(got, want) {
		t.Errorf("record %q", got)
	}
	err := f.Refer(t.Context(), f.next, []uuid.UUID{id}, referral.Order{Units: []uuid.UUID{f.civil}})
	wantConflict(t, err, "李明", referral.ActRefer)
}

func TestADeclinedCommentIsNotHandedOver(t *testing.T) {
	f := newFixture(t)
	id := f.comment("declined", "买药请加群。")
	wantConflict(t, f.Refer(t.Context(), f.moderator, []uuid.UUID{id}, referral.Order{Units: []uuid.UUID{f.civil}}), "", referral.ActDeclined)
}

func TestAUnitReturnsWithAReasonAndMayBeAskedAgain(t *testing.T) {
	f := newFixture(t)
	id := f.comment("received", "建议加装扶手。")
	one := f.refer(id, f.civil)[0]
	wantProblem(t, f.Return(t.Context(), f.officer, one.ID, one.Version, " "), "reason", validate.WordsEmpty("退回理由"))
	if err := f.Return(t.Context(), f.officer, one.ID, one.Version, "不属于我厅职责"); err != nil {
		t.Fatal(err)
	}
	wantConflict(t, f.Accept(t.Context(), f.officer, one.ID, one.Version), "孙丽", referral.ActReturn)
	if list := f.refer(id, f.civil); len(list) != 2 || list[0].State != referral.Returned || list[1].State != referral.Waiting {
		t.Errorf("hand-overs %+v", list)
	}
}

func TestAnotherUnitsHandOverDoesNotExistForAnOfficer(t *testing.T) {
	f := newFixture(t)
	one := f.refer(f.comment("published", "建议加装扶手。"), f.civil)[0]
	if list, _, err := f.Referrals(t.Context(), f.stranger, referral.Filter{UnitID: f.civil}); err != nil || len(list) != 0 {
		t.Errorf("list %v %v", list, err)
	}
	_, err := f.Referral(t.Context(), f.stranger, one.ID)
	for what, err := range map[string]error{
		"read": err, "accept": f.Accept(t.Context(), f.stranger, one.ID, 1), "return": f.Return(t.Context(), f.stranger, one.ID, 1, "不是我厅职责"),
		"reply": f.Reply(t.Context(), f.stranger, one.ID, 1, "我厅认为可以采纳这条意见。", referral.Adopted),
	} {
		if !errors.Is(err, apperr.ErrNotFound) {
			t.Errorf("%s: %v", what, err)
		}
	}
	if list, _, err := f.Referrals(t.Context(), f.officer, referral.Filter{}); err != nil || len(list) != 1 {
		t.Errorf("the own unit sees %v %v", list, err)
	}
}

func TestWhatGoesAlongHasPersonalDataHidden(t *testing.T) {
	f := newFixture(t)
	id := f.comment("published", "我是王小明，电话13912345678，建议加装扶手。")
	decision := uuid.New()
	f.exec(`INSERT INTO decision (id, consultation_id, comment_id, action, from_state, to_state, version, member_name, decided_at)
	        VALUES ($1, $2, $3, 'publish', 'received', 'published', 2, '李明', now())`, decision, first, id)
	f.exec(`INSERT INTO redaction VALUES ($1, $2, $3, 'body', 2, 5, 'name')`, decision, first, id)
	got, err := f.Referral(t.Context(), f.officer, f.refer(id, f.civil)[0].ID)
	if err != nil {
		t.Fatal(err)
	}
	if want := "我是［已隐去姓名］，电话［已隐去电话号码］，建议加装扶手。"; got.Body != want {
		t.Errorf("the officer reads %q", got.Body)
	}
}

func TestOverdueAndSoonDueAreFoundByTheDay(t *testing.T) {
	f := newFixture(t)
	one := f.refer(f.comment("published", "建议加装扶手。"), f.civil)[0]
	counts := func(state referral.State) int {
		list, _, err := f.Referrals(t.Context(), f.moderator, referral.Filter{State: state})
		if err != nil {
			t.Fatal(err)
		}
		return len(list)
	}
	for days, want := range map[int][2]int{22: {0, 0}, 23: {1, 0}, 26: {1, 0}, 27: {0, 1}} {
		f.at = morning.AddDate(0, 0, days)
		soon, late := counts(referral.Soon), counts(referral.Late)
		if got := [2]int{soon, late}; got != want || one.DueSoon(f.at) != (want[0] == 1) || one.Overdue(f.at) != (want[1] == 1) {
			t.Errorf("after %d days: %v, want %v", days, got, want)
		}
		c, err := f.Counts(t.Context(), f.moderator)
		if err != nil || c.DueSoon != want[0] || c.Overdue != want[1] {
			t.Errorf("dashboard after %d days: %+v %v", days, c, err)
		}
	}
}

func TestActsOfTheWrongRoleAreRefused(t *testing.T) {
	f := newFixture(t)
	id := f.comment("published", "建议加装扶手。")
	one := f.refer(id, f.civil)[0]
	ids := []uuid.UUID{id}
	ctx := t.Context()
	acts := map[string]func(by staff.Member) error{
		"refer": func(by staff.Member) error {
			return f.Refer(ctx, by, ids, referral.Order{Units: []uuid.UUID{f.finance}})
		},
		"accept": func(by staff.Member) error { return f.Accept(ctx, by, one.ID, 1) },
		"return": func(by staff.Member) error { return f.Return(ctx, by, one.ID, 1, "不是我厅职责") },
		"reply": func(by staff.Member) error {
			return f.Reply(ctx, by, one.ID, 1, strings.Repeat("好", 10), referral.Adopted)
		},
		"dispose":   func(by staff.Member) error { return f.Dispose(ctx, by, ids, adopted) },
		"approve":   func(by staff.Member) error { _, err := f.Approve(ctx, by, ids, []int{1}); return err },
		"send back": func(by staff.Member) error { return f.SendBack(ctx, by, id, 1, "请补充理由") },
		"template": func(by staff.Member) error {
			return f.PutTemplate(ctx, by, referral.Template{Name: "模板", Body: "感谢您的意见和建议。"})
		},
		"read": func(by staff.Member) error { _, err := f.Referral(ctx, by, one.ID); return err },
		"file": func(by staff.Member) error { _, err := f.File(ctx, by, id); return err },
	}
	allowed := map[string][]staff.Role{
		"refer": {staff.Moderator}, "accept": {staff.Officer}, "return": {staff.Officer}, "reply": {staff.Officer}, "dispose": {staff.Moderator},
		"approve": {staff.Editor}, "send back": {staff.Editor}, "template": {staff.Moderator},
		"read": {staff.Moderator, staff.Officer, staff.Editor}, "file": {staff.Moderator, staff.Editor},
	}
	for name, act := range acts {
		for _, role := range staff.Roles {
			if slices.Contains(allowed[name], role) {
				continue
			}
			if err := act(staff.Member{ID: uuid.New(), Name: "某", Role: role, UnitID: f.civil}); !errors.Is(err, apperr.ErrForbidden) {
				t.Errorf("%s by %s: %v", name, role, err)
			}
		}
	}
}
