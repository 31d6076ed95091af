package main

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	"wenji/internal/export"
	"wenji/internal/postgres"
	"wenji/internal/staff"

	"github.com/google/uuid"
)

// copySQL has the columns of an export, personal data sealed, in its order.
const copySQL = `
SELECT c.id, c.number, c.received_at, c.state, c.clause_ids, c.title, c.body, c.public_title, c.public_body, c.published_at,
       c.decision_reason, c.masked_name, c.occupation, c.channel, p.name, p.id_number, p.phone, p.email, p.org
  FROM comment c LEFT JOIN personal_data p ON p.comment_id = c.id
 WHERE c.consultation_id = '` + consultationID + `' ORDER BY c.number`

// measureExport makes files of all comments over HTTP, in turn with COPY.
func measureExport(ctx context.Context, l *lab, t *table) error {
	p, db, err := l.fullDesk(ctx, "files")
	if err != nil {
		return err
	}
	defer db.Close()
	browser, err := signIn(ctx, p, "发布员")
	p.stop()
	if err != nil {
		return err
	}
	if p, err = l.serve(ctx, db.Config().ConnString(), false); err != nil { // the session is in the database
		return err
	}
	defer p.stop()
	if err := settle(ctx, p.pid); err != nil {
		return err
	}
	r := runs{}
	for range l.rounds {
		took, err := copyOut(ctx, db.Config().ConnString(), strings.ReplaceAll(copySQL, "\n", " "))
		if err != nil {
			return err
		}
		r.add("copy", took.Seconds())
		if err := personalFile(ctx, l, db, r); err != nil {
			return err
		}
		for _, format := range []string{export.CSV, export.XLSX} {
			if err := download(ctx, browser, p, format, r); err != nil {
				return err
			}
		}
	}
	rows, copied := amount(float64(l.rows)), r.median("copy")
	against := func(what, name string) {
		ratio := copied / r.median(name)
		t.add(what, amount(r.median(name))+" s", fmt.Sprintf("psql COPY: %s s", amount(copied)), fmt.Sprintf("%.2f", ratio), "≥ 0.75", judge(ratio >= 0.75))
	}
	against("CSV of "+rows+" comments with personal data, in process", "personal")
	against("CSV of "+rows+", masked and searched for personal data, over HTTP", "csv")
	t.atMost("its first byte", "ms", r.median("csv first"), "", 200)
	t.atMost("memory of the portal at its peak meanwhile", "MB", r.median("csv peak"), "", 64)
	ratio := r.median("xlsx") / r.median("csv")
	t.add("XLSX of "+rows+" comments, masked, over HTTP", amount(r.median("xlsx"))+" s", "CSV: "+amount(r.median("csv"))+" s",
		fmt.Sprintf("%.2f", ratio), "≤ 4", judge(ratio <= 4))
	t.atMost("memory of the portal at its peak meanwhile", "MB", r.median("xlsx peak"), "", 64)
	return nil
}

// personalFile makes the file that opens every sealed value. Over HTTP each would need a second factor of its own.
func personalFile(ctx context.Context, l *lab, db *postgres.DB, r runs) error {
	store := &export.Store{DB: db, Keys: l.keys, Now: db.Now}
	member := staff.Member{ID: uuid.New(), Username: "bench", Name: "王芳", Role: staff.Editor}
	began := time.Now()
	n, err := store.Write(ctx, member, export.Options{
		ConsultationID: consultationID, Format: export.CSV, Profile: export.Personal, Reason: "测量导出速度",
	}, io.Discard)
	if err == nil && n != l.rows {
		err = fmt.Errorf("%d rows exported of %d", n, l.rows)
	}
	r.add("personal", time.Since(began).Seconds())
	return err
}

// download has the portal make a file and reads it to its end.
func download(ctx context.Context, browser *http.Client, p *portal, format string, r runs) error {
	if err := resetPeak(p.pid); err != nil {
		return err
	}
	form := url.Values{
		"consultation": {consultationID}, "format": {format}, "profile": {export.Masked},
		"state": {"received", "published", "withheld", "declined"},
	}
	began := time.Now()
	a, err := postForm(ctx, browser, "http://"+p.address+"/staff/exports/new", form)
	if err != nil {
		return err
	}
	r.add(format+" first", millis(time.Since(began)))
	n, err := drain(a.Body)
	if err != nil {
		return err
	}
	if a.StatusCode != http.StatusOK || a.Header.Get("Content-Disposition") == "" {
		return fmt.Errorf("%s: status %d, %d bytes, no file", format, a.StatusCode, n)
	}
	r.add(format, time.Since(began).Seconds())
	r.add(format+" size", float64(n)/1e6)
	peak, err := memory(p.pid, "VmHWM")
	r.add(format+" peak", peak)
	return err
}

func drain(body io.ReadCloser) (int64, error) {
	defer body.Close()
	return io.Copy(io.Discard, body)
}
