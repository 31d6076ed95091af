package consultation_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"

	"wenji/internal/apperr"
	"wenji/internal/consultation"
)

var (
	wangfang = consultation.Actor{Signature: "王芳 (wangfang)", Role: "editor", Edit: true, SetPublication: true}
	nobody   = consultation.Actor{Signature: "李明 (liming)", Role: "moderator"}
)

func basics() consultation.Basics {
	return consultation.Basics{
		Kind: consultation.MajorDecision, Title: "某项决策（征求意见稿）", Headline: "省发展改革委就某项决策公开征求意见",
		Unit: "省发展改革委", Source: "省发展改革委", ContactPhone: "024-12345678",
	}
}

// created is a consultation that is being prepared, with documents as an import would have stored them.
func created(t *testing.T, s *consultation.Store) *consultation.Consultation {
	t.Helper()
	importSample(t, s)
	id, err := s.Create(t.Context(), wangfang, basics())
	must(t, err)
	exec(t, s, `
		INSERT INTO clause (id, consultation_id, document, ordinal, kind, number, label, title, body)
		SELECT gen_random_uuid(), $1, document, ordinal, kind, number, label, title, body FROM clause WHERE consultation_id = $2`, id, sampleID)
	return desk(t, s, id)
}

func desk(t *testing.T, s *consultation.Store, id string) *consultation.Consultation {
	t.Helper()
	c, err := s.DeskConsultation(t.Context(), id)
	must(t, err)
	return c
}

func TestEditorsAtOnceGetNumbersOfTheirOwn(t *testing.T) {
	s := newStore(t)
	importSample(t, s)
	ids := make([]string, 8)
	var all sync.WaitGroup
	for i := range ids {
		all.Go(func() {
			id, err := s.Create(context.Background(), wangfang, basics())
			if err != nil {
				t.Errorf("create: %v", err)
			}
			ids[i] = id
		})
	}
	all.Wait()
	slices.Sort(ids)
	for i, id := range ids {
		if want := fmt.Sprintf("2025-%04d", i+2); id != want {
			t.Errorf("number %d is %s, want %s", i, id, want)
		}
	}
}

func TestWhoMayNotEditIsRefusedEveryAct(t *testing.T) {
	s := newStore(t)
	c := created(t, s)
	later := at(t, "2025-08-01T00:00:00+08:00")
	_, create := s.Create(t.Context(), nobody, basics())
	for name, err := range map[string]error{
		"create": create, "basics": s.SetBasics(t.Context(), nobody, c.ID, c.Version, basics(), ""),
		"notice": s.SetNotice(t.Context(), nobody, c.ID, c.Version, "公告", ""),
		"draft":  s.SetDraftText(t.Context(), nobody, c.ID, c.Version, "1.甲。乙。"), "interpretation": s.SetInterpretation(t.Context(), nobody, c.ID, c.Version, "甲", ""),
		"fields": s.SetFields(t.Context(), nobody, c.ID, c.Version, consultation.Fields{}),
		"period": s.SetPeriod(t.Context(), nobody, c.ID, c.Version, s.Now(), later, ""),
		"add":    s.AddFile(t.Context(), nobody, c.ID, c.Version, "附件", "a.txt", []byte("文"), ""),
		"remove": s.RemoveFile(t.Context(), nobody, c.ID, c.Version, "a.txt"), "raise": s.RaiseFile(t.Context(), nobody, c.ID, c.Version, "a.txt"),
		"publish": s.Publish(t.Context(), nobody, c.ID, c.Version), "extend": s.Extend(t.Context(), nobody, sampleID, later, "理由"),
		"early end": s.EndEarly(t.Context(), nobody, sampleID, "理由"), "withdraw": s.Withdraw(t.Context(), nobody, sampleID, "理由"),
		"publication": s.SetPublication(t.Context(), nobody, sampleID, consultation.Instant),
	} {
		if !errors.Is(err, apperr.ErrForbidden) {
			t.Errorf("%s: %v, want forbidden", name, err)
		}
	}
	if got := record(t, s); len(got) != 2 {
		t.Errorf("refused acts are in the record: %q", got)
	}
}

