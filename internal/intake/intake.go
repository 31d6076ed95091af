// Package intake takes in what reaches the office by letter, mail, phone, counter or hearing, so that it is numbered and answered
// like all others.
package intake

import (
	"time"

	"wenji/internal/comment"
	"wenji/internal/postgres"
	"wenji/internal/vault"
)

// Store writes down comments of other channels.
type Store struct {
	DB       *postgres.DB
	Keys     *vault.KeyRing
	Comments *comment.Store
	Now      func() time.Time
}
