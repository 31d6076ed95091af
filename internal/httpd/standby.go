package httpd

import (
	"context"
	"net/http"
	"time"

	"wenji/internal/comment"
	"wenji/internal/consultation"
	"wenji/internal/postgres"

	"github.com/a-h/templ"
)

// standbyWait is how long a page waits for the standby before it turns to the primary.
const standbyWait = 2 * time.Second

// reading are the stores that a public page reads. On the standby they can do nothing else.
type reading struct {
	Consultations *consultation.Store
	Comments      *comment.Store
}

type readingKey struct{}

// reads returns the stores for a public page: those on the standby where nearest has chosen it, else the primary's. What
// is written, decided or told to one person never asks it.
func (s *Server) reads(ctx context.Context) reading {
	if r, ok := ctx.Value(readingKey{}).(reading); ok {
		return r
	}
	return reading{s.Consultations, s.Comments}
}

// WatchStandby looks at the standby until ctx ends; without one it returns at once.
func (s *Server) WatchStandby(ctx context.Context) {
	if s.Standby == nil {
		return
	}
	s.init()
	s.Standby.Run(ctx, s.watcher.NearEnough)
}

// nearest makes a page from the standby where it has replayed every change of the page's consultation that is known here,
// and from the primary otherwise and after any failure: something missing on the standby may only just have come.
func (s *Server) nearest(make publicPage) publicPage {
	if s.Standby == nil {
		return make
	}
	return func(r *http.Request) (templ.Component, error) {
		if need, known := s.watcher.Needed(consultationOf(r.URL.Path)); known && s.Standby.Usable() {
			ctx, cancel := context.WithTimeout(r.Context(), standbyWait)
			defer cancel()
			ctx = context.WithValue(postgres.Needing(ctx, need), readingKey{}, s.nearby)
			page, err := make(r.WithContext(ctx))
			if err == nil || r.Context().Err() != nil {
				return page, err
			}
			s.Standby.Failed(err)
		}
		return make(r)
	}
}
