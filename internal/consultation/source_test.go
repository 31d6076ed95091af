package consultation_test

import (
	"encoding/json"
	"io/fs"
	"strings"
	"testing"
	"testing/fstest"

	"wenji/internal/clause"
	"wenji/internal/consultation"
	"wenji/internal/sample"
)

func sampleSource(t testing.TB) consultation.Source {
	t.Helper()
	s, err := consultation.ReadSource(sample.FS)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestTheSampleIsWholeAndFreeOfDoubt(t *testing.T) {
	s := sampleSource(t)
	d := consultation.Dossier{Draft: s.Draft}
	if got := d.ClauseTotal(); got != 29 {
		t.Errorf("%d clauses, want 29", got)
	}
	if c, ok := d.ClauseByNumber(5); !ok || c.Title != "推进适老化改造" {
		t.Errorf("clause 5 is %q", c.Title)
	}
	if _, ok := d.ClauseByNumber(30); ok {
		t.Error("there is a clause 30")
	}
	if len(s.Doubts) > 0 {
		t.Errorf("doubtful places: %v", s.Doubts)
	}
	want := consultation.Consultation{
		ID: "2025-0001", Stage: consultation.StagePublished, Kind: consultation.NormativeDocument,
		Title:       "辽宁省深化养老服务改革促进银发经济发展的实施方案（征求意见稿）",
		Headline:    "省民政厅就《辽宁省深化养老服务改革促进银发经济发展的实施方案（征求意见稿）》公开征求意见",
		Unit:        "辽宁省民政厅",
		Source:      "辽宁省民政厅",
		Editor:      "董越",
		PublishedOn: at(t, "2025-04-29T00:00:00+08:00"), OpensAt: s.OpensAt, ClosesAt: s.ClosesAt,
		ShortPeriodReason: "为尽快推动实施方案出台，积极推进工作落实",
		Publication:       consultation.AfterReview,
		IDNumberRule:      consultation.Required, PhoneRule: consultation.Required, EmailRule: consultation.Required,
		ContactPhone: "（024）23935916", ContactEmail: "laolinggongzuochu@163.com",
		MailSubject: "《辽宁省深化养老服务改革促进银发经济发展的实施方案（征求意见稿）》意见建议",
		Notice:      s.Notice,
	}
	got := s.Consultation
	if !got.PublishedOn.Equal(want.PublishedOn) {
		t.Errorf("published on %s", got.PublishedOn)
	}
	got.PublishedOn = want.PublishedOn
	if got != want {
		t.Errorf("\n got %+v\nwant %+v", got, want)
	}
	if !s.OpensAt.Equal(at(t, "2025-04-29T00:00:00+08:00")) || !s.ClosesAt.Equal(at(t, "2025-05-08T00:00:00+08:00")) {
		t.Errorf("period from %s to %s", s.OpensAt, s.ClosesAt)
	}
	for _, part := range []string{s.Title, s.MailSubject, s.ContactPhone, s.ContactEmail, s.Files[0].Title, s.Files[1].Title, s.ShortPeriodReason} {
		if !strings.Contains(s.Notice, part) {
			t.Errorf("the notice does not say %q", part)
		}
	}
}

// Old versions of Windows take a text without byte order mark for GBK, and show LF line ends as one line.
func TestTextAttachmentsOpenInOldWindows(t *testing.T) {
	s := sampleSource(t)
	if len(s.Files) != 2 {
		t.Fatalf("%d attachments, want 2", len(s.Files))
	}
	for i, name := range []string{"draft.txt", "interpretation.txt"} {
		f := s.Files[i]
		text, err := fs.ReadFile(sample.FS, name)
		if err != nil {
			t.Fatal(err)
		}
		heading := strings.NewReplacer("《", "", "》", "").Replace(f.Title)
		want := "\ufeff" + heading + "\r\n\r\n" + strings.ReplaceAll(string(text), "\n", "\r\n")
		if string(f.Content) != want {
			t.Errorf("%s is not the text with title, byte order mark and CRLF", name)
		}
		if f.Name != name || f.MediaType != "text/plain; charset=utf-8" || f.Size != len(f.Content) {
			t.Errorf("attachment %+v", f.Attachment)
		}
	}
}

// folder is the sample with some files replaced; nil removes one.
func folder(t testing.TB, change map[string]any) fstest.MapFS {
	t.Helper()
	files := fstest.MapFS{}
	for _, name := range []string{"consultation.json", "notice.txt", "draft.txt", "interpretation.txt"} {
		content, err := fs.ReadFile(sample.FS, name)
		if err != nil {
			t.Fatal(err)
		}
		files[name] = &fstest.MapFile{Data: content}
	}
	for name, content := range change {
		switch c := content.(type) {
		case nil:
			delete(files, name)
		case string:
			files[name] = &fstest.MapFile{Data: []byte(c)}
		}
	}
	return files
}

// settings is the sample's consultation.json with some fields replaced.
func settings(t testing.TB, change map[string]any) string {
	t.Helper()
	content, err := fs.ReadFile(sample.FS, "consultation.json")
	if err != nil {
		t.Fatal(err)
	}
	var fields map[string]any
	if err := json.Unmarshal(content, &fields); err != nil {
		t.Fatal(err)
	}
	for k, v := range change {
		fields[k] = v
	}
	content, err = json.Marshal(fields)
	if err != nil {
		t.Fatal(err)
	}
	return string(content)
}

func attachment(name, file string) map[string]any {
	return map[string]any{"attachments": []map[string]string{{"name": name, "file": file, "title": "附表"}}}
}

func TestWhatIsWrongWithAFolderIsSaidWithWhatToDo(t *testing.T) {
	with := func(change map[string]any) map[string]any {
		return map[string]any{"consultation.json": settings(t, change)}
	}
	cases := []struct {
		name   string
		change map[string]any
		want   []string
	}{
		{"no settings", map[string]any{"consultation.json": nil}, []string{"consultation.json is missing", "write one"}},
		{"broken JSON", map[string]any{"consultation.json": "{"}, []string{"mend the JSON"}},
		{"two objects", map[string]any{"consultation.json": settings(t, nil) + "{}"}, []string{"leave one object"}},
		{"a misspelt field", with(map[string]any{"titel": "x"}), []string{`unknown field "titel"`}},
		{"no notice", map[string]any{"notice.txt": nil}, []string{"notice.txt is missing"}},
		{"an empty draft", map[string]any{"draft.txt": " \n"}, []string{"draft.txt is empty"}},
		{"a draft without clauses", map[string]any{"draft.txt": "全文。"}, []string{"draft.txt has no numbered clause"}},
		{"GBK", map[string]any{"draft.txt": "\xd2\xbb\xa1\xa2"}, []string{"draft.txt is not UTF-8: save it as UTF-8"}},
		{"a control character", map[string]any{"notice.txt": "甲\n乙\x00"}, []string{"notice.txt has a control character in line 2"}},
		{"an id of another form", with(map[string]any{"id": "1"}), []string{"2025-0001"}},
		{"an unknown kind", with(map[string]any{"kind": "law"}), []string{"kind must be one of"}},
		{"instant for a regulation", with(map[string]any{"kind": "local_regulation", "publication": "instant"}), []string{"write after_review"}},
		{"an unknown rule", with(map[string]any{"phone_rule": "maybe"}), []string{"phone_rule must be one of"}},
		{"no date", with(map[string]any{"published_on": "29.4.2025"}), []string{"published_on as a date such as 2025-04-29"}},
		{"a period the wrong way round", with(map[string]any{"closes_at": "2025-04-01T00:00:00+08:00"}), []string{"closes_at must be after opens_at"}},
		{"a slip in the year", with(map[string]any{"closes_at": "2205-05-08T00:00:00+08:00"}), []string{"mend the year"}},
		{"a short period without reason", with(map[string]any{"short_period_reason": " "}), []string{"give the reason in short_period_reason"}},
		{"two lines in a title", with(map[string]any{"title": "甲\n乙"}), []string{"title must be one line"}},
		{"no e-mail address", with(map[string]any{"contact_email": "x"}), []string{"contact_email"}},
		{"a file that is not there", with(attachment("a.pdf", "a.pdf")), []string{`attachment "a.pdf"`}},
		{"a file outside the folder", with(attachment("a.pdf", "../a.pdf")), []string{"no path inside the folder"}},
		{"a kind of file that is not offered", with(attachment("a.html", "a.html")), []string{"one of .txt .pdf"}},
		{"an ending that hides the kind", with(attachment("a.pdf", "draft.txt")), []string{"under the ending of its file"}},
		{"a name that is a path", with(attachment("a/b.txt", "draft.txt")), []string{"letters, digits"}},
		{"everything at once", map[string]any{"consultation.json": settings(t, map[string]any{"id": "", "unit": ""}), "notice.txt": nil},
			[]string{"2025-0001", "unit is missing", "notice.txt is missing"}},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			_, err := consultation.ReadSource(folder(t, c.change))
			if err == nil {
				t.Fatal("the folder was accepted")
			}
			for _, part := range c.want {
				if !strings.Contains(err.Error(), part) {
					t.Errorf("error does not say %q:\n%v", part, err)
				}
			}
		})
	}
}

