package referral

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"time"

	"wenji/internal/apperr"
	"wenji/internal/audit"
	"wenji/internal/staff"
	"wenji/internal/validate"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
)

// Status of one version of a disposition.
type Status string

const (
	Drafted   Status = "draft"     // kept by the drafter, put before nobody yet
	Submitted Status = "submitted" // 待审批
	SentBack  Status = "returned"  // 已退回, with words
	Approved  Status = "approved"  // 已答复: stands, and is public where the comment is
	Replaced  Status = "replaced"  // a later version took its place
)

// Draft is what one member proposes to answer.
type Draft struct {
	Outcome Outcome
	Reason  string // required for all but Adopted; the public reads it
	Answer  string
	Save    bool // keep it only; it may then have holes and lack reason and answer

	// Versions of the answer that the person saw, in the order of the ids, 0 for none: one that has moved on is *apperr.Conflict. nil
	// passes over comments that have an answer approved or before an approver already, as an act on a whole group does.
	Versions []int
}

const (
	reasonMost = 1000
	answerMost = 5000
)

// hole is a place of a template that was to be filled in.
var hole = regexp.MustCompile(`【[\s　]*】`)

// Dispose drafts the disposition of comments and the answer to them, and puts it before an approver. It stands once another person
// approved it. A comment must have been decided (published, withheld or declined) first: *apperr.Conflict otherwise, for all of them.
func (s *Store) Dispose(ctx context.Context, by staff.Member, ids []uuid.UUID, d Draft) error {
	if !by.Can(staff.Answer) {
		return apperr.ErrForbidden
	}
	if err := checkDraft(ids, &d); err != nil {
		return err
	}
	seen := make(map[uuid.UUID]int, len(ids))
	for i, id := range ids {
		if d.Versions != nil {
			seen[id] = d.Versions[i]
		}
	}
	ids = unique(ids)
	at := s.now()
	return s.DB.InTx(ctx, func(tx pgx.Tx) error {
		list, err := lockComments(ctx, tx, ids)
		if err != nil {
			return err
		}
		if slices.ContainsFunc(list, func(c subject) bool { return !c.State.Decided() }) {
			return &apperr.Conflict{Action: ActUndecided, At: at}
		}
		latest, err := latestVersions(ctx, tx, ids)
		if err != nil {
			return err
		}
		var free []subject
		var winner *apperr.Conflict
		for _, c := range list {
			last := latest[c.ID]
			switch {
			case d.Versions != nil && last.version != seen[c.ID]:
				return last.conflict()
			case d.Versions == nil && (last.answered || last.Status == Submitted):
				winner = last.conflict()
			default:
				free = append(free, c)
			}
		}
		if len(free) == 0 {
			return winner
		}
		if err := insertDrafts(ctx, tx, by, free, d, at); err != nil {
			return err
		}
		return keepHandling(ctx, tx, ids...)
	})
}

func checkDraft(ids []uuid.UUID, d *Draft) error {
	var wrong apperr.Invalid
	add := func(p *apperr.Problem) {
		if p != nil {
			wrong.Problems = append(wrong.Problems, *p)
		}
	}
	if len(unique(ids)) == 0 || d.Versions != nil && len(d.Versions) != len(ids) {
		return invalid("id", validate.NothingChosen)
	}
	if !d.Outcome.known() {
		add(&apperr.Problem{Field: "outcome", Message: validate.OutcomeMissing})
	}
	fewest := 1
	if d.Save {
		fewest = 0
	}
	var reason, answer *apperr.Problem
	d.Reason, reason = words("reason", "理由", d.Reason, 0, reasonMost)
	if reason == nil && d.Reason == "" && !d.Save && d.Outcome.known() && d.Outcome.NeedsReason() {
		reason = &apperr.Problem{Field: "reason", Message: validate.OutcomeReason}
	}
	add(reason)
	d.Answer, answer = words("answer", "答复内容", d.Answer, fewest, answerMost)
	if n := len(hole.FindAllString(d.Answer, -1)) + len(hole.FindAllString(d.Reason, -1)); answer == nil && n > 0 && !d.Save {
		answer = &apperr.Problem{Field: "answer", Message: validate.Holes(n)}
	}
	add(answer)
	if len(wrong.Problems) > 0 {
		return &wrong
	}
	return nil
}

// lastVersion is where the answer to a comment stands; the zero value: nobody drafted one.
type lastVersion struct {
	version  int
	Status   Status
	by       string
	at       time.Time
	answered bool // some version is approved
}

