package httpd

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"mime"
	"net"
	"net/http"
	"net/netip"
	"runtime/debug"
	"strings"
	"time"

	"github.com/go-chi/chi/v5"
	"github.com/go-chi/chi/v5/middleware"
)

const (
	bodyMost    = 128 << 10       // bytes of a plain form; the few routes that take a file have a limit of their own
	handlerWait = 5 * time.Second // the longest a handler waits for the database; exports have their own limit
)

// Header values are shared slices: setting them costs no allocation on the cached path.
var (
	csp = []string{"default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self' data:; media-src 'self'; " +
		"connect-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'"}
	// cspFile is for files that people brought in: should a browser ever show one in place, it may do nothing.
	cspFile    = []string{"default-src 'none'; sandbox; frame-ancestors 'none'; base-uri 'none'"}
	nosniff    = []string{"nosniff"}
	sameOrigin = []string{"same-origin"}
	deny       = []string{"DENY"}
	noStore    = []string{"no-store"}
	noFeatures = []string{"camera=(), geolocation=(), microphone=(), payment=()"}
	hsts       = []string{"max-age=31536000"}
)

func (s *Server) setSecurityHeaders(h http.Header) {
	h["Content-Security-Policy"] = csp
	h["X-Content-Type-Options"] = nosniff
	h["Referrer-Policy"] = sameOrigin
	h["X-Frame-Options"] = deny
	h["Cross-Origin-Opener-Policy"] = sameOrigin
	h["Permissions-Policy"] = noFeatures
	if s.TLS {
		h["Strict-Transport-Security"] = hsts
	}
}

// secureHeaders sets the security headers and no-store; pages that may be kept say so themselves.
func (s *Server) secureHeaders(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s.setSecurityHeaders(w.Header())
		w.Header()["Cache-Control"] = noStore
		next.ServeHTTP(w, r)
	})
}

type requestIDKey struct{}

// withRequestID gives each request a random id of its own, shown on error pages, in the log and as X-Request-Id, so that
// a line of the balancer can be joined to it. A client's own id is not taken over: it would let strangers write into the log.
func withRequestID(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var id [6]byte
		rand.Read(id[:])
		text := hex.EncodeToString(id[:])
		w.Header()["X-Request-Id"] = []string{text}
		next.ServeHTTP(w, r.WithContext(context.WithValue(r.Context(), requestIDKey{}, text)))
	})
}

func requestID(r *http.Request) string {
	id, _ := r.Context().Value(requestIDKey{}).(string)
	return id
}

// logRequests counts each request and writes a line for it: the route's pattern, never the address, the query or a header.
func (s *Server) logRequests(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		start := time.Now()
		ww := middleware.NewWrapResponseWriter(w, r.ProtoMajor)
		defer func() { // also when a download that broke off ends the connection with a panic
			route, status, took := routePattern(r), answered(ww, r), time.Since(start)
			s.Requests.Route(r.Method, route).Observe(status, took)
			s.Log.Debug("request", "id", requestID(r), "method", r.Method, "route", route, "status", status,
				"bytes", ww.BytesWritten(), "ms", took.Milliseconds())
		}()
		next.ServeHTTP(ww, r)
	})
}

// statusGone is what a request without an answer counts as when its client went away (as nginx has it).
const statusGone = 499

// answered is the status of a finished request; a handler that wrote nothing has answered 200.
func answered(w middleware.WrapResponseWriter, r *http.Request) int {
	switch {
	case w.Status() != 0:
		return w.Status()
	case r.Context().Err() != nil:
		return statusGone
	}
	return http.StatusOK
}

func routePattern(r *http.Request) string {
	if c := chi.RouteContext(r.Context()); c != nil {
		return c.RoutePattern()
	}
	return ""
}

// recoverPanics turns a panic into the page of a fault; the log has the stack, which holds no request data.
func (s *Server) recoverPanics(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		defer func() {
			p := recover()
			if p == nil {
				return
			}
			if p == http.ErrAbortHandler {
				panic(p)
			}
			s.Log.Error("panic", "id", requestID(r), "route", routePattern(r), "stack", string(debug.Stack()))
			s.serveFault(w, r, http.StatusInternalServerError)
		}()
		next.ServeHTTP(w, r)
	})
}

// limitRequests refuses early what no browser form sends: chunked bodies (411, and the connection ends, RFC 9112
// §6.1), bodies beyond bodyMost (413), and types other than a plain form (415). A route of the desk that takes
// a file has its own limit and takes a multipart form.
func (s *Server) limitRequests(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if len(r.TransferEncoding) > 0 {
			w.Header().Set("Connection", "close")
			s.serveRefusal(w, r, http.StatusLengthRequired)
			return
		}
		if r.Method == http.MethodPost {
			kind, params, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
			charset := strings.ToLower(params["charset"])
			most, wanted := int64(bodyMost), "application/x-www-form-urlencoded"
			if limit := s.uploads.most(r); limit > 0 && kind == "multipart/form-data" {
				most, wanted = limit, kind
			}
			if err != nil || kind != wanted || (charset != "" && charset != "utf-8") {
				s.serveRefusal(w, r, http.StatusUnsupportedMediaType)
				return
			}
			if r.ContentLength > most {
				w.Header().Set("Connection", "close")
				s.serveRefusal(w, r, http.StatusRequestEntityTooLarge)
				return
			}
			r.Body = http.MaxBytesReader(w, r.Body, most)
		}
		next.ServeHTTP(w, r)
	})
}

// limitTime bounds how long a handler may wait for the database.
func (s *Server) limitTime(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		ctx, cancel := context.WithTimeout(r.Context(), s.wait)
		defer cancel()
		next.ServeHTTP(w, r.WithContext(ctx))
	})
}

// refuseCrossSite lets only this site's own pages post (Sec-Fetch-Site, else Origin against Host).
func (s *Server) refuseCrossSite(next http.Handler) http.Handler {
	protection := http.NewCrossOriginProtection()
	if s.BaseURL != "" {
		if err := protection.AddTrustedOrigin(strings.TrimSuffix(s.BaseURL, "/")); err != nil {
			s.Log.Warn("WENJI_BASE_URL is no origin; cross-site checks use the Host header alone", "error", err)
		}
	}
	protection.SetDenyHandler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s.serveRefusal(w, r, http.StatusForbidden)
	}))
	return protection.Handler(next)
}

// clientAddress is the peer's address, or, behind a trusted proxy, the rightmost hop that is not one. IPv6 addresses
// are cut to their /64, since one person commands a whole such network.
func (s *Server) clientAddress(r *http.Request) string {
	address, ok := middlewareAddress(r)
	if !ok {
		host, _, err := net.SplitHostPort(r.RemoteAddr)
		if err != nil {
			host = r.RemoteAddr
		}
		if address, err = netip.ParseAddr(host); err != nil {
			return host
		}
	}
	address = address.Unmap().WithZone("")
	if address.Is6() {
		if network, err := address.Prefix(64); err == nil {
			return network.String()
		}
	}
	return address.String()
}

func middlewareAddress(r *http.Request) (netip.Addr, bool) {
	address := middleware.GetClientIPAddr(r.Context())
	return address, address.IsValid()
}

// clientIP believes X-Forwarded-For from the trusted proxies only.
func (s *Server) clientIP(next http.Handler) http.Handler {
	if len(s.TrustedProxies) == 0 {
		return next
	}
	prefixes := make([]string, len(s.TrustedProxies))
	for i, p := range s.TrustedProxies {
		prefixes[i] = p.String()
	}
	return middleware.ClientIPFromXFF(prefixes...)(next)
}
