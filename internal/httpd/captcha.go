package httpd

import (
	"bytes"
	"errors"
	"net/http"
	"strings"
	"time"

	"wenji/internal/apperr"
	"wenji/web/public"

	"github.com/go-chi/chi/v5"
	"github.com/google/uuid"
)

// Pictures, sounds and new challenges an address may fetch from one process.
const (
	captchaMost   = 300
	captchaWindow = time.Minute
)

func (s *Server) captchaImage(w http.ResponseWriter, r *http.Request) error {
	picture, err := s.Captcha.Image(strings.TrimSuffix(chi.URLParam(r, "file"), ".png"))
	if err != nil {
		return missingCaptcha(err)
	}
	w.Header().Set("Content-Type", "image/png")
	http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(picture))
	return nil
}

func (s *Server) captchaSound(w http.ResponseWriter, r *http.Request) error {
	sound, err := s.Captcha.Audio(strings.TrimSuffix(chi.URLParam(r, "file"), ".wav"))
	if err != nil {
		return missingCaptcha(err)
	}
	w.Header().Set("Content-Type", "audio/wav")
	http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(sound))
	return nil
}

// missingCaptcha: an expired challenge is gone, like one that never was.
func missingCaptcha(err error) error {
	if errors.Is(err, apperr.ErrExpired) {
		return apperr.ErrNotFound
	}
	return err
}

// anotherCaptcha shows the posted form again with a new challenge, everything else kept. The button for larger type
// posts here too, so that switching it in the middle of a form loses nothing.
func (s *Server) anotherCaptcha(w http.ResponseWriter, r *http.Request) error {
	if err := form(r); err != nil {
		return err
	}
	d, err := s.keptDossier(r.Context(), r.PostForm.Get("consultation"))
	if err != nil {
		return err
	}
	formID, passed, err := s.Captcha.FormID(r.PostForm.Get("captcha_token"))
	if err != nil {
		if formID, err = uuid.NewV7(); err != nil {
			return err
		}
	}
	v := public.FormView{Dossier: d, Answers: answers(r), Captcha: s.challenge(formID, passed)}
	if r.PostForm.Has("size") {
		r.Header.Set("Cookie", displayCookie+"="+s.putDisplay(w, r).String())
	}
	return s.renderForm(w, r, http.StatusOK, v)
}
