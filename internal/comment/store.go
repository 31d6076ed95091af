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
// start of the statement, numbers them, and returns these and the ones stored before. Their sealed personal data and an
// audit entry each are stored by the same statement, so that a batch costs one. The clock is the server's, so
// replicas whose own clocks differ decide alike; $13 is the demo's shift of it, zero otherwise.
//
// A form that was there already may have come with a commit whose wait for the standby was given up. What is returned of it
// makes this commit wait (postgres.ConfirmSQL).
//
// $26 is whether comments that publish themselves are taken. Where not, the row of such a consultation has no id, and nothing is
// stored in it.
var insertSQL = insertInput + `, clock AS MATERIALIZED (
  SELECT clock_timestamp() + $13::interval AS now
), open AS MATERIALIZED (
  SELECT c.id, c.publication, clock.now
    FROM consultation c, clock
   WHERE c.id = ANY ($2::text[]) AND c.stage = 'published' AND c.withdrawn_at IS NULL AND c.concluded_on IS NULL
     AND c.opens_at <= clock.now AND clock.now < c.closes_at
), arrived AS (
  SELECT i.*, o.publication, o.now
    FROM input i JOIN open o ON o.id = i.consultation_id
   WHERE $26::boolean OR o.publication <> 'instant'
)` + insertArrived + `
 UNION ALL
SELECT NULL, id, 0, '', now, 0, NULL, false FROM open WHERE publication = 'instant' AND NOT $26::boolean`

// alike is how many rows with the same words stand in front of a row in its batch.
const insertInput = `
WITH input AS (
  SELECT *
    FROM unnest($1::uuid[], $2::text[], $3::text[], $4::text[], $5::int[], $6::text[], $7::text[], $8::text[],
                $9::bytea[], $10::bytea[], $11::bytea[], $12::bytea[], $14::int[], $19::bytea[], $20::bytea[],
                $21::bytea[], $22::bytea[], $23::bytea[], $24::bytea[], $25::uuid[]) WITH ORDINALITY
      AS i (id, consultation_id, title, body, alike, masked_name, occupation, flags,
            text_digest, form_digest, code_index, tail_index, code_attempt, name, id_number,
            phone, email, org, identity_index, audit_id, ord)
), known AS MATERIALIZED (
  SELECT c.id, c.consultation_id, c.number, c.state, c.received_at, c.code_attempt, c.form_digest
    FROM comment c
   WHERE c.id = ANY ($1::uuid[])
)`

// insertArrived is the rest of the statement: arrived are the rows of input that are in time, each with its instant. The
// clauses that they name are $16 to $18: the row's place in the batch, its consultation, the clause's number.
var insertArrived = `, fresh AS MATERIALIZED (
  SELECT i.*,
         CASE WHEN i.publication <> 'instant' THEN 'review'
              WHEN i.flags <> '{}' THEN 'doubtful'
              WHEN (SELECT count(*) FROM (SELECT 1 FROM comment p
                     WHERE p.consultation_id = i.consultation_id AND p.text_digest = i.text_digest
                       AND p.state = 'published' LIMIT $15) same) + i.alike >= $15 THEN 'flood'
              ELSE 'instant' END AS way
    FROM arrived i
   WHERE i.id NOT IN (SELECT id FROM known)
), counted AS (
  UPDATE comment_count k
     SET last_number = k.last_number + f.total, received = k.received + f.total - f.instant,
         published = k.published + f.instant
    FROM (SELECT consultation_id, count(*) AS total, count(*) FILTER (WHERE way = 'instant') AS instant,
                 array_agg(ord ORDER BY ord) AS places
            FROM fresh GROUP BY consultation_id) f
   WHERE k.consultation_id = f.consultation_id AND NOT k.concluded
  RETURNING k.consultation_id, k.last_number - f.total AS base, f.places
), named AS MATERIALIZED (
  SELECT n.ord, array_agg(cl.id ORDER BY cl.number) AS ids
    FROM unnest($16::int[], $17::text[], $18::int[]) AS n (ord, consultation_id, number)
    JOIN clause cl ON cl.consultation_id = n.consultation_id AND cl.number = n.number
                  AND cl.document = 'draft' AND cl.kind = 'clause'
   WHERE cl.consultation_id = ANY ($17::text[]) -- also where the join reads clauses first
   GROUP BY n.ord
), kept AS (
  ` + vault.InsertInto + `
  SELECT f.id, f.consultation_id, f.name, f.id_number, f.phone, f.email, f.org, f.identity_index
    FROM fresh f JOIN counted k USING (consultation_id)
), recorded AS (
  ` + audit.InsertInto + `
  SELECT f.audit_id, f.now, 'public', 'public', 'comment.submit', f.consultation_id,
         'comment ' || k.base + array_position(k.places, f.ord),
         CASE f.way WHEN 'instant' THEN 'published by rule' ELSE 'waits for review' END
    FROM fresh f JOIN counted k USING (consultation_id)
), added AS (
  INSERT INTO comment (id, consultation_id, number, state, received_at, title, body, clause_ids, masked_name, occupation,
                       flags, text_digest, form_digest, code_index, tail_index, code_attempt,
                       public_title, public_body, published_at, decided_at)
  SELECT f.id, f.consultation_id, k.base + array_position(k.places, f.ord),
         CASE f.way WHEN 'instant' THEN 'published' ELSE 'received' END,
         f.now, f.title, f.body,
         coalesce((SELECT n.ids FROM named n WHERE n.ord = f.ord), '{}'),
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
SELECT id, consultation_id, number, state, received_at, code_attempt, form_digest, false
  FROM known
 WHERE ` + postgres.ConfirmSQL + ` IS NOT NULL`

