package httpd_test

import (
	"context"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"wenji/internal/postgres"
	"wenji/internal/postgres/pgtest"

	"github.com/jackc/pgx/v5"
)

const noticeAddress = "/consultations/" + sampleID

func TestAPublicPageIsRenderedOnceAndRevalidated(t *testing.T) {
	p := newPortal(t, during)
	waitFor(t, "the portal to listen", func() bool { return p.web.Dropped() > 0 })
	b := p.browser()
	var wg sync.WaitGroup
	for range 64 {
		wg.Go(func() { p.browser().get(noticeAddress).want(t, 200) })
	}
	wg.Wait()
	if n := p.web.Rendered(); n != 1 {
		t.Errorf("64 visitors at once cost %d renderings, want 1", n)
	}
	first := b.get(noticeAddress)
	tag := first.Header.Get("ETag")
	if tag == "" || first.Header.Get("Cache-Control") != "no-cache" {
		t.Fatalf("tag %q, Cache-Control %q", tag, first.Header.Get("Cache-Control"))
	}
	r, err := http.NewRequest(http.MethodGet, p.URL+noticeAddress, nil)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("If-None-Match", tag)
	if again := b.do(r); again.StatusCode != http.StatusNotModified {
		t.Errorf("with the tag: %d, want 304", again.StatusCode)
	}
	b.post("/display", url.Values{"size": {"elder"}, "theme": {"dark"}}).want(t, 303)
	if class := b.get(noticeAddress).Find("html").AttrOr("class", ""); class != "elder dark" {
		t.Errorf("class is %q, want elder dark", class)
	}
	if class := p.browser().get(noticeAddress).Find("html").AttrOr("class", ""); class != "" {
		t.Errorf("another visitor gets class %q", class)
	}
}

func TestAChangeDropsPagesOnEveryReplica(t *testing.T) {
	p := newPortal(t, during)
	other := newReplica(t, p.db, p.keys, during)
	before := other.browser().get(noticeAddress).want(t, 200)
	if strings.Contains(before.Find("main").Text(), "改动后的公告") {
		t.Fatal("the change is there before it was made")
	}
	dropped := other.web.Dropped()
	err := p.db.InTx(context.Background(), func(tx pgx.Tx) error {
		_, err := tx.Exec(context.Background(), `UPDATE consultation SET notice = '改动后的公告'`)
		if err == nil {
			_, err = tx.Exec(context.Background(), `SELECT pg_notify('wenji_changed', $1)`, sampleID)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	waitFor(t, "the other replica to hear of it", func() bool { return other.web.Dropped() > dropped })
	if !strings.Contains(other.browser().get(noticeAddress).Find("main").Text(), "改动后的公告") {
		t.Error("the other replica shows the old page")
	}
}

func TestWithoutADatabaseKeptPagesGoOnAndTheRestIsHonest(t *testing.T) {
	p := newPortal(t, during)
	b := p.browser()
	form, sealed := b.get(formAddress), b.sealed()
	b.get(noticeAddress).want(t, 200)

	broken := newReplica(t, brokenPool(t, p.db), p.keys, during).browser()
	for _, r := range []*page{
		broken.get(noticeAddress), broken.get("/consultations/" + sampleID + "/comments"), broken.get(formAddress),
		broken.post(sendAddress, url.Values{"sealed": {sealed}}), broken.post(checkAddress, filled(form)),
	} {
		r.want(t, 503)
		if r.Header.Get("Retry-After") == "" {
			t.Errorf("%s: no Retry-After", r.Request.URL.Path)
		}
		if r.Request.Method == http.MethodPost && !strings.Contains(r.Find("main").Text(), "您的意见没有保存") {
			t.Errorf("%s does not say that nothing was saved", r.Request.URL.Path)
		}
	}
	if strings.Contains(broken.log.String(), "扶手") {
		t.Error("the log holds what was typed")
	}
	broken.get("/readyz").want(t, 503)
	broken.get("/healthz").want(t, 200)
	waitFor(t, "the replica to be ready", func() bool { return b.get("/readyz").StatusCode == http.StatusOK })
	b.post(sendAddress, url.Values{"sealed": {sealed}}).want(t, 303)
}

func TestKeptPagesOutliveTheDatabase(t *testing.T) {
	p := newPortal(t, during)
	own, err := postgres.Open(context.Background(), pgtest.URL(p.db), postgres.Options{})
	if err != nil {
		t.Fatal(err)
	}
	replica := newReplica(t, own, p.keys, during)
	waitFor(t, "the replica to listen", func() bool { return replica.web.Dropped() > 0 })
	b := replica.browser()
	b.get(noticeAddress).want(t, 200)
	own.Close()
	replica.db.Skew += 2 * time.Minute // past the entry's minute
	if text := b.get(noticeAddress).want(t, 200).Find("h1").Text(); !strings.Contains(text, "公开征求意见") {
		t.Errorf("the kept page is %q", text)
	}
}

// brokenPool is a pool whose server is not there.
func brokenPool(t *testing.T, db *postgres.DB) *postgres.DB {
	t.Helper()
	broken, err := postgres.Open(context.Background(), "postgres://nobody@127.0.0.1:1/none?connect_timeout=1", postgres.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(broken.Close)
	return broken
}

// waitFor polls, for what another goroutine does on a message from the server.
func waitFor(t *testing.T, what string, done func() bool) {
	t.Helper()
	deadline := time.After(time.Minute)
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for !done() {
		select {
		case <-deadline:
			t.Fatalf("waited a minute for %s", what)
		case <-tick.C:
		}
	}
}

func (p *portal) rows(table string) int {
	p.t.Helper()
	var n int
	if err := p.db.QueryRow(context.Background(), "SELECT count(*) FROM "+table).Scan(&n); err != nil {
		p.t.Fatal(err)
	}
	return n
}

func exec(t *testing.T, db *postgres.DB, sql string, args ...any) {
	t.Helper()
	if _, err := db.Exec(context.Background(), sql, args...); err != nil {
		t.Fatal(err)
	}
}
