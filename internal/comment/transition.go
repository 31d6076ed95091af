package comment

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"wenji/internal/announce"
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
	moved, err := moveRows(ctx, tx, []Change{ch})
	if err != nil {
		return err
	}
	if len(moved) == 0 {
		return faster(ctx, tx, ch)
	}
	if err := Reindex(ctx, tx, ch.ID, moved[0].consultationID); err != nil {
		return err
	}
	return countMoves(ctx, tx, moved)
}

// TransitionNew is Transition for many comments, all of which this very transaction has stored: nobody else can have
// been faster, and the search has not read them yet. It is what data sets are made with (wenji fill). Each moves once.
func TransitionNew(ctx context.Context, tx pgx.Tx, changes []Change) error {
	for _, ch := range changes {
		if !ch.From.CanBecome(ch.To) {
			return fmt.Errorf("comment %s: no step from %s to %s: %w", ch.ID, ch.From, ch.To, apperr.ErrConflict)
		}
	}
	moved, err := moveRows(ctx, tx, changes)
	if err != nil {
		return err
	}
	if len(moved) != len(changes) {
		return fmt.Errorf("%d of %d new comments moved: %w", len(moved), len(changes), apperr.ErrConflict)
	}
	return countMoves(ctx, tx, moved)
}

// move is a step that was made.
type move struct {
	consultationID string
	clauses        []uuid.UUID
	handling       Handling
	from, to       State
	decidedAt      *time.Time // of this decision; nil: of an undoing
	undoneAt       *time.Time // of the decision of a person that is taken back; nil: of none
}

// moveRows makes the steps. One statement decides which of several people was first: a step that is missing from the
// result was not made.
func moveRows(ctx context.Context, tx pgx.Tx, changes []Change) ([]move, error) {
	n := len(changes)
	ids, members, versions := make([][16]byte, n), make([][16]byte, n), make([]int, n)
	from, to, by, reasons := make([]State, n), make([]State, n), make([]string, n), make([]string, n)
	titles, bodies := make([]*string, n), make([]*string, n)
	at, publishedAt, decidedAt := make([]time.Time, n), make([]*time.Time, n), make([]*time.Time, n)
	for i := range changes {
		ch := &changes[i]
		ids[i], members[i], versions[i], from[i], to[i], at[i] = ch.ID, ch.Member, ch.Version, ch.From, ch.To, ch.At
		if ch.To.Decided() {
			decidedAt[i], by[i], reasons[i] = &ch.At, ch.By, ch.Reason
		}
		if ch.To == Published {
			titles[i], bodies[i], publishedAt[i] = &ch.Published.Title, &ch.Published.Body, &ch.At
		}
	}
	rows, err := tx.Query(ctx, `
		UPDATE comment c
		   SET state = m.goes, version = c.version + 1,
		       public_title = m.title, public_body = m.body, published_at = m.published_at,
		       decided_at = m.decided_at, decided_by = m.decided_by, decision_reason = m.reason,
		       claimed_by = NULL, claimed_name = '', claimed_until = NULL
		  FROM unnest($1::uuid[], $2::text[], $3::int[], $4::text[], $5::text[], $6::text[], $7::timestamptz[],
		              $8::timestamptz[], $9::text[], $10::text[], $11::uuid[], $12::timestamptz[])
		    AS m (id, was, version, goes, title, body, published_at, decided_at, decided_by, reason, member, at)
		  JOIN comment o ON o.id = m.id -- as it was
		 WHERE c.id = m.id AND c.state = m.was AND c.version = m.version
		   AND (c.claimed_by IS NULL OR c.claimed_by = m.member OR c.claimed_until <= m.at)
		RETURNING c.consultation_id, c.clause_ids, c.handling, m.was, m.goes, m.decided_at,
		          CASE WHEN o.decided_by <> '' THEN o.decided_at END`,
		ids, from, versions, to, titles, bodies, publishedAt, decidedAt, by, reasons, members, at)
	if err != nil {
		return nil, fmt.Errorf("move %d comments: %w", n, err)
	}
	moved, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (m move, err error) {
		return m, row.Scan(&m.consultationID, &m.clauses, &m.handling, &m.from, &m.to, &m.decidedAt, &m.undoneAt)
	})
	if err != nil {
		return nil, fmt.Errorf("move %d comments: %w", n, err)
	}
	return moved, nil
}

