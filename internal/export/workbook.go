package export

import (
	"io"

	"wenji/internal/xlsx"
)

// workbook is the sheet of an XLSX file.
type workbook struct{ w *xlsx.Writer }

func newXLSX(w io.Writer, columns []xlsx.Column) (workbook, error) {
	f, err := xlsx.NewWriter(w)
	if err != nil {
		return workbook{}, err
	}
	return workbook{f}, f.Sheet("意见", columns)
}

func (f workbook) row(cells [][]byte) error { return f.w.Row(cells) }

func (f workbook) last(words []byte) error {
	if err := f.w.Words(words); err != nil {
		return err
	}
	return f.w.Close()
}
