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
	"wenji/internal/lab"
	"wenji/internal/staff"

	"github.com/google/uuid"
)

// copySQL has the columns of an export, personal data sealed, in its order.
func copySQL(consultation string) string {
	return strings.ReplaceAll(`
SELECT c.id, c.number, c.received_at, c.state, c.clause_ids, c.title, c.body, c.public_title, c.public_body, c.published_at,
       c.decision_reason, c.masked_name, c.occupation, c.channel, p.name, p.id_number, p.phone, p.email, p.org
  FROM comment c LEFT JOIN personal_data p ON p.comment_id = c.id
 WHERE c.consultation_id = '`+consultation+`' ORDER BY c.number`, "\n", " ")
}

// measureExport makes files of all comments of the largest consultation, in turn with COPY.
func measureExport(ctx context.Context, l *bench, t *table) error {
	f, err := l.full(ctx, l.rows)
	if err != nil {
		return err
	}
	p, err := f.open(ctx)
	if err != nil {
		return err
	}
	defer p.Stop()
	browser, err := f.browser(ctx, p, "发布员")
	if err != nil {
		return err
	}
	if err := lab.Settle(ctx, p.PID); err != nil {
		return err
	}
	r := runs{}
	for range l.rounds {
		took, err := copyOut(ctx, f.database, copySQL(f.largest))
		if err != nil {
			return err
		}
		r.add("copy", took.Seconds())
		for _, format := range []string{export.CSV, export.XLSX} {
			if err := f.streamed(ctx, format, r); err != nil {
				return err
			}
		}
		if err := f.personalFile(ctx, r); err != nil {
			return err
		}
		for _, format := range []string{export.CSV, export.XLSX} {
			if err := f.download(ctx, browser, p, format, r); err != nil {
				return err
			}
		}
	}
	f.reportExports(t, r)
	return nil
}

func (f *full) reportExports(t *table, r runs) {
	rows, copied := amount(float64(f.last)), r.median("copy")
	against := func(what, name, bar string, judged func(ratio float64) verdict) {
		ratio := copied / r.median(name)
		t.add(what, amount(r.median(name))+" s", fmt.Sprintf("psql COPY: %s s", amount(copied)), fmt.Sprintf("%.2f", ratio), bar, judged(ratio))
	}
	against("CSV of "+rows+" comments, masked and searched for personal data, streamed in process", "streamed csv", "≥ 0.75",
		func(ratio float64) verdict { return judge(ratio >= 0.75) })
	none := func(float64) verdict { return noBar }
	against("XLSX of the same, streamed in process", "streamed xlsx", "", none)
	against("with personal data, made in the background and kept sealed, in process", "personal", "", none)
	against("masked, made in the background, kept sealed and fetched over HTTP; up to 1 s until a worker looks", "csv", "", none)
	t.atMost("first byte of a file that is ready", "ms", r.median("csv first"), "", 200)
	t.atMost("memory of the portal at its peak meanwhile", "MB", r.median("csv peak"), "", 64)
	ratio := r.median("xlsx") / r.median("csv")
	t.add("XLSX of "+rows+" comments, masked, made in the background and fetched over HTTP", amount(r.median("xlsx"))+" s", "CSV: "+amount(r.median("csv"))+" s",
		fmt.Sprintf("%.2f", ratio), "≤ 4", judge(ratio <= 4))
	t.atMost("memory of the portal at its peak meanwhile", "MB", r.median("xlsx peak"), "", 64)
}

// streamed makes a file as small ones are made: while it is sent, not kept.
func (f *full) streamed(ctx context.Context, format string, r runs) error {
	store := &export.Store{DB: f.db, Keys: f.keys, Now: f.db.Now}
	member := staff.Member{ID: uuid.New(), Username: "bench", Name: "王芳", Role: staff.Editor}
	began := time.Now()
	n, err := store.Write(ctx, member, export.Options{ConsultationID: f.largest, Format: format, Profile: export.Masked}, io.Discard)
	if err == nil && n < f.last {
		err = fmt.Errorf("%d rows exported of %d", n, f.last)
	}
	r.add("streamed "+format, time.Since(began).Seconds())
	return err
}

// personalFile has the file made that opens every sealed value: asked for, approved, made by a worker in this process and
// kept sealed. Over HTTP each would need a second factor of its own.
func (f *full) personalFile(ctx context.Context, r runs) error {
	store := &export.Store{DB: f.db, Keys: f.keys, Now: f.db.Now}
	member := staff.Member{ID: uuid.New(), Username: "bench", Name: "王芳", Role: staff.Editor}
	other := staff.Member{ID: uuid.New(), Username: "other", Name: "李明", Role: staff.Moderator}
	began := time.Now()
	id, err := store.Ask(ctx, member, export.Options{
		ConsultationID: f.largest, Format: export.CSV, Profile: export.Personal, Reason: "测量导出速度",
	})
	if err != nil {
		return err
	}
	if err := store.Approve(ctx, other, id); err != nil {
		return err
	}
	working, stop := context.WithCancel(ctx)
	ended := make(chan struct{})
	go func() { store.Run(working); close(ended) }()
	defer func() { stop(); <-ended }()
	for {
		made, err := store.Export(ctx, member, id)
		switch {
		case err != nil:
			return err
		case made.State == export.Failed || made.State == export.Ready && *made.Rows < f.last:
			return fmt.Errorf("export with personal data: %s, %d rows", made.State, *made.Rows)
		case made.State == export.Ready:
			r.add("personal", time.Since(began).Seconds())
			return nil
		}
		time.Sleep(lookAgain)
	}
}

// lookAgain is the pause between two looks at an export that is being made.
const lookAgain = 20 * time.Millisecond

// download has the portal make a file, in the background where it is large, and reads it to its end.
func (f *full) download(ctx context.Context, browser *http.Client, p *portal, format string, r runs) error {
	if err := lab.ResetPeak(p.PID); err != nil {
		return err
	}
	form := url.Values{
		"consultation": {f.largest}, "format": {format}, "profile": {export.Masked},
		"state": {"received", "published", "withheld", "declined"},
	}
	began := time.Now()
	a, err := postForm(ctx, browser, "http://"+p.address+"/staff/exports/new", form)
	if err != nil {
		return err
	}
	asked := began
	for page := a.Request.URL; a.Header.Get("Content-Disposition") == "" && a.StatusCode < http.StatusBadRequest || a.StatusCode == http.StatusConflict; {
		if _, err := drain(a.Body); err != nil {
			return err
		}
		time.Sleep(lookAgain)
		asked = time.Now()
		if a, err = fetch(ctx, browser, page.JoinPath("file").String()); err != nil {
			return err
		}
	}
	r.add(format+" first", millis(time.Since(asked)))
	n, err := drain(a.Body)
	if err != nil {
		return err
	}
	if a.StatusCode != http.StatusOK || a.Header.Get("Content-Disposition") == "" {
		return fmt.Errorf("%s: status %d, %d bytes, no file", format, a.StatusCode, n)
	}
	r.add(format, time.Since(began).Seconds())
	r.add(format+" size", float64(n)/1e6)
	peak, err := lab.Memory(p.PID, "VmHWM")
	r.add(format+" peak", peak)
	return err
}

func fetch(ctx context.Context, browser *http.Client, address string) (*http.Response, error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return nil, err
	}
	return browser.Do(r)
}

func drain(body io.ReadCloser) (int64, error) {
	defer body.Close()
	return io.Copy(io.Discard, body)
}
