package export

import (
	"context"
	"encoding/csv"
	"fmt"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"wenji/internal/postgres"
	"wenji/internal/postgres/pgtest"
	"wenji/internal/staff"
	"wenji/internal/vault"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
)

var (
	moderator = staff.Member{ID: uuid.New(), Username: "liming", Name: "李明", Role: staff.Moderator}
	editor    = staff.Member{ID: uuid.New(), Username: "wangfang", Name: "王芳", Role: staff.Editor}
	officer   = staff.Member{ID: uuid.New(), Username: "sunli", Name: "孙丽", Role: staff.Officer}
	sysAdmin  = staff.Member{ID: uuid.New(), Username: "root", Name: "王管", Role: staff.SystemAdmin}
	now       = time.Date(2025, 5, 3, 1, 2, 3, 4000, time.UTC)
)

const draft = "2025-0001"

type fixture struct {
	*Store
	t       testing.TB
	clauses []uuid.UUID
}

func newFixture(t testing.TB) *fixture {
	t.Helper()
	keys, err := vault.Create(filepath.Join(t.TempDir(), "keys.json"))
	if err != nil {
		t.Fatal(err)
	}
	f := &fixture{t: t, Store: &Store{DB: pgtest.New(t), Keys: keys, Now: func() time.Time { return now }}}
	for _, id := range []string{draft, "2025-0002"} {
		f.exec(`
			INSERT INTO consultation (id, kind, title, headline, unit, source, published_on, opens_at, closes_at, notice)
			VALUES ($1, 'normative_document', '实施方案', '公开征求意见', '省民政厅', '省民政厅', '2025-04-29', '2025-04-29 00:00+08', '2025-05-08 00:00+08', '')`, id)
	}
	for n := 1; n <= 3; n++ {
		id := uuid.New()
		f.clauses = append(f.clauses, id)
		f.exec(`INSERT INTO clause (id, consultation_id, document, ordinal, kind, number) VALUES ($1, $2, 'draft', $3, 'clause', $3)`, id, draft, n)
	}
	return f
}

func (f *fixture) exec(sql string, args ...any) {
	f.t.Helper()
	if _, err := f.DB.Exec(context.Background(), sql, args...); err != nil {
		f.t.Fatal(err)
	}
}

// row is a comment to be stored for a test.
type row struct {
	number             int
	state, title, body string
	clauses            []uuid.UUID
	consultation       string
	personal           vault.Personal
}

func person(name, id, phone, email, org string) vault.Personal {
	return vault.Personal{Name: vault.NewSecret(name), IDNumber: vault.NewSecret(id), Phone: vault.NewSecret(phone),
		Email: vault.NewSecret(email), Org: vault.NewSecret(org)}
}

var zhang = person("张三丰", "11010519491231002X", "13812345678", "zhangsan@example.cn", "省养老院")

func (f *fixture) add(r row) uuid.UUID {
	f.t.Helper()
	if r.state == "" {
		r.state = "received"
	}
	if r.consultation == "" {
		r.consultation = draft
	}
	var publicTitle, publicBody *string
	var publishedAt *time.Time
	if r.state == "published" {
		publicTitle, publicBody, publishedAt = &r.title, &r.body, &now
	}
	if r.clauses == nil {
		r.clauses = []uuid.UUID{}
	}
	id := uuid.New()
	f.exec(`
		INSERT INTO comment (id, consultation_id, number, state, received_at, title, body, clause_ids, masked_name, occupation,
		                     text_digest, form_digest, code_index, tail_index, public_title, public_body, published_at)
		VALUES ($1, $2, $3, $4, '2025-05-01 10:30:59+08', $5, $6, $7, '张**', '退（离）休人员', '', '', $8, '', $9, $10, $11)`,
		id, r.consultation, r.number, r.state, r.title, r.body, r.clauses, id[:], publicTitle, publicBody, publishedAt)
	if r.personal == (vault.Personal{}) {
		return id
	}
	sealed, err := f.Keys.Seal(id, r.personal)
	if err != nil {
		f.t.Fatal(err)
	}
	err = f.DB.InTx(context.Background(), func(tx pgx.Tx) error {
		return vault.Store(context.Background(), tx, []vault.Row{{CommentID: id, ConsultationID: r.consultation, Sealed: sealed}})
	})
	if err != nil {
		f.t.Fatal(err)
	}
	return id
}

