// Package public holds the pages for citizens, as templ components over typed views.
package public

import (
	"time"

	"wenji/internal/apperr"
	"wenji/internal/comment"
	"wenji/internal/consultation"
	"wenji/internal/referral"
	"wenji/internal/validate"
)

// HomeView is the column home (GET /).
type HomeView struct {
	Open    []consultation.Consultation // taking comments now, nearest deadline first
	Results []consultation.Consultation // latest concluded ones, at most three
}

// ListQuery is what the address of the list asks for.
type ListQuery struct {
	State consultation.Phase // "" for all; else Open, Closed or Concluded
	Kind  consultation.Kind  // "" for all
	Unit  string
	Q     string
	Page  int // from 1; 0 means 1
}

// ListView is the list of all consultations (GET /consultations).
type ListView struct {
	Query  ListQuery
	Items  []consultation.Consultation // of this page
	Total  int                         // over all pages
	Pages  int                         // at least 1
	Counts map[consultation.Phase]int  // over everything, not narrowed by the filter
	Units  []string                    // drafting units to choose from
}

// NoticeView is the notice (GET /consultations/{id}).
type NoticeView struct {
	Dossier *consultation.Dossier
}

// CorrectionsView is the page of earlier wordings (GET /consultations/{id}/corrections).
type CorrectionsView struct {
	Dossier *consultation.Dossier
}

// DraftView is the draft (GET /consultations/{id}/draft).
type DraftView struct {
	Dossier      *consultation.Dossier
	WithComments bool   // ?with=comments: only clauses with published comments
	Unit         string // ?unit=: only clauses of this responsible unit
}

// ClauseView is one clause with its published comments (GET /consultations/{id}/clauses/{n}).
type ClauseView struct {
	Dossier  *consultation.Dossier
	Number   int
	Comments []comment.Public // newest first, the first ones only
	Total    int              // published comments on this clause
}

// InterpretationView is the interpretation (GET /consultations/{id}/interpretation).
type InterpretationView struct {
	Dossier *consultation.Dossier
}

// PrintView is all three texts for paper (GET /consultations/{id}/print).
type PrintView struct {
	Dossier *consultation.Dossier
	Address string // absolute address of the notice, printed at the end
}

// Answers are the fields of the comment form as typed.
type Answers = validate.Form

// Captcha is the challenge shown in a form.
type Captcha struct {
	Token  string // hidden field captcha_token; also names the picture and the sound
	Passed bool   // this form instance has passed: no picture is shown, only a sentence
}

// FormView is the comment form (GET …/comments/new, and 422 or 429 of POST …/comments/check).
//
// Submit buttons in the form other than the main one:
//   - 换一张 posts the whole form to /captcha: answer the form with everything kept and a new challenge.
//   - 长辈版/标准版 posts the whole form to /captcha with size=elder or size=standard as well: set the cookie “v”, then
//     the same. A passed challenge (passed token) stays passed.
//
// The form carries the hidden fields captcha_token and consultation (the id, for /captcha).
type FormView struct {
	Dossier     *consultation.Dossier
	Answers     Answers
	Occupations []string
	Problems    []apperr.Problem // in form order; Field is the name of the field
	Captcha     Captcha
	Message     string // a sentence about the whole form: expired, too often, sent before; "" for none
	Under14     bool   // the ID number is a child's: show the guardian's path
	Edit        string // name of the field to open the form at, from a 修改 button of the check page
}

// CheckView is the check page (200 of POST …/comments/check). Edit buttons post `sealed` and `edit` (name of a field)
// to …/comments/check; the main button posts `sealed` to …/comments.
type CheckView struct {
	Dossier *consultation.Dossier
	Sealed  string

	Title      string // as the public will see it: what the scrub found is hidden
	Body       string
	Clauses    []int
	PublicName string // 张**
	Occupation string

	Name           string
	MaskedIDNumber string
	Phone          string
	Email          string
	Org            string

	Found []string // doubtful places that will be hidden, already masked: 138****0000
}

