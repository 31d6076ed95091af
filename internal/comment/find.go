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
// words; if that is a great deal, it was said long ago, and the search goes further back before it takes more. These steps
// only name comments. They are read in the order of the list, a few at a time, and looked at letter by letter until a page
// is full. Each step begins behind what the ones before have looked at. A search that has gone through all steps, or looked at
// lookMost comments that a filter keeps out, ends there with what it has found, and the next page goes on.
var steps = []step{{newest: 200}, {newest: newestSome}, {hits: hitsFew}, {newest: 5000}, {hits: hitsMost}, {newest: 20_000}}

// step looks through the newest comments, or at those that hold the terms by the index of these, if they are no more.
type step struct{ newest, hits int }

const (
	newestSome = 1000
	hitsFew    = 5000
	hitsMost   = 50_000
	oftenMet   = 3  // among the newest: going on from there is less work than the index of terms
	chunkLeast = 32 // comments read at first, then twice as many each time
	lookMost   = 5000
)

// inVain tells that a step is more work than one after it, when the last one met the words so often.
func (st step) inVain(met int) bool {
	return met == 0 && st.newest == newestSome || met >= oftenMet && st.hits > 0
}

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
	steps   []step
	look    int // comments that one search looks at, at most
}

// publicIndex is what the index of public terms is made of.
const publicIndex = "array_append(s.public_terms, hashtext(s.consultation_id))"

var (
	staffSearch = searchQuery{columns: foundColumns, from: "comment c", terms: "s.staff_terms", index: "s.staff_terms", clauses: true,
		steps: steps, look: lookMost}

	publicSearch = searchQuery{
		columns: "c." + strings.ReplaceAll(publicColumns, ", ", ", c."), from: "published_comment c", terms: "s.public_terms",
		index: publicIndex, steps: steps, look: lookMost,
	}
)

// placed is a comment as a search returns it.
type placed interface{ place() Place }

// seek returns a page in the order of the list, and where the next one begins: nil at the end of the list. A page that is
// not full has one behind it where the search ended before the list did.
func seek[T placed](ctx context.Context, db *postgres.DB, q searchQuery, f SearchFilter) (list []T, next *Place, err error) {
	words, searchable := SearchWords(f.Query)
	if !searchable {
		return nil, nil, nil
	}
	err = db.InSnapshot(ctx, func(tx pgx.Tx) error {
		if err := postgres.LastExec(ctx, tx, "plan a search", searchPlan); err != nil {
			return err
		}
		unread, err := readUnread(ctx, tx, f.ConsultationID)
		if err != nil {
			return err
		}
		fresh := unread.places()
		s := search[T]{q: q, f: f, words: words, skip: make(map[string]bool, len(fresh)), left: q.look}
		for _, p := range fresh {
			s.skip[p.key()] = true
		}
		if next, err = s.run(ctx, tx); err != nil {
			return err
		}
		if list = s.list; len(fresh) == 0 {
			return nil
		}
		found, err := fetch[T](ctx, tx, q, f, words, fresh)
		list = append(list, found...)
		return err
	})
	if err != nil {
		return nil, nil, fmt.Errorf("search comments: %w", err)
	}
	list, next = cut(list, next, f.limit())
	return list, next, nil
}

// cut sorts what was found down to end, nil when that is everything, and leaves a page.
func cut[T placed](list []T, end *Place, limit int) ([]T, *Place) {
	slices.SortFunc(list, func(a, b T) int { return a.place().compare(b.place()) })
	if end != nil {
		list = slices.DeleteFunc(list, func(c T) bool { return c.place().compare(*end) > 0 })
	}
	if len(list) <= limit {
		return list, end
	}
	list = list[:limit]
	last := list[limit-1].place()
	return list, &last
}

// search is a search on its way.
type search[T placed] struct {
	q     searchQuery
	f     SearchFilter // its place moves on
	words []string
	skip  map[string]bool // what the index of terms does not know: looked at apart
	list  []T
	left  int // comments that may still be looked at
}

