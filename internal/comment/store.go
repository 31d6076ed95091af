package comment

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"time"

	"wenji/internal/announce"
	"wenji/internal/audit"
	"wenji/internal/postgres"
	"wenji/internal/vault"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
)

// newComment is a row to be stored, everything computed that does not depend on the database.
type newComment struct {
	id             uuid.UUID
	consultationID string
	title, body    string
	clauses        []int
	maskedName     string
	occupation     string
	flags          []string
	textDigest     []byte
	formDigest     []byte
	codeIndex      []byte
	tailIndex      []byte
	codeAttempt    int
	personal       vault.Sealed
}

// stored is what the database holds of a form after insert: found is false when the consultation was not open.
type stored struct {
	found          bool
	fresh          bool // stored by this very call
	consultationID string
	number         int
	state          State
	receivedAt     time.Time
	codeAttempt    int
	formDigest     []byte
}

// floodMost is how many published comments may hold the same words before one more waits for a person.
const floodMost = 3

// insertSQL stores the rows of a batch that are new and whose consultation is open by the database's clock at the
// start of the statement, numbers them, and returns these and the ones stored before. The clock is the server's, so
// replicas whose own clocks differ decide alike; $13 is the demo's shift of it, zero otherwise.
const insertSQL = insertInput + `, clock AS MATERIALIZED (
  SELECT clock_timestamp() + $13::interval AS now
), open AS MATERIALIZED (
  SELECT c.id, c.publication, clock.now
    FROM consultation c, clock
   WHERE c.id = ANY ($2::text[]) AND c.stage = 'published' AND c.withdrawn_at IS NULL AND c.concluded_on IS NULL
     AND c.opens_at <= clock.now AND clock.now < c.closes_at
), arrived AS (
  SELECT i.*, o.publication, o.now
    FROM input i JOIN open o ON o.id = i.consultation_id
)` + insertArrived

const insertInput = `
WITH input AS MATERIALIZED (
  SELECT *
    FROM unnest($1::uuid[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[], $7::text[], $8::text[],
                $9::bytea[], $10::bytea[], $11::bytea[], $12::bytea[], $14::int[]) WITH ORDINALITY
      AS i (id, consultation_id, title, body, clauses, masked_name, occupation, flags,
            text_digest, form_digest, code_index, tail_index, code_attempt, ord)
), known AS MATERIALIZED (
  SELECT c.id, c.consultation_id, c.number, c.state, c.received_at, c.code_attempt, c.form_digest
    FROM comment c
   WHERE c.id = ANY ($1::uuid[])
)`

// insertArrived is the rest of the statement: arrived are the rows of input that are in time, each with its instant.
const insertArrived = `, fresh AS MATERIALIZED (
  SELECT i.*,
         row_number() OVER (PARTITION BY i.consultation_id ORDER BY i.ord) AS place,
         CASE WHEN i.publication <> 'instant' THEN 'review'
              WHEN i.flags <> '{}' THEN 'doubtful'
              WHEN (SELECT count(*) FROM (SELECT 1 FROM comment p
                     WHERE p.consultation_id = i.consultation_id AND p.text_digest = i.text_digest
                       AND p.state = 'published' LIMIT $15) same)
                 + row_number() OVER (PARTITION BY i.consultation_id, i.text_digest ORDER BY i.ord) > $15 THEN 'flood'
              ELSE 'instant' END AS way
    FROM arrived i
   WHERE i.id NOT IN (SELECT id FROM known)
), counted AS (
  UPDATE comment_count k
     SET last_number = k.last_number + f.total, received = k.received + f.total - f.instant,
         published = k.published + f.instant
    FROM (SELECT consultation_id, count(*) AS total, count(*) FILTER (WHERE way = 'instant') AS instant
            FROM fresh GROUP BY consultation_id) f
   WHERE k.consultation_id = f.consultation_id AND NOT k.concluded
  RETURNING k.consultation_id, k.last_number - f.total AS base
), added AS (
  INSERT INTO comment (id, consultation_id, number, state, received_at, title, body, clause_ids, masked_name, occupation,
                       flags, text_digest, form_digest, code_index, tail_index, code_attempt,
                       public_title, public_body, published_at, decided_at)
  SELECT f.id, f.consultation_id, k.base + f.place, CASE f.way WHEN 'instant' THEN 'published' ELSE 'received' END,
         f.now, f.title, f.body,
         CASE WHEN f.clauses = '{}' THEN '{}'
              ELSE ARRAY(SELECT cl.id FROM clause cl
                          WHERE cl.consultation_id = f.consultation_id AND cl.document = 'draft' AND cl.kind = 'clause'
                            AND cl.number = ANY (f.clauses::int[])
                          ORDER BY cl.number) END,
         f.masked_name, f.occupation,
         f.flags::text[] || CASE f.way WHEN 'flood' THEN '{flood}'::text[] ELSE '{}' END,
         f.text_digest, f.form_digest, f.code_index, f.tail_index, f.code_attempt,
         CASE f.way WHEN 'instant' THEN f.title END, CASE f.way WHEN 'instant' THEN f.body END,
         CASE f.way WHEN 'instant' THEN f.now END, CASE f.way WHEN 'instant' THEN f.now END
    FROM fresh f JOIN counted k USING (consultation_id)
  RETURNING id, consultation_id, number, state, received_at, code_attempt, form_digest
)
SELECT id, consultation_id, number, state, received_at, code_attempt, form_digest, true AS fresh FROM added
 UNION ALL
SELECT id, consultation_id, number, state, received_at, code_attempt, form_digest, false FROM known`

