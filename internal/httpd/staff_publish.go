package httpd

import (
	"errors"
	"net/http"
	"time"

	"wenji/internal/apperr"
	"wenji/internal/consultation"
	"wenji/internal/validate"
	"wenji/web/desk"

	"github.com/go-chi/chi/v5"
)

func (s *Server) checklist(w http.ResponseWriter, r *http.Request) error {
	v, err := s.editing(r)
	if err != nil {
		return err
	}
	return s.renderChecklist(w, r, http.StatusOK, nil, v)
}

func (s *Server) renderChecklist(w http.ResponseWriter, r *http.Request, status int, problems []apperr.Problem, v desk.EditView) error {
	duties, err := s.Consultations.Checklist(r.Context(), v.Consultation.ID)
	if err != nil {
		return err
	}
	f := s.making(r, v.Consultation.ID, "检查并发布")
	f.Problems, f.Wrong = problems, status != http.StatusOK
	return s.render(w, r, status, desk.Publish(f, desk.PublishView{EditView: v, Duties: duties}))
}

// publishConsultation publishes after the last question. Duties are looked at again where it is written.
func (s *Server) publishConsultation(w http.ResponseWriter, r *http.Request) error {
	if err := form(r); err != nil {
		return err
	}
	var err error
	if r.PostForm.Get("confirm") == "1" {
		err = s.Consultations.Publish(r.Context(), actorOf(r), chi.URLParam(r, "id"), typedVersion(r))
	} else {
		err = &apperr.Invalid{Problems: problemsOf("confirm", validate.ConfirmMissing)}
	}
	return s.saveForm(w, r, "publish", err, func(status int, v desk.EditView, problems []apperr.Problem) error {
		return s.renderChecklist(w, r, status, ownProblems(problems, "confirm"), v)
	})
}

// periodForm shows the form of an act on a published period.
func (s *Server) periodForm(kind consultation.ChangeKind) handler {
	return func(w http.ResponseWriter, r *http.Request) error {
		return s.renderPeriod(w, r, http.StatusOK, nil, desk.PeriodView{Kind: kind})
	}
}

func (s *Server) renderPeriod(w http.ResponseWriter, r *http.Request, status int, problems []apperr.Problem, v desk.PeriodView) error {
	c, err := s.Consultations.Consultation(r.Context(), chi.URLParam(r, "id"))
	if err != nil {
		return err
	}
	v.Consultation = *c
	f := s.making(r, c.ID, desk.PeriodTitle(v.Kind))
	f.Problems, f.Wrong = problems, status != http.StatusOK
	return s.render(w, r, status, desk.ChangePeriod(f, v))
}

// changePeriod extends, ends or withdraws, once the person has confirmed.
func (s *Server) changePeriod(kind consultation.ChangeKind) handler {
	return func(w http.ResponseWriter, r *http.Request) error {
		if err := form(r); err != nil {
			return err
		}
		id, p := chi.URLParam(r, "id"), r.PostForm
		err := s.actOnPeriod(r, kind, id)
		var invalid *apperr.Invalid
		if errors.As(err, &invalid) {
			return s.renderPeriod(w, r, http.StatusUnprocessableEntity, invalid.Problems,
				desk.PeriodView{Kind: kind, Closes: p.Get("closes_at"), Reason: p.Get("reason")})
		}
		if errors.Is(err, apperr.ErrConflict) {
			return &apperr.Conflict{Action: "period", At: s.Now()}
		}
		if err != nil {
			return err
		}
		return s.toOverview(w, r, id, string(kind))
	}
}

func (s *Server) actOnPeriod(r *http.Request, kind consultation.ChangeKind, id string) error {
	p := r.PostForm
	var closes time.Time
	if kind == consultation.Extension {
		var ok bool
		if closes, ok = validate.Moment(p.Get("closes_at"), true); !ok {
			return &apperr.Invalid{Problems: problemsOf("closes_at", validate.MomentForm)}
		}
	}
	if p.Get("confirm") != "1" {
		return &apperr.Invalid{Problems: problemsOf("confirm", validate.ConfirmMissing)}
	}
	switch kind {
	case consultation.Extension:
		return s.Consultations.Extend(r.Context(), actorOf(r), id, closes, p.Get("reason"))
	case consultation.EarlyEnd:
		return s.Consultations.EndEarly(r.Context(), actorOf(r), id, p.Get("reason"))
	default:
		return s.Consultations.Withdraw(r.Context(), actorOf(r), id, p.Get("reason"))
	}
}
