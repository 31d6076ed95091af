package moderation_test

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"path/filepath"
	"testing"
	"time"

	"wenji/internal/apperr"
	"wenji/internal/comment"
	"wenji/internal/consultation"
	"wenji/internal/moderation"
	"wenji/internal/postgres/pgtest"
	"wenji/internal/staff"
	"wenji/internal/vault"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
)

const first, second = "2025-0001", "2025-0002"

var (
	liMing  = member("liming", "李明", staff.Moderator)
	wangHui = member("wanghui", "王辉", staff.Moderator)
	editor  = member("zhangjing", "张静", staff.Editor)
	admin   = member("root", "赵刚", staff.SystemAdmin)

	morning = time.Date(2025, 5, 2, 10, 0, 0, 0, consultation.Shanghai)
)

func member(username, name string, role staff.Role) staff.Member {
	return staff.Member{ID: uuid.New(), Username: username, Name: name, Role: role}
}

// fixture is a moderation store over two consultations of three clauses each. Its clock stands still at at.
type fixture struct {
	*moderation.Store
	t       testing.TB
	at      time.Time
	clauses map[string][]uuid.UUID
	numbers map[string]int
}

func newFixture(t testing.TB) *fixture {
	t.Helper()
	db := pgtest.New(t)
	keys, err := vault.Create(filepath.Join(t.TempDir(), "keys.json"))
	if err != nil {
		t.Fatal(err)
	}
	f := &fixture{t: t, at: morning, clauses: map[string][]uuid.UUID{}, numbers: map[string]int{}}
	f.Store = &moderation.Store{DB: db, Keys: keys, Now: func() time.Time { return f.at }}
	for _, id := range []string{first, second} {
		f.exec(`
			INSERT INTO consultation (id, kind, title, headline, unit, source, published_on, opens_at, closes_at, notice)
			VALUES ($1, 'normative_document', '实施方案', '公开征求意见', '辽宁省民政厅', '辽宁省民政厅', '2025-04-29',
			        '2025-04-29 00:00+08', '2025-05-08 00:00+08', '公告')`, id)
		f.exec(`INSERT INTO comment_count (consultation_id) VALUES ($1)`, id)
		for n := 1; n <= 3; n++ {
			clause := uuid.New()
			f.clauses[id] = append(f.clauses[id], clause)
			f.exec(`
				INSERT INTO clause (id, consultation_id, document, ordinal, kind, number, label)
				VALUES ($1, $2, 'draft', $3::int, 'clause', $3::int, $3::int || '.')`, clause, id, n)
		}
	}
	return f
}

// arrival is a comment as it comes in.
type arrival struct {
	consultation string
	title, body  string
	clauses      []int
	flags        []string
	age          time.Duration // before f.at
	person       vault.Personal
}

// arrive stores a waiting comment and its sealed personal data. Empty fields get values that do not matter.
func (f *fixture) arrive(a arrival) uuid.UUID {
	f.t.Helper()
	if a.consultation == "" {
		a.consultation = first
	}
	if a.title == "" {
		a.title, a.body = "建议加装扶手", "楼道里应当为老年人加装扶手。"
	}
	if a.person.Name.Empty() {
		a.person.Name = vault.NewSecret("张三丰")
	}
	ids := []uuid.UUID{}
	for _, n := range a.clauses {
		ids = append(ids, f.clauses[a.consultation][n-1])
	}
	if a.flags == nil {
		a.flags = []string{}
	}
	id, err := uuid.NewV7()
	if err != nil {
		f.t.Fatal(err)
	}
	sealed, err := f.Keys.Seal(id, a.person)
	if err != nil {
		f.t.Fatal(err)
	}
	f.numbers[a.consultation]++
	number := f.numbers[a.consultation]
	mark := sha256.Sum256(id[:])
	f.exec(`
		INSERT INTO comment (id, consultation_id, number, received_at, title, body, clause_ids, masked_name, occupation,
		                     flags, text_digest, form_digest, code_index, tail_index)
		VALUES ($1, $2, $3, $4, $5, $6, $7, '张**', '退（离）休人员', $8, $9, $9, $9, $9)`,
		id, a.consultation, number, f.at.Add(-a.age), a.title, a.body, ids, a.flags, mark[:])
	f.exec(`
		INSERT INTO personal_data (comment_id, consultation_id, name, id_number, phone, identity_index)
		VALUES ($1, $2, $3, $4, $5, $6)`,
		id, a.consultation, sealed.Name, sealed.IDNumber, sealed.Phone, sealed.IdentityIndex)
	f.exec(`UPDATE comment_count SET last_number = $2, received = received + 1 WHERE consultation_id = $1`,
		a.consultation, number)
	return id
}

