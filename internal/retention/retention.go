// Package retention ends the keeping of personal data: terms, legal hold, erasure, and what commenters ask for their own data.
package retention

import (
	"errors"
	"fmt"
	"time"

	"wenji/internal/apperr"
	"wenji/internal/audit"
	"wenji/internal/calendar"
	"wenji/internal/postgres"
	"wenji/internal/staff"
	"wenji/internal/throttle"
	"wenji/internal/validate"
	"wenji/internal/vault"
)

// Store keeps terms and requests and erases.
type Store struct {
	DB       *postgres.DB
	Keys     *vault.KeyRing
	Calendar *calendar.Store
	Tries    *throttle.Limiter
	Now      func() time.Time
}

// Reasons why an act is refused; each is an apperr.ErrConflict.
var (
	ErrHeld    = fmt.Errorf("legal hold: %w", apperr.ErrConflict)
	ErrHolding = fmt.Errorf("held already: %w", apperr.ErrConflict)
	ErrNotHeld = fmt.Errorf("no legal hold: %w", apperr.ErrConflict)
	ErrNotDue  = fmt.Errorf("term not over: %w", apperr.ErrConflict)
	ErrNothing = fmt.Errorf("nothing to erase: %w", apperr.ErrConflict)
	ErrAsked   = fmt.Errorf("a request is open: %w", apperr.ErrConflict)
	ErrDecided = fmt.Errorf("request decided: %w", apperr.ErrConflict)
)

// now is the moment of an act, as precise as the database keeps it.
func (s *Store) now() time.Time { return s.Now().Truncate(time.Microsecond) }

const (
	reasonFewest = 4
	reasonMost   = 200
)

// reason checks the words that go with an act; missing is the sentence for none.
func reason(typed, field, missing string) (string, error) {
	clean, ok := validate.Line(typed)
	switch n := validate.Length(clean); {
	case !ok || n < reasonFewest:
		return "", invalid(field, missing)
	case n > reasonMost:
		return "", invalid(field, validate.RetentionLong)
	}
	return clean, nil
}

func invalid(field, sentence string) error {
	return &apperr.Invalid{Problems: []apperr.Problem{{Field: field, Message: sentence}}}
}

// entry is the record's line about an act of a member.
func entry(by staff.Member, at time.Time, action, consultationID, subject, detail string) audit.Entry {
	return audit.Entry{
		At: at, Actor: by.Signature(), Role: string(by.Role), Action: action, ConsultationID: consultationID, Subject: subject,
		Detail: detail,
	}
}

// Refusal is the sentence for a refused act, "" for another error.
func Refusal(err error) string {
	for _, known := range []struct {
		err      error
		sentence string
	}{
		{ErrHeld, validate.EraseHeld}, {ErrHolding, validate.HeldAlready},
		{ErrNotHeld, validate.NotHeld}, {ErrNotDue, validate.EraseNotDue},
		{ErrNothing, validate.EraseNothing}, {ErrAsked, validate.AskOpen}, {ErrDecided, validate.RequestDecided},
	} {
		if errors.Is(err, known.err) {
			return known.sentence
		}
	}
	return ""
}
