package comment

import (
	"context"
	"fmt"
	"time"

	"wenji/internal/apperr"
	"wenji/internal/validate"
	"wenji/internal/vault"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
)

// Entry is a comment that reached the office by another way than the portal, checked, before it is stored.
type Entry struct {
	ID         uuid.UUID // the same entry sent twice is stored once
	Channel    string    // one of validate.Channels but the first
	ReceivedOn time.Time // midnight in Asia/Shanghai of the day on which the office received it
	Submission           // Name is empty where the writer gave none, Occupation where none is known
}

// Words that stand where the writer left no name: in the sealed data, and instead of the masked name.
const (
	nameUnknown   = "未留姓名"
	maskedUnknown = "匿名"
)

// enterSQL stores entries of one consultation that are new, numbers them behind the others, and returns all with their
// numbers. The day on which the office received it decides whether a comment is in time, not the day on which it is
// written down: one that came on the last day may be entered later. After the result has been published (已反馈) none
// is taken, as each needs its disposition before that.
const enterSQL = `
WITH input AS MATERIALIZED (
  SELECT *
    FROM unnest($2::uuid[], $3::text[], $4::timestamptz[], $5::text[], $6::text[], $7::text[], $8::text[], $9::text[],
                $10::text[], $11::bytea[], $12::bytea[], $13::bytea[], $14::bytea[], $15::int[]) WITH ORDINALITY
      AS i (id, channel, received_at, title, body, clauses, masked_name, occupation, flags, text_digest, form_digest,
            code_index, tail_index, code_attempt, ord)
), known AS MATERIALIZED (
  SELECT c.id, c.number, c.received_at, c.code_attempt, c.form_digest NOT IN ('', i.form_digest) AS changed
    FROM comment c JOIN input i ON i.id = c.id
), fresh AS MATERIALIZED (
  SELECT i.*, row_number() OVER (ORDER BY i.ord) AS place
    FROM input i JOIN consultation c ON c.id = $1
   WHERE i.id NOT IN (SELECT id FROM known) AND c.stage = 'published' AND c.concluded_on IS NULL
     AND i.received_at >= date_trunc('day', c.opens_at, 'Asia/Shanghai') AND i.received_at < c.closes_at
     AND (c.withdrawn_at IS NULL OR i.received_at < c.withdrawn_at)
), counted AS (
  UPDATE comment_count k
     SET last_number = k.last_number + f.total, received = k.received + f.total
    FROM (SELECT count(*) AS total FROM fresh HAVING count(*) > 0) f
   WHERE k.consultation_id = $1 AND NOT k.concluded
  RETURNING k.last_number - f.total AS base
), added AS (
  INSERT INTO comment (id, consultation_id, number, channel, received_at, title, body, clause_ids, masked_name, occupation,
                       flags, text_digest, form_digest, code_index, tail_index, code_attempt)
  SELECT f.id, $1, k.base + f.place, f.channel, f.received_at, f.title, f.body,
         ARRAY(SELECT cl.id FROM unnest(f.clauses::int[]) AS wanted (number)
                 JOIN clause cl ON cl.consultation_id = $1 AND cl.document = 'draft'
                               AND cl.kind = 'clause' AND cl.number = wanted.number
                ORDER BY cl.number),
         f.masked_name, f.occupation, f.flags::text[], f.text_digest, f.form_digest, f.code_index, f.tail_index, f.code_attempt
    FROM fresh f, counted k
  RETURNING id, number, received_at, code_attempt
)
SELECT id, number, received_at, code_attempt, true AS fresh, false AS changed FROM added
 UNION ALL
SELECT id, number, received_at, code_attempt, false, changed FROM known`

// Entered is an entry as the database holds it.
type Entered struct {
	Receipt
	Fresh   bool // stored by this very call
	Changed bool // stored before, in other words than these
}

// Enter stores entries of one consultation with their sealed personal data, in the caller's transaction, which also
// records who did it. All of them wait for review. Entries missing from the result are not in time, or the consultation
// takes none: when it is any of them, the error is apperr.ErrClosed. words are the listed ones.
func (s *Store) Enter(ctx context.Context, tx pgx.Tx, consultationID string, list []Entry, words []string) (map[uuid.UUID]Entered, error) {
	rows := make([]newComment, len(list))
	var err error
	for i, e := range list {
		if rows[i], err = s.entryRow(consultationID, e, words); err != nil {
			return nil, err
		}
	}
	// One after the other: of two calls with the same entry, the second finds it stored.
	if _, err := tx.Exec(ctx, `SELECT FROM comment_count WHERE consultation_id = $1 FOR UPDATE`, consultationID); err != nil {
		return nil, fmt.Errorf("lock the count of %s: %w", consultationID, err)
	}
	if err := s.freeCodes(ctx, tx, rows); err != nil {
		return nil, err
	}
	entered, err := s.insertEntries(ctx, tx, consultationID, list, rows)
	if err != nil {
		return nil, fmt.Errorf("enter %d comments: %w", len(list), err)
	}
	var sealed []vault.Row
	for _, row := range rows {
		e, ok := entered[row.id]
		if !ok {
			return nil, apperr.ErrClosed
		}
		if e.Fresh {
			sealed = append(sealed, vault.Row{CommentID: row.id, ConsultationID: consultationID, Sealed: row.personal})
		}
	}
	if len(sealed) == 0 {
		return entered, nil
	}
	return entered, vault.Store(ctx, tx, sealed)
}