// addMany stores n comments of about size bytes each, all with the same personal data.
func (f *fixture) addMany(n, size int) {
	f.t.Helper()
	body := strings.Repeat("建议加装扶手，", size/21+1)
	ctx := context.Background()
	var comments, people [][]any
	for i := range n {
		id := uuid.New()
		sealed, err := f.Keys.Seal(id, zhang)
		if err != nil {
			f.t.Fatal(err)
		}
		comments = append(comments, []any{id, draft, i + 1, now, fmt.Sprintf("建议%d", i), body, f.clauses[:1], "张**", "教师", []byte{}, []byte{}, id[:], []byte{}})
		people = append(people, []any{id, draft, sealed.Name, sealed.IDNumber, sealed.Phone, sealed.Email, sealed.Org, sealed.IdentityIndex})
	}
	err := f.DB.InTx(ctx, func(tx pgx.Tx) error {
		_, err := tx.CopyFrom(ctx, pgx.Identifier{"comment"}, []string{"id", "consultation_id", "number", "received_at", "title", "body", "clause_ids",
			"masked_name", "occupation", "text_digest", "form_digest", "code_index", "tail_index"}, pgx.CopyFromRows(comments))
		if err != nil {
			return err
		}
		_, err = tx.CopyFrom(ctx, pgx.Identifier{"personal_data"}, []string{"comment_id", "consultation_id", "name", "id_number", "phone", "email",
			"org", "identity_index"}, pgx.CopyFromRows(people))
		return err
	})
	if err != nil {
		f.t.Fatal(err)
	}
	analyze(f.t, f.DB)
}

// analyze gathers statistics as the owner of the tables, as autovacuum does on a running server.
func analyze(t testing.TB, db *postgres.DB) {
	t.Helper()
	conn, err := pgx.Connect(context.Background(), pgtest.URL(db))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(context.Background())
	if _, err := conn.Exec(context.Background(), `ANALYZE`); err != nil {
		t.Fatal(err)
	}
}

// write makes a file and returns it. A Personal one is asked for, approved, made and fetched.
func (f *fixture) write(o Options) string {
	f.t.Helper()
	if o.ConsultationID == "" {
		o.ConsultationID = draft
	}
	if o.Profile == Personal {
		return f.fetch(f.personal(o))
	}
	var b strings.Builder
	if _, err := f.Write(context.Background(), moderator, o, &b); err != nil {
		f.t.Fatal(err)
	}
	return b.String()
}

// personal asks for a Personal file, has it approved, and makes it.
func (f *fixture) personal(o Options) uuid.UUID {
	f.t.Helper()
	o.Profile = Personal
	if o.Reason == "" {
		o.Reason = "转交起草单位研究"
	}
	id, err := f.Ask(context.Background(), moderator, o)
	if err != nil {
		f.t.Fatal(err)
	}
	if err := f.Approve(context.Background(), editor, id); err != nil {
		f.t.Fatal(err)
	}
	f.make()
	return id
}

// make makes one file in the background.
func (f *fixture) make() {
	f.t.Helper()
	if worked, err := f.work(context.Background()); !worked || err != nil {
		f.t.Fatal(worked, err)
	}
}

// fetch downloads a finished file as its maker.
func (f *fixture) fetch(id uuid.UUID) string {
	f.t.Helper()
	k, err := f.Fetch(context.Background(), moderator, id)
	if err != nil {
		f.t.Fatal(err)
	}
	var b strings.Builder
	if err := k.Copy(context.Background(), &b); err != nil {
		f.t.Fatal(err)
	}
	if k.Size() != int64(b.Len()) {
		f.t.Errorf("%d bytes, recorded as %d", b.Len(), k.Size())
	}
	return b.String()
}

// readCSV reads a CSV file: its rows by heading, and the first cell of the last row.
func readCSV(t testing.TB, file string) (rows []map[string]string, closing string) {
	t.Helper()
	file, ok := strings.CutPrefix(file, "\uFEFF")
	if !ok {
		t.Error("no byte order mark")
	}
	if strings.Count(file, "\r\n") == 0 || !strings.HasSuffix(file, "\r\n") {
		t.Error("lines do not end with CRLF")
	}
	records, err := csv.NewReader(strings.NewReader(file)).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range records[1 : len(records)-1] {
		m := map[string]string{}
		for i, heading := range records[0] {
			m[heading] = r[i]
		}
		rows = append(rows, m)
	}
	return rows, records[len(records)-1][0]
}
