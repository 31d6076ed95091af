package httpd

import (
	"context"
	"errors"
	"math"
	"net/http"
	"strconv"
	"time"

	"wenji/internal/apperr"
	"wenji/internal/postgres"
	"wenji/internal/validate"
	"wenji/web/public"

	"github.com/jackc/pgx/v5/pgconn"
)

// handler parses, calls one domain function, and renders or redirects; what it returns becomes a page in one place.
type handler func(w http.ResponseWriter, r *http.Request) error

// retryAfter is how long a client is asked to wait while the database is away.
const retryAfter = 30 * time.Second

// page makes an http.HandlerFunc of a handler.
func (s *Server) page(h handler) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if err := h(w, r); err != nil {
			s.serveError(w, r, err)
		}
	}
}

// badRequest is a request no page of ours sends; the person sees the sentence of a missing page.
type badRequest struct{ status int }

func (e badRequest) Error() string { return "bad request: " + strconv.Itoa(e.status) }

// unsaved is a failed submit with the words that its page hands back.
type unsaved struct {
	error
	answers public.Answers
}

func (e unsaved) Unwrap() error { return e.error }

// statusOf maps an error to a status: the one place that decides.
func statusOf(err error) int {
	var bad badRequest
	var invalid *apperr.Invalid
	var tooLarge *http.MaxBytesError
	var pg *pgconn.PgError
	switch {
	case errors.As(err, &bad):
		return bad.status
	case errors.As(err, &tooLarge):
		return http.StatusRequestEntityTooLarge
	case errors.As(err, &invalid):
		return http.StatusUnprocessableEntity
	case errors.Is(err, apperr.ErrNotFound):
		return http.StatusNotFound
	case errors.Is(err, apperr.ErrForbidden):
		return http.StatusForbidden
	case errors.Is(err, apperr.ErrConflict), errors.Is(err, apperr.ErrClosed), errors.Is(err, apperr.ErrExpired):
		return http.StatusConflict
	case errors.Is(err, apperr.ErrTooMany):
		return http.StatusTooManyRequests
	case errors.As(err, &pg) && pg.Code == "22021": // a byte no text may hold came in through an address
		return http.StatusBadRequest
	case postgres.Unavailable(err), errors.Is(err, context.DeadlineExceeded), errors.Is(err, apperr.ErrBusy):
		return http.StatusServiceUnavailable
	}
	return http.StatusInternalServerError
}

// serveError shows the page of a failed request. Faults are logged once, with the request id that the page shows.
func (s *Server) serveError(w http.ResponseWriter, r *http.Request, err error) {
	if errors.Is(err, context.Canceled) && r.Context().Err() != nil {
		return // the client has gone
	}
	status := statusOf(err)
	v := public.ErrorView{Status: status, Submitting: submitting(r), ReturnURL: returnURL(r)}
	var lost unsaved
	if errors.As(err, &lost) {
		v.Answers, v.Unsure = &lost.answers, errors.Is(err, postgres.ErrUnconfirmed)
	}
	switch status {
	case http.StatusConflict:
		v.Message = conflictMessage(err)
	case http.StatusTooManyRequests:
		v.RetryAfter = retryTime(err)
		setRetryAfter(w, v.RetryAfter)
	case http.StatusServiceUnavailable:
		v.RetryAfter = retryAfter
		setRetryAfter(w, retryAfter)
		fallthrough
	case http.StatusInternalServerError:
		v.Reference = requestID(r)
		s.Log.Error("request failed", "id", v.Reference, "route", routePattern(r), "status", status, "error", safeError(err))
	}
	s.serveErrorPage(w, r, v)
}

func (s *Server) serveErrorPage(w http.ResponseWriter, r *http.Request, v public.ErrorView) {
	p := s.uiPage(r, "")
	p.Meta.NoIndex = true
	p.Back = v.ReturnURL
	if err := s.render(w, r, v.Status, public.Error(p, v)); err != nil {
		s.Log.Error("error page", "id", requestID(r), "error", safeError(err))
		w.WriteHeader(http.StatusInternalServerError)
	}
}

// serveFault and serveRefusal answer from middleware, where there is no handler.
func (s *Server) serveFault(w http.ResponseWriter, r *http.Request, status int) {
	s.serveErrorPage(w, r, public.ErrorView{Status: status, Submitting: submitting(r), Reference: requestID(r)})
}

func (s *Server) serveRefusal(w http.ResponseWriter, r *http.Request, status int) {
	s.serveErrorPage(w, r, public.ErrorView{Status: status, Submitting: submitting(r), ReturnURL: returnURL(r)})
}

// safeError is what the log may hold of an error: for a PostgreSQL error its code and the names of constraint and table,
// because its message and DETAIL can quote a row.
func safeError(err error) string {
	var pg *pgconn.PgError
	if errors.As(err, &pg) {
		return "SQLSTATE " + pg.Code + " " + pg.ConstraintName + " in " + pg.TableName
	}
	return err.Error()
}

func conflictMessage(err error) string {
	var c *apperr.Conflict
	if errors.As(err, &c) {
		return validate.ConflictSentence(c.Action, c.By, c.At)
	}
	return ""
}

func retryTime(err error) time.Duration {
	var t *apperr.TooMany
	if errors.As(err, &t) {
		return t.RetryAfter
	}
	return retryAfter
}

func setRetryAfter(w http.ResponseWriter, d time.Duration) {
	w.Header().Set("Retry-After", strconv.Itoa(int(math.Ceil(d.Seconds()))))
}
