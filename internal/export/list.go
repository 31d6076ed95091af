package export

import (
	"context"
	"fmt"
	"time"

	"wenji/internal/apperr"
	"wenji/internal/staff"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
)

// Record is one export. A file that was not written to its end has no FinishedAt.
type Record struct {
	ID             uuid.UUID
	ConsultationID string
	MemberID       *uuid.UUID // nil: made before files were kept, or at the command line
	Member         string
	MemberRole     string
	Profile        string
	Format         string
	Reason         string
	Filter         Filter
	State          State
	StartedAt      time.Time
	FinishedAt     *time.Time
	Rows           *int // written so far; nil when not even a part was
	RowTotal       *int // comments the file will have; nil before it is begun
	DecidedBy      string
	DecidedAt      *time.Time
	DecisionNote   string
	Size           *int64
	Digest         []byte // SHA-256 of the file
	ContentDigest  []byte // SHA-256 of its content, which its end repeats
	ExpiresAt      *time.Time
	Attempt        int
	Chunks         int
}

const recordColumns = `id, consultation_id, member_id, member_name, member_role, profile, format, reason, filter, state, started_at, finished_at,
	row_count, row_total, decided_by, decided_at, decision_note, size, digest, content_digest, expires_at, attempt, chunks`

// StateAt is the state at a moment: a file that has outlived its time counts as gone before it is.
func (r Record) StateAt(at time.Time) State {
	if (r.State == Ready || r.State == Waiting) && r.ExpiresAt != nil && !at.Before(*r.ExpiresAt) {
		return Expired
	}
	return r.State
}

// MadeBy tells whether the member asked for the export.
func (r Record) MadeBy(m staff.Member) bool { return r.MemberID != nil && *r.MemberID == m.ID }

// List returns the latest exports, newest first; limit is at most 200.
func (s *Store) List(ctx context.Context, by staff.Member, limit int) ([]Record, error) {
	if !by.Can(staff.Export) {
		return nil, apperr.ErrForbidden
	}
	rows, err := s.DB.Query(ctx, `
		SELECT `+recordColumns+`
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

// Export returns one export, or apperr.ErrNotFound.
func (s *Store) Export(ctx context.Context, by staff.Member, id uuid.UUID) (r Record, err error) {
	if !by.Can(staff.Export) {
		return Record{}, apperr.ErrForbidden
	}
	err = s.DB.InSnapshot(ctx, func(tx pgx.Tx) error {
		r, err = one(ctx, tx, id, "")
		return err
	})
	return r, err
}
