package docx

import (
	"bufio"
	"strings"
	"time"
)

const (
	xmlHead    = `<?xml version="1.0" encoding="UTF-8" standalone="yes"?>` + "\n"
	namespaces = `xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main" ` +
		`xmlns:r="http://schemas.openxmlformats.org/officeDocument/2006/relationships"`
	office = "http://schemas.openxmlformats.org/officeDocument/2006/relationships/"
	word   = "application/vnd.openxmlformats-officedocument.wordprocessingml."
)

// textWidth is the width between the margins in twentieths of a point: A4 less the margins that sectionProperties sets.
func textWidth(landscape bool) int {
	if landscape {
		return 16838 - 1984 - 2098
	}
	return 11906 - 1587 - 1474
}

// sectionProperties describes the pages of a section. GB/T 9704-2012 §5.2.1: 天头 37 mm, 订口 28 mm, 版心 156 mm × 225 mm,
// which leaves 35 mm below and 26 mm at the right; §5.2.3: 22 lines of 28 characters, for which the
// characters stand a fifth of a point closer (see styles); a grid of characters would push Latin figures apart. On its side the page is turned with
// its margins: what was the binding edge is above.
func sectionProperties(landscape bool) string {
	size := `<w:pgSz w:w="11906" w:h="16838"/><w:pgMar w:top="2098" w:right="1474" w:bottom="1984" w:left="1587"`
	if landscape {
		size = `<w:pgSz w:w="16838" w:h="11906" w:orient="landscape"/><w:pgMar w:top="1587" w:right="2098" w:bottom="1474" w:left="1984"`
	}
	footer := "1588"
	if landscape {
		footer = "1078"
	}
	return `<w:sectPr><w:footerReference w:type="default" r:id="rId4"/><w:footerReference w:type="even" r:id="rId5"/>` +
		`<w:type w:val="nextPage"/>` + size + ` w:header="851" w:footer="` + footer + `" w:gutter="0"/>` +
		`<w:docGrid w:type="lines" w:linePitch="579"/></w:sectPr>`
}

// parts are the files of every document, apart from its text.
var parts = []struct{ name, content string }{
	{"[Content_Types].xml", xmlHead + `<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">` +
		`<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>` +
		`<Default Extension="xml" ContentType="application/xml"/>` +
		`<Override PartName="/word/document.xml" ContentType="` + word + `document.main+xml"/>` +
		`<Override PartName="/word/styles.xml" ContentType="` + word + `styles+xml"/>` +
		`<Override PartName="/word/settings.xml" ContentType="` + word + `settings+xml"/>` +
		`<Override PartName="/word/fontTable.xml" ContentType="` + word + `fontTable+xml"/>` +
		`<Override PartName="/word/footer1.xml" ContentType="` + word + `footer+xml"/>` +
		`<Override PartName="/word/footer2.xml" ContentType="` + word + `footer+xml"/>` +
		`<Override PartName="/docProps/core.xml" ContentType="application/vnd.openxmlformats-package.core-properties+xml"/></Types>`},
	{"_rels/.rels", xmlHead + `<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">` +
		`<Relationship Id="rId1" Type="` + office + `officeDocument" Target="word/document.xml"/>` +
		`<Relationship Id="rId2" Type="http://schemas.openxmlformats.org/package/2006/relationships/metadata/core-properties" Target="docProps/core.xml"/>` +
		`</Relationships>`},
	{"word/_rels/document.xml.rels", xmlHead + `<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">` +
		`<Relationship Id="rId1" Type="` + office + `styles" Target="styles.xml"/>` +
		`<Relationship Id="rId2" Type="` + office + `settings" Target="settings.xml"/>` +
		`<Relationship Id="rId3" Type="` + office + `fontTable" Target="fontTable.xml"/>` +
		`<Relationship Id="rId4" Type="` + office + `footer" Target="footer1.xml"/>` +
		`<Relationship Id="rId5" Type="` + office + `footer" Target="footer2.xml"/></Relationships>`},
	{"word/styles.xml", styles()},
	{"word/settings.xml", xmlHead + `<w:settings ` + namespaces + `><w:defaultTabStop w:val="420"/><w:evenAndOddHeaders/>` +
		`<w:characterSpacingControl w:val="compressPunctuation"/>` +
		`<w:compat><w:compatSetting w:name="compatibilityMode" w:uri="http://schemas.microsoft.com/office/word" w:val="15"/></w:compat></w:settings>`},
	{"word/fontTable.xml", fontTable()},
	{"word/footer1.xml", pageNumber("right", `w:right="320"`)},
	{"word/footer2.xml", pageNumber("left", `w:left="320"`)},
}

