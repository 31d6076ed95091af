package fill

import (
	"context"
	"errors"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"wenji/internal/audit"
	"wenji/internal/comment"
	"wenji/internal/consultation"
	"wenji/internal/postgres"
	"wenji/internal/postgres/pgtest"
	"wenji/internal/sample"
	"wenji/internal/vault"

	"github.com/jackc/pgx/v5"
)

var until = time.Date(2026, 3, 2, 15, 0, 0, 0, consultation.Shanghai)

func newKeys(t *testing.T) *vault.KeyRing {
	t.Helper()
	keys, err := vault.Create(filepath.Join(t.TempDir(), "keys.json"))
	if err != nil {
		t.Fatal(err)
	}
	return keys
}

// number is the one number that a query returns.
func number(t *testing.T, db *postgres.DB, query string, args ...any) (n int) {
	t.Helper()
	if err := db.QueryRow(context.Background(), query, args...).Scan(&n); err != nil {
		t.Fatalf("%s: %v", query, err)
	}
	return n
}

func TestADataSetIsWholeAndItsTotalsAreExact(t *testing.T) {
	db, keys := pgtest.New(t), newKeys(t)
	var steps atomic.Int64
	o := Options{Seed: 5, Comments: 3000, Consultations: 12, Until: until, Progress: func(n int) { steps.Add(int64(n)) }}
	if err := Run(context.Background(), db, keys, o); err != nil {
		t.Fatal(err)
	}
	if n := int(steps.Load()); n != Steps(o.Comments) {
		t.Errorf("progress told %d steps of %d", n, Steps(o.Comments))
	}
	for what, c := range map[string]struct {
		query string
		want  int
	}{
		"comments":             {`SELECT count(*) FROM comment`, 3000},
		"consultations":        {`SELECT count(DISTINCT consultation_id) FROM comment`, 12},
		"personal data":        {`SELECT count(*) FROM personal_data`, 3000},
		"submissions recorded": {`SELECT count(*) FROM audit_entry WHERE action = 'comment.submit'`, 3000},
		"wrong totals": {`
			SELECT count(*)
			  FROM comment_count k
			 WHERE (last_number, received, published, withheld, declined) <>
			       (SELECT count(*), count(*) FILTER (WHERE state = 'received'), count(*) FILTER (WHERE state = 'published'),
			               count(*) FILTER (WHERE state = 'withheld'), count(*) FILTER (WHERE state = 'declined')
			          FROM comment c WHERE c.consultation_id = k.consultation_id)`, 0},
		"wrong totals of clauses": {`
			SELECT count(*)
			  FROM (SELECT consultation_id, clause_id, published FROM clause_count WHERE published <> 0) k
			  FULL JOIN (SELECT consultation_id, unnest(clause_ids) AS clause_id, count(*)::int AS published
			               FROM comment WHERE state = 'published' GROUP BY 1, 2) c USING (consultation_id, clause_id)
			 WHERE k.published IS DISTINCT FROM c.published`, 0},
		"numbers out of the order of arrival": {`
			SELECT count(*) FROM (SELECT number, row_number() OVER (PARTITION BY consultation_id ORDER BY received_at, number) AS place FROM comment) c
			 WHERE number <> place`, 0},
		"arrived outside the period": {`
			SELECT count(*) FROM comment c JOIN consultation k ON k.id = c.consultation_id
			 WHERE c.received_at < k.opens_at OR c.received_at >= k.closes_at OR c.received_at >= $1`, 0},
		"decided without a decision or the other way about": {`
			SELECT count(*) FROM comment c LEFT JOIN decision d ON d.comment_id = c.id
			 WHERE (c.state <> 'received' AND c.decided_by <> '') <> (d.id IS NOT NULL) OR d.to_state <> c.state OR d.decided_at <> c.decided_at`, 0},
		"decisions not recorded": {`SELECT (SELECT count(*) FROM decision) - (SELECT count(*) FROM audit_entry WHERE action IN ('comment.publish', 'comment.withhold', 'comment.decline'))`, 0},
		"entries not sealed":     {`SELECT (SELECT count(*) FROM audit_entry) - (SELECT count(*) FROM audit_chain)`, 0},
		"not in the search":      {`SELECT (SELECT count(*) FROM comment) - (SELECT count(*) FROM comment_search)`, 0},
		"to be read again":       {`SELECT count(*) FROM comment_search_stale`, 0},
		"public words missing from the search": {`
			SELECT count(*) FROM comment c JOIN comment_search s ON s.comment_id = c.id WHERE (c.state = 'published') <> (s.public_terms IS NOT NULL)`, 0},
		"not compared with others": {`SELECT (SELECT count(*) FROM comment) - (SELECT count(*) FROM comment_sketch)`, 0},
		"not in the tallies":       {`SELECT 3000 - coalesce(sum(count), 0)::int FROM comment_tally WHERE kind = 'day'`, 0},
		"mails":                    {`SELECT count(*) FROM outbox`, 0},
	} {
		args := []any{}
		if strings.Contains(c.query, "$1") {
			args = append(args, until)
		}
		if n := number(t, db, c.query, args...); n != c.want {
			t.Errorf("%s: %d, want %d", what, n, c.want)
		}
	}
	for what, c := range map[string]struct {
		query       string
		least, most int
	}{
		"waiting":               {`SELECT count(*) FROM comment WHERE state = 'received'`, 30, 150},
		"published":             {`SELECT count(*) FROM comment WHERE state = 'published'`, 2400, 2800},
		"withheld":              {`SELECT count(*) FROM comment WHERE state = 'withheld'`, 100, 300},
		"declined":              {`SELECT count(*) FROM comment WHERE state = 'declined'`, 60, 200},
		"hidden spans":          {`SELECT count(*) FROM redaction`, 10, 200},
		"groups":                {`SELECT count(*) FROM comment_group WHERE members > 2`, 3, 300},
		"answers":               {`SELECT count(*) FROM disposition WHERE status = 'approved'`, 100, 1500},
		"personal in the clear": {`SELECT count(*) FROM comment WHERE state = 'published' AND public_body ~ '154[0-9]{8}|@example.com'`, 0, 0},
	} {
		if n := number(t, db, c.query); n < c.least || n > c.most {
			t.Errorf("%s: %d, want %d to %d", what, n, c.least, c.most)
		}
	}
	if r, err := audit.Verify(context.Background(), db, keys.AuditKey()); err != nil || r.Broken != nil {
		t.Errorf("the record: %+v, %v", r, err)
	}
}

