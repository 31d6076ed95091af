package intake

import (
	"archive/zip"
	"bytes"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"wenji/internal/apperr"
	"wenji/internal/validate"

	"github.com/google/uuid"
	"github.com/xuri/excelize/v2"
	"golang.org/x/text/encoding/simplifiedchinese"
)

// workbook is a file with the template's headings and rows of cells under them.
func workbook(t testing.TB, rows ...[]any) []byte {
	t.Helper()
	var template bytes.Buffer
	if err := Template(&template); err != nil {
		t.Fatal(err)
	}
	book, err := excelize.OpenReader(&template)
	if err != nil {
		t.Fatal(err)
	}
	defer book.Close()
	for i, row := range rows {
		if err := book.SetSheetRow(validate.EntrySheet, fmt.Sprint("A", i+2), &row); err != nil {
			t.Fatal(err)
		}
	}
	var out bytes.Buffer
	if err := book.Write(&out); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func (f *fixture) preview(files ...File) Import {
	f.t.Helper()
	id, err := f.Preview(f.t.Context(), f.liMing, sampleID, files)
	if err != nil {
		f.t.Fatal(err, problems(err))
	}
	i, err := f.Import(f.t.Context(), f.liMing, id)
	if err != nil {
		f.t.Fatal(err)
	}
	return i
}

func TestGoodRowsOfAWorkbookAreStoredAfterConfirmationAndWrongOnesNamed(t *testing.T) {
	f := newFixture(t)
	f.at = f.at.AddDate(0, 1, 0)
	day := time.Date(2025, 5, 3, 0, 0, 0, 0, time.UTC)
	content := workbook(t,
		[]any{"信函", "2025-05-02", "3、5", "建议加装电梯", "请为老旧小区加装电梯。", "王秀兰", "农民", 13812345678, "a@example.cn", "210102194912310016", ""},
		[]any{"来访登记", day, "", "助餐点", "社区应设助餐点。"},
		[]any{"飞鸽", "2025-05-02", "99", "", "意见"},
		nil,
		[]any{"电话", "2025-06-02", "", "补贴", "补贴太少了。"},
	)
	i := f.preview(File{"意见.xlsx", content})
	if len(i.Rows) != 4 || i.Good() != 2 {
		t.Fatalf("%d rows, %d good: %+v", len(i.Rows), i.Good(), i.Rows)
	}
	if r := i.Rows[1]; r.Line != 3 || r.Clean.ReceivedOn.Format(time.DateOnly) != "2025-05-03" || r.Clean.Channel != "counter" {
		t.Errorf("row %d: %v %s", r.Line, r.Clean.ReceivedOn, r.Clean.Channel)
	}
	if r := i.Rows[2]; r.Line != 4 || !slices.Equal(r.Problems, []string{validate.EntryChannel, validate.ClauseUnknown, validate.TitleEmpty}) {
		t.Errorf("row %d: %q", r.Line, r.Problems)
	}
	if r := i.Rows[3]; r.Line != 6 || len(r.Problems) != 1 || !strings.Contains(r.Problems[0], "逾期") {
		t.Errorf("row %d: %q", r.Line, r.Problems)
	}
	if n := f.number(`SELECT count(*) FROM comment`); n != 0 {
		t.Errorf("%d stored before confirmation", n)
	}
	if n, err := f.Confirm(t.Context(), f.liMing, i.ID); err != nil || n != 2 {
		t.Fatalf("%d stored, %v", n, err)
	}
	if got := f.text(`SELECT string_agg(channel || number || masked_name, ' ' ORDER BY number) FROM comment`); got != "letter1王** counter2匿名" {
		t.Errorf("stored %s", got)
	}
	if n := f.number(`SELECT count(*) FROM audit_entry WHERE action = 'comment.enter'`); n != 2 {
		t.Errorf("%d entries in the record", n)
	}
	if n := f.number(`SELECT count(*) FROM intake_import WHERE content IS NOT NULL`); n != 0 {
		t.Error("the working copy is still there")
	}
}

func TestImportingAgainStoresNothingTwice(t *testing.T) {
	f := newFixture(t)
	rows := [][]any{
		{"信函", "2025-05-02", "", "建议加装电梯", "请为老旧小区加装电梯。", "王秀兰", "", "13812345678"},
		{"信函", "2025-05-02", "", "助餐点", "社区应设助餐点。"},
		{"信函", "2025-05-02", "", "助餐点", "社区应设助餐点。"}, // another nameless letter of the same words
	}
	twice := f.preview(File{"twice.xlsx", workbook(t, rows[0], rows[0])})
	if twice.Good() != 1 || !slices.Equal(twice.Rows[1].Problems, []string{validate.EntryTwice}) {
		t.Errorf("the same person's letter twice in a file: %+v", twice.Rows)
	}
	first := f.preview(File{"a.xlsx", workbook(t, append(rows, []any{"信函", "", "", "补贴", "补贴太少了。"})...)})
	pending := f.preview(File{"a.xlsx", workbook(t, append(rows, []any{"信函", "", "", "补贴", "补贴太少了。"})...)})
	if n, err := f.Confirm(t.Context(), f.liMing, first.ID); err != nil || n != 3 {
		t.Fatalf("%d stored, %v", n, err)
	}
	if n, err := f.Confirm(t.Context(), f.liMing, first.ID); err != nil || n != 3 {
		t.Errorf("confirmed again: %d, %v", n, err)
	}
	if _, err := f.Confirm(t.Context(), f.liMing, pending.ID); problems(err) == nil {
		t.Errorf("the same rows under another import: %v", err)
	}
	content := workbook(t, append(rows, []any{"信函", "", "", "补贴", "补贴太少了。"})...)
	id, err := f.Preview(t.Context(), f.zhaoLi, sampleID, []File{{"b.xlsx", content}})
	if err == nil { // a spreadsheet program may write another file for the same rows
		i, err := f.Import(t.Context(), f.zhaoLi, id)
		if err != nil || i.Good() != 0 {
			t.Errorf("%d good rows the second time, %v", i.Good(), err)
		}
	}
	mended := f.preview(File{"a.xlsx", workbook(t, append(rows, []any{"信函", "2025-05-03", "", "补贴", "补贴太少了。"})...)})
	if mended.Good() != 1 || mended.Rows[0].Same != 1 || mended.Rows[2].Same != 3 {
		t.Errorf("%d good rows in the mended file: %+v", mended.Good(), mended.Rows)
	}
	if n := f.number(`SELECT count(*) FROM comment`); n != 3 {
		t.Errorf("%d stored", n)
	}
}

func TestTheVerySameFileIsTold(t *testing.T) {
	f := newFixture(t)
	file := File{"a.eml", []byte("From: wang@example.cn\r\nSubject: =?UTF-8?B?5bu66K6u5Yqg6KOF55S15qKv?=\r\nDate: Sat, 3 May 2025 10:00:00 +0800\r\n\r\n" +
		"请为老旧小区加装电梯。")}
	i := f.preview(file)
	if _, err := f.Confirm(t.Context(), f.liMing, i.ID); err != nil {
		t.Fatal(err)
	}
	_, err := f.Preview(t.Context(), f.zhaoLi, sampleID, []File{file})
	wantProblem(t, err, "file "+validate.ImportSame("李明", f.at, 1))
}

func TestAnImportIsItsOwnersAndExpires(t *testing.T) {
	f := newFixture(t)
	i := f.preview(File{"a.xlsx", workbook(t, []any{"信函", "2025-05-02", "", "建议加装电梯", "请为老旧小区加装电梯。", "王秀兰"})})
	if n := f.number(`SELECT count(*) FROM intake_import WHERE position(convert_to('王秀兰', 'UTF8') IN content) > 0`); n != 0 {
		t.Error("the working copy is not sealed")
	}
	if _, err := f.Import(t.Context(), f.zhaoLi, i.ID); !errors.Is(err, apperr.ErrNotFound) {
		t.Errorf("a colleague reads it: %v", err)
	}
	f.at = f.at.Add(25 * time.Hour)
	if _, err := f.Confirm(t.Context(), f.liMing, i.ID); !errors.Is(err, apperr.ErrNotFound) {
		t.Errorf("confirmed after a day: %v", err)
	}
	if err := f.Purge(t.Context()); err != nil {
		t.Fatal(err)
	}
	if n := f.number(`SELECT count(*) FROM intake_import`); n != 0 {
		t.Errorf("%d working copies left", n)
	}
}

func TestMailsOfAllEncodingsAreRead(t *testing.T) {
	gb, err := simplifiedchinese.GB18030.NewEncoder().String("请为老旧小区加装电梯，方便老人𠮷。")
	if err != nil {
		t.Fatal(err)
	}
	name, err := simplifiedchinese.GBK.NewEncoder().String("王秀兰")
	if err != nil {
		t.Fatal(err)
	}
	for what, c := range map[string]struct{ mail, body, name string }{
		"GB18030 in 8 bits": {"From: =?gb2312?Q?" + quoted(name) + "?= <wang@example.cn>\r\nSubject: =?UTF-8?Q?" + quoted("加装电梯") + "?=\r\n" +
			"Date: Sat, 3 May 2025 23:30:00 -0700\r\nContent-Type: text/plain; charset=gb2312\r\n\r\n" + gb,
			"请为老旧小区加装电梯，方便老人𠮷。", "王秀兰"},
		"quoted-printable beside HTML": {"From: wang@example.cn\r\nSubject: =?UTF-8?Q?" + quoted("加装电梯") + "?=\r\nDate: Sun, 4 May 2025 14:30:00 +0800\r\n" +
			"Content-Type: multipart/alternative; boundary=b\r\n\r\n--b\r\nContent-Type: text/html; charset=utf-8\r\n\r\n<p>HTML</p>\r\n" +
			"--b\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n" + quoted("请加装电梯。") + "\r\n--b--\r\n",
			"请加装电梯。", ""},
		"HTML alone in base64": {"From: Shop <wang@example.cn>\r\nSubject: =?UTF-8?Q?" + quoted("加装电梯") + "?=\r\nDate: Sun, 4 May 2025 14:30:00 +0800\r\n" +
			"Content-Type: text/html; charset=utf-8\r\nContent-Transfer-Encoding: base64\r\n\r\n" +
			"PHN0eWxlPnB7fTwvc3R5bGU+PHA+6K+35Yqg6KOF55S15qKv44CCPC9wPjxzY3JpcHQ+eDwvc2NyaXB0PjxkaXY+6LCi6LCi44CCPC9kaXY+\r\n",
			"请加装电梯。\n谢谢。", "Shop"},
	} {
		form, err := readMail([]byte(c.mail))
		if err != nil {
			t.Errorf("%s: %v", what, err)
			continue
		}
		if form.Title != "加装电梯" || form.Body != c.body || form.Name != c.name || form.Email != "wang@example.cn" || form.ReceivedOn != "2025-05-04" {
			t.Errorf("%s: title %q body %q name %q on %s", what, form.Title, form.Body, form.Name, form.ReceivedOn)
		}
	}
	if _, err := readMail([]byte("From: a@b.cn\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\nContent-Disposition: attachment; filename=x.doc\r\n\r\nMZ\r\n--b--")); err == nil {
		t.Error("a mail without text is read")
	}
}

// quoted writes every byte as =XX.
func quoted(s string) string {
	var out strings.Builder
	for i := range len(s) {
		fmt.Fprintf(&out, "=%02X", s[i])
	}
	return out.String()
}

// archive is a zip of files.
func archive(t testing.TB, files map[string]string) []byte {
	t.Helper()
	var out bytes.Buffer
	z := zip.NewWriter(&out)
	for name, content := range files {
		w, err := z.Create(name)
		if err != nil {
			t.Fatal(err)
		}
		io.WriteString(w, content)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

// bomb is a workbook whose sheet unpacks to 64 MiB, and one that says it does not.
func bomb(t testing.TB) (honest, lying []byte) {
	t.Helper()
	var packed bytes.Buffer
	z := zip.NewWriter(&packed)
	w, err := z.CreateHeader(&zip.FileHeader{Name: "xl/worksheets/sheet1.xml", Method: zip.Deflate})
	if err != nil {
		t.Fatal(err)
	}
	zeros := make([]byte, 1<<20)
	for range 64 {
		w.Write(zeros)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	r, err := zip.NewReader(bytes.NewReader(packed.Bytes()), int64(packed.Len()))
	if err != nil {
		t.Fatal(err)
	}
	raw, err := r.File[0].OpenRaw()
	if err != nil {
		t.Fatal(err)
	}
	compressed, err := io.ReadAll(raw)
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	liar := zip.NewWriter(&out)
	w, err = liar.CreateRaw(&zip.FileHeader{Name: "xl/worksheets/sheet1.xml", Method: zip.Deflate, CRC32: crc32.ChecksumIEEE(nil),
		CompressedSize64: uint64(len(compressed)), UncompressedSize64: 100})
	if err != nil {
		t.Fatal(err)
	}
	w.Write(compressed)
	if err := liar.Close(); err != nil {
		t.Fatal(err)
	}
	return packed.Bytes(), out.Bytes()
}

func TestHostileFilesGetASentenceAndCostLittle(t *testing.T) {
	good := workbook(t, []any{"信函", "2025-05-02", "", "建议加装电梯", "请为老旧小区加装电梯。"})
	honest, lying := bomb(t)
	many := make(map[string]string)
	for i := range 20_000 {
		many[fmt.Sprint("xl/worksheets/sheet", i, ".xml")] = ""
	}
	wide := [][]any{}
	for i := range rowsMost + 1 {
		wide = append(wide, []any{"信函", "2025-05-02", "", "建议加装电梯", fmt.Sprint("请为老旧小区加装电梯。", i)})
	}
	f := newFixture(t)
	for what, c := range map[string]struct {
		name     string
		content  []byte
		sentence string
	}{
		"a bomb":              {"a.xlsx", honest, validate.ImportSwollen},
		"a bomb that lies":    {"a.xlsx", lying, validate.ImportDamaged},
		"20,000 entries":      {"a.xlsx", archive(t, many), validate.ImportSwollen},
		"macros":              {"a.xlsx", archive(t, map[string]string{"xl/vbaProject.bin": "x", "xl/workbook.xml": "<x/>"}), validate.ImportMacros},
		"truncated":           {"a.xlsx", good[:len(good)*2/3], validate.ImportDamaged},
		"no workbook":         {"a.xlsx", archive(t, map[string]string{"word/document.xml": "<x/>"}), ""},
		"too many rows":       {"a.xlsx", workbook(t, wide...), validate.ImportRows},
		"no rows":             {"a.xlsx", workbook(t), validate.ImportEmpty},
		"another kind":        {"a.doc", []byte("\xd0\xcf\x11\xe0"), validate.ImportKind},
		"a program as a mail": {"a.eml", []byte("MZ\x90\x00"), ""},
		"nothing":             {"a.eml", nil, validate.ImportMissing},
		"too large":           {"a.eml", make([]byte, FileMost+1), validate.ImportLarge},
	} {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		id, err := f.Preview(t.Context(), f.liMing, sampleID, []File{{c.name, c.content}})
		runtime.ReadMemStats(&after)
		if used := after.TotalAlloc - before.TotalAlloc; used > 256<<20 {
			t.Errorf("%s: took %d MiB", what, used>>20)
		}
		list := problems(err)
		if err == nil { // a mail is judged as a row
			i, err := f.Import(t.Context(), f.liMing, id)
			if err != nil || i.Good() > 0 {
				t.Errorf("%s: %d good rows, %v", what, i.Good(), err)
			}
			continue
		}
		if len(list) != 1 || c.sentence != "" && list[0] != "file "+c.sentence {
			t.Errorf("%s: %q, %v", what, list, err)
		}
	}
	if _, err := f.Preview(t.Context(), f.liMing, "2099-0001", []File{{"a.xlsx", good}}); problems(err) == nil {
		t.Errorf("an unknown consultation: %v", err)
	}
	if _, err := f.Confirm(t.Context(), f.liMing, uuid.New()); !errors.Is(err, apperr.ErrNotFound) {
		t.Errorf("confirmed what is not there: %v", err)
	}
}

func TestManyRowsAreStoredInBatches(t *testing.T) {
	f := newFixture(t)
	var rows [][]any
	for i := range importBatch*2 + 3 {
		rows = append(rows, []any{"座谈听证", "2025-05-02", "", "建议加装电梯", fmt.Sprint("请为老旧小区加装电梯。", i)})
	}
	i := f.preview(File{"a.xlsx", workbook(t, rows...)})
	if n, err := f.Confirm(t.Context(), f.liMing, i.ID); err != nil || n != len(rows) {
		t.Fatalf("%d stored, %v", n, err)
	}
	if n := f.number(`SELECT count(DISTINCT number) FROM comment WHERE channel = 'hearing'`); n != len(rows) {
		t.Errorf("%d numbers", n)
	}
	if n := f.number(`SELECT count(DISTINCT tx) FROM audit_entry WHERE action = 'comment.enter'`); n != 3 {
		t.Errorf("%d transactions", n)
	}
}