func TestAFormSavedOnAnOldVersionIsRefused(t *testing.T) {
	s := newStore(t)
	c := created(t, s)
	must(t, s.SetNotice(t.Context(), wangfang, c.ID, c.Version, "第一位的公告", ""))
	if err := s.SetNotice(t.Context(), wangfang, c.ID, c.Version, "第二位的公告", ""); !errors.Is(err, apperr.ErrConflict) {
		t.Errorf("second save: %v", err)
	}
	now := desk(t, s, c.ID)
	if now.Notice != "第一位的公告" || now.Version != c.Version+1 {
		t.Errorf("notice %q, version %d", now.Notice, now.Version)
	}
	must(t, s.SetNotice(t.Context(), wangfang, c.ID, now.Version, "第一位的公告", "")) // the same words are no change
	if again := desk(t, s, c.ID); again.Version != now.Version {
		t.Errorf("version %d", again.Version)
	}
}

func TestFactsThatCannotBeShownAreNamed(t *testing.T) {
	s := newStore(t)
	c := created(t, s)
	for field, b := range map[string]func(b *consultation.Basics){
		"kind":          func(b *consultation.Basics) { b.Kind = "law" },
		"title":         func(b *consultation.Basics) { b.Title = " \t" },
		"headline":      func(b *consultation.Basics) { b.Headline = strings.Repeat("长", 301) },
		"unit":          func(b *consultation.Basics) { b.Unit = "省\x00厅" },
		"contact_email": func(b *consultation.Basics) { b.ContactEmail = "javascript:alert(1)" },
	} {
		wrong := basics()
		b(&wrong)
		wantInvalid(t, s.SetBasics(t.Context(), wangfang, c.ID, c.Version, wrong, ""), field)
	}
}

func TestATitleIsKeptWithoutTheBracketsThatPagesPutRoundIt(t *testing.T) {
	for typed, want := range map[string]string{
		"《某办法》": "某办法", " 《某办法》 ": "某办法", "某办法": "某办法", "《甲》和《乙》": "《甲》和《乙》", "关于《甲》的决定": "关于《甲》的决定", "《甲》修改": "《甲》修改",
	} {
		if got := consultation.BareTitle(typed); got != want {
			t.Errorf("%q: %q", typed, got)
		}
	}
}

func TestPublishedWordsAreKeptWhenTheyAreCorrected(t *testing.T) {
	s := newStore(t)
	importSample(t, s)
	before := desk(t, s, sampleID)
	wantInvalid(t, s.SetNotice(t.Context(), wangfang, sampleID, before.Version, "改过的公告", " "), "explanation")
	must(t, s.SetNotice(t.Context(), wangfang, sampleID, before.Version, "改过的公告", "更正联系方式"))
	b := before.Basics()
	b.Editor, b.ContactPhone = "李晓", "024-23935917"
	must(t, s.SetBasics(t.Context(), wangfang, sampleID, before.Version+1, b, "责任编辑变更"))
	d, err := s.Dossier(t.Context(), sampleID)
	must(t, err)
	if len(d.Corrections) != 2 || d.Notice != "改过的公告" {
		t.Fatalf("corrections %+v", d.Corrections)
	}
	if k := d.Corrections[0]; k.Explanation != "更正联系方式" || len(k.Fields) != 1 ||
		k.Fields[0] != (consultation.FieldChange{Field: "notice", Old: before.Notice, New: "改过的公告"}) {
		t.Errorf("first correction %+v", k)
	}
	if k := d.Corrections[1]; len(k.Fields) != 2 || k.Fields[0] != (consultation.FieldChange{Field: "contact_phone", Old: before.ContactPhone, New: "024-23935917"}) {
		t.Errorf("second correction %+v", k)
	}
	b.Kind = consultation.GovernmentRule
	wantInvalid(t, s.SetBasics(t.Context(), wangfang, sampleID, before.Version+2, b, "改类型"), "kind")
}

