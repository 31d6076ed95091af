package export

import (
	"bufio"

	"wenji/internal/xlsx"
)

// writeXLSX writes a workbook with one table; its last row holds the closing words.
func writeXLSX(w *bufio.Writer, t *table) error {
	f, err := xlsx.NewWriter(w)
	if err != nil {
		return err
	}
	headings := make([]xlsx.Column, len(t.columns))
	for i, c := range t.columns {
		headings[i] = c.Column
	}
	if err := f.Sheet("意见", headings); err != nil {
		return err
	}
	for cells, err := range t.rows {
		if err != nil {
			return err
		}
		if err := f.Row(cells); err != nil {
			return err
		}
		t.digest(cells)
	}
	if err := f.Words(t.closing()); err != nil {
		return err
	}
	return f.Close()
}
