package docx

import (
	"archive/zip"
	"bufio"
	"fmt"
	"io"
	"iter"
	"strconv"
	"strings"
	"time"
)

// Options say how a document begins.
type Options struct {
	Title     string    // of the file's properties; not printed
	Author    string    // of the file's properties
	Created   time.Time // of the file's properties; zero leaves it out
	Landscape bool      // A4 on its side, for wide tables
}

// Writer writes a document in the layout of official documents (GB/T 9704-2012): A4, 版心 156 mm × 225 mm, 22 lines of 28
// characters, the title in 2号小标宋, the text in 3号仿宋. What is written goes out at once, so a table may have any
// number of rows. The first failure is kept and returned by Close; what is written after it is lost.
type Writer struct {
	zip       *zip.Writer
	body      *bufio.Writer
	landscape bool
	err       error
}

// NewWriter begins a document on w.
func NewWriter(w io.Writer, o Options) *Writer {
	d := &Writer{zip: zip.NewWriter(w), landscape: o.Landscape}
	for _, part := range parts {
		d.part(part.name, part.content)
	}
	d.part("docProps/core.xml", coreProperties(o))
	out, err := d.zip.Create("word/document.xml")
	if err != nil {
		d.fail(err)
		out = io.Discard
	}
	d.body = bufio.NewWriter(out)
	d.raw(xmlHead + `<w:document ` + namespaces + `><w:body>`)
	return d
}

// Close ends the document; it does not close the writer below. It returns the first failure of the whole document.
func (d *Writer) Close() error {
	d.raw(sectionProperties(d.landscape) + `</w:body></w:document>`)
	d.fail(d.body.Flush())
	d.fail(d.zip.Close())
	return d.err
}

// Title writes the document's title, centred.
func (d *Writer) Title(text string) { d.paragraphs("Title", text) }

// Heading writes a heading; levels 1 to 4 are those of 一、（一）1. and（1）.
func (d *Writer) Heading(level int, text string) {
	d.paragraphs("Heading"+strconv.Itoa(min(max(level, 1), 4)), text)
}

// Paragraph writes running text, the first line set in by two characters. Each line feed begins a new paragraph.
func (d *Writer) Paragraph(text string) { d.paragraphs("Normal", text) }

// Flush writes text without setting in its first line: the line that names whom a letter is for.
func (d *Writer) Flush(text string) { d.paragraphs("Flush", text) }

// Centered writes a centred line, such as the one that names a table.
func (d *Writer) Centered(text string) { d.paragraphs("Centered", text) }

// Right writes a line at the right-hand side: who signs, and the date.
func (d *Writer) Right(text string) { d.paragraphs("Signature", text) }

// Section begins a new page, upright or on its side.
func (d *Writer) Section(landscape bool) {
	d.raw(`<w:p><w:pPr><w:pStyle w:val="Gap"/>` + sectionProperties(d.landscape) + `</w:pPr></w:p>`)
	d.landscape = landscape
}

// Table writes a table as wide as the text, its head repeated on each page. Widths are shares of the whole, one a column;
// without them columns are equally wide. A row with too few cells is filled up, one with too many is cut. When rows
// yields an error the document fails.
func (d *Writer) Table(head []string, widths []int, rows iter.Seq2[[]string, error]) {
	columns := columnWidths(len(head), widths, textWidth(d.landscape))
	d.raw(`<w:tbl><w:tblPr><w:tblStyle w:val="Grid"/><w:tblW w:w="`, strconv.Itoa(sum(columns)),
		`" w:type="dxa"/><w:tblLayout w:type="fixed"/></w:tblPr><w:tblGrid>`)
	for _, c := range columns {
		d.raw(`<w:gridCol w:w="`, strconv.Itoa(c), `"/>`)
	}
	d.raw(`</w:tblGrid>`)
	d.row(head, columns, `<w:trPr><w:cantSplit/><w:tblHeader/></w:trPr>`, "TableHead")
	for cells, err := range rows {
		if err != nil {
			d.fail(fmt.Errorf("read the rows of a table: %w", err))
			break
		}
		if d.row(cells, columns, "", "TableText"); d.err != nil {
			break
		}
	}
	// Two tables in a row would be read as one, and a document may not end with one.
	d.raw(`</w:tbl><w:p><w:pPr><w:pStyle w:val="Gap"/></w:pPr></w:p>`)
}

// Rows gives rows at hand to Table.
func Rows(rows [][]string) iter.Seq2[[]string, error] {
	return func(yield func([]string, error) bool) {
		for _, r := range rows {
			if !yield(r, nil) {
				return
			}
		}
	}
}

func (d *Writer) row(cells []string, columns []int, properties, style string) {
	d.raw(`<w:tr>`, properties)
	for i, width := range columns {
		text := ""
		if i < len(cells) {
			text = cells[i]
		}
		d.raw(`<w:tc><w:tcPr><w:tcW w:w="`, strconv.Itoa(width), `" w:type="dxa"/></w:tcPr>`)
		d.paragraphs(style, text)
		d.raw(`</w:tc>`)
	}
	d.raw(`</w:tr>`)
}

// paragraphs writes one paragraph for each line of text, one at least.
func (d *Writer) paragraphs(style, text string) {
	text = strings.ReplaceAll(strings.ReplaceAll(text, "\r\n", "\n"), "\r", "\n")
	for line := range strings.SplitSeq(text, "\n") {
		d.raw(`<w:p><w:pPr><w:pStyle w:val="`, style, `"/></w:pPr>`)
		for i, piece := range strings.Split(line, "\t") {
			if i > 0 {
				d.raw(`<w:r><w:tab/></w:r>`)
			}
			if piece != "" {
				d.raw(`<w:r><w:t xml:space="preserve">`)
				d.fail(escape(d.body, piece))
				d.raw(`</w:t></w:r>`)
			}
		}
		d.raw(`</w:p>`)
	}
}

// raw writes markup of ours.
func (d *Writer) raw(pieces ...string) {
	for _, p := range pieces {
		if d.err != nil {
			return
		}
		_, d.err = d.body.WriteString(p)
	}
}

func (d *Writer) part(name, content string) {
	out, err := d.zip.Create(name)
	if err == nil {
		_, err = io.WriteString(out, content)
	}
	d.fail(err)
}

func (d *Writer) fail(err error) {
	if d.err == nil && err != nil {
		d.err = fmt.Errorf("write a document: %w", err)
	}
}

// columnWidths shares out total, in twentieths of a point.
func columnWidths(n int, shares []int, total int) []int {
	columns := make([]int, n)
	if len(shares) != n || sum(shares) <= 0 {
		shares = make([]int, n)
		for i := range shares {
			shares[i] = 1
		}
	}
	whole := sum(shares)
	for i, s := range shares {
		columns[i] = total * max(s, 0) / whole
	}
	return columns
}

func sum(ns []int) int {
	total := 0
	for _, n := range ns {
		total += max(n, 0)
	}
	return total
}

// escape writes text as XML, without what XML 1.0 cannot hold (§2.2).
func escape(w *bufio.Writer, s string) error {
	for _, r := range s {
		var err error
		switch {
		case r == '&':
			_, err = w.WriteString("&amp;")
		case r == '<':
			_, err = w.WriteString("&lt;")
		case r == '>':
			_, err = w.WriteString("&gt;")
		case r == '"':
			_, err = w.WriteString("&#34;")
		case r < ' ' && r != '\t' || r == 0xfffe || r == 0xffff:
		default:
			_, err = w.WriteRune(r)
		}
		if err != nil {
			return err
		}
	}
	return nil
}
