package referral

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"wenji/internal/announce"
	"wenji/internal/apperr"
	"wenji/internal/audit"
	"wenji/internal/comment"
	"wenji/internal/notify"
	"wenji/internal/staff"
	"wenji/internal/validate"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
)

// Unfinished tells how many answers an act on several left as they were; the others were approved.
type Unfinished struct {
	Moved int // no longer before an approver, or changed since the person looked
	Own   int // drafted by the approver: another person approves them
}

func (u *Unfinished) Error() string {
	return fmt.Sprintf("approval left %d moved and %d own", u.Moved, u.Own)
}

// Unwrap makes errors.Is(err, apperr.ErrConflict) true.
func (u *Unfinished) Unwrap() error { return apperr.ErrConflict }

// Approve lets answers stand that another member drafted, and tells how many: each becomes the comment's disposition, the public sees it
// where the comment is public, and its author is written to. An answer approved before is kept as replaced. versions are those the
// person saw, in the order of the ids.
//
// For a single id the error says why nothing was done: apperr.ErrForbidden to the drafter, *apperr.Conflict when it moved on or the
// comment waits for moderation again. Of several those are left and counted in *Unfinished.
func (s *Store) Approve(ctx context.Context, by staff.Member, ids []uuid.UUID, versions []int) (done int, err error) {
	if !by.Can(staff.ApproveAnswers) {
		return 0, apperr.ErrForbidden
	}
	if len(ids) == 0 || len(ids) != len(versions) || len(unique(ids)) != len(ids) {
		return 0, invalid("id", validate.NothingChosen)
	}
	at := s.now()
	var left Unfinished
	err = s.DB.InTx(ctx, func(tx pgx.Tx) error {
		list, err := lockComments(ctx, tx, ids)
		if err != nil {
			return err
		}
		var ready []subject
		if ready, left, err = approvable(ctx, tx, by, list, ids, versions, at); err != nil {
			return err
		}
		done = len(ready)
		if err := approve(ctx, tx, by, ready, at); err != nil {
			return err
		}
		return tell(ctx, tx, ready, at)
	})
	switch {
	case err != nil:
		return 0, err
	case left != (Unfinished{}):
		return done, &left
	}
	return done, nil
}

// approvable are those of the comments whose answer by may approve.
func approvable(ctx context.Context, tx pgx.Tx, by staff.Member, list []subject, ids []uuid.UUID, versions []int, at time.Time) (
	ready []subject, left Unfinished, err error) {
	pending, err := pendingDrafters(ctx, tx, ids, versions)
	if err != nil {
		return nil, left, err
	}
	for _, c := range list {
		drafter, ok := pending[c.ID]
		var refused error
		switch {
		case !c.State.Decided():
			refused = &apperr.Conflict{Action: ActUndecided, At: at}
			left.Moved++
		case !ok:
			if refused, err = moved(ctx, tx, c.ID); err != nil {
				return nil, left, err
			}
			left.Moved++
		case drafter == by.ID:
			refused = apperr.ErrForbidden
			left.Own++
		default:
			ready = append(ready, c)
		}
		if refused != nil && len(list) == 1 {
			return nil, left, refused
		}
	}
	return ready, left, nil
}

