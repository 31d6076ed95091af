package main

import (
	"context"
	"fmt"
	"net/url"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"wenji/internal/comment"

	"github.com/google/uuid"
)

// fillSeed makes the same comments in every run.
const fillSeed = 20250429

// draft is the next checked form; no two forms of a run are alike.
func (l *bench) draft() (comment.Draft, error) {
	id, err := uuid.NewV7()
	return comment.Draft{
		FormID: id, ConsultationID: consultationID, CheckedAt: time.Now(), Submission: l.generator.Submission(l.place(1)),
	}, err
}

// place is where the next n comments begin, in the generator's order and behind those of a full database.
func (l *bench) place(n int) int {
	l.written += n
	return l.rows + l.written - n
}

// forms are checked forms, sealed as the check page holds them: all that is left is to send them.
func (l *bench) forms(store *comment.Store, address string, n int) ([][]byte, error) {
	requests := make([][]byte, n)
	for i := range requests {
		d, err := l.draft()
		if err != nil {
			return nil, err
		}
		sealed, err := store.SealDraft(d)
		if err != nil {
			return nil, err
		}
		requests[i] = post(address, noticePath+"/comments", "sealed="+sealed)
	}
	return requests, nil
}

// wholeWay is one citizen's way: the form, its check, its submission.
func (l *bench) wholeWay(c *client, i int) error {
	form, err := c.do(get(c.address, formPath))
	if err != nil {
		return err
	}
	s := l.generator.Submission(i)
	fields := url.Values{
		"captcha_token": {hidden(form.body, "captcha_token")}, "consultation": {consultationID}, "captcha": {digits},
		"title": {s.Title}, "body": {s.Body}, "name": {s.Name.Reveal()}, "id_number": {s.IDNumber.Reveal()},
		"occupation": {s.Occupation}, "phone": {s.Phone.Reveal()}, "email": {s.Email.Reveal()}, "org": {s.Org.Reveal()},
		"consent": {"1"}, "consent_id": {"1"},
	}
	for _, n := range s.Clauses {
		fields.Add("clause", strconv.Itoa(n))
	}
	check, err := c.do(post(c.address, noticePath+"/comments/check", fields.Encode()))
	if err != nil {
		return err
	}
	sealed := hidden(check.body, "sealed")
	if check.status != 200 || sealed == "" {
		return fmt.Errorf("check page: status %d", check.status)
	}
	status, err := c.status(post(c.address, noticePath+"/comments", "sealed="+sealed))
	if err == nil && status != 303 {
		err = fmt.Errorf("submission: status %d", status)
	}
	return err
}

// insertScript is the ceiling of writing: one row as wide as a comment, and nothing of what the portal does besides
// (numbering, checking the period, personal data and audit entry in tables of their own, uniqueness of forms and codes).
func (l *bench) insertScript() string {
	text := l.generator.Text(0)
	for i := 1; utf8.RuneCountInString(text.Body) < 200 || utf8.RuneCountInString(text.Body) > 230; i++ {
		text = l.generator.Text(i)
	}
	return `INSERT INTO row (public_id, consultation_id, number, state, received_at, changed_at, title, body, masked_name,
  occupation, channel, decided_by, reason, flags, name, id_number, phone, email)
VALUES (gen_random_uuid(), '2025-0001', :client_id, 'received', now(), now(), '` + text.Title + `', '` + text.Body + `', '张**',
  '其他', 'web', '', '', '', '\x` + strings.Repeat("ab", 42) + `', '\x` + strings.Repeat("cd", 50) + `', '\x` +
		strings.Repeat("ef", 43) + `', '\x` + strings.Repeat("01", 52) + `');
`
}

const insertTable = `
CREATE TABLE row (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, public_id uuid NOT NULL, consultation_id text NOT NULL,
  number integer NOT NULL, state text NOT NULL, received_at timestamptz NOT NULL, changed_at timestamptz NOT NULL,
  title text NOT NULL, body text NOT NULL, masked_name text NOT NULL, occupation text NOT NULL, channel text NOT NULL,
  decided_by text NOT NULL, reason text NOT NULL, flags text NOT NULL,
  name bytea NOT NULL, id_number bytea NOT NULL, phone bytea NOT NULL, email bytea NOT NULL);
CREATE INDEX ON row (consultation_id, state, id);
CREATE INDEX ON row (received_at, id) WHERE state = 'received';`

// waitSealed waits until every audit entry is in the chain, so that a run does not pay for the one before. What is not sealed
// yet is looked for behind the end of the chain, as the sealer does: counting a million entries would be a load itself.
func waitSealed(ctx context.Context, l *bench, database string) error {
	db, err := l.pool(ctx, database, 1)
	if err != nil {
		return err
	}
	defer db.Close()
	for range 200 {
		var open bool
		err := db.QueryRow(ctx, `
			SELECT EXISTS (SELECT FROM audit_entry e
			                WHERE e.tx >= coalesce((SELECT tx FROM audit_chain ORDER BY position DESC LIMIT 1), 0)
			                  AND NOT EXISTS (SELECT FROM audit_chain c WHERE c.entry_id = e.id))`).Scan(&open)
		if err != nil || !open {
			return err
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(100 * time.Millisecond):
		}
	}
	return nil
}

// waitBehind waits until the portal has taken all comments into search, totals and groups, and the record is sealed: what a
// rush has put off would otherwise be paid for by the next run.
func waitBehind(ctx context.Context, l *bench, database string) error {
	ctx, cancel := context.WithTimeoutCause(ctx, behindMost, fmt.Errorf("still behind after %s", behindMost))
	defer cancel()
	db, err := l.pool(ctx, database, 1)
	if err != nil {
		return err
	}
	defer db.Close()
	for {
		var behind bool
		if err := db.QueryRow(ctx, behindSQL).Scan(&behind); err != nil {
			return err
		}
		if !behind {
			return waitSealed(ctx, l, database)
		}
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-time.After(100 * time.Millisecond):
		}
	}
}
