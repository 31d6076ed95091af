package httpd

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"wenji/internal/apperr"
	"wenji/internal/captcha"
	"wenji/internal/comment"
	"wenji/internal/consultation"
	"wenji/internal/validate"
	"wenji/internal/vault"
	"wenji/web/public"
	"wenji/web/ui"

	"github.com/go-chi/chi/v5"
	"github.com/google/uuid"
)

// checkWindow is the time over which an address's check pages are counted.
const checkWindow = 10 * time.Minute

// wrongCaptchaMost is how many wrong answers an address may give within checkWindow.
const wrongCaptchaMost = 60

// fieldOrder is the order of the fields on the page, in which problems are listed.
var fieldOrder = []string{"clause", "title", "body", "name", "id_number", "occupation", "phone", "email", "org", "captcha",
	"consent", "consent_id"}

func (s *Server) newComment(w http.ResponseWriter, r *http.Request) error {
	d, err := s.keptDossier(r.Context(), chi.URLParam(r, "id"))
	if err != nil {
		return err
	}
	if d.Phase(s.Now()) != consultation.Open {
		return s.renderClosed(w, r, http.StatusOK, d, public.Answers{})
	}
	var a public.Answers
	for _, c := range r.URL.Query()["clause"] {
		if _, ok := d.ClauseByNumber(number(c)); ok {
			a.Clauses = append(a.Clauses, strconv.Itoa(number(c)))
		}
	}
	id, err := uuid.NewV7()
	if err != nil {
		return err
	}
	return s.renderForm(w, r, http.StatusOK, public.FormView{
		Dossier: d, Answers: a, Captcha: public.Captcha{Token: s.Captcha.Issue(id)},
	})
}

func (s *Server) renderForm(w http.ResponseWriter, r *http.Request, status int, v public.FormView) error {
	v.Occupations = validate.Occupations
	p := s.formPage(r, v.Dossier, "我要提意见")
	p.Wrong = len(v.Problems) > 0
	return s.render(w, r, status, public.Form(p, v))
}

func (s *Server) renderClosed(w http.ResponseWriter, r *http.Request, status int, d *consultation.Dossier, a public.Answers) error {
	return s.render(w, r, status, public.ClosedForm(s.formPage(r, d, "我要提意见"), public.ClosedView{Dossier: d, Answers: a}))
}

// formPage is the frame of the pages of writing; the way back from the display settings is the empty form.
func (s *Server) formPage(r *http.Request, d *consultation.Dossier, name string) ui.Page {
	p := s.under(r, &d.Consultation, name)
	p.Title = name
	p.Meta.Article = nil
	p.Meta.NoIndex = true
	if p.Back == "" {
		p.Back = "/consultations/" + d.ID + "/comments/new"
	}
	return p
}

// answers are the posted fields as typed.
func answers(r *http.Request) public.Answers {
	f := r.PostForm
	return public.Answers{
		Title: f.Get("title"), Body: f.Get("body"), Name: f.Get("name"), IDNumber: f.Get("id_number"),
		Occupation: f.Get("occupation"), Phone: f.Get("phone"), Email: f.Get("email"), Org: f.Get("org"),
		Consent: f.Get("consent") != "", ConsentID: f.Get("consent_id") != "", Clauses: f["clause"],
	}
}

// checkComment answers 200 with the check page, or the form again with what is to be mended. It stores nothing.
func (s *Server) checkComment(w http.ResponseWriter, r *http.Request) error {
	if err := form(r); err != nil {
		return err
	}
	d, err := s.keptDossier(r.Context(), chi.URLParam(r, "id"))
	if err != nil {
		return err
	}
	if sealed := r.PostForm.Get("sealed"); sealed != "" {
		return s.editComment(w, r, d, sealed)
	}
	v := public.FormView{Dossier: d, Answers: answers(r)}
	if d.Phase(s.Now()) != consultation.Open {
		return s.renderClosed(w, r, http.StatusConflict, d, v.Answers)
	}
	formID, passed, err := s.Captcha.FormID(r.PostForm.Get("captcha_token"))
	if err != nil { // no token of ours, or one far too old: the form goes on as a new one
		if formID, err = uuid.NewV7(); err != nil {
			return err
		}
	}
	if err := s.allowCheck(r); err != nil {
		if errors.Is(err, apperr.ErrTooMany) {
			v.Message = validate.TooOften(retryTime(err))
			v.Captcha = s.challenge(formID, passed)
			setRetryAfter(w, retryTime(err))
			return s.renderForm(w, r, http.StatusTooManyRequests, v)
		}
		return err
	}
	clean, invalid := validate.Check(validate.Form(v.Answers), s.rules(d))
	if invalid != nil {
		v.Problems = invalid.Problems
	}
	if !passed {
		var problem *apperr.Problem
		if passed, problem, err = s.answerCaptcha(r); err != nil {
			return err
		}
		if problem != nil {
			v.Problems = append(v.Problems, *problem)
		}
	}
	draft := s.draftOf(d, formID, clean)
	if len(v.Problems) == 0 {
		if v.Message, err = s.repeated(r.Context(), draft); err != nil {
			return err
		}
	}
	if len(v.Problems) > 0 || v.Message != "" {
		slices.SortStableFunc(v.Problems, func(a, b apperr.Problem) int {
			return slices.Index(fieldOrder, a.Field) - slices.Index(fieldOrder, b.Field)
		})
		v.Captcha = s.challenge(formID, passed)
		v.Under14 = validate.Under14(clean.IDNumber, s.Now())
		return s.renderForm(w, r, http.StatusUnprocessableEntity, v)
	}
	return s.renderCheck(w, r, d, draft)
}

