package intake

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"wenji/internal/apperr"
	"wenji/internal/audit"
	"wenji/internal/staff"
	"wenji/internal/validate"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

const (
	importPlace = "intake_import.content"
	importLife  = 24 * time.Hour
	importBatch = 50 // comments of one transaction, so that citizens' own wait for none of them
)

// File is a file that a person chose.
type File struct {
	Name    string
	Content []byte
}

// Import is what was read from a person's files, before it is confirmed and after.
type Import struct {
	ID             uuid.UUID
	ConsultationID string
	Format         string
	CreatedAt      time.Time
	ExpiresAt      time.Time
	StoredAt       *time.Time
	StoredCount    int
	Rows           []ImportRow // none once stored
}

// ImportRow is one row of a file.
type ImportRow struct {
	Line     int
	Form     validate.EntryForm
	Clean    validate.CleanEntry
	Problems []string // why it cannot be stored
	Same     int      // number of the comment that is the same, 0 for none
	row      row
}

// Good tells whether the row will be stored.
func (r ImportRow) Good() bool { return len(r.Problems) == 0 && r.Same == 0 }

// Good counts the rows that will be stored.
func (i Import) Good() int {
	n := 0
	for _, r := range i.Rows {
		if r.Good() {
			n++
		}
	}
	return n
}

// savedRow is a row in the sealed working copy.
type savedRow struct {
	ID       uuid.UUID
	Line     int
	Problem  string // of the file as a whole
	Channel  string
	Received string
	Title    string
	Body     string
	Name     string
	IDNumber string
	Work     string
	Phone    string
	Email    string
	Org      string
	Clauses  []string
}

func (r savedRow) form() validate.EntryForm {
	return validate.EntryForm{
		Channel: r.Channel, ReceivedOn: r.Received, Title: r.Title, Body: r.Body, Name: r.Name, IDNumber: r.IDNumber,
		Occupation: r.Work, Phone: r.Phone, Email: r.Email, Org: r.Org, Clauses: r.Clauses,
	}
}

func save(l line, problem string) (savedRow, error) {
	id, err := uuid.NewV7()
	f := l.form
	return savedRow{
		ID: id, Line: l.number, Problem: problem, Channel: f.Channel, Received: f.ReceivedOn, Title: f.Title, Body: f.Body,
		Name: f.Name, IDNumber: f.IDNumber, Work: f.Occupation, Phone: f.Phone, Email: f.Email, Org: f.Org, Clauses: f.Clauses,
	}, err
}

// Preview reads files and keeps what they hold, sealed, for a day, until it is confirmed. No comment is stored. What is
// wrong with the files as a whole is *apperr.Invalid; the same files imported before are told.
func (s *Store) Preview(ctx context.Context, by staff.Member, consultationID string, files []File) (uuid.UUID, error) {
	if !by.Can(staff.EnterComments) {
		return uuid.Nil, apperr.ErrForbidden
	}
	if _, err := s.rules(ctx, consultationID); err != nil {
		return uuid.Nil, err
	}
	format, rows, err := readFiles(files)
	var refused errFile
	if errors.As(err, &refused) {
		return uuid.Nil, invalid("file", string(refused))
	}
	if err != nil {
		return uuid.Nil, err
	}
	digest := s.filesDigest(files)
	if err := s.importedBefore(ctx, consultationID, digest); err != nil {
		return uuid.Nil, err
	}
	content, err := json.Marshal(rows)
	if err != nil {
		return uuid.Nil, fmt.Errorf("encode an import: %w", err)
	}
	id, err := uuid.NewV7()
	if err != nil {
		return uuid.Nil, err
	}
	at := s.now()
	return id, s.DB.InTx(ctx, func(tx pgx.Tx) error {
		_, err := tx.Exec(ctx, `
			INSERT INTO intake_import (id, consultation_id, member_id, member_name, format, digest, content, created_at, expires_at)
			VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)`, id, consultationID, by.ID, by.Name, format, digest,
			s.Keys.SealValue(importPlace, id, content), at, at.Add(importLife))
		if err != nil {
			return fmt.Errorf("keep an import: %w", err)
		}
		return audit.Record(ctx, tx, audit.Entry{
			At: at, Actor: by.Signature(), Role: string(by.Role), Action: "import.preview", ConsultationID: consultationID,
			Subject: "import " + id.String(), Detail: fmt.Sprintf("%s, %d rows", format, len(rows)),
		})
	})
}

