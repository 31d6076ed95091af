// Package retention ends the keeping of personal data: terms, legal hold, erasure, and what commenters ask for their own data.
package retention

import (
	"time"

	"wenji/internal/postgres"
	"wenji/internal/vault"
)

// Store keeps terms and requests and erases.
type Store struct {
	DB   *postgres.DB
	Keys *vault.KeyRing
	Now  func() time.Time
}
