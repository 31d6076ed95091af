package moderation

import (
	"context"
	"errors"
	"fmt"
	"time"

	"wenji/internal/apperr"
	"wenji/internal/comment"
	"wenji/internal/staff"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
)

// Detail is one comment with all that staff may know of it without a reveal.
type Detail struct {
	comment.Item
	Decisions  []PastDecision // oldest first
	Notes      []Remark       // oldest first
	Redactions []comment.Span // what the latest publication hid, also when it has been undone since
	SameSender int            // other comments by the same person in all consultations, counted up to SameSenderMost
}

// SameSenderMost is where the count of a sender's other comments ends.
const SameSenderMost = 1000

// PastDecision is one step of a comment, undone ones too.
type PastDecision struct {
	Action    string // Publish, Withhold, Decline or “undo”
	FromState comment.State
	ToState   comment.State
	Version   int    // of the comment after the step
	Reason    string // code, see validate.ReasonText
	Note      string
	By        string
	At        time.Time
}

// Remark is a note of the office.
type Remark struct {
	Text string
	By   string
	At   time.Time
}

// remarksMost is how many notes and how many decisions one page shows.
const remarksMost = 200

// Comment reads one comment, all parts as of one instant. It opens nothing that is sealed, so damaged personal data
// does not keep a comment from being read and decided. apperr.ErrNotFound: there is none with this id.
func (s *Store) Comment(ctx context.Context, by staff.Member, id uuid.UUID) (Detail, error) {
	if !by.Can(staff.ReadComments) {
		return Detail{}, apperr.ErrForbidden
	}
	var d Detail
	err := s.DB.InSnapshot(ctx, func(tx pgx.Tx) error {
		rows, err := tx.Query(ctx, `SELECT `+itemColumns+` FROM comment c WHERE c.id = $1`, id)
		if err != nil {
			return err
		}
		if d.Item, err = pgx.CollectExactlyOneRow(rows, pgx.RowToStructByName[comment.Item]); err != nil {
			return err
		}
		if d.Decisions, err = readDecisions(ctx, tx, id); err != nil {
			return err
		}
		if d.Notes, err = readNotes(ctx, tx, id); err != nil {
			return err
		}
		if d.Redactions, err = readRedactions(ctx, tx, id); err != nil {
			return err
		}
		d.SameSender, err = countSameSender(ctx, tx, id)
		return err
	})
	if errors.Is(err, pgx.ErrNoRows) {
		return Detail{}, apperr.ErrNotFound
	}
	if err != nil {
		return Detail{}, fmt.Errorf("read comment %s: %w", id, err)
	}
	return d, nil
}

func readDecisions(ctx context.Context, tx pgx.Tx, id uuid.UUID) ([]PastDecision, error) {
	rows, err := tx.Query(ctx, `
		SELECT action, from_state, to_state, version, reason, note, member_name AS by, decided_at AS at
		  FROM decision
		 WHERE comment_id = $1
		 ORDER BY version
		 LIMIT $2`, id, remarksMost)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, pgx.RowToStructByName[PastDecision])
}

func readNotes(ctx context.Context, tx pgx.Tx, id uuid.UUID) ([]Remark, error) {
	rows, err := tx.Query(ctx, `
		SELECT text, member_name AS by, written_at AS at
		  FROM note
		 WHERE comment_id = $1
		 ORDER BY written_at, id
		 LIMIT $2`, id, remarksMost)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, pgx.RowToStructByName[Remark])
}

func readRedactions(ctx context.Context, tx pgx.Tx, id uuid.UUID) ([]comment.Span, error) {
	rows, err := tx.Query(ctx, `
		SELECT field, span_start AS start, span_end AS end, reason AS kind
		  FROM redaction
		 WHERE decision_id = (SELECT d.id FROM decision d
		                       WHERE d.comment_id = $1 AND d.action = 'publish' ORDER BY d.version DESC LIMIT 1)
		 ORDER BY field DESC, span_start
		 LIMIT $2`, id, spansMost)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, pgx.RowToStructByName[comment.Span])
}

// countSameSender counts by the keyed digest of who sent; nothing is opened.
func countSameSender(ctx context.Context, tx pgx.Tx, id uuid.UUID) (int, error) {
	var n int
	err := tx.QueryRow(ctx, `
		SELECT count(*)
		  FROM (SELECT 1
		          FROM personal_data mine JOIN personal_data other ON other.identity_index = mine.identity_index
		         WHERE mine.comment_id = $1 AND other.comment_id <> $1
		         LIMIT $2) AS others`, id, SameSenderMost).Scan(&n)
	return n, err
}
