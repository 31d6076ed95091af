package notify

import (
	"context"
	"fmt"
	"time"

	"wenji/internal/postgres"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
)

const (
	batchMost = 20
	// leaseFor outlasts a batch: one that is late gives the rest back (sendSlack).
	leaseFor  = 10 * time.Minute
	sendSlack = 2 * time.Minute
	// staleAfter: an answer is no news after a week, as when mail was set up late; it can be read under its 查询码.
	staleAfter = 7 * 24 * time.Hour
)

// Codes in column failure.
const (
	failUnreachable = "unreachable" // no connection, or it broke
	failServer      = "server"      // the server would not take it now, or refused us
	failRefused     = "refused"     // the server refuses this recipient or this mail for good
	failAddress     = "address"     // no mail address in form
	failSeal        = "seal"        // the address does not open
	failStale       = "stale"       // waited too long
	skipNoAddress   = "no_address"
	skipErased      = "erased"
)

// backOff is the wait after each try; after the last one the message has failed. All together 46 hours.
var backOff = []time.Duration{
	time.Minute, 5 * time.Minute, 15 * time.Minute, time.Hour, 3 * time.Hour,
	6 * time.Hour, 6 * time.Hour, 6 * time.Hour, 6 * time.Hour, 6 * time.Hour, 6 * time.Hour, 6 * time.Hour,
}

// taken is a message leased to this replica.
type taken struct {
	id             uuid.UUID
	commentID      uuid.UUID
	consultationID string
	title          string // of the consultation
	kind           Kind
	tries          int // before this one
}

// take leases messages that are due. Those that another replica has, or is taking at this moment, are passed over.
func (s *Sender) take(ctx context.Context, lease uuid.UUID) ([]taken, error) {
	now := s.now()
	var list []taken
	err := s.DB.InTx(ctx, func(tx pgx.Tx) error {
		_, err := tx.Exec(ctx, `
			UPDATE outbox
			   SET failed_at = $1, failure = $3, leased_until = NULL, lease = NULL
			 WHERE id IN (SELECT id
			                FROM outbox
			               WHERE sent_at IS NULL AND failed_at IS NULL AND skipped_at IS NULL AND created_at < $2
			                 AND (leased_until IS NULL OR leased_until <= $1)
			               ORDER BY due_at, id
			               LIMIT 1000
			                 FOR UPDATE SKIP LOCKED)`, now, now.Add(-staleAfter), failStale)
		if err != nil {
			return fmt.Errorf("give up stale messages: %w", err)
		}
		rows, err := tx.Query(ctx, `
			UPDATE outbox o
			   SET lease = $2, leased_until = $3
			  FROM consultation c
			 WHERE c.id = o.consultation_id
			   AND o.id IN (SELECT id
			                  FROM outbox
			                 WHERE sent_at IS NULL AND failed_at IS NULL AND skipped_at IS NULL AND due_at <= $1
			                   AND (leased_until IS NULL OR leased_until <= $1)
			                 ORDER BY due_at, id
			                 LIMIT $4
			                   FOR UPDATE SKIP LOCKED)
			RETURNING o.id, o.comment_id, o.consultation_id, c.title, o.kind, o.tries`,
			now, lease, now.Add(leaseFor), batchMost)
		if err != nil {
			return fmt.Errorf("take messages: %w", err)
		}
		list, err = pgx.CollectRows(rows, func(row pgx.CollectableRow) (taken, error) {
			var m taken
			err := row.Scan(&m.id, &m.commentID, &m.consultationID, &m.title, &m.kind, &m.tries)
			return m, err
		})
		if err != nil {
			return fmt.Errorf("take messages: %w", err)
		}
		return nil
	})
	return list, err
}

// begin marks a message as being sent, and counts the try. False: the lease is no longer ours.
func (s *Sender) begin(ctx context.Context, id, lease uuid.UUID) (bool, error) {
	done, err := s.DB.Exec(ctx, `
		UPDATE outbox
		   SET sending_at = $3, tries = tries + 1
		 WHERE id = $1 AND lease = $2 AND sent_at IS NULL`, id, lease, s.now())
	if err != nil {
		return false, fmt.Errorf("begin message %s: %w", id, err)
	}
	return done.RowsAffected() == 1, nil
}

// markSent says that the server took the message, whoever holds the lease by now.
func (s *Sender) markSent(ctx context.Context, id uuid.UUID) error {
	_, err := s.DB.Exec(ctx, `
		UPDATE outbox
		   SET sent_at = $2, failure = '', failed_at = NULL, lease = NULL, leased_until = NULL
		 WHERE id = $1 AND sent_at IS NULL`, id, s.now())
	if err != nil {
		return fmt.Errorf("mark message %s as sent: %w", id, err)
	}
	return nil
}

