package httpd_test

import (
	"net/http"
	"net/url"
	"runtime"
	"strings"
	"testing"
	"time"

	"wenji/internal/audit"
	"wenji/internal/postgres"

	"github.com/jackc/pgx/v5"
)

// record writes entries straight into the record.
func (d *desk) record(entries ...audit.Entry) {
	d.t.Helper()
	if err := d.db.InTx(d.t.Context(), func(tx pgx.Tx) error { return audit.RecordAll(d.t.Context(), tx, entries) }); err != nil {
		d.t.Fatal(err)
	}
}

func TestTheRecordIsFilteredByItsAddressAndReadPageByPage(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	day := time.Date(2025, 4, 1, 12, 0, 0, 0, during.Location())
	for i := range 60 {
		d.record(audit.Entry{At: day.Add(time.Duration(i) * time.Minute), Actor: "李明 (liming)", Role: "moderator",
			Action: "comment.reveal", ConsultationID: sampleID, Subject: "comment 7", Detail: "核实身份"})
	}
	d.record(audit.Entry{At: day.AddDate(0, 0, 1), Actor: "王芳 (wangfang)", Role: "editor", Action: "made.up", Subject: "x"},
		audit.Entry{At: day.AddDate(0, 0, 1), Actor: "public", Role: "public", Action: "comment.submit", ConsultationID: sampleID})
	b := d.member("wumin")
	rows := func(query string) *page { return b.get("/staff/audit?"+query).want(t, 200) }
	for query, want := range map[string]int{
		"action=comment.reveal": 50, "actor=" + url.QueryEscape("王芳 (wangfang)") + "&action=made.up": 1,
		"action=comment.submit": 1, "from=2025-04-02&to=2025-04-02": 1, "from=2025-04-02&to=2025-04-02&action=all": 2,
		"consultation=2099-0001": 0,
	} {
		if n := rows(query).Find("main tbody tr").Length(); n != want {
			t.Errorf("%s: %d rows, want %d", query, n, want)
		}
	}
	p := rows("action=comment.reveal")
	checkDeskPage(t, "audit", p)
	first := strings.Join(strings.Fields(p.Find("main tbody tr").First().Text()), " ")
	for _, word := range []string{"李明 (liming)", "审核员", "查看身份信息", sampleID, "第7号意见", "核实身份"} {
		if !strings.Contains(first, word) {
			t.Errorf("%s is not in %s", word, first)
		}
	}
	if n := b.get(p.Find("a[rel=next]").AttrOr("href", "")).want(t, 200).Find("main tbody tr").Length(); n != 10 {
		t.Errorf("second page: %d rows", n)
	}
	if !strings.Contains(rows("action=made.up").text("main tbody"), "made.up") {
		t.Error("an unknown act is not shown as it is")
	}
	b.get("/staff/audit?from=nonsense").want(t, http.StatusUnprocessableEntity)
}

func TestTheRecordIsExportedDefusedAndTheExportRecorded(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	d.record(audit.Entry{At: during, Actor: "李明 (liming)", Role: "moderator", Action: "comment.reveal", Detail: "=HYPERLINK(1)"})
	b := d.member("wumin")
	p := b.post("/staff/audit/export?action=comment.reveal", nil).want(t, 200)
	if !strings.Contains(p.body, "'=HYPERLINK(1)") || !strings.Contains(p.body, "共1条") ||
		!strings.HasPrefix(p.Header.Get("Content-Disposition"), "attachment") {
		t.Errorf("file %q, %q", p.body, p.Header.Get("Content-Disposition"))
	}
	if n := b.get("/staff/audit?action=audit.export").want(t, 200).Find("main tbody tr").Length(); n != 1 {
		t.Errorf("%d entries of the export", n)
	}
}

func TestTheChainIsVerifiedInTheBackgroundAndTheResultKept(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	b := d.member("wumin")
	sealer := &audit.Sealer{DB: &postgres.DB{Pool: d.db.Pool}, Key: d.keys.AuditKey(), Log: d.web.Log}
	check := func() string {
		t.Helper()
		b.post("/staff/audit/verify", nil).want(t, 303)
		b.post("/staff/audit/verify", nil).want(t, 303)
		if text := b.get("/staff/audit").text("main .call"); !strings.Contains(text, "正在核对") {
			t.Errorf("while it waits: %s", text)
		}
		if done, err := d.web.Inspection.CheckOnce(t.Context()); err != nil || !done {
			t.Fatalf("checked %t, %v", done, err)
		}
		if done, err := d.web.Inspection.CheckOnce(t.Context()); err != nil || done {
			t.Fatalf("asking twice checked twice: %v", err)
		}
		return b.get("/staff/audit").text("main .call")
	}
	// A transaction of another test on the same server can hold entries back.
	for left := true; left; runtime.Gosched() {
		if _, err := sealer.SealOnce(t.Context()); err != nil {
			t.Fatal(err)
		}
		if err := d.db.QueryRow(t.Context(), `
			SELECT EXISTS (SELECT FROM audit_entry e WHERE NOT EXISTS (SELECT FROM audit_chain c WHERE c.entry_id = e.id))`).Scan(&left); err != nil {
			t.Fatal(err)
		}
	}
	if text := check(); !strings.Contains(text, "链校验：通过（至2025-05-01") {
		t.Errorf("a sound record: %s", text)
	}
	for _, sql := range []string{`ALTER TABLE audit_entry DISABLE TRIGGER USER`, `UPDATE audit_entry SET detail = 'x' WHERE id = (SELECT entry_id FROM audit_chain WHERE position = 2)`} {
		if _, err := d.db.Exec(t.Context(), "RESET ROLE; "+sql); err != nil {
			t.Fatal(err)
		}
	}
	if text := check(); !strings.Contains(text, "未通过") || !strings.Contains(text, "第2条：内容被改动") {
		t.Errorf("a changed record: %s", text)
	}
}
