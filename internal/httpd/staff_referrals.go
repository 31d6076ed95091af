package httpd

import (
	"errors"
	"net/http"
	"slices"
	"strconv"

	"wenji/internal/apperr"
	"wenji/internal/comment"
	"wenji/internal/moderation"
	"wenji/internal/referral"
	"wenji/internal/staff"
	"wenji/internal/validate"
	"wenji/web/desk"
	"wenji/web/ui"

	"github.com/go-chi/chi/v5"
	"github.com/google/uuid"
)

// referralRoutes are the addresses of hand-overs, dispositions and answers.
func (s *Server) referralRoutes() []staffRoute {
	const (
		one      = "/staff/referrals/{rid:[0-9a-fA-F-]{36}}"
		answer   = "/staff/answers/{id:[0-9a-fA-F-]{36}}"
		template = "/staff/templates/{tid:[0-9a-fA-F-]{36}}"
	)
	return []staffRoute{
		{method: "GET", pattern: commentPath + "/referrals", need: staff.Refer, handle: s.askRefer},
		{method: "POST", pattern: commentPath + "/referrals", need: staff.Refer, handle: s.refer},
		{method: "GET", pattern: "/staff/referrals", need: staff.ReadReferrals, handle: s.referrals},
		{method: "GET", pattern: one, need: staff.ReadReferrals, handle: s.referral},
		{method: "POST", pattern: one + "/accept", need: staff.HandleReferrals, handle: s.acceptReferral},
		{method: "POST", pattern: one + "/return", need: staff.HandleReferrals, handle: s.returnReferral},
		{method: "POST", pattern: one + "/reply", need: staff.HandleReferrals, handle: s.replyReferral},

		{method: "GET", pattern: commentPath + "/disposition", need: staff.Answer, handle: s.askDispose},
		{method: "POST", pattern: commentPath + "/disposition", need: staff.Answer, handle: s.dispose},
		{method: "GET", pattern: "/staff/answers", need: staff.ReadComments, handle: s.answers},
		{method: "POST", pattern: "/staff/answers/approve", need: staff.ApproveAnswers, handle: s.approveSeveral},
		{method: "GET", pattern: answer, need: staff.ReadComments, handle: s.answer},
		{method: "POST", pattern: answer + "/approve", need: staff.ApproveAnswers, handle: s.approveAnswer},
		{method: "POST", pattern: answer + "/return", need: staff.ApproveAnswers, handle: s.sendBackAnswer},

		{method: "GET", pattern: "/staff/templates", need: staff.Answer, handle: s.templates},
		{method: "POST", pattern: "/staff/templates", need: staff.Answer, handle: s.putTemplate},
		{method: "GET", pattern: template, need: staff.Answer, handle: s.templates},
		{method: "POST", pattern: template, need: staff.Answer, handle: s.putTemplate},
	}
}

// underComment are the crumbs of a page of its own for an act on a comment.
func underComment(c comment.Item, act string) []ui.Crumb {
	crumbs := commentCrumbs(c)
	crumbs[len(crumbs)-1].URL = "/staff/comments/" + c.ID.String()
	return append(crumbs, ui.Crumb{Name: act})
}

// onComment is the comment of the address.
func (s *Server) onComment(r *http.Request) (moderation.Detail, error) {
	id, err := commentID(r)
	if err != nil {
		return moderation.Detail{}, err
	}
	return s.Moderation.Comment(r.Context(), memberOf(r), id)
}

// tooLate tells who was faster (409) and leads back to where one can see it; other errors go on.
func (s *Server) tooLate(w http.ResponseWriter, r *http.Request, item, back string, err error) error {
	var c *apperr.Conflict
	if !errors.As(err, &c) {
		return err
	}
	return s.render(w, r, http.StatusConflict,
		desk.ReferralConflict(s.deskFrame(r, "您的操作未执行", item), validate.ReferralConflict(c.Action, c.By, c.At), back))
}

