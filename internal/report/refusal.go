package report

import (
	"context"
	"fmt"

	"wenji/internal/apperr"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
)

// Refusal says why a part of a report cannot be published, or a consultation not be marked 已反馈. It is an
// apperr.ErrConflict: nothing was changed.
type Refusal struct {
	Why     string // one of the codes below; validate.ReportRefused has the sentence
	Lacking Lacking
}

// Codes of Refusal.
const (
	NotClosed    = "not_closed"    // comments are still taken
	IsWithdrawn  = "withdrawn"     // 已中止
	IsConcluded  = "concluded"     // 已反馈 already
	DraftChanged = "draft_changed" // someone saved another draft since
	NoReceived   = "no_received"   // 收到情况 is not published yet
	NoOutcome    = "no_outcome"    // 采纳情况 is not published yet
	OutcomeStale = "outcome_stale" // numbers have changed since 采纳情况 was published
	Unanswered   = "unanswered"    // comments lack their disposition; see Lacking
)

func (r *Refusal) Error() string { return "report refused: " + r.Why }

// Unwrap makes errors.Is(err, apperr.ErrConflict) true.
func (r *Refusal) Unwrap() error { return apperr.ErrConflict }

// Lacking are comments that are not dealt with: without an approved disposition, or not reviewed.
type Lacking struct {
	Count int
	First []Lack // by number, lackingMost of them
}

// Lack is one such comment.
type Lack struct {
	ID     uuid.UUID
	Number int
}

const lackingMost = 50

// querier is the pool or a transaction.
type querier interface {
	Query(ctx context.Context, sql string, args ...any) (pgx.Rows, error)
}

func lacking(ctx context.Context, q querier, consultationID string) (Lacking, error) {
	rows, err := q.Query(ctx, `
		SELECT c.id, c.number, count(*) OVER ()
		  FROM comment c
		  LEFT JOIN disposition d ON d.comment_id = c.id AND d.status = 'approved'
		 WHERE c.consultation_id = $1
		   AND (d.comment_id IS NULL OR c.state = 'received')
		 ORDER BY c.number
		 LIMIT $2`, consultationID, lackingMost)
	if err != nil {
		return Lacking{}, fmt.Errorf("list what is unanswered of %s: %w", consultationID, err)
	}
	var l Lacking
	l.First, err = pgx.CollectRows(rows, func(row pgx.CollectableRow) (Lack, error) {
		var one Lack
		err := row.Scan(&one.ID, &one.Number, &l.Count)
		return one, err
	})
	if err != nil {
		return Lacking{}, fmt.Errorf("list what is unanswered of %s: %w", consultationID, err)
	}
	return l, nil
}
