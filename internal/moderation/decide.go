package moderation

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"time"
	"unicode/utf8"

	"wenji/internal/apperr"
	"wenji/internal/audit"
	"wenji/internal/comment"
	"wenji/internal/similar"
	"wenji/internal/staff"
	"wenji/internal/validate"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
)

// Decision is what a person decides about one waiting comment.
type Decision struct {
	CommentID uuid.UUID
	Version   int            // the version the person saw
	Action    string         // Publish, Withhold or Decline
	Reason    string         // code, for Withhold and Decline; see validate.Reasons
	Note      string         // needed for ReasonOther; kept with the decision, not shown to the public
	Spans     []comment.Span // what Publish hides from the public copy
}

// decided is a move on its way into the tables.
type decided struct {
	comment.Change
	action string
	note   string
	spans  []comment.Span
}

// Decide publishes, withholds or declines a comment. The citizen's words stay as they are; the public copy has the
// spans replaced. Forms that cannot be right are *apperr.Invalid; a comment that someone else decided since the person
// looked, or that is kept for someone else, is *apperr.Conflict with who and when.
func (s *Store) Decide(ctx context.Context, by staff.Member, d Decision) error {
	if !by.Can(staff.Decide) {
		return apperr.ErrForbidden
	}
	move, err := s.check(by, d)
	if err != nil {
		return err
	}
	return s.DB.InTx(ctx, func(tx pgx.Tx) error {
		t, err := readTarget(ctx, tx, d.CommentID)
		if err != nil {
			return err
		}
		return s.decide(ctx, tx, by, t, move)
	})
}

// check looks at all of a decision that does not depend on the comment.
func (s *Store) check(by staff.Member, d Decision) (decided, error) {
	to := map[string]comment.State{Publish: comment.Published, Withhold: comment.Withheld, Decline: comment.Declined}[d.Action]
	if to == "" {
		return decided{}, invalid("action", validate.NothingChosen)
	}
	note, err := cleanNote(d.Note)
	if err != nil {
		return decided{}, err
	}
	reason := ""
	if to != comment.Published {
		switch reason = d.Reason; {
		case validate.ReasonText(reason) == "":
			return decided{}, invalid("reason", validate.ReasonMissing)
		case reason == ReasonOther && note == "":
			return decided{}, invalid("note", validate.ReasonWords)
		}
	}
	move := decided{action: d.Action, note: note, Change: comment.Change{
		ID: d.CommentID, From: comment.Received, To: to, Version: d.Version,
		Member: by.ID, By: by.Name, Reason: reason, At: s.now(),
	}}
	if to == comment.Published {
		move.spans = slices.Clone(d.Spans)
	}
	return move, nil
}

// decide makes the move and what belongs to it.
func (s *Store) decide(ctx context.Context, tx pgx.Tx, by staff.Member, t target, move decided) error {
	detail, err := move.finish(t)
	if err != nil {
		return err
	}
	if err := comment.Transition(ctx, tx, move.Change); err != nil {
		return nameWinner(ctx, tx, move.ID, err)
	}
	if err := similar.Moved(ctx, tx, move.ID, move.To == comment.Received); err != nil {
		return err
	}
	if err := insertDecisions(ctx, tx, []target{t}, []decided{move}); err != nil {
		return err
	}
	return audit.Record(ctx, tx, t.entry(by, move.At, move.action, detail))
}

// finish checks what depends on the comment, makes the public copy, and tells what the record says of the move.
func (move *decided) finish(t target) (detail string, err error) {
	if move.To != comment.Published {
		return move.Reason, nil
	}
	if err := checkSpans(t, move.spans); err != nil {
		return "", err
	}
	move.Published = comment.Copy{
		Title: comment.PublicCopy(t.title, "title", move.spans),
		Body:  comment.PublicCopy(t.body, "body", move.spans),
	}
	if len(move.spans) > 0 {
		return "hidden spans: " + strconv.Itoa(len(move.spans)), nil
	}
	return "", nil
}

