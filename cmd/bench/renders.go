package main

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"wenji/internal/captcha"
	"wenji/internal/comment"
	"wenji/internal/consultation"
	"wenji/internal/httpd"
	"wenji/internal/postgres"
	"wenji/internal/throttle"

	"github.com/go-chi/chi/v5"
)

// measureRenders looks into the portal's handler in this process: what a page costs when it is not in memory, how often
// it is rendered when many ask at once, and what a page from memory allocates.
func measureRenders(ctx context.Context, l *bench, t *table) error {
	database, err := l.sample(ctx, "renders")
	if err != nil {
		return err
	}
	db, err := l.pool(ctx, database, 8)
	if err != nil {
		return err
	}
	defer db.Close()
	var later atomic.Int64 // minutes by which the handler's clock is ahead; each one more lets all kept pages expire
	now := func() time.Time { return time.Now().Add(time.Duration(later.Load()) * time.Minute) }
	handler := l.handler(db, now)
	request := httptest.NewRequestWithContext(ctx, http.MethodGet, noticePath, nil)
	request.Header.Set("Accept-Encoding", "gzip")

	r := runs{}
	store := &consultation.Store{DB: db, Now: now}
	for range 100 {
		later.Add(1)
		began := time.Now()
		if w := serve(handler, request); w.status != http.StatusOK {
			return fmt.Errorf("status %d", w.status)
		}
		r.add("all", millis(time.Since(began)))
		began = time.Now()
		if _, err := store.Dossier(ctx, consultationID); err != nil {
			return err
		}
		r.add("reading", millis(time.Since(began)))
	}
	hit := testing.Benchmark(func(b *testing.B) {
		for b.Loop() {
			serve(handler, request)
		}
	})
	t.atMost("page not in memory: read, render, compress, keep", "ms", r.median("all"), fmt.Sprintf("reading alone: %s ms; from memory: %s µs",
		amount(r.median("reading")), amount(float64(hit.NsPerOp())/1000)), 1.2)

	later.Add(1)
	one := queries(db, func() { serve(handler, request) })
	later.Add(1)
	many := queries(db, func() { together(64, func() { serve(handler, request) }) })
	if one == 0 {
		return fmt.Errorf("a page was rendered without a query: renders cannot be counted by them")
	}
	t.add("64 requests at once for a page not in memory", fmt.Sprintf("%.3g renders", float64(many)/float64(one)),
		fmt.Sprintf("%d queries for one", one), "", "1", judge(many == one))

	w := serve(handler, request)
	bare := bareChi(w.body)
	ours, theirs := allocations(handler, request), allocations(bare, request)
	t.add("allocations of a page from memory, over bare chi", fmt.Sprintf("%+.0f", ours-theirs),
		fmt.Sprintf("chi: %.0f, ours: %.0f", theirs, ours), "", "≤ 10", judge(ours-theirs <= 10))
	return nil
}

// handler is the portal's handler with the parts that public pages need.
func (l *bench) handler(db *postgres.DB, now func() time.Time) http.Handler {
	tries := &throttle.Limiter{DB: db, Index: l.keys.Index}
	s := &httpd.Server{
		DB: db, Consultations: &consultation.Store{DB: db, Now: now}, Comments: comment.NewStore(db, db, l.keys, tries),
		Captcha: captcha.New(l.keys.Box(captcha.Purpose), db, captcha.Options{}), Keys: l.keys, Tries: tries, Log: l.quiet, Now: now,
	}
	return s.Handler()
}

// written is a response writer that costs nothing.
type written struct {
	header http.Header
	status int
	body   []byte
}

func (w *written) Header() http.Header    { return w.header }
func (w *written) WriteHeader(status int) { w.status = status }

func (w *written) Write(p []byte) (int, error) {
	w.body = p
	return len(p), nil
}

func serve(h http.Handler, r *http.Request) *written {
	w := &written{header: make(http.Header, 16)}
	h.ServeHTTP(w, r)
	return w
}

func allocations(h http.Handler, r *http.Request) float64 {
	w := &written{header: make(http.Header, 16)}
	return testing.AllocsPerRun(1000, func() {
		clear(w.header)
		h.ServeHTTP(w, r)
	})
}

// bareChi serves the same bytes with the least that makes a right response.
func bareChi(body []byte) http.Handler {
	r := chi.NewRouter()
	kind, coding := []string{"text/html; charset=utf-8"}, []string{"gzip"}
	r.Get("/consultations/{id}", func(w http.ResponseWriter, _ *http.Request) {
		w.Header()["Content-Type"] = kind
		w.Header()["Content-Encoding"] = coding
		w.Write(body)
	})
	return r
}

// queries counts how often f takes a connection.
func queries(db *postgres.DB, f func()) int64 {
	before := db.Stat().AcquireCount()
	f()
	return db.Stat().AcquireCount() - before
}

// together calls f so many times at once.
func together(n int, f func()) {
	var all sync.WaitGroup
	begin := make(chan struct{})
	for range n {
		all.Go(func() {
			<-begin
			f()
		})
	}
	close(begin)
	all.Wait()
}
