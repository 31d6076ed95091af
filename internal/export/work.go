package export

import (
	"context"
	"errors"
	"fmt"
	"time"

	"wenji/internal/audit"
	"wenji/internal/vault"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
)

const (
	attemptsMost = 5
	workPause    = time.Second      // between looks for work
	lease        = time.Minute      // a worker that has not been heard of for so long is taken for dead
	retryPause   = 10 * time.Second // after a fault
	tellEvery    = time.Second      // progress is written down
)

var errLost = errors.New("another worker took the export over")

// Run makes the files that were asked for until ctx ends, one at a time. Any number of replicas may run it: a file is
// taken with a lease, and one whose worker died is begun again by another.
func (s *Store) Run(ctx context.Context) {
	for ctx.Err() == nil {
		worked, err := s.work(ctx)
		if err != nil && ctx.Err() == nil && s.Log != nil {
			s.Log.Warn("making an export failed", "error", err)
		}
		if worked && err == nil {
			continue
		}
		select {
		case <-ctx.Done():
		case <-time.After(workPause):
		}
	}
}

// work makes the file that has waited longest, and tells whether there was one.
func (s *Store) work(ctx context.Context) (bool, error) {
	r, err := s.take(ctx)
	if err != nil || r == nil {
		return false, err
	}
	f := r.file()
	if r.Attempt > attemptsMost {
		return true, s.settle(ctx, r, f.entry(s.now(), "export.broken", fmt.Sprintf("given up after %d tries", attemptsMost)), made{}, Failed, 0)
	}
	if s.Around != nil {
		defer s.Around()()
	}
	out := &chunkWriter{store: s, ctx: ctx, record: r}
	whole := newDigester(out)
	var m made
	err = s.bulk().InSnapshot(ctx, func(tx pgx.Tx) error {
		var last time.Time
		m, err = s.write(ctx, tx, &f, whole, func(ctx context.Context, done, total int) error {
			out.rows = done
			if time.Since(last) < tellEvery {
				return nil
			}
			last = time.Now()
			return s.tell(ctx, r, done, total)
		})
		return err
	})
	if err == nil {
		err = out.flush()
	}
	if err != nil {
		return true, s.giveBack(ctx, r, &f, err)
	}
	m.size, m.digest = whole.size, whole.sum()
	return true, s.settle(ctx, r, f.entry(s.now(), "export.finish", m.describe()), m, Ready, out.ordinal)
}

func (r *Record) file() file {
	return file{
		id: r.ID, member: r.Member, role: r.MemberRole, approver: r.DecidedBy, started: r.StartedAt,
		options: Options{ConsultationID: r.ConsultationID, Format: r.Format, Profile: r.Profile, Reason: r.Reason, Filter: r.Filter},
	}
}

// take leases the file that has waited longest and removes what a dead worker left of it; nil when there is none. SKIP
// LOCKED: replicas do not wait for one another.
func (s *Store) take(ctx context.Context) (r *Record, err error) {
	err = s.DB.InTx(ctx, func(tx pgx.Tx) error {
		r = nil
		rows, err := tx.Query(ctx, `
			UPDATE export
			   SET state = 'running', attempt = attempt + 1, lease_until = clock_timestamp() + $1, row_count = 0
			 WHERE id = (SELECT id
			               FROM export
			              WHERE state IN ('queued', 'running') AND (lease_until IS NULL OR lease_until < clock_timestamp())
			              ORDER BY started_at, id
			              LIMIT 1
			                FOR UPDATE SKIP LOCKED)
			RETURNING `+recordColumns, lease)
		if err != nil {
			return fmt.Errorf("take an export: %w", err)
		}
		taken, err := pgx.CollectExactlyOneRow(rows, pgx.RowToStructByPos[Record])
		if errors.Is(err, pgx.ErrNoRows) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("take an export: %w", err)
		}
		r = &taken
		return removeChunks(ctx, tx, []uuid.UUID{taken.ID})
	})
	return r, err
}

// tell writes down the progress and renews the lease.
func (s *Store) tell(ctx context.Context, r *Record, done, total int) error {
	tag, err := s.DB.Exec(ctx, `
		UPDATE export
		   SET row_count = $3, row_total = $4, lease_until = clock_timestamp() + $5
		 WHERE id = $1 AND attempt = $2 AND state = 'running'`, r.ID, r.Attempt, done, total, lease)
	if err != nil {
		return fmt.Errorf("renew the lease of export %s: %w", r.ID, err)
	}
	if tag.RowsAffected() == 0 {
		return errLost
	}
	return nil
}

// giveBack lets another try follow a fault. A value that does not open will not open next time either, so that the file
// is given up; a lost lease is another worker's affair.
func (s *Store) giveBack(ctx context.Context, r *Record, f *file, cause error) error {
	if errors.Is(cause, errLost) {
		return nil
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), finishTime)
	defer cancel()
	if errors.Is(cause, vault.ErrSeal) {
		return errors.Join(cause, s.settle(ctx, r, f.entry(s.now(), "export.broken", "a sealed value does not open"), made{}, Failed, 0))
	}
	_, err := s.DB.Exec(ctx, `
		UPDATE export
		   SET state = 'queued', lease_until = clock_timestamp() + $3
		 WHERE id = $1 AND attempt = $2 AND state = 'running'`, r.ID, r.Attempt, retryPause)
	if err != nil {
		return errors.Join(cause, fmt.Errorf("give export %s back: %w", r.ID, err))
	}
	return fmt.Errorf("export %s, try %d: %w", r.ID, r.Attempt, cause)
}

// settle ends the work on a file.
func (s *Store) settle(ctx context.Context, r *Record, e audit.Entry, m made, to State, chunks int) error {
	err := s.DB.InTx(ctx, func(tx pgx.Tx) error {
		at := s.now()
		var finished, expires *time.Time
		if to == Ready {
			until := at.Add(keptFor)
			finished, expires = &at, &until
		} else if err := removeChunks(ctx, tx, []uuid.UUID{r.ID}); err != nil {
			return err
		}
		tag, err := tx.Exec(ctx, `
			UPDATE export
			   SET state = $3, finished_at = $4, expires_at = $5, row_count = $6, row_total = $6, size = $7, digest = $8,
			       content_digest = $9, chunks = $10, lease_until = NULL
			 WHERE id = $1 AND attempt = $2 AND state = 'running'`, r.ID, r.Attempt, to, finished, expires, m.rows, m.size, m.digest,
			m.content, chunks)
		if err != nil {
			return fmt.Errorf("settle export %s: %w", r.ID, err)
		}
		if tag.RowsAffected() == 0 {
			return errLost
		}
		return audit.Record(ctx, tx, e)
	})
	if errors.Is(err, errLost) {
		return nil
	}
	return err
}
