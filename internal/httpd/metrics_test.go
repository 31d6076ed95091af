package httpd_test

import (
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"wenji/internal/httpd"

	"github.com/prometheus/client_golang/prometheus"
)

// counted is what the portal counted, as method, route and code.
func (p *portal) counted() map[string]float64 {
	p.t.Helper()
	registry := prometheus.NewRegistry()
	registry.MustRegister(p.web.Requests)
	families, err := registry.Gather()
	if err != nil {
		p.t.Fatal(err)
	}
	counts := make(map[string]float64)
	for _, f := range families {
		if f.GetName() != "wenji_http_requests_total" {
			continue
		}
		for _, m := range f.GetMetric() {
			labels := make(map[string]string)
			for _, l := range m.GetLabel() {
				labels[l.GetName()] = l.GetValue()
			}
			counts[labels["method"]+" "+labels["route"]+" "+labels["code"]] = m.GetCounter().GetValue()
		}
	}
	return counts
}

func TestThePublicListenerHasNoMetricsAndNoProfiles(t *testing.T) {
	b := newPortal(t, during).browser()
	for _, path := range []string{
		"/metrics", "/metrics/", "/debug", "/debug/pprof", "/debug/pprof/", "/debug/pprof/heap", "/debug/pprof/cmdline", "/debug/vars",
	} {
		b.get(path).want(t, 404)
	}
}

func TestEveryRequestIsCountedUnderItsRouteAndNeverUnderItsAddress(t *testing.T) {
	p := newPortal(t, during)
	waitFor(t, "the portal to listen", func() bool { return p.web.Dropped() > 0 })
	b := p.browser()
	for range 3 {
		b.get(noticeAddress).want(t, 200)
	}
	tagged, err := http.NewRequest(http.MethodGet, p.URL+noticeAddress, nil)
	if err != nil {
		t.Fatal(err)
	}
	tagged.Header.Set("If-None-Match", "*")
	b.do(tagged)
	head, err := http.NewRequest(http.MethodHead, p.URL+noticeAddress, nil)
	if err != nil {
		t.Fatal(err)
	}
	b.do(head)
	b.get("/search?q=%E6%AC%A7%E9%98%B3%E9%9D%99").want(t, 200)
	b.get("/zhang-san-13812345678").want(t, 404)
	b.get("/consultations/2024-9999").want(t, 404)
	b.get("/staff/queue").want(t, 303)
	b.post("/status", url.Values{"code": {"123456789012"}, "phone_tail": {"5678"}})
	counts := p.counted()
	for want, n := range map[string]float64{
		"GET /consultations/{id} 200":  3,
		"GET /consultations/{id} 304":  1,
		"HEAD /consultations/{id} 200": 1,
		"GET /consultations/{id} 404":  1,
		"GET /search 200":              1,
		"GET none 404":                 1,
		"GET /staff/queue 303":         1,
	} {
		if counts[want] != n {
			t.Errorf("%q was counted %v times, want %v", want, counts[want], n)
		}
	}
	for series := range counts {
		for _, part := range []string{"2025-0001", "2024-9999", "13812345678", "欧阳", "1234567", "q="} {
			if strings.Contains(series, part) {
				t.Errorf("a series is named %q", series)
			}
		}
	}
	pages := p.web.PageCounts()
	if pages.Renders != 1 || pages.Hits != 4 || pages.Kept != 1 {
		t.Errorf("pages in memory: %+v; want one rendered, four answered from memory", pages)
	}
}

func TestAFaultIsCountedAndItsIdIsOnPageInHeaderAndInTheLog(t *testing.T) {
	p := newPortal(t, during)
	broken := newReplica(t, brokenPool(t, p.db), p.keys, during)
	answer := broken.browser().get("/status/result?x=%0d%0aforged").want(t, 303)
	if answer.Header.Get("X-Request-Id") == "" {
		t.Error("a request has no id")
	}
	answer = broken.browser().get(noticeAddress).want(t, 503)
	id := answer.Header.Get("X-Request-Id")
	if id == "" || !strings.Contains(answer.Find("main").Text(), id) {
		t.Errorf("the id %q is not on the page", id)
	}
	fault, line := false, false
	for text := range strings.Lines(broken.log.String()) {
		fault = fault || strings.Contains(text, `"request failed"`) && strings.Contains(text, `"id":"`+id+`"`)
		line = line || strings.Contains(text, `"msg":"request"`) && strings.Contains(text, `"id":"`+id+`"`)
		if strings.HasPrefix(text, "forged") {
			t.Error("a stranger wrote a line of the log")
		}
	}
	if !fault || !line {
		t.Errorf("fault logged %v, request logged %v, with the id of the page", fault, line)
	}
	if n := broken.counted()["GET /consultations/{id} 503"]; n != 1 {
		t.Errorf("the fault was counted %v times", n)
	}
}

func TestAPageFromMemoryIsCountedWithoutAnAllocation(t *testing.T) {
	p := newPortal(t, during)
	waitFor(t, "the portal to listen", func() bool { return p.web.Dropped() > 0 })
	p.browser().get(noticeAddress).want(t, 200)
	h := p.Config.Handler
	r := httptest.NewRequest(http.MethodGet, noticeAddress, nil)
	r.Header.Set("Accept-Encoding", "gzip")
	w := &quiet{header: make(http.Header, 16)}
	h.ServeHTTP(w, r)
	if n := testing.AllocsPerRun(100, func() { clear(w.header); h.ServeHTTP(w, r) }); n != 0 {
		t.Errorf("%v allocations, want none", n)
	}
	if n := p.counted()["GET /consultations/{id} 200"]; n < 100 {
		t.Errorf("%v requests counted, want more than 100", n)
	}
}

// quiet is a response writer that costs nothing.
type quiet struct{ header http.Header }

func (q *quiet) Header() http.Header         { return q.header }
func (q *quiet) WriteHeader(int)             {}
func (q *quiet) Write(p []byte) (int, error) { return len(p), nil }

func BenchmarkPageFromMemory(b *testing.B) {
	at := time.Now()
	s := &httpd.Server{Log: slog.New(slog.DiscardHandler), Now: func() time.Time { return at }}
	h := s.Handler()
	r := httptest.NewRequest(http.MethodGet, "/guide", nil)
	r.Header.Set("Accept-Encoding", "gzip")
	w := &quiet{header: make(http.Header, 16)}
	h.ServeHTTP(w, r)
	b.ReportAllocs()
	for b.Loop() {
		clear(w.header)
		h.ServeHTTP(w, r)
	}
}
