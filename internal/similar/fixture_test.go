package similar

import (
	"crypto/sha256"
	"fmt"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"wenji/internal/consultation"
	"wenji/internal/postgres/pgtest"
	"wenji/internal/staff"
	"wenji/internal/vault"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
)

const first, second = "2025-0001", "2025-0002"

var (
	liMing  = staff.Member{ID: uuid.New(), Username: "liming", Name: "李明", Role: staff.Moderator}
	editor  = staff.Member{ID: uuid.New(), Username: "wangfang", Name: "王芳", Role: staff.Editor}
	admin   = staff.Member{ID: uuid.New(), Username: "admin", Name: "管理员", Role: staff.SystemAdmin}
	morning = time.Date(2025, 5, 2, 10, 0, 0, 0, consultation.Shanghai)
)

// fixture is a store over two consultations without comments. Its clock stands still.
type fixture struct {
	*Store
	t testing.TB
}

func newFixture(t testing.TB) *fixture {
	t.Helper()
	keys, err := vault.Create(filepath.Join(t.TempDir(), "keys.json"))
	if err != nil {
		t.Fatal(err)
	}
	f := &fixture{t: t, Store: &Store{DB: pgtest.New(t), Keys: keys, Now: func() time.Time { return morning }}}
	for _, id := range []string{first, second} {
		f.exec(`
			INSERT INTO consultation (id, kind, title, headline, unit, source, published_on, opens_at, closes_at, notice)
			VALUES ($1, 'normative_document', '实施方案', '公开征求意见', '辽宁省民政厅', '辽宁省民政厅', '2025-04-29',
			        '2025-04-29 00:00+08', '2025-05-08 00:00+08', '公告')`, id)
		f.exec(`INSERT INTO comment_count (consultation_id) VALUES ($1)`, id)
	}
	return f
}

// arrive stores a comment of a person, as the portal does.
func (f *fixture) arrive(consultationID, person, title, body string) uuid.UUID {
	f.t.Helper()
	id, err := uuid.NewV7()
	if err != nil {
		f.t.Fatal(err)
	}
	sealed, err := f.Keys.Seal(id, vault.Personal{Name: vault.NewSecret("张三丰"), Phone: vault.NewSecret(person)})
	if err != nil {
		f.t.Fatal(err)
	}
	mark := sha256.Sum256(id[:])
	err = f.DB.InTx(f.t.Context(), func(tx pgx.Tx) error {
		var number int
		err := tx.QueryRow(f.t.Context(), `
			UPDATE comment_count SET last_number = last_number + 1, received = received + 1
			 WHERE consultation_id = $1 RETURNING last_number`, consultationID).Scan(&number)
		if err != nil {
			return err
		}
		_, err = tx.Exec(f.t.Context(), `
			INSERT INTO comment (id, consultation_id, number, received_at, title, body, masked_name, occupation,
			                     text_digest, form_digest, code_index, tail_index)
			VALUES ($1, $2, $3, $4, $5, $6, '张**', '工人', $7, $7, $7, $7)`,
			id, consultationID, number, morning.Add(time.Duration(number)*time.Second), title, body, mark[:])
		if err != nil {
			return err
		}
		_, err = tx.Exec(f.t.Context(), `
			INSERT INTO personal_data (comment_id, consultation_id, name, phone, identity_index) VALUES ($1, $2, $3, $4, $5)`,
			id, consultationID, sealed.Name, sealed.Phone, sealed.IdentityIndex)
		return err
	})
	if err != nil {
		f.t.Fatal(err)
	}
	return id
}

// wording is the i-th wording of the campaign: with another name in front, and a word changed.
func wording(i int) string {
	return fmt.Sprintf("我是%s。", strings.Repeat("王李赵"[i%3*3:i%3*3+3], 1+i%2)) + strings.Replace(base, "六楼", fmt.Sprintf("%d楼", i), 1)
}

func (f *fixture) catchUp() {
	f.t.Helper()
	if err := f.CatchUp(f.t.Context()); err != nil {
		f.t.Fatal(err)
	}
}

func (f *fixture) groups(consultationID string) []Group {
	f.t.Helper()
	list, _, err := f.Groups(f.t.Context(), liMing, Filter{ConsultationID: consultationID})
	if err != nil {
		f.t.Fatal(err)
	}
	return list
}

// only is the one group of the consultation.
func (f *fixture) only(consultationID string) Group {
	f.t.Helper()
	list := f.groups(consultationID)
	if len(list) != 1 {
		f.t.Fatalf("%d groups, want one: %+v", len(list), list)
	}
	return list[0]
}

func (f *fixture) exec(sql string, args ...any) {
	f.t.Helper()
	if _, err := f.DB.Exec(f.t.Context(), sql, args...); err != nil {
		f.t.Fatal(err)
	}
}

func (f *fixture) number(sql string, args ...any) (n int) {
	f.t.Helper()
	if err := f.DB.QueryRow(f.t.Context(), sql, args...).Scan(&n); err != nil {
		f.t.Fatal(err)
	}
	return n
}
