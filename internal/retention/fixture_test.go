package retention

import (
	"encoding/hex"
	"fmt"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"wenji/internal/calendar"
	"wenji/internal/postgres"
	"wenji/internal/postgres/pgtest"
	"wenji/internal/staff"
	"wenji/internal/throttle"
	"wenji/internal/vault"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
)

var (
	zhouJun = staff.Member{Name: "周军", Username: "zhoujun", Role: staff.SecurityAdmin}
	liMing  = staff.Member{Name: "李明", Username: "liming", Role: staff.Moderator}
	zhaoLi  = staff.Member{Name: "赵丽", Username: "zhaoli", Role: staff.Moderator}
)

// today is when the acts of the tests happen: two years and a day after the result.
var today = time.Date(2027, 6, 12, 9, 0, 0, 0, calendar.Shanghai)

// office is a store over a consultation whose result was published on 11 June 2025.
type office struct {
	*Store
	t    *testing.T
	at   time.Time
	last int
}

const theConsultation = "2025-0001"

func newOffice(t *testing.T) *office {
	t.Helper()
	db := pgtest.New(t)
	keys, err := vault.Create(filepath.Join(t.TempDir(), "keys.json"))
	if err != nil {
		t.Fatal(err)
	}
	o := &office{t: t, at: today}
	o.Store = &Store{
		DB: db, Keys: keys, Calendar: &calendar.Store{DB: db}, Tries: &throttle.Limiter{DB: db, Index: keys.Index},
		Now: func() time.Time { return o.at },
	}
	o.consultation(theConsultation)
	o.exec(`UPDATE consultation SET concluded_on = '2025-06-11' WHERE id = $1`, theConsultation)
	return o
}

func (o *office) consultation(id string) {
	o.t.Helper()
	o.exec(`INSERT INTO consultation (id, kind, title, headline, unit, source, published_on, opens_at, closes_at, notice)
		VALUES ($1, 'normative_document', '若干措施', 'h', 'u', 's', '2025-04-29', '2025-04-29', '2025-05-08', 'n')`, id)
	o.exec(`INSERT INTO comment_count (consultation_id) VALUES ($1)`, id)
}

func (o *office) exec(sql string, args ...any) {
	o.t.Helper()
	if _, err := o.DB.Exec(o.t.Context(), sql, args...); err != nil {
		o.t.Fatal(err)
	}
}

// person is the n-th commenter.
func person(n int) vault.Personal {
	return vault.Personal{
		Name: vault.NewSecret("欧阳测标"), IDNumber: vault.NewSecret(fmt.Sprintf("2101021949%08d", n)),
		Phone: vault.NewSecret(fmt.Sprintf("138%08d", n)), Email: vault.NewSecret("biaoji@example.cn"),
	}
}

// comment stores one with a scan, and returns its key.
func (o *office) comment(consultation string) uuid.UUID {
	o.t.Helper()
	o.last++
	id, err := uuid.NewV7()
	if err != nil {
		o.t.Fatal(err)
	}
	sealed, err := o.Keys.Seal(id, person(o.last))
	if err != nil {
		o.t.Fatal(err)
	}
	o.exec(`INSERT INTO comment (id, consultation_id, number, received_at, title, body, masked_name, occupation, text_digest,
			form_digest, code_index, tail_index)
		VALUES ($1, $2, $3, '2025-05-01', '楼道扶手', '建议在楼道加装扶手', '欧***', '其他', 't', $4, $6, $5)`,
		id, consultation, o.last, o.Keys.Index("form digest", id.String()), o.Keys.Index("phone tail", id.String()),
		o.Keys.Index("code", id.String()))
	o.exec(`UPDATE comment_count SET last_number = $2 WHERE consultation_id = $1`, consultation, o.last)
	o.exec(`INSERT INTO intake_scan (comment_id, consultation_id, media_type, size, content)
		VALUES ($1, $2, 'image/png', 1, $3)`, id, consultation, o.Keys.SealValue("scan", id, []byte("a letter")))
	err = o.DB.InTx(o.t.Context(), func(tx pgx.Tx) error {
		return vault.Store(o.t.Context(), tx, []vault.Row{{CommentID: id, ConsultationID: consultation, Sealed: sealed}})
	})
	if err != nil {
		o.t.Fatal(err)
	}
	return id
}

// ask has the writer of a comment ask, and returns the request's key.
func (o *office) ask(comment uuid.UUID, kind Kind, wish string) uuid.UUID {
	o.t.Helper()
	if err := o.Ask(o.t.Context(), comment, kind, wish, "203.0.113.7"); err != nil {
		o.t.Fatal(err)
	}
	list, err := o.RequestsOf(o.t.Context(), comment)
	if err != nil || len(list) == 0 {
		o.t.Fatalf("no request: %v", err)
	}
	return list[0].ID
}

// count is one number of the database.
func (o *office) count(sql string, args ...any) (n int) {
	o.t.Helper()
	if err := o.DB.QueryRow(o.t.Context(), sql, args...).Scan(&n); err != nil {
		o.t.Fatal(err)
	}
	return n
}

// record is the actions of the record, in order.
func (o *office) record() string {
	o.t.Helper()
	var list string
	err := o.DB.QueryRow(o.t.Context(), `SELECT coalesce(string_agg(action, ' ' ORDER BY at, id), '') FROM audit_entry`).Scan(&list)
	if err != nil {
		o.t.Fatal(err)
	}
	return list
}

// dump is every row of every table, as text.
func dump(t *testing.T, db *postgres.DB) string {
	t.Helper()
	rows, err := db.Query(t.Context(), `
		SELECT c.relname FROM pg_class c WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p') ORDER BY 1`)
	if err != nil {
		t.Fatal(err)
	}
	tables, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil || len(tables) < 20 {
		t.Fatalf("%d tables (%v)", len(tables), err)
	}
	var all strings.Builder
	for _, table := range tables {
		var text string
		err := db.QueryRow(t.Context(), `SELECT coalesce(string_agg(x::text, E'\n'), '') FROM `+pgx.Identifier{table}.Sanitize()+` x`).Scan(&text)
		if err != nil {
			t.Fatal(err)
		}
		all.WriteString(text)
	}
	return all.String()
}

// marks are the bytes by which a person could be found in a dump: every sealed value and every keyed digest, as hex.
func (o *office) marks() []string {
	o.t.Helper()
	rows, err := o.DB.Query(o.t.Context(), `
		SELECT v FROM personal_data p, LATERAL (VALUES (p.name), (p.id_number), (p.phone), (p.email), (p.identity_index)) x (v)
		 UNION ALL SELECT tail_index FROM comment
		 UNION ALL SELECT form_digest FROM comment
		 UNION ALL SELECT content FROM intake_scan
		 UNION ALL SELECT wish FROM personal_request WHERE wish IS NOT NULL`)
	if err != nil {
		o.t.Fatal(err)
	}
	values, err := pgx.CollectRows(rows, pgx.RowTo[[]byte])
	if err != nil {
		o.t.Fatal(err)
	}
	marks := make([]string, len(values))
	for i, v := range values {
		marks[i] = hex.EncodeToString(v)
	}
	return marks
}