// pendingDrafters maps the comments whose answer waits for approval in the version seen to the members who drafted it.
func pendingDrafters(ctx context.Context, tx pgx.Tx, ids []uuid.UUID, versions []int) (map[uuid.UUID]uuid.UUID, error) {
	rows, err := tx.Query(ctx, `
		SELECT d.comment_id, COALESCE(d.drafted_by_id, '00000000-0000-0000-0000-000000000000')
		  FROM unnest($1::uuid[], $2::integer[]) AS seen (comment_id, version)
		  JOIN disposition d ON d.comment_id = seen.comment_id AND d.version = seen.version AND d.status = 'submitted'`, ids, versions)
	if err != nil {
		return nil, fmt.Errorf("read answers to approve: %w", err)
	}
	pending := make(map[uuid.UUID]uuid.UUID, len(ids))
	var id, drafter uuid.UUID
	_, err = pgx.ForEachRow(rows, []any{&id, &drafter}, func() error {
		pending[id] = drafter
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("read answers to approve: %w", err)
	}
	return pending, nil
}

// moved tells why an answer is not before an approver in the version seen.
func moved(ctx context.Context, tx pgx.Tx, id uuid.UUID) (refused, err error) {
	latest, err := latestVersions(ctx, tx, []uuid.UUID{id})
	if err != nil {
		return nil, err
	}
	last, ok := latest[id]
	if !ok {
		return apperr.ErrNotFound, nil
	}
	return last.conflict(), nil
}

// approve lets the answers stand; nobody is written to.
func approve(ctx context.Context, tx pgx.Tx, by staff.Member, ready []subject, at time.Time) error {
	if len(ready) == 0 {
		return nil
	}
	ids := make([]uuid.UUID, len(ready))
	entries := make([]audit.Entry, len(ready))
	var consultations []string
	for i, c := range ready {
		ids[i], entries[i] = c.ID, c.entry(by, at, "answer.approve", "")
		if !slices.Contains(consultations, c.ConsultationID) {
			consultations = append(consultations, c.ConsultationID)
		}
	}
	if err := approveVersions(ctx, tx, ids, by.Name, at); err != nil {
		return fmt.Errorf("approve %d answers: %w", len(ids), err)
	}
	if err := audit.RecordAll(ctx, tx, entries); err != nil {
		return err
	}
	return announce.Changed(ctx, tx, consultations...)
}

// approveVersions lets the submitted versions stand instead of those approved before, and counts what became of
// the comments.
func approveVersions(ctx context.Context, tx pgx.Tx, ids []uuid.UUID, by string, at time.Time) error {
	var consultations, outcomes []string
	var changes []int
	steps := []struct {
		change int
		sql    string
		args   []any
	}{
		{-1, `UPDATE disposition SET status = 'replaced' WHERE comment_id = ANY ($1) AND status = 'approved' RETURNING consultation_id, outcome`,
			[]any{ids}},
		{1, `
			UPDATE disposition
			   SET status = 'approved', approved_by = $2, approved_at = $3
			 WHERE comment_id = ANY ($1) AND status = 'submitted'
			RETURNING consultation_id, outcome`, []any{ids, by, at}},
	}
	for _, step := range steps {
		rows, err := tx.Query(ctx, step.sql, step.args...)
		if err != nil {
			return err
		}
		var consultation, outcome string
		_, err = pgx.ForEachRow(rows, []any{&consultation, &outcome}, func() error {
			consultations, outcomes, changes = append(consultations, consultation), append(outcomes, outcome), append(changes, step.change)
			return nil
		})
		if err != nil {
			return err
		}
	}
	if err := keepHandling(ctx, tx, ids...); err != nil {
		return err
	}
	return comment.CountOutcomes(ctx, tx, consultations, outcomes, changes)
}

// tell writes to the authors who gave an e-mail address; the mail leaves after the commit.
func tell(ctx context.Context, tx pgx.Tx, ready []subject, at time.Time) error {
	if len(ready) == 0 {
		return nil
	}
	ids := make([]uuid.UUID, len(ready))
	for i, c := range ready {
		ids[i] = c.ID
	}
	rows, err := tx.Query(ctx, `
		SELECT comment_id
		  FROM personal_data
		 WHERE comment_id = ANY ($1) AND email IS NOT NULL`, ids)
	if err != nil {
		return fmt.Errorf("read who gave an address: %w", err)
	}
	reachable, err := pgx.CollectRows(rows, pgx.RowTo[uuid.UUID])
	if err != nil {
		return fmt.Errorf("read who gave an address: %w", err)
	}
	var messages []notify.Message
	for _, c := range ready {
		if slices.Contains(reachable, c.ID) {
			messages = append(messages, notify.Message{ConsultationID: c.ConsultationID, CommentID: c.ID, Kind: notify.Answered})
		}
	}
	return notify.Enqueue(ctx, tx, at, messages...)
}

// SendBack returns an answer to its drafter with words (2 to 1,000 characters). *apperr.Conflict: it is not before an approver in the
// version the person saw.
func (s *Store) SendBack(ctx context.Context, by staff.Member, id uuid.UUID, version int, why string) error {
	if !by.Can(staff.ApproveAnswers) {
		return apperr.ErrForbidden
	}
	why, problem := words("words", "退回意见", why, 2, reasonMost)
	if problem != nil {
		return &apperr.Invalid{Problems: []apperr.Problem{*problem}}
	}
	at := s.now()
	return s.DB.InTx(ctx, func(tx pgx.Tx) error {
		list, err := lockComments(ctx, tx, []uuid.UUID{id})
		if err != nil {
			return err
		}
		result, err := tx.Exec(ctx, `
			UPDATE disposition
			   SET status = 'returned', returned_by = $3, returned_at = $4, return_words = $5
			 WHERE comment_id = $1 AND version = $2 AND status = 'submitted'`, id, version, by.Name, at, why)
		if err != nil {
			return fmt.Errorf("send back the answer of comment %s: %w", id, err)
		}
		if result.RowsAffected() == 0 {
			refused, err := moved(ctx, tx, id)
			return errors.Join(err, refused)
		}
		return audit.Record(ctx, tx, list[0].entry(by, at, "answer.send_back", "")) // handling stays: it is not open again
	})
}
