// Package xlsx writes tables as Office Open XML workbooks, row by row as they come, and knows what a spreadsheet would
// run as a formula.
package xlsx

import (
	"archive/zip"
	"bufio"
	"compress/flate"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"strconv"
	"unicode/utf8"
)

// Kind of a column: what a spreadsheet may make of its cells.
type Kind int

// Kinds of columns.
const (
	Text   Kind = iota
	Code        // digits that are no number: an ID or phone number
	Number      // a count, which may be summed
)

// Column of a table.
type Column struct {
	Heading string
	Kind    Kind
	Width   int // in characters
}

// Limits of a worksheet (Excel specifications): rows of a sheet, UTF-16 units of a cell.
const (
	sheetRows = 1_048_576
	cellUnits = 32_767
)

const bufferSize = 64 << 10

// tooLong ends a cell that had to be cut.
const tooLong = "……（内容过长，全文请在系统中查看）"

var errNoSheet = errors.New("xlsx: no sheet was begun")

// Writer writes an Office Open XML workbook (ECMA-376) straight to the stream: strings stand in their cells, nothing is
// kept in memory and no temporary file is made. Text is never a formula there. Rows beyond one sheet go to another.
type Writer struct {
	zip     *zip.Writer
	columns []Column
	letters []string // of the columns: A, B, …
	title   string   // of the current table
	parts   int      // sheets of the current table
	names   []string // of all sheets
	sheet   *bufio.Writer
	rows    int // in the current sheet
	most    int // rows of a sheet
	record  []byte
	cell    []byte
}

// NewWriter begins a workbook. Sheet begins each table of it; Close completes the file.
func NewWriter(w io.Writer) (*Writer, error) {
	f := &Writer{zip: zip.NewWriter(w), most: sheetRows}
	f.zip.RegisterCompressor(zip.Deflate, func(w io.Writer) (io.WriteCloser, error) {
		return flate.NewWriter(w, flate.BestSpeed)
	})
	for _, part := range []struct{ name, content string }{
		{"[Content_Types].xml", contentTypes}, {"_rels/.rels", packageRels}, {"xl/styles.xml", styles},
	} {
		if err := f.part(part.name, part.content); err != nil {
			return nil, err
		}
	}
	return f, nil
}

// Sheet begins a table on a sheet of its own, with its headings in the first row. The name is the program's own: at most
// 28 characters, different for each table, without []:*?/\ and markup.
func (f *Writer) Sheet(name string, columns []Column) error {
	if err := f.endSheet(); err != nil {
		return err
	}
	f.title, f.columns, f.parts = name, columns, 0
	f.letters = f.letters[:0]
	for i := range columns {
		f.letters = append(f.letters, letters(i))
	}
	return f.nextSheet()
}

// letters names a column: A … Z, AA, AB …
func letters(i int) string {
	if i < 26 {
		return string(rune('A' + i))
	}
	return letters(i/26-1) + string(rune('A'+i%26))
}

// Row writes one row of the current table. A nil cell is empty, and there may be fewer cells than columns. The cells may
// be used again after the call.
func (f *Writer) Row(cells [][]byte) error {
	if f.sheet == nil {
		return errNoSheet
	}
	if f.rows == f.most-1 { // one is left for a line of words
		if err := f.endSheet(); err != nil {
			return err
		}
		if err := f.nextSheet(); err != nil {
			return err
		}
	}
	return f.write(cells, styleText)
}

// Words writes a row of one cell that runs on over its neighbours, such as the words that close a table.
func (f *Writer) Words(words []byte) error {
	if f.sheet == nil {
		return errNoSheet
	}
	return f.write([][]byte{words}, styleWords)
}

