// Package export writes the comments of one consultation as a file for spreadsheets (CSV or XLSX), and keeps who made
// which file and why.
package export

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"wenji/internal/apperr"
	"wenji/internal/audit"
	"wenji/internal/comment"
	"wenji/internal/postgres"
	"wenji/internal/staff"
	"wenji/internal/validate"
	"wenji/internal/vault"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
)

// Formats of a file.
const (
	CSV  = "csv"
	XLSX = "xlsx"
)

// Profiles: what a file tells of the commenters.
const (
	// Masked shows personal data with stars (张**, 138****0000) and hides what the scrub finds in titles and opinions.
	Masked = "masked"
	// Personal shows everything in the clear. It needs staff.ExportPersonal and a reason; asking for the second factor
	// before is the caller's part.
	Personal = "personal"
)

const (
	reasonFewest = 4
	reasonMost   = 200
	listMost     = 200
	finishTime   = 5 * time.Second
)

// Store makes exports. DB should be a pool of its own, without a statement time-out: a large file takes minutes, and
// must not take the connections that submitting needs.
type Store struct {
	DB   *postgres.DB
	Keys *vault.KeyRing
	Now  func() time.Time
}

// Options say what goes into a file.
type Options struct {
	ConsultationID string
	States         []comment.State // none means all
	Format         string          // CSV or XLSX
	Profile        string          // Masked or Personal
	Reason         string          // required for Personal: 4 to 200 characters
}

// Record is one export that was made. Rows is nil when not even a part was written; a file that was not written to its
// end has no FinishedAt.
type Record struct {
	ID             uuid.UUID
	ConsultationID string
	Member         string
	Profile        string
	Format         string
	Reason         string
	StartedAt      time.Time
	FinishedAt     *time.Time
	Rows           *int
}

// Job is an export that has been allowed and recorded, and not yet written.
type Job struct {
	store   *Store
	by      staff.Member
	options Options
	id      uuid.UUID
	started time.Time
	used    atomic.Bool
}

var errUsed = errors.New("an export is written once")

// Prepare asks whether the member may make this file and records it, in one transaction, before anything of it exists.
// Errors: apperr.ErrForbidden; *apperr.Invalid on reason, format, profile or state; apperr.ErrNotFound when there is no
// such consultation.
func (s *Store) Prepare(ctx context.Context, by staff.Member, o Options) (*Job, error) {
	if !by.Can(staff.Export) || o.Profile == Personal && !by.Can(staff.ExportPersonal) {
		return nil, apperr.ErrForbidden
	}
	if err := o.Check(); err != nil {
		return nil, err
	}
	id, err := uuid.NewV7()
	if err != nil {
		return nil, fmt.Errorf("name an export: %w", err)
	}
	j := &Job{store: s, by: by, options: o, id: id, started: s.Now().Truncate(time.Microsecond)}
	err = s.DB.InTx(ctx, func(tx pgx.Tx) error {
		tag, err := tx.Exec(ctx, `
			INSERT INTO export (id, consultation_id, member_name, profile, format, reason, started_at)
			SELECT $1, c.id, $3, $4, $5, $6, $7
			  FROM consultation c
			 WHERE c.id = $2`, j.id, o.ConsultationID, j.member(), o.Profile, o.Format, o.Reason, j.started)
		if err != nil {
			return fmt.Errorf("record export of %s: %w", o.ConsultationID, err)
		}
		if tag.RowsAffected() == 0 {
			return apperr.ErrNotFound
		}
		return audit.Record(ctx, tx, j.entry(j.started, "export.start", o.describe()))
	})
	if err != nil {
		return nil, err
	}
	return j, nil
}

// Write is Prepare and Stream in one, for callers that have nothing to do between them. Nothing is written to w when
// the file is refused.
func (s *Store) Write(ctx context.Context, by staff.Member, o Options, w io.Writer) (rows int, err error) {
	j, err := s.Prepare(ctx, by, o)
	if err != nil {
		return 0, err
	}
	return j.Stream(ctx, w)
}

// List returns the latest exports, newest first; limit is at most 200.
func (s *Store) List(ctx context.Context, by staff.Member, limit int) ([]Record, error) {
	if !by.Can(staff.Export) {
		return nil, apperr.ErrForbidden
	}
	rows, err := s.DB.Query(ctx, `
		SELECT id, consultation_id, member_name, profile, format, reason, started_at, finished_at, row_count
		  FROM export
		 ORDER BY started_at DESC, id
		 LIMIT $1`, min(max(limit, 1), listMost))
	if err != nil {
		return nil, fmt.Errorf("list exports: %w", err)
	}
	list, err := pgx.CollectRows(rows, pgx.RowToStructByPos[Record])
	if err != nil {
		return nil, fmt.Errorf("list exports: %w", err)
	}
	return list, nil
}

