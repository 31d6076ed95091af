// Package report makes the result report (结果反馈) of a consultation and the statistics it rests on.
package report

import (
	"time"

	"wenji/internal/postgres"
)

// Store makes and publishes reports.
type Store struct {
	DB  *postgres.DB
	Now func() time.Time
}
