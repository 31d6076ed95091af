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
	var list []Public
	var err error
	if f.Query == "" {
		list, err = s.page(ctx, f, limit)
	} else if words, searchable := SearchWords(f.Query); searchable {
		list, err = s.foundPage(ctx, f, words, limit)
	}
	if err != nil {
		return nil, false, err
	}
	more := len(list) > limit
	list = list[:min(limit, len(list))]
	if err := s.detail(ctx, f.ConsultationID, list); err != nil {
		return nil, false, err
	}
	return list, more, nil
}

// page reads a page of the list and one more.
func (s *Store) page(ctx context.Context, f PublicFilter, limit int) ([]Public, error) {
	q := sought{PublicFilter: f}
	var args arguments
	id := args.add(f.ConsultationID)
	where := "consultation_id = " + id + " AND " + q.fits(id, &args) + q.beyond("c.number", &args)
	return s.readPublished(ctx, f, where, args, limit+1)
}

// foundPage is page for a search.
func (s *Store) foundPage(ctx context.Context, f PublicFilter, words []string, limit int) ([]Public, error) {
	numbers, err := s.findPublished(ctx, f, words, limit)
	if err != nil || len(numbers) == 0 {
		return nil, err
	}
	return s.readPublished(ctx, f, "consultation_id = $1 AND number = ANY ($2::integer[])", arguments{f.ConsultationID, numbers}, len(numbers))
}

func (s *Store) readPublished(ctx context.Context, f PublicFilter, where string, args arguments, most int) ([]Public, error) {
	limit := args.add(most)
	rows, err := s.DB.Query(ctx, `
		SELECT `+publicColumns+`
		  FROM published_comment c
		 WHERE `+where+`
		 ORDER BY number`+f.order()+`
		 LIMIT `+limit, args...)
	if err != nil {
		return nil, fmt.Errorf("list published comments of %s: %w", f.ConsultationID, err)
	}
	list, err := pgx.CollectRows(rows, pgx.RowToStructByName[Public])
	if err != nil {
		return nil, fmt.Errorf("list published comments of %s: %w", f.ConsultationID, err)
	}
	return list, nil
}

// CountMost is the highest count PublishedCount gives; more than that is not worth the reading of every row.
const CountMost = 1000

// PublishedCount counts the comments that match the filter, paging aside, up to CountMost+1.
func (s *Store) PublishedCount(ctx context.Context, f PublicFilter) (int, error) {
	if none, err := s.unanswered(ctx, f); none || err != nil {
		return 0, err
	}
	if f.Query != "" {
		words, searchable := SearchWords(f.Query)
		if !searchable {
			return 0, nil
		}
		return s.countPublished(ctx, f, words)
	}
	var n int
	var args arguments
	id := args.add(f.ConsultationID)
	fits := sought{PublicFilter: f}.fits(id, &args)
	err := s.DB.QueryRow(ctx, `
		SELECT count(*)
		  FROM (SELECT FROM published_comment c
		         WHERE consultation_id = `+id+` AND `+fits+`
		         LIMIT `+strconv.Itoa(CountMost+1)+`) AS found`, args...).Scan(&n)
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

// Holds is the condition that a word stands in one of two columns, case aside. A word of Chinese characters has no case,
// and comparing bytes costs a tenth of folding a whole text.
func Holds(title, body, word string, arg func(any) string) string {
	like := " LIKE "
	if strings.ToLower(word) != strings.ToUpper(word) {
		like = " ILIKE "
	}
	pattern := arg("%" + escapeLike.Replace(word) + "%")
	return "(" + title + like + pattern + " OR " + body + like + pattern + ")"
}

// escapeLike makes a person's words stand for themselves in a LIKE pattern.
var escapeLike = strings.NewReplacer(`\`, `\\`, `%`, `\%`, `_`, `\_`)
