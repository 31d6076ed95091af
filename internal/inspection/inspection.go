// Package inspection lets the 审计员 read the record, take a copy of it, and have its hash chain verified.
package inspection

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"wenji/internal/apperr"
	"wenji/internal/audit"
	"wenji/internal/postgres"
	"wenji/internal/staff"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
)

// Store reads the record. Slow is a pool without a statement time-out, for verifying a large record.
type Store struct {
	DB   *postgres.DB
	Slow *postgres.DB
	Key  []byte // vault.KeyRing.AuditKey
	Now  func() time.Time
	Log  *slog.Logger // nil: no warnings
}

const (
	pageRows   = 50
	exportRows = 10000
	batchRows  = 1000
	checkEvery = 2 * time.Second
	// checkMost is how long a check may run; one that was begun longer ago died with its process and is begun again.
	checkMost = 15 * time.Minute
)

// Page is a page of the record with the choices of its filter.
type Page struct {
	Entries []audit.Entry
	Next    audit.Cursor // zero on the last page
	Actors  []string
	Actions []string
	Check   *Check // the latest verification; nil when there was none
}

// Check is one verification of the record.
type Check struct {
	RequestedAt time.Time
	RequestedBy string
	FinishedAt  *time.Time // nil while it waits or runs
	Entries     int
	Sealed      int
	Waiting     int
	Broken      string // one of audit.Changed …; "" when the record is sound
	Position    int64  // where it is broken
}

// Read returns a page of the record, the latest entry first. apperr.ErrForbidden.
func (s *Store) Read(ctx context.Context, by staff.Member, f audit.Filter) (Page, error) {
	if !by.Can(staff.ReadAudit) {
		return Page{}, apperr.ErrForbidden
	}
	f.Limit = pageRows + 1
	var p Page
	err := s.DB.InSnapshot(ctx, func(tx pgx.Tx) (err error) {
		if p.Entries, err = audit.Read(ctx, tx, f); err != nil {
			return err
		}
		if p.Actors, err = audit.Actors(ctx, tx); err != nil {
			return err
		}
		if p.Actions, err = audit.Actions(ctx, tx); err != nil {
			return err
		}
		p.Check, err = latestCheck(ctx, tx)
		return err
	})
	if err != nil {
		return Page{}, err
	}
	if len(p.Entries) > pageRows {
		p.Entries = p.Entries[:pageRows]
		last := p.Entries[pageRows-1]
		p.Next = audit.Cursor{At: last.At, ID: last.ID}
	}
	return p, nil
}

// Export passes up to 10,000 entries to row, the latest first, from one instant; that it was asked for is recorded
// before the first. more tells that there would have been others. apperr.ErrForbidden.
func (s *Store) Export(ctx context.Context, by staff.Member, f audit.Filter, row func(audit.Entry) error) (more bool, err error) {
	if !by.Can(staff.ReadAudit) {
		return false, apperr.ErrForbidden
	}
	err = s.DB.InTx(ctx, func(tx pgx.Tx) error {
		return audit.Record(ctx, tx, s.entry(by.Signature(), string(by.Role), "audit.export", f))
	})
	if err != nil {
		return false, err
	}
	err = s.Slow.InSnapshot(ctx, func(tx pgx.Tx) error {
		f.After = audit.Cursor{}
		for n := 0; n < exportRows; n += batchRows {
			f.Limit = batchRows
			entries, err := audit.Read(ctx, tx, f)
			if err != nil {
				return err
			}
			for _, e := range entries {
				if err := row(e); err != nil {
					return err
				}
				f.After = audit.Cursor{At: e.At, ID: e.ID}
			}
			if more = len(entries) == batchRows; !more {
				return nil
			}
		}
		return nil
	})
	return more, err
}

func (s *Store) entry(actor, role, action string, f audit.Filter) audit.Entry {
	return audit.Entry{
		At: s.Now().Truncate(time.Microsecond), Actor: actor, Role: role, Action: action, ConsultationID: f.ConsultationID,
	}
}