// countMoves keeps the totals in step, and tells the page caches of all replicas once tx commits.
func countMoves(ctx context.Context, tx pgx.Tx, moved []move) error {
	states, clauses := make(map[string]map[State]int), make(map[string]map[uuid.UUID]int)
	handled, answered := make(map[string]int), make(map[string]int)
	days := make(map[string]decisions)
	for _, m := range moved {
		if states[m.consultationID] == nil {
			states[m.consultationID], clauses[m.consultationID] = make(map[State]int), make(map[uuid.UUID]int)
			days[m.consultationID] = make(decisions)
		}
		days[m.consultationID].add(m)
		states[m.consultationID][m.from]--
		states[m.consultationID][m.to]++
		if m.handling > Untouched {
			handled[m.consultationID] += referable(m.to) - referable(m.from)
		}
		change := 0
		if m.to == Published {
			change = 1
		} else if m.from == Published {
			change = -1
		}
		if m.handling == Answered {
			answered[m.consultationID] += change
		}
		slices.SortFunc(m.clauses, compareIDs)
		for _, id := range slices.Compact(m.clauses) {
			clauses[m.consultationID][id] += change
		}
	}
	consultations := slices.Sorted(maps.Keys(states))
	for _, id := range consultations {
		if err := count(ctx, tx, id, states[id], handled[id], answered[id], days[id]); err != nil {
			return err
		}
		if err := countClauses(ctx, tx, id, clauses[id]); err != nil {
			return err
		}
	}
	return announce.Changed(ctx, tx, consultations...)
}

func compareIDs(a, b uuid.UUID) int { return bytes.Compare(a[:], b[:]) }

// referable is 1 for the states in which a comment is handed over and answered.
func referable(s State) int {
	if s == Published || s == Withheld {
		return 1
	}
	return 0
}

// count moves comments between the totals of their consultation.
func count(ctx context.Context, tx pgx.Tx, consultationID string, change map[State]int, handled, answered int, days decisions) error {
	day, decided := days.latest()
	done, err := tx.Exec(ctx, `
		UPDATE comment_count
		   SET received = received + $2, published = published + $3, withheld = withheld + $4, declined = declined + $5,
		       handled = handled + $6, answered = answered + $7,
		       decided_on = CASE WHEN $9 > 0 THEN greatest(decided_on, $8::date) ELSE decided_on END,
		       decided = CASE WHEN decided_on = $8::date THEN decided + $9 WHEN decided_on < $8::date AND $9 > 0 THEN $9 ELSE decided END
		 WHERE consultation_id = $1`,
		consultationID, change[Received], change[Published], change[Withheld], change[Declined], handled, answered, day, decided)
	if err != nil {
		return fmt.Errorf("count comments of %s: %w", consultationID, err)
	}
	if done.RowsAffected() != 1 {
		return fmt.Errorf("count comments of %s: no row in comment_count", consultationID)
	}
	return nil
}

// countClauses adds published comments to, or takes them from, the totals of the clauses they are about.
func countClauses(ctx context.Context, tx pgx.Tx, consultationID string, changes map[uuid.UUID]int) error {
	var ids [][16]byte
	var counts []int
	for id, change := range changes {
		if change != 0 {
			ids, counts = append(ids, id), append(counts, change)
		}
	}
	if len(ids) == 0 {
		return nil
	}
	_, err := tx.Exec(ctx, `
		INSERT INTO clause_count AS n (consultation_id, clause_id, published)
		SELECT $1, clause_id, change
		  FROM unnest($2::uuid[], $3::integer[]) AS u (clause_id, change)
		 ORDER BY clause_id
		ON CONFLICT (consultation_id, clause_id) DO UPDATE SET published = n.published + excluded.published`,
		consultationID, ids, counts)
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
