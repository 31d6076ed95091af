package intake

import (
	"context"
	"errors"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"wenji/internal/apperr"
	"wenji/internal/comment"
	"wenji/internal/consultation"
	"wenji/internal/postgres"
	"wenji/internal/postgres/pgtest"
	"wenji/internal/sample"
	"wenji/internal/staff"
	"wenji/internal/throttle"
	"wenji/internal/validate"
	"wenji/internal/vault"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
)

const sampleID = "2025-0001"

// fixture is a store over the sample consultation (29 April to 7 May 2025).
type fixture struct {
	*Store
	t       testing.TB
	at      time.Time
	keys    string // path of the key file
	liMing  staff.Member
	zhaoLi  staff.Member
	editor  staff.Member
	auditor staff.Member
	quota   int // of looks at personal data
	looks   int
}

func newFixture(t testing.TB) *fixture {
	t.Helper()
	pool := pgtest.New(t)
	f := &fixture{t: t, at: time.Date(2025, 5, 6, 15, 0, 0, 0, consultation.Shanghai)}
	db := &postgres.DB{Pool: pool.Pool, Skew: time.Until(f.at)}
	f.keys = filepath.Join(t.TempDir(), "keys.json")
	keys, err := vault.Create(f.keys)
	if err != nil {
		t.Fatal(err)
	}
	source, err := consultation.ReadSource(sample.FS)
	if err != nil {
		t.Fatal(err)
	}
	if err := (&consultation.Store{DB: db, Now: db.Now}).Import(context.Background(), "test", source); err != nil {
		t.Fatal(err)
	}
	tries := &throttle.Limiter{DB: db, Index: keys.Index}
	f.Store = &Store{DB: db, Keys: keys, Comments: comment.NewStore(db, db, keys, tries), Now: func() time.Time { return f.at }}
	f.quota = 50
	f.Look = func(context.Context, pgx.Tx, staff.Member, time.Time) (bool, int, error) {
		f.looks++
		return f.looks <= f.quota, f.quota, nil
	}
	f.liMing = f.member("liming", "李明", staff.Moderator)
	f.zhaoLi = f.member("zhaoli", "赵丽", staff.Moderator)
	f.editor = f.member("wangfang", "王芳", staff.Editor)
	f.auditor = f.member("wumin", "吴敏", staff.Auditor)
	return f
}

func (f *fixture) member(username, name string, role staff.Role) staff.Member {
	f.t.Helper()
	m := staff.Member{ID: uuid.New(), Username: username, Name: name, Role: role}
	f.exec(`INSERT INTO member (id, username, name, role, password_hash, totp_secret, created_at) VALUES ($1, $2, $3, $4, '', '', $5)`,
		m.ID, m.Username, m.Name, m.Role, f.at)
	return m
}

// letter is an entry that has nothing to be mended.
func letter() validate.EntryForm {
	return validate.EntryForm{
		Channel: "letter", ReceivedOn: "2025-05-06", Title: "建议加装电梯", Body: "请为老旧小区加装电梯，方便老年人上下楼。",
		Name: "王秀兰", Occupation: "退（离）休人员", Phone: "13812345678", Clauses: []string{"5"},
	}
}

func (f *fixture) enter(form validate.EntryForm, scan []byte) (uuid.UUID, comment.Receipt) {
	f.t.Helper()
	id := uuid.Must(uuid.NewV7())
	r, err := f.Enter(f.t.Context(), f.liMing, sampleID, Entry{ID: id, Form: form, Scan: scan})
	if err != nil {
		f.t.Fatal(err, problems(err))
	}
	return id, r
}

// problems are the sentences of an error, each behind its field.
func problems(err error) (list []string) {
	var invalid *apperr.Invalid
	if errors.As(err, &invalid) {
		for _, p := range invalid.Problems {
			list = append(list, p.Field+" "+p.Message)
		}
	}
	return list
}

func wantProblem(t *testing.T, err error, problem string) {
	t.Helper()
	if got := problems(err); !slices.Equal(got, []string{problem}) {
		t.Errorf("problems %q (%v), want %q", got, err, problem)
	}
}

func (f *fixture) exec(sql string, args ...any) {
	f.t.Helper()
	if _, err := f.DB.Exec(f.t.Context(), sql, args...); err != nil {
		f.t.Fatal(err)
	}
}

func (f *fixture) text(sql string, args ...any) (s string) {
	f.t.Helper()
	if err := f.DB.QueryRow(f.t.Context(), sql, args...).Scan(&s); err != nil {
		f.t.Fatal(err)
	}
	return s
}

func (f *fixture) number(sql string, args ...any) (n int) {
	f.t.Helper()
	if err := f.DB.QueryRow(f.t.Context(), sql, args...).Scan(&n); err != nil {
		f.t.Fatal(err)
	}
	return n
}
