// Package httpd serves Wenji over HTTP: routes, middleware, handlers, the page cache, and errors turned into pages.
package httpd

import (
	"cmp"
	"context"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"sync"
	"sync/atomic"
	"time"

	"wenji/internal/announce"
	"wenji/internal/calendar"
	"wenji/internal/captcha"
	"wenji/internal/comment"
	"wenji/internal/consultation"
	"wenji/internal/export"
	"wenji/internal/inspection"
	"wenji/internal/intake"
	"wenji/internal/metrics"
	"wenji/internal/moderation"
	"wenji/internal/notify"
	"wenji/internal/postgres"
	"wenji/internal/referral"
	"wenji/internal/report"
	"wenji/internal/retention"
	"wenji/internal/similar"
	"wenji/internal/staff"
	"wenji/internal/throttle"
	"wenji/internal/vault"
	"wenji/web/ui"
)

// Server holds what the handlers need; set the fields, then call Handler.
type Server struct {
	DB            *postgres.DB
	Consultations *consultation.Store
	Comments      *comment.Store
	Moderation    *moderation.Store
	Similar       *similar.Store
	Intake        *intake.Store
	Referrals     *referral.Store
	Reports       *report.Store
	Retention     *retention.Store
	Mail          *notify.Store
	Exports       *export.Store
	Calendar      *calendar.Store
	Staff         *staff.Store
	Inspection    *inspection.Store
	Captcha       *captcha.Challenges
	Keys          *vault.KeyRing
	Tries         *throttle.Limiter
	Site          ui.Site
	Log           *slog.Logger
	Now           func() time.Time
	Requests      *metrics.Requests // counts what is answered; nil: nobody looks at the counts

	Provider       *IdentityProvider // sign-on beside passwords; nil: passwords alone
	BaseURL        string            // canonical address, such as https://wenji.example; empty: links stay relative
	TLS            bool              // people reach the portal over TLS: cookies are Secure and named __Host-
	TrustedProxies []netip.Prefix    // peers whose X-Forwarded-For is believed
	CheckLimit     int               // check pages an address may ask for in ten minutes; 0: no limit (load tests)

	Watching *postgres.DB      // asked for changes all the time; nil: DB
	Standby  *postgres.Standby // where public pages are read when it is near the primary; nil: DB

	pages    pageCache
	dossiers keptDossiers
	watcher  *announce.Watcher
	nearby   reading // stores on Standby
	uploads  uploads
	draining atomic.Bool
	lastSent atomic.Int64 // when the last request came after draining began, in nanoseconds since 1970
	once     sync.Once
	wait     time.Duration // see limitTime; 0: handlerWait
}

func (s *Server) init() {
	s.once.Do(func() {
		s.wait = cmp.Or(s.wait, handlerWait)
		s.Requests = cmp.Or(s.Requests, metrics.NewRequests())
		s.watcher = announce.NewWatcher(cmp.Or(s.Watching, s.DB), s.Log, s.pages.forget)
		if s.Standby != nil {
			s.nearby = reading{&consultation.Store{DB: s.Standby.DB, Now: s.Now}, &comment.Store{DB: s.Standby.DB, Now: s.Now}}
		}
	})
}

// Drain makes /readyz answer 503 from now on, so that a balancer sends no more people here, and returns when nobody has
// been sent for a time of quiet, or after most. Each answer meanwhile ends its connection: none is left that a balancer
// could use again at the moment in which it is closed.
func (s *Server) Drain(quiet, most time.Duration) {
	began := time.Now()
	s.lastSent.Store(began.UnixNano())
	s.draining.Store(true)
	end := began.Add(most)
	for now := began; ; now = time.Now() {
		until := time.Unix(0, s.lastSent.Load()).Add(quiet)
		if until.After(end) {
			until = end
		}
		if !now.Before(until) {
			return
		}
		time.Sleep(until.Sub(now))
	}
}

// leave ends connections while draining, and notes when people were still sent here.
func (s *Server) leave(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if s.draining.Load() {
			w.Header()["Connection"] = closing
			if r.URL.Path != "/readyz" && r.URL.Path != "/healthz" {
				s.lastSent.Store(time.Now().UnixNano())
			}
		}
		next.ServeHTTP(w, r)
	})
}

var closing = []string{"close"}

// idleMost is longer than balancers keep a connection that is not in use (nginx: 60 s), so that it is they who close it
// and never send a comment into a connection that ends.
const idleMost = 2 * time.Minute

// HTTPServer wraps the handler with the limits that keep slow or greedy clients from holding the portal.
func (s *Server) HTTPServer(address string) *http.Server {
	return &http.Server{
		Addr:              address,
		Handler:           s.Handler(),
		ReadHeaderTimeout: 5 * time.Second,
		ReadTimeout:       30 * time.Second,
		WriteTimeout:      10 * time.Minute, // an export of a large consultation; other handlers end within handlerWait
		IdleTimeout:       idleMost,
		MaxHeaderBytes:    24 << 10,
		ErrorLog:          slog.NewLogLogger(s.Log.Handler(), slog.LevelDebug),
	}
}

// Listen takes a port over plain TCP, so that TurnAway can be told to the kernel; Go's own choice is Multipath TCP.
func Listen(address string) (net.Listener, error) {
	var c net.ListenConfig
	c.SetMultipathTCP(false)
	return c.Listen(context.Background(), "tcp", address)
}