// arriveMany stores n comments, the oldest first.
func (f *fixture) arriveMany(n int, consultation string) []uuid.UUID {
	f.t.Helper()
	ids := make([]uuid.UUID, n)
	for i := range ids {
		ids[i] = f.arrive(arrival{consultation: consultation, age: time.Duration(n-i) * time.Minute})
	}
	return ids
}

func (f *fixture) exec(sql string, args ...any) {
	f.t.Helper()
	if _, err := f.DB.Exec(f.t.Context(), sql, args...); err != nil {
		f.t.Fatal(err)
	}
}

// asOwner runs SQL with the rights of the database's owner.
func (f *fixture) asOwner(sql string) {
	f.t.Helper()
	conn, err := pgx.Connect(f.t.Context(), pgtest.URL(f.DB))
	if err != nil {
		f.t.Fatal(err)
	}
	defer conn.Close(f.t.Context())
	if _, err := conn.Exec(f.t.Context(), sql); err != nil {
		f.t.Fatal(err)
	}
}

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

// record lists the entries of the record in order: who, what, which comment, detail.
func (f *fixture) record() []string {
	f.t.Helper()
	return f.list(`SELECT actor || '|' || role || '|' || action || '|' || consultation_id || '|' || subject || '|' || detail
	                 FROM audit_entry ORDER BY tx, id`)
}

func (f *fixture) detail(id uuid.UUID) moderation.Detail {
	f.t.Helper()
	d, err := f.Comment(f.t.Context(), liMing, id)
	if err != nil {
		f.t.Fatal(err)
	}
	return d
}

// must decides a comment as it stands.
func (f *fixture) must(by staff.Member, id uuid.UUID, action string, spans ...comment.Span) {
	f.t.Helper()
	d := moderation.Decision{CommentID: id, Version: f.detail(id).Version, Action: action, Spans: spans}
	if action != moderation.Publish {
		d.Reason = "unrelated"
	}
	if err := f.Decide(f.t.Context(), by, d); err != nil {
		f.t.Fatal(err)
	}
}

func (f *fixture) mustUndo(by staff.Member, id uuid.UUID) {
	f.t.Helper()
	if err := f.Undo(f.t.Context(), by, id, f.detail(id).Version); err != nil {
		f.t.Fatal(err)
	}
}

// wantConflict checks that err names who was faster with which act.
func wantConflict(t *testing.T, err error, by, action string, at time.Time) {
	t.Helper()
	var conflict *apperr.Conflict
	if !errors.As(err, &conflict) || !errors.Is(err, apperr.ErrConflict) {
		t.Errorf("error %v, want a conflict with %s", err, by)
		return
	}
	if conflict.By != by || conflict.Action != action || !conflict.At.Equal(at) {
		t.Errorf("conflict %+v, want %s %s at %v", *conflict, by, action, at)
	}
}

func wantProblem(t *testing.T, err error, field string) {
	t.Helper()
	var invalid *apperr.Invalid
	if !errors.As(err, &invalid) || len(invalid.Problems) != 1 || invalid.Problems[0].Field != field {
		t.Errorf("error %v, want a problem with %s", err, field)
	}
}

// wantExactTotals compares the running totals with an exact count.
func (f *fixture) wantExactTotals() {
	f.t.Helper()
	const totals = `
		SELECT consultation_id || ' ' || received || ' ' || published || ' ' || withheld || ' ' || declined
		  FROM comment_count ORDER BY 1`
	const exact = `
		SELECT k.consultation_id || ' ' || count(*) FILTER (WHERE state = 'received')
		       || ' ' || count(*) FILTER (WHERE state = 'published')
		       || ' ' || count(*) FILTER (WHERE state = 'withheld') || ' ' || count(*) FILTER (WHERE state = 'declined')
		  FROM comment_count k LEFT JOIN comment c USING (consultation_id)
		 GROUP BY k.consultation_id ORDER BY 1`
	if got, want := f.list(totals), f.list(exact); fmt.Sprint(got) != fmt.Sprint(want) {
		f.t.Fatalf("totals %q, exact count %q", got, want)
	}
	const byClause = `
		SELECT consultation_id || ' ' || clause_id || ' ' || published FROM clause_count WHERE published <> 0 ORDER BY 1`
	const exactByClause = `
		SELECT consultation_id || ' ' || u.clause_id || ' ' || count(*)
		  FROM comment, unnest(clause_ids) AS u (clause_id)
		 WHERE state = 'published' GROUP BY consultation_id, u.clause_id ORDER BY 1`
	if got, want := f.list(byClause), f.list(exactByClause); fmt.Sprint(got) != fmt.Sprint(want) {
		f.t.Fatalf("totals of clauses %q, exact count %q", got, want)
	}
}
