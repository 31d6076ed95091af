package httpd_test

import (
	"bytes"
	"fmt"
	"mime/multipart"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/google/uuid"
	"github.com/xuri/excelize/v2"
)

// attach is a file of a multipart form.
type attach struct{ field, name, content string }

// upload posts a multipart form.
func (b *browser) upload(path string, fields url.Values, files ...attach) *page {
	b.t.Helper()
	var body bytes.Buffer
	form := multipart.NewWriter(&body)
	for name, values := range fields {
		for _, value := range values {
			if err := form.WriteField(name, value); err != nil {
				b.t.Fatal(err)
			}
		}
	}
	for _, f := range files {
		w, err := form.CreateFormFile(f.field, f.name)
		if err != nil {
			b.t.Fatal(err)
		}
		w.Write([]byte(f.content))
	}
	if err := form.Close(); err != nil {
		b.t.Fatal(err)
	}
	r, err := http.NewRequest(http.MethodPost, b.URL+path, &body)
	if err != nil {
		b.t.Fatal(err)
	}
	r.Header.Set("Content-Type", form.FormDataContentType())
	r.Header.Set("Origin", b.URL)
	return b.do(r)
}

// letter is the form of a letter that has nothing to be mended.
func letter(form *page) url.Values {
	return url.Values{
		"entry": {form.value("entry")}, "consultation": {sampleID}, "channel": {"letter"}, "received_on": {"2025-04-30"},
		"clause": {"3、5"}, "title": {"建议加装电梯"}, "body": {"请为老旧小区加装电梯。"}, "name": {"欧阳测标"}, "phone": {"13812345678"},
	}
}

func TestALetterIsEnteredWithItsScanAndItsSlipPrinted(t *testing.T) {
	d := newDesk(t)
	b := d.member("liming")
	form := b.get("/staff/comments/new").want(t, 200)
	sent := b.upload("/staff/comments/new", letter(form), attach{"scan", "信.pdf", "%PDF-1.7 letter"}).want(t, 303)
	slip := b.get(sent.Header.Get("Location")).want(t, 200)
	if code := slip.Find("#slip").Parent().Find("dd b").Text(); len(strings.ReplaceAll(code, " ", "")) != 12 {
		t.Errorf("the slip shows the code %q", code)
	}
	comment := strings.TrimSuffix(sent.Header.Get("Location"), "/slip")
	d.member("zhaoli").get(sent.Header.Get("Location")).want(t, 404)

	another := letter(form)
	another.Set("body", "请在小区门口增设长椅，方便老年人歇脚。")
	kept := b.upload("/staff/comments/new", another).want(t, 409)
	if kept.Find("[name=body]").Text() != another.Get("body") || kept.value("entry") == form.value("entry") || !strings.Contains(kept.text("#problems"), "第1号") {
		t.Error("another comment typed into the same form is lost, or can not be sent")
	}

	detail := b.get(comment).want(t, 200)
	if text := detail.Find("#origin").Parent().Text(); !strings.Contains(text, "信函") || !strings.Contains(text, "2025年4月30日") || !strings.Contains(text, "李明") {
		t.Errorf("the origin reads %q", text)
	}
	if strings.Contains(detail.body, "测标") {
		t.Error("the name is on the page")
	}
	b.post(comment+"/scan", url.Values{"scan_reason": {""}}).want(t, 422)
	scan := b.post(comment+"/scan", url.Values{"scan_reason": {"核对来信内容"}}).want(t, 200)
	if scan.body != "%PDF-1.7 letter" || scan.Header.Get("Content-Type") != "application/pdf" ||
		!strings.HasPrefix(scan.Header.Get("Content-Disposition"), "attachment") ||
		!strings.Contains(scan.Header.Get("Content-Security-Policy"), "sandbox") {
		t.Errorf("the scan is %q as %s", scan.body, scan.Header.Get("Content-Type"))
	}
	d.member("wangfang").post(comment+"/scan", url.Values{"scan_reason": {"核对来信内容"}}).want(t, http.StatusForbidden)
	if n := d.count(`SELECT count(*) FROM audit_entry WHERE action = 'comment.scan'`); n != 1 {
		t.Errorf("%d openings in the record", n)
	}
	list := b.get("/staff/queue?channel=letter").want(t, 200)
	if list.Find(".d-row").Length() != 1 || !strings.Contains(list.Find(".d-row .d-meta").Text(), "信函") {
		t.Error("the queue does not show the channel")
	}
	if b.get("/staff/queue?channel=phone").Find(".d-row").Length() != 0 {
		t.Error("the queue is not filtered by channel")
	}
}

