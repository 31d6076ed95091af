package comment

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"wenji/internal/postgres"

	"github.com/jackc/pgx/v5"
)

// A search goes from the newest comment on: where the words are common a few hundred are enough, and reading all that hold
// them, only to sort them, would cost seconds. Where those do not fill a page the index of terms tells what holds the
// words; if that is a great deal, it was said long ago, and the search goes further back before it takes all. These steps
// only name comments. They are read in the order of the list, a few at a time, and looked at letter by letter until a page
// is full: a filter that nothing fits, and a term that stands for another pair of characters, cost what they must.
var steps = []step{{newest: 200}, {newest: 1000}, {hits: hitsFew}, {newest: 5000}, {newest: 50_000}, {hits: hitsMost}}

// step looks through the newest comments, or at those that hold the terms by the index of these, if they are no more.
type step struct{ newest, hits int }

const (
	hitsFew    = 5000
	hitsMost   = 2_000_000
	oftenMet   = 3  // among the newest: going on from there is less work than the index of terms
	chunkLeast = 32 // comments read at first, then twice as many each time
)

// The planner is kept to these ways. It knows how often a term is met, but not which ones are met together, and would now
// and then read a whole table, or all of it in order, in the hope of an early end.
const (
	searchPlan = `SELECT set_config('enable_seqscan', 'off', true)`
	hitsPlan   = `SELECT set_config('enable_indexscan', $1, true)`
)

// searchQuery is one kind of search; what a person typed is in the arguments of its statements alone.
type searchQuery struct {
	columns string
	from    string // the comments, as c
	terms   string
	index   string // what the index of terms is made of
	clauses bool   // c is the table, not the view
}

// publicIndex is what the index of public terms is made of.
const publicIndex = "array_append(s.public_terms, hashtext(s.consultation_id))"

var (
	staffSearch = searchQuery{columns: foundColumns, from: "comment c", terms: "s.staff_terms", index: "s.staff_terms", clauses: true}

	publicSearch = searchQuery{
		columns: "c." + strings.ReplaceAll(publicColumns, ", ", ", c."), from: "published_comment c", terms: "s.public_terms",
		index: publicIndex,
	}
)

// placed is a comment as a search returns it.
type placed interface{ place() Place }

