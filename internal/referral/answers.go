package referral

import (
	"context"
	"fmt"
	"strconv"
	"time"

	"wenji/internal/apperr"
	"wenji/internal/staff"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
)

// Version is one version of a comment's disposition and answer.
type Version struct {
	Version     int
	Outcome     Outcome
	Reason      string
	Answer      string
	Unit        string // in whose name it is given
	Status      Status
	DraftedBy   string
	DraftedByID *uuid.UUID
	DraftedAt   *time.Time
	ApprovedBy  string
	ApprovedAt  *time.Time
	ReturnedBy  string
	ReturnedAt  *time.Time
	ReturnWords string
}

// File is all that was done about a comment: its hand-overs and the versions of its answer, oldest first.
type File struct {
	Referrals []Referral
	Versions  []Version
}

// Latest is the answer's last version; the zero Version when nobody drafted one.
func (f File) Latest() Version {
	if len(f.Versions) == 0 {
		return Version{}
	}
	return f.Versions[len(f.Versions)-1]
}

const versionColumns = `d.version, d.outcome, d.reason, d.answer, d.unit, d.status, d.drafted_by, d.drafted_by_id, d.drafted_at,
       d.approved_by, d.approved_at, d.returned_by, d.returned_at, d.return_words`

// fileMost is how many hand-overs and versions one page shows.
const fileMost = 200

// File reads what was done about a comment.
func (s *Store) File(ctx context.Context, by staff.Member, id uuid.UUID) (File, error) {
	if !by.Can(staff.ReadComments) {
		return File{}, apperr.ErrForbidden
	}
	var f File
	err := s.DB.InSnapshot(ctx, func(tx pgx.Tx) error {
		rows, err := tx.Query(ctx, `
			SELECT `+columns+`
			  FROM referral r JOIN comment c ON c.id = r.comment_id
			 WHERE r.comment_id = $1
			 ORDER BY r.referred_at, r.lead DESC, r.id
			 LIMIT $2`, id, fileMost)
		if err != nil {
			return err
		}
		if f.Referrals, err = pgx.CollectRows(rows, pgx.RowToStructByName[Referral]); err != nil {
			return err
		}
		rows, err = tx.Query(ctx, `
			SELECT `+versionColumns+`
			  FROM disposition d
			 WHERE d.comment_id = $1
			 ORDER BY d.version
			 LIMIT $2`, id, fileMost)
		if err != nil {
			return err
		}
		f.Versions, err = pgx.CollectRows(rows, pgx.RowToStructByName[Version])
		return err
	})
	if err != nil {
		return File{}, fmt.Errorf("read the file of comment %s: %w", id, err)
	}
	return f, nil
}

// Answer is a line of the list of answers.
type Answer struct {
	CommentID      uuid.UUID
	ConsultationID string
	Number         int
	Title          string
	Version        // zero where nobody drafted one
}

// Tab is one of the lists of answers.
type Tab string

const (
	TabOpen      Tab = "open"      // 待答复: decided comments of running consultations without an answer, or with a draft that is only kept
	TabSubmitted Tab = "submitted" // 待审批
	TabReturned  Tab = "returned"  // 已退回
	TabApproved  Tab = "approved"  // 已答复
)

// Answers returns a page of a list in the order of the comments' ids, which is that of their arrival, after the id given. more tells
// whether others follow.
func (s *Store) Answers(ctx context.Context, by staff.Member, tab Tab, consultationID string, after uuid.UUID) (list []Answer, more bool, err error) {
	if !by.Can(staff.ReadComments) {
		return nil, false, apperr.ErrForbidden
	}
	args := []any{after, pageDefault + 1}
	arg := func(v any) string {
		args = append(args, v)
		return "$" + strconv.Itoa(len(args))
	}
	var query string
	if tab == TabOpen || tab == "" {
		query = unanswered(consultationID, arg)
	} else {
		query = answersOf(tab, consultationID, arg)
	}
	rows, err := s.DB.Query(ctx, query, args...)
	if err != nil {
		return nil, false, fmt.Errorf("list answers: %w", err)
	}
	list, err = pgx.CollectRows(rows, pgx.RowToStructByName[Answer])
	if err != nil {
		return nil, false, fmt.Errorf("list answers: %w", err)
	}
	if len(list) > pageDefault {
		return list[:pageDefault], true, nil
	}
	return list, false, nil
}

