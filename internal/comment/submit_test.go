package comment_test

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"wenji/internal/apperr"
	"wenji/internal/comment"
	"wenji/internal/postgres"
	"wenji/internal/postgres/pgtest"
	"wenji/internal/throttle"
	"wenji/internal/vault"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
)

const (
	consultationID = "2025-0001"
	markedName     = "欧阳测标"
	markedID       = "210102194912310016"
	markedPhone    = "13812345678"
	markedEmail    = "biaoji@example.cn"
)

var closesAt = time.Date(2025, 5, 8, 0, 0, 0, 0, time.FixedZone("CST", 8*3600))

// fixture is one portal's comment store over a database with one consultation whose period is 29 April to 7 May 2025.
type fixture struct {
	*comment.Store
	db   *postgres.DB
	keys *vault.KeyRing
}

func newFixture(t *testing.T, at time.Time) *fixture {
	t.Helper()
	return fixtureOn(t, pgtest.New(t), at)
}

func fixtureOn(t *testing.T, db *postgres.DB, at time.Time) *fixture {
	t.Helper()
	keys, err := vault.Create(filepath.Join(t.TempDir(), "keys.json"))
	if err != nil {
		t.Fatal(err)
	}
	exec(t, db, `
		INSERT INTO consultation (id, kind, title, headline, unit, source, published_on, opens_at, closes_at, notice)
		VALUES ($1, 'normative_document', '实施方案', '公开征求意见', '辽宁省民政厅', '辽宁省民政厅', '2025-04-29',
		        '2025-04-29 00:00+08', $2, '公告')`, consultationID, closesAt)
	exec(t, db, `INSERT INTO comment_count (consultation_id) VALUES ($1)`, consultationID)
	for n := 1; n <= 3; n++ {
		exec(t, db, `
			INSERT INTO clause (id, consultation_id, document, ordinal, kind, number, label)
			VALUES ($1, $2, 'draft', $3::int, 'clause', $3::int, '第' || $3::int || '条')`, uuid.New(), consultationID, n)
	}
	return replica(t, db, keys, at)
}

// replica is one more process over the same database and keys.
func replica(t *testing.T, db *postgres.DB, keys *vault.KeyRing, at time.Time) *fixture {
	t.Helper()
	skewed := &postgres.DB{Pool: db.Pool, Skew: time.Until(at)}
	store := comment.NewStore(skewed, skewed, keys, &throttle.Limiter{DB: skewed, Index: keys.Index})
	ctx, cancel := context.WithCancel(context.Background())
	var running sync.WaitGroup
	running.Go(func() { store.Run(ctx) })
	t.Cleanup(func() { cancel(); running.Wait() })
	return &fixture{store, skewed, keys}
}

func during() time.Time { return closesAt.Add(-72 * time.Hour) }

func (f *fixture) draft(t *testing.T) comment.Draft {
	t.Helper()
	id, err := uuid.NewV7()
	if err != nil {
		t.Fatal(err)
	}
	return comment.Draft{
		FormID: id, ConsultationID: consultationID, CheckedAt: f.Now(),
		Submission: comment.Submission{
			Title: "建议加装扶手", Body: "建议在老旧小区楼道加装扶手，方便老年人上下楼。" + id.String(),
			Name: vault.NewSecret(markedName), IDNumber: vault.NewSecret(markedID), Occupation: "退（离）休人员",
			Phone: vault.NewSecret(markedPhone), Email: vault.NewSecret(markedEmail), Clauses: []int{2, 3},
		},
	}
}

func TestOneFormIsStoredOnce(t *testing.T) {
	f := newFixture(t, during())
	other := replica(t, f.db, f.keys, during())
	d := f.draft(t)
	var wg sync.WaitGroup
	receipts := make([]comment.Receipt, 40)
	for i := range receipts {
		wg.Go(func() {
			store := f
			if i%2 == 1 {
				store = other
			}
			r, err := store.Submit(context.Background(), d)
			if err != nil {
				t.Errorf("submit %d: %v", i, err)
			}
			receipts[i] = r
		})
	}
	wg.Wait()
	for i, r := range receipts {
		if r != receipts[0] {
			t.Errorf("receipt %d is %+v, want %+v", i, r, receipts[0])
		}
	}
	if !comment.ValidCode(receipts[0].Code) {
		t.Errorf("code %q is not twelve digits with a check digit", receipts[0].Code)
	}
	for _, table := range []string{"comment", "personal_data", "audit_entry"} {
		if n := count(t, f.db, "SELECT count(*) FROM "+table); n != 1 {
			t.Errorf("%s holds %d rows, want 1", table, n)
		}
	}
	if n := count(t, f.db, "SELECT received FROM comment_count"); n != 1 {
		t.Errorf("counted %d received, want 1", n)
	}
}

