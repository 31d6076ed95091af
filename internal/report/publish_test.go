package report_test

import (
	"bytes"
	"encoding/csv"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"testing"

	"wenji/internal/apperr"
	"wenji/internal/report"

	"github.com/xuri/excelize/v2"
)

// mixed stores comments of every kind: three of 信函 and the rest by web, with small groups of occupations.
func (f *fixture) mixed() {
	f.t.Helper()
	for i := range 6 {
		f.add(comment{clauses: []int{1, 2}, outcome: "adopted", body: fmt.Sprintf("=建议%d，加装扶手。", i)})
	}
	for range 3 {
		f.add(comment{channel: "letter", occupation: "农民", outcome: "partly", reason: "已有规定"})
	}
	f.add(comment{occupation: "现役军人", clauses: []int{3}, outcome: "not_adopted", reason: "超出本方案范围"})
	f.add(comment{occupation: "医生", state: "withheld", outcome: "reference", reason: "留作参考"})
	f.add(comment{occupation: "律师", state: "declined", outcome: "outside", reason: "与征集内容无关"})
}

func cells(list []report.Cell) string {
	var parts []string
	for _, c := range list {
		parts = append(parts, c.Name+" "+strconv.Itoa(c.Count))
	}
	return strings.Join(parts, "，")
}

func TestWhatIsPublishedHasNoGroupOfOneOrTwo(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.mixed()
	f.mustPublish(report.Received, report.Outcome)
	received, outcome, err := f.Published(t.Context(), subject)
	if err != nil {
		t.Fatal(err)
	}
	n := received.Numbers
	for _, c := range []struct{ what, got, want string }{
		{"channels", cells(n.Channels), "网上填写 9，信函 3"},
		{"occupations", cells(n.Occupations), "工人 6，农民 3，其余职业（合计） 3"},
		{"clauses", cells(n.Clauses), "第1条 条文 6，第2条 条文 6，其余条目（合计） 6"},
		{"outcomes", cells(outcome.Numbers.Outcomes), "采纳 6，部分采纳 3，未采纳 1，留作参考 1，不属于受理范围 1"},
		{"states", fmt.Sprint(n.Total, n.Valid(), n.Published, n.Withheld, n.Declined, n.Waiting), "12 11 10 1 1 0"},
	} {
		if c.got != c.want {
			t.Errorf("%s: %s, want %s", c.what, c.got, c.want)
		}
	}
	if received.Numbers.Outcomes != nil || received.Rows != 0 || outcome.Rows != 12 {
		t.Errorf("收到情况 tells outcomes %v; 采纳情况 has %d rows", received.Numbers.Outcomes, outcome.Rows)
	}
	if got := f.one(`SELECT result_on::text FROM consultation`); got != "2025-05-12" {
		t.Errorf("result on %s", got)
	}
	want := []string{"report.draft|张静 (zhangjing)|result received", "report.publish|张静 (zhangjing)|result received",
		"report.draft|张静 (zhangjing)|result outcome", "report.publish|张静 (zhangjing)|result outcome"}
	if got := f.record(); !slices.Equal(got, want) {
		t.Errorf("record %q", got)
	}
	if got := f.one(`SELECT detail FROM audit_entry WHERE subject = 'result outcome' AND action = 'report.publish'`); !strings.Contains(got, outcome.Digest) {
		t.Errorf("the record %q does not know the digest %s", got, outcome.Digest)
	}
}

func TestADifferenceIsNotPublished(t *testing.T) {
	t.Parallel()
	for column, what := range map[string]string{"published": "total", "declined": "total"} {
		f := newFixture(t)
		f.mixed()
		f.exec(`UPDATE comment_count SET ` + column + ` = ` + column + ` + 1`)
		var d *report.Difference
		if err := f.publish(report.Received); !errors.As(err, &d) || d.What != what || d.Got != 12 || d.Want != 13 {
			t.Errorf("one more %s: %v", column, err)
		}
		f.exec(`UPDATE comment_count SET ` + column + ` = ` + column + ` - 1, received = received + 1, withheld = withheld - 1`)
		if err := f.publish(report.Received); !errors.As(err, &d) || d.What != "waiting" {
			t.Errorf("one counted as waiting: %v", err)
		}
		if got := f.one(`SELECT count(*)::text FROM result_edition`); got != "0" || f.one(`SELECT coalesce(result_on::text, 'none') FROM consultation`) != "none" {
			t.Errorf("%s editions were stored", got)
		}
	}
}