// insert stores a batch in one transaction: comments, their sealed personal data, and an audit entry each. Forms
// missing from the result were not stored because their consultation is not open. A form that was there already may have
// come with a commit whose wait for the standby was given up, so a batch of such forms alone is confirmed.
func (s *Store) insert(ctx context.Context, rows []newComment) (map[uuid.UUID]stored, error) {
	var results map[uuid.UUID]stored
	err := s.Writing.InTx(ctx, func(tx pgx.Tx) error {
		var err error
		results, err = insertAll(ctx, tx, rows, insertSQL, s.Writing.Skew)
		return err
	})
	return results, err
}

// insertAll stores rows with all that belongs to them. when is $13 of the statement.
func insertAll(ctx context.Context, tx pgx.Tx, rows []newComment, statement string, when any) (map[uuid.UUID]stored, error) {
	results, err := insertRows(ctx, tx, rows, statement, when)
	if err != nil {
		return nil, err
	}
	sealed := make([]vault.Row, 0, len(rows))
	entries := make([]audit.Entry, 0, len(rows))
	var published [][16]byte
	changed := make(map[string]bool)
	known := false
	for _, row := range rows {
		r := results[row.id]
		if !r.fresh {
			known = known || r.found
			continue
		}
		sealed = append(sealed, vault.Row{CommentID: row.id, ConsultationID: row.consultationID, Sealed: row.personal})
		entries = append(entries, submitted(row, r))
		if r.state == Published {
			published = append(published, row.id)
			changed[row.consultationID] = true
		}
	}
	if len(sealed) == 0 {
		if known {
			return results, postgres.Confirm(ctx, tx)
		}
		return results, nil
	}
	if err := vault.Store(ctx, tx, sealed); err != nil {
		return nil, err
	}
	if err := audit.RecordAll(ctx, tx, entries); err != nil {
		return nil, err
	}
	if len(published) == 0 {
		return results, nil
	}
	if err := countPublished(ctx, tx, published); err != nil {
		return nil, err
	}
	return results, announce.Changed(ctx, tx, slices.Collect(maps.Keys(changed))...)
}

// countPublished adds comments that were published as they were stored to the counts of their clauses.
func countPublished(ctx context.Context, tx pgx.Tx, published [][16]byte) error {
	return postgres.LastExec(ctx, tx, "count comments on clauses", `
		INSERT INTO clause_count AS n (consultation_id, clause_id, published)
		SELECT c.consultation_id, u.clause_id, count(*)
		  FROM comment c, unnest(c.clause_ids) AS u (clause_id)
		 WHERE c.id = ANY ($1)
		 GROUP BY c.consultation_id, u.clause_id
		 ORDER BY u.clause_id
		ON CONFLICT (consultation_id, clause_id) DO UPDATE SET published = n.published + excluded.published`, published)
}

func submitted(row newComment, r stored) audit.Entry {
	detail := "waits for review"
	if r.state == Published {
		detail = "published by rule"
	}
	return audit.Entry{
		At: r.receivedAt, Actor: "public", Role: "public", Action: "comment.submit",
		ConsultationID: row.consultationID, Subject: fmt.Sprintf("comment %d", r.number), Detail: detail,
	}
}

func insertRows(ctx context.Context, tx pgx.Tx, rows []newComment, statement string, when any) (map[uuid.UUID]stored, error) {
	n := len(rows)
	ids, consultations := make([][16]byte, n), make([]string, n) // pgx takes bytes as they are, a uuid.UUID by way of text
	titles, bodies, clauses := make([]string, n), make([]string, n), make([]string, n)
	names, occupations, flags := make([]string, n), make([]string, n), make([]string, n)
	texts, forms := make([][]byte, n), make([][]byte, n)
	codes, tails, attempts := make([][]byte, n), make([][]byte, n), make([]int, n)
	for i, r := range rows {
		ids[i], consultations[i], titles[i], bodies[i] = r.id, r.consultationID, r.title, r.body
		clauses[i], flags[i] = arrayLiteral(r.clauses), arrayLiteral(r.flags)
		names[i], occupations[i] = r.maskedName, r.occupation
		texts[i], forms[i], codes[i], tails[i] = r.textDigest, r.formDigest, r.codeIndex, r.tailIndex
		attempts[i] = r.codeAttempt
	}
	found, err := tx.Query(ctx, statement, ids, consultations, titles, bodies, clauses, names, occupations, flags,
		texts, forms, codes, tails, when, attempts, floodMost)
	if err != nil {
		return nil, fmt.Errorf("insert %d comments: %w", n, err)
	}
	results := make(map[uuid.UUID]stored, n)
	var id uuid.UUID
	r := stored{found: true}
	_, err = pgx.ForEachRow(found, []any{&id, &r.consultationID, &r.number, &r.state, &r.receivedAt, &r.codeAttempt,
		&r.formDigest, &r.fresh}, func() error {
		results[id] = r
		r.formDigest = nil
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("insert %d comments: %w", n, err)
	}
	return results, nil
}

// arrayLiteral writes numbers or codes of ours ([a-z_]) as a PostgreSQL array; unnest cannot carry arrays of arrays.
func arrayLiteral[T int | int32 | string](values []T) string {
	b := make([]byte, 0, 2+12*len(values))
	b = append(b, '{')
	for i, v := range values {
		if i > 0 {
			b = append(b, ',')
		}
		switch v := any(v).(type) {
		case int:
			b = strconv.AppendInt(b, int64(v), 10)
		case int32:
			b = strconv.AppendInt(b, int64(v), 10)
		case string:
			b = append(b, v...)
		}
	}
	return string(append(b, '}'))
}
