package consultation_test

import (
	"archive/zip"
	"bytes"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"wenji/internal/apperr"
	"wenji/internal/consultation"
)

// unmet are the duties that are not fulfilled.
func unmet(t *testing.T, s *consultation.Store, id string) []consultation.DutyCode {
	t.Helper()
	list, err := s.Checklist(t.Context(), id)
	must(t, err)
	var open []consultation.DutyCode
	for _, d := range list {
		if !d.Met {
			open = append(open, d.Code)
		}
	}
	return open
}

func refused(t *testing.T, err error) []string {
	t.Helper()
	var invalid *apperr.Invalid
	if !errors.As(err, &invalid) {
		t.Fatalf("publish: %v, want a list of duties", err)
	}
	var fields []string
	for _, p := range invalid.Problems {
		fields = append(fields, p.Field)
	}
	return fields
}

func TestWhatFailsADutyIsNotPublished(t *testing.T) {
	s := newStore(t)
	importSample(t, s)
	b := basics()
	b.ContactPhone = ""
	id, err := s.Create(t.Context(), wangfang, b)
	must(t, err)
	want := []consultation.DutyCode{consultation.DutyNotice, consultation.DutyDraft, consultation.DutyExplanation, consultation.DutyContact}
	if got := unmet(t, s, id); !slices.Equal(got, want) {
		t.Errorf("unmet %v, want %v", got, want)
	}
	if got := refused(t, s.Publish(t.Context(), wangfang, id, 1)); !slices.Equal(got, []string{"notice", "draft", "explanation", "contact"}) {
		t.Errorf("refused for %v", got)
	}
	if c := desk(t, s, id); c.Stage != consultation.StagePreparing || c.Version != 1 {
		t.Errorf("stage %s, version %d", c.Stage, c.Version)
	}
}

func TestPublicationShowsItFromNowOn(t *testing.T) {
	s := newStore(t)
	c := created(t, s)
	must(t, s.SetNotice(t.Context(), wangfang, c.ID, c.Version, "公告", ""))
	// Opened, on paper, before it is published: comments are taken from publication.
	must(t, s.SetPeriod(t.Context(), wangfang, c.ID, c.Version+1, at(t, "2025-04-20T00:00:00+08:00"), at(t, "2025-06-02T00:00:00+08:00"), ""))
	if got := unmet(t, s, c.ID); len(got) != 0 {
		t.Fatalf("unmet %v", got)
	}
	must(t, s.Publish(t.Context(), wangfang, c.ID, c.Version+2))
	p, err := s.Consultation(t.Context(), c.ID)
	must(t, err)
	if p.Phase(s.Now()) != consultation.Open || !p.OpensAt.Equal(s.Now()) || !p.PublishedOn.Equal(at(t, "2025-05-01T00:00:00+08:00")) {
		t.Errorf("%s, opens %s, published on %s", p.Phase(s.Now()), p.OpensAt, p.PublishedOn)
	}
	if err := s.Publish(t.Context(), wangfang, c.ID, p.Version); !errors.Is(err, apperr.ErrConflict) {
		t.Errorf("published twice: %v", err)
	}
	if got := record(t, s); !strings.HasPrefix(got[len(got)-1], "consultation.publish|王芳 (wangfang)|editor|from 2025-05-01T09:00:00+08:00") {
		t.Errorf("record %q", got[len(got)-1])
	}
}

func TestTheShortestPeriodFollowsTheKind(t *testing.T) {
	s := newStore(t)
	c := created(t, s)
	cases := []struct {
		name     string
		kind     consultation.Kind
		business bool
		closes   string // opens on 6 May, a Tuesday
		have     int
		short    bool
	}{
		{"a decision of 30 days", consultation.MajorDecision, false, "2025-06-06T00:00:00+08:00", 30, false},
		{"a decision of 29 days", consultation.MajorDecision, false, "2025-06-05T00:00:00+08:00", 29, true},
		{"a rule of 29 days", consultation.GovernmentRule, false, "2025-06-05T00:00:00+08:00", 29, true},
		{"a regulation of 29 days", consultation.LocalRegulation, false, "2025-06-05T00:00:00+08:00", 29, true},
		{"a document of seven working days", consultation.NormativeDocument, false, "2025-05-16T00:00:00+08:00", 7, false},
		{"a document of six working days", consultation.NormativeDocument, false, "2025-05-15T00:00:00+08:00", 6, true},
		{"a document that bears on business", consultation.NormativeDocument, true, "2025-05-16T00:00:00+08:00", 9, true},
	}
	for _, k := range cases {
		exec(t, s, `UPDATE consultation SET kind = $2, concerns_business = $3, opens_at = $4, closes_at = $5, short_period_reason = '' WHERE id = $1`,
			c.ID, string(k.kind), k.business, at(t, "2025-05-06T00:00:00+08:00"), at(t, k.closes))
		list, err := s.Checklist(t.Context(), c.ID)
		must(t, err)
		i := slices.IndexFunc(list, func(d consultation.Duty) bool { return d.Code == consultation.DutyReason })
		if d := list[i]; d.Have != k.have || d.Short != k.short || d.Met == k.short {
			t.Errorf("%s: %+v", k.name, d)
		}
		exec(t, s, `UPDATE consultation SET short_period_reason = '情况紧急' WHERE id = $1`, c.ID)
		if got := unmet(t, s, c.ID); slices.Contains(got, consultation.DutyReason) {
			t.Errorf("%s, explained: unmet %v", k.name, got)
		}
	}
}

