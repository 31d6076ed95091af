package export

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/xuri/excelize/v2"
	"pgregory.net/rapid"
)

// open reads a workbook with a library that is not ours.
func open(t interface {
	Fatal(...any)
	Helper()
}, file []byte) *excelize.File {
	t.Helper()
	book, err := excelize.OpenReader(bytes.NewReader(file))
	if err != nil {
		t.Fatal(err)
	}
	return book
}

// sheetValues are all cells of a sheet, each row filled up to the number of columns.
func sheetValues(t *testing.T, book *excelize.File, name string) [][]string {
	t.Helper()
	rows, err := book.GetRows(name)
	if err != nil {
		t.Fatal(err)
	}
	for i := range rows {
		for len(rows[i]) < len(columns) {
			rows[i] = append(rows[i], "")
		}
	}
	return rows
}

func TestAWorkbookHoldsWhatTheCSVHolds(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.add(row{number: 1, state: "published", title: "<b>建议</b> & “加装”", body: "第一行，\n\"第二行\"  ", clauses: f.clauses, personal: zhang})
	f.add(row{number: 2, title: "=1+1", body: "_x0041_ ]]> 𠮷👨‍👩‍👧\u0007", personal: personal("=张三", "210102194901010010", "024-12345678", "@a", "院")})
	f.add(row{number: 1234, title: "\u200b=1", body: "　＝1", personal: zhang})
	book := open(t, []byte(f.write(Options{Format: XLSX, Profile: Personal})))
	if !slices.Equal(book.GetSheetList(), []string{"意见"}) {
		t.Error(book.GetSheetList())
	}
	rows := sheetValues(t, book, "意见")
	want, _ := table(t, f.write(Options{Format: CSV, Profile: Personal}))
	if len(rows) != len(want)+2 || !strings.HasPrefix(rows[len(rows)-1][0], "导出完毕，共3条。导出人：李明") {
		t.Fatalf("%d rows, the last %q", len(rows), rows[len(rows)-1])
	}
	for i, cells := range rows[1 : len(rows)-1] {
		for c, col := range columns {
			expected := want[i][col.heading]
			if col.kind == code {
				expected = strings.TrimPrefix(expected, "'")
			}
			if cells[c] != expected {
				t.Errorf("row %d %s: %q, the CSV has %q", i, col.heading, cells[c], expected)
			}
		}
	}
	for _, cell := range []string{"N2", "N3", "O2", "E3"} {
		if kind, err := book.GetCellType("意见", cell); err != nil || kind != excelize.CellTypeInlineString {
			t.Errorf("%s is no text: %v %v", cell, kind, err)
		}
		if formula, err := book.GetCellFormula("意见", cell); err != nil || formula != "" {
			t.Errorf("%s holds a formula %q %v", cell, formula, err)
		}
	}
	if kind, err := book.GetCellType("意见", "A2"); err != nil || kind != excelize.CellTypeUnset && kind != excelize.CellTypeNumber {
		t.Errorf("the number is no number: %v %v", kind, err)
	}
	panes, err := book.GetPanes("意见")
	if err != nil || !panes.Freeze || panes.YSplit != 1 {
		t.Errorf("the headings are not frozen: %+v %v", panes, err)
	}
	if width, err := book.GetColWidth("意见", "F"); err != nil || width != 60 {
		t.Errorf("width %v %v", width, err)
	}
}

func TestMoreRowsThanASheetHoldsGoToTheNext(t *testing.T) {
	var b bytes.Buffer
	f, err := newXLSXSheets(&b, columns[:2], 4)
	if err != nil {
		t.Fatal(err)
	}
	for i := range 5 {
		if err := f.row([][]byte{fmt.Append(nil, i), []byte("甲")}); err != nil {
			t.Fatal(err)
		}
	}
	if err := f.last([]byte("完")); err != nil {
		t.Fatal(err)
	}
	book := open(t, b.Bytes())
	if !slices.Equal(book.GetSheetList(), []string{"意见", "意见2", "意见3"}) {
		t.Fatal(book.GetSheetList())
	}
	var got []string
	for _, name := range book.GetSheetList() {
		rows := sheetValues(t, book, name)
		if len(rows) > 4 {
			t.Errorf("%s has %d rows", name, len(rows))
		}
		for _, r := range rows {
			got = append(got, r[0])
		}
	}
	if !slices.Equal(got, []string{"序号", "0", "1", "序号", "2", "3", "序号", "4", "完"}) {
		t.Error(got)
	}
}

func TestATextTooLongForACellIsCutAndSaysSo(t *testing.T) {
	for _, tc := range []struct {
		text string
		cut  bool
	}{
		{strings.Repeat("字", cellUnits), false}, {strings.Repeat("字", cellUnits+1), true},
		{strings.Repeat("𠮷", cellUnits/2), false}, {strings.Repeat("𠮷", cellUnits/2+1), true}, {"a" + strings.Repeat("𠮷", cellUnits), true},
	} {
		got := string(fitCell([]byte(tc.text)))
		units := 0
		for _, r := range got {
			units += max(1, utf8.RuneLen(r)-2)
			if utf8.RuneLen(r) == 3 {
				continue
			}
		}
		if strings.HasSuffix(got, tooLong) != tc.cut || !tc.cut && got != tc.text || units > cellUnits || !utf8.ValidString(got) {
			t.Errorf("%.6s… of %d: %d units, cut %v", tc.text, utf8.RuneCountInString(tc.text), units, !tc.cut)
		}
	}
}

func TestAnyTextComesBackFromAWorkbook(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		signs := rapid.StringOf(rapid.SampledFrom([]rune("_x0041Xg&<>\"' \n\t甲𠮷=\u200b")))
		value := []byte(rapid.OneOf(rapid.String(), signs, rapid.StringMatching(`(_x[0-9A-Fa-f]{4}_)+`)).Draw(t, "value"))
		var b bytes.Buffer
		f, err := newXLSX(&b, columns[4:5])
		if err != nil {
			t.Fatal(err)
		}
		if err := f.row([][]byte{value}); err != nil {
			t.Fatal(err)
		}
		if err := f.last([]byte("完")); err != nil {
			t.Fatal(err)
		}
		got, err := open(t, b.Bytes()).GetCellValue("意见", "A2")
		want := string(appendCell(nil, value))
		if err != nil || got != want {
			t.Fatalf("%q came back as %q, %v", want, got, err)
		}
	})
}
