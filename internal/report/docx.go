package report

import (
	"context"
	"io"
	"iter"
	"strconv"
	"strings"

	"wenji/internal/docx"
)

// WriteDOCX writes the report as a document in the layout of official ones (GB/T 9704-2012): the words and numbers of
// each published part, then the table (意见汇总表) on pages of their own, on their side.
func (s *Store) WriteDOCX(ctx context.Context, w io.Writer, received, outcome *Edition) error {
	last := received
	if outcome != nil {
		last = outcome
	}
	d := docx.NewWriter(w, docx.Options{Title: heading(last), Author: last.Unit, Created: last.PublishedAt})
	d.Title(heading(last))
	d.Heading(1, "一、收到情况")
	part(d, received)
	if outcome == nil {
		sign(d, received)
		return d.Close()
	}
	d.Heading(1, "二、采纳情况")
	part(d, outcome)
	if outcome.LinkURL != "" {
		d.Paragraph("正式文件：" + strings.TrimSpace(outcome.LinkTitle+" "+outcome.LinkURL))
	}
	d.Paragraph("附件：意见汇总表")
	sign(d, outcome)
	d.Section(true)
	d.Flush("附件")
	d.Title("意见汇总表")
	d.Table(tableHead, []int{6, 9, 45, 14, 26}, s.cells(ctx, outcome))
	d.Paragraph(outcome.AsOf())
	return d.Close()
}

func heading(e *Edition) string { return "《" + e.Title + "》公开征求意见结果反馈" }

// part writes the words and numbers of a part.
func part(d *docx.Writer, e *Edition) {
	d.Paragraph(e.Summary)
	var rows [][]string
	for _, f := range e.Figures() {
		rows = append(rows, []string{f.Group, f.Name, strconv.Itoa(f.Count)})
	}
	d.Centered(PartWord(e.Part) + "统计表")
	d.Table([]string{"分类", "项目", "数量"}, []int{25, 55, 20}, docx.Rows(rows))
	d.Paragraph(e.AsOf())
}

func sign(d *docx.Writer, e *Edition) {
	d.Right(e.Unit)
	d.Right(date(e.PublishedAt))
}

// cells are the rows of the table as the document has them.
func (s *Store) cells(ctx context.Context, e *Edition) iter.Seq2[[]string, error] {
	return func(yield func([]string, error) bool) {
		for r, err := range s.all(ctx, e) {
			if !yield(r.cells(), err) {
				return
			}
		}
	}
}