func TestTheSameFormLaterGivesTheSameReceiptEvenAfterClosing(t *testing.T) {
	f := newFixture(t, during())
	d := f.draft(t)
	first := submit(t, f, d)
	late := replica(t, f.db, f.keys, closesAt.Add(time.Hour))
	if again := submit(t, late, d); again != first {
		t.Errorf("receipt after closing is %+v, want %+v", again, first)
	}
}

func TestChangedWordsUnderAUsedFormAreRefused(t *testing.T) {
	f := newFixture(t, during())
	d := f.draft(t)
	submit(t, f, d)
	d.Body += "再补充一句。"
	if _, err := f.Submit(context.Background(), d); !errors.Is(err, apperr.ErrConflict) {
		t.Errorf("error is %v, want a conflict", err)
	}
}

func TestTheDatabaseClockDecidesTheDeadline(t *testing.T) {
	for _, c := range []struct {
		name string
		at   time.Time
		want error
	}{
		{"before the beginning", time.Date(2025, 4, 28, 23, 59, 50, 0, closesAt.Location()), apperr.ErrClosed},
		{"at the beginning", time.Date(2025, 4, 29, 0, 0, 0, 0, closesAt.Location()), nil},
		{"in the last minute of 7 May", closesAt.Add(-30 * time.Second), nil},
		{"at 24:00 of 7 May", closesAt, apperr.ErrClosed},
	} {
		t.Run(c.name, func(t *testing.T) {
			f := newFixture(t, c.at)
			_, err := f.Submit(context.Background(), f.draft(t))
			if !errors.Is(err, c.want) || (c.want == nil && err != nil) {
				t.Errorf("error is %v, want %v", err, c.want)
			}
			want := 1
			if c.want != nil {
				want = 0
			}
			if n := count(t, f.db, "SELECT count(*) FROM personal_data"); n != want {
				t.Errorf("personal data of %d people stored, want %d", n, want)
			}
		})
	}
}

func TestAWithdrawnConsultationTakesNothing(t *testing.T) {
	f := newFixture(t, during())
	exec(t, f.db, `UPDATE consultation SET withdrawn_at = now(), withdrawal_reason = '另行征求'`)
	if _, err := f.Submit(context.Background(), f.draft(t)); !errors.Is(err, apperr.ErrClosed) {
		t.Errorf("error is %v, want closed", err)
	}
}

func TestAConsultationBeingPreparedTakesNothing(t *testing.T) {
	f := newFixture(t, during())
	exec(t, f.db, `UPDATE consultation SET stage = 'preparing'`)
	if _, err := f.Submit(context.Background(), f.draft(t)); !errors.Is(err, apperr.ErrClosed) {
		t.Fatalf("submit while it is being prepared: %v", err)
	}
}

