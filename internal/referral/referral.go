// Package referral hands comments over to departments (转办), keeps their opinions, and carries each comment to its disposition
// and answer (采纳情况, 答复).
package referral

import (
	"context"
	"fmt"
	"strings"
	"time"

	"wenji/internal/apperr"
	"wenji/internal/audit"
	"wenji/internal/calendar"
	"wenji/internal/comment"
	"wenji/internal/postgres"
	"wenji/internal/staff"
	"wenji/internal/validate"
	"wenji/internal/vault"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
)

// Store keeps hand-overs, dispositions and answers. Every method with a member asks whether the member may do it before anything
// else (apperr.ErrForbidden); every act is one transaction that holds its entry in the record.
type Store struct {
	DB       *postgres.DB
	Keys     *vault.KeyRing
	Calendar *calendar.Store
	Now      func() time.Time
}

// now is the moment of an act, as precise as the database keeps it.
func (s *Store) now() time.Time { return s.Now().Truncate(time.Microsecond) }

// State of a hand-over. Overdue is none: it is an open hand-over after its due day.
type State string

const (
	Waiting  State = "waiting"  // 待接收
	Accepted State = "accepted" // 已接收
	Returned State = "returned" // 已退回
	Replied  State = "replied"  // 已答复
)

// Open tells whether the unit has yet to reply.
func (s State) Open() bool { return s == Waiting || s == Accepted }

// Outcome is what became of a comment (采纳情况).
type Outcome string

const (
	Adopted    Outcome = "adopted"     // 采纳
	Partly     Outcome = "partly"      // 部分采纳
	NotAdopted Outcome = "not_adopted" // 未采纳
	Reference  Outcome = "reference"   // 留作参考
	Outside    Outcome = "outside"     // 不属于受理范围
)

// Outcomes in the order they are offered.
var Outcomes = []Outcome{Adopted, Partly, NotAdopted, Reference, Outside}

// NeedsReason tells whether the public must be told why (重大行政决策程序暂行条例 §18: 采纳情况 is fed back with the reasons).
func (o Outcome) NeedsReason() bool { return o != Adopted }

func (o Outcome) known() bool {
	for _, each := range Outcomes {
		if o == each {
			return true
		}
	}
	return false
}

// Codes of acts as apperr.Conflict names them, for the person who came second or too early.
const (
	ActRefer     = "referred"
	ActAccept    = "accepted"
	ActReturn    = "returned"
	ActReply     = "replied"
	ActSubmit    = "submitted_answer"
	ActSave      = "saved_answer"
	ActApprove   = "approved"
	ActSendBack  = "sent_back"
	ActUndecided = "undecided" // the comment waits for moderation
	ActDeclined  = "declined"  // the comment was declined, which ends it
)

// ManyMost is how many comments one act may name.
const ManyMost = 1000

// subject is a comment that an act is about, locked for it.
type subject struct {
	ID             uuid.UUID
	ConsultationID string
	Number         int
	State          comment.State
}

// lockComments reads the comments in a fixed order and keeps others from deciding, referring or answering them until tx
// ends. apperr.ErrNotFound: one of them does not exist.
func lockComments(ctx context.Context, tx pgx.Tx, ids []uuid.UUID) ([]subject, error) {
	rows, err := tx.Query(ctx, `
		SELECT id, consultation_id, number, state
		  FROM comment
		 WHERE id = ANY ($1)
		 ORDER BY id
		   FOR NO KEY UPDATE`, ids)
	if err != nil {
		return nil, fmt.Errorf("lock %d comments: %w", len(ids), err)
	}
	list, err := pgx.CollectRows(rows, pgx.RowToStructByPos[subject])
	if err != nil {
		return nil, fmt.Errorf("lock %d comments: %w", len(ids), err)
	}
	if len(list) < len(ids) {
		return nil, apperr.ErrNotFound
	}
	return list, nil
}

// keepHandling lets the comments tell how far they are (comment.Handling) after an act on them in tx, which has locked them.
func keepHandling(ctx context.Context, tx pgx.Tx, ids ...uuid.UUID) error {
	rows, err := tx.Query(ctx, `
		SELECT c.id, `+comment.HandlingOf+`
		  FROM unnest($1::uuid[]) AS c (id)`, ids)
	if err != nil {
		return fmt.Errorf("read how far %d comments are: %w", len(ids), err)
	}
	values := make(map[uuid.UUID]comment.Handling, len(ids))
	var id uuid.UUID
	var h comment.Handling
	_, err = pgx.ForEachRow(rows, []any{&id, &h}, func() error { values[id] = h; return nil })
	if err != nil {
		return fmt.Errorf("read how far %d comments are: %w", len(ids), err)
	}
	return comment.SetHandling(ctx, tx, values)
}

// entry is what the record keeps of an act. Detail holds codes, counts and names of units; never what anyone wrote.
func (c subject) entry(by staff.Member, at time.Time, action, detail string) audit.Entry {
	return audit.Entry{
		At: at, Actor: by.Signature(), Role: string(by.Role), Action: action,
		ConsultationID: c.ConsultationID, Subject: fmt.Sprintf("comment %d", c.Number), Detail: detail,
	}
}

// unique are the ids without repetitions; nil when there are none or too many.
func unique(ids []uuid.UUID) []uuid.UUID {
	seen := make(map[uuid.UUID]bool, len(ids))
	var list []uuid.UUID
	for _, id := range ids {
		if !seen[id] {
			seen[id] = true
			list = append(list, id)
		}
	}
	if len(list) > ManyMost {
		return nil
	}
	return list
}

// invalid is one problem of a form of ours.
func invalid(field, sentence string) error {
	return &apperr.Invalid{Problems: []apperr.Problem{{Field: field, Message: sentence}}}
}

// words cleans running text a member typed and names what is wrong with it; fewest 0 lets it be empty. An ID number is never part of
// what departments or the public read (个人信息保护法 §28).
func words(field, name, text string, fewest, most int) (string, *apperr.Problem) {
	text, ok := validate.Text(text)
	n := validate.Length(text)
	sentence := ""
	switch {
	case !ok:
		sentence = validate.WordsUndisplayable(name)
	case n == 0 && fewest > 0:
		sentence = validate.WordsEmpty(name)
	case n < fewest:
		sentence = validate.WordsShort(name, fewest)
	case n > most:
		sentence = validate.WordsLong(name, most, n)
	case holdsIDNumber(text):
		sentence = validate.WordsPersonal(name)
	default:
		return text, nil
	}
	return text, &apperr.Problem{Field: field, Message: sentence}
}

func holdsIDNumber(text string) bool {
	_, flags := comment.Scrub("", text, nil)
	return strings.Contains(strings.Join(flags, " "), string(comment.SpanIDNumber))
}
