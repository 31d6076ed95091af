package export

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"wenji/internal/apperr"
	"wenji/internal/comment"
	"wenji/internal/validate"
)

const (
	reasonFewest = 4
	reasonMost   = 200
	unitMost     = 100
)

// Options say what goes into a file.
type Options struct {
	ConsultationID string `json:"-"`
	Format         string `json:"-"`
	Profile        string `json:"-"`
	Reason         string `json:"-"` // required for Personal: 4 to 200 characters
	Filter
}

// Filter chooses among the comments of the consultation; its zero value chooses all.
type Filter struct {
	States  []comment.State `json:"states,omitempty"`  // none means all; Public files hold published comments alone
	From    string          `json:"from,omitempty"`    // first day of receipt in Beijing, 2025-05-01
	To      string          `json:"to,omitempty"`      // last day
	Clause  int             `json:"clause,omitempty"`  // number of a clause of the draft
	Unit    string          `json:"unit,omitempty"`    // handed over to this unit, or about a clause of its
	Channel string          `json:"channel,omitempty"` // one of validate.Channels
}

// allStates in the order in which the record names them.
var allStates = []comment.State{comment.Received, comment.Published, comment.Withheld, comment.Declined}

var (
	formats  = []string{CSV, XLSX, DOCX, JSONL}
	profiles = []string{Public, Masked, Personal}
)

// Check refuses what the form does not offer (*apperr.Invalid), and puts reason, days and unit in order. Prepare and Ask
// call it; who asks for a second factor first calls it before.
func (o *Options) Check() error {
	var problems []apperr.Problem
	refuse := func(field, sentence string) {
		problems = append(problems, apperr.Problem{Field: field, Message: sentence})
	}
	if !slices.Contains(formats, o.Format) {
		refuse("format", validate.ExportChoice)
	}
	if !slices.Contains(profiles, o.Profile) {
		refuse("profile", validate.ExportChoice)
	}
	o.checkFilter(refuse)
	if sentence := o.checkReason(); sentence != "" {
		refuse("reason", sentence)
	}
	if len(problems) > 0 {
		return &apperr.Invalid{Problems: problems}
	}
	return nil
}

func (o *Options) checkFilter(refuse func(field, sentence string)) {
	for _, s := range o.States {
		if !slices.Contains(allStates, s) {
			refuse("state", validate.ExportChoice)
			break
		}
	}
	switch {
	case o.Profile == Public:
		o.States = []comment.State{comment.Published}
	case len(o.States) == 0:
		o.States = allStates
	}
	var ok bool
	if o.From, ok = day(o.From); !ok {
		refuse("from", validate.ExportDay)
	}
	if o.To, ok = day(o.To); !ok {
		refuse("to", validate.ExportDay)
	} else if o.To != "" && o.To < o.From {
		refuse("to", validate.ExportDays)
	}
	if o.Clause < 0 {
		refuse("clause", validate.ClauseUnknown)
	}
	if o.Unit, ok = validate.Line(o.Unit); !ok || validate.Length(o.Unit) > unitMost {
		refuse("unit", validate.ExportUnit)
	}
	if o.Channel != "" && !slices.Contains(validate.Channels, o.Channel) {
		refuse("channel", validate.ExportChoice)
	}
}

func (o *Options) checkReason() string {
	reason, ok := validate.Line(o.Reason)
	switch n := validate.Length(reason); {
	case !ok:
		return validate.Undisplayable("reason")
	case n > reasonMost:
		return validate.PurposeLong
	case n < reasonFewest && (o.Profile == Personal || n > 0):
		return validate.PurposeMissing
	}
	o.Reason = reason
	return ""
}

// day reads a day as people write it and returns it as 2025-05-01; "" stays "".
func day(typed string) (string, bool) {
	if strings.TrimSpace(typed) == "" {
		return "", true
	}
	t, ok := validate.Moment(typed, false)
	return t.In(beijing).Format(time.DateOnly), ok
}

// midnight is the beginning of a day, plus days, in Beijing; nil for "".
func midnight(day string, days int) *time.Time {
	t, err := time.ParseInLocation(time.DateOnly, day, beijing)
	if err != nil {
		return nil
	}
	t = t.AddDate(0, 0, days)
	return &t
}

// describe is what the record keeps of the options.
func (o *Options) describe() string {
	states := make([]string, len(o.States))
	for i, s := range o.States {
		states[i] = string(s)
	}
	detail := fmt.Sprintf("%s %s, states %s", o.Profile, o.Format, strings.Join(states, " "))
	if o.From != "" || o.To != "" {
		detail += ", received " + o.From + "/" + o.To
	}
	if o.Clause > 0 {
		detail += fmt.Sprintf(", clause %d", o.Clause)
	}
	if o.Unit != "" {
		detail += ", unit " + o.Unit
	}
	if o.Channel != "" {
		detail += ", channel " + o.Channel
	}
	if o.Reason != "" {
		detail += ", reason: " + o.Reason
	}
	return detail
}