// answersOf lists answers of one status; $1 is the comment that the page before ended at, $2 the length of this one.
func answersOf(tab Tab, consultationID string, arg func(any) string) string {
	where := "d.status = " + arg(string(tab))
	if consultationID != "" {
		where += " AND d.consultation_id = " + arg(consultationID)
	}
	return `
		SELECT d.comment_id, d.consultation_id, c.number, c.title, ` + versionColumns + `
		  FROM disposition d JOIN comment c ON c.id = d.comment_id
		 WHERE ` + where + ` AND d.comment_id > $1
		 ORDER BY d.comment_id
		 LIMIT $2`
}

// unanswered lists what is to be answered: a page of each running consultation, read from an index that holds nothing else,
// and of these the first.
func unanswered(consultationID string, arg func(any) string) string {
	running := "k.concluded_on IS NULL"
	if consultationID != "" {
		running += " AND k.id = " + arg(consultationID)
	}
	return `
		SELECT c.id AS comment_id, c.consultation_id, c.number, c.title, COALESCE(d.version, 0) AS version,
		       COALESCE(d.outcome, '') AS outcome, COALESCE(d.reason, '') AS reason, COALESCE(d.answer, '') AS answer,
		       COALESCE(d.unit, '') AS unit, COALESCE(d.status, '') AS status, COALESCE(d.drafted_by, '') AS drafted_by,
		       d.drafted_by_id, d.drafted_at, '' AS approved_by, d.approved_at, '' AS returned_by, d.returned_at, '' AS return_words
		  FROM (SELECT o.id
		          FROM consultation k,
		               LATERAL (SELECT id
		                          FROM comment
		                         WHERE consultation_id = k.id AND handling < 2 AND state <> 'received' AND id > $1
		                         ORDER BY id
		                         LIMIT $2) AS o
		         WHERE ` + running + `
		         ORDER BY o.id
		         LIMIT $2) AS page
		  JOIN comment c ON c.id = page.id
		  LEFT JOIN disposition d ON d.comment_id = c.id AND d.status = 'draft'
		 ORDER BY c.id`
}

// Undisposed counts the comments of a consultation that are without an approved disposition or wait for moderation (again), and lists the
// lowest of their numbers.
func (s *Store) Undisposed(ctx context.Context, consultationID string, limit int) (count int, numbers []int, err error) {
	err = s.DB.QueryRow(ctx, `
		WITH undisposed AS (
		  SELECT c.number
		    FROM comment c
		   WHERE c.consultation_id = $1
		     AND (c.state = 'received'
		          OR NOT EXISTS (SELECT FROM disposition d WHERE d.comment_id = c.id AND d.status = 'approved'))
		)
		SELECT (SELECT count(*) FROM undisposed), ARRAY(SELECT number FROM undisposed ORDER BY number LIMIT $2)`,
		consultationID, limit).Scan(&count, &numbers)
	if err != nil {
		return 0, nil, fmt.Errorf("count comments of %s without a disposition: %w", consultationID, err)
	}
	return count, numbers, nil
}

// Counts are the numbers of the dashboard.
type Counts struct {
	Unreferred int // 待转办: decided, not declined, with nothing done about them, of running consultations
	DueSoon    int // 即将到期
	Overdue    int // 逾期
	Submitted  int // 待审批
}

// Counts reads the numbers of the dashboard.
func (s *Store) Counts(ctx context.Context, by staff.Member) (Counts, error) {
	if !by.Can(staff.ReadComments) {
		return Counts{}, apperr.ErrForbidden
	}
	day := today(s.now())
	var c Counts
	err := s.DB.QueryRow(ctx, `
		SELECT (SELECT coalesce(sum(n.published + n.withheld - n.handled), 0)
		          FROM comment_count n JOIN consultation k ON k.id = n.consultation_id AND k.concluded_on IS NULL),
		       (SELECT count(*) FROM referral WHERE state IN ('waiting', 'accepted') AND due_on BETWEEN $1 AND $2),
		       (SELECT count(*) FROM referral WHERE state IN ('waiting', 'accepted') AND due_on < $1),
		       (SELECT count(*) FROM disposition WHERE status = 'submitted')`, day, day.AddDate(0, 0, soonDays)).
		Scan(&c.Unreferred, &c.DueSoon, &c.Overdue, &c.Submitted)
	if err != nil {
		return Counts{}, fmt.Errorf("count hand-overs and answers: %w", err)
	}
	return c, nil
}
