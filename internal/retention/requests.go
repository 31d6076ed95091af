package retention

import (
	"context"
	"errors"
	"fmt"
	"time"

	"wenji/internal/apperr"
	"wenji/internal/audit"
	"wenji/internal/calendar"
	"wenji/internal/staff"
	"wenji/internal/validate"
	"wenji/internal/vault"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
)

// Kind of a request.
type Kind string

const (
	AskCorrect Kind = "correct" // 更正 (个人信息保护法 §46)
	AskErase   Kind = "erase"   // 删除 (§47)
)

// RequestState is how far a request is.
type RequestState string

const (
	Open    RequestState = "open"
	Granted RequestState = "granted"
	Refused RequestState = "refused"
	Lapsed  RequestState = "lapsed" // the data was erased meanwhile, as its term was over
)

const (
	// requestDays is how many working days the office gives itself; the law says 及时 (§50).
	requestDays = 15
	// perComment and perAddress bound what one person can make the office read.
	perComment    = 5
	perAddress    = 10
	addressWindow = 24 * time.Hour
	wishPlace     = "personal_request.wish"
)

// Request is what a commenter asks for the own personal data, without the words of it.
type Request struct {
	ID             uuid.UUID
	ConsultationID string
	CommentID      uuid.UUID
	Number         int // of the comment
	Kind           Kind
	State          RequestState
	AskedAt        time.Time
	DueOn          time.Time
	Answer         string
	DecidedBy      string
	DecidedAt      *time.Time
}

// Overdue tells whether an open request has passed its term.
func (r Request) Overdue(now time.Time) bool {
	return r.State == Open && !now.Before(r.DueOn.AddDate(0, 0, 1))
}

const requestColumns = `
	SELECT q.id, q.consultation_id, q.comment_id, c.number, q.kind, q.state, q.asked_at,
	       (q.due_on::timestamp AT TIME ZONE 'Asia/Shanghai'), q.answer, q.decided_by, q.decided_at
	  FROM personal_request q JOIN comment c ON c.id = q.comment_id`

func scanRequest(row pgx.CollectableRow) (Request, error) {
	r, err := pgx.RowToStructByPos[Request](row)
	r.DueOn = r.DueOn.In(calendar.Shanghai)
	return r, err
}

// Ask takes in a request about the own comment, from who has looked it up by 查询码 and phone. Problems are
// *apperr.Invalid on kind and wish; ErrAsked: one is open already; past the limits *apperr.TooMany; ErrNothing: the
// data has been erased.
func (s *Store) Ask(ctx context.Context, commentID uuid.UUID, kind Kind, wish, address string) error {
	wish, err := checkWish(kind, wish)
	if err != nil {
		return err
	}
	n, reset, err := s.Tries.Count(ctx, "request address", address, addressWindow)
	if err != nil {
		return err
	}
	if n > perAddress {
		return &apperr.TooMany{RetryAfter: reset}
	}
	days, err := s.Calendar.Calendar(ctx)
	if err != nil {
		return err
	}
	id, err := uuid.NewV7()
	if err != nil {
		return fmt.Errorf("make a key: %w", err)
	}
	at := s.now()
	err = s.DB.InTx(ctx, func(tx pgx.Tx) error {
		consultationID, number, err := askable(ctx, tx, commentID)
		if err != nil {
			return err
		}
		done, err := tx.Exec(ctx, `
			INSERT INTO personal_request (id, consultation_id, comment_id, kind, wish, asked_at, due_on)
			VALUES ($1, $2, $3, $4, $5, $6, $7)
			ON CONFLICT (comment_id) WHERE state = 'open' DO NOTHING`,
			id, consultationID, commentID, kind, s.Keys.SealValue(wishPlace, id, []byte(wish)), at,
			days.Add(at, requestDays).Format(time.DateOnly))
		if err != nil {
			return fmt.Errorf("write a request: %w", err)
		}
		if done.RowsAffected() == 0 {
			return ErrAsked
		}
		return audit.Record(ctx, tx, audit.Entry{
			At: at, Actor: "public", Role: "public", Action: "request.ask", ConsultationID: consultationID,
			Subject: fmt.Sprintf("comment %d", number), Detail: string(kind),
		})
	})
	if err != nil {
		return fmt.Errorf("ask about comment %s: %w", commentID, err)
	}
	return nil
}

func checkWish(kind Kind, wish string) (string, error) {
	var problems []apperr.Problem
	if kind != AskCorrect && kind != AskErase {
		problems = append(problems, apperr.Problem{Field: "kind", Message: validate.AskKind})
	}
	clean, ok := validate.Text(wish)
	switch n := validate.Length(clean); {
	case !ok:
		problems = append(problems, apperr.Problem{Field: "wish", Message: validate.Undisplayable("wish")})
	case n == 0 && kind != AskErase:
		problems = append(problems, apperr.Problem{Field: "wish", Message: validate.AskEmpty})
	case n > validate.AskMax:
		problems = append(problems, apperr.Problem{Field: "wish", Message: validate.AskLong(n)})
	}
	if problems != nil {
		return "", &apperr.Invalid{Problems: problems}
	}
	return clean, nil
}

