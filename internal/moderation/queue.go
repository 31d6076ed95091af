package moderation

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"time"

	"wenji/internal/apperr"
	"wenji/internal/comment"
	"wenji/internal/consultation"
	"wenji/internal/staff"
	"wenji/internal/validate"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
)

// States of a Filter beside those of a comment.
const (
	AnyDecided comment.State = "decided" // decided in any way, the latest decision first
	AnyState   comment.State = "all"     // whatever became of them, in the order of arrival
)

// Filter chooses comments of the queue. The zero Filter is the first page of all that waits.
type Filter struct {
	ConsultationID string        // empty: all
	State          comment.State // empty: received
	Clause         int           // number of a clause of the draft; 0: all
	Flag           string        // one of Item.Flags; empty: all
	Channel        string        // one of validate.Channels; empty: all
	Query          string        // words of title or body, or a comment's number
	Occupation     string        // empty: all
	From, Before   time.Time     // received in this half-open period; zero: without that end
	Unreferred     bool          // only those neither handed over nor disposed of, and not declined (待转办)
	After          Cursor        // the place the page before ended at
	Limit          int           // most items of the page, 1 to 100; 0: 50
}

// Cursor is a place in a list; the zero Cursor is its beginning.
type Cursor struct {
	At     time.Time // received, or decided
	ID     uuid.UUID
	Number int
	// Early: the page ended here because it had looked through LookedMost comments, not because it was full. Not part of String.
	Early bool
}

// String writes the cursor for an address; empty for the zero Cursor.
func (c Cursor) String() string {
	if c == (Cursor{}) {
		return ""
	}
	return fmt.Sprintf("%d.%d.%s", c.At.UnixMicro(), c.Number, c.ID)
}

// ParseCursor reads what String wrote. Anything else is the beginning of the list.
func ParseCursor(s string) Cursor {
	parts := strings.Split(s, ".")
	if len(parts) != 3 {
		return Cursor{}
	}
	micro, err1 := strconv.ParseInt(parts[0], 10, 64)
	number, err2 := strconv.ParseInt(parts[1], 10, 32)
	id, err3 := uuid.Parse(parts[2])
	at := time.UnixMicro(micro)
	if err1 != nil || err2 != nil || err3 != nil || at.Year() < 1 || at.Year() > 9999 {
		return Cursor{}
	}
	return Cursor{At: at, ID: id, Number: int(number)}
}

// itemColumns are the columns of comment.Item, by its names.
const itemColumns = `
       c.id, c.consultation_id, c.number, c.channel, c.state, c.version, c.received_at, c.title, c.body,
       ARRAY(SELECT cl.number FROM clause cl WHERE cl.id = ANY (c.clause_ids) ORDER BY cl.number) AS clauses,
       c.masked_name, c.occupation, c.flags,
       COALESCE(c.public_title, '') AS public_title, COALESCE(c.public_body, '') AS public_body, c.published_at,
       c.decided_at, c.decided_by, c.decision_reason, c.claimed_by, c.claimed_name, c.claimed_until`

const (
	pageMost    = 100
	pageDefault = 50
)

// Queue returns a page of comments and the place where the next one begins, nil at the end. What waits comes in the
// order of arrival, as do those of any state; decided comments of one consultation come by number, the highest first, and of all consultations
// by the time of the decision, the latest first. A page costs the same however deep it lies. For what no index knows, an occupation
// or one character, a page ends early after LookedMost comments (Cursor.Early), perhaps with nothing found.
func (s *Store) Queue(ctx context.Context, by staff.Member, f Filter) (items []comment.Item, next *Cursor, err error) {
	if !by.Can(staff.ReadComments) {
		return nil, nil, apperr.ErrForbidden
	}
	query, ok := validate.Line(f.Query)
	if !ok {
		return nil, nil, nil // no comment holds such characters
	}
	f.Query = query
	limit := f.Limit
	if limit <= 0 {
		limit = pageDefault
	}
	limit = min(limit, pageMost)
	var within *comment.Candidates
	if f.Query != "" {
		if within, err = comment.FindCandidates(ctx, s.DB, f.ConsultationID, f.Query); err != nil {
			return nil, nil, err
		}
	}
	if f.walks(within) {
		return s.walk(ctx, f, limit)
	}
	sql, args := queueSQL(f, within, limit+1)
	rows, err := s.DB.Query(ctx, sql, args...)
	if err != nil {
		return nil, nil, fmt.Errorf("list comments: %w", err)
	}
	items, err = pgx.CollectRows(rows, pgx.RowToStructByName[comment.Item])
	if err != nil {
		return nil, nil, fmt.Errorf("list comments: %w", err)
	}
	if len(items) <= limit {
		return items, nil, nil
	}
	items = items[:limit]
	return items, cursorOf(f.State, items[limit-1]), nil
}