func TestTheWorkbookHasTheNumbersOfThePage(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.mixed()
	f.mustPublish(report.Received, report.Outcome)
	f.add(comment{channel: "letter"}) // after publication: in no file
	received, outcome, err := f.Published(t.Context(), subject)
	if err != nil {
		t.Fatal(err)
	}
	var want [][]string
	for _, e := range []*report.Edition{received, outcome} {
		for _, figure := range e.Figures() {
			want = append(want, []string{string(e.Part), figure.Group, figure.Name, strconv.Itoa(figure.Count)})
		}
	}
	var file bytes.Buffer
	if err := f.WriteXLSX(t.Context(), &file, received, outcome); err != nil {
		t.Fatal(err)
	}
	book, err := excelize.OpenReader(&file)
	if err != nil {
		t.Fatal(err)
	}
	defer book.Close()
	var got [][]string
	for part, sheet := range map[string]string{"received": "收到情况", "outcome": "采纳情况"} {
		rows, err := book.GetRows(sheet)
		if err != nil {
			t.Fatal(err)
		}
		for _, r := range rows[1 : len(rows)-1] {
			got = append(got, append([]string{part}, r...))
		}
	}
	order := func(a, b []string) int { return slices.Compare(a, b) }
	slices.SortFunc(got, order)
	slices.SortFunc(want, order)
	if fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("the workbook has %v, want %v", got, want)
	}
}

func TestTheTablesOfAllFilesAgree(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.mixed()
	f.mustPublish(report.Received, report.Outcome)
	received, outcome, err := f.Published(t.Context(), subject)
	if err != nil {
		t.Fatal(err)
	}
	var file bytes.Buffer
	if err := f.WriteXLSX(t.Context(), &file, received, outcome); err != nil {
		t.Fatal(err)
	}
	book, err := excelize.OpenReader(&file)
	if err != nil {
		t.Fatal(err)
	}
	defer book.Close()
	table, err := book.GetRows("意见汇总表")
	if err != nil {
		t.Fatal(err)
	}
	file.Reset()
	if err := f.WriteCSV(t.Context(), &file, received, outcome); err != nil {
		t.Fatal(err)
	}
	lines, err := csv.NewReader(strings.NewReader(strings.TrimPrefix(file.String(), "\ufeff"))).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	page, err := f.Rows(t.Context(), outcome, 0, 100)
	if err != nil {
		t.Fatal(err)
	}
	if len(lines) != 13 || len(table) != 14 || len(page) != 12 {
		t.Fatalf("%d lines, %d rows, %d on the page", len(lines), len(table), len(page))
	}
	counted := map[string]int{}
	for i, line := range lines[1:] {
		if row := append(table[i+1], ""); !slices.Equal(line, row[:5]) {
			t.Errorf("CSV says %v, XLSX %v", line, table[i+1])
		}
		counted[line[3]]++
		if line[0] != strconv.Itoa(page[i].Number) || line[3] != report.OutcomeWord(page[i].Outcome) {
			t.Errorf("CSV says %v, the page %v", line, page[i])
		}
	}
	for _, c := range outcome.Numbers.Outcomes {
		if counted[c.Name] != c.Count {
			t.Errorf("%d rows of %s, the report says %d", counted[c.Name], c.Name, c.Count)
		}
	}
	if body := file.String(); strings.Contains(body, ",=") || !strings.Contains(body, "（该意见不公开）") {
		t.Errorf("a cell can be run, or what is withheld is not listed: %s", body)
	}
	if lines[11][2] != "（该意见不公开）" || lines[12][2] != "（该意见不公开）" {
		t.Errorf("withheld and declined ones are shown as %q, %q", lines[11][2], lines[12][2])
	}
}

func TestWhatIsHiddenLaterIsNotInTheReport(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.answered(2)
	f.mustPublish(report.Received, report.Outcome)
	f.exec(`UPDATE comment SET public_body = '［已隐去电话号码］' WHERE number = 1`)
	f.exec(`UPDATE comment SET state = 'withheld', public_title = NULL, public_body = NULL, published_at = NULL WHERE number = 2`)
	_, outcome, err := f.Published(t.Context(), subject)
	if err != nil {
		t.Fatal(err)
	}
	rows, err := f.Rows(t.Context(), outcome, 0, 10)
	if err != nil {
		t.Fatal(err)
	}
	if len(rows) != 2 || rows[0].Body != "［已隐去电话号码］" || rows[1].Opinion() != "（该意见已不再公开）" {
		t.Errorf("rows %+v", rows)
	}
	if got := outcome.Numbers.Published; got != 2 {
		t.Errorf("the frozen number became %d", got)
	}
}

