// Package desk holds the pages for the people of the office, as templ components over typed views.
package desk

import (
	"net/url"
	"strconv"
	"time"

	"wenji/internal/apperr"
	"wenji/internal/clause"
	"wenji/internal/comment"
	"wenji/internal/consultation"
	"wenji/internal/intake"
	"wenji/internal/referral"
	"wenji/internal/similar"
	"wenji/internal/staff"
	"wenji/internal/vault"
	"wenji/web/ui"

	"github.com/google/uuid"
)

// Frame is what every page of the desk needs round its content.
type Frame struct {
	ui.Page
	Item     string // current item of the rail: one of the Item constants
	Member   staff.Member
	Waiting  int   // comments that wait, for the rail; negative where not counted
	Done     *Done // the act that led here
	Problems []apperr.Problem
}

// Items of the rail, for Frame.Item.
const (
	ItemHome          = "home"
	ItemQueue         = "queue"
	ItemGroups        = "groups"
	ItemIntake        = "intake"
	ItemReferrals     = "referrals"
	ItemAnswers       = "answers"
	ItemConsultations = "consultations"
	ItemExports       = "exports"
	ItemRequests      = "requests"
	ItemRetention     = "retention"
	ItemAccount       = "account"
	ItemAudit         = "audit"
	ItemPeople        = "people"
	ItemSettings      = "settings"
)

// Done tells of the act that led to a page, and offers to undo it.
type Done struct {
	Comment comment.Item // as it stands now; its state says what was done
	Many    bool         // instead: several were published together
	Bulk    int          // with Many: so many were published
	Taken   int          // with Many: so many were someone else's by then
	Held    int          // with Many: so many hold what looks like personal data
}

// LoginView is the sign-in page.
type LoginView struct {
	Username string // as typed; the password and the code are never shown again
	Next     string // local address to go to afterwards, "" for the desk
	Message  string // why the sign-in was refused; one sentence whatever was wrong
	Ended    bool   // a form was posted after the session had ended, and was not carried out
	Provider bool   // sign-on by a provider of identities is offered too
}

// ProvenView is the last step of a sign-on by a provider of identities.
type ProvenView struct {
	Username string
	Factor   bool // the provider did not check a second factor: ask for a code
	Message  string
}

// QueueQuery is what the address of the queue asks for.
type QueueQuery struct {
	Consultation string
	State        comment.State // Received where the address says nothing
	Clause       int           // 0 for all
	Flag         string        // "" for all
	Channel      string        // "" for all
	Q            string
	Occupation   string
	Day          string // received on this day: 2025-05-01
	Until        string // received on this day or before
	Unreferred   bool   // neither handed over nor disposed of (待转办)
	After        string // cursor of the last row before this page
}

// Values are the parameters of the address, the empty and the usual ones left out.
func (q QueueQuery) Values() url.Values {
	v := url.Values{}
	set := func(name, value string) {
		if value != "" {
			v.Set(name, value)
		}
	}
	set("consultation", q.Consultation)
	if q.State != comment.Received {
		set("state", string(q.State))
	}
	if q.Clause > 0 {
		v.Set("clause", strconv.Itoa(q.Clause))
	}
	set("flag", q.Flag)
	set("q", q.Q)
	set("occupation", q.Occupation)
	set("channel", q.Channel)
	set("day", q.Day)
	set("until", q.Until)
	if q.Unreferred {
		v.Set("unreferred", "1")
	}
	set("after", q.After)
	return v
}

// Address is the address of the queue so filtered.
func (q QueueQuery) Address() string {
	if s := q.Values().Encode(); s != "" {
		return "/staff/queue?" + s
	}
	return "/staff/queue"
}

// From is the address of the page that starts at a cursor.
func (q QueueQuery) From(after string) string {
	q.After = after
	return q.Address()
}

// Narrowed tells whether the query is more than the plain queue.
func (q QueueQuery) Narrowed() bool {
	return q.Consultation != "" || q.State != comment.Received || q.Clause > 0 || q.Flag != "" || q.Channel != "" || q.Q != "" || len(q.origin()) > 0
}

// QueueView is the list of comments (审核队列).
type QueueView struct {
	Query         QueueQuery
	Items         []comment.Item
	Next          string // cursor of the next page, "" on the last one
	Early         bool   // the page ends because moderation.LookedMost comments were looked through, not because it is full
	Consultations []consultation.Consultation
	Similar       map[uuid.UUID]similar.Mark // groups of similar comments that items are in
}

// CommentView is one comment beside its clause.
type CommentView struct {
	Comment      comment.Item
	Consultation consultation.Consultation
	Clauses      []clause.Node  // the clauses it is about
	Version      int            // of the draft when it was written, where the draft has changed since; else 0
	Suggested    []comment.Span // what the scrub would hide
	PublicTitle  string         // what the public sees, or would see if it were passed as it stands
	PublicBody   string
	Changed      bool // the public copy differs from the original
	Timeline     []Event
	Notes        []Note
	SameSender   int // other comments by the same person
	Personal     *vault.Personal
	NextURL      string         // the comment that waits behind this one
	Origin       *intake.Origin // how the office wrote it down, nil for one sent through the portal
	Similar      *similar.Mark  // the group of similar comments it is in, nil for none
	File         referral.File  // hand-overs and answers
	Form         CommentForm
}

// CommentForm is what was typed into the forms of a comment's page, shown again when something is to be mended.
type CommentForm struct {
	Act         string // section to show open: one of the Act constants, "" for none
	MarkedTitle string // the original with ⟦…⟧ round what to hide
	MarkedBody  string
	Reason      string // code, of withhold or decline
	Note        string // words to go with the decision
	Remark      string // text of a note
	Purpose     string // why the personal data is looked at
	ScanReason  string // why the scan is opened
}

// Sections of a comment's page that hold a form.
const (
	ActRedact   = "redaction"
	ActWithhold = "withhold"
	ActDecline  = "decline"
	ActNote     = "remark"
	ActReveal   = "reveal"
)

// Event is one line of a comment's timeline.
type Event struct {
	At     time.Time
	Day    bool // only the day is known
	Who    string
	What   string
	Reason string
	Note   string
}

// Note is a remark among the staff.
type Note struct {
	At   time.Time
	Who  string
	Text string
}

// PreviewView shows a comment as the public will see it, before it is passed.
type PreviewView struct {
	Comment     comment.Item
	MarkedTitle string
	MarkedBody  string
	Spans       []PreviewSpan
	PublicTitle string
	PublicBody  string
}

// PreviewSpan is one stretch to hide.
type PreviewSpan struct {
	comment.Span
	Text string // the words that will be hidden
}

// ConflictView is shown when someone else was faster.
type ConflictView struct {
	ID     uuid.UUID
	By     string
	Action string
	At     time.Time
}

// ConsultationsView is the list of consultations with their way of publication.
type ConsultationsView struct {
	Items []consultation.Consultation
	Saved string // id of the one just changed
}