func (s *Server) askRefer(w http.ResponseWriter, r *http.Request) error {
	detail, err := s.onComment(r)
	if err != nil {
		return err
	}
	d, err := s.keptDossier(r.Context(), detail.ConsultationID)
	if err != nil {
		return err
	}
	units, err := s.Staff.Units(r.Context())
	if err != nil {
		return err
	}
	v := desk.ReferView{ReferForm: desk.ReferForm{Days: strconv.Itoa(referral.DefaultDays)}}
	for i, unit := range responsible(d, detail.Clauses, units) {
		if i == 0 {
			v.Lead = unit.String()
		} else {
			v.Others = append(v.Others, unit.String())
		}
	}
	return s.renderRefer(w, r, http.StatusOK, nil, detail.Item, v)
}

func (s *Server) renderRefer(w http.ResponseWriter, r *http.Request, status int, problems []apperr.Problem, c comment.Item, v desk.ReferView) error {
	units, err := s.Staff.Units(r.Context())
	if err != nil {
		return err
	}
	v.Comment = c
	v.Units = slices.DeleteFunc(units, func(u staff.Unit) bool { return u.Disabled })
	f := s.deskFrame(r, "转办", desk.ItemReferrals, underComment(c, "转办")...)
	f.Problems, f.Wrong = problems, len(problems) > 0
	return s.render(w, r, status, desk.Refer(f, v))
}

func (s *Server) refer(w http.ResponseWriter, r *http.Request) error {
	if err := form(r); err != nil {
		return err
	}
	detail, err := s.onComment(r)
	if err != nil {
		return err
	}
	v := desk.ReferView{
		ReferForm: desk.ReferForm{Lead: r.PostForm.Get("unit"), Others: r.PostForm["other"], Days: r.PostForm.Get("days"), Note: r.PostForm.Get("note")},
	}
	order := referral.Order{Days: number(validate.Fold(v.Days)), Note: v.Note}
	if order.Days == 0 {
		order.Days = -1 // not a number of days: never the usual term
	}
	for _, value := range append([]string{v.Lead}, v.Others...) {
		if id, err := uuid.Parse(value); err == nil && v.Lead != "" {
			order.Units = append(order.Units, id)
		}
	}
	err = s.Referrals.Refer(r.Context(), memberOf(r), []uuid.UUID{detail.ID}, order)
	var invalid *apperr.Invalid
	if errors.As(err, &invalid) {
		return s.renderRefer(w, r, http.StatusUnprocessableEntity, invalid.Problems, detail.Item, v)
	}
	back := "/staff/comments/" + detail.ID.String()
	if err != nil {
		return s.tooLate(w, r, desk.ItemReferrals, back, err)
	}
	http.Redirect(w, r, back+"#handling", http.StatusSeeOther)
	return nil
}

func (s *Server) referrals(w http.ResponseWriter, r *http.Request) error {
	f := s.deskFrame(r, "转办", desk.ItemReferrals)
	q := desk.ReferralQuery{State: query(r, "state"), Consultation: query(r, "consultation"), Unit: query(r, "unit")}
	filter := referral.Filter{
		State: referral.State(q.State), ConsultationID: q.Consultation, After: referral.ParseCursor(query(r, "after")),
	}
	filter.UnitID, _ = uuid.Parse(q.Unit) // no unit's id: all
	rows, next, err := s.Referrals.Referrals(r.Context(), f.Member, filter)
	if err != nil {
		return err
	}
	v := desk.ReferralsView{Query: q, Rows: rows}
	if next != nil {
		v.Next = next.String()
	}
	if !f.Member.Can(staff.HandleReferrals) {
		if v.Units, err = s.Staff.Units(r.Context()); err != nil {
			return err
		}
		if v.Consultations, err = s.allConsultations(r); err != nil {
			return err
		}
	}
	return s.render(w, r, http.StatusOK, desk.Referrals(f, v, query(r, "done")))
}

