// Package metrics turns the portal's numbers into Prometheus metrics and serves them, beside Go's profiles, for a listener
// of their own. No label holds anything of a person: patterns of routes, states and names of pools are all there is.
package metrics

import (
	"net/http"
	"net/http/pprof"
	"net/netip"
	"time"

	"wenji/internal/captcha"
	"wenji/internal/comment"
	"wenji/internal/postgres"
	"wenji/internal/report"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"
)

// Sources are where the numbers come from.
type Sources struct {
	Version, Revision string // of the program
	Requests          *Requests
	Pages             func() Pages
	Pools             map[string]*postgres.DB // by the name that becomes the label
	DB                *postgres.DB            // is asked for what lies in the database
	Standby           *postgres.Standby       // public pages are read from it; nil: none is set
	Comments          *comment.Store
	Captcha           *captcha.Challenges
	Reports           *report.Store
}

// Pages counts what the pages in memory did since the start.
type Pages struct {
	Hits    int64 // answered from memory
	Renders int64 // rendered and kept
	Stale   int64 // answered beyond their time because the database was away
	Kept    int64 // in memory now
}

// scrapesMost is how many scrapes are answered at once; more are refused with 503.
const scrapesMost = 3

// Handler serves /metrics, and Go's profiles under /debug/pprof/ to callers on this machine alone: a profile shows how
// the program works and costs it time, so it takes a log-in to the machine. Nothing else is there.
func Handler(s Sources) http.Handler {
	registry := prometheus.NewRegistry()
	registry.MustRegister(
		collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}),
		s.Requests, newProcess(s), newStored(s),
	)
	mux := http.NewServeMux()
	mux.Handle("GET /metrics", promhttp.HandlerFor(registry, promhttp.HandlerOpts{MaxRequestsInFlight: scrapesMost}))
	profiles := http.NewServeMux()
	profiles.HandleFunc("GET /debug/pprof/", pprof.Index)
	profiles.HandleFunc("GET /debug/pprof/cmdline", pprof.Cmdline)
	profiles.HandleFunc("GET /debug/pprof/profile", pprof.Profile)
	profiles.HandleFunc("GET /debug/pprof/symbol", pprof.Symbol)
	profiles.HandleFunc("GET /debug/pprof/trace", pprof.Trace)
	mux.Handle("GET /debug/pprof/", fromThisMachine(profiles))
	return mux
}

// Server is Handler with limits of time and size.
func Server(s Sources) *http.Server {
	return &http.Server{
		Handler:           Handler(s),
		ReadHeaderTimeout: 5 * time.Second,
		ReadTimeout:       10 * time.Second,
		WriteTimeout:      2 * time.Minute, // a profile takes half a minute and more
		IdleTimeout:       2 * time.Minute,
		MaxHeaderBytes:    16 << 10,
	}
}

func fromThisMachine(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		peer, err := netip.ParseAddrPort(r.RemoteAddr)
		if err != nil || !peer.Addr().Unmap().IsLoopback() {
			http.Error(w, http.StatusText(http.StatusForbidden), http.StatusForbidden)
			return
		}
		next.ServeHTTP(w, r)
	})
}
