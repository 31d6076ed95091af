package moderation

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"wenji/internal/comment"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
)

// LookedMost is how many comments a page looks through for what no index knows.
const LookedMost = 5000

// walks tells whether a list is found by looking through comments one by one: an occupation, or a single character, which the
// index of pairs does not hold. A list of every state is asked for within one consultation, which bounds it.
func (f Filter) walks(within *comment.Candidates) bool {
	return f.State != AnyState && within == nil && (f.Occupation != "" || f.Query != "")
}

// walk is Queue for such a list. Both statements see the same instant, so that nothing is passed over between two pages.
func (s *Store) walk(ctx context.Context, f Filter, limit int) (items []comment.Item, next *Cursor, err error) {
	err = s.DB.InSnapshot(ctx, func(tx pgx.Tx) error {
		sql, args := walkSQL(f, limit+1)
		rows, err := tx.Query(ctx, sql, args...)
		if err != nil {
			return err
		}
		if items, err = pgx.CollectRows(rows, pgx.RowToStructByName[comment.Item]); err != nil {
			return err
		}
		if len(items) > limit {
			items = items[:limit]
			next = cursorOf(f.State, items[limit-1])
			return nil
		}
		next, err = lastLooked(ctx, tx, f)
		return err
	})
	if err != nil {
		return nil, nil, fmt.Errorf("look through comments: %w", err)
	}
	return items, next, nil
}

// walkSQL looks at LookedMost comments in the order of the list, and stops once the page is full.
func walkSQL(f Filter, limit int) (string, []any) {
	var args []any
	arg := func(value any) string {
		args = append(args, value)
		return "$" + strconv.Itoa(len(args))
	}
	order, looked := lookedAt(f, arg)
	only := Filter{Occupation: f.Occupation, Query: f.Query}
	return "SELECT " + itemColumns + `
  FROM (SELECT *
          FROM comment c
         WHERE ` + looked + `
         ORDER BY ` + order + `
         LIMIT ` + arg(LookedMost) + `) AS c
 WHERE ` + strings.Join(only.narrow(nil, arg), " AND ") + `
 ORDER BY ` + order + `
 LIMIT ` + arg(limit), args
}

// lookedAt is the list without what is looked for.
func lookedAt(f Filter, arg func(any) string) (order, where string) {
	f.Occupation, f.Query = "", ""
	order, conditions := orderOf(f, arg)
	conditions = append(conditions, f.narrow(nil, arg)...)
	if f.ConsultationID != "" {
		conditions = append(conditions, "c.consultation_id = "+arg(f.ConsultationID))
	}
	return order, strings.Join(conditions, " AND ")
}

// lastLooked is the place of the last comment that a page looks at, nil where the list ends before.
func lastLooked(ctx context.Context, tx pgx.Tx, f Filter) (*Cursor, error) {
	var args []any
	arg := func(value any) string {
		args = append(args, value)
		return "$" + strconv.Itoa(len(args))
	}
	order, looked := lookedAt(f, arg)
	var id uuid.UUID
	var number int
	var received time.Time
	var decided *time.Time
	err := tx.QueryRow(ctx, `
		SELECT c.id, c.number, c.received_at, c.decided_at
		  FROM comment c
		 WHERE `+looked+`
		 ORDER BY `+order+`
		OFFSET `+arg(LookedMost-1)+`
		 LIMIT 1`, args...).Scan(&id, &number, &received, &decided)
	if errors.Is(err, pgx.ErrNoRows) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	c := cursorOf(f.State, comment.Item{ID: id, Number: number, ReceivedAt: received, DecidedAt: decided})
	c.Early = true
	return c, nil
}