func cursorOf(listed comment.State, last comment.Item) *Cursor {
	c := &Cursor{At: last.ReceivedAt, ID: last.ID, Number: last.Number}
	if last.DecidedAt != nil && listed != AnyState {
		c.At = *last.DecidedAt
	}
	return c
}

// queueSQL joins fixed conditions; what the person typed is in the arguments alone. A query of two characters or more is
// looked for within what the search index names.
func queueSQL(f Filter, within *comment.Candidates, limit int) (string, []any) {
	var args []any
	arg := func(value any) string {
		args = append(args, value)
		return "$" + strconv.Itoa(len(args))
	}
	order, where := orderOf(f, arg)
	where = append(where, f.narrow(within, arg)...)
	if f.State == AnyState && within == nil && !f.otherChannel() {
		chosen := "true"
		if f.ConsultationID != "" {
			chosen = "k.consultation_id = " + arg(f.ConsultationID)
		}
		sql := arrivalSQL(chosen, where, arg(limit))
		return sql, args
	}
	if f.ConsultationID != "" {
		where = append(where, "c.consultation_id = "+arg(f.ConsultationID))
	}
	sql := "SELECT " + itemColumns + `
  FROM comment c
 WHERE ` + strings.Join(where, "\n   AND ") + `
 ORDER BY ` + order + `
 LIMIT ` + arg(limit)
	return sql, args
}

// arrivalSQL lists comments of any state and of the chosen consultations in the order of arrival. What waits and what is decided have an index each, by
// consultation: a page is read of every one, and the first of these are the page.
func arrivalSQL(chosen string, where []string, limit string) string {
	of := func(state string) string {
		return `(SELECT c.id, c.received_at
            FROM comment c
           WHERE c.consultation_id = k.consultation_id AND c.state ` + state + ` AND ` + strings.Join(where, " AND ") + `
           ORDER BY c.received_at, c.id
           LIMIT ` + limit + `)`
	}
	return "SELECT " + itemColumns + `
  FROM (SELECT p.id
          FROM comment_count k,
               LATERAL (` + of("= 'received'") + ` UNION ALL ` + of("<> 'received'") + `) AS p
         WHERE ` + chosen + `
         ORDER BY p.received_at, p.id
         LIMIT ` + limit + `) AS page
  JOIN comment c ON c.id = page.id
 ORDER BY c.received_at, c.id`
}

// narrow is the filter but for consultation and state.
func (f Filter) narrow(within *comment.Candidates, arg func(any) string) (where []string) {
	if f.Clause > 0 {
		clauses := `SELECT id FROM clause WHERE document = 'draft' AND kind = 'clause' AND number = ` + arg(f.Clause)
		if f.ConsultationID != "" {
			clauses += " AND consultation_id = " + arg(f.ConsultationID)
		}
		where = append(where, "c.clause_ids && ARRAY("+clauses+")")
	}
	if f.Flag != "" {
		where = append(where, "c.flags <> '{}'", "c.flags @> ARRAY["+arg(f.Flag)+"]::text[]")
	}
	where = append(where, f.origin(arg)...)
	if f.Query == "" {
		return where
	}
	words := "(" + comment.Holds("c.title", "c.body", f.Query, arg)
	var numbered []string
	if number, err := strconv.ParseInt(validate.Fold(f.Query), 10, 32); err == nil {
		n := arg(number)
		words += " OR c.number = " + n
		numbered = []string{"SELECT n.id FROM comment_count k JOIN comment n ON n.consultation_id = k.consultation_id AND n.number = " + n}
	}
	if within != nil {
		where = append(where, within.Where(arg, numbered...))
	}
	return append(where, words+")")
}