// pageNumber is “— 1 —” in 4号宋体, on odd pages at the right and on even ones at the left, one character from the edge
// (§7.5).
func pageNumber(side, indent string) string {
	return xmlHead + `<w:ftr ` + namespaces + `><w:p><w:pPr><w:pStyle w:val="Footer"/><w:ind ` + indent + `/><w:jc w:val="` + side + `"/></w:pPr>` +
		`<w:r><w:t xml:space="preserve">— </w:t></w:r><w:r><w:fldChar w:fldCharType="begin"/></w:r>` +
		`<w:r><w:instrText xml:space="preserve"> PAGE </w:instrText></w:r><w:r><w:fldChar w:fldCharType="separate"/></w:r>` +
		`<w:r><w:t>1</w:t></w:r><w:r><w:fldChar w:fldCharType="end"/></w:r><w:r><w:t xml:space="preserve"> —</w:t></w:r></w:p></w:ftr>`
}

// fontTable names for each font the one to take where it is not installed.
func fontTable() string {
	var b strings.Builder
	b.WriteString(xmlHead + `<w:fonts ` + namespaces + `>`)
	for _, f := range [][2]string{{"方正小标宋简体", "宋体"}, {"仿宋", "仿宋_GB2312"}, {"楷体", "楷体_GB2312"}, {"黑体", "SimHei"}, {"宋体", "SimSun"}} {
		b.WriteString(`<w:font w:name="` + f[0] + `"><w:altName w:val="` + f[1] + `"/><w:charset w:val="86"/></w:font>`)
	}
	b.WriteString(`</w:fonts>`)
	return b.String()
}

// style is one paragraph style.
type style struct {
	id, name, font string
	halfPoints     string
	paragraph      string // its pPr
	bold           bool
}

// fonts names a font for Chinese and Latin text alike.
func fonts(name string) string {
	return `<w:rFonts w:ascii="` + name + `" w:eastAsia="` + name + `" w:hAnsi="` + name + `" w:cs="Times New Roman"/>`
}

