package export

import (
	"bufio"
	"bytes"

	"wenji/internal/xlsx"
)

// writeCSV writes RFC 4180: CRLF, quotes where needed, as many fields in every line; and a byte order mark, without which
// Excel reads the local code page. A CSV cell has no type, so an ID or phone number of digits alone gets an apostrophe:
// Excel would show 18 digits as 1.10105E+17 and lose the last three.
func writeCSV(w *bufio.Writer, t *table) error {
	f := &csvFile{w: w, columns: t.columns}
	headings := make([][]byte, len(t.columns))
	for i, c := range t.columns {
		headings[i] = []byte(c.Heading)
	}
	const mark = "\uFEFF"
	if _, err := w.WriteString(mark); err != nil {
		return err
	}
	t.hash.Write([]byte(mark))
	if err := f.row(headings); err != nil {
		return err
	}
	t.hash.Write(f.record)
	for cells, err := range t.rows {
		if err != nil {
			return err
		}
		if err := f.row(cells); err != nil {
			return err
		}
		t.hash.Write(f.record)
	}
	last := make([][]byte, len(t.columns))
	last[0] = t.closing()
	return f.row(last)
}

type csvFile struct {
	w       *bufio.Writer
	columns []column
	record  []byte
	cell    []byte
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