// run finds a page and one more, or tells where it ended.
func (s *search[T]) run(ctx context.Context, tx pgx.Tx) (end *Place, err error) {
	terms, met := searchTerms(s.words), -1
	for i, st := range s.q.steps {
		if st.inVain(met) {
			continue
		}
		named, whole, err := s.q.name(ctx, tx, st, s.f, terms, s.skip)
		if err != nil {
			return nil, err
		}
		if st.hits == 0 {
			met = len(named)
		}
		last := i == len(s.q.steps)-1
		if !whole && !last && len(s.list)+len(named) <= s.f.limit() {
			continue
		}
		from := s.f
		all, err := s.look(ctx, tx, named)
		switch {
		case err != nil || len(s.list) > s.f.limit():
			return nil, err
		case !all:
			return &s.f.After, nil
		case whole:
			return nil, nil
		case last:
			return s.q.furthest(ctx, tx, from, st.newest)
		}
	}
	return nil, nil // not reached: the last step ends the search
}

// look looks at named comments until a page and one more are found, and moves behind them. all: none was left out because
// too many have been looked at.
func (s *search[T]) look(ctx context.Context, tx pgx.Tx, named []Place) (all bool, err error) {
	chunk := max(chunkLeast, s.f.limit()+1)
	for len(named) > 0 && len(s.list) <= s.f.limit() {
		n := min(chunk, len(named), s.left)
		if n == 0 {
			return false, nil
		}
		found, err := fetch[T](ctx, tx, s.q, s.f, s.words, named[:n])
		if err != nil {
			return false, err
		}
		s.list, s.f.After, s.left = append(s.list, found...), named[n-1], s.left-n
		named, chunk = named[n:], chunk*2
	}
	return true, nil
}

// furthest is the place of the last comment that a step looks through, where there are as many.
func (q searchQuery) furthest(ctx context.Context, tx pgx.Tx, f SearchFilter, newest int) (*Place, error) {
	var args arguments
	sql := `
SELECT s.received_at, s.consultation_id, s.number
  FROM comment_search s
 WHERE ` + q.terms + ` IS NOT NULL AND ` + f.reach("s", &args) + `
 ORDER BY s.received_at DESC, s.consultation_id, s.number
OFFSET ` + strconv.Itoa(newest-1) + ` LIMIT 1`
	var p Place
	err := tx.QueryRow(ctx, sql, append([]any{pgx.QueryExecModeExec}, args...)...).Scan(&p.At, &p.ConsultationID, &p.Number)
	return &p, err
}

// name takes one step and names comments in the order of the list. whole: there are no others. Of a step that finds too
// much nothing is named.
func (q searchQuery) name(ctx context.Context, tx pgx.Tx, st step, f SearchFilter, terms []int32, skip map[string]bool) (
	named []Place, whole bool, err error) {
	sql, args := q.newest(f, terms, st.newest)
	if st.hits > 0 {
		sql, args = q.hits(f, terms, st.hits)
		if err := postgres.LastExec(ctx, tx, "plan a search", hitsPlan, "off"); err != nil {
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
		err = postgres.LastExec(ctx, tx, "plan a search", hitsPlan, "on")
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

// newest names those of the newest comments that hold the terms.
func (q searchQuery) newest(f SearchFilter, terms []int32, most int) (string, []any) {
	var args arguments
	sql := `
WITH newest AS MATERIALIZED (
  SELECT s.received_at, s.consultation_id, s.number, coalesce(` + q.terms + ` @> ` + args.add(terms) + `::integer[], false) AS hit
    FROM comment_search s
   WHERE ` + q.terms + ` IS NOT NULL AND ` + f.reach("s", &args) + `
   ORDER BY s.received_at DESC, s.consultation_id, s.number
   LIMIT ` + strconv.Itoa(most) + `
), total AS (
  SELECT count(*) < ` + strconv.Itoa(most) + ` AS whole FROM newest
)
SELECT t.whole, n.received_at, n.consultation_id, n.number
  FROM total t LEFT JOIN newest n ON n.hit
 ORDER BY n.received_at DESC, n.consultation_id, n.number`
	return sql, args
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
		where += " AND " + Holds("c.title", "c.body", w, args.add)
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
