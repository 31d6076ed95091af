// Package apperr names the few kinds of failure that people are told about.
//
// Domain packages return these (or wrap them); internal/httpd turns each into a status and a sentence in Chinese.
// Anything else is a fault: the person sees a generic page with a request id, and the log keeps the cause.
package apperr

import (
	"errors"
	"fmt"
	"time"
)

var (
	// ErrNotFound: there is no such thing, or this person may not know of it.
	ErrNotFound = errors.New("not found")
	// ErrForbidden: the person is known and lacks the right.
	ErrForbidden = errors.New("forbidden")
	// ErrConflict: someone else was faster, or the thing is no longer in the state the act needs.
	ErrConflict = errors.New("conflict")
	// ErrClosed: the consultation does not take comments at this moment.
	ErrClosed = errors.New("closed")
	// ErrTooMany: too many tries; see TooMany for when to come back.
	ErrTooMany = errors.New("too many tries")
	// ErrExpired: a sealed form or page is older than it may be.
	ErrExpired = errors.New("expired")
	// ErrBusy: more is asked for at once than can be done; nothing was done, and asking again later helps.
	ErrBusy = errors.New("busy")
)

// Problem is one thing to mend in one form field, as a full sentence for the person who filled it in.
type Problem struct {
	Field   string
	Message string
}

// Invalid lists everything to mend in a form, in the order of its fields.
type Invalid struct {
	Problems []Problem
}

// Error names the fields only: what was typed may be personal and never enters an error text.
func (e *Invalid) Error() string {
	fields := make([]string, len(e.Problems))
	for i, p := range e.Problems {
		fields[i] = p.Field
	}
	return fmt.Sprintf("invalid fields %v", fields)
}

// Conflict says who decided what and when, for the person whose act came second.
type Conflict struct {
	By     string    // display name
	Action string    // code of the act that won
	At     time.Time // when it won
}

func (e *Conflict) Error() string { return "conflict: already decided" }

// Unwrap makes errors.Is(err, ErrConflict) true.
func (e *Conflict) Unwrap() error { return ErrConflict }

// TooMany says how long to wait before the next try.
type TooMany struct {
	RetryAfter time.Duration
}

func (e *TooMany) Error() string { return "too many tries" }

// Unwrap makes errors.Is(err, ErrTooMany) true.
func (e *TooMany) Unwrap() error { return ErrTooMany }