// ClosedView is shown instead of the form when comments are not taken (GET …/comments/new after closing or before the
// beginning, 409 of a submit that came too late).
type ClosedView struct {
	Dossier *consultation.Dossier
	Answers Answers // what was typed, to be copied; empty on GET
}

// ReceiptView is the receipt (GET /receipt).
type ReceiptView struct {
	Consultation consultation.Consultation
	Code         string // 查询码, twelve digits
	Number       int    // 第n号
	Published    bool   // has passed the queue by rule and can be read already
}

// ReceiptGoneView is the receipt page without or with an old cookie (404 of GET /receipt).
type ReceiptGoneView struct{}

// StatusView is the look-up form (GET /status, 422 and 429 of POST /status).
type StatusView struct {
	Code     string // as typed, kept
	Problems []apperr.Problem
	Message  string // 没有查到…, 查询次数过多…
}

// StatusResultView is the result of a look-up (GET /status/result).
type StatusResultView struct {
	Consultation consultation.Consultation
	Number       int
	State        comment.State
	ReceivedAt   time.Time
	DecidedAt    *time.Time
	ByRule       bool   // published by rule (即时展示), read by nobody
	Reason       string // in words, why it is not shown; "" otherwise
	Progress     referral.Progress
	Own          OwnData
}

// CommentsQuery is what the address of the list of comments asks for. Paging is by number: After and Before are the
// number of the comment at the edge of the neighbouring page, in the order shown.
type CommentsQuery struct {
	Clause int // 0 for all
	Q      string
	Reply  bool // ?reply=1: only those with an official answer
	Oldest bool // ?sort=oldest; newest first otherwise
	After  int  // ?after=: what comes after this number in the order shown
	Before int  // ?before=: what comes before it
}

// CommentsView is the list of published comments (GET /consultations/{id}/comments).
type CommentsView struct {
	Dossier  *consultation.Dossier
	Query    CommentsQuery
	Items    []comment.Public
	Answered int            // of all published ones
	Total    int            // matching Query without paging
	Previous *CommentsQuery // nil on the first page
	Next     *CommentsQuery // nil on the last page
	Words    []string       // what is looked for, to be marked
	Short    bool           // nothing to look for: fewer than two characters together
}

// CommentView is one published comment (GET /consultations/{id}/comments/{no}).
type CommentView struct {
	Dossier *consultation.Dossier
	Comment comment.Public
}

// DisplayView is the display settings (GET /display, 200 after POST). POST /display has the fields size, theme and
// back; the button in the frame posts size and back alone and means “keep the theme”.
type DisplayView struct {
	Saved bool
	Back  string // address to return to, checked to be a path of this site; "" for none
}

// GuideView is the guide (GET /guide).
type GuideView struct{}

// PrivacyView is the privacy notice (GET /privacy).
type PrivacyView struct{}

// AccessibilityView is the accessibility statement (GET /accessibility).
type AccessibilityView struct{}

// ContactView is the contact page (GET /contact).
type ContactView struct{}

// SiteMapView is the site map (GET /sitemap).
type SiteMapView struct {
	Open []consultation.Consultation
}

// ErrorView is a page for a failed request. Nothing in it needs the database.
type ErrorView struct {
	Status     int    // 403, 404, 405, 409, 413, 415, 429, 500 or 503; others read as 500
	Submitting bool   // a comment was being sent: the page says 您的意见没有保存 and gives the road by e-mail
	Unsure     bool   // of Submitting: the comment may have been stored all the same, and the page says that
	Reference  string // number of the request, for 500 and 503
	RetryAfter time.Duration
	Message    string   // one more sentence, such as who decided first; "" for none
	ReturnURL  string   // a path of this site to go back to; "" for none
	Answers    *Answers // what was typed, where it is still at hand, to be copied
}
