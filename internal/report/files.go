package report

import (
	"context"
	"encoding/csv"
	"fmt"
	"io"
	"strconv"

	"wenji/internal/xlsx"
)

// A file of a report is made of what was published, so that its numbers are those of the page.

const byteOrderMark = "\uFEFF"

// WriteCSV writes the table of 采纳情况, or the numbers of 收到情况 while there is no table yet. No cell of it can be run by a
// spreadsheet.
func (s *Store) WriteCSV(ctx context.Context, w io.Writer, received, outcome *Edition) error {
	if _, err := io.WriteString(w, byteOrderMark); err != nil {
		return err
	}
	out := csv.NewWriter(w)
	out.UseCRLF = true
	write := func(cells ...string) error {
		for i, c := range cells {
			cells[i] = string(xlsx.AppendCell(nil, []byte(c)))
		}
		return out.Write(cells)
	}
	if outcome == nil {
		if err := write("分类", "项目", "数量"); err != nil {
			return err
		}
		for _, f := range received.Figures() {
			if err := write(f.Group, f.Name, strconv.Itoa(f.Count)); err != nil {
				return err
			}
		}
	} else {
		if err := write(append([]string(nil), tableHead...)...); err != nil {
			return err
		}
		for r, err := range s.all(ctx, outcome) {
			if err != nil {
				return err
			}
			if err := write(r.cells()...); err != nil {
				return err
			}
		}
	}
	out.Flush()
	return out.Error()
}

var (
	figureColumns = []xlsx.Column{{Heading: "分类", Width: 14}, {Heading: "项目", Width: 40}, {Heading: "数量", Kind: xlsx.Number, Width: 10}}
	tableColumns  = []xlsx.Column{{Heading: tableHead[0], Kind: xlsx.Number, Width: 8}, {Heading: tableHead[1], Width: 12},
		{Heading: tableHead[2], Width: 70}, {Heading: tableHead[3], Width: 16}, {Heading: tableHead[4], Width: 50}}
)

// WriteXLSX writes a workbook with a sheet for the numbers of each published part and one for the table.
func (s *Store) WriteXLSX(ctx context.Context, w io.Writer, received, outcome *Edition) error {
	book, err := xlsx.NewWriter(w)
	if err != nil {
		return err
	}
	for _, e := range []*Edition{received, outcome} {
		if e == nil {
			continue
		}
		if err := figureSheet(book, e); err != nil {
			return fmt.Errorf("write the numbers of %s: %w", e.Part, err)
		}
	}
	if outcome != nil {
		if err := s.tableSheet(ctx, book, outcome); err != nil {
			return err
		}
	}
	return book.Close()
}

func figureSheet(book *xlsx.Writer, e *Edition) error {
	if err := book.Sheet(PartWord(e.Part), figureColumns); err != nil {
		return err
	}
	for _, f := range e.Figures() {
		if err := book.Row([][]byte{[]byte(f.Group), []byte(f.Name), strconv.AppendInt(nil, int64(f.Count), 10)}); err != nil {
			return err
		}
	}
	return book.Words([]byte(e.AsOf()))
}

func (s *Store) tableSheet(ctx context.Context, book *xlsx.Writer, e *Edition) error {
	if err := book.Sheet("意见汇总表", tableColumns); err != nil {
		return err
	}
	cells := make([][]byte, len(tableColumns))
	for r, err := range s.all(ctx, e) {
		if err != nil {
			return err
		}
		for i, c := range r.cells() {
			cells[i] = []byte(c)
		}
		if err := book.Row(cells); err != nil {
			return fmt.Errorf("write row %d: %w", r.Number, err)
		}
	}
	return book.Words([]byte(e.AsOf()))
}
