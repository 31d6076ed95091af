package httpd

import (
	"errors"
	"net/http"

	"wenji/internal/apperr"
	"wenji/internal/retention"
	"wenji/internal/validate"
	"wenji/web/public"

	"github.com/google/uuid"
)

// ownData is what the writer of a comment sees of the own requests.
func (s *Server) ownData(r *http.Request, id uuid.UUID, typed public.OwnData) (public.OwnData, error) {
	list, err := s.Retention.RequestsOf(r.Context(), id)
	if err != nil {
		return typed, err
	}
	for _, q := range list {
		typed.Requests = append(typed.Requests, public.OwnRequest{
			Erase: q.Kind == retention.AskErase, AskedAt: q.AskedAt, DueOn: q.DueOn, Open: q.State == retention.Open,
			Granted: q.State == retention.Granted, Lapsed: q.State == retention.Lapsed, Answer: q.Answer, DecidedAt: q.DecidedAt,
		})
	}
	typed.Askable, err = s.Retention.Askable(r.Context(), id)
	return typed, err
}

// askOwnData takes in a request about the own personal data, from who has looked the comment up.
func (s *Server) askOwnData(w http.ResponseWriter, r *http.Request) error {
	id, ok := takeNote[uuid.UUID](s, r, statusCookie)
	if !ok {
		http.Redirect(w, r, "/status", http.StatusSeeOther)
		return nil
	}
	if err := form(r); err != nil {
		return err
	}
	typed := public.OwnData{Kind: r.PostForm.Get("kind"), Wish: r.PostForm.Get("wish")}
	err := s.Retention.Ask(r.Context(), id, retention.Kind(typed.Kind), typed.Wish, s.clientAddress(r))
	var invalid *apperr.Invalid
	switch {
	case errors.As(err, &invalid):
		typed.Problems = invalid.Problems
		return s.renderStatusResult(w, r, http.StatusUnprocessableEntity, id, typed)
	case errors.Is(err, apperr.ErrTooMany):
		setRetryAfter(w, retryTime(err))
		typed.Message = validate.AskTooMany
		return s.renderStatusResult(w, r, http.StatusTooManyRequests, id, typed)
	case errors.Is(err, retention.ErrNothing):
		typed.Message = validate.AskGone
		return s.renderStatusResult(w, r, http.StatusConflict, id, typed)
	case errors.Is(err, apperr.ErrConflict):
		typed.Message = validate.AskOpen
		return s.renderStatusResult(w, r, http.StatusConflict, id, typed)
	case err != nil:
		return err
	}
	http.Redirect(w, r, "/status/result?asked=1#own", http.StatusSeeOther)
	return nil
}
