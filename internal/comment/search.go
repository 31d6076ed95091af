package comment

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"time"

	"wenji/internal/apperr"
	"wenji/internal/postgres"
	"wenji/internal/staff"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
)

const (
	searchMost  = 100
	unreadMost  = 5000 // comments not read into the search yet that one search looks through
	searchUsual = 20
)

// Place is a place in a list of found comments, newest first; the zero Place is its beginning.
type Place struct {
	At             time.Time
	ConsultationID string
	Number         int
}

// String writes the place for an address; empty for the zero Place.
func (p Place) String() string {
	if p == (Place{}) {
		return ""
	}
	return fmt.Sprintf("%d.%s.%d", p.At.UnixMicro(), p.ConsultationID, p.Number)
}

// ParsePlace reads what String wrote. Anything else is the beginning of the list.
func ParsePlace(s string) Place {
	parts := strings.Split(s, ".")
	if len(parts) != 3 || len(parts[1]) != len("2025-0001") {
		return Place{}
	}
	micro, err1 := strconv.ParseInt(parts[0], 10, 64)
	number, err2 := strconv.ParseInt(parts[2], 10, 32)
	at := time.UnixMicro(micro)
	if err1 != nil || err2 != nil || at.Year() < 1 || at.Year() > 9999 {
		return Place{}
	}
	return Place{At: at, ConsultationID: parts[1], Number: int(number)}
}

// SearchFilter chooses comments by their words. Its other fields narrow the choice; zero values do not.
type SearchFilter struct {
	Query          string // see SearchWords
	ConsultationID string
	State          State
	Clause         int // number of a clause of the draft
	Channel        string
	From, To       time.Time // received at From or later, before To
	After          Place
	Limit          int // most items of a page, 1 to 100; 0: 20
}

// Found is a comment as a list of findings shows it to staff: the original words.
type Found struct {
	ID             uuid.UUID
	ConsultationID string
	Number         int
	Channel        string
	State          State
	ReceivedAt     time.Time
	Title          string
	Body           string
	MaskedName     string
	Clauses        []int
}

const foundColumns = `
       c.id, c.consultation_id, c.number, c.channel, c.state, c.received_at, c.title, c.body, c.masked_name,
       ARRAY(SELECT cl.number FROM clause cl WHERE cl.id = ANY (c.clause_ids) ORDER BY cl.number) AS clauses`

// Search finds comments of all states by their original words, newest first, and where the next page begins, nil at the
// end. A page with fewer than asked for and another behind it says that the search has looked at so many comments, down to
// that place, and not further. A query that is not searchable finds nothing. What was submitted a moment ago is found as well.
func (s *Store) Search(ctx context.Context, by staff.Member, f SearchFilter) ([]Found, *Place, error) {
	if !by.Can(staff.ReadComments) {
		return nil, nil, apperr.ErrForbidden
	}
	return seek[Found](ctx, s.DB, staffSearch, f)
}

// SearchPublished finds published comments of all consultations by the words of their public copies, as Search does; the
// filter's query, place and limit count. It reads the view published_comment, and terms of public copies, alone: words that
// were hidden cannot be found.
func (s *Store) SearchPublished(ctx context.Context, f SearchFilter) ([]Public, *Place, error) {
	return seek[Public](ctx, s.DB, publicSearch, SearchFilter{Query: f.Query, After: f.After, Limit: f.Limit})
}

func (f Found) place() Place  { return Place{f.ReceivedAt, f.ConsultationID, f.Number} }
func (p Public) place() Place { return Place{p.ReceivedAt, p.ConsultationID, p.Number} }

func (f SearchFilter) limit() int {
	if f.Limit <= 0 {
		return searchUsual
	}
	return min(f.Limit, searchMost)
}

// unread names comments that the search has not read yet, or not since they changed, as two parallel lists.
type unread struct {
	consultations []string
	numbers       []int
}

func readUnread(ctx context.Context, db querier, consultationID string) (u unread, err error) {
	rows, err := db.Query(ctx, `
		SELECT c.consultation_id, c.number
		  FROM comment_count k
		  LEFT JOIN comment_search_mark m ON m.consultation_id = k.consultation_id
		  JOIN comment c ON c.consultation_id = k.consultation_id AND c.number > COALESCE(m.number, 0)
		 WHERE k.last_number > COALESCE(m.number, 0) AND ($1 = '' OR k.consultation_id = $1)
		 UNION
		SELECT c.consultation_id, c.number
		  FROM comment_search_stale t
		  JOIN comment c ON c.id = t.comment_id
		 WHERE $1 = '' OR t.consultation_id = $1
		 ORDER BY 1, 2 DESC
		 LIMIT $2`, consultationID, unreadMost)
	if err != nil {
		return u, fmt.Errorf("look for comments not indexed yet: %w", err)
	}
	var id string
	var number int
	_, err = pgx.ForEachRow(rows, []any{&id, &number}, func() error {
		u.consultations, u.numbers = append(u.consultations, id), append(u.numbers, number)
		return nil
	})
	if err != nil {
		return u, fmt.Errorf("look for comments not indexed yet: %w", err)
	}
	return u, nil
}

// Candidates are the comments in which a query may stand, for lists that look letter by letter themselves.
type Candidates struct {
	terms  []int32
	unread unread
}

// FindCandidates prepares such a list; nil when the query is too short to narrow anything. An empty consultationID means
// all.
func FindCandidates(ctx context.Context, db *postgres.DB, consultationID, query string) (*Candidates, error) {
	words, searchable := SearchWords(query)
	if !searchable {
		return nil, nil
	}
	u, err := readUnread(ctx, db, consultationID)
	if err != nil {
		return nil, err
	}
	return &Candidates{searchTerms(words), u}, nil
}

// Where is the condition on a row c of comment; arg adds an argument of the statement and returns its placeholder. also
// are SELECTs of the ids of further comments.
func (k *Candidates) Where(arg func(any) string, also ...string) string {
	read := "c.id IN (SELECT s.comment_id FROM comment_search s WHERE s.staff_terms @> " + arg(k.terms) + "::integer[]"
	for _, ids := range also {
		read += " UNION ALL " + ids
	}
	read += ")"
	if len(k.unread.numbers) == 0 {
		return read
	}
	return "(" + read + " OR (c.consultation_id, c.number) IN (SELECT * FROM unnest(" +
		arg(k.unread.consultations) + "::text[], " + arg(k.unread.numbers) + "::integer[])))"
}