// challenge is a fresh challenge for a form instance, or its proof of having passed.
func (s *Server) challenge(formID uuid.UUID, passed bool) public.Captcha {
	if passed {
		return public.Captcha{Token: s.Captcha.Pass(formID), Passed: true}
	}
	return public.Captcha{Token: s.Captcha.Issue(formID)}
}

func (s *Server) rules(d *consultation.Dossier) validate.Rules {
	return validate.Rules{
		IDNumber: string(d.IDNumberRule), Phone: string(d.PhoneRule), Email: string(d.EmailRule),
		Clauses: d.ClauseTotal(), Today: s.Now().In(consultation.Shanghai),
	}
}

// allowCheck counts a check page for the address, on all replicas.
func (s *Server) allowCheck(r *http.Request) error {
	address := s.clientAddress(r)
	if s.CheckLimit > 0 {
		n, reset, err := s.Tries.Count(r.Context(), "check", address, checkWindow)
		if err != nil {
			return err
		}
		if n > s.CheckLimit {
			return &apperr.TooMany{RetryAfter: reset}
		}
	}
	n, reset, err := s.Tries.Peek(r.Context(), "captcha", address)
	if err != nil {
		return err
	}
	if n >= wrongCaptchaMost {
		return &apperr.TooMany{RetryAfter: reset}
	}
	return nil
}

// answerCaptcha checks the posted answer; a failing store is an error, never a wrong answer.
func (s *Server) answerCaptcha(r *http.Request) (passed bool, problem *apperr.Problem, err error) {
	refuse := func(sentence string) (bool, *apperr.Problem, error) {
		return false, &apperr.Problem{Field: "captcha", Message: sentence}, nil
	}
	digits := validate.Code(r.PostForm.Get("captcha"))
	switch {
	case digits == "":
		return refuse(validate.CaptchaEmpty)
	case len(digits) != 6 || strings.Trim(digits, "0123456789") != "":
		return refuse(validate.CaptchaForm)
	}
	result, err := s.Captcha.Answer(r.Context(), r.PostForm.Get("captcha_token"), digits)
	if err != nil {
		return false, nil, err
	}
	switch result {
	case captcha.Passed:
		return true, nil, nil
	case captcha.Wrong:
		if _, _, err := s.Tries.Count(r.Context(), "captcha", s.clientAddress(r), checkWindow); err != nil {
			return false, nil, err
		}
		return refuse(validate.CaptchaWrong)
	case captcha.Used:
		return refuse(validate.CaptchaUsed)
	default:
		return refuse(validate.CaptchaExpired)
	}
}

func (s *Server) draftOf(d *consultation.Dossier, formID uuid.UUID, c validate.Clean) comment.Draft {
	return comment.Draft{
		FormID: formID, ConsultationID: d.ID, CheckedAt: s.Now(),
		Submission: comment.Submission{
			Title: c.Title, Body: c.Body, Name: vault.NewSecret(c.Name), IDNumber: vault.NewSecret(c.IDNumber),
			Occupation: c.Occupation, Phone: vault.NewSecret(c.Phone), Email: vault.NewSecret(c.Email),
			Org: vault.NewSecret(c.Org), Clauses: c.Clauses,
		},
	}
}

func (s *Server) repeated(ctx context.Context, draft comment.Draft) (string, error) {
	at, yes, err := s.Comments.Repeated(ctx, draft)
	if err != nil || !yes {
		return "", err
	}
	return validate.SubmittedBefore(at), nil
}

