package comment

import (
	"context"
	"fmt"
	"strconv"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
)

// A citizen's search within one consultation goes through its comments in the order of the list where the words are common:
// a few hundred fill a page. Where they do not, the index of terms names those that hold the words; if that is a great
// deal, it was said elsewhere in the list, and the search goes further before it takes all. What a term names is looked at
// letter by letter. Words of any frequency cost some thousand comments at most, but for those that thousands of comments hold
// and not one of the next twenty thousand.
var publicSteps = []step{{newest: walkFew}, {newest: 2000}, {hits: hitsFew}, {newest: walkMost}, {hits: hitsAll}}

const (
	walkFew     = 300
	walkMost    = 20_000
	hitsAll     = 2_000_000   // of one consultation
	commonLeast = walkFew / 5 // of the newest, that hold the words: a thousand are counted sooner in the order of the list
)

// sought is a citizen's search with the comments that the index of terms does not know yet.
type sought struct {
	PublicFilter
	words  []string
	unread []int // not nil: what is unlike all of NULL is nothing
}

// findPublished returns the numbers of a page and one more, in the order of the list.
func (s *Store) findPublished(ctx context.Context, f PublicFilter, words []string, limit int) (numbers []int, err error) {
	q, known := sought{PublicFilter: f, words: words}, false
	often := false
	for i, st := range publicSteps {
		if i > 0 && st.newest > 0 && st.newest < walkMost && !often || often && st.hits == hitsFew {
			continue
		}
		if st.hits > 0 && !known {
			u, err := readUnread(ctx, s.DB, f.ConsultationID)
			if err != nil {
				return nil, err
			}
			q.unread, known = append([]int{}, u.numbers...), true
		}
		sql, args := q.walk(st.newest, limit+1)
		if st.hits > 0 {
			sql, args = q.hits(st.hits, limit+1)
		}
		var whole bool
		if err := s.DB.QueryRow(ctx, sql, args...).Scan(&whole, &numbers); err != nil {
			return nil, fmt.Errorf("search published comments of %s: %w", f.ConsultationID, err)
		}
		if whole || len(numbers) > limit {
			return numbers, nil
		}
		often = len(numbers) >= oftenMet
	}
	return numbers, nil // not reached: the last step names all
}

// countPublished counts what a search finds, up to CountMost+1.
func (s *Store) countPublished(ctx context.Context, f PublicFilter, words []string) (n int, err error) {
	f.After = 0
	q := sought{PublicFilter: f, words: words}
	for _, st := range []struct{ newest, most, enough int }{{walkFew, walkFew, commonLeast}, {walkMost, CountMost + 1, CountMost + 1}} {
		var whole bool
		var numbers []int
		sql, args := q.walk(st.newest, st.most)
		if err := s.DB.QueryRow(ctx, sql, args...).Scan(&whole, &numbers); err != nil {
			return 0, fmt.Errorf("count published comments of %s: %w", f.ConsultationID, err)
		}
		if whole || len(numbers) > CountMost {
			return len(numbers), nil
		}
		if len(numbers) < st.enough {
			break
		}
	}
	u, err := readUnread(ctx, s.DB, f.ConsultationID)
	if err != nil {
		return 0, err
	}
	q.unread = append([]int{}, u.numbers...)
	sql, args := q.count()
	if err := s.DB.QueryRow(ctx, sql, args...).Scan(&n); err != nil {
		return 0, fmt.Errorf("count published comments of %s: %w", f.ConsultationID, err)
	}
	return n, nil
}

// walk goes through the first comments of the list, at most as many as given, until enough hold the words. A long way is
// planned for its consultation: a plan for any would sort the comments of a large one as if they were few.
func (q sought) walk(most, enough int) (string, []any) {
	var args arguments
	id := args.add(q.ConsultationID)
	beyond, order := q.beyond("c.number", &args), q.order()
	sql := `
SELECT NOT EXISTS (SELECT FROM (SELECT FROM published_comment c WHERE c.consultation_id = ` + id + beyond + `
                                 ORDER BY c.number` + order + ` OFFSET ` + strconv.Itoa(most) + ` LIMIT 1) AS further),
       ARRAY(SELECT c.number
               FROM (SELECT c.number, c.title, c.body, c.clause_ids FROM published_comment c
                      WHERE c.consultation_id = ` + id + beyond + `
                      ORDER BY c.number` + order + ` LIMIT ` + strconv.Itoa(most) + `) AS c
              WHERE ` + q.fits(id, &args) + `
              ORDER BY c.number` + order + ` LIMIT ` + strconv.Itoa(enough) + `)`
	if most == walkMost {
		return sql, append([]any{pgx.QueryExecModeExec}, args...)
	}
	return sql, args
}

