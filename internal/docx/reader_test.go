package docx_test

import (
	"archive/zip"
	"bytes"
	"errors"
	"fmt"
	"os"
	"runtime"
	"slices"
	"strings"
	"testing"

	"wenji/internal/docx"
)

const types = `<Types><Override PartName="/word/document.xml" ContentType="application/vnd.openxmlformats-officedocument.wordprocessingml.document.main+xml"/></Types>`

// packed makes a document of the parts: name, content, name, content, …
func packed(t *testing.T, parts ...string) []byte {
	t.Helper()
	var out bytes.Buffer
	z := zip.NewWriter(&out)
	for i := 0; i < len(parts); i += 2 {
		w, err := z.Create(parts[i])
		if err != nil {
			t.Fatal(err)
		}
		if _, err := w.Write([]byte(parts[i+1])); err != nil {
			t.Fatal(err)
		}
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func document(t *testing.T, body string, parts ...string) []byte {
	t.Helper()
	return packed(t, append([]string{"[Content_Types].xml", types, "word/document.xml",
		`<?xml version="1.0"?><w:document><w:body>` + body + `</w:body></w:document>`}, parts...)...)
}

func read(file []byte) ([]docx.Paragraph, error) {
	return docx.Read(bytes.NewReader(file), int64(len(file)))
}

func texts(t *testing.T, file []byte) []string {
	t.Helper()
	paragraphs, err := read(file)
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	for _, p := range paragraphs {
		out = append(out, p.Text)
	}
	return out
}

func TestWhatTheWriterWroteIsReadBack(t *testing.T) {
	var file bytes.Buffer
	w := docx.NewWriter(&file, docx.Options{Title: "题"})
	w.Title("若干措施")
	w.Heading(2, "（一）优化供给")
	w.Paragraph("甲<b>&\t乙\n丙")
	w.Table([]string{"序号", "意见"}, []int{1, 3}, docx.Rows([][]string{{"1", "𠮷"}}))
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	got, err := read(file.Bytes())
	if err != nil {
		t.Fatal(err)
	}
	got = slices.DeleteFunc(got, func(p docx.Paragraph) bool { return p.Text == "" })
	want := []docx.Paragraph{
		{Text: "若干措施", Style: "Title"}, {Text: "（一）优化供给", Style: "heading 2", Outline: 2},
		{Text: "甲<b>&\t乙", Style: "Normal"}, {Text: "丙", Style: "Normal"},
		{Text: "序号", Style: "Table Head", Table: true}, {Text: "意见", Style: "Table Head", Table: true},
		{Text: "1", Style: "Table Text", Table: true}, {Text: "𠮷", Style: "Table Text", Table: true},
	}
	for i := range got {
		if want[i].Style == "Normal" {
			got[i].Style = "Normal" // a paragraph of the usual style need not name it
		}
	}
	if !slices.Equal(got, want) {
		t.Errorf("\n got %+v\nwant %+v", got, want)
	}
}

func TestTrackedChangesAreReadAsAccepted(t *testing.T) {
	got := texts(t, document(t, `<w:p><w:r><w:t>甲</w:t></w:r><w:del><w:r><w:delText>乙</w:delText><w:t>丁</w:t></w:r></w:del>`+
		`<w:ins><w:r><w:t>丙</w:t></w:r></w:ins><w:r><w:tab/><w:br/><w:instrText>PAGE</w:instrText></w:r></w:p>`))
	if want := []string{"甲丙\t\n"}; !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestOutlineComesThroughTheStylesBelow(t *testing.T) {
	got, err := read(document(t, `<w:p><w:pPr><w:pStyle w:val="b"/></w:pPr><w:r><w:t>甲</w:t></w:r></w:p>`, "word/styles.xml",
		`<w:styles><w:style w:styleId="a"><w:name w:val="heading 1"/><w:pPr><w:outlineLvl w:val="0"/></w:pPr></w:style>`+
			`<w:style w:styleId="b"><w:name w:val="自定"/><w:basedOn w:val="a"/></w:style>`+
			`<w:style w:styleId="c"><w:basedOn w:val="c"/></w:style></w:styles>`))
	if err != nil || len(got) != 1 || got[0].Outline != 1 || got[0].Style != "自定" {
		t.Errorf("%+v %v", got, err)
	}
}

func TestAutomaticNumbersArePrinted(t *testing.T) {
	numbering := `<w:numbering><w:abstractNum w:abstractNumId="0">` +
		`<w:lvl w:ilvl="0"><w:start w:val="1"/><w:numFmt w:val="chineseCountingThousand"/><w:lvlText w:val="%1、"/></w:lvl>` +
		`<w:lvl w:ilvl="1"><w:start w:val="1"/><w:numFmt w:val="chineseCounting"/><w:lvlText w:val="（%2）"/></w:lvl>` +
		`<w:lvl w:ilvl="2"><w:start w:val="9"/><w:numFmt w:val="decimal"/><w:lvlText w:val="%3."/></w:lvl></w:abstractNum>` +
		`<w:num w:numId="5"><w:abstractNumId w:val="0"/></w:num></w:numbering>`
	var body strings.Builder
	for _, at := range []int{0, 1, 1, 2, 2, 0, 1} {
		fmt.Fprintf(&body, `<w:p><w:pPr><w:numPr><w:ilvl w:val="%d"/><w:numId w:val="5"/></w:numPr></w:pPr><w:r><w:t>甲</w:t></w:r></w:p>`, at)
	}
	got := texts(t, document(t, body.String(), "word/numbering.xml", numbering))
	if want := []string{"一、甲", "（一）甲", "（二）甲", "9.甲", "10.甲", "二、甲", "（一）甲"}; !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestHarmfulFilesAreNamedAndCostLittle(t *testing.T) {
	many := []string{"[Content_Types].xml", types}
	for i := range 20_000 {
		many = append(many, fmt.Sprintf("word/%d.xml", i), "")
	}
	good := document(t, `<w:p><w:r><w:t>甲</w:t></w:r></w:p>`)
	bomb := strings.Repeat("甲", 60<<20/3)
	cases := []struct {
		name string
		file []byte
		want error
	}{
		{"bomb of text", document(t, "<w:p><w:r><w:t>"+bomb+"</w:t></w:r></w:p>"), docx.ErrTooLarge},
		{"bomb in an attribute", document(t, `<w:p w:x="`+bomb+`"/>`), docx.ErrTooLarge},
		{"bomb of text in small pieces", document(t, strings.Repeat("<w:p><w:r><w:t>"+strings.Repeat("甲", 100_000)+"</w:t></w:r></w:p>", 60)), docx.ErrTooLarge},
		{"bomb of paragraphs", document(t, strings.Repeat("<w:p/>", 200_000)), docx.ErrTooMany},
		{"deep elements", document(t, strings.Repeat("<w:p>", 100_000)), docx.ErrTooLarge},
		{"20,000 entries", packed(t, many...), docx.ErrTooMany},
		{"entity of another file", packed(t, "[Content_Types].xml", types, "word/document.xml",
			`<!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]><w:document><w:p><w:r><w:t>&e;</w:t></w:r></w:p></w:document>`), docx.ErrDoctype},
		{"declaration in the styles", document(t, "", "word/styles.xml", `<!DOCTYPE x><w:styles/>`), docx.ErrDoctype},
		{"path upwards", document(t, "", "../../etc/cron.d/x", "x"), docx.ErrPath},
		{"path upwards, backslashes", document(t, "", `word\..\..\x`, "x"), docx.ErrPath},
		{"absolute path", document(t, "", "/etc/passwd", "x"), docx.ErrPath},
		{"macros", document(t, "", "word/vbaProject.bin", "x"), docx.ErrMacros},
		{"macros by content type", packed(t, "[Content_Types].xml", strings.ReplaceAll(types, "vnd.openxml", "vnd.ms-word.document.macroEnabled"), "word/document.xml", "<w:document/>"), docx.ErrMacros},
		{"truncated", good[:len(good)/2], docx.ErrDamaged},
		{"broken XML", packed(t, "[Content_Types].xml", types, "word/document.xml", "<w:document><w:p>"), docx.ErrDamaged},
		{"no zip", []byte("甲乙丙丁戊己庚辛"), docx.ErrNotDocx},
		{"empty", nil, docx.ErrNotDocx},
		{"other zip", packed(t, "a.txt", "甲"), docx.ErrNotDocx},
		{"older kind", append([]byte("\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"), make([]byte, 512)...), docx.ErrOldDoc},
		{"with a password", []byte("\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1E\x00n\x00c\x00r\x00y\x00p\x00t\x00e\x00d\x00P\x00a\x00c\x00k\x00a\x00g\x00e\x00"), docx.ErrEncrypted},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			var before, after runtime.MemStats
			runtime.GC()
			runtime.ReadMemStats(&before)
			if _, err := read(c.file); !errors.Is(err, c.want) {
				t.Errorf("%v, want %v", err, c.want)
			}
			runtime.ReadMemStats(&after)
			if used := after.TotalAlloc - before.TotalAlloc; used > 256<<20 {
				t.Errorf("%d MiB were used", used>>20)
			}
		})
	}
}

func FuzzRead(f *testing.F) {
	for _, name := range []string{"draft-writer.docx", "draft-libreoffice.docx"} {
		content, err := os.ReadFile("testdata/" + name)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(content)
	}
	f.Fuzz(func(t *testing.T, file []byte) {
		_, _ = read(file) // must neither panic nor hang
	})
}

// How the two files were made is told in testdata/README.md.
func TestSampleDraftIsReadFromOurWriterAndFromLibreOffice(t *testing.T) {
	source, err := os.ReadFile("../sample/draft.txt")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"draft-writer.docx", "draft-libreoffice.docx"} {
		file, err := os.ReadFile("testdata/" + name)
		if err != nil {
			t.Fatal(err)
		}
		got := strings.Join(texts(t, file)[1:], "\n") // without the title
		if strings.TrimSpace(got) != strings.TrimSpace(string(source)) {
			t.Errorf("%s is not read as the sample draft: %.200q", name, got)
		}
	}
}