// readFiles reads one workbook, or mails.
func readFiles(files []File) (format string, rows []savedRow, err error) {
	size := 0
	for _, f := range files {
		size += len(f.Content)
	}
	switch {
	case size == 0:
		return "", nil, errFile(validate.ImportMissing)
	case size > FileMost:
		return "", nil, errFile(validate.ImportLarge)
	}
	if len(files) == 1 && strings.HasPrefix(string(files[0].Content), "PK\x03\x04") {
		lines, err := readWorkbook(files[0].Content)
		if err == nil && len(lines) == 0 {
			err = errFile(validate.ImportEmpty)
		}
		for _, l := range lines {
			r, saveErr := save(l, "")
			err = errors.Join(err, saveErr)
			rows = append(rows, r)
		}
		return "xlsx", rows, err
	}
	if len(files) > mailsMost {
		return "", nil, errFile(validate.ImportRows)
	}
	for i, f := range files {
		if !strings.HasSuffix(strings.ToLower(f.Name), ".eml") {
			return "", nil, errFile(notMail(len(files)))
		}
		form, err := readMail(f.Content)
		var refused errFile
		if err != nil && !errors.As(err, &refused) {
			return "", nil, err
		}
		r, err := save(line{i + 1, form}, string(refused))
		if err != nil {
			return "", nil, err
		}
		rows = append(rows, r)
	}
	return "eml", rows, nil
}

func notMail(files int) string {
	if files > 1 {
		return validate.ImportMixed
	}
	return validate.ImportKind
}

// filesDigest is equal for the same files in any order.
func (s *Store) filesDigest(files []File) []byte {
	digests := make([]string, len(files))
	for i, f := range files {
		digests[i] = string(s.Keys.Index("intake file", string(f.Content)))
	}
	slices.Sort(digests)
	return s.Keys.Index("intake files", strings.Join(digests, ""))
}

// importedBefore is *apperr.Invalid when the same files were stored before, with who and when.
func (s *Store) importedBefore(ctx context.Context, consultationID string, digest []byte) error {
	var by string
	var at time.Time
	var n int
	err := s.DB.QueryRow(ctx, `
		SELECT member_name, stored_at, stored_count
		  FROM intake_import
		 WHERE consultation_id = $1 AND digest = $2 AND stored_at IS NOT NULL`, consultationID, digest).Scan(&by, &at, &n)
	if errors.Is(err, pgx.ErrNoRows) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("look for an earlier import: %w", err)
	}
	return invalid("file", validate.ImportSame(by, at, n))
}

// Import reads an import of the member's own, its rows checked as of now. apperr.ErrNotFound: there is none, or it has
// expired.
func (s *Store) Import(ctx context.Context, by staff.Member, id uuid.UUID) (Import, error) {
	if !by.Can(staff.EnterComments) {
		return Import{}, apperr.ErrForbidden
	}
	var i Import
	var content []byte
	err := s.DB.QueryRow(ctx, `
		SELECT id, consultation_id, format, created_at, expires_at, stored_at, stored_count, content
		  FROM intake_import
		 WHERE id = $1 AND member_id = $2 AND (stored_at IS NOT NULL OR content IS NOT NULL AND expires_at > $3)`,
		id, by.ID, s.Now()).
		Scan(&i.ID, &i.ConsultationID, &i.Format, &i.CreatedAt, &i.ExpiresAt, &i.StoredAt, &i.StoredCount, &content)
	if errors.Is(err, pgx.ErrNoRows) {
		return Import{}, apperr.ErrNotFound
	}
	if err != nil {
		return Import{}, fmt.Errorf("read import %s: %w", id, err)
	}
	if content == nil {
		return i, nil
	}
	plain, err := s.Keys.OpenValue(importPlace, id, content)
	if err != nil {
		return Import{}, fmt.Errorf("open import %s: %w", id, err)
	}
	var saved []savedRow
	if err := json.Unmarshal(plain, &saved); err != nil {
		return Import{}, fmt.Errorf("decode import %s: %w", id, err)
	}
	i.Rows, err = s.judge(ctx, i.ConsultationID, saved)
	return i, err
}

