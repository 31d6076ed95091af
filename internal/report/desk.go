package report

import (
	"context"
	"fmt"
	"slices"
	"time"

	"wenji/internal/apperr"
	"wenji/internal/calendar"
	"wenji/internal/postgres"
	"wenji/internal/staff"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
)

const (
	reviewDays  = 5 // working days in which a comment is reviewed, as the receipt promises
	soonDays    = 3 // days ahead in which the term of a hand-over counts as near, as in its list
	aheadDays   = 3 // days ahead in which the end of a period is announced
	oldestShown = 10
	// LateMost is up to how many late comments are counted: from there on the number is of no help, and each costs time.
	LateMost    = 1000
	tasksOfKind = 20
)

// Desk is the work of today over all consultations (工作台).
type Desk struct {
	Waiting   int       // comments that wait for review
	Late      int       // of those, the ones whose five working days are over; LateMost+1: more than LateMost
	LateUntil time.Time // the last day on which a late one can have come
	ToRefer   int       // reviewed, neither handed over nor disposed of
	DueSoon   int       // hand-overs not answered that fall due within three days
	Overdue   int       // hand-overs not answered in time
	Tasks     []Task    // by due time
}

// Task is one line of 今天要办.
type Task struct {
	Kind           string
	Due            time.Time // the day on which it should be done, its midnight in Asia/Shanghai
	Count          int       // where several are told of in one line
	ConsultationID string
	Title          string    // of the comment or of the draft opened to comment
	CommentID      uuid.UUID // of TaskReview
	Number         int
}

// Kinds of Task.
const (
	TaskReview   = "review"   // one of the comments that have waited longest
	TaskOverdue  = "overdue"  // hand-overs past their term
	TaskSoon     = "soon"     // hand-overs near their term
	TaskApprove  = "approve"  // answers to be approved
	TaskExport   = "export"   // exports of others to be approved
	TaskRequest  = "request"  // requests of commenters about their own data
	TaskClosing  = "closing"  // a period about to end
	TaskReport   = "report"   // closed, 收到情况 not published
	TaskConclude = "conclude" // closed, not yet 已反馈
)

// Desk reads what is to be done. Terms are counted in working days.
func (s *Store) Desk(ctx context.Context, by staff.Member) (*Desk, error) {
	if !by.Can(staff.ReadComments) {
		return nil, apperr.ErrForbidden
	}
	days, err := s.Calendar.Calendar(ctx)
	if err != nil {
		return nil, err
	}
	now := s.now()
	d := &Desk{}
	var b pgx.Batch // one instant, and one round trip
	d.count(&b, days, now)
	d.several(&b, by, now)
	if by.Can(staff.Decide) {
		d.oldest(&b, days)
	}
	d.periods(&b, by, now)
	err = s.DB.InSnapshot(ctx, func(tx pgx.Tx) error { return postgres.Last(ctx, tx, &b) })
	if err != nil {
		return nil, fmt.Errorf("read the work of today: %w", err)
	}
	slices.SortStableFunc(d.Tasks, func(a, b Task) int { return a.Due.Compare(b.Due) })
	return d, nil
}

// lateBefore is the first day that is still in time: what came before it has had its n working days by the end of
// yesterday.
func lateBefore(days calendar.Calendar, now time.Time, n int) time.Time {
	today := midnight(now)
	day := today
	for before := day.AddDate(0, 0, -1); !days.Add(before, n).Before(today); before = day.AddDate(0, 0, -1) {
		day = before
	}
	return day
}

// count reads the running totals. Counted one by one, from indexes that hold nothing else, are the first late comments and the
// hand-overs that are or fall due.
func (d *Desk) count(b *pgx.Batch, days calendar.Calendar, now time.Time) {
	inTime := lateBefore(days, now, reviewDays)
	d.LateUntil = inTime.AddDate(0, 0, -1)
	today := midnight(now)
	b.Queue(`
		WITH open AS MATERIALIZED (
		  SELECT count(*) FILTER (WHERE due_on >= $2::date) AS soon, count(*) FILTER (WHERE due_on < $2::date) AS overdue,
		         min(due_on) FILTER (WHERE due_on >= $2::date) AS soon_since, min(due_on) AS overdue_since
		    FROM referral
		   WHERE state IN ('waiting', 'accepted') AND due_on <= $3::date
		)
		SELECT waiting,
		       (SELECT count(*)
		          FROM (SELECT FROM comment WHERE state = 'received' AND received_at < $1 ORDER BY received_at, id LIMIT $4) AS late),
		       to_refer, soon, overdue, soon_since, overdue_since
		  FROM (SELECT coalesce(sum(n.received), 0) AS waiting,
		               coalesce(sum(n.published + n.withheld - n.handled)
		                          FILTER (WHERE k.concluded_on IS NULL AND k.withdrawn_at IS NULL), 0) AS to_refer
		          FROM comment_count n JOIN consultation k ON k.id = n.consultation_id) AS counted, open`,
		inTime, today.Format(time.DateOnly), today.AddDate(0, 0, soonDays).Format(time.DateOnly), LateMost+1).
		QueryRow(func(row pgx.Row) error {
			var overdueSince, soonSince *time.Time
			if err := row.Scan(&d.Waiting, &d.Late, &d.ToRefer, &d.DueSoon, &d.Overdue, &soonSince, &overdueSince); err != nil {
				return fmt.Errorf("counts: %w", err)
			}
			if d.Overdue > 0 {
				d.Tasks = append(d.Tasks, Task{Kind: TaskOverdue, Due: dayOf(*overdueSince), Count: d.Overdue})
			}
			if d.DueSoon > 0 {
				d.Tasks = append(d.Tasks, Task{Kind: TaskSoon, Due: dayOf(*soonSince), Count: d.DueSoon})
			}
			return nil
		})
}

