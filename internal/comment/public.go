package comment

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"wenji/internal/apperr"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
)

// PublicFilter selects published comments of one consultation.
type PublicFilter struct {
	ConsultationID string
	ClauseID       uuid.UUID // zero: any clause
	Query          string    // words that title or text hold, see SearchWords; empty: any; not searchable: none
	Answered       bool      // only those with an official answer
	Oldest         bool      // oldest first; newest first otherwise
	After          int       // the page begins behind this number; 0: at the beginning
	Limit          int       // at most this many, 1 to 100
}

const publicColumns = `consultation_id, number, title, body, masked_name, occupation, received_at, published_at, clauses`

// PublishedList returns a page of published comments and whether more follow. It reads the view published_comment
// alone, so words that were hidden cannot be found.
func (s *Store) PublishedList(ctx context.Context, f PublicFilter) ([]Public, bool, error) {
	if none, err := s.unanswered(ctx, f); none || err != nil {
		return nil, false, err
	}
	limit := min(max(f.Limit, 1), 100)
	where, args, err := s.publicWhere(ctx, f)
	if err != nil {
		return nil, false, err
	}
	order, beyond := "DESC", "<"
	if f.Oldest {
		order, beyond = "ASC", ">"
	}
	if f.After > 0 {
		args = append(args, f.After)
		where += fmt.Sprintf(" AND number %s $%d", beyond, len(args))
	}
	args = append(args, limit+1)
	rows, err := s.DB.Query(ctx, `
		SELECT `+publicColumns+`
		  FROM published_comment
		 WHERE `+where+`
		 ORDER BY number `+order+`
		 LIMIT $`+fmt.Sprint(len(args)), f.planned(args)...)
	if err != nil {
		return nil, false, fmt.Errorf("list published comments of %s: %w", f.ConsultationID, err)
	}
	list, err := pgx.CollectRows(rows, pgx.RowToStructByName[Public])
	if err != nil {
		return nil, false, fmt.Errorf("list published comments of %s: %w", f.ConsultationID, err)
	}
	more := len(list) > limit
	list = list[:min(limit, len(list))]
	if err := s.detail(ctx, f.ConsultationID, list); err != nil {
		return nil, false, err
	}
	return list, more, nil
}

// CountMost is the highest count PublishedCount gives; more than that is not worth the reading of every row.
const CountMost = 1000

// PublishedCount counts the comments that match the filter, paging aside, up to CountMost+1.
func (s *Store) PublishedCount(ctx context.Context, f PublicFilter) (int, error) {
	if none, err := s.unanswered(ctx, f); none || err != nil {
		return 0, err
	}
	where, args, err := s.publicWhere(ctx, f)
	if err != nil {
		return 0, err
	}
	var n int
	err = s.DB.QueryRow(ctx, `
		SELECT count(*)
		  FROM (SELECT 1 FROM published_comment WHERE `+where+` LIMIT `+fmt.Sprint(CountMost+1)+`) AS found`, f.planned(args)...).Scan(&n)
	if err != nil {
		return 0, fmt.Errorf("count published comments of %s: %w", f.ConsultationID, err)
	}
	return n, nil
}

// unanswered tells whether a filter asks for answers where there are none yet, as in every consultation that is open:
// looking for them would go through all its comments.
func (s *Store) unanswered(ctx context.Context, f PublicFilter) (bool, error) {
	if !f.Answered {
		return false, nil
	}
	n, err := s.AnsweredCount(ctx, f.ConsultationID)
	return n == 0, err
}

// planned has a statement with words planned for these very words: a plan for any would look up a common word as if it
// were rare.
func (f PublicFilter) planned(args []any) []any {
	if f.Query == "" {
		return args
	}
	return append([]any{pgx.QueryExecModeExec}, args...)
}

