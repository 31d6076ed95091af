package httpd

import (
	"errors"
	"net/http"
	"net/url"
	"slices"

	"wenji/internal/apperr"
	"wenji/internal/comment"
	"wenji/internal/moderation"
	"wenji/web/desk"

	"github.com/google/uuid"
)

// decisionForm reads what every decision's form has: the comment of the address and the version that was seen.
func decisionForm(r *http.Request) (id uuid.UUID, version int, err error) {
	if id, err = commentID(r); err != nil {
		return id, 0, err
	}
	if err := form(r); err != nil {
		return id, 0, err
	}
	if version, err = seenVersion(r.PostForm.Get("version")); err != nil {
		return id, 0, badRequest{http.StatusBadRequest}
	}
	return id, version, nil
}

// publish passes a comment. From the preview come the spans to hide, which may be none; the plain button passes the
// copy its page shows, in which what the scrub finds is hidden.
func (s *Server) publish(w http.ResponseWriter, r *http.Request) error {
	id, version, err := decisionForm(r)
	if err != nil {
		return err
	}
	detail, err := s.Moderation.Comment(r.Context(), memberOf(r), id)
	if err != nil {
		return err
	}
	var spans []comment.Span
	if r.PostForm.Get("reviewed") != "" {
		var ok bool
		if spans, ok = postedSpans(r.PostForm["span"], r.PostForm["kind"]); !ok {
			return badRequest{http.StatusBadRequest}
		}
	} else if spans, err = s.suggested(r, detail.Item); err != nil {
		return err
	}
	return s.decide(w, r, moderation.Decision{CommentID: id, Version: version, Action: moderation.Publish, Spans: spans},
		desk.CommentForm{})
}

func (s *Server) withhold(w http.ResponseWriter, r *http.Request) error {
	return s.refuse(w, r, moderation.Withhold, desk.ActWithhold)
}

func (s *Server) decline(w http.ResponseWriter, r *http.Request) error {
	return s.refuse(w, r, moderation.Decline, desk.ActDecline)
}

func (s *Server) refuse(w http.ResponseWriter, r *http.Request, action, act string) error {
	id, version, err := decisionForm(r)
	if err != nil {
		return err
	}
	typed := desk.CommentForm{Act: act, Reason: r.PostForm.Get("reason"), Note: r.PostForm.Get("note")}
	return s.decide(w, r, moderation.Decision{
		CommentID: id, Version: version, Action: action, Reason: typed.Reason, Note: typed.Note,
	}, typed)
}

// decide hands a decision to the domain and goes on to the next waiting comment.
func (s *Server) decide(w http.ResponseWriter, r *http.Request, d moderation.Decision, typed desk.CommentForm) error {
	err := s.Moderation.Decide(r.Context(), memberOf(r), d)
	var invalid *apperr.Invalid
	switch {
	case errors.As(err, &invalid) && typed.Act != "":
		return s.renderComment(w, r, http.StatusUnprocessableEntity, d.CommentID, typed, invalid.Problems, nil)
	case err != nil:
		return s.conflict(w, r, d.CommentID, err)
	}
	s.changedHere() // here at once, so that a member who looks at the public page sees the act; elsewhere on notice
	return s.goOn(w, r, d.CommentID)
}

// goOn claims the next waiting comment, of the same consultation where one waits there, and goes to it; to the queue
// when nothing can be claimed. Either page tells of the decision and offers to undo it.
func (s *Server) goOn(w http.ResponseWriter, r *http.Request, done uuid.UUID) error {
	address := "/staff/queue"
	same := readQueue(r.PostForm).Consultation
	for _, consultationID := range slices.Compact([]string{same, ""}) {
		next, err := s.Moderation.Claim(r.Context(), memberOf(r), consultationID)
		if errors.Is(err, apperr.ErrNotFound) {
			continue
		}
		if err != nil {
			return err
		}
		address = "/staff/comments/" + next.String()
		break
	}
	http.Redirect(w, r, address+"?done="+url.QueryEscape(done.String()), http.StatusSeeOther)
	return nil
}

