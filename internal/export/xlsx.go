package export

import (
	"archive/zip"
	"bufio"
	"compress/flate"
	"encoding/xml"
	"fmt"
	"io"
	"strconv"
	"unicode/utf8"
)

// Limits of a worksheet (Excel specifications): rows of a sheet, UTF-16 units of a cell.
const (
	sheetRows = 1_048_576
	cellUnits = 32_767
)

// tooLong ends a cell that had to be cut.
const tooLong = "……（内容过长，全文请在系统中查看）"

// xlsxFile writes an Office Open XML workbook (ECMA-376) straight to the stream: strings stand in their cells, nothing is
// kept in memory and no temporary file is made. Text is never a formula there. Rows beyond one sheet go to another.
type xlsxFile struct {
	zip     *zip.Writer
	columns []column
	names   []string // of the columns: A, B, …
	sheet   *bufio.Writer
	sheets  int
	rows    int // in the current sheet
	most    int // rows of a sheet
	record  []byte
	cell    []byte
}

func newXLSX(w io.Writer, columns []column) (*xlsxFile, error) {
	return newXLSXSheets(w, columns, sheetRows)
}

func newXLSXSheets(w io.Writer, columns []column, most int) (*xlsxFile, error) {
	f := &xlsxFile{zip: zip.NewWriter(w), columns: columns, most: most}
	f.zip.RegisterCompressor(zip.Deflate, func(w io.Writer) (io.WriteCloser, error) {
		return flate.NewWriter(w, flate.BestSpeed)
	})
	for i := range columns {
		f.names = append(f.names, string(rune('A'+i)))
	}
	for _, part := range []struct{ name, content string }{
		{"[Content_Types].xml", contentTypes}, {"_rels/.rels", packageRels}, {"xl/styles.xml", styles},
	} {
		if err := f.part(part.name, part.content); err != nil {
			return nil, err
		}
	}
	return f, f.nextSheet()
}

func (f *xlsxFile) row(cells [][]byte) error {
	if f.rows == f.most-1 { // one is left for the closing words
		if err := f.endSheet(); err != nil {
			return err
		}
		if err := f.nextSheet(); err != nil {
			return err
		}
	}
	return f.write(cells, styleText)
}

func (f *xlsxFile) last(words []byte) error {
	if err := f.write([][]byte{words}, styleClosing); err != nil {
		return err
	}
	if err := f.endSheet(); err != nil {
		return err
	}
	sheets, rels := "", ""
	for i := 1; i <= f.sheets; i++ {
		name := "意见"
		if i > 1 {
			name += strconv.Itoa(i)
		}
		sheets += fmt.Sprintf(`<sheet name="%s" sheetId="%d" r:id="rId%d"/>`, name, i, i)
		rels += fmt.Sprintf(`<Relationship Id="rId%d" Type="%s/worksheet" Target="worksheets/sheet%d.xml"/>`, i, relations, i)
	}
	rels += fmt.Sprintf(`<Relationship Id="rId%d" Type="%s/styles" Target="styles.xml"/>`, f.sheets+1, relations)
	if err := f.part("xl/workbook.xml", fmt.Sprintf(workbook, sheets)); err != nil {
		return err
	}
	if err := f.part("xl/_rels/workbook.xml.rels", fmt.Sprintf(workbookRels, rels)); err != nil {
		return err
	}
	return f.zip.Close()
}

func (f *xlsxFile) part(name, content string) error {
	w, err := f.zip.Create(name)
	if err != nil {
		return err
	}
	_, err = io.WriteString(w, xml.Header+content)
	return err
}

func (f *xlsxFile) nextSheet() error {
	f.sheets++
	f.rows = 0
	w, err := f.zip.Create(fmt.Sprintf("xl/worksheets/sheet%d.xml", f.sheets))
	if err != nil {
		return err
	}
	f.sheet = bufio.NewWriterSize(w, bufferSize)
	head := xml.Header + sheetHead + "<cols>"
	headings := make([][]byte, len(f.columns))
	for i, c := range f.columns {
		head += fmt.Sprintf(`<col min="%d" max="%d" width="%d" customWidth="1"/>`, i+1, i+1, c.width)
		headings[i] = []byte(c.heading)
	}
	if _, err := f.sheet.WriteString(head + "</cols><sheetData>"); err != nil {
		return err
	}
	return f.write(headings, styleHeading)
}

func (f *xlsxFile) endSheet() error {
	if _, err := f.sheet.WriteString("</sheetData></worksheet>"); err != nil {
		return err
	}
	return f.sheet.Flush()
}

func (f *xlsxFile) write(cells [][]byte, style string) error {
	f.rows++
	b := append(f.record[:0], `<row r="`...)
	b = strconv.AppendInt(b, int64(f.rows), 10)
	b = append(b, `">`...)
	for i, c := range cells {
		if len(c) == 0 {
			continue
		}
		b = append(append(b, `<c r="`...), f.names[i]...)
		b = strconv.AppendInt(b, int64(f.rows), 10)
		if f.columns[i].kind == number && style == styleText {
			b = append(append(append(b, `"><v>`...), c...), `</v></c>`...)
			continue
		}
		b = append(b, `" s="`...)
		if f.columns[i].kind == code && style == styleText {
			b = append(b, styleCode...)
		} else {
			b = append(b, style...)
		}
		b = append(b, `" t="inlineStr"><is><t xml:space="preserve">`...)
		f.cell = appendCell(f.cell[:0], c)
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

// appendXML escapes text that appendCell has cleaned. A carriage return would be read as a line feed, and a sequence
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
	styleClosing = "0"
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
