package referral_test

import (
	"crypto/sha256"
	"errors"
	"testing"
	"time"

	"wenji/internal/apperr"
	"wenji/internal/calendar"
	"wenji/internal/consultation"
	"wenji/internal/postgres/pgtest"
	"wenji/internal/referral"
	"wenji/internal/staff"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
)

const first = "2025-0001"

var morning = time.Date(2025, 4, 30, 10, 0, 0, 0, consultation.Shanghai)

// fixture is a store over one consultation and two departments. Its clock stands at at.
type fixture struct {
	*referral.Store
	t               testing.TB
	at              time.Time
	civil, finance  uuid.UUID
	moderator, next staff.Member // 审核员
	editor          staff.Member
	officer         staff.Member // of civil
	stranger        staff.Member // of finance
	numbers         int
}

func newFixture(t testing.TB) *fixture {
	t.Helper()
	db := pgtest.New(t)
	f := &fixture{t: t, at: morning, civil: uuid.New(), finance: uuid.New()}
	f.Store = &referral.Store{DB: db, Calendar: &calendar.Store{DB: db}, Now: func() time.Time { return f.at }}
	f.exec(`INSERT INTO unit (id, name) VALUES ($1, '省民政厅'), ($2, '省财政厅')`, f.civil, f.finance)
	f.exec(`
		INSERT INTO consultation (id, kind, title, headline, unit, source, published_on, opens_at, closes_at, notice)
		VALUES ($1, 'normative_document', '实施方案', '公开征求意见', '辽宁省民政厅', '辽宁省民政厅', '2025-04-29',
		        '2025-04-29 00:00+08', '2025-05-08 00:00+08', '公告')`, first)
	f.exec(`INSERT INTO comment_count (consultation_id) VALUES ($1)`, first)
	f.moderator = staff.Member{ID: uuid.New(), Username: "liming", Name: "李明", Role: staff.Moderator}
	f.next = staff.Member{ID: uuid.New(), Username: "zhaoli", Name: "赵丽", Role: staff.Moderator}
	f.editor = staff.Member{ID: uuid.New(), Username: "wangfang", Name: "王芳", Role: staff.Editor}
	f.officer = staff.Member{ID: uuid.New(), Username: "sunli", Name: "孙丽", Role: staff.Officer, UnitID: f.civil, UnitName: "省民政厅"}
	f.stranger = staff.Member{ID: uuid.New(), Username: "qian", Name: "钱进", Role: staff.Officer, UnitID: f.finance, UnitName: "省财政厅"}
	return f
}

func (f *fixture) exec(sql string, args ...any) {
	f.t.Helper()
	if _, err := f.DB.Exec(f.t.Context(), sql, args...); err != nil {
		f.t.Fatal(err)
	}
}

// comment stores one in a state, with an e-mail address sealed beside it.
func (f *fixture) comment(state, body string) uuid.UUID {
	f.t.Helper()
	id, err := uuid.NewV7()
	if err != nil {
		f.t.Fatal(err)
	}
	f.numbers++
	mark := sha256.Sum256(id[:])
	f.exec(`
		INSERT INTO comment (id, consultation_id, number, received_at, title, body, masked_name, occupation, text_digest, form_digest,
		                     code_index, tail_index, state, public_title, public_body, published_at, decided_at)
		VALUES ($1, $2, $3, $4, '建议', $5, '张**', '工人', $6, $6, $6, $6, $7::text,
		        CASE WHEN $7::text = 'published' THEN '建议' END, CASE WHEN $7::text = 'published' THEN $5 END,
		        CASE WHEN $7::text = 'published' THEN $4::timestamptz END, CASE WHEN $7::text <> 'received' THEN $4::timestamptz END)`,
		id, first, f.numbers, f.at, body, mark[:], state)
	f.exec(`INSERT INTO personal_data (comment_id, consultation_id, name, email) VALUES ($1, $2, 'x', 'x')`, id, first)
	return id
}

func (f *fixture) refer(id uuid.UUID, units ...uuid.UUID) []referral.Referral {
	f.t.Helper()
	if err := f.Refer(f.t.Context(), f.moderator, []uuid.UUID{id}, referral.Order{Units: units}); err != nil {
		f.t.Fatal(err)
	}
	return f.file(id).Referrals
}

func (f *fixture) file(id uuid.UUID) referral.File {
	f.t.Helper()
	file, err := f.File(f.t.Context(), f.moderator, id)
	if err != nil {
		f.t.Fatal(err)
	}
	return file
}

func (f *fixture) dispose(by staff.Member, ids ...uuid.UUID) {
	f.t.Helper()
	if err := f.Dispose(f.t.Context(), by, ids, adopted); err != nil {
		f.t.Fatal(err)
	}
}

// approve approves an answer as it stands.
func (f *fixture) approve(ids ...uuid.UUID) {
	f.t.Helper()
	versions := make([]int, len(ids))
	for i, id := range ids {
		versions[i] = f.file(id).Latest().Version
	}
	done, err := f.Approve(f.t.Context(), f.editor, ids, versions)
	if err != nil || done != len(ids) {
		f.t.Fatalf("approved %d: %v", done, err)
	}
}

var adopted = referral.Draft{Outcome: referral.Adopted, Answer: "感谢您的意见，已采纳。"}

func (f *fixture) list(sql string, args ...any) []string {
	f.t.Helper()
	rows, err := f.DB.Query(f.t.Context(), sql, args...)
	if err != nil {
		f.t.Fatal(err)
	}
	list, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		f.t.Fatal(err)
	}
	return list
}

func wantConflict(t *testing.T, err error, by, action string) {
	t.Helper()
	var c *apperr.Conflict
	if !errors.As(err, &c) || c.By != by || c.Action != action {
		t.Errorf("error %#v, want a conflict: %s %s", err, by, action)
	}
}

func wantProblem(t *testing.T, err error, field, sentence string) {
	t.Helper()
	var invalid *apperr.Invalid
	if !errors.As(err, &invalid) || len(invalid.Problems) != 1 || invalid.Problems[0] != (apperr.Problem{Field: field, Message: sentence}) {
		t.Errorf("error %v %+v, want %s at %s", err, invalid, sentence, field)
	}
}