func TestTheSameSeedFillsTwoDatabasesAlike(t *testing.T) {
	digest := func(seed uint64) (d string) {
		db := pgtest.New(t)
		if err := Run(context.Background(), db, newKeys(t), Options{Seed: seed, Comments: 400, Consultations: 3, Until: until}); err != nil {
			t.Fatal(err)
		}
		err := db.QueryRow(context.Background(), `
			SELECT md5(string_agg(concat_ws('|', id, consultation_id, number, received_at, title, body, masked_name, occupation, state, public_body, decided_at), ',' ORDER BY id))
			  FROM comment`).Scan(&d)
		if err != nil {
			t.Fatal(err)
		}
		return d
	}
	first := digest(1)
	if digest(1) != first {
		t.Error("the same seed made other comments")
	}
	if digest(2) == first {
		t.Error("another seed made the same comments")
	}
}

func TestAnInterruptedRunGoesOn(t *testing.T) {
	db, keys := pgtest.New(t), newKeys(t)
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	o := Options{Seed: 1, Comments: 4000, Consultations: 3, Until: until, Progress: func(n int) {
		if n > 0 {
			cancel()
		}
	}}
	if err := Run(ctx, db, keys, o); !errors.Is(err, context.Canceled) {
		t.Fatalf("interrupted run: %v", err)
	}
	if n := number(t, db, `SELECT count(*) FROM comment`); n == 0 || n == o.Comments {
		t.Fatalf("%d comments after the interruption: nothing to go on with", n)
	}
	o.Progress, o.Until = nil, until.AddDate(0, 0, 3)
	for range 2 { // what is complete stays as it is
		if err := Run(context.Background(), db, keys, o); err != nil {
			t.Fatal(err)
		}
		if n := number(t, db, `SELECT count(DISTINCT id) FROM comment WHERE received_at < $1`, until); n != o.Comments {
			t.Fatalf("%d comments, want %d", n, o.Comments)
		}
	}
	var begun *Begun
	o.Seed = 2
	if err := Run(context.Background(), db, keys, o); !errors.As(err, &begun) || begun.Seed != 1 || begun.Comments != 4000 {
		t.Errorf("another data set in the same database: %v", err)
	}
}

func TestADatabaseOfAnOfficeIsLeftAlone(t *testing.T) {
	for actor, refused := range map[string]bool{"wenji command line": true, "王审核（wang）": true, DemoActor: false} {
		db := pgtest.New(t)
		source, err := consultation.ReadSource(sample.FS)
		if err != nil {
			t.Fatal(err)
		}
		store := &consultation.Store{DB: db, Now: db.Now}
		if err := store.Import(context.Background(), actor, source); err != nil {
			t.Fatal(err)
		}
		err = Run(context.Background(), db, newKeys(t), Options{Seed: 1, Comments: 20, Consultations: 2, Until: until})
		var foreign *Foreign
		if errors.As(err, &foreign) != refused || !refused && err != nil {
			t.Errorf("consultation of %s: %v", actor, err)
		}
		want := 20
		if refused {
			want = 0
		}
		if n := number(t, db, `SELECT count(*) FROM comment`); n != want {
			t.Errorf("consultation of %s: %d comments, want %d", actor, n, want)
		}
	}
}

func TestPersonalDataOfADataSetOpens(t *testing.T) {
	db, keys := pgtest.New(t), newKeys(t)
	if err := Run(context.Background(), db, keys, Options{Seed: 1, Comments: 50, Consultations: 1, Until: until}); err != nil {
		t.Fatal(err)
	}
	g := newGenerator(t, 1)
	rows, err := db.Query(context.Background(), `SELECT id FROM comment ORDER BY number`)
	if err != nil {
		t.Fatal(err)
	}
	ids, err := pgx.CollectRows(rows, pgx.RowTo[[16]byte])
	if err != nil {
		t.Fatal(err)
	}
	err = db.InSnapshot(context.Background(), func(tx pgx.Tx) error {
		for i, id := range ids {
			sealed, err := vault.Read(context.Background(), tx, id)
			if err != nil {
				return err
			}
			personal, err := keys.Open(id, sealed)
			if err != nil {
				return err
			}
			if want := g.Submission(i); personal.IDNumber != want.IDNumber || personal.Name != want.Name {
				t.Errorf("comment %d belongs to another person than the generator's", i)
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	found, _, err := comment.NewStore(db, db, keys, nil).SearchPublished(context.Background(), comment.SearchFilter{Query: "养老"})
	if err != nil || len(found) == 0 {
		t.Errorf("search finds %d, %v", len(found), err)
	}
}
