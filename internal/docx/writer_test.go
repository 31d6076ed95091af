package docx_test

import (
	"archive/zip"
	"bytes"
	"encoding/xml"
	"errors"
	"io"
	"strconv"
	"strings"
	"testing"

	"wenji/internal/docx"
)

// part is the content of one file of a document.
func part(t *testing.T, document []byte, name string) string {
	t.Helper()
	z, err := zip.NewReader(bytes.NewReader(document), int64(len(document)))
	if err != nil {
		t.Fatal(err)
	}
	f, err := z.Open(name)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	content, err := io.ReadAll(f)
	if err != nil {
		t.Fatal(err)
	}
	return string(content)
}

func TestEveryPartIsWellFormed(t *testing.T) {
	var out bytes.Buffer
	d := docx.NewWriter(&out, docx.Options{Title: `意见汇总表 <&"`, Author: "省民政厅"})
	d.Title("意见汇总表")
	d.Heading(1, "一、收到情况")
	d.Paragraph("第一行\n第二行 <b> & \x00\x08\ufffe 𠮷")
	d.Table([]string{"序号", "意见"}, []int{1, 4}, docx.Rows([][]string{{"1", "=1+1"}, {"2"}}))
	d.Section(true)
	d.Right("2026年11月27日")
	if err := d.Close(); err != nil {
		t.Fatal(err)
	}
	z, err := zip.NewReader(bytes.NewReader(out.Bytes()), int64(out.Len()))
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range z.File {
		reader := xml.NewDecoder(strings.NewReader(part(t, out.Bytes(), f.Name)))
		for {
			_, err := reader.Token()
			if errors.Is(err, io.EOF) {
				break
			}
			if err != nil {
				t.Fatalf("%s: %v", f.Name, err)
			}
		}
	}
	body := part(t, out.Bytes(), "word/document.xml")
	for _, want := range []string{"第二行 &lt;b&gt; &amp; ", "𠮷", "<w:tblHeader/>", "=1+1", `w:orient="landscape"`} {
		if !strings.Contains(body, want) {
			t.Errorf("the document lacks %q", want)
		}
	}
	if strings.Count(body, "<w:tr>") != 3 || strings.Count(body, "<w:tc>") != 6 {
		t.Errorf("%d rows, %d cells", strings.Count(body, "<w:tr>"), strings.Count(body, "<w:tc>"))
	}
}

func TestAFailingRowFailsTheDocument(t *testing.T) {
	d := docx.NewWriter(io.Discard, docx.Options{})
	broken := errors.New("the database went away")
	d.Table([]string{"序号"}, nil, func(yield func([]string, error) bool) {
		_ = yield([]string{"1"}, nil) && yield(nil, broken)
	})
	if err := d.Close(); !errors.Is(err, broken) {
		t.Errorf("closing gave %v", err)
	}
}

func TestATableOfAnyLengthTakesNoMoreMemory(t *testing.T) {
	count := func(rows int) float64 {
		return testing.AllocsPerRun(1, func() {
			d := docx.NewWriter(io.Discard, docx.Options{})
			row := []string{"1", "建议在老旧小区加装扶手"}
			d.Table([]string{"序号", "意见"}, nil, func(yield func([]string, error) bool) {
				for range rows {
					if !yield(row, nil) {
						return
					}
				}
			})
			if err := d.Close(); err != nil {
				t.Error(err)
			}
		})
	}
	few, many := count(10), count(1010)
	if each := (many - few) / 1000; each > 20 {
		t.Errorf("%s allocations a row", strconv.FormatFloat(each, 'f', 1, 64))
	}
}