func TestWhatTheFormAsksForIsFixedOncePublished(t *testing.T) {
	s := newStore(t)
	c := created(t, s)
	f := consultation.Fields{IDNumber: consultation.Omitted, Phone: consultation.Required, Email: consultation.Optional, Publication: consultation.AfterReview}
	must(t, s.SetFields(t.Context(), wangfang, c.ID, c.Version, f))
	if now := desk(t, s, c.ID); now.IDNumberRule != consultation.Omitted || now.EmailRule != consultation.Optional {
		t.Errorf("%+v", now)
	}
	f.Publication = consultation.Instant // of a decision, not a 省政府文件
	wantInvalid(t, s.SetFields(t.Context(), wangfang, c.ID, c.Version+1, f), "publication")
	published := desk(t, s, sampleID)
	f.Publication = consultation.AfterReview
	if err := s.SetFields(t.Context(), wangfang, sampleID, published.Version, f); !errors.Is(err, apperr.ErrConflict) {
		t.Errorf("fields of a published one: %v", err)
	}
	if err := s.SetPeriod(t.Context(), wangfang, sampleID, published.Version, published.OpensAt, published.ClosesAt, ""); !errors.Is(err, apperr.ErrConflict) {
		t.Errorf("period of a published one: %v", err)
	}
}

func TestAnEarlyEndAndAWithdrawalAreAnnouncedAndKeepComments(t *testing.T) {
	s := newStore(t)
	importSample(t, s)
	exec(t, s, `UPDATE comment_count SET received = 7`)
	wantInvalid(t, s.EndEarly(t.Context(), wangfang, sampleID, ""), "reason")
	must(t, s.EndEarly(t.Context(), wangfang, sampleID, "意见已经充分"))
	c := desk(t, s, sampleID)
	if c.Phase(s.Now()) != consultation.Closed || !c.ClosesAt.Equal(s.Now()) || c.OriginalClosesAt == nil || c.Received != 7 {
		t.Errorf("%s, closes %s", c.Phase(s.Now()), c.ClosesAt)
	}
	if err := s.EndEarly(t.Context(), wangfang, sampleID, "再来一次"); !errors.Is(err, apperr.ErrConflict) {
		t.Errorf("a second early end: %v", err)
	}
	must(t, s.Extend(t.Context(), wangfang, sampleID, at(t, "2025-06-01T00:00:00+08:00"), "应公众要求"))
	if c = desk(t, s, sampleID); c.EndedEarlyAt != nil || c.Phase(s.Now()) != consultation.Open {
		t.Errorf("after the extension: %s, ended early %v", c.Phase(s.Now()), c.EndedEarlyAt)
	}
	must(t, s.Withdraw(t.Context(), wangfang, sampleID, "政策调整"))
	for _, err := range []error{
		s.Withdraw(t.Context(), wangfang, sampleID, "再来一次"), s.EndEarly(t.Context(), wangfang, sampleID, "再来一次"),
		s.Extend(t.Context(), wangfang, sampleID, at(t, "2025-07-01T00:00:00+08:00"), "再来一次"),
	} {
		if !errors.Is(err, apperr.ErrConflict) {
			t.Errorf("an act after the withdrawal: %v", err)
		}
	}
	d, err := s.Dossier(t.Context(), sampleID)
	must(t, err)
	var kinds []consultation.ChangeKind
	for _, p := range d.Changes {
		kinds = append(kinds, p.Kind)
	}
	if !slices.Equal(kinds, []consultation.ChangeKind{consultation.EarlyEnd, consultation.Extension, consultation.Withdrawal}) || d.Received != 7 {
		t.Errorf("announced %v, %d comments", kinds, d.Received)
	}
	if d.Phase(s.Now()) != consultation.Withdrawn || d.WithdrawalReason != "政策调整" {
		t.Errorf("%s: %q", d.Phase(s.Now()), d.WithdrawalReason)
	}
}