// otherChannel tells whether only comments that staff wrote down are asked for; few are, and they have an index.
func (f Filter) otherChannel() bool { return f.Channel != "" && f.Channel != validate.Channels[0] }

// origin are the conditions on whom a comment came from, how, when, and where it went.
func (f Filter) origin(arg func(any) string) (where []string) {
	if f.Occupation != "" {
		where = append(where, "c.occupation = "+arg(f.Occupation))
	}
	if f.Channel != "" {
		where = append(where, "c.channel = "+arg(f.Channel))
	}
	if f.otherChannel() {
		where = append(where, "c.channel <> 'web'")
	}
	if !f.From.IsZero() {
		where = append(where, "c.received_at >= "+arg(f.From))
	}
	if !f.Before.IsZero() {
		where = append(where, "c.received_at < "+arg(f.Before))
	}
	if f.Unreferred {
		where = append(where, "c.state IN ('published', 'withheld')", "c.handling = 0")
	}
	return where
}

// orderOf returns the order of a list, and the conditions that choose its state and where the page begins. States are
// written out so that partial indexes serve them.
func orderOf(f Filter, arg func(any) string) (order string, where []string) {
	begun := f.After != (Cursor{})
	switch f.State {
	case comment.Published, comment.Withheld, comment.Declined:
		where = []string{"c.state = '" + string(f.State) + "'"}
	case AnyDecided:
		where = []string{"c.state <> 'received'"}
	default:
		where = []string{"c.state = 'received'"}
		if f.State == AnyState {
			where = []string{"true"}
		}
		if begun {
			where = append(where, "(c.received_at, c.id) > ("+arg(f.After.At)+", "+arg(f.After.ID)+")")
		}
		return "c.received_at, c.id", where
	}
	if f.ConsultationID != "" {
		if begun {
			where = append(where, "c.number < "+arg(f.After.Number))
		}
		return "c.number DESC", where
	}
	where = append(where, "c.decided_at IS NOT NULL")
	if begun {
		at, id := arg(f.After.At), arg(f.After.ID)
		where = append(where, "c.decided_at <= "+at, "(c.decided_at < "+at+" OR c.id > "+id+")")
	}
	return "c.decided_at DESC, c.id", where
}

// Counts are the numbers of the dashboard, over all consultations.
type Counts struct {
	Waiting       int
	Published     int
	Withheld      int
	Declined      int
	ReceivedToday int // since midnight in Asia/Shanghai, whatever became of them
	DecidedToday  int // by people, and not undone since
}

// Waiting is how many comments of all consultations wait for review.
func (s *Store) Waiting(ctx context.Context, by staff.Member) (n int, err error) {
	if !by.Can(staff.ReadComments) {
		return 0, apperr.ErrForbidden
	}
	if err := s.DB.QueryRow(ctx, `SELECT coalesce(sum(received), 0) FROM comment_count`).Scan(&n); err != nil {
		return 0, fmt.Errorf("count what waits: %w", err)
	}
	return n, nil
}

// Counts reads the running totals.
func (s *Store) Counts(ctx context.Context, by staff.Member) (Counts, error) {
	if !by.Can(staff.ReadComments) {
		return Counts{}, apperr.ErrForbidden
	}
	today := s.now()
	var c Counts
	err := s.DB.QueryRow(ctx, `
		SELECT COALESCE(sum(received), 0), COALESCE(sum(published), 0), COALESCE(sum(withheld), 0), COALESCE(sum(declined), 0)
		  FROM comment_count`).
		Scan(&c.Waiting, &c.Published, &c.Withheld, &c.Declined)
	if err != nil {
		return Counts{}, fmt.Errorf("count comments: %w", err)
	}
	if c.DecidedToday, err = comment.DecidedOn(ctx, s.DB, today); err != nil {
		return Counts{}, err
	}
	c.ReceivedToday, err = comment.ReceivedOn(ctx, s.DB, today.In(consultation.Shanghai))
	return c, err
}