// Close completes the file. A workbook without it cannot be opened.
func (f *Writer) Close() error {
	if err := f.endSheet(); err != nil {
		return err
	}
	sheets, rels := "", ""
	for i, name := range f.names {
		sheets += fmt.Sprintf(`<sheet name="%s" sheetId="%d" r:id="rId%d"/>`, name, i+1, i+1)
		rels += fmt.Sprintf(`<Relationship Id="rId%d" Type="%s/worksheet" Target="worksheets/sheet%d.xml"/>`, i+1, relations, i+1)
	}
	rels += fmt.Sprintf(`<Relationship Id="rId%d" Type="%s/styles" Target="styles.xml"/>`, len(f.names)+1, relations)
	if err := f.part("xl/workbook.xml", fmt.Sprintf(workbook, sheets)); err != nil {
		return err
	}
	if err := f.part("xl/_rels/workbook.xml.rels", fmt.Sprintf(workbookRels, rels)); err != nil {
		return err
	}
	return f.zip.Close()
}

func (f *Writer) part(name, content string) error {
	w, err := f.zip.Create(name)
	if err != nil {
		return err
	}
	_, err = io.WriteString(w, xml.Header+content)
	return err
}

func (f *Writer) nextSheet() error {
	f.parts++
	f.rows = 0
	name := f.title
	if f.parts > 1 {
		name += strconv.Itoa(f.parts)
	}
	f.names = append(f.names, name)
	w, err := f.zip.Create(fmt.Sprintf("xl/worksheets/sheet%d.xml", len(f.names)))
	if err != nil {
		return err
	}
	f.sheet = bufio.NewWriterSize(w, bufferSize)
	head := xml.Header + sheetHead + "<cols>"
	headings := make([][]byte, len(f.columns))
	for i, c := range f.columns {
		head += fmt.Sprintf(`<col min="%d" max="%d" width="%d" customWidth="1"/>`, i+1, i+1, c.Width)
		headings[i] = []byte(c.Heading)
	}
	if _, err := f.sheet.WriteString(head + "</cols><sheetData>"); err != nil {
		return err
	}
	return f.write(headings, styleHeading)
}

func (f *Writer) endSheet() error {
	if f.sheet == nil {
		return nil
	}
	if _, err := f.sheet.WriteString("</sheetData></worksheet>"); err != nil {
		return err
	}
	err := f.sheet.Flush()
	f.sheet = nil
	return err
}

func (f *Writer) write(cells [][]byte, style string) error {
	f.rows++
	b := append(f.record[:0], `<row r="`...)
	b = strconv.AppendInt(b, int64(f.rows), 10)
	b = append(b, `">`...)
	for i, c := range cells {
		if len(c) == 0 {
			continue
		}
		b = append(append(b, `<c r="`...), f.letters[i]...)
		b = strconv.AppendInt(b, int64(f.rows), 10)
		if f.columns[i].Kind == Number && style == styleText {
			b = append(append(append(b, `"><v>`...), c...), `</v></c>`...)
			continue
		}
		b = append(b, `" s="`...)
		if f.columns[i].Kind == Code && style == styleText {
			b = append(b, styleCode...)
		} else {
			b = append(b, style...)
		}
		b = append(b, `" t="inlineStr"><is><t xml:space="preserve">`...)
		f.cell = AppendCell(f.cell[:0], c)
		b = append(appendXML(b, fitCell(f.cell)), `</t></is></c>`...)
	}
	f.record = append(b, "</row>"...)
	_, err := f.sheet.Write(f.record)
	return err
}

// fitCell cuts a value that a cell cannot hold, and says so.
func fitCell(value []byte) []byte {
	if len(value) <= cellUnits {
		return value
	}
	units, keep := 0, 0
	for i := 0; i < len(value); {
		r, size := utf8.DecodeRune(value[i:])
		units++
		if r > 0xffff {
			units++
		}
		if i += size; units <= cellUnits-len([]rune(tooLong)) {
			keep = i
		}
	}
	if units <= cellUnits {
		return value
	}
	return append(value[:keep], tooLong...)
}

