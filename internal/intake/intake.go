// Package intake takes in what reaches the office by letter, mail, phone, counter or hearing, so that it is numbered and
// answered like all others. The day of receipt decides whether a comment is in time; it may be written down later.
package intake

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"wenji/internal/apperr"
	"wenji/internal/audit"
	"wenji/internal/comment"
	"wenji/internal/consultation"
	"wenji/internal/postgres"
	"wenji/internal/staff"
	"wenji/internal/validate"
	"wenji/internal/vault"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

// Store writes down comments of other channels.
type Store struct {
	DB       *postgres.DB
	Keys     *vault.KeyRing
	Comments *comment.Store
	Now      func() time.Time

	// Look counts a look at personal data against the member's quota of the day, in tx; see moderation.Store.Look.
	Look func(ctx context.Context, tx pgx.Tx, by staff.Member, at time.Time) (within bool, limit int, err error)
}

// now is the moment of an act, as precise as the database keeps it.
func (s *Store) now() time.Time { return s.Now().Truncate(time.Microsecond) }

// Entry is what a person of the office typed.
type Entry struct {
	ID   uuid.UUID // of the form: sent twice, it is stored once
	Form validate.EntryForm
	Scan []byte // may be nil
}

// Enter stores one comment with its scan and returns its receipt. Anything to be mended is *apperr.Invalid; *FormUsed: the
// form was sent before with other words.
func (s *Store) Enter(ctx context.Context, by staff.Member, consultationID string, e Entry) (comment.Receipt, error) {
	if !by.Can(staff.EnterComments) {
		return comment.Receipt{}, apperr.ErrForbidden
	}
	rules, err := s.rules(ctx, consultationID)
	if err != nil {
		return comment.Receipt{}, err
	}
	clean, problems := validate.CheckEntry(e.Form, rules)
	if problems == nil {
		problems = &apperr.Invalid{}
	}
	kind, sentence := scanKind(e.Scan)
	if sentence != "" {
		problems.Problems = append(problems.Problems, apperr.Problem{Field: "scan", Message: sentence})
	}
	if len(problems.Problems) > 0 {
		return comment.Receipt{}, problems
	}
	one := row{id: e.ID, clean: clean, digest: s.rowDigest(consultationID, clean, 0)}
	known, err := s.sameRows(ctx, consultationID, [][]byte{one.digest})
	if err != nil {
		return comment.Receipt{}, err
	}
	if k, ok := known[string(one.digest)]; ok && k.commentID != e.ID {
		return comment.Receipt{}, invalid("body", validate.EntrySame(k.number))
	}
	words, err := s.Comments.ListedWords(ctx)
	if err != nil {
		return comment.Receipt{}, err
	}
	var receipt comment.Receipt
	err = s.DB.InTx(ctx, func(tx pgx.Tx) error {
		entered, err := s.store(ctx, tx, by, consultationID, nil, []row{one}, words)
		if err != nil {
			return err
		}
		receipt = entered[e.ID].Receipt
		if len(e.Scan) == 0 || !entered[e.ID].Fresh {
			return nil
		}
		return s.storeScan(ctx, tx, consultationID, e.ID, kind, e.Scan)
	})
	if errors.Is(err, apperr.ErrClosed) {
		return comment.Receipt{}, invalid("received_on", validate.EntryNotOpen)
	}
	return receipt, err
}

// FormUsed says that another comment was entered with this form before: it was gone back to and filled in anew. It is an
// apperr.ErrConflict: what is in it now has not been stored.
type FormUsed struct {
	Number int // of the comment entered before
}

func (f *FormUsed) Error() string { return fmt.Sprintf("form was used for comment %d", f.Number) }

// Unwrap makes errors.Is(err, apperr.ErrConflict) true.
func (f *FormUsed) Unwrap() error { return apperr.ErrConflict }

// row is one checked entry on its way into the tables.
type row struct {
	id     uuid.UUID
	clean  validate.CleanEntry
	digest []byte // nil where nobody can be told apart
}