func (s *Store) entryRow(consultationID string, e Entry, words []string) (newComment, error) {
	name, masked := e.Name, maskedUnknown
	if name.Empty() {
		name = vault.NewSecret(nameUnknown)
	} else {
		masked = MaskName(name.Reveal())
	}
	sealed, err := s.Keys.Seal(e.ID, vault.Personal{
		Name: name, IDNumber: e.IDNumber, Phone: e.Phone, Email: e.Email, Org: e.Org,
	})
	if err != nil {
		return newComment{}, fmt.Errorf("seal comment %s: %w", e.ID, err)
	}
	_, flags := Scrub(e.Title, e.Body, words)
	row := newComment{
		id: e.ID, consultationID: consultationID, title: e.Title, body: e.Body, clauses: e.Clauses,
		maskedName: masked, occupation: e.Occupation, flags: flags, textDigest: textDigest(e.Title, e.Body),
		formDigest: s.formDigest(Draft{FormID: e.ID, Submission: e.Submission}),
		tailIndex:  tailIndex(s.Keys, e.ID, validate.PhoneTail(e.Phone.Reveal())), personal: sealed,
	}
	s.setCode(&row, 0)
	return row, nil
}

// freeCodes gives another 查询码 to a row whose first one is taken: once in years.
func (s *Store) freeCodes(ctx context.Context, tx pgx.Tx, rows []newComment) error {
	codes := make([][]byte, len(rows))
	for i, row := range rows {
		codes[i] = row.codeIndex
	}
	found, err := tx.Query(ctx, `SELECT id, code_index FROM comment WHERE code_index = ANY ($1)`, codes)
	if err != nil {
		return fmt.Errorf("look for codes: %w", err)
	}
	taken := make(map[string]uuid.UUID)
	var id uuid.UUID
	var code []byte
	_, err = pgx.ForEachRow(found, []any{&id, &code}, func() error {
		taken[string(code)] = id
		return nil
	})
	if err != nil {
		return fmt.Errorf("look for codes: %w", err)
	}
	for i := range rows {
		if owner, ok := taken[string(rows[i].codeIndex)]; ok && owner != rows[i].id {
			s.setCode(&rows[i], 1)
		}
		taken[string(rows[i].codeIndex)] = rows[i].id
	}
	return nil
}

func (s *Store) insertEntries(ctx context.Context, tx pgx.Tx, consultationID string, list []Entry, rows []newComment) (map[uuid.UUID]Entered, error) {
	n := len(rows)
	ids, channels, times := make([]uuid.UUID, n), make([]string, n), make([]time.Time, n)
	titles, bodies, clauses := make([]string, n), make([]string, n), make([]string, n)
	names, occupations, flags := make([]string, n), make([]string, n), make([]string, n)
	texts, forms, codes, tails := make([][]byte, n), make([][]byte, n), make([][]byte, n), make([][]byte, n)
	attempts := make([]int, n)
	for i, r := range rows {
		ids[i], channels[i], times[i] = r.id, list[i].Channel, list[i].ReceivedOn
		titles[i], bodies[i], clauses[i] = r.title, r.body, arrayLiteral(r.clauses)
		names[i], occupations[i], flags[i] = r.maskedName, r.occupation, arrayLiteral(r.flags)
		texts[i], forms[i], codes[i], tails[i], attempts[i] = r.textDigest, r.formDigest, r.codeIndex, r.tailIndex, r.codeAttempt
	}
	found, err := tx.Query(ctx, enterSQL, consultationID, ids, channels, times, titles, bodies, clauses, names, occupations,
		flags, texts, forms, codes, tails, attempts)
	if err != nil {
		return nil, err
	}
	entered := make(map[uuid.UUID]Entered, n)
	var id uuid.UUID
	var attempt int
	e := Entered{Receipt: Receipt{ConsultationID: consultationID, State: Received}}
	_, err = pgx.ForEachRow(found, []any{&id, &e.Number, &e.ReceivedAt, &attempt, &e.Fresh, &e.Changed}, func() error {
		e.Code = receiptCode(s.Keys, id, attempt)
		entered[id] = e
		return nil
	})
	return entered, err
}
