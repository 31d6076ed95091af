package xlsx

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

var columns = []Column{{Heading: "序号", Kind: Number, Width: 8}, {Heading: "标题", Width: 30}, {Heading: "电话", Kind: Code, Width: 20}}

func begin(w *bytes.Buffer, most int, columns []Column) (*Writer, error) {
	f, err := NewWriter(w)
	if err != nil {
		return nil, err
	}
	f.most = most
	return f, f.Sheet("意见", columns)
}

func end(f *Writer) error {
	if err := f.Words([]byte("完")); err != nil {
		return err
	}
	return f.Close()
}

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

func TestMoreRowsThanASheetHoldsGoToTheNext(t *testing.T) {
	var b bytes.Buffer
	f, err := begin(&b, 4, columns)
	if err != nil {
		t.Fatal(err)
	}
	for i := range 5 {
		if err := f.Row([][]byte{fmt.Append(nil, i), []byte("甲")}); err != nil {
			t.Fatal(err)
		}
	}
	if err := end(f); err != nil {
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
		f, err := begin(&b, sheetRows, columns[1:])
		if err != nil {
			t.Fatal(err)
		}
		if err := f.Row([][]byte{value}); err != nil {
			t.Fatal(err)
		}
		if err := end(f); err != nil {
			t.Fatal(err)
		}
		got, err := open(t, b.Bytes()).GetCellValue("意见", "A2")
		want := string(AppendCell(nil, value))
		if err != nil || got != want {
			t.Fatalf("%q came back as %q, %v", want, got, err)
		}
	})
}

func TestEachTableHasASheetOfItsOwn(t *testing.T) {
	var b bytes.Buffer
	f, err := NewWriter(&b)
	if err != nil {
		t.Fatal(err)
	}
	if err := f.Row([][]byte{[]byte("1")}); err == nil {
		t.Error("a row before the first sheet")
	}
	wide := make([]Column, 30)
	for i := range wide {
		wide[i] = Column{Heading: fmt.Sprint(i), Width: 9}
	}
	for _, sheet := range []struct {
		name    string
		columns []Column
	}{{"按条目", columns}, {"按渠道", wide}} {
		if err := f.Sheet(sheet.name, sheet.columns); err != nil {
			t.Fatal(err)
		}
		if err := f.Row([][]byte{[]byte("7"), []byte(sheet.name)}); err != nil {
			t.Fatal(err)
		}
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	book := open(t, b.Bytes())
	if !slices.Equal(book.GetSheetList(), []string{"按条目", "按渠道"}) {
		t.Fatal(book.GetSheetList())
	}
	for cell, want := range map[string]string{"A1": "0", "AA1": "26", "AD1": "29", "B2": "按渠道"} {
		if got, err := book.GetCellValue("按渠道", cell); got != want || err != nil {
			t.Errorf("%s: %q, %v", cell, got, err)
		}
	}
}