func (s *Server) referral(w http.ResponseWriter, r *http.Request) error {
	return s.renderReferral(w, r, http.StatusOK, nil, desk.ReferralView{})
}

// referralID reads the id of the address.
func referralID(r *http.Request) (uuid.UUID, error) {
	id, err := uuid.Parse(chi.URLParam(r, "rid"))
	if err != nil {
		return uuid.Nil, apperr.ErrNotFound
	}
	return id, nil
}

func (s *Server) renderReferral(w http.ResponseWriter, r *http.Request, status int, problems []apperr.Problem, v desk.ReferralView) error {
	id, err := referralID(r)
	if err != nil {
		return err
	}
	if v.Handed, err = s.Referrals.Referral(r.Context(), memberOf(r), id); err != nil {
		return err
	}
	d, err := s.keptDossier(r.Context(), v.ConsultationID)
	if err != nil {
		return err
	}
	v.Consultation = d.Consultation
	for _, n := range v.Clauses {
		if node, ok := d.ClauseByNumber(n); ok {
			v.Nodes = append(v.Nodes, node)
		}
	}
	f := s.deskFrame(r, "转办第"+strconv.Itoa(v.Number)+"号意见", desk.ItemReferrals, ui.Crumb{Name: "转办", URL: "/staff/referrals"},
		ui.Crumb{Name: "第" + strconv.Itoa(v.Number) + "号"})
	f.Problems, f.Wrong = problems, len(problems) > 0
	return s.render(w, r, status, desk.Referral(f, v, query(r, "done")))
}

// onReferral carries out one act of a unit: act gets the hand-over and the version that was seen.
func (s *Server) onReferral(w http.ResponseWriter, r *http.Request, done string, typed func() desk.ReferralView,
	act func(id uuid.UUID, version int) error) error {
	id, err := referralID(r)
	if err != nil {
		return err
	}
	if err := form(r); err != nil {
		return err
	}
	version, err := seenVersion(r.PostForm.Get("version"))
	if err != nil {
		return badRequest{http.StatusBadRequest}
	}
	err = act(id, version)
	var invalid *apperr.Invalid
	if errors.As(err, &invalid) {
		return s.renderReferral(w, r, http.StatusUnprocessableEntity, invalid.Problems, typed())
	}
	back := "/staff/referrals/" + id.String()
	if err != nil {
		return s.tooLate(w, r, desk.ItemReferrals, back, err)
	}
	http.Redirect(w, r, back+"?done="+done, http.StatusSeeOther)
	return nil
}

func (s *Server) acceptReferral(w http.ResponseWriter, r *http.Request) error {
	return s.onReferral(w, r, "accept", func() desk.ReferralView { return desk.ReferralView{} }, func(id uuid.UUID, version int) error {
		return s.Referrals.Accept(r.Context(), memberOf(r), id, version)
	})
}

func (s *Server) returnReferral(w http.ResponseWriter, r *http.Request) error {
	typed := func() desk.ReferralView { return desk.ReferralView{Reason: r.PostForm.Get("reason")} }
	return s.onReferral(w, r, "return", typed, func(id uuid.UUID, version int) error {
		return s.Referrals.Return(r.Context(), memberOf(r), id, version, r.PostForm.Get("reason"))
	})
}

func (s *Server) replyReferral(w http.ResponseWriter, r *http.Request) error {
	typed := func() desk.ReferralView {
		return desk.ReferralView{Typed: r.PostForm.Get("opinion"), Suggest: r.PostForm.Get("outcome")}
	}
	return s.onReferral(w, r, "reply", typed, func(id uuid.UUID, version int) error {
		return s.Referrals.Reply(r.Context(), memberOf(r), id, version, r.PostForm.Get("opinion"), referral.Outcome(r.PostForm.Get("outcome")))
	})
}