// insertDecisions keeps moves, each under the version it led to, with the spans it hid. targets go with moves.
func insertDecisions(ctx context.Context, tx pgx.Tx, targets []target, moves []decided) error {
	n := len(moves)
	ids, comments, members := make([][16]byte, n), make([][16]byte, n), make([][16]byte, n)
	consultations, actions, reasons, notes, names := make([]string, n), make([]string, n), make([]string, n), make([]string, n), make([]string, n)
	from, to := make([]comment.State, n), make([]comment.State, n)
	versions, times := make([]int, n), make([]time.Time, n)
	var hidden spanRows
	for i, move := range moves {
		id, err := uuid.NewV7()
		if err != nil {
			return fmt.Errorf("decide comment %s: %w", move.ID, err)
		}
		ids[i], comments[i], members[i], consultations[i] = id, move.ID, move.Member, targets[i].consultationID
		actions[i], from[i], to[i], versions[i] = move.action, move.From, move.To, move.Version+1
		reasons[i], notes[i], names[i], times[i] = move.Reason, move.note, move.By, move.At
		for _, span := range move.spans {
			hidden.add(id, targets[i].consultationID, move.ID, span)
		}
	}
	_, err := tx.Exec(ctx, `
		INSERT INTO decision (id, consultation_id, comment_id, action, from_state, to_state, version, reason, note,
		                      member_id, member_name, decided_at)
		SELECT * FROM unnest($1::uuid[], $2::text[], $3::uuid[], $4::text[], $5::text[], $6::text[], $7::integer[], $8::text[],
		                     $9::text[], $10::uuid[], $11::text[], $12::timestamptz[])`,
		ids, consultations, comments, actions, from, to, versions, reasons, notes, members, names, times)
	if err != nil {
		return fmt.Errorf("keep %d decisions: %w", n, err)
	}
	return hidden.insert(ctx, tx)
}

// spanRows are hidden spans on their way into table redaction.
type spanRows struct {
	decisions, comments          [][16]byte
	consultations, fields, kinds []string
	starts, ends                 []int
}

func (r *spanRows) add(decision uuid.UUID, consultationID string, commentID uuid.UUID, span comment.Span) {
	r.decisions, r.comments = append(r.decisions, decision), append(r.comments, commentID)
	r.consultations, r.fields = append(r.consultations, consultationID), append(r.fields, span.Field)
	r.starts, r.ends = append(r.starts, span.Start), append(r.ends, span.End)
	r.kinds = append(r.kinds, string(span.Kind))
}

func (r *spanRows) insert(ctx context.Context, tx pgx.Tx) error {
	if len(r.decisions) == 0 {
		return nil
	}
	_, err := tx.Exec(ctx, `
		INSERT INTO redaction (decision_id, consultation_id, comment_id, field, span_start, span_end, reason)
		SELECT * FROM unnest($1::uuid[], $2::text[], $3::uuid[], $4::text[], $5::integer[], $6::integer[], $7::text[])`,
		r.decisions, r.consultations, r.comments, r.fields, r.starts, r.ends, r.kinds)
	if err != nil {
		return fmt.Errorf("keep %d hidden spans: %w", len(r.decisions), err)
	}
	return nil
}

const spansMost = 500

// checkSpans refuses spans outside the text, overlapping, of an unknown field or kind, and sorts them.
func checkSpans(t target, spans []comment.Span) error {
	wrong := invalid("spans", validate.SpanWrong)
	if len(spans) > spansMost {
		return wrong
	}
	slices.SortFunc(spans, func(a, b comment.Span) int {
		return cmp.Or(cmp.Compare(a.Field, b.Field), cmp.Compare(a.Start, b.Start))
	})
	length := map[string]int{"title": utf8.RuneCountInString(t.title), "body": utf8.RuneCountInString(t.body)}
	for i, span := range spans {
		if span.Start < 0 || span.End <= span.Start || span.End > length[span.Field] || !knownKind(span.Kind) {
			return wrong
		}
		if i > 0 && spans[i-1].Field == span.Field && spans[i-1].End > span.Start {
			return wrong
		}
	}
	return nil
}

func knownKind(k comment.SpanKind) bool {
	switch k {
	case comment.SpanIDNumber, comment.SpanPhone, comment.SpanEmail, comment.SpanCard, comment.SpanAddress,
		comment.SpanName, comment.SpanWords, comment.SpanOther:
		return true
	}
	return false
}

