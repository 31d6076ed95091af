package httpd

import (
	"net/http"

	"wenji/web"

	"github.com/go-chi/chi/v5"
	"github.com/go-chi/httprate"
)

// Handler returns the whole portal: every address of product and staff, in one place.
func (s *Server) Handler() http.Handler {
	s.init()
	s.uploads = newUploads(s.deskRoutes())
	r := chi.NewRouter()
	r.Use(withRequestID, s.secureHeaders, s.logRequests, s.recoverPanics, s.limitRequests, s.clientIP, s.refuseCrossSite)
	r.NotFound(func(w http.ResponseWriter, r *http.Request) { s.serveRefusal(w, r, http.StatusNotFound) })
	r.MethodNotAllowed(func(w http.ResponseWriter, r *http.Request) { s.serveRefusal(w, r, http.StatusMethodNotAllowed) })

	r.Get("/healthz", s.healthz)
	r.Get("/readyz", s.readyz)
	r.Handle("/static/*", web.Static())
	r.Get("/favicon.ico", favicon)
	r.Get("/robots.txt", s.robots)

	r.Group(func(r chi.Router) {
		r.Use(s.limitTime)
		s.readingRoutes(r)
		s.writingRoutes(r)
	})
	// A report is written as fast as its reader takes it, which on a phone is minutes for thousands of rows: each of its
	// queries is short, and no connection is held between them.
	r.With(s.limitFiles).Get("/consultations/{id:[0-9]{4}-[0-9]{4}}/result.{format:docx|xlsx|csv}", s.page(s.resultFile))
	r.Group(s.staffRoutes)
	return s.leave(s.serveCached(r))
}

// readingRoutes are the pages that are alike for everyone and kept in memory.
func (s *Server) readingRoutes(r chi.Router) {
	r.Get("/", s.cached(s.home))
	r.Get("/consultations", s.cached(s.list))
	r.Get("/guide", s.cached(s.guide))
	r.Get("/privacy", s.cached(s.privacy))
	r.Get("/accessibility", s.cached(s.accessibility))
	r.Get("/contact", s.cached(s.contact))
	r.Get("/sitemap", s.cached(s.siteMap))
	r.Get("/consultations.atom", s.cached(s.atom))
	r.Get("/api/consultations.json", s.cached(s.consultationsJSON))
	r.Get("/sitemap.xml", s.cached(s.sitemapXML))
	r.Get("/search", s.cached(s.publicSearch))
	r.Route("/consultations/{id:[0-9]{4}-[0-9]{4}}", func(r chi.Router) {
		r.Get("/", s.cached(s.notice))
		r.Get("/deadline.ics", s.cached(s.deadline))
		r.Get("/corrections", s.cached(s.corrections))
		r.Get("/draft", s.cached(s.draft))
		r.Get("/versions", s.cached(s.versions))
		r.Get("/versions/{number:[0-9]{1,3}}", s.cached(s.version))
		r.Get("/clauses/{number:[0-9]{1,4}}", s.cached(s.clause))
		r.Get("/interpretation", s.cached(s.interpretation))
		r.Get("/print", s.cached(s.print))
		r.Get("/comments", s.cached(s.comments))
		r.Get("/comments/{number:[0-9]{1,9}}", s.cached(s.comment))
		r.Get("/result", s.cached(s.result))
		r.Get("/files/{name:[a-z0-9._-]{1,100}}", s.page(s.attachment))
		r.Get("/comments/new", s.page(s.newComment))
		r.Post("/comments/check", s.page(s.checkComment))
		r.Post("/comments", s.page(s.submitComment))
	})
}

// writingRoutes are the pages made for one visitor.
func (s *Server) writingRoutes(r chi.Router) {
	r.Get("/receipt", s.page(s.receipt))
	r.Get("/status", s.page(s.statusForm))
	r.Post("/status", s.page(s.lookUpStatus))
	r.Get("/status/result", s.page(s.statusResult))
	r.Post("/status/requests", s.page(s.askOwnData))
	r.Get("/display", s.page(s.display))
	r.Post("/display", s.page(s.setDisplay))
	r.Post("/captcha", s.page(s.anotherCaptcha))
	r.Group(func(r chi.Router) {
		// A picture or a sound costs far more than a page. The bound guards this process's own processor, so it is
		// counted in this process.
		r.Use(httprate.LimitBy(captchaMost, captchaWindow, func(r *http.Request) (string, error) {
			return s.clientAddress(r), nil
		}, httprate.WithLimitHandler(func(w http.ResponseWriter, r *http.Request) {
			s.serveRefusal(w, r, http.StatusTooManyRequests)
		})))
		r.Get("/captcha/{file:[A-Za-z0-9_-]{1,400}\\.png}", s.page(s.captchaImage))
		r.Get("/captcha/{file:[A-Za-z0-9_-]{1,400}\\.wav}", s.page(s.captchaSound))
	})
}