// 调休: 27 April 2025, a Sunday, was worked; 1 to 5 May were holidays.
func TestWorkingDaysFollowTheHolidays(t *testing.T) {
	s := newStore(t)
	c := created(t, s)
	early := at(t, "2025-04-20T09:00:00+08:00")
	exec(t, s, `UPDATE consultation SET kind = 'normative_document', opens_at = $2, closes_at = $3 WHERE id = $1`,
		c.ID, at(t, "2025-04-25T00:00:00+08:00"), at(t, "2025-05-08T00:00:00+08:00"))
	s.Now = func() time.Time { return early }
	list, err := s.Checklist(t.Context(), c.ID)
	must(t, err)
	i := slices.IndexFunc(list, func(d consultation.Duty) bool { return d.Code == consultation.DutyPeriod })
	if list[i].Have != 6 { // 27, 28, 29, 30 April, 6 and 7 May
		t.Errorf("%d working days, want 6", list[i].Have)
	}
	exec(t, s, `UPDATE consultation SET opens_at = $2, closes_at = $3 WHERE id = $1`,
		c.ID, at(t, "2027-12-01T00:00:00+08:00"), at(t, "2028-02-01T00:00:00+08:00"))
	if got := unmet(t, s, c.ID); !slices.Contains(got, consultation.DutyCalendar) {
		t.Errorf("years without holidays: unmet %v", got)
	}
}

func zipped(t *testing.T, names ...string) []byte {
	t.Helper()
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	for _, name := range names {
		_, err := z.Create(name)
		must(t, err)
	}
	must(t, z.Close())
	return b.Bytes()
}

func TestAFileIsWhatItsEndingSays(t *testing.T) {
	s := newStore(t)
	c := created(t, s)
	compound := "\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
	good := map[string][]byte{
		"说明.pdf": []byte("%PDF-1.7\n…\n%%EOF\n"), "a.docx": zipped(t, "[Content_Types].xml", "word/document.xml"),
		"b.XLSX": zipped(t, "xl/workbook.xml"), "c.doc": []byte(compound + "…"), "d.txt": []byte("正文"), "e.ofd": zipped(t, "OFD.xml"),
	}
	version := c.Version
	for name, content := range good {
		must(t, s.AddFile(t.Context(), wangfang, c.ID, version, "附件"+name, name, content, ""))
		version++
	}
	bad := map[string][]byte{
		"a.html": []byte("<script>"), "a.pdf": []byte("<html>"), "b.docx": zipped(t, "xl/workbook.xml"), "c.docx": []byte("PK\x03\x04 broken"),
		"d.docx": zipped(t, "word/document.xml", "word/vbaProject.bin"), "e.docx": zipped(t, "word/document.xml", "../../etc/passwd"),
		"f.doc": []byte(compound + "_\x00V\x00B\x00A\x00_\x00P\x00R\x00O\x00J\x00E\x00C\x00T\x00"), "g.txt": []byte("a\x00b"), "h.exe": []byte("MZ"),
		"i.zip": zipped(t, "a.txt"), "j": []byte("x"), "k.pdf": nil, "again.txt": good["d.txt"],
	}
	for name, content := range bad {
		wantInvalid(t, s.AddFile(t.Context(), wangfang, c.ID, version, "附件", name, content, ""), "file")
	}
	d, err := s.DeskDossier(t.Context(), c.ID)
	must(t, err)
	if len(d.Attachments) != len(good) {
		t.Fatalf("%d attachments", len(d.Attachments))
	}
	last := d.Attachments[len(good)-1]
	must(t, s.RaiseFile(t.Context(), wangfang, c.ID, version, last.Name))
	must(t, s.RemoveFile(t.Context(), wangfang, c.ID, version+1, d.Attachments[0].Name))
	d, err = s.DeskDossier(t.Context(), c.ID)
	must(t, err)
	if len(d.Attachments) != len(good)-1 || d.Attachments[len(good)-3] != last {
		t.Errorf("attachments %+v", d.Attachments)
	}
	exec(t, s, `UPDATE attachment SET content = 'x' WHERE consultation_id = $1 AND name = $2`, c.ID, last.Name)
	if got := unmet(t, s, c.ID); last.MediaType != "text/plain; charset=utf-8" && !slices.Contains(got, consultation.DutyFiles) {
		t.Errorf("with a spoilt file: unmet %v", got)
	}
}

func TestPublishedFilesStay(t *testing.T) {
	s := newStore(t)
	importSample(t, s)
	c := desk(t, s, sampleID)
	d, err := s.Dossier(t.Context(), sampleID)
	must(t, err)
	if err := s.RemoveFile(t.Context(), wangfang, sampleID, c.Version, d.Attachments[0].Name); !errors.Is(err, apperr.ErrConflict) {
		t.Errorf("remove: %v", err)
	}
	wantInvalid(t, s.AddFile(t.Context(), wangfang, sampleID, c.Version, "补充", "a.txt", []byte("补充"), ""), "explanation")
	must(t, s.AddFile(t.Context(), wangfang, sampleID, c.Version, "补充", "a.txt", []byte("补充"), "补充材料"))
	if d, err = s.Dossier(t.Context(), sampleID); err != nil || len(d.Corrections) != 1 || len(d.Attachments) != 3 {
		t.Errorf("%+v %v", d.Corrections, err)
	}
}