// several adds what waits for this member's approval or decision, a line for each kind. Nobody approves what is their own.
func (d *Desk) several(b *pgx.Batch, by staff.Member, now time.Time) {
	b.Queue(`
		SELECT (SELECT count(*) FROM disposition WHERE status = 'submitted')
		       - (SELECT count(*) FROM disposition WHERE status = 'submitted' AND drafted_by_id = $1),
		       (SELECT count(*) FROM export WHERE state = 'waiting' AND expires_at > $2 AND member_id IS DISTINCT FROM $1),
		       (SELECT count(*) FROM personal_request WHERE state = 'open'),
		       (SELECT min(due_on) FROM personal_request WHERE state = 'open')`, by.ID, now).
		QueryRow(func(row pgx.Row) error {
			var (
				answers, exports, requests int
				requestDue                 *time.Time
			)
			if err := row.Scan(&answers, &exports, &requests, &requestDue); err != nil {
				return fmt.Errorf("what is to be approved: %w", err)
			}
			today := midnight(now)
			if answers > 0 && by.Can(staff.ApproveAnswers) {
				d.Tasks = append(d.Tasks, Task{Kind: TaskApprove, Due: today, Count: answers})
			}
			if exports > 0 && by.Can(staff.ApproveExports) {
				d.Tasks = append(d.Tasks, Task{Kind: TaskExport, Due: today, Count: exports})
			}
			if requests > 0 && by.Can(staff.HandleRequests) {
				d.Tasks = append(d.Tasks, Task{Kind: TaskRequest, Due: dayOf(*requestDue), Count: requests})
			}
			return nil
		})
}

// oldest adds the comments that have waited longest.
func (d *Desk) oldest(b *pgx.Batch, days calendar.Calendar) {
	b.Queue(`
		SELECT id, consultation_id, number, title, received_at
		  FROM comment
		 WHERE state = 'received'
		 ORDER BY received_at, id
		 LIMIT $1`, oldestShown).
		Query(func(rows pgx.Rows) error {
			t := Task{Kind: TaskReview}
			var received time.Time
			_, err := pgx.ForEachRow(rows, []any{&t.CommentID, &t.ConsultationID, &t.Number, &t.Title, &received}, func() error {
				t.Due = days.Add(received, reviewDays)
				d.Tasks = append(d.Tasks, t)
				return nil
			})
			return err
		})
}

// periods adds periods that end soon, and closed consultations whose result is not out.
func (d *Desk) periods(b *pgx.Batch, by staff.Member, now time.Time) {
	b.Queue(`
		SELECT id, title, closes_at, result_on IS NULL
		  FROM consultation
		 WHERE stage = 'published'
		   AND withdrawn_at IS NULL
		   AND concluded_on IS NULL
		   AND opens_at <= $1
		   AND closes_at <= $2
		 ORDER BY closes_at, id
		 LIMIT $3`, now, now.AddDate(0, 0, aheadDays), tasksOfKind).
		Query(func(rows pgx.Rows) error {
			var (
				t        Task
				closes   time.Time
				noResult bool
			)
			_, err := pgx.ForEachRow(rows, []any{&t.ConsultationID, &t.Title, &closes, &noResult}, func() error {
				t.Due = midnight(now)
				switch {
				case closes.After(now):
					t.Kind, t.Due = TaskClosing, midnight(closes.Add(-time.Nanosecond))
				case !by.Can(staff.Report):
					return nil
				case noResult:
					t.Kind = TaskReport
				default:
					t.Kind = TaskConclude
				}
				d.Tasks = append(d.Tasks, t)
				return nil
			})
			return err
		})
}

// dayOf is a date of the database, which comes as midnight UTC, as a day in Asia/Shanghai.
func dayOf(t time.Time) time.Time {
	y, m, day := t.Date()
	return time.Date(y, m, day, 0, 0, 0, 0, calendar.Shanghai)
}
