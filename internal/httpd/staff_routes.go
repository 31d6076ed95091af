package httpd

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"path"
	"slices"
	"strings"

	"wenji/internal/apperr"
	"wenji/internal/staff"

	"github.com/go-chi/chi/v5"
)

// staffRoute is one address of the desk with the permission it needs.
type staffRoute struct {
	method, pattern string
	need            staff.Permission // "": any signed-in member
	handle          handler
	long            bool  // may take longer than handlerWait: a file that is streamed
	upload          int64 // bytes of a multipart form that it takes; 0: plain forms only
}

// deskRoutes are all addresses of the desk that need a session. A test walks them without one and with the wrong role.
func (s *Server) deskRoutes() []staffRoute {
	return slices.Concat(s.queueRoutes(), s.groupRoutes(), s.intakeRoutes(), s.referralRoutes(), s.makingRoutes(),
		s.importRoutes(), s.reportRoutes(), s.searchRoutes(), s.exportRoutes(), s.retentionRoutes(), s.peopleRoutes(), s.auditRoutes())
}

// Parts of addresses.
const (
	commentPath      = "/staff/comments/{id:[0-9a-fA-F-]{36}}"
	consultationPath = "/staff/consultations/{id:[0-9]{4}-[0-9]{4}}"
)

// queueRoutes are the addresses of the dashboard, the queue and one comment.
func (s *Server) queueRoutes() []staffRoute {
	const comment = commentPath
	return []staffRoute{
		{method: "POST", pattern: "/staff/logout", handle: s.signOut},
		{method: "GET", pattern: "/staff/account", handle: s.account},

		{method: "GET", pattern: "/staff", need: staff.ReadComments, handle: s.deskHome},
		{method: "GET", pattern: "/staff/queue", need: staff.ReadComments, handle: s.queue},
		{method: "POST", pattern: "/staff/queue/claim", need: staff.Decide, handle: s.claim},
		{method: "POST", pattern: "/staff/queue/bulk", need: staff.Decide, handle: s.publishSeveral},

		{method: "GET", pattern: comment, need: staff.ReadComments, handle: s.staffComment},
		{method: "POST", pattern: comment + "/publish", need: staff.Decide, handle: s.publish},
		{method: "POST", pattern: comment + "/redaction", need: staff.Decide, handle: s.previewRedaction},
		{method: "POST", pattern: comment + "/withhold", need: staff.Decide, handle: s.withhold},
		{method: "POST", pattern: comment + "/decline", need: staff.Decide, handle: s.decline},
		{method: "POST", pattern: comment + "/undo", need: staff.Decide, handle: s.undo},
		{method: "POST", pattern: comment + "/note", need: staff.Decide, handle: s.note},
		{method: "POST", pattern: comment + "/reveal", need: staff.Reveal, handle: s.reveal},

		{method: "GET", pattern: "/staff/consultations", need: staff.ReadComments, handle: s.staffConsultations},
		{method: "POST", pattern: consultationPath + "/publication", need: staff.SetPublication,
			handle: s.setPublication},
	}
}

// staffRoutes mounts the desk.
func (s *Server) staffRoutes(r chi.Router) {
	r.With(s.limitTime).Get("/staff/login", s.page(s.loginForm))
	r.With(s.limitTime).Post("/staff/login", s.page(s.signIn))
	r.With(s.limitTime).Get(providerPath, s.page(s.toProvider))
	r.With(s.limitTime).Get(providerPath+"/return", s.page(s.fromProvider))
	r.With(s.limitTime).Get(providerPath+"/confirm", s.page(s.askProven))
	r.With(s.limitTime).Post(providerPath+"/confirm", s.page(s.signInProven))
	for _, route := range s.deskRoutes() {
		guarded := r.With(s.requireMember, s.requirePermission(route.need))
		if !route.long {
			guarded = r.With(s.limitTime, s.requireMember, s.requirePermission(route.need))
		}
		guarded.Method(route.method, route.pattern, s.page(s.onDesk(route.handle)))
	}
}

type memberKey struct{}

// memberOf is the signed-in member; behind requireMember there always is one.
func memberOf(r *http.Request) staff.Member {
	m, _ := r.Context().Value(memberKey{}).(staff.Member)
	return m
}

// requireMember lets only signed-in members through. Others go to the sign-in page and from there back to the page
// they wanted; after a POST, which is not repeated, to the page it came from.
func (s *Server) requireMember(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		m, err := s.Staff.Session(r.Context(), s.sessionToken(r))
		switch {
		case errors.Is(err, apperr.ErrNotFound):
			http.Redirect(w, r, loginURL(r), http.StatusSeeOther)
		case err != nil:
			s.serveError(w, r, err)
		case m.Must != "" && r.URL.Path != dutyPath(m) && r.URL.Path != "/staff/logout":
			http.Redirect(w, r, dutyPath(m), http.StatusSeeOther)
		default:
			next.ServeHTTP(w, r.WithContext(context.WithValue(r.Context(), memberKey{}, m)))
		}
	})
}

// requirePermission lets only members through whose role has the permission; "" stands for any member. The domain asks
// again.
func (s *Server) requirePermission(need staff.Permission) func(http.Handler) http.Handler {
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if need != "" && !memberOf(r).Can(need) {
				s.page(s.onDesk(func(http.ResponseWriter, *http.Request) error { return apperr.ErrForbidden }))(w, r)
				return
			}
			next.ServeHTTP(w, r)
		})
	}
}

// loginURL is the sign-in page that leads back to where a visitor without a session wanted to go.
func loginURL(r *http.Request) string {
	v := url.Values{}
	if r.Method == http.MethodGet || r.Method == http.MethodHead {
		v.Set("next", r.URL.RequestURI())
	} else {
		v.Set("next", pageOf(r))
		v.Set("ended", "1")
	}
	return "/staff/login?" + v.Encode()
}

// pageOf is the page that a post under /staff came from, by its own address.
func pageOf(r *http.Request) string {
	switch p := r.URL.Path; {
	case p == "/staff/comments/new", p == "/staff/comments/import":
		return p
	case strings.HasPrefix(p, "/staff/comments/"), strings.HasPrefix(p, "/staff/queue/"):
		return path.Dir(p)
	case strings.HasPrefix(p, "/staff/consultations/"):
		return "/staff/consultations"
	case strings.HasPrefix(p, calendarPath):
		return calendarPath
	case p == "/staff/exports/new":
		return p
	case strings.Count(p, "/") >= 3: // an act on a page of its own
		return path.Dir(p)
	}
	return "/staff"
}

// staffAddress returns address when it is a page of the desk that one may be sent to after signing in, else "".
func staffAddress(address string) string {
	u, err := url.Parse(address)
	if err != nil || u.Scheme != "" || u.Host != "" || u.User != nil || !local(address) || path.Clean(u.Path) != u.Path {
		return ""
	}
	if u.Path != "/staff" && !strings.HasPrefix(u.Path, "/staff/") || u.Path == "/staff/login" || strings.HasPrefix(u.Path, "/staff/login/") || u.Path == "/staff/logout" {
		return ""
	}
	return (&url.URL{Path: u.Path, RawQuery: u.RawQuery}).String()
}