func TestNumbersRunWithoutGaps(t *testing.T) {
	f := newFixture(t, during())
	var wg sync.WaitGroup
	for range 100 {
		d := f.draft(t)
		wg.Go(func() {
			if _, err := f.Submit(context.Background(), d); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if n := count(t, f.db, "SELECT count(DISTINCT number) FROM comment WHERE number BETWEEN 1 AND 100"); n != 100 {
		t.Errorf("%d different numbers from 1 to 100, want 100", n)
	}
}

func TestABadRowDoesNotFailItsNeighbours(t *testing.T) {
	f := newFixture(t, during())
	bad := f.draft(t)
	bad.Title = "不能存\x00的标题"
	var wg sync.WaitGroup
	for i := range 20 {
		d := f.draft(t)
		if i == 7 {
			d = bad
		}
		wg.Go(func() {
			_, err := f.Submit(context.Background(), d)
			if (d.FormID == bad.FormID) != (err != nil) {
				t.Errorf("form %d: error %v", i, err)
			}
		})
	}
	wg.Wait()
	if n := count(t, f.db, "SELECT count(*) FROM comment"); n != 19 {
		t.Errorf("%d comments stored, want 19", n)
	}
}

func TestATakenCodeIsReplacedByAnother(t *testing.T) {
	f := newFixture(t, during())
	d, other := f.draft(t), f.draft(t)
	submit(t, f, other)
	exec(t, f.db, `UPDATE comment SET code_index = $1 WHERE id = $2`, comment.FirstCodeIndex(f.keys, d.FormID), other.FormID)
	first := submit(t, f, d)
	if n := count(t, f.db, "SELECT code_attempt FROM comment WHERE number = "+fmt.Sprint(first.Number)); n != 1 {
		t.Errorf("the code is attempt %d, want 1", n)
	}
	if again := submit(t, f, d); again != first {
		t.Errorf("receipt again is %+v, want %+v", again, first)
	}
}

func TestPersonalDataIsNowhereInTheClear(t *testing.T) {
	f := newFixture(t, during())
	r := submit(t, f, f.draft(t))
	rows, err := f.db.Query(context.Background(), `
		SELECT table_name FROM information_schema.tables WHERE table_schema = 'public' AND table_type = 'BASE TABLE'`)
	if err != nil {
		t.Fatal(err)
	}
	tables, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		t.Fatal(err)
	}
	var all strings.Builder
	for _, table := range tables {
		lines, err := f.db.Query(context.Background(), `SELECT t::text FROM `+table+` t`)
		if err != nil {
			t.Fatal(err)
		}
		texts, err := pgx.CollectRows(lines, pgx.RowTo[string])
		if err != nil {
			t.Fatal(err)
		}
		all.WriteString(strings.Join(texts, "\n"))
	}
	if !strings.Contains(all.String(), "建议加装扶手") {
		t.Fatal("the dump does not even hold the title: the test looks in the wrong place")
	}
	for _, secret := range []string{markedName, markedID, markedPhone, markedEmail, r.Code} {
		if strings.Contains(all.String(), secret) || strings.Contains(all.String(), fmt.Sprintf("%x", secret)) {
			t.Errorf("a table holds a personal value in the clear")
		}
	}
}

func TestADraftOpensOnlyWhereItWasSealed(t *testing.T) {
	f := newFixture(t, during())
	d := f.draft(t)
	sealed, err := f.SealDraft(d)
	if err != nil {
		t.Fatal(err)
	}
	opened, err := f.OpenDraft(consultationID, sealed)
	if err != nil || opened.Body != d.Body || opened.IDNumber != d.IDNumber || opened.FormID != d.FormID {
		t.Errorf("opened draft differs: %v", err)
	}
	if _, err := f.OpenDraft("2025-0002", sealed); !errors.Is(err, apperr.ErrNotFound) {
		t.Errorf("another consultation opens it: %v", err)
	}
	if _, err := f.OpenDraft(consultationID, sealed[:len(sealed)-2]+"AA"); !errors.Is(err, apperr.ErrNotFound) {
		t.Errorf("an altered one opens: %v", err)
	}
	late := replica(t, f.db, f.keys, during().Add(25*time.Hour))
	kept, err := late.OpenDraft(consultationID, sealed)
	if !errors.Is(err, apperr.ErrExpired) || kept.Body != d.Body {
		t.Errorf("after a day: %v, words kept: %v", err, kept.Body == d.Body)
	}
}

func TestTheSameWordsOfTheSamePersonAreFound(t *testing.T) {
	f := newFixture(t, during())
	d := f.draft(t)
	submit(t, f, d)
	again := f.draft(t)
	again.Title, again.Body = d.Title+"！", strings.ReplaceAll(d.Body, "，", "， ")
	if _, yes, err := f.Repeated(context.Background(), again); err != nil || !yes {
		t.Errorf("same words in other punctuation: found %v, %v", yes, err)
	}
	again.IDNumber = vault.NewSecret("210102194912310024")
	if _, yes, err := f.Repeated(context.Background(), again); err != nil || yes {
		t.Errorf("another person: found %v, %v", yes, err)
	}
}

// A form under way when the consultation is concluded may still see it as open; its numbers are closed.
func TestNothingIsStoredOnceTheNumbersAreClosed(t *testing.T) {
	f := newFixture(t, during())
	submit(t, f, f.draft(t))
	err := f.db.InTx(context.Background(), func(tx pgx.Tx) error {
		totals, err := comment.Conclude(context.Background(), tx, consultationID)
		if totals.All() != 1 || totals.Received != 1 {
			t.Errorf("totals %+v", totals)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := f.Submit(context.Background(), f.draft(t)); !errors.Is(err, apperr.ErrClosed) {
		t.Errorf("stored after the numbers were closed: %v", err)
	}
}

func submit(t *testing.T, f *fixture, d comment.Draft) comment.Receipt {
	t.Helper()
	r, err := f.Submit(context.Background(), d)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func exec(t *testing.T, db *postgres.DB, sql string, args ...any) {
	t.Helper()
	if _, err := db.Exec(context.Background(), sql, args...); err != nil {
		t.Fatal(err)
	}
}

func count(t *testing.T, db *postgres.DB, sql string) int {
	t.Helper()
	var n int
	if err := db.QueryRow(context.Background(), sql).Scan(&n); err != nil {
		t.Fatal(err)
	}
	return n
}
