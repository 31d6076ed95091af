package moderation

import (
	"context"

	"wenji/internal/apperr"
	"wenji/internal/comment"
	"wenji/internal/staff"

	"github.com/google/uuid"
)

// Claim keeps the next waiting comment for the member, for comment.ClaimLease, and returns its id: see
// comment.ClaimNext. An empty consultationID means all. apperr.ErrNotFound: nothing waits.
func (s *Store) Claim(ctx context.Context, by staff.Member, consultationID string) (uuid.UUID, error) {
	if !by.Can(staff.Decide) {
		return uuid.Nil, apperr.ErrForbidden
	}
	return comment.ClaimNext(ctx, s.DB, consultationID, by.ID, by.Name, s.now())
}

// Release gives a claimed comment back to the queue. It does nothing when the comment is not kept for the member.
func (s *Store) Release(ctx context.Context, by staff.Member, id uuid.UUID) error {
	if !by.Can(staff.Decide) {
		return apperr.ErrForbidden
	}
	return comment.ReleaseClaim(ctx, s.DB, id, by.ID)
}