func latestCheck(ctx context.Context, tx pgx.Tx) (*Check, error) {
	rows, err := tx.Query(ctx, `
		SELECT requested_at, requested_by, finished_at, entries, sealed, waiting, broken, position
		  FROM audit_check
		 ORDER BY requested_at DESC, id
		 LIMIT 1`)
	if err != nil {
		return nil, fmt.Errorf("read the latest verification: %w", err)
	}
	c, err := pgx.CollectExactlyOneRow(rows, pgx.RowToAddrOfStructByPos[Check])
	if errors.Is(err, pgx.ErrNoRows) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read the latest verification: %w", err)
	}
	return c, nil
}

// RequestCheck asks for a verification, which Run carries out. While one waits or runs, asking again changes nothing.
func (s *Store) RequestCheck(ctx context.Context, by staff.Member) error {
	if !by.Can(staff.ReadAudit) {
		return apperr.ErrForbidden
	}
	id, err := uuid.NewV7()
	if err != nil {
		return fmt.Errorf("ask for a verification: %w", err)
	}
	return s.DB.InTx(ctx, func(tx pgx.Tx) error {
		if _, err := tx.Exec(ctx, `SELECT pg_advisory_xact_lock(hashtext('wenji/inspection'))`); err != nil {
			return fmt.Errorf("wait to ask for a verification: %w", err)
		}
		e := s.entry(by.Signature(), string(by.Role), "audit.verify", audit.Filter{})
		done, err := tx.Exec(ctx, `
			INSERT INTO audit_check (id, requested_at, requested_by)
			SELECT $1, $2, $3
			 WHERE NOT EXISTS (SELECT FROM audit_check WHERE finished_at IS NULL)`, id, e.At, e.Actor)
		if err != nil {
			return fmt.Errorf("ask for a verification: %w", err)
		}
		if done.RowsAffected() == 0 {
			return nil
		}
		return audit.Record(ctx, tx, e)
	})
}

// Run carries out verifications that were asked for, until ctx ends. Every replica runs one; they take turns.
func (s *Store) Run(ctx context.Context) {
	tick := time.NewTicker(checkEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
			if _, err := s.CheckOnce(ctx); err != nil && ctx.Err() == nil && s.Log != nil {
				s.Log.Warn("verifying the record failed", "unavailable", postgres.Unavailable(err))
			}
		}
	}
}

// CheckOnce carries out one verification if one was asked for, and tells whether it did.
func (s *Store) CheckOnce(ctx context.Context) (bool, error) {
	now := s.Now().Truncate(time.Microsecond)
	var id uuid.UUID
	err := s.DB.QueryRow(ctx, `
		UPDATE audit_check
		   SET started_at = $1
		 WHERE id = (SELECT id
		               FROM audit_check
		              WHERE finished_at IS NULL AND (started_at IS NULL OR started_at < $2)
		              ORDER BY requested_at
		              LIMIT 1
		                FOR UPDATE SKIP LOCKED)
		RETURNING id`, now, now.Add(-checkMost)).Scan(&id)
	if errors.Is(err, pgx.ErrNoRows) {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("take a verification: %w", err)
	}
	ctx, cancel := context.WithTimeout(ctx, checkMost)
	defer cancel()
	r, err := audit.Verify(ctx, s.Slow, s.Key)
	if err != nil {
		return false, err
	}
	var broken audit.Break
	if r.Broken != nil {
		broken = *r.Broken
		if s.Log != nil {
			s.Log.Error("the audit record is not what was sealed", "position", broken.Position, "what", broken.What)
		}
	}
	_, err = s.DB.Exec(ctx, `
		UPDATE audit_check
		   SET finished_at = $2, entries = $3, sealed = $4, waiting = $5, anchor = $6, broken = $7, position = $8
		 WHERE id = $1`, id, s.Now().Truncate(time.Microsecond), r.Entries, r.Sealed, r.Waiting, r.End.String(), broken.What, broken.Position)
	if err != nil {
		return false, fmt.Errorf("keep a verification: %w", err)
	}
	return true, nil
}