// again puts a message off after its try failed, or gives it up after the last one.
func (s *Sender) again(ctx context.Context, m taken, lease uuid.UUID, failure string) error {
	if m.tries >= len(backOff) {
		return s.giveUp(ctx, m.id, lease, failure)
	}
	_, err := s.DB.Exec(ctx, `
		UPDATE outbox
		   SET due_at = $3, failure = $4, sending_at = NULL, lease = NULL, leased_until = NULL
		 WHERE id = $1 AND lease = $2`, m.id, lease, s.now().Add(backOff[m.tries]), failure)
	if err != nil {
		return fmt.Errorf("put off message %s: %w", m.id, err)
	}
	return nil
}

func (s *Sender) giveUp(ctx context.Context, id, lease uuid.UUID, failure string) error {
	_, err := s.DB.Exec(ctx, `
		UPDATE outbox
		   SET failed_at = $3, failure = $4, sending_at = NULL, lease = NULL, leased_until = NULL
		 WHERE id = $1 AND lease = $2`, id, lease, s.now(), failure)
	if err != nil {
		return fmt.Errorf("give up message %s: %w", id, err)
	}
	return nil
}

func (s *Sender) skip(ctx context.Context, id, lease uuid.UUID, why string) error {
	_, err := s.DB.Exec(ctx, `
		UPDATE outbox
		   SET skipped_at = $3, failure = $4, lease = NULL, leased_until = NULL
		 WHERE id = $1 AND lease = $2`, id, lease, s.now(), why)
	if err != nil {
		return fmt.Errorf("skip message %s: %w", id, err)
	}
	return nil
}

// release gives back what was leased and not tried.
func (s *Sender) release(ctx context.Context, lease uuid.UUID, wait time.Duration) error {
	_, err := s.DB.Exec(ctx, `
		UPDATE outbox
		   SET due_at = greatest(due_at, $2), lease = NULL, leased_until = NULL
		 WHERE lease = $1 AND sent_at IS NULL AND sending_at IS NULL`, lease, s.now().Add(wait))
	if err != nil {
		return fmt.Errorf("give messages back: %w", err)
	}
	return nil
}

// Store tells staff how the mail is doing.
type Store struct {
	DB *postgres.DB
}

// Counts of messages by what became of them; Sent and Skipped are of the last thirty days.
type Counts struct {
	Waiting, Failed, Sent, Skipped int
	Oldest                         *time.Time // since when the oldest waiting one waits
}

// Counts counts the messages of the last thirty days.
func (s *Store) Counts(ctx context.Context) (Counts, error) {
	var c Counts
	err := s.DB.QueryRow(ctx, `
		SELECT count(*) FILTER (WHERE sent_at IS NULL AND failed_at IS NULL AND skipped_at IS NULL),
		       count(*) FILTER (WHERE failed_at IS NOT NULL),
		       count(*) FILTER (WHERE sent_at IS NOT NULL),
		       count(*) FILTER (WHERE skipped_at IS NOT NULL),
		       min(created_at) FILTER (WHERE sent_at IS NULL AND failed_at IS NULL AND skipped_at IS NULL)
		  FROM outbox
		 WHERE created_at > $1`, s.DB.Now().AddDate(0, 0, -30)).Scan(&c.Waiting, &c.Failed, &c.Sent, &c.Skipped, &c.Oldest)
	if err != nil {
		return Counts{}, fmt.Errorf("count messages: %w", err)
	}
	return c, nil
}

// Failed is a message that was given up.
type Failed struct {
	ConsultationID string
	CommentID      uuid.UUID
	Number         int
	At             time.Time
	Failure        string // a code; see FailureWord
}

// Failed lists the latest messages that were given up, at most fifty.
func (s *Store) Failed(ctx context.Context) ([]Failed, error) {
	rows, err := s.DB.Query(ctx, `
		SELECT o.consultation_id, o.comment_id, c.number, o.failed_at, o.failure
		  FROM outbox o JOIN comment c ON c.id = o.comment_id
		 WHERE o.failed_at IS NOT NULL
		 ORDER BY o.failed_at DESC, o.id
		 LIMIT 50`)
	if err != nil {
		return nil, fmt.Errorf("list failed messages: %w", err)
	}
	list, err := pgx.CollectRows(rows, pgx.RowToStructByPos[Failed])
	if err != nil {
		return nil, fmt.Errorf("list failed messages: %w", err)
	}
	return list, nil
}
