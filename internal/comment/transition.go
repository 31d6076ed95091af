package comment

import (
	"context"
	"errors"
	"fmt"
	"time"

	"wenji/internal/apperr"
	"wenji/internal/postgres"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
)

// ClaimLease is how long a claimed comment is kept for the person who claimed it.
const ClaimLease = 15 * time.Minute

// Acts as apperr.Conflict names them.
const (
	ActPublish  = "publish"
	ActWithhold = "withhold"
	ActDecline  = "decline"
	ActUndo     = "undo"
	ActClaim    = "claimed" // not decided yet, but kept for someone else
	ActRule     = "rule"    // published by rule, by nobody
)

// Change is one step of a comment from one state to another.
type Change struct {
	ID        uuid.UUID
	From, To  State
	Version   int       // the version the person saw
	Member    uuid.UUID // who acts: may decide a comment kept for this member
	By        string    // display name of who acts
	Reason    string    // code, see validate.ReasonText; empty when publishing or undoing
	At        time.Time
	Published Copy // what the public sees; used only when To is Published
}

// Copy is the wording of a comment that the public sees.
type Copy struct {
	Title string
	Body  string
}

// Transition moves one comment from a state to another, in tx, and keeps comment_count and clause_count in step. It
// ends the comment's claim and tells the page caches of all replicas once tx commits. Moving back to Received takes
// away the public copy and the marks of the decision.
//
// When the comment is no longer in state From at that Version, or is kept for another member, nothing changes and the
// error is *apperr.Conflict with who was faster; By is empty where that is not written on the comment itself, as after
// an undo. apperr.ErrNotFound: there is no such comment.
//
// Locks are taken in the order comment, comment_count, clause_count, which is also the order of Submit: steps of
// different comments wait for each other and never deadlock.
func Transition(ctx context.Context, tx pgx.Tx, ch Change) error {
	if !ch.From.CanBecome(ch.To) {
		return fmt.Errorf("comment %s: no step from %s to %s: %w", ch.ID, ch.From, ch.To, apperr.ErrConflict)
	}
	consultationID, clauses, err := moveRow(ctx, tx, ch)
	if errors.Is(err, pgx.ErrNoRows) {
		return faster(ctx, tx, ch)
	}
	if err != nil {
		return fmt.Errorf("move comment %s to %s: %w", ch.ID, ch.To, err)
	}
	if err := Reindex(ctx, tx, ch.ID, consultationID); err != nil {
		return err
	}
	if err := count(ctx, tx, consultationID, ch.From, ch.To); err != nil {
		return err
	}
	if err := countClauses(ctx, tx, consultationID, clauses, ch.From, ch.To); err != nil {
		return err
	}
	if _, err := tx.Exec(ctx, `SELECT pg_notify('wenji_changed', $1)`, consultationID); err != nil {
		return fmt.Errorf("announce a change of %s: %w", consultationID, err)
	}
	return nil
}

// moveRow is the step itself. One statement decides which of several people was first.
func moveRow(ctx context.Context, tx pgx.Tx, ch Change) (consultationID string, clauses []uuid.UUID, err error) {
	var title, body *string
	var publishedAt, decidedAt *time.Time
	by, reason := "", ""
	if ch.To.Decided() {
		decidedAt, by, reason = &ch.At, ch.By, ch.Reason
	}
	if ch.To == Published {
		title, body, publishedAt = &ch.Published.Title, &ch.Published.Body, &ch.At
	}
	err = tx.QueryRow(ctx, `
		UPDATE comment
		   SET state = $4, version = version + 1,
		       public_title = $5, public_body = $6, published_at = $7,
		       decided_at = $8, decided_by = $9, decision_reason = $10,
		       claimed_by = NULL, claimed_name = '', claimed_until = NULL
		 WHERE id = $1 AND state = $2 AND version = $3
		   AND (claimed_by IS NULL OR claimed_by = $11 OR claimed_until <= $12)
		RETURNING consultation_id, clause_ids`,
		ch.ID, ch.From, ch.Version, ch.To, title, body, publishedAt, decidedAt, by, reason, ch.Member, ch.At).
		Scan(&consultationID, &clauses)
	return consultationID, clauses, err
}

// count moves one comment between the totals of its consultation.
func count(ctx context.Context, tx pgx.Tx, consultationID string, from, to State) error {
	change := map[State]int{from: -1, to: 1}
	done, err := tx.Exec(ctx, `
		UPDATE comment_count
		   SET received = received + $2, published = published + $3, withheld = withheld + $4, declined = declined + $5
		 WHERE consultation_id = $1`,
		consultationID, change[Received], change[Published], change[Withheld], change[Declined])
	if err != nil {
		return fmt.Errorf("count comments of %s: %w", consultationID, err)
	}
	if done.RowsAffected() != 1 {
		return fmt.Errorf("count comments of %s: no row in comment_count", consultationID)
	}
	return nil
}

