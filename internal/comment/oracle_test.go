package comment_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"wenji/internal/comment"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
)

// Of few characters words of any frequency are made, and pairs of characters that stand in a text, but not together.
const letters = "养老服务助餐抗衰的了Aab%_"

func randomText(r *rand.Rand, least, most int) string {
	runes := []rune(letters)
	text := make([]rune, least+r.IntN(most-least+1))
	for i := range text {
		text[i] = runes[min(r.IntN(len(runes)), r.IntN(len(runes)))] // the first ones more often
	}
	return string(text)
}

// babble fills two consultations with comments of random words in random states. Some are not read into the search, and some
// have changed since.
func babble(t *testing.T, f *fixture, r *rand.Rand, amount int) {
	t.Helper()
	exec(t, f.db, `INSERT INTO consultation SELECT (jsonb_populate_record(c, '{"id": "2025-0002"}')).* FROM consultation c`)
	put := func(first, last int) {
		titles, bodies, public := make([]string, 0, amount), make([]string, 0, amount), make([]string, 0, amount)
		for range last - first + 1 {
			rare := ""
			if n := first + len(titles); n%400 == 3 {
				rare = "犇骉"
			} else if n%40 == 3 {
				rare = "骉羴"
			}
			titles = append(titles, randomText(r, 1, 6))
			bodies, public = append(bodies, randomText(r, 5, 40)+rare), append(public, randomText(r, 5, 40)+rare)
		}
		exec(t, f.db, `
			INSERT INTO comment (id, consultation_id, number, state, channel, received_at, title, body, masked_name, occupation, text_digest,
			                     form_digest, code_index, tail_index, public_title, public_body, published_at, clause_ids)
			SELECT gen_random_uuid(), k.id, n, s.state, CASE WHEN n % 7 = 0 THEN 'letter' ELSE 'web' END,
			       timestamptz '2025-05-01 00:00+08' + n / 3 * interval '1 hour', w.title, w.body, '张**', '工人', '', '',
			       convert_to(k.id || n, 'UTF8'), '', p.title, p.body, p.at,
			       CASE WHEN n % 5 = 0 THEN ARRAY(SELECT id FROM clause WHERE consultation_id = k.id AND kind = 'clause' AND number = 2) ELSE '{}' END
			  FROM consultation k
			 CROSS JOIN unnest($1::text[], $2::text[], $3::text[]) WITH ORDINALITY AS w (title, body, public, place)
			 CROSS JOIN LATERAL (SELECT $4::integer - 1 + place::integer AS n) AS number
			 CROSS JOIN LATERAL (SELECT CASE n % 8 WHEN 0 THEN 'received' WHEN 1 THEN 'withheld' ELSE 'published' END AS state) AS s
			  LEFT JOIN LATERAL (SELECT w.title, w.public AS body, now() AS at WHERE s.state = 'published') AS p ON true`,
			titles, bodies, public, first)
		exec(t, f.db, `INSERT INTO comment_count (consultation_id, last_number) SELECT id, $1 FROM consultation
			ON CONFLICT (consultation_id) DO UPDATE SET last_number = $1`, last)
	}
	put(1, amount-100)
	index(t, f)
	put(amount-99, amount)
	exec(t, f.db, `
		WITH changed AS (
		  UPDATE comment SET state = 'published', public_title = '服务', public_body = '养老犇骉羴了', published_at = now(), body = '老养务服犇骉羴'
		   WHERE number % 200 = 3 RETURNING id, consultation_id
		)
		INSERT INTO comment_search_stale (comment_id, consultation_id) SELECT * FROM changed`)
}

