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
// by the time of the decision, the latest first. A page costs the same however deep it lies.
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
	if f.ConsultationID != "" {
		where = append(where, "c.consultation_id = "+arg(f.ConsultationID))
	}
	if f.Clause > 0 {
		clauses := `SELECT id FROM clause WHERE document = 'draft' AND kind = 'clause' AND number = ` + arg(f.Clause)
		if f.ConsultationID != "" {
			clauses += " AND consultation_id = " + arg(f.ConsultationID)
		}
		where = append(where, "c.clause_ids && ARRAY("+clauses+")")
	}
	if f.Flag != "" {
		where = append(where, "c.flags @> ARRAY["+arg(f.Flag)+"]::text[]")
	}
	where = append(where, f.origin(arg)...)
	if f.Query != "" {
		pattern := arg("%" + escapeLike.Replace(f.Query) + "%")
		words := "c.title ILIKE " + pattern + " OR c.body ILIKE " + pattern
		if within != nil {
			words = within.Where(arg) + " AND (" + words + ")"
		}
		if number, err := strconv.ParseInt(validate.Fold(f.Query), 10, 32); err == nil {
			words += " OR c.number = " + arg(number)
		}
		where = append(where, "("+words+")")
	}
	return "SELECT " + itemColumns + `
  FROM comment c
 WHERE ` + strings.Join(where, "\n   AND ") + `
 ORDER BY ` + order + `
 LIMIT ` + arg(limit), args
}

// origin are the conditions on whom a comment came from, how, when, and where it went.
func (f Filter) origin(arg func(any) string) (where []string) {
	if f.Occupation != "" {
		where = append(where, "c.occupation = "+arg(f.Occupation))
	}
	if f.Channel != "" {
		where = append(where, "c.channel = "+arg(f.Channel))
	}
	if !f.From.IsZero() {
		where = append(where, "c.received_at >= "+arg(f.From))
	}
	if !f.Before.IsZero() {
		where = append(where, "c.received_at < "+arg(f.Before))
	}
	if f.Unreferred {
		where = append(where, "c.state <> 'declined'",
			"NOT EXISTS (SELECT FROM referral r WHERE r.comment_id = c.id AND r.state <> 'returned')",
			"NOT EXISTS (SELECT FROM disposition d WHERE d.comment_id = c.id)")
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

// escapeLike makes a person's words stand for themselves in a LIKE pattern.
var escapeLike = strings.NewReplacer(`\`, `\\`, `%`, `\%`, `_`, `\_`)

// Counts are the numbers of the dashboard, over all consultations.
type Counts struct {
	Waiting       int
	Published     int
	Withheld      int
	Declined      int
	ReceivedToday int // since midnight in Asia/Shanghai, whatever became of them
	DecidedToday  int // and not undone since
}

// Counts reads the running totals; only what waits and what was decided today is counted one by one, from indexes.
func (s *Store) Counts(ctx context.Context, by staff.Member) (Counts, error) {
	if !by.Can(staff.ReadComments) {
		return Counts{}, apperr.ErrForbidden
	}
	now := s.now()
	y, m, d := now.In(consultation.Shanghai).Date()
	midnight := time.Date(y, m, d, 0, 0, 0, 0, consultation.Shanghai)
	var c Counts
	err := s.DB.QueryRow(ctx, `
		SELECT COALESCE(sum(received), 0), COALESCE(sum(published), 0), COALESCE(sum(withheld), 0), COALESCE(sum(declined), 0),
		       (SELECT count(*) FROM comment WHERE state = 'received' AND received_at >= $1)
		       + (SELECT count(*) FROM comment WHERE decided_at >= $1 AND received_at >= $1),
		       (SELECT count(*) FROM comment WHERE decided_at >= $1)
		  FROM comment_count`, midnight).
		Scan(&c.Waiting, &c.Published, &c.Withheld, &c.Declined, &c.ReceivedToday, &c.DecidedToday)
	if err != nil {
		return Counts{}, fmt.Errorf("count comments: %w", err)
	}
	return c, nil
}
