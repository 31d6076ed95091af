package referral

import (
	"context"
	"time"

	"wenji/internal/apperr"
	"wenji/internal/staff"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
)

// PastAnswer is one answer to several comments that is said to have been drafted and approved at moments of the past.
type PastAnswer struct {
	Draft
	IDs         []uuid.UUID
	By, Approve staff.Member // two persons
	DraftedAt   time.Time
	ApprovedAt  time.Time
}

// AnswerPast answers comments as Dispose and Approve do, by the same statements, but at the moments that the answer
// names, in the caller's transaction. Nobody is written to. It is there to make data sets (wenji fill).
func AnswerPast(ctx context.Context, tx pgx.Tx, a PastAnswer) error {
	if !a.By.Can(staff.Answer) || !a.Approve.Can(staff.ApproveAnswers) || a.By.ID == a.Approve.ID {
		return apperr.ErrForbidden
	}
	if err := checkDraft(a.IDs, &a.Draft); err != nil {
		return err
	}
	list, err := lockComments(ctx, tx, a.IDs)
	if err != nil {
		return err
	}
	if err := insertDrafts(ctx, tx, a.By, list, a.Draft, a.DraftedAt); err != nil {
		return err
	}
	return approve(ctx, tx, a.Approve, list, a.ApprovedAt)
}
