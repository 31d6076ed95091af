package export

import (
	"bufio"
	"bytes"

	"wenji/internal/xlsx"
)

// csvFile writes RFC 4180: CRLF, quotes where needed, as many fields in every line; and a byte order mark, without which
// Excel reads the local code page. A CSV cell has no type, so an ID or phone number of digits alone gets an apostrophe:
// Excel would show 18 digits as 1.10105E+17 and lose the last three.
type csvFile struct {
	w       *bufio.Writer
	columns []xlsx.Column
	record  []byte
	cell    []byte
}

func newCSV(w *bufio.Writer, columns []xlsx.Column) (*csvFile, error) {
	f := &csvFile{w: w, columns: columns}
	headings := make([][]byte, len(columns))
	for i, c := range columns {
		headings[i] = []byte(c.Heading)
	}
	if _, err := w.WriteString("\uFEFF"); err != nil {
		return nil, err
	}
	return f, f.row(headings)
}

func (f *csvFile) row(cells [][]byte) error {
	f.record = f.record[:0]
	for i, c := range cells {
		if i > 0 {
			f.record = append(f.record, ',')
		}
		f.cell = f.cell[:0]
		if f.columns[i].Kind == xlsx.Code && xlsx.OnlyDigits(c) {
			f.cell = append(f.cell, '\'')
		}
		f.cell = xlsx.AppendCell(f.cell, c)
		f.record = appendField(f.record, f.cell)
	}
	f.record = append(f.record, '\r', '\n')
	_, err := f.w.Write(f.record)
	return err
}

func (f *csvFile) last(words []byte) error {
	cells := make([][]byte, len(f.columns))
	cells[0] = words
	return f.row(cells)
}

func appendField(dst, value []byte) []byte {
	if bytes.IndexByte(value, '"') < 0 && bytes.IndexByte(value, ',') < 0 && bytes.IndexByte(value, '\n') < 0 && bytes.IndexByte(value, '\r') < 0 {
		return append(dst, value...)
	}
	dst = append(dst, '"')
	for {
		quote := bytes.IndexByte(value, '"')
		if quote < 0 {
			return append(append(dst, value...), '"')
		}
		dst = append(append(dst, value[:quote+1]...), '"')
		value = value[quote+1:]
	}
}