func TestAnEntryToBeMendedComesBackWithAllThatWasTyped(t *testing.T) {
	d := newDesk(t)
	b := d.member("liming")
	fields := with(letter(b.get("/staff/comments/new")), "received_on", "2025-05-20")
	fields = with(fields, "phone", "12")
	back := b.upload("/staff/comments/new", fields, attach{"scan", "信.pdf", "GIF89a"}).want(t, 422)
	for _, field := range []string{"received_on", "phone", "scan"} {
		if back.Find("#problem-"+field).Length() != 1 || back.Find("#problems a[href='#"+field+"']").Length() != 1 {
			t.Errorf("%s is not named", field)
		}
	}
	for name, values := range fields {
		field := back.Find("[name=" + name + "]").First()
		got := field.AttrOr("value", strings.TrimPrefix(field.Text(), "\n"))
		if field.Is("select") {
			got = field.Find("option[selected]").AttrOr("value", "")
		}
		if got != values[0] {
			t.Errorf("%s comes back as %q, not %q", name, got, values[0])
		}
	}
	b.upload("/staff/comments/new", letter(back), attach{"scan", "信.pdf", "%PDF" + strings.Repeat("x", 9<<20)}).want(t, 422)
	b.upload("/staff/comments/new", letter(back), attach{"scan", "信.pdf", "%PDF" + strings.Repeat("x", 13<<20)}).want(t, 413)
	if n := d.count(`SELECT count(*) FROM comment`); n != 0 {
		t.Errorf("%d stored", n)
	}
}

func TestAWorkbookIsPreviewedAndStoredAfterConfirmation(t *testing.T) {
	d := newDesk(t)
	b := d.member("liming")
	b.get("/staff/comments/import").want(t, 200)
	template := b.get("/staff/comments/import/template.xlsx").want(t, 200)
	book, err := excelize.OpenReader(strings.NewReader(template.body))
	if err != nil {
		t.Fatal(err)
	}
	defer book.Close()
	for i, row := range [][]any{
		{"信函", "2025-04-30", "5", "建议加装电梯", "请为老旧小区加装电梯。", "欧阳测标"},
		{"信函", "2024-04-30", "5", "<b>建议</b>", "请为老旧小区加装电梯。"},
	} {
		if err := book.SetSheetRow("意见", fmt.Sprint("A", i+2), &row); err != nil {
			t.Fatal(err)
		}
	}
	content, err := book.WriteToBuffer()
	if err != nil {
		t.Fatal(err)
	}
	file := attach{"file", "意见.xlsx", content.String()}
	fields := url.Values{"consultation": {sampleID}}
	preview := b.upload("/staff/comments/import", fields, file).want(t, 303).Header.Get("Location")
	shown := b.get(preview).want(t, 200)
	if rows := shown.Find("main tbody tr"); rows.Length() != 2 || !strings.Contains(rows.Eq(0).Text(), "可以导入") ||
		!strings.Contains(rows.Eq(1).Text(), "第3行") || rows.Eq(1).Find("li").Length() != 1 {
		t.Errorf("the preview reads %q", rows.Text())
	}
	if strings.Contains(shown.body, "测标") {
		t.Error("the preview shows a name")
	}
	d.member("zhaoli").get(preview).want(t, 404)
	b.post(preview+"/confirm", shown.form(t, "/confirm")).want(t, 303)
	if done := b.get(preview).Find(".call.ok").Text(); done != "已导入1条意见，进入审核队列。" {
		t.Errorf("told %q", done)
	}
	again := b.upload("/staff/comments/import", fields, file).want(t, 422)
	if !strings.Contains(again.Find("#problem-file").Text(), "导入过（1条）") {
		t.Errorf("the same file: %s", again.Find("#problem-file").Text())
	}
	b.upload("/staff/comments/import", fields, attach{"file", "a.exe", "MZ"}).want(t, 422)
	b.get("/staff/comments/import/"+uuid.NewString()).want(t, 404)
	if n := d.count(`SELECT count(*) FROM comment`); n != 1 {
		t.Errorf("%d stored", n)
	}
}