// store enters rows, notes who wrote them down, and records it, all in tx.
func (s *Store) store(ctx context.Context, tx pgx.Tx, by staff.Member, consultationID string, importID *uuid.UUID, rows []row,
	words []string) (map[uuid.UUID]comment.Entered, error) {
	list := make([]comment.Entry, len(rows))
	for i, r := range rows {
		list[i] = comment.Entry{ID: r.id, Channel: r.clean.Channel, ReceivedOn: r.clean.ReceivedOn, Submission: submission(r.clean)}
	}
	entered, err := s.Comments.Enter(ctx, tx, consultationID, list, words)
	if err != nil {
		return nil, err
	}
	at := s.now()
	var ids []uuid.UUID
	var days []time.Time
	var digests [][]byte
	var entries []audit.Entry
	for _, r := range rows {
		e := entered[r.id]
		if e.Changed {
			return nil, &FormUsed{Number: e.Number}
		}
		if !e.Fresh {
			continue
		}
		ids, days, digests = append(ids, r.id), append(days, r.clean.ReceivedOn), append(digests, r.digest)
		entries = append(entries, audit.Entry{
			At: at, Actor: by.Signature(), Role: string(by.Role), Action: "comment.enter", ConsultationID: consultationID,
			Subject: fmt.Sprintf("comment %d", e.Number),
			Detail:  r.clean.Channel + ", received on " + r.clean.ReceivedOn.In(consultation.Shanghai).Format(time.DateOnly),
		})
	}
	_, err = tx.Exec(ctx, `
		INSERT INTO intake_entry (comment_id, consultation_id, received_on, member_id, member_name, entered_at, import_id, row_digest)
		SELECT e.id, $1, (e.day AT TIME ZONE 'Asia/Shanghai')::date, $5, $6, $7, $8, e.digest
		  FROM unnest($2::uuid[], $3::timestamptz[], $4::bytea[]) AS e (id, day, digest)`,
		consultationID, ids, days, digests, by.ID, by.Name, at, importID)
	var pg *pgconn.PgError
	if errors.As(err, &pg) && pg.ConstraintName == "intake_entry_row" {
		return nil, &apperr.Conflict{Action: "submitted", At: at}
	}
	if err != nil {
		return nil, fmt.Errorf("note %d entries: %w", len(ids), err)
	}
	return entered, audit.RecordAll(ctx, tx, entries)
}

func submission(c validate.CleanEntry) comment.Submission {
	return comment.Submission{
		Title: c.Title, Body: c.Body, Name: vault.NewSecret(c.Name), IDNumber: vault.NewSecret(c.IDNumber),
		Occupation: c.Occupation, Phone: vault.NewSecret(c.Phone), Email: vault.NewSecret(c.Email),
		Org: vault.NewSecret(c.Org), Clauses: c.Clauses,
	}
}

// rules are what the consultation asks of an entry. apperr.ErrNotFound: there is none with this id that people know of;
// *apperr.Invalid: it takes none any more.
func (s *Store) rules(ctx context.Context, consultationID string) (validate.EntryRules, error) {
	r := validate.EntryRules{Today: s.Now().In(consultation.Shanghai)}
	var opens time.Time
	var concluded bool
	err := s.DB.QueryRow(ctx, `
		SELECT opens_at, LEAST(closes_at, COALESCE(withdrawn_at, closes_at)), concluded_on IS NOT NULL,
		       (SELECT count(*) FROM clause l WHERE l.consultation_id = c.id AND l.document = 'draft' AND l.kind = 'clause')
		  FROM consultation c
		 WHERE id = $1 AND stage = 'published'`, consultationID).Scan(&opens, &r.ClosesAt, &concluded, &r.Clauses)
	if errors.Is(err, pgx.ErrNoRows) {
		return r, invalid("consultation", validate.EntryNoConsultation)
	}
	if err != nil {
		return r, fmt.Errorf("read the rules of %s: %w", consultationID, err)
	}
	if concluded {
		return r, invalid("consultation", validate.EntryConcluded)
	}
	y, m, d := opens.In(consultation.Shanghai).Date()
	r.OpensOn = time.Date(y, m, d, 0, 0, 0, 0, consultation.Shanghai)
	return r, nil
}

// rowDigest is equal for the same words of the same person on the same day. copy tells apart rows of one file in which
// no person is named, from 1; such a row typed by hand (copy 0) is like no other, as two people may write the same.
func (s *Store) rowDigest(consultationID string, c validate.CleanEntry, copy int) []byte {
	who := c.Name + "\n" + c.IDNumber + "\n" + c.Phone + "\n" + c.Email
	if c.IDNumber == "" && c.Phone == "" && c.Email == "" {
		if copy == 0 {
			return nil
		}
		who += fmt.Sprint("\n", copy)
	}
	return s.Keys.Index("intake row", strings.Join([]string{
		consultationID, c.Channel, c.ReceivedOn.Format(time.DateOnly), who, c.Title, c.Body,
	}, "\x00"))
}

// sameRow is a comment entered before.
type sameRow struct {
	commentID uuid.UUID
	number    int
}

// sameRows finds rows entered before, by digest.
func (s *Store) sameRows(ctx context.Context, consultationID string, digests [][]byte) (map[string]sameRow, error) {
	found, err := s.DB.Query(ctx, `
		SELECT e.row_digest, c.id, c.number
		  FROM intake_entry e JOIN comment c ON c.id = e.comment_id
		 WHERE e.consultation_id = $1 AND e.row_digest = ANY ($2)`, consultationID, digests)
	if err != nil {
		return nil, fmt.Errorf("look for entries made before: %w", err)
	}
	known := make(map[string]sameRow)
	var digest []byte
	var r sameRow
	_, err = pgx.ForEachRow(found, []any{&digest, &r.commentID, &r.number}, func() error {
		known[string(digest)] = r
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("look for entries made before: %w", err)
	}
	return known, nil
}

// invalid is one problem of a form of ours.
func invalid(field, sentence string) error {
	return &apperr.Invalid{Problems: []apperr.Problem{{Field: field, Message: sentence}}}
}
