package referral

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"wenji/internal/apperr"
	"wenji/internal/comment"
	"wenji/internal/staff"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
)

// Referral is one hand-over. It holds nothing of the comment's author.
type Referral struct {
	ID             uuid.UUID
	ConsultationID string
	CommentID      uuid.UUID
	Number         int // of the comment
	UnitID         uuid.UUID
	UnitName       string
	Lead           bool
	State          State
	Version        int
	Note           string
	DueOn          time.Time // UTC midnight of the day in Asia/Shanghai
	ReferredBy     string
	ReferredAt     time.Time
	AcceptedBy     string
	AcceptedAt     *time.Time
	ReturnedBy     string
	ReturnedAt     *time.Time
	ReturnReason   string
	RepliedBy      string
	RepliedAt      *time.Time
	Opinion        string
	Suggested      Outcome
}

// soonDays is how long before the due day an open hand-over is pointed out.
const soonDays = 3

// Overdue tells whether the unit has not replied by the end of the due day.
func (r Referral) Overdue(now time.Time) bool { return r.State.Open() && r.DueOn.Before(today(now)) }

// DueSoon tells whether the due day is at most three days ahead.
func (r Referral) DueSoon(now time.Time) bool {
	return r.State.Open() && !r.Overdue(now) && !r.DueOn.After(today(now).AddDate(0, 0, soonDays))
}

// today is the day in Asia/Shanghai as the database's dates are scanned: midnight UTC.
func today(now time.Time) time.Time {
	y, m, d := now.In(time.FixedZone("CST", 8*60*60)).Date()
	return time.Date(y, m, d, 0, 0, 0, 0, time.UTC)
}

// What a list of hand-overs may show besides one State.
const (
	Late State = "overdue"
	Soon State = "soon"
)

// Filter chooses hand-overs. The zero Filter is the first page of all.
type Filter struct {
	State          State // one of the states, Late or Soon; empty: all
	ConsultationID string
	UnitID         uuid.UUID // zero: all; an officer's own unit whatever this says
	After          Cursor
	Limit          int // 1 to 100; 0: 50
}

// Cursor is a place in the list, which is in the order of the due days.
type Cursor struct {
	DueOn time.Time
	ID    uuid.UUID
}

// String writes the cursor for an address; empty for the zero Cursor.
func (c Cursor) String() string {
	if c == (Cursor{}) {
		return ""
	}
	return c.DueOn.Format(time.DateOnly) + "." + c.ID.String()
}

// ParseCursor reads what String wrote. Anything else is the beginning of the list.
func ParseCursor(s string) Cursor {
	day, id, _ := strings.Cut(s, ".")
	due, err1 := time.Parse(time.DateOnly, day)
	parsed, err2 := uuid.Parse(id)
	if err1 != nil || err2 != nil {
		return Cursor{}
	}
	return Cursor{due, parsed}
}

const columns = `
       r.id, r.consultation_id, r.comment_id, c.number, r.unit_id, r.unit_name, r.lead, r.state, r.version, r.note, r.due_on,
       r.referred_by, r.referred_at, r.accepted_by, r.accepted_at, r.returned_by, r.returned_at, r.return_reason,
       r.replied_by, r.replied_at, r.opinion, r.suggested`

const (
	pageDefault = 50
	pageMost    = 100
)

// mayRead are the conditions that keep an officer to the own unit.
func mayRead(by staff.Member, arg func(any) string) ([]string, error) {
	switch {
	case !by.Can(staff.ReadReferrals):
		return nil, apperr.ErrForbidden
	case by.Can(staff.HandleReferrals):
		return []string{"r.unit_id = " + arg(by.UnitID)}, nil
	}
	return nil, nil
}

