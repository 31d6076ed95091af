package export

import (
	"archive/zip"
	"bytes"
	"encoding/xml"
	"errors"
	"io"
	"slices"
	"strings"
	"testing"

	"wenji/internal/xlsx"

	"github.com/xuri/excelize/v2"
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
	personal := columnsOf(&Options{Format: XLSX, Profile: Personal})
	for i := range rows {
		for len(rows[i]) < len(personal) {
			rows[i] = append(rows[i], "")
		}
	}
	return rows
}

func TestAWorkbookHoldsWhatTheCSVHolds(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.add(row{number: 1, state: "published", title: "<b>建议</b> & “加装”", body: "第一行，\n\"第二行\"  ", clauses: f.clauses, personal: zhang})
	f.add(row{number: 2, title: "=1+1", body: "_x0041_ ]]> 𠮷👨‍👩‍👧\u0007", personal: person("=张三", "210102194901010010", "024-12345678", "@a", "院")})
	f.add(row{number: 1234, title: "\u200b=1", body: "　＝1", personal: zhang})
	book := open(t, []byte(f.write(Options{Format: XLSX, Profile: Personal})))
	if !slices.Equal(book.GetSheetList(), []string{"意见"}) {
		t.Error(book.GetSheetList())
	}
	rows := sheetValues(t, book, "意见")
	want, _ := readCSV(t, f.write(Options{Format: CSV, Profile: Personal}))
	if len(rows) != len(want)+2 || !strings.HasPrefix(rows[len(rows)-1][0], "导出完毕，共3条。导出人：李明") {
		t.Fatalf("%d rows, the last %q", len(rows), rows[len(rows)-1])
	}
	personal := columnsOf(&Options{Format: XLSX, Profile: Personal})
	for i, cells := range rows[1 : len(rows)-1] {
		for c, col := range personal {
			expected := want[i][col.Heading]
			if col.Kind == xlsx.Code {
				expected = strings.TrimPrefix(expected, "'")
			}
			if cells[c] != expected {
				t.Errorf("row %d %s: %q, the CSV has %q", i, col.Heading, cells[c], expected)
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

// documentText is the text of a DOCX file's document, as an XML parser reads it.
func documentText(t *testing.T, file string) string {
	t.Helper()
	archive, err := zip.NewReader(strings.NewReader(file), int64(len(file)))
	if err != nil {
		t.Fatal(err)
	}
	part, err := archive.Open("word/document.xml")
	if err != nil {
		t.Fatal(err)
	}
	defer part.Close()
	var text strings.Builder
	for d := xml.NewDecoder(part); ; {
		token, err := d.Token()
		if errors.Is(err, io.EOF) {
			return text.String()
		}
		if err != nil {
			t.Fatal(err)
		}
		if words, ok := token.(xml.CharData); ok {
			text.Write(words)
		}
	}
}