// judge checks every row, and finds those that were entered before or stand twice in the file.
func (s *Store) judge(ctx context.Context, consultationID string, saved []savedRow) ([]ImportRow, error) {
	rules, err := s.rules(ctx, consultationID)
	if err != nil {
		return nil, err
	}
	rows := make([]ImportRow, len(saved))
	copies := make(map[string]int)
	var digests [][]byte
	for n, one := range saved {
		r := ImportRow{Line: one.Line, Form: one.form()}
		var bad *apperr.Invalid
		if r.Clean, bad = validate.CheckEntry(r.Form, rules); bad != nil {
			for _, p := range bad.Problems {
				r.Problems = append(r.Problems, p.Message)
			}
		}
		if one.Problem != "" {
			r.Problems = []string{one.Problem}
		}
		first := string(s.rowDigest(consultationID, r.Clean, 1))
		copies[first]++
		r.row = row{id: one.ID, clean: r.Clean, digest: s.rowDigest(consultationID, r.Clean, copies[first])}
		if same := s.rowDigest(consultationID, r.Clean, 0); same != nil && copies[first] > 1 && len(r.Problems) == 0 {
			r.Problems = []string{validate.EntryTwice}
		}
		digests = append(digests, r.row.digest)
		rows[n] = r
	}
	known, err := s.sameRows(ctx, consultationID, digests)
	if err != nil {
		return nil, err
	}
	for n := range rows {
		if k, ok := known[string(rows[n].row.digest)]; ok && k.commentID != rows[n].row.id {
			rows[n].Same = k.number
		}
	}
	return rows, nil
}

// Confirm stores the good rows of an import and returns how many there are. It goes in batches, each with its entries in
// the record; one that was broken off goes on where it stopped when it is confirmed again, and nothing is stored twice.
func (s *Store) Confirm(ctx context.Context, by staff.Member, id uuid.UUID) (int, error) {
	i, err := s.Import(ctx, by, id)
	if err != nil {
		return 0, err
	}
	if i.StoredAt != nil {
		return i.StoredCount, nil
	}
	words, err := s.Comments.ListedWords(ctx)
	if err != nil {
		return 0, err
	}
	var good []row
	for _, r := range i.Rows {
		if r.Good() {
			good = append(good, r.row)
		}
	}
	if len(good) == 0 {
		return 0, invalid("file", validate.ImportNoneGood)
	}
	for batch := range slices.Chunk(good, importBatch) {
		err := s.DB.InTx(ctx, func(tx pgx.Tx) error {
			if err := lockImport(ctx, tx, id); err != nil {
				return err
			}
			_, err := s.store(ctx, tx, by, i.ConsultationID, &id, batch, words)
			return err
		})
		if err != nil {
			return 0, err
		}
	}
	return len(good), s.finish(ctx, by, i, len(good))
}

// lockImport lets one of two confirmations of the same import go first.
func lockImport(ctx context.Context, tx pgx.Tx, id uuid.UUID) error {
	if _, err := tx.Exec(ctx, `SELECT FROM intake_import WHERE id = $1 FOR UPDATE`, id); err != nil {
		return fmt.Errorf("lock import %s: %w", id, err)
	}
	return nil
}

// finish forgets the working copy and notes that the files have been stored.
func (s *Store) finish(ctx context.Context, by staff.Member, i Import, n int) error {
	at := s.now()
	return s.DB.InTx(ctx, func(tx pgx.Tx) error {
		done, err := tx.Exec(ctx, `
			UPDATE intake_import
			   SET stored_at = $2, stored_count = $3, content = NULL
			 WHERE id = $1 AND stored_at IS NULL`, i.ID, at, n)
		var pg *pgconn.PgError
		if errors.As(err, &pg) && pg.ConstraintName == "intake_import_stored" { // a colleague had the same files
			return &apperr.Conflict{Action: "submitted", At: at}
		}
		if err != nil {
			return fmt.Errorf("finish import %s: %w", i.ID, err)
		}
		if done.RowsAffected() == 0 {
			return nil
		}
		return audit.Record(ctx, tx, audit.Entry{
			At: at, Actor: by.Signature(), Role: string(by.Role), Action: "import.store", ConsultationID: i.ConsultationID,
			Subject: "import " + i.ID.String(), Detail: fmt.Sprintf("%s, %d comments", i.Format, n),
		})
	})
}

// Purge deletes the working copies that have expired, and those of imports that were never confirmed with their rows.
func (s *Store) Purge(ctx context.Context) error {
	_, err := s.DB.Exec(ctx, `DELETE FROM intake_import WHERE stored_at IS NULL AND expires_at <= $1
		AND NOT EXISTS (SELECT FROM intake_entry e WHERE e.import_id = intake_import.id)`, s.Now())
	if err == nil {
		_, err = s.DB.Exec(ctx, `UPDATE intake_import SET content = NULL WHERE content IS NOT NULL AND expires_at <= $1`, s.Now())
	}
	if err != nil {
		return fmt.Errorf("purge imports: %w", err)
	}
	return nil
}