// seek returns a page and one more, in the order of the list.
func seek[T placed](ctx context.Context, db *postgres.DB, q searchQuery, f SearchFilter) (list []T, err error) {
	words, searchable := SearchWords(f.Query)
	if !searchable {
		return nil, nil
	}
	err = db.InSnapshot(ctx, func(tx pgx.Tx) error {
		if _, err := tx.Exec(ctx, searchPlan); err != nil {
			return err
		}
		unread, err := readUnread(ctx, tx, f.ConsultationID)
		if err != nil {
			return err
		}
		fresh := unread.places()
		if list, err = seekRead[T](ctx, tx, q, f, words, fresh); err != nil || len(fresh) == 0 {
			return err
		}
		found, err := fetch[T](ctx, tx, q, f, words, fresh)
		list = append(list, found...)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("search comments: %w", err)
	}
	slices.SortFunc(list, func(a, b T) int { return a.place().compare(b.place()) })
	return list[:min(len(list), f.limit()+1)], nil
}

// seekRead finds what the search has read, but for the comments in fresh.
func seekRead[T placed](ctx context.Context, tx pgx.Tx, q searchQuery, f SearchFilter, words []string, fresh []Place) ([]T, error) {
	terms := searchTerms(words)
	skip := make(map[string]bool, len(fresh))
	for _, p := range fresh {
		skip[p.key()] = true
	}
	often := false
	for _, st := range steps {
		if often && st.hits == hitsFew {
			continue
		}
		named, whole, err := q.name(ctx, tx, st, f, terms, skip)
		if err != nil {
			return nil, err
		}
		if !whole && len(named) <= f.limit() {
			often = len(named) >= oftenMet
			continue
		}
		list, err := fetchInOrder[T](ctx, tx, q, f, words, named)
		if err != nil || whole || len(list) > f.limit() {
			return list, err
		}
	}
	return nil, nil // not reached: the last step names all
}

// name takes one step and names comments in the order of the list. whole: there are no others. Of a step that finds too
// much nothing is named.
func (q searchQuery) name(ctx context.Context, tx pgx.Tx, st step, f SearchFilter, terms []int32, skip map[string]bool) (
	named []Place, whole bool, err error) {
	sql, args := q.newest(f, terms, st.newest)
	if st.hits > 0 {
		sql, args = q.hits(f, terms, st.hits)
		if _, err := tx.Exec(ctx, hitsPlan, "off"); err != nil {
			return nil, false, err
		}
	}
	// Planned for these very terms: a plan for any would read the index of terms for the commonest words too.
	rows, err := tx.Query(ctx, sql, append([]any{pgx.QueryExecModeExec}, args...)...)
	if err != nil {
		return nil, false, err
	}
	var at *time.Time
	var id *string
	var number *int
	_, err = pgx.ForEachRow(rows, []any{&whole, &at, &id, &number}, func() error {
		if at == nil { // nothing, or too much
			return nil
		}
		if p := (Place{*at, *id, *number}); !skip[p.key()] {
			named = append(named, p)
		}
		return nil
	})
	if err == nil && st.hits > 0 {
		_, err = tx.Exec(ctx, hitsPlan, "on")
	}
	return named, whole, err
}

// arguments collects those of a statement and returns the placeholder of each.
type arguments []any

func (a *arguments) add(value any) string {
	*a = append(*a, value)
	return "$" + strconv.Itoa(len(*a))
}

// reach is the part of the filter that the index of terms knows itself, as a condition on the comment or its terms.
func (f SearchFilter) reach(of string, args *arguments) string {
	where := "true"
	if f.ConsultationID != "" {
		where += " AND " + of + ".consultation_id = " + args.add(f.ConsultationID)
	}
	if !f.From.IsZero() {
		where += " AND " + of + ".received_at >= " + args.add(f.From)
	}
	if !f.To.IsZero() {
		where += " AND " + of + ".received_at < " + args.add(f.To)
	}
	if f.After != (Place{}) {
		at, id, n := args.add(f.After.At), args.add(f.After.ConsultationID), args.add(f.After.Number)
		where += " AND " + of + ".received_at <= " + at + " AND (" + of + ".received_at < " + at +
			" OR (" + of + ".consultation_id, " + of + ".number) > (" + id + ", " + n + "::integer))"
	}
	return where
}

const inOrder = ` ORDER BY received_at DESC, consultation_id, number`

// newest names those of the newest comments that hold the terms.
func (q searchQuery) newest(f SearchFilter, terms []int32, most int) (string, []any) {
	var args arguments
	return `
WITH newest AS MATERIALIZED (
  SELECT s.received_at, s.consultation_id, s.number, coalesce(` + q.terms + ` @> ` + args.add(terms) + `::integer[], false) AS hit
    FROM comment_search s
   WHERE ` + q.terms + ` IS NOT NULL AND ` + f.reach("s", &args) + `
   ORDER BY s.received_at DESC, s.consultation_id, s.number
   LIMIT ` + args.add(most) + `::integer
)
SELECT (SELECT count(*) FROM newest) < ` + args.add(most) + `::integer, received_at, consultation_id, number
  FROM newest
 WHERE hit` + inOrder, args
}

// hits names the comments that hold the terms, by the index of them. All, and one more than most, are named before they
// are sorted.
func (q searchQuery) hits(f SearchFilter, terms []int32, most int) (string, []any) {
	var args arguments
	return `
WITH hits AS MATERIALIZED (
  SELECT s.received_at, s.consultation_id, s.number
    FROM comment_search s
   WHERE ` + q.terms + ` IS NOT NULL AND ` + q.index + ` @> ` + args.add(terms) + `::integer[] AND ` + f.reach("s", &args) + `
   LIMIT ` + args.add(most) + `::integer + 1
), total AS (
  SELECT count(*) <= ` + args.add(most) + `::integer AS whole FROM hits
)
SELECT t.whole, h.received_at, h.consultation_id, h.number
  FROM total t LEFT JOIN hits h ON t.whole
 ORDER BY h.received_at DESC, h.consultation_id, h.number`, args
}

// fetchInOrder reads named comments until a page and one more are found.
func fetchInOrder[T placed](ctx context.Context, tx pgx.Tx, q searchQuery, f SearchFilter, words []string, named []Place) (list []T, err error) {
	for chunk := max(chunkLeast, f.limit()+1); len(named) > 0 && len(list) <= f.limit(); chunk *= 2 {
		n := min(chunk, len(named))
		found, err := fetch[T](ctx, tx, q, f, words, named[:n])
		if err != nil {
			return nil, err
		}
		list, named = append(list, found...), named[n:]
	}
	return list, nil
}

// fetch reads those of the named comments that fit, in the order of the list.
func fetch[T any](ctx context.Context, tx pgx.Tx, q searchQuery, f SearchFilter, words []string, named []Place) ([]T, error) {
	sql, args := q.read(f, words, named)
	rows, err := tx.Query(ctx, sql, args...)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, pgx.RowToStructByName[T])
}

func (q searchQuery) read(f SearchFilter, words []string, named []Place) (string, []any) {
	var args arguments
	consultations, numbers := make([]string, len(named)), make([]int, len(named))
	for i, p := range named {
		consultations[i], numbers[i] = p.ConsultationID, p.Number
	}
	return `
SELECT ` + q.columns + `
  FROM unnest(` + args.add(consultations) + `::text[], ` + args.add(numbers) + `::integer[]) AS named (consultation_id, number)
  JOIN ` + q.from + ` ON c.consultation_id = named.consultation_id AND c.number = named.number
 WHERE ` + f.reach("c", &args) + q.narrow(f, words, &args) + `
 ORDER BY c.received_at DESC, c.consultation_id, c.number`, args
}

// narrow is the rest of the filter: every word stands in the title or in the text, letter by letter.
func (q searchQuery) narrow(f SearchFilter, words []string, args *arguments) (where string) {
	for _, w := range words {
		where += " AND " + holds("c.title", "c.body", w, args.add)
	}
	if f.State != "" {
		where += " AND c.state = " + args.add(f.State)
	}
	if f.Channel != "" {
		where += " AND c.channel = " + args.add(f.Channel)
	}
	if f.Clause > 0 && q.clauses {
		where += ` AND c.clause_ids && ARRAY(SELECT id FROM clause WHERE document = 'draft' AND kind = 'clause' AND number = ` + args.add(f.Clause)
		if f.ConsultationID != "" {
			where += " AND consultation_id = " + args.add(f.ConsultationID)
		}
		where += ")"
	}
	return where
}

// places are those of the comments named; when they were received is not known.
func (u unread) places() []Place {
	list := make([]Place, len(u.numbers))
	for i := range list {
		list[i] = Place{ConsultationID: u.consultations[i], Number: u.numbers[i]}
	}
	return list
}

func (p Place) key() string { return p.ConsultationID + "." + strconv.Itoa(p.Number) }

// compare orders places as the list does: the newest first.
func (p Place) compare(other Place) int {
	return cmp.Or(other.At.Compare(p.At), cmp.Compare(p.ConsultationID, other.ConsultationID), cmp.Compare(p.Number, other.Number))
}
