package httpd

import (
	"errors"
	"net/http"
	"slices"
	"strconv"

	"wenji/internal/apperr"
	"wenji/internal/comment"
	"wenji/internal/moderation"
	"wenji/internal/validate"
	"wenji/web/desk"

	"github.com/go-chi/chi/v5"
	"github.com/google/uuid"
)

// commentID reads the id of the address.
func commentID(r *http.Request) (uuid.UUID, error) {
	id, err := uuid.Parse(chi.URLParam(r, "id"))
	if err != nil {
		return uuid.Nil, apperr.ErrNotFound
	}
	return id, nil
}

func (s *Server) staffComment(w http.ResponseWriter, r *http.Request) error {
	id, err := commentID(r)
	if err != nil {
		return err
	}
	return s.renderComment(w, r, http.StatusOK, id, desk.CommentForm{}, nil, nil)
}

// renderComment shows a comment's page: plain, with a form to be mended, or with personal data just revealed.
func (s *Server) renderComment(w http.ResponseWriter, r *http.Request, status int, id uuid.UUID, form desk.CommentForm,
	problems []apperr.Problem, decorate func(*desk.CommentView)) error {
	detail, err := s.Moderation.Comment(r.Context(), memberOf(r), id)
	if err != nil {
		return err
	}
	f := s.deskFrame(r, "第"+strconv.Itoa(detail.Number)+"号意见", desk.ItemQueue, commentCrumbs(detail.Item)...)
	f.Problems, f.Wrong = problems, len(problems) > 0
	if f.Done, err = s.doneOf(r, f); err != nil {
		return err
	}
	v, err := s.commentView(r, detail, form)
	if err != nil {
		return err
	}
	if decorate != nil {
		decorate(&v)
	}
	return s.render(w, r, status, desk.Comment(f, v))
}

func (s *Server) commentView(r *http.Request, d moderation.Detail, form desk.CommentForm) (desk.CommentView, error) {
	dossier, err := s.keptDossier(r.Context(), d.ConsultationID)
	if err != nil {
		return desk.CommentView{}, err
	}
	suggested, err := s.suggested(r, d.Item)
	if err != nil {
		return desk.CommentView{}, err
	}
	v := desk.CommentView{
		Comment: d.Item, Consultation: dossier.Consultation, Suggested: suggested, SameSender: d.SameSender,
		Timeline: timeline(d), Notes: remarks(d.Notes), Form: form,
		PublicTitle: comment.PublicCopy(d.Title, "title", suggested), PublicBody: comment.PublicCopy(d.Body, "body", suggested),
	}
	if d.State == comment.Published {
		v.Suggested, v.PublicTitle, v.PublicBody = d.Redactions, d.PublicTitle, d.PublicBody
	}
	v.Changed = v.PublicTitle != d.Title || v.PublicBody != d.Body
	if v.Clauses, v.Version, err = s.wordsOf(r, dossier, d.Item); err != nil {
		return desk.CommentView{}, err
	}
	if v.Form.Act != desk.ActRedact {
		v.Form.MarkedTitle = withMarks(d.Title, "title", suggested)
		v.Form.MarkedBody = withMarks(d.Body, "body", suggested)
	}
	marks, err := s.Similar.Marks(r.Context(), memberOf(r), []uuid.UUID{d.ID})
	if err != nil {
		return desk.CommentView{}, err
	}
	if mark, ok := marks[d.ID]; ok {
		v.Similar = &mark
	}
	if v.Origin, err = s.Intake.Origin(r.Context(), memberOf(r), d.ID); err != nil {
		return desk.CommentView{}, err
	}
	if v.Origin != nil {
		v.Timeline[0].Day = true
		v.Timeline = slices.Insert(v.Timeline, 1, desk.Event{At: v.Origin.At, Who: v.Origin.By, What: "录入"})
	}
	if v.File, err = s.Referrals.File(r.Context(), memberOf(r), d.ID); err != nil {
		return desk.CommentView{}, err
	}
	v.Timeline = append(v.Timeline, desk.ReferralEvents(v.File)...)
	slices.SortStableFunc(v.Timeline, func(a, b desk.Event) int { return a.At.Compare(b.At) })
	v.NextURL, err = s.nextWaiting(r, d.Item)
	return v, err
}

