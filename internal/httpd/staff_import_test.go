package httpd_test

import (
	"archive/zip"
	"bytes"
	"net/url"
	"os"
	"strconv"
	"strings"
	"testing"

	"wenji/internal/validate"
)

// imported is the draft of a consultation, as its numbered clauses stand in the database.
func (d *desk) imported(id string) (clauses, units int) {
	d.t.Helper()
	err := d.db.QueryRow(d.t.Context(), `
		SELECT count(*), coalesce(sum(cardinality(units)), 0)
		  FROM clause WHERE consultation_id = $1 AND document = 'draft' AND kind = 'clause'`, id).Scan(&clauses, &units)
	if err != nil {
		d.t.Fatal(err)
	}
	return clauses, units
}

// pastedPage is the draft as people paste it from the captured page, many of its marks lost.
func pastedPage(t *testing.T) string {
	t.Helper()
	content, err := os.ReadFile("../clause/testdata/page.txt")
	if err != nil {
		t.Fatal(err)
	}
	const heading = "辽宁省深化养老服务改革促进银发经济\n"
	return heading + strings.Split(string(content), "\n"+heading)[1]
}

func TestAPastedDraftIsRecognisedMendedAndSaved(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	b := d.member("wangfang")
	address := d.made(b)
	id := strings.TrimPrefix(address, "/staff/consultations/")
	exec(t, d.db, `DELETE FROM clause WHERE consultation_id = $1 AND document = 'draft'`, id)
	form := address + "/import?document=draft"

	b.sendFile(address+"/import/paste?document=draft", "", nil, url.Values{"text": {pastedPage(t)}}).want(t, 303)
	p := b.get(form).want(t, 200)
	checkDeskPage(t, form, p)
	if got := p.text(".d-half"); !strings.Contains(got, "发现172处半角标点。") {
		t.Errorf("half-width marks: %q", got)
	}
	if got := p.text(".d-named"); got != "解读称26项，识别到26项。" {
		t.Errorf("the count of the interpretation: %q", got)
	}
	doubts := p.text(".d-doubts")
	for _, want := range []string{"二级标题4：编号缺失", "第2条：标题后缺少句号，已按“强化机构养老服务”断开", "之间缺少顿号"} {
		if !strings.Contains(doubts, want) {
			t.Errorf("%q is not among the doubts", want)
		}
	}
	target := p.Find(".d-doubts a").First().AttrOr("href", "")
	if p.Find(target).Length() != 1 {
		t.Errorf("a doubt leads to %s, which is not there", target)
	}

	values := p.form(t, form)
	values.Set("do", "normalise")
	b.sendFile(form, "", nil, values).want(t, 303)
	p = b.get(form).want(t, 200)
	if p.Find(".d-half").Length() != 0 {
		t.Error("half-width marks are left after mending them")
	}

	stale := values
	stale.Set("do", "save")
	b.sendFile(form, "", nil, stale).want(t, 409)

	values = p.form(t, form)
	values.Set("do", "save")
	b.sendFile(form, "", nil, values).want(t, 303)
	if clauses, units := d.imported(id); clauses != 29 || units < 90 {
		t.Errorf("%d clauses with %d units are stored", clauses, units)
	}
}

func TestTheTypeThatAnEditorChoosesCountsAndIsKept(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	b := d.member("wangfang")
	address := d.made(b)
	form := address + "/import?document=draft"
	b.sendFile(address+"/import/paste?document=draft", "", nil, url.Values{"text": {"一、总体要求\n1.甲乙。丙。\n丁戊工作。己。"}}).want(t, 303)
	values := b.get(form).want(t, 200).form(t, form)
	values.Set("type-3", "clause")
	values.Set("do", "check")
	b.sendFile(form, "", nil, values).want(t, 303)
	p := b.get(form).want(t, 200)
	if got := p.Find("#type-3 option[selected]").AttrOr("value", ""); got != "clause" {
		t.Errorf("the chosen type is %q after a reload", got)
	}
	if got := p.text("#row-3 td:last-child"); !strings.Contains(got, "第2条") {
		t.Errorf("the row is read as %q", got)
	}
	values = p.form(t, form)
	values.Set("type-1", "none")
	values.Set("text-3", "改过的字")
	p = b.sendFile(form, "", nil, values).want(t, 422)
	if got := p.Find("#text-3").Text(); !strings.Contains(got, "改过的字") {
		t.Errorf("what was typed is lost: %q", got)
	}
	for i := range 3 {
		values.Set("type-"+strconv.Itoa(i+1), "text")
	}
	values.Set("do", "save")
	if got := b.sendFile(form, "", nil, values).want(t, 422).text("main .summary, main [role=alert]"); !strings.Contains(got, validate.DraftWithoutClause) {
		t.Errorf("a draft without a clause: %q", got)
	}
}

func TestWordDocumentsAreReadAndHarmfulOnesGetASentence(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	b := d.member("wangfang")
	address := d.made(b)
	id := strings.TrimPrefix(address, "/staff/consultations/")
	form := address + "/import?document=draft"
	for _, name := range []string{"draft-writer.docx", "draft-libreoffice.docx"} {
		content, err := os.ReadFile("../docx/testdata/" + name)
		if err != nil {
			t.Fatal(err)
		}
		exec(t, d.db, `DELETE FROM clause WHERE consultation_id = $1 AND document = 'draft'`, id)
		b.sendFile(address+"/import/upload?document=draft", name, content, nil).want(t, 303)
		values := b.get(form).want(t, 200).form(t, form)
		values.Set("do", "save")
		b.sendFile(form, "", nil, values).want(t, 303)
		if clauses, _ := d.imported(id); clauses != 29 {
			t.Errorf("%s gives %d clauses", name, clauses)
		}
	}
	for want, content := range map[string]string{
		validate.DocxNotDocx: "文字", validate.DocxOld: "\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + strings.Repeat("\x00", 600), validate.DocxDamaged: "PK\x03\x04broken",
		validate.DocxMacros:  emptyParts(t, "[Content_Types].xml", "word/document.xml", "word/vbaProject.bin"),
		validate.DocxPath:    emptyParts(t, "[Content_Types].xml", "word/document.xml", "../../etc/passwd"),
		validate.FileMissing: "",
	} {
		p := b.sendFile(address+"/import/upload?document=draft", "a.docx", []byte(content), nil).want(t, 422)
		if got := p.text("#problem-file"); !strings.Contains(got, want) {
			t.Errorf("the sentence is %q, want %q", got, want)
		}
	}
}

func TestOnlyAnEditorImports(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	for _, name := range []string{"liming", "sunli", "admin", "wumin"} {
		d.member(name).get("/staff/consultations/"+sampleID+"/import").want(t, 403)
	}
}

// emptyParts is a zip of files with nothing in them.
func emptyParts(t *testing.T, names ...string) string {
	t.Helper()
	var out bytes.Buffer
	z := zip.NewWriter(&out)
	for _, name := range names {
		if _, err := z.Create(name); err != nil {
			t.Fatal(err)
		}
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return out.String()
}