// styles writes word/styles.xml. §7.3.1: the title in 2号小标宋, centred; §7.3.3: the text in 3号仿宋, headings of the
// first level in 黑体, of the second in 楷体, of the third and fourth in 仿宋.
func styles() string {
	const (
		exact  = `<w:spacing w:before="0" w:after="0" w:line="579" w:lineRule="exact"/>`
		single = `<w:spacing w:before="0" w:after="0" w:line="240" w:lineRule="auto"/>`
		setIn  = `<w:ind w:firstLineChars="200" w:firstLine="640"/>`
		flush  = `<w:ind w:firstLineChars="0" w:firstLine="0"/>`
	)
	heading := func(outline string) string { return `<w:keepNext/><w:outlineLvl w:val="` + outline + `"/>` }
	list := []style{
		{"Title", "Title", "方正小标宋简体", "44", `<w:keepNext/><w:spacing w:before="0" w:after="579" w:line="640" w:lineRule="exact"/>` + flush + `<w:jc w:val="center"/>`, false},
		{"Heading1", "heading 1", "黑体", "32", heading("0"), false},
		{"Heading2", "heading 2", "楷体", "32", heading("1"), false},
		{"Heading3", "heading 3", "仿宋", "32", heading("2"), true},
		{"Heading4", "heading 4", "仿宋", "32", heading("3"), false},
		{"Flush", "Body Flush", "仿宋", "32", flush, false},
		{"Centered", "Centered", "仿宋", "32", flush + `<w:jc w:val="center"/>`, false},
		{"Signature", "Signature", "仿宋", "32", `<w:ind w:right="640" w:firstLineChars="0" w:firstLine="0"/><w:jc w:val="right"/>`, false},
		{"TableHead", "Table Head", "黑体", "21", `<w:snapToGrid w:val="0"/>` + single + flush + `<w:jc w:val="center"/>`, false},
		{"TableText", "Table Text", "仿宋", "21", `<w:snapToGrid w:val="0"/>` + single + flush + `<w:jc w:val="left"/>`, false},
		{"Gap", "Gap", "仿宋", "2", `<w:snapToGrid w:val="0"/><w:spacing w:before="0" w:after="0" w:line="20" w:lineRule="exact"/>` + flush, false},
		{"Footer", "footer", "宋体", "28", `<w:snapToGrid w:val="0"/>` + single + flush, false},
	}
	var b strings.Builder
	b.WriteString(xmlHead + `<w:styles ` + namespaces + `><w:docDefaults><w:rPrDefault><w:rPr>` + fonts("仿宋") +
		`<w:spacing w:val="-4"/><w:sz w:val="32"/><w:szCs w:val="32"/><w:lang w:val="en-US" w:eastAsia="zh-CN" w:bidi="ar-SA"/></w:rPr></w:rPrDefault>` +
		`<w:pPrDefault/></w:docDefaults>` +
		`<w:style w:type="paragraph" w:default="1" w:styleId="Normal"><w:name w:val="Normal"/><w:qFormat/><w:pPr>` + exact + setIn +
		`<w:jc w:val="both"/></w:pPr></w:style>` +
		`<w:style w:type="table" w:default="1" w:styleId="TableNormal"><w:name w:val="Normal Table"/><w:tblPr><w:tblInd w:w="0" w:type="dxa"/>` +
		`<w:tblCellMar><w:top w:w="0" w:type="dxa"/><w:left w:w="85" w:type="dxa"/><w:bottom w:w="0" w:type="dxa"/><w:right w:w="85" w:type="dxa"/></w:tblCellMar></w:tblPr></w:style>` +
		`<w:style w:type="table" w:styleId="Grid"><w:name w:val="Table Grid"/><w:basedOn w:val="TableNormal"/><w:tblPr><w:tblBorders>`)
	for _, edge := range []string{"top", "left", "bottom", "right", "insideH", "insideV"} {
		b.WriteString(`<w:` + edge + ` w:val="single" w:sz="4" w:space="0" w:color="auto"/>`)
	}
	b.WriteString(`</w:tblBorders></w:tblPr></w:style>`)
	for _, s := range list {
		b.WriteString(`<w:style w:type="paragraph" w:styleId="` + s.id + `"><w:name w:val="` + s.name + `"/><w:basedOn w:val="Normal"/><w:qFormat/><w:pPr>` +
			s.paragraph + `</w:pPr><w:rPr>` + fonts(s.font))
		if s.bold {
			b.WriteString(`<w:b/>`)
		}
		b.WriteString(`<w:sz w:val="` + s.halfPoints + `"/><w:szCs w:val="` + s.halfPoints + `"/></w:rPr></w:style>`)
	}
	b.WriteString(`</w:styles>`)
	return b.String()
}

// coreProperties writes docProps/core.xml.
func coreProperties(o Options) string {
	var b strings.Builder
	w := bufio.NewWriter(&b)
	tag := func(name, text string) {
		if text != "" {
			w.WriteString("<" + name + ">")
			escape(w, text)
			w.WriteString("</" + name + ">")
		}
	}
	w.WriteString(xmlHead + `<cp:coreProperties xmlns:cp="http://schemas.openxmlformats.org/package/2006/metadata/core-properties" ` +
		`xmlns:dc="http://purl.org/dc/elements/1.1/" xmlns:dcterms="http://purl.org/dc/terms/" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance">`)
	tag("dc:title", o.Title)
	tag("dc:creator", o.Author)
	if !o.Created.IsZero() {
		w.WriteString(`<dcterms:created xsi:type="dcterms:W3CDTF">` + o.Created.UTC().Format(time.RFC3339) + `</dcterms:created>`)
	}
	w.WriteString(`</cp:coreProperties>`)
	w.Flush() // a strings.Builder takes everything
	return b.String()
}