// named are the comments of the consultation that the index of terms names, as named (consultation_id, number). Another
// consultation may share a digest, and is told apart outside: within, it would be looked up by the order of the list.
func (q sought) named(id string, most int, args *arguments) string {
	limit := ""
	if most > 0 {
		limit = " LIMIT " + strconv.Itoa(most+1)
	}
	return `named AS MATERIALIZED (
  SELECT s.consultation_id, s.number
    FROM comment_search s
   WHERE s.public_terms IS NOT NULL
     AND ` + publicIndex + ` @> array_append(` + args.add(searchTerms(q.words)) + `::integer[], hashtext(` + id + `))` +
		q.beyond("s.number", args) + limit + `
)`
}

// hits looks at what the index of terms names, in the order of the list, until enough hold the words. Of too much nothing is
// looked at.
func (q sought) hits(most, enough int) (string, []any) {
	var args arguments
	id := args.add(q.ConsultationID)
	sql := `
WITH ` + q.named(id, most, &args) + `, listed AS MATERIALIZED (
  SELECT number FROM named WHERE consultation_id = ` + id + `
   UNION
  SELECT c.number FROM unnest(` + args.add(q.unread) + `::integer[]) AS c (number) WHERE true` + q.beyond("c.number", &args) + `
), total AS (
  SELECT count(*) <= ` + strconv.Itoa(most) + ` AS whole FROM named
)
SELECT whole, CASE WHEN whole THEN
         ARRAY(SELECT l.number
                 FROM (SELECT number FROM listed ORDER BY number` + q.order() + `) AS l
                CROSS JOIN LATERAL (` + q.lookAt("l.number", id, &args) + `) AS c
                ORDER BY l.number` + q.order() + ` LIMIT ` + strconv.Itoa(enough) + `)
       END
  FROM total`
	return sql, args
}

// count counts what the index of terms names and what it does not know yet, in any order.
func (q sought) count() (string, []any) {
	var args arguments
	id, unread := args.add(q.ConsultationID), args.add(q.unread)
	sql := `
WITH ` + q.named(id, 0, &args) + `
SELECT count(*)
  FROM (SELECT
          FROM (SELECT number FROM named WHERE consultation_id = ` + id + ` AND number <> ALL (` + unread + `::integer[])
                 UNION ALL
                SELECT unnest(` + unread + `::integer[])) AS l
         CROSS JOIN LATERAL (` + q.lookAt("l.number", id, &args) + `) AS c
         LIMIT ` + strconv.Itoa(CountMost+1) + `) AS found`
	return sql, args
}

// lookAt looks at one comment letter by letter. OFFSET 0 keeps it a look-up by number.
func (q sought) lookAt(number, id string, args *arguments) string {
	return `SELECT FROM published_comment c WHERE c.consultation_id = ` + id + ` AND c.number = ` + number + ` AND ` + q.fits(id, args) + ` OFFSET 0`
}

// fits is the filter but for its place: a person's words are in the arguments alone.
func (q sought) fits(id string, args *arguments) string {
	where := "true"
	for _, w := range q.words {
		where += " AND " + Holds("c.title", "c.body", w, args.add)
	}
	if q.ClauseID != uuid.Nil {
		where += " AND c.clause_ids @> ARRAY[" + args.add(q.ClauseID) + "]::uuid[]"
	}
	switch {
	case q.Answered && len(q.words) == 0:
		where += " AND c.number IN (SELECT number FROM published_reply WHERE consultation_id = " + id + ")"
	case q.Answered: // looked up for what holds the words, instead of reading all answers
		where += " AND (SELECT true FROM published_reply r WHERE r.consultation_id = " + id + " AND r.number = c.number LIMIT 1)"
	}
	return where
}

func (q sought) beyond(number string, args *arguments) string {
	switch {
	case q.After <= 0:
		return ""
	case q.Oldest:
		return " AND " + number + " > " + args.add(q.After)
	}
	return " AND " + number + " < " + args.add(q.After)
}

func (f PublicFilter) order() string {
	if f.Oldest {
		return " ASC"
	}
	return " DESC"
}
