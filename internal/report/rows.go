package report

import (
	"context"
	"encoding/hex"
	"fmt"
	"iter"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
)

// Row is one comment in the table of 采纳情况.
type Row struct {
	Number     int
	MaskedName string
	Title      string // of the public copy as it is now; empty where nothing is shown
	Body       string
	Shown      bool // its text was public when the report was published
	Gone       bool // was shown, and is no longer public
	Outcome    string
	Reason     string
}

// rowsNow is the table as it would be frozen now; $1 is the consultation.
const rowsNow = `
		SELECT c.consultation_id, c.number, c.masked_name, c.state = 'published' AS shown, d.outcome, d.reason,
		       CASE WHEN c.state = 'published' THEN sha256(convert_to(c.public_title || chr(10) || c.public_body, 'UTF8')) END AS text_digest
		  FROM comment c
		  JOIN disposition d ON d.comment_id = c.id AND d.status = 'approved'
		 WHERE c.consultation_id = $1`

// digestRows counts the table and digests it: two tables with one digest say the same of every comment.
func digestRows(ctx context.Context, tx pgx.Tx, consultationID string) (n int, digest string, err error) {
	var sum []byte
	err = tx.QueryRow(ctx, `
		SELECT count(*), sha256(convert_to(coalesce(string_agg(
		         concat_ws(chr(31), number, masked_name, shown, outcome, reason, encode(text_digest, 'hex')), chr(30) ORDER BY number), ''), 'UTF8'))
		  FROM (`+rowsNow+`) AS r`, consultationID).Scan(&n, &sum)
	if err != nil {
		return 0, "", fmt.Errorf("digest the table: %w", err)
	}
	return n, hex.EncodeToString(sum), nil
}

// freezeRows writes the table of an edition.
func freezeRows(ctx context.Context, tx pgx.Tx, edition uuid.UUID, consultationID string) error {
	_, err := tx.Exec(ctx, `
		INSERT INTO result_row (edition_id, consultation_id, number, masked_name, shown, outcome, reason, text_digest)
		SELECT $2, r.* FROM (`+rowsNow+`) AS r`, consultationID, edition)
	if err != nil {
		return fmt.Errorf("freeze the table: %w", err)
	}
	return nil
}

// RowsPage is how many rows of the table a page has.
const RowsPage = 100

// Rows returns a page of an edition's table, beginning behind a number, at most limit of them. Words of the public are
// those that are public now: what was hidden after publication is not shown again.
func (s *Store) Rows(ctx context.Context, e *Edition, after, limit int) ([]Row, error) {
	rows, err := s.DB.Query(ctx, `
		SELECT r.number, r.masked_name, coalesce(p.title, '') AS title, coalesce(p.body, '') AS body, r.shown,
		       r.shown AND p.number IS NULL AS gone, r.outcome, r.reason
		  FROM result_row r
		  LEFT JOIN published_comment p ON r.shown AND p.consultation_id = r.consultation_id AND p.number = r.number
		 WHERE r.edition_id = $1
		   AND r.number > $2
		 ORDER BY r.number
		 LIMIT $3`, e.ID, after, limit)
	if err != nil {
		return nil, fmt.Errorf("read the table of %s: %w", e.ID, err)
	}
	list, err := pgx.CollectRows(rows, pgx.RowToStructByName[Row])
	if err != nil {
		return nil, fmt.Errorf("read the table of %s: %w", e.ID, err)
	}
	return list, nil
}

const rowsBatch = 1000

// all gives the whole table, a batch at a time: a slow reader holds no connection.
func (s *Store) all(ctx context.Context, e *Edition) iter.Seq2[Row, error] {
	return func(yield func(Row, error) bool) {
		for after := 0; ; {
			list, err := s.Rows(ctx, e, after, rowsBatch)
			if err != nil {
				yield(Row{}, err)
				return
			}
			for _, r := range list {
				if !yield(r, nil) {
					return
				}
				after = r.Number
			}
			if len(list) < rowsBatch {
				return
			}
		}
	}
}
