// Package audit keeps the append-only record of who did what: writing it, sealing it into a hash chain, verifying it.
package audit

import (
	"context"
	"errors"
	"fmt"
	"time"

	"wenji/internal/postgres"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
)

// Entry is one act. Its texts are what a reader of the record is shown: they hold no keys into other tables, so an
// entry outlives what it tells of. Personal data never goes into one.
type Entry struct {
	ID             uuid.UUID // UUIDv7; made by Record when zero
	At             time.Time // kept to the microsecond
	Actor          string    // display name
	Role           string
	Action         string // code of the act
	ConsultationID string
	Subject        string // what was acted on
	Detail         string
}

var errNoTime = errors.New("audit entry without a time")

// InsertInto begins the statement that writes entries: a SELECT of them follows, with id (of NewIDs), at, actor, role, action,
// consultation_id, subject and detail. It is there for a statement that makes the change too.
const InsertInto = `INSERT INTO audit_entry (id, at, actor, role, action, consultation_id, subject, detail)`

// NewIDs are the ids of n entries, ascending.
func NewIDs(n int) ([][16]byte, error) {
	ids := make([][16]byte, n)
	for i := range ids {
		id, err := uuid.NewV7()
		if err != nil {
			return nil, fmt.Errorf("make ids of audit entries: %w", err)
		}
		ids[i] = id
	}
	return ids, nil
}

// Record writes the entry in the caller's transaction, at its end (postgres.Last): it is kept exactly when the change it
// tells of is kept. At must be set.
func Record(ctx context.Context, tx pgx.Tx, e Entry) error {
	return RecordAll(ctx, tx, []Entry{e})
}

// RecordAll is Record for several entries, in one statement.
func RecordAll(ctx context.Context, tx pgx.Tx, entries []Entry) error {
	if len(entries) == 0 {
		return nil
	}
	var (
		n             = len(entries)
		ids           = make([][16]byte, n)
		times         = make([]time.Time, n)
		actors, roles = make([]string, n), make([]string, n)
		actions       = make([]string, n)
		consultations = make([]string, n)
		subjects      = make([]string, n)
		details       = make([]string, n)
	)
	for i, e := range entries {
		if e.At.IsZero() {
			return fmt.Errorf("record %s: %w", e.Action, errNoTime)
		}
		if e.ID == uuid.Nil {
			id, err := uuid.NewV7()
			if err != nil {
				return fmt.Errorf("record %s: %w", e.Action, err)
			}
			e.ID = id
		}
		ids[i], times[i], actors[i], roles[i] = e.ID, e.At, e.Actor, e.Role
		actions[i], consultations[i], subjects[i], details[i] = e.Action, e.ConsultationID, e.Subject, e.Detail
	}
	return postgres.LastExec(ctx, tx, fmt.Sprintf("record %d audit entries", n), InsertInto+`
		SELECT * FROM unnest($1::uuid[], $2::timestamptz[], $3::text[], $4::text[], $5::text[], $6::text[], $7::text[], $8::text[])`,
		ids, times, actors, roles, actions, consultations, subjects, details)
}
