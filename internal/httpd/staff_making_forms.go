package httpd

import (
	"net/http"
	"time"

	"wenji/internal/apperr"
	"wenji/internal/consultation"
	"wenji/internal/validate"
	"wenji/web/desk"
	"wenji/web/ui"

	"github.com/go-chi/chi/v5"
)

func (s *Server) editBasics(w http.ResponseWriter, r *http.Request) error {
	v, err := s.editing(r)
	if err != nil {
		return err
	}
	return s.renderBasics(w, r, http.StatusOK, nil, desk.BasicsView{EditView: v, Basics: v.Consultation.Basics()})
}

func (s *Server) renderBasics(w http.ResponseWriter, r *http.Request, status int, problems []apperr.Problem, v desk.BasicsView) error {
	f := s.making(r, v.Consultation.ID, "基本信息")
	f.Problems, f.Wrong = problems, status != http.StatusOK
	return s.render(w, r, status, desk.EditBasics(f, v))
}

func (s *Server) saveBasics(w http.ResponseWriter, r *http.Request) error {
	if err := form(r); err != nil {
		return err
	}
	p := r.PostForm
	b := consultation.Basics{
		Kind: consultation.Kind(p.Get("kind")), Title: p.Get("title"), Headline: p.Get("headline"), Unit: p.Get("unit"),
		Source: p.Get("source"), Editor: p.Get("editor"), ConcernsBusiness: p.Get("concerns_business") == "1",
		ContactPhone: p.Get("contact_phone"), ContactEmail: p.Get("contact_email"), MailSubject: p.Get("mail_subject"),
		ResultExpected: p.Get("result_expected"),
	}
	err := s.Consultations.SetBasics(r.Context(), actorOf(r), chi.URLParam(r, "id"), typedVersion(r), b, p.Get("explanation"))
	return s.saveForm(w, r, "basics", err, func(status int, v desk.EditView, problems []apperr.Problem) error {
		if v.Conflict != nil {
			v.Conflict = desk.BasicsDifferences(v.Consultation.Basics(), b, fieldNames)
		}
		return s.renderBasics(w, r, status, problems, desk.BasicsView{EditView: v, Basics: b})
	})
}

func (s *Server) editNotice(w http.ResponseWriter, r *http.Request) error {
	v, err := s.editing(r)
	if err != nil {
		return err
	}
	return s.renderNotice(w, r, http.StatusOK, nil, desk.NoticeView{EditView: v, Notice: v.Consultation.Notice})
}

func (s *Server) renderNotice(w http.ResponseWriter, r *http.Request, status int, problems []apperr.Problem, v desk.NoticeView) error {
	f := s.making(r, v.Consultation.ID, "公告")
	f.Problems, f.Wrong = problems, status != http.StatusOK
	return s.render(w, r, status, desk.EditNotice(f, v))
}

func (s *Server) saveNotice(w http.ResponseWriter, r *http.Request) error {
	if err := form(r); err != nil {
		return err
	}
	notice := r.PostForm.Get("notice")
	err := s.Consultations.SetNotice(r.Context(), actorOf(r), chi.URLParam(r, "id"), typedVersion(r), notice, r.PostForm.Get("explanation"))
	return s.saveForm(w, r, "notice", err, func(status int, v desk.EditView, problems []apperr.Problem) error {
		if v.Conflict != nil {
			v.Conflict = desk.Differences([]consultation.FieldChange{{Field: "notice", Old: v.Consultation.Notice, New: notice}}, fieldNames)
		}
		return s.renderNotice(w, r, status, problems, desk.NoticeView{EditView: v, Notice: notice})
	})
}

func (s *Server) editFields(w http.ResponseWriter, r *http.Request) error {
	v, err := s.editing(r)
	if err != nil {
		return err
	}
	return s.renderFields(w, r, http.StatusOK, nil, desk.FieldsView{EditView: v, Fields: fieldsOf(&v.Consultation)})
}

func fieldsOf(c *consultation.Consultation) consultation.Fields {
	return consultation.Fields{IDNumber: c.IDNumberRule, Phone: c.PhoneRule, Email: c.EmailRule, Publication: c.Publication}
}