// appendXML escapes text that AppendCell has cleaned. A carriage return would be read as a line feed, and a sequence
// like _x0041_ as the character it names (ECMA-376 part 1, 22.9.2.19), so both are written in the escaped form.
func appendXML(dst, value []byte) []byte {
	start := 0
	for i, b := range value {
		var escaped string
		switch {
		case b == '&':
			escaped = "&amp;"
		case b == '<':
			escaped = "&lt;"
		case b == '>':
			escaped = "&gt;"
		case b == '\r':
			escaped = "_x000D_"
		case b == '_' && escapeLike(value[i:]):
			escaped = "_x005F_"
		default:
			continue
		}
		dst = append(append(dst, value[start:i]...), escaped...)
		start = i + 1
	}
	return append(dst, value[start:]...)
}

func escapeLike(b []byte) bool {
	if len(b) < 7 || b[1] != 'x' && b[1] != 'X' || b[6] != '_' {
		return false
	}
	for _, c := range b[2:6] {
		if !(c >= '0' && c <= '9' || c >= 'a' && c <= 'f' || c >= 'A' && c <= 'F') {
			return false
		}
	}
	return true
}

// Cell styles by their place in cellXfs.
const (
	styleText    = "1"
	styleHeading = "2"
	styleCode    = "3"
	styleWords   = "0"
)

const (
	spreadsheet = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
	relations   = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
	packageNS   = "http://schemas.openxmlformats.org/package/2006"

	// Sheets are the default for .xml: how many there are is known only at the end.
	contentTypes = `<Types xmlns="` + packageNS + `/content-types">` +
		`<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>` +
		`<Default Extension="xml" ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.worksheet+xml"/>` +
		`<Override PartName="/xl/workbook.xml" ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.sheet.main+xml"/>` +
		`<Override PartName="/xl/styles.xml" ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.styles+xml"/></Types>`

	packageRels = `<Relationships xmlns="` + packageNS + `/relationships">` +
		`<Relationship Id="rId1" Type="` + relations + `/officeDocument" Target="xl/workbook.xml"/></Relationships>`

	workbook = `<workbook xmlns="` + spreadsheet + `" xmlns:r="` + relations + `"><sheets>%s</sheets></workbook>`

	workbookRels = `<Relationships xmlns="` + packageNS + `/relationships">%s</Relationships>`

	// Text cells wrap and begin at the top; headings are bold. The format “text” (49) is for IDs and phones alone, which
	// stay text when edited: some versions of Excel show a long opinion in that format as #####.
	styles = `<styleSheet xmlns="` + spreadsheet + `"><fonts count="2"><font><sz val="11"/><name val="宋体"/></font>` +
		`<font><b/><sz val="11"/><name val="宋体"/></font></fonts>` +
		`<fills count="2"><fill><patternFill patternType="none"/></fill><fill><patternFill patternType="gray125"/></fill></fills>` +
		`<borders count="1"><border><left/><right/><top/><bottom/><diagonal/></border></borders>` +
		`<cellStyleXfs count="1"><xf numFmtId="0" fontId="0" fillId="0" borderId="0"/></cellStyleXfs>` +
		`<cellXfs count="4"><xf numFmtId="0" fontId="0" fillId="0" borderId="0" xfId="0"/>` +
		`<xf numFmtId="0" fontId="0" fillId="0" borderId="0" xfId="0" applyAlignment="1"><alignment vertical="top" wrapText="1"/></xf>` +
		`<xf numFmtId="0" fontId="1" fillId="0" borderId="0" xfId="0" applyFont="1"/>` +
		`<xf numFmtId="49" fontId="0" fillId="0" borderId="0" xfId="0" applyNumberFormat="1" applyAlignment="1"><alignment vertical="top"/></xf></cellXfs>` +
		`<cellStyles count="1"><cellStyle name="Normal" xfId="0" builtinId="0"/></cellStyles></styleSheet>`

	sheetHead = `<worksheet xmlns="` + spreadsheet + `"><sheetViews><sheetView workbookViewId="0">` +
		`<pane ySplit="1" topLeftCell="A2" activePane="bottomLeft" state="frozen"/></sheetView></sheetViews>` +
		`<sheetFormatPr defaultRowHeight="15"/>`
)
