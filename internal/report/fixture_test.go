package report_test

import (
	"crypto/sha256"
	"errors"
	"testing"
	"time"

	"wenji/internal/calendar"
	counters "wenji/internal/comment"
	"wenji/internal/postgres/pgtest"
	"wenji/internal/report"
	"wenji/internal/staff"
	"wenji/internal/vault"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
)

const subject = "2025-0001"

var (
	editor    = staff.Member{ID: uuid.New(), Username: "zhangjing", Name: "张静", Role: staff.Editor}
	moderator = staff.Member{ID: uuid.New(), Username: "liming", Name: "李明", Role: staff.Moderator}
	admin     = staff.Member{ID: uuid.New(), Username: "root", Name: "赵刚", Role: staff.SystemAdmin}

	// closed is a moment behind the period of the fixture.
	closed = time.Date(2025, 5, 12, 10, 0, 0, 0, calendar.Shanghai)
)

// fixture is a report store over one closed consultation of three clauses. Its clock stands still at at.
type fixture struct {
	*report.Store
	t       testing.TB
	at      time.Time
	clauses []uuid.UUID
	number  int
	keys    *vault.KeyRing
}

func newFixture(t testing.TB) *fixture {
	t.Helper()
	db := pgtest.New(t)
	f := &fixture{t: t, at: closed}
	f.Store = &report.Store{DB: db, Calendar: &calendar.Store{DB: db}, Now: func() time.Time { return f.at }}
	f.exec(`
		INSERT INTO consultation (id, kind, title, headline, unit, source, published_on, opens_at, closes_at, notice)
		VALUES ($1, 'normative_document', '实施方案', '公开征求意见', '省民政厅', '省民政厅', '2025-04-29',
		        '2025-04-29 00:00+08', '2025-05-08 00:00+08', '公告')`, subject)
	f.exec(`INSERT INTO comment_count (consultation_id) VALUES ($1)`, subject)
	for n := 1; n <= 3; n++ {
		id := uuid.New()
		f.clauses = append(f.clauses, id)
		f.exec(`
			INSERT INTO clause (id, consultation_id, document, ordinal, kind, number, label, title)
			VALUES ($1, $2, 'draft', $3::int, 'clause', $3::int, $3::int || '.', '条文')`, id, subject, n)
	}
	return f
}

// comment is one to be stored; empty fields get values that do not matter.
type comment struct {
	channel, occupation, state string
	body                       string
	clauses                    []int
	outcome, reason            string // "" for none
	received                   time.Time
}

func (f *fixture) add(c comment) uuid.UUID {
	f.t.Helper()
	fill := func(s *string, value string) {
		if *s == "" {
			*s = value
		}
	}
	fill(&c.channel, "web")
	fill(&c.occupation, "工人")
	fill(&c.state, "published")
	fill(&c.body, "建议加装扶手，方便老年人。")
	if c.received.IsZero() {
		c.received = time.Date(2025, 5, 1, 9, 0, 0, 0, calendar.Shanghai)
	}
	id, err := uuid.NewV7()
	if err != nil {
		f.t.Fatal(err)
	}
	ids := []uuid.UUID{}
	for _, n := range c.clauses {
		ids = append(ids, f.clauses[n-1])
	}
	mark := sha256.Sum256(id[:])
	f.number++
	f.exec(`
		INSERT INTO comment (id, consultation_id, number, channel, state, received_at, title, body, clause_ids, masked_name,
		                     occupation, text_digest, form_digest, code_index, tail_index, public_title, public_body, published_at)
		VALUES ($1, $2, $3, $4, $5::text, $6, '标题', $7, $8, '张**', $9, $10, $10, $10, $10,
		        CASE WHEN $5::text = 'published' THEN '标题' END, CASE WHEN $5::text = 'published' THEN $7 END,
		        CASE WHEN $5::text = 'published' THEN now() END)`,
		id, subject, f.number, c.channel, c.state, c.received, c.body, ids, c.occupation, mark[:])
	f.exec(`
		UPDATE comment_count
		   SET last_number = last_number + 1, received = received + ($2 = 'received')::int, published = published + ($2 = 'published')::int,
		       withheld = withheld + ($2 = 'withheld')::int, declined = declined + ($2 = 'declined')::int
		 WHERE consultation_id = $1`, subject, c.state)
	if c.outcome != "" {
		f.dispose(id, c.outcome, c.reason)
	}
	return id
}

// recount keeps the counters in step with what was put into the tables directly.
func (f *fixture) recount() {
	f.t.Helper()
	err := f.DB.InTx(f.t.Context(), func(tx pgx.Tx) error { return counters.Recount(f.t.Context(), tx, subject) })
	if err != nil {
		f.t.Fatal(err)
	}
}

func (f *fixture) dispose(id uuid.UUID, outcome, reason string) {
	f.t.Helper()
	f.exec(`
		INSERT INTO disposition (comment_id, consultation_id, outcome, reason, status, drafted_by, approved_by, approved_at)
		VALUES ($1, $2, $3, $4, 'approved', '李明', '张静', now())
		ON CONFLICT (comment_id, version) DO UPDATE SET outcome = excluded.outcome, reason = excluded.reason`, id, subject, outcome, reason)
}

// answered stores n published comments with a disposition each.
func (f *fixture) answered(n int) {
	f.t.Helper()
	for range n {
		f.add(comment{outcome: "adopted"})
	}
}

// publish saves words for a part and publishes it.
func (f *fixture) publish(p report.Part) error {
	f.t.Helper()
	d, err := f.Draft(f.t.Context(), editor, subject, p)
	if err != nil {
		f.t.Fatal(err)
	}
	d.Summary = "共收到意见若干条。"
	if err := f.SaveDraft(f.t.Context(), editor, d); err != nil {
		f.t.Fatal(err)
	}
	return f.Publish(f.t.Context(), editor, subject, p, d.Version+1)
}

func (f *fixture) mustPublish(parts ...report.Part) {
	f.t.Helper()
	for _, p := range parts {
		if err := f.publish(p); err != nil {
			f.t.Fatal(err)
		}
	}
}

func (f *fixture) exec(sql string, args ...any) {
	f.t.Helper()
	if _, err := f.DB.Exec(f.t.Context(), sql, args...); err != nil {
		f.t.Fatal(err)
	}
}

func (f *fixture) one(sql string, args ...any) (s string) {
	f.t.Helper()
	if err := f.DB.QueryRow(f.t.Context(), sql, args...).Scan(&s); err != nil {
		f.t.Fatal(err)
	}
	return s
}

// record lists the acts in the record, in order.
func (f *fixture) record() []string {
	f.t.Helper()
	rows, err := f.DB.Query(f.t.Context(), `SELECT action || '|' || actor || '|' || subject FROM audit_entry ORDER BY tx, id`)
	if err != nil {
		f.t.Fatal(err)
	}
	list, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		f.t.Fatal(err)
	}
	return list
}

func wantRefusal(t *testing.T, err error, why string) *report.Refusal {
	t.Helper()
	var refusal *report.Refusal
	if !errors.As(err, &refusal) || refusal.Why != why {
		t.Errorf("error %v, want a refusal: %s", err, why)
		return &report.Refusal{}
	}
	return refusal
}
