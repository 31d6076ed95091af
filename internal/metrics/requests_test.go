package metrics

import (
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"
)

func TestARequestIsCountedUnderItsPatternAlone(t *testing.T) {
	t.Parallel()
	q := NewRequests()
	q.Route("GET", "/consultations/{id:[0-9]{4}-[0-9]{4}}/comments/{number:[0-9]{1,9}}").Observe(200, time.Millisecond)
	q.Route("GET", "/captcha/{file:[A-Za-z0-9_-]{1,400}\\.png}").Observe(404, time.Millisecond)
	q.Route("GET", "/static/*").Observe(304, time.Millisecond)
	q.Route("BREW", "").Observe(404, time.Millisecond)
	q.Route("PROPFIND", "/*").Observe(404, time.Millisecond)
	registry := prometheus.NewRegistry()
	registry.MustRegister(q)
	text := scrape(t, promhttp.HandlerFor(registry, promhttp.HandlerOpts{}))
	wantLines(t, text,
		`wenji_http_requests_total{code="200",method="GET",route="/consultations/{id}/comments/{number}"} 1`,
		`wenji_http_requests_total{code="404",method="GET",route="/captcha/{file}"} 1`,
		`wenji_http_requests_total{code="304",method="GET",route="/static/*"} 1`,
		`wenji_http_requests_total{code="404",method="other",route="none"} 2`,
	)
	if n := len(linesOf(text, "wenji_http_requests_total")); n != 4 {
		t.Errorf("%d series, want 4: strangers make none of their own", n)
	}
}

func TestCountingARequestAllocatesNothing(t *testing.T) {
	q := NewRequests()
	route := q.Route("GET", "/")
	route.Observe(200, time.Microsecond)
	route.Observe(304, time.Microsecond)
	n := testing.AllocsPerRun(1000, func() {
		route.Observe(200, 20*time.Microsecond)
		route.Observe(304, 20*time.Microsecond)
		q.Route("GET", "/").Observe(200, time.Millisecond)
	})
	if n != 0 {
		t.Errorf("%v allocations, want none", n)
	}
}

func BenchmarkObserve(b *testing.B) {
	route := NewRequests().Route("GET", "/")
	b.ReportAllocs()
	for b.Loop() {
		route.Observe(200, 20*time.Microsecond)
	}
}