// conflict shows who was faster; any other error goes on.
func (s *Server) conflict(w http.ResponseWriter, r *http.Request, id uuid.UUID, err error) error {
	var c *apperr.Conflict
	if !errors.As(err, &c) {
		return err
	}
	return s.render(w, r, http.StatusConflict, desk.Conflict(s.deskFrame(r, "您的操作未执行", desk.ItemQueue), desk.ConflictView{
		ID: id, By: c.By, Action: c.Action, At: c.At,
	}))
}

// undo takes a decision back and shows the comment, which waits again.
func (s *Server) undo(w http.ResponseWriter, r *http.Request) error {
	id, version, err := decisionForm(r)
	if err != nil {
		return err
	}
	if err := s.Moderation.Undo(r.Context(), memberOf(r), id, version); err != nil {
		return s.conflict(w, r, id, err)
	}
	s.changedHere()
	address := "/staff/comments/" + id.String()
	http.Redirect(w, r, address+"?done="+id.String(), http.StatusSeeOther)
	return nil
}

// previewRedaction shows what the public will see once the marked words are hidden. It stores nothing.
func (s *Server) previewRedaction(w http.ResponseWriter, r *http.Request) error {
	id, version, err := decisionForm(r)
	if err != nil {
		return err
	}
	detail, err := s.Moderation.Comment(r.Context(), memberOf(r), id)
	if err != nil {
		return err
	}
	typed := desk.CommentForm{Act: desk.ActRedact, MarkedTitle: r.PostForm.Get("title"), MarkedBody: r.PostForm.Get("body")}
	if r.PostForm.Get("edit") != "" {
		return s.renderComment(w, r, http.StatusOK, id, typed, nil, nil)
	}
	if detail.State != comment.Received || detail.Version != version {
		return s.conflict(w, r, id, lastAct(detail))
	}
	title, titleProblem := readMarks(typed.MarkedTitle, detail.Title, "title")
	body, bodyProblem := readMarks(typed.MarkedBody, detail.Body, "body")
	if problems := problemsOf("title", titleProblem, "body", bodyProblem); len(problems) > 0 {
		return s.renderComment(w, r, http.StatusUnprocessableEntity, id, typed, problems, nil)
	}
	suggested, err := s.suggested(r, detail.Item)
	if err != nil {
		return err
	}
	chosen, _ := postedSpans(r.PostForm["span"], r.PostForm["kind"])
	spans := withKinds(append(title, body...), chosenKinds(chosen), suggested)
	f := s.deskFrame(r, "公开文字预览", desk.ItemQueue, commentCrumbs(detail.Item)...)
	return s.render(w, r, http.StatusOK, desk.Preview(f, preview(detail.Item, typed, spans)))
}

func preview(c comment.Item, typed desk.CommentForm, spans []comment.Span) desk.PreviewView {
	v := desk.PreviewView{
		Comment: c, MarkedTitle: typed.MarkedTitle, MarkedBody: typed.MarkedBody,
		PublicTitle: comment.PublicCopy(c.Title, "title", spans), PublicBody: comment.PublicCopy(c.Body, "body", spans),
	}
	letters := map[string][]rune{"title": []rune(c.Title), "body": []rune(c.Body)}
	for _, span := range spans {
		v.Spans = append(v.Spans, desk.PreviewSpan{Span: span, Text: string(letters[span.Field][span.Start:span.End])})
	}
	return v
}

// problemsOf makes problems of pairs of field and sentence, leaving out empty sentences.
func problemsOf(pairs ...string) []apperr.Problem {
	var list []apperr.Problem
	for i := 0; i+1 < len(pairs); i += 2 {
		if pairs[i+1] != "" {
			list = append(list, apperr.Problem{Field: pairs[i], Message: pairs[i+1]})
		}
	}
	return list
}

// lastAct is the conflict of a comment that is no longer as the member saw it.
func lastAct(d moderation.Detail) *apperr.Conflict {
	if n := len(d.Decisions); n > 0 {
		return &apperr.Conflict{By: d.Decisions[n-1].By, Action: d.Decisions[n-1].Action, At: d.Decisions[n-1].At}
	}
	return &apperr.Conflict{Action: "rule", At: d.ReceivedAt}
}