// holding are the comments that hold every word, found by reading them all.
func holding(t *testing.T, f *fixture, columns, where, order, query string, args ...any) []string {
	t.Helper()
	for _, w := range strings.Fields(query) {
		args = append(args, "%"+strings.NewReplacer(`\`, `\\`, `%`, `\%`, `_`, `\_`).Replace(w)+"%")
		where += fmt.Sprintf(` AND (%[1]stitle ILIKE $%[2]d OR %[1]sbody ILIKE $%[2]d)`, columns, len(args))
	}
	rows, err := f.db.Query(t.Context(), `SELECT consultation_id || '.' || number FROM comment WHERE `+where+` ORDER BY `+order, args...)
	if err != nil {
		t.Fatal(err)
	}
	list, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		t.Fatal(err)
	}
	return list
}

// rareQueries are for what the index of terms has to name: some comments hold the words before and after they changed.
var rareQueries = []string{"犇骉", "骉羴", "犇骉羴", "老犇骉", "养老犇骉", "老养务服", "没有此词", "了犇", "_犇骉", "%_", "_", "aAbB"}

func queries(r *rand.Rand) (list []string) {
	for range 12 {
		for n := 1; n <= 4; n++ {
			list = append(list, randomText(r, n, n))
		}
		list = append(list, randomText(r, 2, 3)+" "+randomText(r, 1, 2))
	}
	return append(list, rareQueries...)
}

func TestCitizensFindWhatReadingEveryCommentFinds(t *testing.T) {
	f, r := newFixture(t, during()), rand.New(rand.NewPCG(1, 2))
	babble(t, f, r, 2600)
	var clauseID uuid.UUID
	err := f.db.QueryRow(t.Context(), `SELECT id FROM clause WHERE consultation_id = $1 AND kind = 'clause' AND number = 2`, consultationID).Scan(&clauseID)
	if err != nil {
		t.Fatal(err)
	}
	for i, query := range queries(r) {
		if _, searchable := comment.SearchWords(query); !searchable {
			continue
		}
		filter := comment.PublicFilter{ConsultationID: consultationID, Query: query, Oldest: i%2 == 0, Limit: 1 + r.IntN(100)}
		if slices.Contains(rareQueries, query) {
			filter.Limit = 2
		}
		where, args := "state = 'published' AND consultation_id = $1", []any{consultationID}
		if i%3 == 0 {
			filter.ClauseID = clauseID
			where, args = where+" AND $2 = ANY (clause_ids)", append(args, clauseID)
		}
		order := map[bool]string{false: "number DESC", true: "number"}[filter.Oldest]
		want := holding(t, f, "public_", where, order, query, args...)
		var got []string
		for more := true; more && len(got) <= len(want); {
			var list []comment.Public
			if list, more, err = f.PublishedList(t.Context(), filter); err != nil {
				t.Fatal(err)
			}
			for _, c := range list {
				got = append(got, fmt.Sprintf("%s.%d", c.ConsultationID, c.Number))
				filter.After = c.Number
			}
		}
		if !slices.Equal(got, want) {
			t.Errorf("%q, %+v: %d found, want %d", query, filter, len(got), len(want))
		}
		if n, err := f.PublishedCount(t.Context(), filter); err != nil || n != min(len(want), comment.CountMost+1) {
			t.Errorf("%q: %d counted, want %d (%v)", query, n, len(want), err)
		}
		everywhere := holding(t, f, "public_", "state = 'published'", "received_at DESC, consultation_id, number", query)
		if got := pages(t, func(after comment.Place) ([]comment.Public, *comment.Place, error) {
			return f.SearchPublished(t.Context(), comment.SearchFilter{Query: query, After: after, Limit: 70})
		}, func(c comment.Public) string { return fmt.Sprintf("%s.%d", c.ConsultationID, c.Number) }); !slices.Equal(got, everywhere) {
			t.Errorf("%q everywhere: %d found, want %d", query, len(got), len(everywhere))
		}
	}
}

func TestStaffFindWhatReadingEveryCommentFinds(t *testing.T) {
	f, r := newFixture(t, during()), rand.New(rand.NewPCG(3, 4))
	babble(t, f, r, 2000)
	from, early := during().AddDate(0, 0, 3), 0
	for i, query := range queries(r) {
		if _, searchable := comment.SearchWords(query); !searchable {
			continue
		}
		filter := comment.SearchFilter{Query: query, Limit: 1 + r.IntN(100)}
		if slices.Contains(rareQueries, query) {
			filter.Limit = 3
		}
		where, args := "true", []any(nil)
		and := func(condition string, value any) {
			args = append(args, value)
			where += fmt.Sprintf(" AND "+condition, len(args))
		}
		if i%2 == 0 {
			filter.ConsultationID = "2025-0002"
			and("consultation_id = $%d", filter.ConsultationID)
		}
		switch i % 5 {
		case 1:
			filter.State = comment.Withheld
			and("state = $%d", "withheld")
		case 2:
			filter.Channel = "letter"
			and("channel = $%d", "letter")
		case 3:
			filter.From, filter.To = from, from.AddDate(0, 0, 4)
			and("received_at >= $%d", filter.From)
			and("received_at < $%d", filter.To)
		}
		want := holding(t, f, "", where, "received_at DESC, consultation_id, number", query, args...)
		got := pages(t, func(after comment.Place) ([]comment.Found, *comment.Place, error) {
			filter.After = after
			return f.Search(t.Context(), reader, filter)
		}, func(c comment.Found) string { return fmt.Sprintf("%s.%d", c.ConsultationID, c.Number) })
		if !slices.Equal(got, want) {
			t.Errorf("%q, %+v: %d found, want %d", query, filter, len(got), len(want))
		}
		ended := false
		got = pages(t, func(after comment.Place) ([]comment.Found, *comment.Place, error) {
			filter.After = after
			list, next, err := f.SearchShortly(t.Context(), filter)
			ended = ended || next != nil && len(list) < filter.Limit
			return list, next, err
		}, func(c comment.Found) string { return fmt.Sprintf("%s.%d", c.ConsultationID, c.Number) })
		if !slices.Equal(got, want) {
			t.Errorf("%q, %+v, a little at a time: %d found, want %d", query, filter, len(got), len(want))
		}
		early += map[bool]int{true: 1}[ended]
	}
	if early < 10 {
		t.Errorf("%d searches ended before the list did", early)
	}
}

// pages reads a search from its first page to its last.
func pages[T any](t *testing.T, read func(after comment.Place) ([]T, *comment.Place, error), name func(T) string) (names []string) {
	t.Helper()
	for next := (&comment.Place{}); next != nil; {
		list, following, err := read(*next)
		if err != nil {
			t.Fatal(err)
		}
		for _, c := range list {
			names = append(names, name(c))
		}
		next = following
	}
	return names
}
