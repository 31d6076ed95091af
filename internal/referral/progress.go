package referral

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
)

// Progress is what the author of a comment is told of its way after moderation. It names units, never members of staff.
type Progress struct {
	Units       []string   // it was handed over to, the lead first; those that gave it back left out
	ReferredAt  *time.Time // first
	DueOn       *time.Time // the latest day by which they reply
	AnsweredAt  *time.Time
	Unit        string
	Outcome     Outcome
	Reason      string
	Answer      string
	ConcludedOn *time.Time // the result of the consultation was published
}

// Progress reads a comment's way. The caller has made sure that it is asked for by the comment's author.
func (s *Store) Progress(ctx context.Context, commentID uuid.UUID) (Progress, error) {
	var p Progress
	err := s.DB.QueryRow(ctx, `
		SELECT ARRAY(SELECT r.unit_name FROM referral r WHERE r.comment_id = c.id AND r.state <> 'returned'
		              GROUP BY r.unit_name ORDER BY bool_or(r.lead) DESC, min(r.referred_at), min(r.id::text) LIMIT 20),
		       (SELECT min(referred_at) FROM referral r WHERE r.comment_id = c.id AND r.state <> 'returned'),
		       (SELECT max(due_on) FROM referral r WHERE r.comment_id = c.id AND r.state <> 'returned'),
		       d.approved_at, COALESCE(d.unit, ''), COALESCE(d.outcome, ''), COALESCE(d.reason, ''), COALESCE(d.answer, ''),
		       k.concluded_on
		  FROM comment c JOIN consultation k ON k.id = c.consultation_id
		  LEFT JOIN disposition d ON d.comment_id = c.id AND d.status = 'approved'
		 WHERE c.id = $1`, commentID).
		Scan(&p.Units, &p.ReferredAt, &p.DueOn, &p.AnsweredAt, &p.Unit, &p.Outcome, &p.Reason, &p.Answer, &p.ConcludedOn)
	if errors.Is(err, pgx.ErrNoRows) {
		return Progress{}, nil
	}
	if err != nil {
		return Progress{}, fmt.Errorf("read the way of comment %s: %w", commentID, err)
	}
	return p, nil
}
