package comment

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"time"

	"wenji/internal/consultation"

	"github.com/jackc/pgx/v5"
)

// decisions are how many decisions of people moves have made, less those they have taken back, by the day in Asia/Shanghai
// on which they were made.
type decisions map[string]int

func (d decisions) add(m move) {
	if m.decidedAt != nil {
		d[dayOf(*m.decidedAt)]++
	}
	if m.undoneAt != nil {
		d[dayOf(*m.undoneAt)]--
	}
}

// latest is the latest day with a change: comment_count keeps no earlier one.
func (d decisions) latest() (day string, change int) {
	if len(d) == 0 {
		return "0001-01-01", 0
	}
	day = slices.Max(slices.Collect(maps.Keys(d)))
	return day, d[day]
}

func dayOf(t time.Time) string { return t.In(consultation.Shanghai).Format(time.DateOnly) }

// DecidedOn counts the decisions that people have made on a day and that stand, in all consultations. Only the latest day on
// which something was decided is kept of each: of an earlier one it knows nothing.
func DecidedOn(ctx context.Context, q querier, day time.Time) (int, error) {
	rows, err := q.Query(ctx, `SELECT coalesce(sum(decided), 0) FROM comment_count WHERE decided_on = $1::date`, dayOf(day))
	if err != nil {
		return 0, fmt.Errorf("count the decisions of a day: %w", err)
	}
	n, err := pgx.CollectExactlyOneRow(rows, pgx.RowTo[int])
	if err != nil {
		return 0, fmt.Errorf("count the decisions of a day: %w", err)
	}
	return n, nil
}