func (s *Server) renderCheck(w http.ResponseWriter, r *http.Request, d *consultation.Dossier, draft comment.Draft) error {
	words, err := s.Comments.ListedWords(r.Context())
	if err != nil {
		return err
	}
	spans, flags := comment.Scrub(draft.Title, draft.Body, words)
	draft.Flags = flags
	sealed, err := s.Comments.SealDraft(draft)
	if err != nil {
		return err
	}
	return s.render(w, r, http.StatusOK, public.Check(s.formPage(r, d, "核对信息"), public.CheckView{
		Dossier: d, Sealed: sealed, Clauses: draft.Clauses,
		Title: comment.PublicCopy(draft.Title, "title", spans), Body: comment.PublicCopy(draft.Body, "body", spans),
		PublicName: comment.MaskName(draft.Name.Reveal()), Occupation: draft.Occupation,
		Name: draft.Name.Reveal(), MaskedIDNumber: vault.MaskIDNumber(draft.IDNumber),
		Phone: draft.Phone.Reveal(), Email: draft.Email.Reveal(), Org: draft.Org.Reveal(),
		Found: maskedSpans(draft, spans),
	}))
}

// maskedSpans shows what the scrub found, masked, so that the writer recognises it.
func maskedSpans(draft comment.Draft, spans []comment.Span) []string {
	var found []string
	for _, span := range spans {
		text := []rune(draft.Body)
		if span.Field == "title" {
			text = []rune(draft.Title)
		}
		value := vault.NewSecret(string(text[span.Start:span.End]))
		if span.Kind == comment.SpanEmail {
			found = append(found, vault.MaskEmail(value))
		} else {
			found = append(found, vault.MaskPhone(value))
		}
	}
	return found
}

// editComment goes back from the check page to the form, everything kept.
func (s *Server) editComment(w http.ResponseWriter, r *http.Request, d *consultation.Dossier, sealed string) error {
	draft, err := s.Comments.OpenDraft(d.ID, sealed)
	if err != nil && !errors.Is(err, apperr.ErrExpired) {
		return badRequest{http.StatusBadRequest}
	}
	v := public.FormView{
		Dossier: d, Answers: typed(draft), Captcha: s.challenge(draft.FormID, err == nil), Edit: r.PostForm.Get("edit"),
	}
	return s.renderForm(w, r, http.StatusOK, v)
}

// typed turns a draft back into the fields of the form, the consents given.
func typed(d comment.Draft) public.Answers {
	a := public.Answers{
		Title: d.Title, Body: d.Body, Name: d.Name.Reveal(), IDNumber: d.IDNumber.Reveal(), Occupation: d.Occupation,
		Phone: d.Phone.Reveal(), Email: d.Email.Reveal(), Org: d.Org.Reveal(), Consent: true, ConsentID: !d.IDNumber.Empty(),
	}
	for _, c := range d.Clauses {
		a.Clauses = append(a.Clauses, strconv.Itoa(c))
	}
	return a
}

// submitComment stores a confirmed form and sends the citizen to the receipt.
func (s *Server) submitComment(w http.ResponseWriter, r *http.Request) error {
	if err := form(r); err != nil {
		return err
	}
	id := chi.URLParam(r, "id")
	draft, err := s.Comments.OpenDraft(id, r.PostForm.Get("sealed"))
	if errors.Is(err, apperr.ErrExpired) {
		return s.submitExpired(w, r, draft)
	}
	if err != nil {
		return badRequest{http.StatusBadRequest}
	}
	receipt, err := s.Comments.Submit(r.Context(), draft)
	if errors.Is(err, apperr.ErrClosed) {
		d, err := s.keptDossier(r.Context(), id)
		if err != nil {
			return err
		}
		return s.renderClosed(w, r, http.StatusConflict, d, typed(draft))
	}
	if err != nil {
		return unsaved{err, typed(draft)}
	}
	s.Similar.Arrived(id, s.clientAddress(r))
	return s.toReceipt(w, r, receipt)
}

// submitExpired answers a check page confirmed too late: with the receipt when the form had been stored before, else
// with the form, everything kept.
func (s *Server) submitExpired(w http.ResponseWriter, r *http.Request, draft comment.Draft) error {
	receipt, err := s.Comments.Stored(r.Context(), draft.ConsultationID, draft.FormID)
	if err == nil {
		return s.toReceipt(w, r, receipt)
	}
	if !errors.Is(err, apperr.ErrNotFound) {
		return err
	}
	d, err := s.keptDossier(r.Context(), draft.ConsultationID)
	if err != nil {
		return err
	}
	if d.Phase(s.Now()) != consultation.Open {
		return s.renderClosed(w, r, http.StatusConflict, d, typed(draft))
	}
	return s.renderForm(w, r, http.StatusUnprocessableEntity, public.FormView{
		Dossier: d, Answers: typed(draft), Captcha: s.challenge(draft.FormID, false), Message: validate.SealExpired,
	})
}
