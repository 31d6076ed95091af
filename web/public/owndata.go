package public

import (
	"time"

	"wenji/internal/apperr"
)

// OwnData is the part of the status page where a commenter asks for correction or deletion of the own personal data
// (个人信息保护法 §46, §47, §50).
type OwnData struct {
	Askable  bool // the data is still there
	Requests []OwnRequest
	Kind     string // as chosen: correct or erase
	Wish     string // as typed
	Problems []apperr.Problem
	Message  string // why a request was not taken in, "" otherwise
	Asked    bool   // one was just taken in
}

// OwnRequest is one request and what became of it.
type OwnRequest struct {
	Erase     bool
	AskedAt   time.Time
	DueOn     time.Time
	Open      bool
	Granted   bool
	Lapsed    bool   // the data was erased meanwhile, as its term was over
	Answer    string // why it was refused
	DecidedAt *time.Time
}

// pending tells whether a request is open: another one has to wait.
func (o OwnData) pending() bool {
	for _, r := range o.Requests {
		if r.Open {
			return true
		}
	}
	return false
}

func (r OwnRequest) kind() string {
	if r.Erase {
		return "删除个人信息"
	}
	return "更正个人信息"
}