// conflict names who moved the answer on.
func (l lastVersion) conflict() *apperr.Conflict {
	action := map[Status]string{Drafted: ActSave, Submitted: ActSubmit, SentBack: ActSendBack, Approved: ActApprove}[l.Status]
	return &apperr.Conflict{By: l.by, Action: action, At: l.at}
}

func latestVersions(ctx context.Context, tx pgx.Tx, ids []uuid.UUID) (map[uuid.UUID]lastVersion, error) {
	rows, err := tx.Query(ctx, `
		SELECT DISTINCT ON (comment_id) comment_id, version, status,
		       CASE status WHEN 'approved' THEN approved_by WHEN 'returned' THEN returned_by ELSE drafted_by END,
		       COALESCE(CASE status WHEN 'approved' THEN approved_at WHEN 'returned' THEN returned_at END, drafted_at, now()),
		       bool_or(status = 'approved') OVER (PARTITION BY comment_id)
		  FROM disposition
		 WHERE comment_id = ANY ($1)
		 ORDER BY comment_id, version DESC`, ids)
	if err != nil {
		return nil, fmt.Errorf("read answers of %d comments: %w", len(ids), err)
	}
	latest := make(map[uuid.UUID]lastVersion, len(ids))
	var id uuid.UUID
	var l lastVersion
	_, err = pgx.ForEachRow(rows, []any{&id, &l.version, &l.Status, &l.by, &l.at, &l.answered}, func() error {
		latest[id] = l
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("read answers of %d comments: %w", len(ids), err)
	}
	return latest, nil
}

// insertDrafts writes the next version of each comment's answer; one under way gives way to it.
func insertDrafts(ctx context.Context, tx pgx.Tx, by staff.Member, list []subject, d Draft, at time.Time) error {
	ids := make([]uuid.UUID, len(list))
	for i, c := range list {
		ids[i] = c.ID
	}
	_, err := tx.Exec(ctx, `
		UPDATE disposition
		   SET status = 'replaced'
		 WHERE comment_id = ANY ($1) AND status IN ('draft', 'submitted', 'returned')`, ids)
	if err != nil {
		return fmt.Errorf("replace answers of %d comments: %w", len(ids), err)
	}
	status, action := Submitted, "answer.submit"
	if d.Save {
		status, action = Drafted, "answer.save"
	}
	_, err = tx.Exec(ctx, `
		INSERT INTO disposition (comment_id, version, consultation_id, outcome, reason, answer, unit, status, drafted_by, drafted_by_id,
		                         drafted_at)
		SELECT c.id, COALESCE((SELECT max(p.version) FROM disposition p WHERE p.comment_id = c.id), 0) + 1, c.consultation_id,
		       $2, $3, $4,
		       `+answeringUnit+`,
		       $5, $6, $7, $8
		  FROM comment c JOIN consultation k ON k.id = c.consultation_id
		 WHERE c.id = ANY ($1)`, ids, d.Outcome, d.Reason, d.Answer, status, by.Name, by.ID, at)
	if err != nil {
		return fmt.Errorf("draft answers of %d comments: %w", len(ids), err)
	}
	entries := make([]audit.Entry, len(list))
	for i, c := range list {
		entries[i] = c.entry(by, at, action, string(d.Outcome))
	}
	return audit.RecordAll(ctx, tx, entries)
}

// answeringUnit is in whose name comment c of consultation k is answered: the unit that replied, the lead before the others, else the unit
// that consults.
const answeringUnit = `
		       COALESCE((SELECT r.unit_name FROM referral r
		                  WHERE r.comment_id = c.id AND r.state = 'replied'
		                  ORDER BY r.lead DESC, r.replied_at LIMIT 1), k.unit)`

// AnsweringUnit is in whose name an answer to the comment would be given now.
func (s *Store) AnsweringUnit(ctx context.Context, commentID uuid.UUID) (string, error) {
	var unit string
	err := s.DB.QueryRow(ctx, `
		SELECT `+answeringUnit+`
		  FROM comment c JOIN consultation k ON k.id = c.consultation_id
		 WHERE c.id = $1`, commentID).Scan(&unit)
	if errors.Is(err, pgx.ErrNoRows) {
		return "", apperr.ErrNotFound
	}
	if err != nil {
		return "", fmt.Errorf("read who answers comment %s: %w", commentID, err)
	}
	return unit, nil
}
