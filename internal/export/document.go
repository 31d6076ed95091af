package export

import (
	"bufio"
	"strconv"
	"strings"

	"wenji/internal/docx"
)

// closingLines gives each part of the closing words a line of its own: a long digest would stretch the line it ends.
var closingLines = strings.NewReplacer("；", "；\n", "（SHA-256）：", "（SHA-256）：\n")

// writeDOCX writes the table of opinions (意见汇总表) in the layout of an official document, on A4 across.
func writeDOCX(w *bufio.Writer, t *table) error {
	d := docx.NewWriter(w, docx.Options{Title: "公众意见汇总表", Landscape: true})
	d.Title("公众意见汇总表")
	d.Flush("征集：" + t.title)
	d.Flush("意见：共" + strconv.Itoa(t.total) + "条")
	headings, shares := make([]string, len(t.columns)), make([]int, len(t.columns))
	for i, c := range t.columns {
		headings[i], shares[i] = c.Heading, c.share
	}
	d.Table(headings, shares, func(yield func([]string, error) bool) {
		texts := make([]string, len(t.columns))
		for cells, err := range t.rows {
			if err != nil {
				yield(nil, err)
				return
			}
			for i, c := range cells {
				texts[i] = string(c)
			}
			t.digest(cells)
			if !yield(texts, nil) {
				return
			}
		}
	})
	d.Flush(closingLines.Replace(string(t.closing())))
	return d.Close()
}
