package httpd_test

import (
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"wenji/internal/export"
	"wenji/internal/validate"
)

// ask orders a file with personal data as liming and returns its page.
func (d *desk) ask(b *browser) string {
	d.t.Helper()
	return b.post("/staff/exports/new", url.Values{
		"consultation": {sampleID}, "format": {"csv"}, "profile": {"personal"}, "reason": {"送省司法厅审查"}, "otp": {d.code()},
	}).want(d.t, 303).location(d.t).Path
}

// await reads an export's page until its heading says what is waited for.
func (b *browser) await(address, heading string) *page {
	b.t.Helper()
	for {
		p := b.get(address).want(b.t, 200)
		if h1 := p.text("h1"); strings.HasSuffix(h1, heading) {
			return p
		} else if !strings.HasSuffix(h1, "正在生成") {
			b.t.Fatalf("the export is %q, waiting for %q", h1, heading)
		}
		if err := b.t.Context().Err(); err != nil {
			b.t.Fatal(err)
		}
	}
}

func TestAFileWithPersonalDataIsMadeAfterAnotherPersonsApprovalAndFetchedByItsMaker(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	d.receive("建议加装扶手", withPhone)
	asker, other := d.member("liming"), d.member("zhaoli")
	address := d.ask(asker)
	asker.post(address+"/approve", nil).want(t, http.StatusForbidden)
	asker.get(address+"/file").want(t, http.StatusConflict)
	if p := other.get(address).want(t, 200); p.Find("form[action='"+address+"/approve']").Length() != 1 || !strings.Contains(p.text("dl"), "送省司法厅审查") {
		t.Error("another person is not asked to approve")
	}
	if to := other.post(address+"/approve", nil).want(t, 303).location(t); to.Path != address {
		t.Error(to)
	}
	other.post(address+"/approve", nil).want(t, http.StatusConflict)
	p := asker.await(address, "可下载")
	if p.Find("a[href='"+address+"/file']").Length() != 1 {
		t.Error("no link to the file")
	}
	if other.get(address).Find("a[href$='/file']").Length() != 0 {
		t.Error("someone else is offered the file")
	}
	other.get(address+"/file").want(t, http.StatusForbidden)
	d.member("sunli").get(address+"/file").want(t, http.StatusForbidden)
	d.browser().get(address+"/file").want(t, 303)
	file := asker.get(address+"/file").want(t, 200)
	if !strings.Contains(file.body, "欧阳测标") || file.Header.Get("Content-Disposition") == "" || file.Header.Get("Cache-Control") != "no-store" {
		t.Errorf("headers %v", file.Header)
	}
	if sum := sha256.Sum256([]byte(file.body)); !strings.Contains(p.text("dl"), hex.EncodeToString(sum[:])) {
		t.Error("the page does not show the digest of the file")
	}
}

func TestARefusedExportSaysWhy(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	asker, other := d.member("liming"), d.member("wangfang")
	address := d.ask(asker)
	p := other.post(address+"/refuse", url.Values{"note": {"不"}}).want(t, http.StatusUnprocessableEntity)
	if p.text("#problems a[href='#note']") != validate.ExportRefusal || p.value("note") != "不" {
		t.Errorf("a refusal without a reason: %q", p.text("#problems"))
	}
	other.post(address+"/refuse", url.Values{"note": {"用途不够具体"}}).want(t, 303)
	p = asker.get(address).want(t, 200)
	if !strings.HasSuffix(p.text("h1"), "未通过") || !strings.Contains(p.text("dl"), "用途不够具体") {
		t.Errorf("told: %q", p.text("dl"))
	}
	other.post(address+"/approve", nil).want(t, http.StatusConflict)
	for _, unknown := range []string{"/staff/exports/nonsense", "/staff/exports/00000000-0000-4000-8000-000000000000", "/staff/exports/nonsense/file"} {
		asker.get(unknown).want(t, http.StatusNotFound)
	}
}

func TestALargeExportIsMadeInTheBackground(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	d.fill(export.DirectMost + 1)
	b := d.member("wangfang")
	fields := url.Values{"consultation": {sampleID}, "format": {"jsonl"}, "profile": {"masked"}}
	address := b.post("/staff/exports/new", fields).want(t, 303).location(t).Path
	b.await(address, "可下载")
	if lines := strings.Count(b.get(address+"/file").want(t, 200).body, "\n"); lines != export.DirectMost+2 {
		t.Errorf("%d lines", lines)
	}
	if p := b.post("/staff/exports/new", with(fields, "clause", "1")).want(t, 200); strings.Count(p.body, "\n") != 1 {
		t.Error("a small part of it is not sent at once")
	}
	p := b.post("/staff/exports/new", with(with(fields, "from", "五月"), "clause", "九")).want(t, http.StatusUnprocessableEntity)
	if p.Find("#problems a[href='#from']").Length() != 1 || p.Find("#problems a[href='#clause']").Length() != 1 || p.value("from") != "五月" {
		t.Errorf("told: %q", p.text("#problems"))
	}
}