// Undo takes back the decision on a comment, also one that was published by rule: it waits again, and the public copy is gone. The
// decision and what it hid stay in the tables. *apperr.Conflict when the comment is not in the version the person saw.
func (s *Store) Undo(ctx context.Context, by staff.Member, id uuid.UUID, version int) error {
	if !by.Can(staff.Decide) {
		return apperr.ErrForbidden
	}
	at := s.now()
	return s.DB.InTx(ctx, func(tx pgx.Tx) error {
		t, err := readTarget(ctx, tx, id)
		if err != nil {
			return err
		}
		if !t.state.Decided() {
			return nameWinner(ctx, tx, id, &apperr.Conflict{Action: undo})
		}
		return s.decide(ctx, tx, by, t, decided{action: undo, Change: comment.Change{
			ID: id, From: t.state, To: comment.Received, Version: version, Member: by.ID, By: by.Name, At: at,
		}})
	})
}

// nameWinner completes a conflict with who acted last where the comment itself does not say: after an undo.
func nameWinner(ctx context.Context, tx pgx.Tx, id uuid.UUID, err error) error {
	var conflict *apperr.Conflict
	if !errors.As(err, &conflict) || conflict.By != "" {
		return err
	}
	var by, action string
	var at time.Time
	scanErr := tx.QueryRow(ctx, `
		SELECT member_name, action, decided_at
		  FROM decision
		 WHERE comment_id = $1
		 ORDER BY version DESC
		 LIMIT 1`, id).Scan(&by, &action, &at)
	switch {
	case errors.Is(scanErr, pgx.ErrNoRows):
		return err
	case scanErr != nil:
		return fmt.Errorf("read who decided comment %s: %w", id, scanErr)
	}
	return &apperr.Conflict{By: by, Action: action, At: at}
}

// BulkMost is how many comments one bulk act may name.
const BulkMost = 100

// Unfinished tells how many comments a bulk act left as they were.
type Unfinished struct {
	Taken    int // decided by, or kept for, someone else
	Personal int // the scrub found personal data in them: each needs a person who reads it
}

func (u *Unfinished) Error() string {
	return fmt.Sprintf("bulk act left %d taken and %d with personal data", u.Taken, u.Personal)
}

// Unwrap makes errors.Is(err, apperr.ErrConflict) true.
func (u *Unfinished) Unwrap() error { return apperr.ErrConflict }

// Bulk publishes several comments as they are and tells how many it did. Each is decided in a transaction of its own,
// so that one that cannot be published does not hold up the others; those are counted in *Unfinished. versions go
// with ids. Any other error ends the act where it stood.
func (s *Store) Bulk(ctx context.Context, by staff.Member, ids []uuid.UUID, versions []int) (done int, err error) {
	if !by.Can(staff.Decide) {
		return 0, apperr.ErrForbidden
	}
	if len(ids) == 0 || len(ids) != len(versions) || len(ids) > BulkMost {
		return 0, invalid("id", validate.NothingChosen)
	}
	var left Unfinished
	for i, id := range ids {
		err := s.publishPlain(ctx, by, id, versions[i])
		switch {
		case err == nil:
			done++
		case errors.Is(err, errPersonal):
			left.Personal++
		case errors.Is(err, apperr.ErrConflict), errors.Is(err, apperr.ErrNotFound):
			left.Taken++
		default:
			return done, err
		}
	}
	if left != (Unfinished{}) {
		return done, &left
	}
	return done, nil
}

var errPersonal = errors.New("holds what looks like personal data")

// publishPlain publishes a comment in which the scrub found no personal data.
func (s *Store) publishPlain(ctx context.Context, by staff.Member, id uuid.UUID, version int) error {
	move, err := s.check(by, Decision{CommentID: id, Version: version, Action: Publish})
	if err != nil {
		return err
	}
	return s.DB.InTx(ctx, func(tx pgx.Tx) error {
		t, err := readTarget(ctx, tx, id)
		if err != nil {
			return err
		}
		if slices.ContainsFunc(t.flags, func(flag string) bool { return knownKind(comment.SpanKind(flag)) }) {
			return errPersonal
		}
		return s.decide(ctx, tx, by, t, move)
	})
}
