// Package notify sends mail to commenters through an outbox: a message is written with what it tells of, in one
// transaction, and sent after the commit, once, by whichever replica takes it.
package notify

import (
	"context"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
)

// Kind of a message.
type Kind string

const Answered Kind = "answered" // 您的意见已有答复

// Message is one mail to be sent to the author of a comment.
type Message struct {
	ConsultationID string
	CommentID      uuid.UUID
	Kind           Kind
}

// Enqueue writes messages in the caller's transaction; they are sent once it has committed. Comments whose author gave no
// e-mail address are passed over when the mail is sent.
func Enqueue(ctx context.Context, tx pgx.Tx, at time.Time, messages ...Message) error {
	for _, m := range messages {
		id, err := uuid.NewV7()
		if err != nil {
			return fmt.Errorf("make a message id: %w", err)
		}
		_, err = tx.Exec(ctx, `
			INSERT INTO outbox (id, consultation_id, comment_id, kind, created_at, due_at)
			VALUES ($1, $2, $3, $4, $5, $5)`, id, m.ConsultationID, m.CommentID, m.Kind, at)
		if err != nil {
			return fmt.Errorf("write a message for comment %s: %w", m.CommentID, err)
		}
	}
	return nil
}
