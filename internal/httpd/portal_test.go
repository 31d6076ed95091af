package httpd_test

import (
	"context"
	"io"
	"log/slog"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"wenji/internal/calendar"
	"wenji/internal/captcha"
	"wenji/internal/comment"
	"wenji/internal/consultation"
	"wenji/internal/export"
	"wenji/internal/httpd"
	"wenji/internal/inspection"
	"wenji/internal/intake"
	"wenji/internal/moderation"
	"wenji/internal/notify"
	"wenji/internal/postgres"
	"wenji/internal/postgres/pgtest"
	"wenji/internal/referral"
	"wenji/internal/report"
	"wenji/internal/retention"
	"wenji/internal/sample"
	"wenji/internal/similar"
	"wenji/internal/staff"
	"wenji/internal/throttle"
	"wenji/internal/vault"
	"wenji/web/ui"

	"github.com/PuerkitoBio/goquery"
)

const (
	sampleID     = "2025-0001"
	formAddress  = "/consultations/" + sampleID + "/comments/new"
	checkAddress = "/consultations/" + sampleID + "/comments/check"
	sendAddress  = "/consultations/" + sampleID + "/comments"
	digits       = "135790"
)

// during is a moment within the sample's own period.
var during = time.Date(2025, 5, 1, 9, 0, 0, 0, consultation.Shanghai)

// portal is the whole server over a database of its own with the sample consultation.
type portal struct {
	*httptest.Server
	t    *testing.T
	web  *httpd.Server
	db   *postgres.DB
	keys *vault.KeyRing
	log  *syncBuffer
}

// syncBuffer collects log lines from many goroutines.
type syncBuffer struct {
	mu sync.Mutex
	b  strings.Builder
}

func (s *syncBuffer) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.Write(p)
}

func (s *syncBuffer) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.String()
}

func newPortal(t *testing.T, at time.Time) *portal {
	t.Helper()
	db := pgtest.New(t)
	return newReplica(t, db, furnished(t, db), at)
}

// furnished puts the sample consultation into an empty database and returns keys for it.
func furnished(t *testing.T, db *postgres.DB) *vault.KeyRing {
	t.Helper()
	keys, err := vault.Create(filepath.Join(t.TempDir(), "keys.json"))
	if err != nil {
		t.Fatal(err)
	}
	source, err := consultation.ReadSource(sample.FS)
	if err != nil {
		t.Fatal(err)
	}
	store := &consultation.Store{DB: db, Now: db.Now}
	if err := store.Import(context.Background(), "test", source); err != nil {
		t.Fatal(err)
	}
	return keys
}

// newReplica is one more process over the same database and keys. The last argument may name a standby to read.
func newReplica(t *testing.T, pool *postgres.DB, keys *vault.KeyRing, at time.Time, standby ...*postgres.Standby) *portal {
	t.Helper()
	db := &postgres.DB{Pool: pool.Pool, Skew: time.Until(at)}
	tries := &throttle.Limiter{DB: db, Index: keys.Index}
	days := &calendar.Store{DB: db}
	comments := comment.NewStore(db, db, keys, tries)
	desk := &moderation.Store{DB: db, Keys: keys, Now: db.Now}
	log := &syncBuffer{}
	p := &portal{t: t, db: db, keys: keys, log: log, web: &httpd.Server{
		DB:            db,
		Consultations: &consultation.Store{DB: db, Now: db.Now},
		Comments:      comments,
		Moderation:    desk,
		Calendar:      days,
		Similar:       &similar.Store{DB: db, Keys: keys, Now: db.Now},
		Intake:        &intake.Store{DB: db, Keys: keys, Comments: comments, Now: db.Now, Look: desk.Look},
		Referrals:     &referral.Store{DB: db, Keys: keys, Calendar: days, Now: db.Now},
		Reports:       &report.Store{DB: db, Calendar: days, Now: db.Now},
		Retention:     &retention.Store{DB: db, Keys: keys, Calendar: days, Tries: tries, Now: db.Now},
		Mail:          &notify.Store{DB: db},
		Exports:       &export.Store{DB: db, Keys: keys, Now: db.Now},
		Inspection:    &inspection.Store{DB: db, Slow: db, Key: keys.AuditKey(), Now: db.Now},
		Staff:         &staff.Store{DB: db, Keys: keys, Tries: tries, Now: db.Now},
		Captcha:       captcha.New(keys.Box(captcha.Purpose), db, captcha.Options{FixedDigits: digits, PoolSize: 1}),
		Keys:          keys, Tries: tries,
		Site: ui.Site{Name: "辽宁省人民政府", Column: "意见征集", Email: "mhwz@ln.gov.cn", HelpPhone: "024-23935916"},
		Log:  slog.New(slog.NewJSONHandler(log, &slog.HandlerOptions{Level: slog.LevelDebug})),
		Now:  db.Now,
	}}
	ctx, cancel := context.WithCancel(context.Background())
	var running sync.WaitGroup
	running.Go(func() { comments.Run(ctx) })
	running.Go(func() { comments.Index(ctx) })
	running.Go(func() { p.web.Exports.Run(ctx) })
	if len(standby) > 0 {
		p.web.Standby = standby[0]
	}
	running.Go(func() { p.web.Listen(ctx) })
	running.Go(func() { p.web.WatchStandby(ctx) })
	p.Server = httptest.NewServer(p.web.Handler())
	t.Cleanup(func() {
		p.Server.Close()
		cancel()
		running.Wait()
	})
	return p
}

