package metrics

import (
	"maps"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// buckets, in seconds: a page from memory takes some 20 µs, a handler may wait five seconds for the database.
var buckets = []float64{.0001, .001, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10}

// Requests counts answered requests by method, pattern of the route and status. The patterns are those of the route
// table, never what a client asked for, so that no address and no id becomes a label and strangers make no series.
type Requests struct {
	total    *prometheus.CounterVec
	duration *prometheus.HistogramVec

	mu     sync.RWMutex
	routes map[routeKey]*Route
}

type routeKey struct{ method, pattern string }

// Route counts the requests of one method and pattern. What it needs is looked up once, so that counting a request costs
// no allocation and some tens of nanoseconds.
type Route struct {
	Pattern string // as the router has it

	method, route string
	total         *prometheus.CounterVec
	duration      prometheus.Observer

	adding sync.Mutex
	codes  atomic.Pointer[map[int]prometheus.Counter] // copied when a status is new
}

// NewRequests returns counters that stand at nought.
func NewRequests() *Requests {
	return &Requests{
		total: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "wenji_http_requests_total",
			Help: "Requests answered, by method, pattern of the route and status; 499: the client went away.",
		}, []string{"method", "route", "code"}),
		duration: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name:    "wenji_http_request_duration_seconds",
			Help:    "Time from the arrival of a request's header to the end of its handler.",
			Buckets: buckets,
		}, []string{"method", "route"}),
		routes: make(map[routeKey]*Route),
	}
}

// Describe and Collect make Requests a prometheus.Collector.
func (q *Requests) Describe(ch chan<- *prometheus.Desc) {
	q.total.Describe(ch)
	q.duration.Describe(ch)
}

// Collect sends the counters.
func (q *Requests) Collect(ch chan<- prometheus.Metric) {
	q.total.Collect(ch)
	q.duration.Collect(ch)
}

// Route returns the counters of a method and a pattern of the router; "" stands for addresses that lead nowhere.
func (q *Requests) Route(method, pattern string) *Route {
	key := routeKey{methodLabel(method), pattern}
	q.mu.RLock()
	route, ok := q.routes[key]
	q.mu.RUnlock()
	if ok {
		return route
	}
	q.mu.Lock()
	defer q.mu.Unlock()
	if route, ok = q.routes[key]; ok {
		return route
	}
	name := routeLabel(pattern)
	route = &Route{Pattern: pattern, method: key.method, route: name, total: q.total, duration: q.duration.WithLabelValues(key.method, name)}
	route.codes.Store(&map[int]prometheus.Counter{})
	q.routes[key] = route
	return route
}

// Observe counts one answered request.
func (r *Route) Observe(status int, took time.Duration) {
	counter, ok := (*r.codes.Load())[status]
	if !ok {
		counter = r.add(status)
	}
	counter.Inc()
	r.duration.Observe(took.Seconds())
}

func (r *Route) add(status int) prometheus.Counter {
	r.adding.Lock()
	defer r.adding.Unlock()
	codes := maps.Clone(*r.codes.Load())
	codes[status] = r.total.WithLabelValues(r.method, r.route, strconv.Itoa(status))
	r.codes.Store(&codes)
	return codes[status]
}

// methodLabel keeps strangers from making series with methods of their own.
func methodLabel(method string) string {
	switch method {
	case http.MethodGet, http.MethodHead, http.MethodPost:
		return method
	}
	return "other"
}

// routeLabel leaves out of a pattern what its parameters must look like: {id:[0-9]{4}-[0-9]{4}} becomes {id}.
func routeLabel(pattern string) string {
	if pattern == "" || pattern == "/*" {
		return "none"
	}
	var b strings.Builder
	depth, rule := 0, false
	for _, c := range pattern {
		switch c {
		case '{':
			depth++
		case '}':
			if depth--; depth == 0 {
				rule = false
			}
		case ':':
			rule = rule || depth > 0
		}
		if !rule {
			b.WriteRune(c)
		}
	}
	return b.String()
}