// Referrals returns a page of hand-overs, the earliest due first, and the place where the next begins, nil at the end. An officer gets
// those of the own unit alone.
func (s *Store) Referrals(ctx context.Context, by staff.Member, f Filter) ([]Referral, *Cursor, error) {
	var args []any
	arg := func(v any) string {
		args = append(args, v)
		return "$" + strconv.Itoa(len(args))
	}
	where, err := mayRead(by, arg)
	if err != nil {
		return nil, nil, err
	}
	where = append(where, "true")
	day := today(s.now())
	switch f.State {
	case Waiting, Accepted, Returned, Replied:
		where = append(where, "r.state = "+arg(f.State))
	case Late:
		where = append(where, "r.state IN ('waiting', 'accepted')", "r.due_on < "+arg(day))
	case Soon:
		where = append(where, "r.state IN ('waiting', 'accepted')", "r.due_on BETWEEN "+arg(day)+" AND "+arg(day.AddDate(0, 0, soonDays)))
	}
	if f.ConsultationID != "" {
		where = append(where, "r.consultation_id = "+arg(f.ConsultationID))
	}
	if f.UnitID != uuid.Nil {
		where = append(where, "r.unit_id = "+arg(f.UnitID))
	}
	if f.After != (Cursor{}) {
		where = append(where, "(r.due_on, r.id) > ("+arg(f.After.DueOn)+", "+arg(f.After.ID)+")")
	}
	limit := f.Limit
	if limit <= 0 {
		limit = pageDefault
	}
	limit = min(limit, pageMost)
	rows, err := s.DB.Query(ctx, `
		SELECT `+columns+`
		  FROM referral r JOIN comment c ON c.id = r.comment_id
		 WHERE `+strings.Join(where, " AND ")+`
		 ORDER BY r.due_on, r.id
		 LIMIT `+arg(limit+1), args...)
	if err != nil {
		return nil, nil, fmt.Errorf("list hand-overs: %w", err)
	}
	list, err := pgx.CollectRows(rows, pgx.RowToStructByName[Referral])
	if err != nil {
		return nil, nil, fmt.Errorf("list hand-overs: %w", err)
	}
	if len(list) <= limit {
		return list, nil, nil
	}
	list = list[:limit]
	return list, &Cursor{list[limit-1].DueOn, list[limit-1].ID}, nil
}

// Handed is one hand-over with what went along: text, clauses and number of the comment. Found personal data is hidden from the text.
type Handed struct {
	Referral
	Title    string
	Body     string
	Clauses  []int
	Answered bool // an answer to the comment has been approved
}

// Referral reads one hand-over. apperr.ErrNotFound: there is none, or it is another unit's.
func (s *Store) Referral(ctx context.Context, by staff.Member, id uuid.UUID) (Handed, error) {
	args := []any{id}
	where, err := mayRead(by, func(v any) string {
		args = append(args, v)
		return "$" + strconv.Itoa(len(args))
	})
	if err != nil {
		return Handed{}, err
	}
	where = append(where, "r.id = $1")
	var h Handed
	err = s.DB.InSnapshot(ctx, func(tx pgx.Tx) error {
		rows, err := tx.Query(ctx, `
			SELECT `+columns+`, c.title, c.body,
			       ARRAY(SELECT cl.number FROM clause cl WHERE cl.id = ANY (c.clause_ids) ORDER BY cl.number) AS clauses,
			       EXISTS (SELECT FROM disposition d WHERE d.comment_id = c.id AND d.status = 'approved') AS answered
			  FROM referral r JOIN comment c ON c.id = r.comment_id
			 WHERE `+strings.Join(where, " AND "), args...)
		if err != nil {
			return err
		}
		if h, err = pgx.CollectExactlyOneRow(rows, pgx.RowToStructByName[Handed]); err != nil {
			return err
		}
		hidden, err := hiddenSpans(ctx, tx, h.CommentID)
		if err != nil {
			return err
		}
		found, _ := comment.Scrub(h.Title, h.Body, nil)
		spans := slices.Concat(found, hidden)
		h.Title, h.Body = comment.PublicCopy(h.Title, "title", spans), comment.PublicCopy(h.Body, "body", spans)
		return nil
	})
	if errors.Is(err, pgx.ErrNoRows) {
		return Handed{}, apperr.ErrNotFound
	}
	if err != nil {
		return Handed{}, fmt.Errorf("read hand-over %s: %w", id, err)
	}
	return h, nil
}

const spansMost = 1000

// hiddenSpans are what moderators hid of the comment as personal: names and addresses, which no rule finds.
func hiddenSpans(ctx context.Context, tx pgx.Tx, id uuid.UUID) ([]comment.Span, error) {
	rows, err := tx.Query(ctx, `
		SELECT DISTINCT field, span_start, span_end, reason
		  FROM redaction
		 WHERE comment_id = $1 AND reason <> 'words'
		 LIMIT $2`, id, spansMost)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, pgx.RowToStructByPos[comment.Span])
}