// ID is the number of the export, which the file repeats in its last row.
func (j *Job) ID() uuid.UUID { return j.id }

// Filename is a name for the file, in ASCII, without personal data.
func (j *Job) Filename() string {
	return fmt.Sprintf("comments-%s-%s-%s.%s", j.options.ConsultationID,
		j.started.In(beijing).Format("20060102-150405"), j.options.Profile, j.options.Format)
}

// MediaType is the value of Content-Type for the file.
func (j *Job) MediaType() string {
	if j.options.Format == XLSX {
		return "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
	}
	return "text/csv; charset=utf-8; header=present"
}

// Stream writes the file to w, row by row, from one snapshot of the database: comments that arrive or change
// meanwhile make no difference, and memory does not grow with the number of rows. The last row of a complete file says
// so, with the count, who made it, when and its number; a file without that row was cut off. Then the export is
// recorded as finished. An error leaves it recorded as unfinished, with the rows written so far. A job is written once.
func (j *Job) Stream(ctx context.Context, w io.Writer) (rows int, err error) {
	if j.used.Swap(true) {
		return 0, errUsed
	}
	err = j.store.DB.InSnapshot(ctx, func(tx pgx.Tx) error {
		rows, err = j.copyRows(ctx, tx, w)
		return err
	})
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), finishTime)
	defer cancel()
	if err != nil {
		return rows, fmt.Errorf("export %s: %w", j.id, errors.Join(err, j.broken(ctx, rows)))
	}
	return rows, j.finish(ctx, rows)
}

func (j *Job) finish(ctx context.Context, rows int) error {
	return j.store.DB.InTx(ctx, func(tx pgx.Tx) error {
		at := j.store.Now().Truncate(time.Microsecond)
		if _, err := tx.Exec(ctx, `UPDATE export SET finished_at = $2, row_count = $3 WHERE id = $1`, j.id, at, rows); err != nil {
			return fmt.Errorf("finish export %s: %w", j.id, err)
		}
		return audit.Record(ctx, tx, j.entry(at, "export.finish", fmt.Sprintf("rows %d", rows)))
	})
}

func (j *Job) broken(ctx context.Context, rows int) error {
	return j.store.DB.InTx(ctx, func(tx pgx.Tx) error {
		if _, err := tx.Exec(ctx, `UPDATE export SET row_count = $2 WHERE id = $1`, j.id, rows); err != nil {
			return fmt.Errorf("record broken export %s: %w", j.id, err)
		}
		return audit.Record(ctx, tx, j.entry(j.store.Now(), "export.broken", fmt.Sprintf("rows %d", rows)))
	})
}

func (j *Job) entry(at time.Time, action, detail string) audit.Entry {
	return audit.Entry{
		At: at, Actor: j.member(), Role: string(j.by.Role), Action: action,
		ConsultationID: j.options.ConsultationID, Subject: "export " + j.id.String(), Detail: detail,
	}
}

// member is how the record names who made the file; the operator at the command line has no user name.
func (j *Job) member() string {
	if j.by.Username == "" {
		return j.by.Name
	}
	return j.by.Signature()
}

// allStates in the order in which the record names them.
var allStates = []comment.State{comment.Received, comment.Published, comment.Withheld, comment.Declined}

// Check refuses what the form does not offer (*apperr.Invalid), and puts the reason in order. Prepare calls it; who asks
// for a second factor first calls it before.
func (o *Options) Check() error {
	problem := func(field, sentence string) error {
		return &apperr.Invalid{Problems: []apperr.Problem{{Field: field, Message: sentence}}}
	}
	if o.Format != CSV && o.Format != XLSX {
		return problem("format", validate.ExportChoice)
	}
	if o.Profile != Masked && o.Profile != Personal {
		return problem("profile", validate.ExportChoice)
	}
	for _, s := range o.States {
		if !slices.Contains(allStates, s) {
			return problem("state", validate.ExportChoice)
		}
	}
	if len(o.States) == 0 {
		o.States = allStates
	}
	reason, ok := validate.Line(o.Reason)
	switch n := validate.Length(reason); {
	case !ok:
		return problem("reason", validate.Undisplayable("reason"))
	case n > reasonMost:
		return problem("reason", validate.PurposeLong)
	case n < reasonFewest && (o.Profile == Personal || n > 0):
		return problem("reason", validate.PurposeMissing)
	}
	o.Reason = reason
	return nil
}

// describe is what the record keeps of the options.
func (o *Options) describe() string {
	states := make([]string, len(o.States))
	for i, s := range o.States {
		states[i] = string(s)
	}
	detail := fmt.Sprintf("%s %s, states %s", o.Profile, o.Format, strings.Join(states, " "))
	if o.Reason != "" {
		detail += ", reason: " + o.Reason
	}
	return detail
}
