package export

import (
	"context"
	"errors"
	"fmt"
	"io"
	"sync/atomic"

	"wenji/internal/apperr"
	"wenji/internal/audit"
	"wenji/internal/staff"
	"wenji/internal/validate"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
)

// Job is an export that has been allowed and recorded, and not yet written.
type Job struct {
	store *Store
	file  file
	used  atomic.Bool
}

var errUsed = errors.New("an export is written once")

// Prepare asks whether the member may make this file and records it, in one transaction, before anything of it exists.
// Errors: apperr.ErrForbidden, also for a Personal file, which must be asked for (Ask); *apperr.Invalid on a field;
// apperr.ErrNotFound when there is no such consultation.
func (s *Store) Prepare(ctx context.Context, by staff.Member, o Options) (*Job, error) {
	if !by.Can(staff.Export) || o.Profile == Personal {
		return nil, apperr.ErrForbidden
	}
	f, err := s.begin(ctx, by, o, Sent, "export.start")
	if err != nil {
		return nil, err
	}
	return &Job{store: s, file: f}, nil
}

// begin checks the options and stores a new export with its entry in the record.
func (s *Store) begin(ctx context.Context, by staff.Member, o Options, state State, action string) (file, error) {
	if err := o.Check(); err != nil {
		return file{}, err
	}
	id, err := uuid.NewV7()
	if err != nil {
		return file{}, fmt.Errorf("name an export: %w", err)
	}
	f := file{id: id, options: o, member: signature(by), role: string(by.Role), started: s.now()}
	var expires any
	if state == Waiting {
		expires = f.started.Add(approvalTime)
	}
	err = s.DB.InTx(ctx, func(tx pgx.Tx) error {
		if err := knownClause(ctx, tx, o); err != nil {
			return err
		}
		tag, err := tx.Exec(ctx, `
			INSERT INTO export (id, consultation_id, member_id, member_name, member_role, profile, format, reason, filter, state,
			                    started_at, expires_at)
			SELECT $1, c.id, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12
			  FROM consultation c
			 WHERE c.id = $2`, f.id, o.ConsultationID, by.ID, f.member, f.role, o.Profile, o.Format, o.Reason, o.Filter, state,
			f.started, expires)
		if err != nil {
			return fmt.Errorf("record export of %s: %w", o.ConsultationID, err)
		}
		if tag.RowsAffected() == 0 {
			return apperr.ErrNotFound
		}
		return audit.Record(ctx, tx, f.entry(f.started, action, o.describe()))
	})
	return f, err
}

// knownClause refuses a clause that the draft does not have; what is about no consultation is told by the insert.
func knownClause(ctx context.Context, tx pgx.Tx, o Options) error {
	if o.Clause == 0 {
		return nil
	}
	var known bool
	err := tx.QueryRow(ctx, `
		SELECT EXISTS (SELECT FROM clause
		                WHERE consultation_id = $1 AND document = 'draft' AND kind = 'clause' AND number = $2)`,
		o.ConsultationID, o.Clause).Scan(&known)
	if err != nil {
		return fmt.Errorf("look for clause %d of %s: %w", o.Clause, o.ConsultationID, err)
	}
	if !known {
		return &apperr.Invalid{Problems: []apperr.Problem{{Field: "clause", Message: validate.ClauseUnknown}}}
	}
	return nil
}

// ID is the number of the export, which the file repeats at its end.
func (j *Job) ID() uuid.UUID { return j.file.id }

// Filename is a name for the file, in ASCII, without personal data.
func (j *Job) Filename() string { return j.file.filename() }

// MediaType is the value of Content-Type for the file.
func (j *Job) MediaType() string { return mediaType(j.file.options.Format) }

// Stream writes the file to w, row by row, from one snapshot of the database: comments that arrive or change
// meanwhile make no difference, and memory does not grow with the number of rows. The end of a complete file says so,
// with the count, who made it, when, its number and the digest of its content; a file without that was cut off. Then
// the export is recorded as finished. An error leaves it recorded as unfinished, with the rows written so far. A job is
// written once.
func (j *Job) Stream(ctx context.Context, w io.Writer) (rows int, err error) {
	if j.used.Swap(true) {
		return 0, errUsed
	}
	out := newDigester(w)
	var made made
	err = j.store.bulk().InSnapshot(ctx, func(tx pgx.Tx) error {
		made, err = j.store.write(ctx, tx, &j.file, out, nil)
		return err
	})
	made.size, made.digest = out.size, out.sum()
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), finishTime)
	defer cancel()
	if err != nil {
		return made.rows, fmt.Errorf("export %s: %w", j.file.id, errors.Join(err, j.broken(ctx, made.rows)))
	}
	return made.rows, j.finish(ctx, made)
}

func (j *Job) finish(ctx context.Context, m made) error {
	return j.store.DB.InTx(ctx, func(tx pgx.Tx) error {
		at := j.store.now()
		_, err := tx.Exec(ctx, `
			UPDATE export
			   SET finished_at = $2, row_count = $3, row_total = $3, size = $4, digest = $5, content_digest = $6
			 WHERE id = $1`, j.file.id, at, m.rows, m.size, m.digest, m.content)
		if err != nil {
			return fmt.Errorf("finish export %s: %w", j.file.id, err)
		}
		return audit.Record(ctx, tx, j.file.entry(at, "export.finish", m.describe()))
	})
}

func (j *Job) broken(ctx context.Context, rows int) error {
	return j.store.DB.InTx(ctx, func(tx pgx.Tx) error {
		if _, err := tx.Exec(ctx, `UPDATE export SET row_count = $2 WHERE id = $1`, j.file.id, rows); err != nil {
			return fmt.Errorf("record broken export %s: %w", j.file.id, err)
		}
		return audit.Record(ctx, tx, j.file.entry(j.store.now(), "export.broken", fmt.Sprintf("rows %d", rows)))
	})
}

// Large tells whether a file is too large to be sent while it is made.
func (s *Store) Large(ctx context.Context, by staff.Member, o Options) (bool, error) {
	if !by.Can(staff.Export) {
		return false, apperr.ErrForbidden
	}
	if err := o.Check(); err != nil {
		return false, err
	}
	where, args := o.where()
	var n int
	err := s.DB.QueryRow(ctx, `SELECT count(*) FROM (SELECT 1 FROM comment c WHERE `+where+` LIMIT $`+place(len(args)+1)+`) AS counted`,
		append(args, DirectMost+1)...).Scan(&n)
	if err != nil {
		return false, fmt.Errorf("count comments of %s: %w", o.ConsultationID, err)
	}
	return n > DirectMost, nil
}