// publicWhere is the filter as a condition: our own words with placeholders, the visitor's words only as arguments.
func (s *Store) publicWhere(ctx context.Context, f PublicFilter) (string, []any, error) {
	where := []string{"consultation_id = $1"}
	args := []any{f.ConsultationID}
	arg := func(value any) string {
		args = append(args, value)
		return "$" + strconv.Itoa(len(args))
	}
	if f.ClauseID != uuid.Nil {
		where = append(where, "clause_ids @> ARRAY["+arg(f.ClauseID)+"]::uuid[]")
	}
	if f.Answered {
		where = append(where, "number IN (SELECT number FROM published_reply WHERE consultation_id = $1)")
	}
	if f.Query == "" {
		return strings.Join(where, " AND "), args, nil
	}
	words, searchable := SearchWords(f.Query)
	if !searchable {
		return "false AND " + strings.Join(where, " AND "), args, nil
	}
	for _, w := range words {
		where = append(where, holds("title", "body", w, arg))
	}
	common, err := s.common(ctx, f.ConsultationID, words)
	if common || err != nil {
		return strings.Join(where, " AND "), args, err
	}
	unread, err := readUnread(ctx, s.DB, f.ConsultationID)
	if err != nil {
		return "", nil, err
	}
	indexed := "number IN (SELECT number FROM comment_search WHERE consultation_id = $1 AND public_terms @> " +
		arg(searchTerms(words)) + "::integer[])"
	if len(unread.numbers) > 0 {
		indexed = "(" + indexed + " OR number = ANY (" + arg(unread.numbers) + "::integer[]))"
	}
	where = append(where, indexed)
	return strings.Join(where, " AND "), args, nil
}

const (
	commonSample = 300 // of the newest comments are looked at
	commonLeast  = 60  // that hold the words make them common
)

// common tells whether so many comments of the consultation hold the words that a page of them, and a thousand to count, are
// found sooner by going through its comments in their order than by the index, which names all that hold them first.
func (s *Store) common(ctx context.Context, consultationID string, words []string) (bool, error) {
	args := []any{consultationID}
	var where []string
	for _, w := range words {
		where = append(where, holds("title", "body", w, func(value any) string {
			args = append(args, value)
			return "$" + strconv.Itoa(len(args))
		}))
	}
	var n int
	err := s.DB.QueryRow(ctx, `
		SELECT count(*)
		  FROM (SELECT title, body
		          FROM published_comment
		         WHERE consultation_id = $1
		         ORDER BY number DESC
		         LIMIT `+strconv.Itoa(commonSample)+`) AS newest
		 WHERE `+strings.Join(where, " AND "), args...).Scan(&n)
	if err != nil {
		return false, fmt.Errorf("look at the newest comments of %s: %w", consultationID, err)
	}
	return n >= commonLeast, nil
}

// PublishedOne returns one published comment by its number, or apperr.ErrNotFound.
func (s *Store) PublishedOne(ctx context.Context, consultationID string, number int) (Public, error) {
	rows, err := s.DB.Query(ctx, `
		SELECT `+publicColumns+`
		  FROM published_comment
		 WHERE consultation_id = $1 AND number = $2`, consultationID, number)
	if err != nil {
		return Public{}, fmt.Errorf("read published comment %s %d: %w", consultationID, number, err)
	}
	p, err := pgx.CollectExactlyOneRow(rows, pgx.RowToStructByName[Public])
	if errors.Is(err, pgx.ErrNoRows) {
		return Public{}, apperr.ErrNotFound
	}
	if err != nil {
		return Public{}, fmt.Errorf("read published comment %s %d: %w", consultationID, number, err)
	}
	one := []Public{p}
	if err := s.detail(ctx, consultationID, one); err != nil {
		return Public{}, err
	}
	return one[0], nil
}

// holds is the condition that a word stands in one of two columns, case aside. A word of Chinese characters has no case,
// and comparing bytes costs a tenth of folding a whole text.
func holds(title, body, word string, arg func(any) string) string {
	like := " LIKE "
	if strings.ToLower(word) != strings.ToUpper(word) {
		like = " ILIKE "
	}
	pattern := arg("%" + escapeLike.Replace(word) + "%")
	return "(" + title + like + pattern + " OR " + body + like + pattern + ")"
}

// escapeLike makes a person's words stand for themselves in a LIKE pattern.
var escapeLike = strings.NewReplacer(`\`, `\\`, `%`, `\%`, `_`, `\_`)