// suggested are the spans that the scrub would hide.
func (s *Server) suggested(r *http.Request, c comment.Item) ([]comment.Span, error) {
	words, err := s.Comments.ListedWords(r.Context())
	if err != nil {
		return nil, err
	}
	spans, _ := comment.Scrub(c.Title, c.Body, words)
	return spans, nil
}

// nextWaiting is the page of the comment that waits behind this one, "" when none does. It claims nothing.
func (s *Server) nextWaiting(r *http.Request, c comment.Item) (string, error) {
	if c.State != comment.Received {
		return "", nil
	}
	items, _, err := s.Moderation.Queue(r.Context(), memberOf(r), moderation.Filter{
		ConsultationID: c.ConsultationID, After: moderation.Cursor{At: c.ReceivedAt, ID: c.ID, Number: c.Number}, Limit: 1,
	})
	if err != nil || len(items) == 0 {
		return "", err
	}
	return "/staff/comments/" + items[0].ID.String(), nil
}

// timeline is what happened to a comment, oldest first. A publication by rule happens as the comment comes in and is
// known by the state it led to.
func timeline(d moderation.Detail) []desk.Event {
	events := []desk.Event{{At: d.ReceivedAt, What: "收到"}}
	byRule := len(d.Decisions) == 0 && d.State == comment.Published ||
		len(d.Decisions) > 0 && d.Decisions[0].FromState == comment.Published
	if byRule {
		events = append(events, desk.Event{At: d.ReceivedAt, What: validate.ActionText("rule")})
	}
	for _, p := range d.Decisions {
		events = append(events, desk.Event{
			At: p.At, Who: p.By, What: validate.ActionText(p.Action), Reason: validate.ReasonText(p.Reason), Note: p.Note,
		})
	}
	return events
}

func remarks(list []moderation.Remark) []desk.Note {
	notes := make([]desk.Note, len(list))
	for i, n := range list {
		notes[i] = desk.Note{At: n.At, Who: n.By, Text: n.Text}
	}
	return notes
}

// reveal shows a commenter's personal data on this one page, once the reason is in the record.
func (s *Server) reveal(w http.ResponseWriter, r *http.Request) error {
	id, err := commentID(r)
	if err != nil {
		return err
	}
	if err := form(r); err != nil {
		return err
	}
	typed := desk.CommentForm{Act: desk.ActReveal, Purpose: r.PostForm.Get("reason")}
	personal, err := s.Moderation.Reveal(r.Context(), memberOf(r), id, typed.Purpose)
	var invalid *apperr.Invalid
	if errors.As(err, &invalid) {
		return s.renderComment(w, r, http.StatusUnprocessableEntity, id, typed, invalid.Problems, nil)
	}
	if errors.Is(err, apperr.ErrNotFound) { // the comment is there, or its page is not: then renderComment says so
		return s.renderComment(w, r, http.StatusConflict, id, typed, problemsOf("reason", validate.PersonalErased), nil)
	}
	if err != nil {
		return err
	}
	return s.renderComment(w, r, http.StatusOK, id, desk.CommentForm{}, nil, func(v *desk.CommentView) { v.Personal = &personal })
}

func (s *Server) note(w http.ResponseWriter, r *http.Request) error {
	id, err := commentID(r)
	if err != nil {
		return err
	}
	if err := form(r); err != nil {
		return err
	}
	typed := desk.CommentForm{Act: desk.ActNote, Remark: r.PostForm.Get("note")}
	err = s.Moderation.Note(r.Context(), memberOf(r), id, typed.Remark)
	var invalid *apperr.Invalid
	if errors.As(err, &invalid) {
		return s.renderComment(w, r, http.StatusUnprocessableEntity, id, typed, invalid.Problems, nil)
	}
	if err != nil {
		return err
	}
	http.Redirect(w, r, "/staff/comments/"+id.String()+"#notes", http.StatusSeeOther)
	return nil
}