// browser is one visitor: a cookie jar, no redirects followed unless asked.
type browser struct {
	*portal
	client *http.Client
}

func (p *portal) browser() *browser {
	p.t.Helper()
	jar, err := cookiejar.New(nil)
	if err != nil {
		p.t.Fatal(err)
	}
	return &browser{p, &http.Client{Jar: jar, CheckRedirect: func(*http.Request, []*http.Request) error {
		return http.ErrUseLastResponse
	}}}
}

// page is an answer with its parsed HTML.
type page struct {
	*http.Response
	*goquery.Document
	body string
}

func (b *browser) do(r *http.Request) *page {
	b.t.Helper()
	response, err := b.client.Do(r)
	if err != nil {
		b.t.Fatal(err)
	}
	defer response.Body.Close()
	content, err := io.ReadAll(response.Body)
	if err != nil {
		b.t.Fatal(err)
	}
	doc, err := goquery.NewDocumentFromReader(strings.NewReader(string(content)))
	if err != nil {
		b.t.Fatal(err)
	}
	return &page{response, doc, string(content)}
}

func (b *browser) get(path string) *page {
	b.t.Helper()
	r, err := http.NewRequest(http.MethodGet, b.URL+path, nil)
	if err != nil {
		b.t.Fatal(err)
	}
	return b.do(r)
}

func (b *browser) post(path string, fields url.Values) *page {
	b.t.Helper()
	r, err := http.NewRequest(http.MethodPost, b.URL+path, strings.NewReader(fields.Encode()))
	if err != nil {
		b.t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.Header.Set("Origin", b.URL)
	return b.do(r)
}

// want fails the test when the answer has another status.
func (p *page) want(t *testing.T, status int) *page {
	t.Helper()
	if p.StatusCode != status {
		t.Fatalf("%s %s answered %d, want %d: %s", p.Request.Method, p.Request.URL.Path, p.StatusCode, status,
			strings.Join(strings.Fields(p.Find("main").Text()), " "))
	}
	return p
}

// value is the value of a form field of the page.
func (p *page) value(name string) string {
	return p.Find("[name="+name+"]").First().AttrOr("value", "")
}

// filled is a form that has nothing to be mended, with the challenge of a page.
func filled(form *page) url.Values {
	return url.Values{
		"title": {"建议加装扶手"}, "body": {"建议在老旧小区楼道加装扶手，方便老年人上下楼。"}, "name": {"欧阳测标"},
		"id_number": {"210102194912310016"}, "occupation": {"退（离）休人员"}, "phone": {"13812345678"},
		"email": {"biaoji@example.cn"}, "captcha": {digits}, "consent": {"1"}, "consent_id": {"1"},
		"captcha_token": {form.value("captcha_token")}, "clause": {"5"},
	}
}

// with returns a copy of fields with one changed.
func with(fields url.Values, name, value string) url.Values {
	changed := url.Values{}
	for k, v := range fields {
		changed[k] = v
	}
	changed[name] = []string{value}
	return changed
}

// sealed goes from an empty form to the check page and returns the sealed form.
func (b *browser) sealed() string {
	b.t.Helper()
	check := b.post(checkAddress, filled(b.get(formAddress).want(b.t, 200))).want(b.t, 200)
	return check.value("sealed")
}

// submit sends a form all the way and returns the receipt page.
func (b *browser) submit() *page {
	b.t.Helper()
	b.post(sendAddress, url.Values{"sealed": {b.sealed()}}).want(b.t, 303)
	return b.get("/receipt").want(b.t, 200)
}
