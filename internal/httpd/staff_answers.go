package httpd

import (
	"errors"
	"net/http"
	"slices"
	"strconv"
	"strings"

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

// askDispose shows the form with the last version of the answer, or with a template.
func (s *Server) askDispose(w http.ResponseWriter, r *http.Request) error {
	detail, err := s.onComment(r)
	if err != nil {
		return err
	}
	file, err := s.Referrals.File(r.Context(), memberOf(r), detail.ID)
	if err != nil {
		return err
	}
	last := file.Latest()
	v := desk.DisposeView{
		Version: last.Version, Outcome: string(last.Outcome), Reason: last.Reason, Answer: last.Answer, Template: query(r, "template"),
	}
	if v.Outcome == "" && detail.State == comment.Declined {
		v.Outcome = string(referral.Outside)
	}
	return s.renderDispose(w, r, http.StatusOK, nil, detail, v)
}

func (s *Server) renderDispose(w http.ResponseWriter, r *http.Request, status int, problems []apperr.Problem, detail moderation.Detail,
	v desk.DisposeView) error {
	var err error
	if !detail.State.Decided() {
		return s.tooLate(w, r, desk.ItemAnswers, "/staff/comments/"+detail.ID.String(), &apperr.Conflict{Action: referral.ActUndecided})
	}
	if v.File, err = s.Referrals.File(r.Context(), memberOf(r), detail.ID); err != nil {
		return err
	}
	if v.Templates, err = s.Referrals.Templates(r.Context(), memberOf(r)); err != nil {
		return err
	}
	for _, t := range v.Templates {
		if t.ID.String() == v.Template {
			v.Answer = t.Body
		}
	}
	if v.Unit, err = s.Referrals.AnsweringUnit(r.Context(), detail.ID); err != nil {
		return err
	}
	v.Comment = detail.Item
	f := s.deskFrame(r, "答复", desk.ItemAnswers, underComment(detail.Item, "答复")...)
	f.Problems, f.Wrong = problems, len(problems) > 0
	return s.render(w, r, status, desk.Dispose(f, v))
}

func (s *Server) dispose(w http.ResponseWriter, r *http.Request) error {
	if err := form(r); err != nil {
		return err
	}
	detail, err := s.onComment(r)
	if err != nil {
		return err
	}
	version, err := seenVersion(r.PostForm.Get("version"))
	if err != nil {
		return badRequest{http.StatusBadRequest}
	}
	v := desk.DisposeView{
		Version: version, Outcome: r.PostForm.Get("outcome"), Reason: r.PostForm.Get("reason"), Answer: r.PostForm.Get("answer"),
	}
	act := r.PostForm.Get("act")
	if act == "preview" {
		v.Preview = true
		return s.renderDispose(w, r, http.StatusOK, nil, detail, v)
	}
	err = s.Referrals.Dispose(r.Context(), memberOf(r), []uuid.UUID{detail.ID}, referral.Draft{
		Outcome: referral.Outcome(v.Outcome), Reason: v.Reason, Answer: v.Answer, Save: act == "save", Versions: []int{version},
	})
	var invalid *apperr.Invalid
	if errors.As(err, &invalid) {
		return s.renderDispose(w, r, http.StatusUnprocessableEntity, invalid.Problems, detail, v)
	}
	back := "/staff/comments/" + detail.ID.String()
	if err != nil {
		return s.tooLate(w, r, desk.ItemAnswers, back, err)
	}
	http.Redirect(w, r, back+"#handling", http.StatusSeeOther)
	return nil
}

// answers lists answers; who approves sees first what waits for approval, who drafts what waits for an answer.
func (s *Server) answers(w http.ResponseWriter, r *http.Request) error {
	f := s.deskFrame(r, "答复", desk.ItemAnswers)
	v := desk.AnswersView{Tab: referral.Tab(query(r, "tab")), Consultation: query(r, "consultation"), Done: query(r, "done")}
	known := []referral.Tab{referral.TabOpen, referral.TabSubmitted, referral.TabReturned, referral.TabApproved}
	if !slices.Contains(known, v.Tab) {
		v.Tab = referral.TabOpen
		if f.Member.Can(staff.ApproveAnswers) {
			v.Tab = referral.TabSubmitted
		}
	}
	if left := query(r, "left"); left != "" {
		v.Left = validate.AnswersLeft(number(left))
	}
	after, _ := uuid.Parse(query(r, "after")) // anything else is the beginning
	rows, more, err := s.Referrals.Answers(r.Context(), f.Member, v.Tab, v.Consultation, after)
	if err != nil {
		return err
	}
	v.Rows = rows
	if more {
		v.Next = rows[len(rows)-1].CommentID.String()
	}
	if v.Consultations, err = s.allConsultations(r); err != nil {
		return err
	}
	return s.render(w, r, http.StatusOK, desk.Answers(f, v))
}

func (s *Server) answer(w http.ResponseWriter, r *http.Request) error {
	return s.renderAnswer(w, r, http.StatusOK, nil, "")
}

func (s *Server) renderAnswer(w http.ResponseWriter, r *http.Request, status int, problems []apperr.Problem, words string) error {
	detail, err := s.onComment(r)
	if err != nil {
		return err
	}
	v := desk.AnswerView{Comment: detail.Item, Words: words}
	if v.File, err = s.Referrals.File(r.Context(), memberOf(r), detail.ID); err != nil {
		return err
	}
	last := v.File.Latest()
	if last.Version == 0 {
		return apperr.ErrNotFound
	}
	f := s.deskFrame(r, "审批答复", desk.ItemAnswers, ui.Crumb{Name: "答复", URL: "/staff/answers"},
		ui.Crumb{Name: "第" + strconv.Itoa(detail.Number) + "号"})
	f.Problems, f.Wrong = problems, len(problems) > 0
	v.Own = last.DraftedByID != nil && *last.DraftedByID == f.Member.ID
	return s.render(w, r, status, desk.AnswerPage(f, v))
}

func (s *Server) approveAnswer(w http.ResponseWriter, r *http.Request) error {
	id, version, err := decisionForm(r)
	if err != nil {
		return err
	}
	if _, err := s.Referrals.Approve(r.Context(), memberOf(r), []uuid.UUID{id}, []int{version}); err != nil {
		return s.tooLate(w, r, desk.ItemAnswers, "/staff/comments/"+id.String(), err)
	}
	s.changedHere() // here at once; elsewhere on notice
	http.Redirect(w, r, desk.AnswersAddress(referral.TabSubmitted, "", "")+"&done=approve", http.StatusSeeOther)
	return nil
}

// approveSeveral approves the chosen answers in the versions the page showed.
func (s *Server) approveSeveral(w http.ResponseWriter, r *http.Request) error {
	if err := form(r); err != nil {
		return err
	}
	var ids []uuid.UUID
	var versions []int
	for _, key := range r.PostForm["id"] {
		text, version, _ := strings.Cut(key, ".")
		id, err := uuid.Parse(text)
		n, err2 := seenVersion(version)
		if err != nil || err2 != nil {
			return badRequest{http.StatusBadRequest}
		}
		ids, versions = append(ids, id), append(versions, n)
	}
	address := desk.AnswersAddress(referral.TabSubmitted, "", "")
	done, err := s.Referrals.Approve(r.Context(), memberOf(r), ids, versions)
	var left *referral.Unfinished
	var invalid *apperr.Invalid
	switch {
	case errors.As(err, &left):
		address += "&left=" + strconv.Itoa(left.Moved+left.Own)
	case errors.As(err, &invalid): // nothing chosen
		http.Redirect(w, r, address, http.StatusSeeOther)
		return nil
	case err != nil:
		return s.tooLate(w, r, desk.ItemAnswers, address, err)
	}
	if done > 0 {
		s.changedHere()
		address += "&done=approve"
	}
	http.Redirect(w, r, address, http.StatusSeeOther)
	return nil
}

func (s *Server) sendBackAnswer(w http.ResponseWriter, r *http.Request) error {
	id, version, err := decisionForm(r)
	if err != nil {
		return err
	}
	words := r.PostForm.Get("words")
	err = s.Referrals.SendBack(r.Context(), memberOf(r), id, version, words)
	var invalid *apperr.Invalid
	if errors.As(err, &invalid) {
		return s.renderAnswer(w, r, http.StatusUnprocessableEntity, invalid.Problems, words)
	}
	if err != nil {
		return s.tooLate(w, r, desk.ItemAnswers, "/staff/comments/"+id.String(), err)
	}
	http.Redirect(w, r, desk.AnswersAddress(referral.TabSubmitted, "", "")+"&done=send_back", http.StatusSeeOther)
	return nil
}

// templates lists the wordings; at the address of one, its form is filled with it.
func (s *Server) templates(w http.ResponseWriter, r *http.Request) error {
	return s.renderTemplates(w, r, http.StatusOK, nil, nil)
}

func (s *Server) renderTemplates(w http.ResponseWriter, r *http.Request, status int, problems []apperr.Problem, typed *referral.Template) error {
	f := s.deskFrame(r, "答复模板", desk.ItemAnswers, ui.Crumb{Name: "答复", URL: "/staff/answers"}, ui.Crumb{Name: "答复模板"})
	f.Problems, f.Wrong = problems, len(problems) > 0
	rows, err := s.Referrals.Templates(r.Context(), f.Member)
	if err != nil {
		return err
	}
	v := desk.TemplatesView{Rows: rows, Done: query(r, "done")}
	if wanted := chi.URLParam(r, "tid"); typed != nil {
		v.Edit = *typed
	} else if wanted != "" {
		i := slices.IndexFunc(rows, func(t referral.Template) bool { return strings.EqualFold(t.ID.String(), wanted) })
		if i < 0 {
			return apperr.ErrNotFound
		}
		v.Edit = rows[i]
	}
	return s.render(w, r, status, desk.Templates(f, v))
}

func (s *Server) putTemplate(w http.ResponseWriter, r *http.Request) error {
	if err := form(r); err != nil {
		return err
	}
	t := referral.Template{Name: r.PostForm.Get("name"), Body: r.PostForm.Get("body"), Version: number(r.PostForm.Get("version"))}
	if wanted := chi.URLParam(r, "tid"); wanted != "" {
		id, err := uuid.Parse(wanted)
		if err != nil {
			return apperr.ErrNotFound
		}
		t.ID = id
	}
	err := s.Referrals.PutTemplate(r.Context(), memberOf(r), t)
	var invalid *apperr.Invalid
	if errors.As(err, &invalid) {
		return s.renderTemplates(w, r, http.StatusUnprocessableEntity, invalid.Problems, &t)
	}
	if err != nil {
		return s.tooLate(w, r, desk.ItemAnswers, "/staff/templates", err)
	}
	http.Redirect(w, r, "/staff/templates?done=template", http.StatusSeeOther)
	return nil
}