func (s *Server) renderFields(w http.ResponseWriter, r *http.Request, status int, problems []apperr.Problem, v desk.FieldsView) error {
	f := s.making(r, v.Consultation.ID, "填写项")
	f.Problems, f.Wrong = problems, status != http.StatusOK
	return s.render(w, r, status, desk.EditFields(f, v))
}

func (s *Server) saveFields(w http.ResponseWriter, r *http.Request) error {
	if err := form(r); err != nil {
		return err
	}
	p := r.PostForm
	fields := consultation.Fields{
		IDNumber: consultation.FieldRule(p.Get("id_number")), Phone: consultation.FieldRule(p.Get("phone")),
		Email: consultation.FieldRule(p.Get("email")), Publication: consultation.Publication(p.Get("publication")),
	}
	err := s.Consultations.SetFields(r.Context(), actorOf(r), chi.URLParam(r, "id"), typedVersion(r), fields)
	return s.saveForm(w, r, "fields", err, func(status int, v desk.EditView, problems []apperr.Problem) error {
		if v.Conflict != nil {
			v.Conflict = desk.FieldDifferences(fieldsOf(&v.Consultation), fields)
		}
		return s.renderFields(w, r, status, problems, desk.FieldsView{EditView: v, Fields: fields})
	})
}

func (s *Server) editTime(w http.ResponseWriter, r *http.Request) error {
	v, err := s.editing(r)
	if err != nil {
		return err
	}
	c := v.Consultation
	return s.renderTime(w, r, http.StatusOK, nil, desk.TimeView{
		EditView: v, Opens: ui.Opening(c.OpensAt), Closes: ui.Closing(c.ClosesAt), Reason: c.ShortPeriodReason,
	})
}

func (s *Server) renderTime(w http.ResponseWriter, r *http.Request, status int, problems []apperr.Problem, v desk.TimeView) error {
	duties, err := s.Consultations.Checklist(r.Context(), v.Consultation.ID)
	if err != nil {
		return err
	}
	for _, d := range duties {
		if d.Code == consultation.DutyPeriod {
			v.Period = d
		}
	}
	f := s.making(r, v.Consultation.ID, "时间")
	f.Problems, f.Wrong = problems, status != http.StatusOK
	return s.render(w, r, status, desk.EditTime(f, v))
}

func (s *Server) saveTime(w http.ResponseWriter, r *http.Request) error {
	if err := form(r); err != nil {
		return err
	}
	p := r.PostForm
	opens, closes, err := typedPeriod(p.Get("opens_at"), p.Get("closes_at"))
	if err == nil {
		err = s.Consultations.SetPeriod(r.Context(), actorOf(r), chi.URLParam(r, "id"), typedVersion(r), opens, closes, p.Get("reason"))
	}
	return s.saveForm(w, r, "time", err, func(status int, v desk.EditView, problems []apperr.Problem) error {
		if v.Conflict != nil {
			c := v.Consultation
			v.Conflict = []desk.Difference{
				{Field: "开始时间", Saved: ui.Opening(c.OpensAt), Typed: p.Get("opens_at")},
				{Field: "截止时间", Saved: ui.Closing(c.ClosesAt), Typed: p.Get("closes_at")},
				{Field: "期限较短的理由", Saved: c.ShortPeriodReason, Typed: p.Get("reason")},
			}
		}
		return s.renderTime(w, r, status, problems, desk.TimeView{
			EditView: v, Opens: p.Get("opens_at"), Closes: p.Get("closes_at"), Reason: p.Get("reason"),
		})
	})
}

// typedPeriod reads both moments of a period and names those that are none.
func typedPeriod(opens, closes string) (from, to time.Time, err error) {
	var problems []apperr.Problem
	from, ok := validate.Moment(opens, false)
	if !ok {
		problems = append(problems, apperr.Problem{Field: "opens_at", Message: validate.MomentForm})
	}
	if to, ok = validate.Moment(closes, true); !ok {
		problems = append(problems, apperr.Problem{Field: "closes_at", Message: validate.MomentForm})
	}
	if len(problems) > 0 {
		err = &apperr.Invalid{Problems: problems}
	}
	return from, to, err
}