func TestWhatAFolderMayLeaveOut(t *testing.T) {
	s, err := consultation.ReadSource(folder(t, map[string]any{
		"interpretation.txt": nil,
		"notice.txt":         "\ufeff第一段\r\n第二段\r\n",
		"consultation.json":  settings(t, attachment("附表.PDF", "files/table.pdf")),
		"files/table.pdf":    "%PDF-1.7\x00",
	}))
	if err != nil {
		t.Fatal(err)
	}
	if s.Notice != "第一段\n第二段" || len(s.Interpretation) != 0 {
		t.Errorf("notice %q, interpretation %v", s.Notice, s.Interpretation)
	}
	if f := s.Files[0]; f.Name != "附表.PDF" || f.MediaType != "application/pdf" || string(f.Content) != "%PDF-1.7\x00" {
		t.Errorf("attachment %+v", f.Attachment)
	}
}

func TestDoubtfulPlacesCarryTheirFile(t *testing.T) {
	s, err := consultation.ReadSource(folder(t, map[string]any{"draft.txt": "1.甲乙。丙。\n3.丁戊。己。\n"}))
	if err != nil {
		t.Fatal(err)
	}
	if len(s.Doubts) != 1 || s.Doubts[0].Document != "draft.txt" || s.Doubts[0].Code != clause.MissingNumber || s.Doubts[0].Line != 2 {
		t.Errorf("doubts %+v", s.Doubts)
	}
}
