// Package report makes the result report (结果反馈) of a consultation and the statistics it rests on, and closes a
// consultation when nothing is left to be answered.
package report

import (
	"time"

	"wenji/internal/calendar"
	"wenji/internal/postgres"
)

// Store makes and publishes reports. Every act asks whether the member may do it (apperr.ErrForbidden) and is one
// transaction that holds its entry in the record.
type Store struct {
	DB       *postgres.DB
	Calendar *calendar.Store
	Now      func() time.Time
}

// now is the moment of an act, as precise as the database keeps it.
func (s *Store) now() time.Time { return s.Now().Truncate(time.Microsecond) }

// Part of the result report; each is published on a date of its own.
type Part string

const (
	Received Part = "received" // 收到情况, once the consultation has closed
	Outcome  Part = "outcome"  // 采纳情况, once every comment has its disposition
)

// Parts in the order of the report.
var Parts = []Part{Received, Outcome}

func known(p Part) bool { return p == Received || p == Outcome }