func TestPartsArePublishedWhenTheirTimeHasCome(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.answered(3)
	wantRefusal(t, f.publish(report.Outcome), report.NoReceived)
	f.at = closed.AddDate(0, 0, -6)
	wantRefusal(t, f.publish(report.Received), report.NotClosed)
	f.at = closed
	f.mustPublish(report.Received)
	left := f.add(comment{channel: "letter"})
	refusal := wantRefusal(t, f.publish(report.Outcome), report.Unanswered)
	if refusal.Lacking.Count != 1 || refusal.Lacking.First[0].ID != left || refusal.Lacking.First[0].Number != 4 {
		t.Errorf("lacking: %+v", refusal.Lacking)
	}
	f.dispose(left, "adopted", "")
	f.mustPublish(report.Outcome)
	f.mustPublish(report.Received)
	received, _, err := f.Published(t.Context(), subject)
	if err != nil || received.Edition != 2 || received.Numbers.Total != 4 || !strings.Contains(received.AsOf(), "第2次公布") {
		t.Errorf("second edition: %+v, %v", received, err)
	}
	f.exec(`UPDATE consultation SET withdrawn_at = now()`)
	wantRefusal(t, f.SaveDraft(t.Context(), editor, report.Draft{ConsultationID: subject, Part: report.Received}), report.IsWithdrawn)
	wantRefusal(t, f.Publish(t.Context(), editor, subject, report.Received, 2), report.IsWithdrawn)
}

func TestOnlyAnEditorMakesAReport(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	if err := f.Publish(t.Context(), moderator, subject, report.Received, 0); !errors.Is(err, apperr.ErrForbidden) {
		t.Errorf("a moderator publishes: %v", err)
	}
	if err := f.SaveDraft(t.Context(), admin, report.Draft{ConsultationID: subject, Part: report.Received}); !errors.Is(err, apperr.ErrForbidden) {
		t.Errorf("an administrator writes: %v", err)
	}
	if err := f.Conclude(t.Context(), moderator, subject); !errors.Is(err, apperr.ErrForbidden) {
		t.Errorf("a moderator concludes: %v", err)
	}
	if _, err := f.Standing(t.Context(), moderator, subject); !errors.Is(err, apperr.ErrForbidden) {
		t.Errorf("a moderator reads: %v", err)
	}
	if _, _, err := f.Published(t.Context(), subject); !errors.Is(err, apperr.ErrNotFound) {
		t.Errorf("what is not published is read: %v", err)
	}
}

func TestADraftIsCheckedAndNotOverwritten(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	for _, c := range []struct{ summary, title, url, field string }{
		{strings.Repeat("字", 5001), "", "", "summary"},
		{"", "通知", "", "link_url"},
		{"", "通知", "javascript:alert(1)", "link_url"},
		{"", "通知", "https://user:pass@www.ln.gov.cn/", "link_url"},
		{"", "通知", "www.ln.gov.cn", "link_url"},
		{"", strings.Repeat("字", 201), "https://www.ln.gov.cn/", "link_title"},
		{"一\x00二", "", "", "summary"},
	} {
		err := f.SaveDraft(t.Context(), editor, report.Draft{ConsultationID: subject, Part: report.Outcome, Summary: c.summary, LinkTitle: c.title, LinkURL: c.url})
		var invalid *apperr.Invalid
		if !errors.As(err, &invalid) || invalid.Problems[0].Field != c.field {
			t.Errorf("%+v: %v", c, err)
		}
	}
	d := report.Draft{ConsultationID: subject, Part: report.Outcome, Summary: "一", LinkTitle: "通知", LinkURL: "https://www.ln.gov.cn/a"}
	if err := f.SaveDraft(t.Context(), editor, d); err != nil {
		t.Fatal(err)
	}
	wantRefusal(t, f.SaveDraft(t.Context(), editor, d), report.DraftChanged)
	if d.Version = 1; f.SaveDraft(t.Context(), editor, d) != nil {
		t.Error("the version that was read is refused")
	}
	if err := f.Publish(t.Context(), editor, subject, report.Received, 0); err == nil {
		t.Error("a part without words is published")
	}
	d.Part, d.Version = report.Received, 0
	if err := f.SaveDraft(t.Context(), editor, d); err != nil {
		t.Fatal(err)
	}
	wantRefusal(t, f.Publish(t.Context(), editor, subject, report.Received, 7), report.DraftChanged)
	if kept, err := f.Draft(t.Context(), editor, subject, report.Received); err != nil || kept.LinkURL != "" || kept.SavedBy != "张静" {
		t.Errorf("收到情况 has a link %q, %v", kept.LinkURL, err)
	}
}

func TestADocumentThatWasChangedIsNotShown(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.answered(3)
	f.mustPublish(report.Received)
	if _, err := f.DB.Exec(t.Context(), `UPDATE result_edition SET document = replace(document, '"total":3', '"total":9')`); err == nil {
		if _, _, err := f.Published(t.Context(), subject); err == nil {
			t.Error("a changed document is shown")
		}
	}
}