// insert stores a batch in one transaction: comments, their sealed personal data, and an audit entry each. Forms
// missing from the result were not stored because their consultation is not open.
//
// Comments that wait for review travel in a single round trip, the commit with them. Those that publish themselves take a
// second one, which counts and announces what has become public; which consultations have such is found by trying.
func (s *Store) insert(ctx context.Context, rows []newComment) (map[uuid.UUID]stored, error) {
	args, err := insertArgs(rows, s.Writing.Skew)
	if err != nil {
		return nil, err
	}
	args = append(args, false)
	if !slices.ContainsFunc(rows, func(r newComment) bool { return s.instant[r.consultationID] }) {
		results, instant, err := s.insertReviewed(ctx, args)
		if err != nil || len(instant) == 0 {
			return results, err
		}
		for _, id := range instant {
			s.instant[id] = true
		}
	}
	args[len(args)-1] = true
	var results map[uuid.UUID]stored
	err = s.Writing.InTx(ctx, func(tx pgx.Tx) error {
		var err error
		results, err = insertAll(ctx, tx, insertSQL, args)
		return err
	})
	return results, err
}

// insertReviewed stores a batch without what publishes itself, and returns the consultations that it left out.
func (s *Store) insertReviewed(ctx context.Context, args []any) (results map[uuid.UUID]stored, instant []string, err error) {
	err = s.Writing.InTx(ctx, func(tx pgx.Tx) error {
		var b pgx.Batch
		b.Queue(insertSQL, args...).Query(func(rows pgx.Rows) (err error) {
			results, instant, err = readStored(rows)
			return err
		})
		return postgres.Last(ctx, tx, &b)
	})
	return results, instant, err
}

// insertAll stores rows, and counts and announces what has been published so.
func insertAll(ctx context.Context, tx pgx.Tx, statement string, args []any) (map[uuid.UUID]stored, error) {
	rows, err := tx.Query(ctx, statement, args...)
	if err != nil {
		return nil, fmt.Errorf("insert comments: %w", err)
	}
	results, _, err := readStored(rows)
	if err != nil {
		return nil, fmt.Errorf("insert comments: %w", err)
	}
	var published [][16]byte
	changed := make(map[string]bool)
	for id, r := range results {
		if r.fresh && r.state == Published {
			published = append(published, id)
			changed[r.consultationID] = true
		}
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

// insertArgs are $1 to $25 of the statements that store rows; when is $13.
func insertArgs(rows []newComment, when any) ([]any, error) {
	n := len(rows)
	ids, consultations := make([][16]byte, n), make([]string, n) // pgx takes bytes as they are, a uuid.UUID by way of text
	titles, bodies, alike := make([]string, n), make([]string, n), make([]int, n)
	names, occupations, flags := make([]string, n), make([]string, n), make([]string, n)
	texts, forms := make([][]byte, n), make([][]byte, n)
	codes, tails, attempts := make([][]byte, n), make([][]byte, n), make([]int, n)
	sealed := make([]vault.Sealed, n)
	var places, numbers []int // of the clauses: place of their row, from 1; number
	var within []string       // their consultation
	type words struct{ consultationID, digest string }
	seen := make(map[words]int, n)
	for i, r := range rows {
		ids[i], consultations[i], titles[i], bodies[i] = r.id, r.consultationID, r.title, r.body
		names[i], occupations[i], flags[i] = r.maskedName, r.occupation, arrayLiteral(r.flags)
		texts[i], forms[i], codes[i], tails[i] = r.textDigest, r.formDigest, r.codeIndex, r.tailIndex
		attempts[i], sealed[i] = r.codeAttempt, r.personal
		w := words{r.consultationID, string(r.textDigest)}
		alike[i] = seen[w]
		seen[w]++
		for _, number := range r.clauses {
			places, within, numbers = append(places, i+1), append(within, r.consultationID), append(numbers, number)
		}
	}
	entries, err := audit.NewIDs(n)
	if err != nil {
		return nil, fmt.Errorf("insert %d comments: %w", n, err)
	}
	args := []any{ids, consultations, titles, bodies, alike, names, occupations, flags, texts, forms, codes, tails, when,
		attempts, floodMost, places, within, numbers}
	return append(append(args, vault.Columns(sealed)...), entries), nil
}

// readStored reads what the statements return: what is stored, and the consultations that were left out.
func readStored(rows pgx.Rows) (results map[uuid.UUID]stored, leftOut []string, err error) {
	results = make(map[uuid.UUID]stored)
	var id *uuid.UUID
	r := stored{found: true}
	_, err = pgx.ForEachRow(rows, []any{&id, &r.consultationID, &r.number, &r.state, &r.receivedAt, &r.codeAttempt,
		&r.formDigest, &r.fresh}, func() error {
		if id == nil {
			leftOut = append(leftOut, r.consultationID)
			return nil
		}
		results[*id] = r
		r.formDigest = nil
		return nil
	})
	return results, leftOut, err
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
