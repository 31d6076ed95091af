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
// end. A query that is not searchable finds nothing. What was submitted a moment ago is found as well.
func (s *Store) Search(ctx context.Context, by staff.Member, f SearchFilter) ([]Found, *Place, error) {
	if !by.Can(staff.ReadComments) {
		return nil, nil, apperr.ErrForbidden
	}
	list, err := collectFound[Found](ctx, s, staffSearch, f)
	if err != nil || len(list) <= f.limit() {
		return list, nil, err
	}
	list = list[:f.limit()]
	last := list[len(list)-1]
	return list, &Place{last.ReceivedAt, last.ConsultationID, last.Number}, nil
}

// SearchPublished finds published comments by the words of their public copies, as Search does. It reads the view
// published_comment, and terms of public copies, alone: words that were hidden cannot be found.
func (s *Store) SearchPublished(ctx context.Context, f SearchFilter) ([]Public, *Place, error) {
	f.State, f.Channel, f.Clause = "", "", 0
	list, err := collectFound[Public](ctx, s, publicSearch, f)
	if err != nil || len(list) <= f.limit() {
		return list, nil, err
	}
	list = list[:f.limit()]
	last := list[len(list)-1]
	return list, &Place{last.ReceivedAt, last.ConsultationID, last.Number}, nil
}

func (f SearchFilter) limit() int {
	if f.Limit <= 0 {
		return searchUsual
	}
	return min(f.Limit, searchMost)
}

func collectFound[T any](ctx context.Context, s *Store, q searchQuery, f SearchFilter) ([]T, error) {
	words, searchable := SearchWords(f.Query)
	if !searchable {
		return nil, nil
	}
	unread, err := readUnread(ctx, s.DB, f.ConsultationID)
	if err != nil {
		return nil, err
	}
	sql, args := q.sql(f, words, unread)
	rows, err := s.DB.Query(ctx, sql, args...)
	if err != nil {
		return nil, fmt.Errorf("search comments: %w", err)
	}
	list, err := pgx.CollectRows(rows, pgx.RowToStructByName[T])
	if err != nil {
		return nil, fmt.Errorf("search comments: %w", err)
	}
	return list, nil
}

// unread names comments that the search has not read yet, or not since they changed, as two parallel lists.
type unread struct {
	consultations []string
	numbers       []int
}

func readUnread(ctx context.Context, db *postgres.DB, consultationID string) (u unread, err error) {
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

// searchQuery is the statement of one kind of search; what a person typed is in the arguments alone.
type searchQuery struct {
	columns string
	from    string // the comments, as c
	joined  string // the comments with their terms, as s
	terms   string
	clauses bool // c is the table, not the view
}

var (
	staffSearch = searchQuery{
		columns: foundColumns, from: "comment c", joined: "comment c JOIN comment_search s ON s.comment_id = c.id",
		terms: "s.staff_terms", clauses: true,
	}
	publicSearch = searchQuery{
		columns: "c." + strings.ReplaceAll(publicColumns, ", ", ", c."), from: "published_comment c",
		joined: "published_comment c JOIN comment_search s ON s.consultation_id = c.consultation_id AND s.number = c.number",
		terms:  "s.public_terms",
	}
)

// sql joins two parts that end early each: what is found by terms, read along the index of them or, where nearly every
// comment has them, in the order of the list, as the planner sees fit; and what is not indexed yet.
func (q searchQuery) sql(f SearchFilter, words []string, u unread) (string, []any) {
	var args []any
	arg := func(value any) string {
		args = append(args, value)
		return "$" + strconv.Itoa(len(args))
	}
	narrowed := q.narrow(f, words, arg)
	limit := arg(f.limit() + 1)
	after := func(at, id, number string) string {
		if f.After == (Place{}) {
			return ""
		}
		t, i, n := arg(f.After.At), arg(f.After.ConsultationID), arg(f.After.Number)
		return " AND " + at + " <= " + t + " AND (" + at + " < " + t + " OR (" + id + ", " + number + ") > (" + i + ", " + n + "))"
	}
	read := `SELECT ` + q.columns + `
  FROM ` + q.joined + `
 WHERE ` + q.terms + ` @> ` + arg(searchTerms(words)) + `::integer[] AND ` + narrowed + after("s.received_at", "s.consultation_id", "s.number")
	if f.ConsultationID != "" {
		read += " AND s.consultation_id = " + arg(f.ConsultationID)
	}
	if !f.From.IsZero() { // once more of the terms' own copy, which is in the order of the list
		read += " AND s.received_at >= " + arg(f.From)
	}
	if !f.To.IsZero() {
		read += " AND s.received_at < " + arg(f.To)
	}
	const end = "\n ORDER BY %[1]sreceived_at DESC, %[1]sconsultation_id, %[1]snumber\n LIMIT "
	inOrder := func(of string) string { return fmt.Sprintf(end, of) + limit }
	if len(u.numbers) == 0 {
		return read + inOrder("s."), args
	}
	pairs := `(SELECT * FROM unnest(` + arg(u.consultations) + `::text[], ` + arg(u.numbers) + `::integer[]))`
	return `(` + read + ` AND (s.consultation_id, s.number) NOT IN ` + pairs + inOrder("s.") + `)
UNION ALL
(SELECT ` + q.columns + `
  FROM ` + q.from + `
 WHERE (c.consultation_id, c.number) IN ` + pairs + ` AND ` + narrowed + after("c.received_at", "c.consultation_id", "c.number") +
		inOrder("c.") + `)` + inOrder(""), args
}

// narrow is the filter as a condition on c: every word stands in the title or in the text, letter by letter.
func (q searchQuery) narrow(f SearchFilter, words []string, arg func(any) string) string {
	var where []string
	for _, w := range words {
		pattern := arg("%" + escapeLike.Replace(w) + "%")
		where = append(where, "(c.title ILIKE "+pattern+" OR c.body ILIKE "+pattern+")")
	}
	if f.ConsultationID != "" {
		where = append(where, "c.consultation_id = "+arg(f.ConsultationID))
	}
	if f.State != "" {
		where = append(where, "c.state = "+arg(f.State))
	}
	if f.Channel != "" {
		where = append(where, "c.channel = "+arg(f.Channel))
	}
	if !f.From.IsZero() {
		where = append(where, "c.received_at >= "+arg(f.From))
	}
	if !f.To.IsZero() {
		where = append(where, "c.received_at < "+arg(f.To))
	}
	if f.Clause > 0 && q.clauses {
		clauses := `SELECT id FROM clause WHERE document = 'draft' AND kind = 'clause' AND number = ` + arg(f.Clause)
		if f.ConsultationID != "" {
			clauses += " AND consultation_id = " + arg(f.ConsultationID)
		}
		where = append(where, "c.clause_ids && ARRAY("+clauses+")")
	}
	return strings.Join(where, " AND ")
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
