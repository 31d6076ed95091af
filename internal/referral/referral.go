// Package referral hands comments over to departments (转办), keeps their opinions, and carries each comment to its disposition
// and answer (采纳情况, 答复).
package referral

import (
	"time"

	"wenji/internal/calendar"
	"wenji/internal/postgres"
	"wenji/internal/vault"
)

// Store keeps hand-overs, dispositions and answers.
type Store struct {
	DB       *postgres.DB
	Keys     *vault.KeyRing
	Calendar *calendar.Store
	Now      func() time.Time
}
