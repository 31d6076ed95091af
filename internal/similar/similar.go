// Package similar finds comments that say nearly the same in nearly the same words, as they arrive, and keeps them in groups.
package similar

import (
	"time"

	"wenji/internal/postgres"
)

// Store finds, keeps and changes groups.
type Store struct {
	DB  *postgres.DB
	Now func() time.Time
}