// askable locks the comment's personal data and tells whether another request may come in.
func askable(ctx context.Context, tx pgx.Tx, commentID uuid.UUID) (consultationID string, number int, err error) {
	var asked int
	err = tx.QueryRow(ctx, `
		SELECT p.consultation_id, c.number, (SELECT count(*) FROM personal_request q WHERE q.comment_id = c.id)
		  FROM personal_data p JOIN comment c ON c.id = p.comment_id
		 WHERE p.comment_id = $1
		   FOR UPDATE OF p`, commentID).Scan(&consultationID, &number, &asked)
	switch {
	case errors.Is(err, pgx.ErrNoRows):
		return "", 0, ErrNothing
	case err != nil:
		return "", 0, fmt.Errorf("look for personal data: %w", err)
	case asked >= perComment:
		return "", 0, &apperr.TooMany{RetryAfter: addressWindow}
	}
	return consultationID, number, nil
}

// RequestsOf lists what was asked about one comment, the latest first, for its writer.
func (s *Store) RequestsOf(ctx context.Context, commentID uuid.UUID) ([]Request, error) {
	return s.requests(ctx, ` WHERE q.comment_id = $1 ORDER BY q.asked_at DESC, q.id DESC LIMIT 20`, commentID)
}

// Askable tells whether a comment's personal data is still there to be corrected or deleted.
func (s *Store) Askable(ctx context.Context, commentID uuid.UUID) (there bool, err error) {
	err = s.DB.QueryRow(ctx, `SELECT EXISTS (SELECT FROM personal_data WHERE comment_id = $1)`, commentID).Scan(&there)
	if err != nil {
		return false, fmt.Errorf("look for personal data of %s: %w", commentID, err)
	}
	return there, nil
}

// OpenRequests lists what waits, the earliest term first; at most two hundred.
func (s *Store) OpenRequests(ctx context.Context, by staff.Member) ([]Request, error) {
	if !by.Can(staff.HandleRequests) {
		return nil, apperr.ErrForbidden
	}
	return s.requests(ctx, ` WHERE q.state = 'open' ORDER BY q.due_on, q.id LIMIT 200`)
}

// DecidedRequests lists the latest that were decided, at most fifty.
func (s *Store) DecidedRequests(ctx context.Context, by staff.Member) ([]Request, error) {
	if !by.Can(staff.HandleRequests) {
		return nil, apperr.ErrForbidden
	}
	return s.requests(ctx, ` WHERE q.state <> 'open' ORDER BY q.decided_at DESC, q.id LIMIT 50`)
}

func (s *Store) requests(ctx context.Context, where string, args ...any) ([]Request, error) {
	rows, err := s.DB.Query(ctx, requestColumns+where, args...)
	if err != nil {
		return nil, fmt.Errorf("list requests: %w", err)
	}
	list, err := pgx.CollectRows(rows, scanRequest)
	if err != nil {
		return nil, fmt.Errorf("list requests: %w", err)
	}
	return list, nil
}

// Counts of open requests, for the dashboard.
func (s *Store) Counts(ctx context.Context) (open, overdue int, err error) {
	err = s.DB.QueryRow(ctx, `
		SELECT count(*), count(*) FILTER (WHERE due_on < ($1::timestamptz AT TIME ZONE 'Asia/Shanghai')::date)
		  FROM personal_request
		 WHERE state = 'open'`, s.Now()).Scan(&open, &overdue)
	if err != nil {
		return 0, 0, fmt.Errorf("count requests: %w", err)
	}
	return open, overdue, nil
}

// Wish is a request with its words and the personal data it is about, for who decides it. Show the data masked.
type Wish struct {
	Request
	Words    vault.Secret
	Personal vault.Personal
	Erased   bool // there is no personal data any more
}

// Request opens one request for a decision.
func (s *Store) Request(ctx context.Context, by staff.Member, id uuid.UUID) (Wish, error) {
	if !by.Can(staff.HandleRequests) {
		return Wish{}, apperr.ErrForbidden
	}
	var w Wish
	err := s.DB.InSnapshot(ctx, func(tx pgx.Tx) (err error) {
		w, err = s.wish(ctx, tx, id, "")
		return err
	})
	if err != nil {
		return Wish{}, fmt.Errorf("request %s: %w", id, err)
	}
	return w, nil
}

// wish reads a request; lock is "" or the clause that locks its row.
func (s *Store) wish(ctx context.Context, tx pgx.Tx, id uuid.UUID, lock string) (Wish, error) {
	var w Wish
	rows, err := tx.Query(ctx, requestColumns+` WHERE q.id = $1`+lock, id)
	if err != nil {
		return w, err
	}
	if w.Request, err = pgx.CollectExactlyOneRow(rows, scanRequest); errors.Is(err, pgx.ErrNoRows) {
		return w, apperr.ErrNotFound
	} else if err != nil {
		return w, err
	}
	var sealed []byte
	if err := tx.QueryRow(ctx, `SELECT wish FROM personal_request WHERE id = $1`, id).Scan(&sealed); err != nil {
		return w, err
	}
	if sealed != nil {
		words, err := s.Keys.OpenValue(wishPlace, id, sealed)
		if err != nil {
			return w, err
		}
		w.Words = vault.NewSecret(string(words))
	}
	row, err := vault.Read(ctx, tx, w.CommentID)
	if errors.Is(err, apperr.ErrNotFound) {
		w.Erased = true
		return w, nil
	}
	if err != nil {
		return w, err
	}
	w.Personal, err = s.Keys.Open(w.CommentID, row)
	return w, err
}