// countClauses adds a published comment to, or takes it from, the totals of the clauses it is about.
func countClauses(ctx context.Context, tx pgx.Tx, consultationID string, clauses []uuid.UUID, from, to State) error {
	change := 0
	if to == Published {
		change = 1
	} else if from == Published {
		change = -1
	}
	if change == 0 || len(clauses) == 0 {
		return nil
	}
	_, err := tx.Exec(ctx, `
		INSERT INTO clause_count AS n (consultation_id, clause_id, published)
		SELECT DISTINCT $1, clause_id, $3::integer
		  FROM unnest($2::uuid[]) AS clause_id
		 ORDER BY clause_id
		ON CONFLICT (consultation_id, clause_id) DO UPDATE SET published = n.published + excluded.published`,
		consultationID, clauses, change)
	if err != nil {
		return fmt.Errorf("count clauses of %s: %w", consultationID, err)
	}
	return nil
}

// faster tells why a step found nothing to move.
func faster(ctx context.Context, tx pgx.Tx, ch Change) error {
	var (
		state        State
		version      int
		by, holder   string
		decidedAt    *time.Time
		publishedAt  *time.Time
		claimedUntil *time.Time
	)
	err := tx.QueryRow(ctx, `
		SELECT state, version, decided_by, decided_at, published_at, claimed_name, claimed_until
		  FROM comment
		 WHERE id = $1`, ch.ID).
		Scan(&state, &version, &by, &decidedAt, &publishedAt, &holder, &claimedUntil)
	if errors.Is(err, pgx.ErrNoRows) {
		return apperr.ErrNotFound
	}
	if err != nil {
		return fmt.Errorf("read comment %s: %w", ch.ID, err)
	}
	if state == ch.From && version == ch.Version && claimedUntil != nil {
		return &apperr.Conflict{By: holder, Action: ActClaim, At: claimedUntil.Add(-ClaimLease)}
	}
	conflict := &apperr.Conflict{By: by, Action: actOf(state)}
	switch {
	case state == Published && by == "":
		conflict.Action, conflict.At = ActRule, *publishedAt
	case decidedAt != nil:
		conflict.At = *decidedAt
	}
	return conflict
}

// actOf names the act that brings a comment into a state it was not in when the person looked.
func actOf(s State) string {
	switch s {
	case Published:
		return ActPublish
	case Withheld:
		return ActWithhold
	case Declined:
		return ActDecline
	default:
		return ActUndo
	}
}

// ClaimNext keeps one waiting comment for a member until at + ClaimLease and returns its id: the one already kept for
// this member, else the one that has waited longest of those kept for nobody. Any number of people may call it at once;
// none waits for another, and no two get the same. An empty consultationID means all. apperr.ErrNotFound: nothing
// waits. A claim is a courtesy that ends by itself, so it has no entry in the record; the decision that follows has.
func ClaimNext(ctx context.Context, db *postgres.DB, consultationID string, member uuid.UUID, name string,
	at time.Time) (uuid.UUID, error) {
	query, args := claimOfAll, []any{member, name, at, at.Add(ClaimLease)}
	if consultationID != "" {
		query, args = claimOfOne, append(args, consultationID)
	}
	for {
		var own, taken *uuid.UUID
		if err := db.QueryRow(ctx, query, args...).Scan(&own, &taken); err != nil {
			return uuid.Nil, fmt.Errorf("claim a comment: %w", err)
		}
		switch {
		case taken != nil:
			return *taken, nil
		case own == nil:
			return uuid.Nil, apperr.ErrNotFound
		}
		// The member decided the own one in another window a moment before: look again.
	}
}

// One statement finds and takes, so a claim needs no transaction of several steps. SKIP LOCKED: what another claimer
// is about to take is passed over.
const (
	claimOfAll = claimOwn + claimOwnEnd + claimFree + claimFreeEnd
	claimOfOne = claimOwn + ` AND consultation_id = $5` + claimOwnEnd +
		claimFree + ` AND consultation_id = $5` + claimFreeEnd

	claimOwn = `
WITH own AS MATERIALIZED (
  SELECT id
    FROM comment
   WHERE claimed_by = $1 AND claimed_until > $3 AND state = 'received'`
	claimOwnEnd = `
   ORDER BY received_at, id
   LIMIT 1
), free AS MATERIALIZED (`
	claimFree = `
  SELECT id
    FROM comment
   WHERE NOT EXISTS (SELECT FROM own)
     AND state = 'received' AND (claimed_until IS NULL OR claimed_until <= $3)`
	claimFreeEnd = `
   ORDER BY received_at, id
   LIMIT 1
     FOR UPDATE SKIP LOCKED
), taken AS (
  UPDATE comment
     SET claimed_by = $1, claimed_name = $2, claimed_until = $4
   WHERE id = COALESCE((SELECT id FROM own), (SELECT id FROM free))
     AND state = 'received' AND (claimed_until IS NULL OR claimed_until <= $3 OR claimed_by = $1)
  RETURNING id
)
SELECT (SELECT id FROM own), (SELECT id FROM taken)`
)

// ReleaseClaim ends a member's own claim; it changes nothing when the comment is not kept for this member.
func ReleaseClaim(ctx context.Context, db *postgres.DB, id, member uuid.UUID) error {
	_, err := db.Exec(ctx, `
		UPDATE comment
		   SET claimed_by = NULL, claimed_name = '', claimed_until = NULL
		 WHERE id = $1 AND claimed_by = $2`, id, member)
	if err != nil {
		return fmt.Errorf("release comment %s: %w", id, err)
	}
	return nil
}
