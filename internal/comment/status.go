package comment

import (
	"context"
	"crypto/subtle"
	"errors"
	"fmt"
	"time"

	"wenji/internal/apperr"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
)

// Limits of the status look-up, wrong tries within statusWindow.
const (
	statusWindow     = 30 * time.Minute
	statusPerAddress = 20
	statusPerCode    = 5
)

// Status is what a commenter sees of the own comment: no text and no personal data.
type Status struct {
	ID             uuid.UUID
	ConsultationID string
	Number         int
	State          State
	ReceivedAt     time.Time
	DecidedAt      *time.Time
	PublishedAt    *time.Time
	ByRule         bool   // decided by rule (即时展示), not by a person
	DecisionReason string // a code; see validate.ReasonText
}

// Status looks a comment up by its 查询码 and the last four digits of the phone given (none for a comment without a
// phone). Every miss is the same apperr.ErrNotFound. Wrong tries are counted per address and per code, on all replicas;
// past the limit a right code is refused too, with *apperr.TooMany.
func (s *Store) Status(ctx context.Context, code, tail, address string) (Status, error) {
	if err := s.statusAllowed(ctx, code, address); err != nil {
		return Status{}, err
	}
	st, mark, err := s.status(ctx, "code_index", codeIndex(s.Keys, code))
	if err != nil && !errors.Is(err, apperr.ErrNotFound) {
		return Status{}, fmt.Errorf("look up a code: %w", err)
	}
	erased := err == nil && len(mark) == 0 // the phone is gone with all personal data: the code alone has to do
	if err == nil && ValidCode(code) && (erased || subtle.ConstantTimeCompare(mark, tailIndex(s.Keys, st.ID, tail)) == 1) {
		return st, nil
	}
	if _, _, err := s.Tries.Count(ctx, "status address", address, statusWindow); err != nil {
		return Status{}, fmt.Errorf("count a status look-up: %w", err)
	}
	if _, _, err := s.Tries.Count(ctx, "status code", code, statusWindow); err != nil {
		return Status{}, fmt.Errorf("count a status look-up: %w", err)
	}
	return Status{}, apperr.ErrNotFound
}

// StatusOf is the status of a comment already looked up, as it is now.
func (s *Store) StatusOf(ctx context.Context, id uuid.UUID) (Status, error) {
	st, _, err := s.status(ctx, "id", id)
	if err != nil {
		return Status{}, fmt.Errorf("status of comment %s: %w", id, err)
	}
	return st, nil
}

// status reads one comment's status by a unique column of ours, with the mark of its phone's last digits.
func (s *Store) status(ctx context.Context, column string, value any) (st Status, tailMark []byte, err error) {
	err = s.DB.QueryRow(ctx, `
		SELECT id, consultation_id, number, state, received_at, decided_at, published_at,
		       decided_at IS NOT NULL AND decided_by = '', decision_reason, tail_index
		  FROM comment
		 WHERE `+column+` = $1`, value).
		Scan(&st.ID, &st.ConsultationID, &st.Number, &st.State, &st.ReceivedAt, &st.DecidedAt, &st.PublishedAt, &st.ByRule,
			&st.DecisionReason, &tailMark)
	if errors.Is(err, pgx.ErrNoRows) {
		err = apperr.ErrNotFound
	}
	return st, tailMark, err
}

func (s *Store) statusAllowed(ctx context.Context, code, address string) error {
	for _, limit := range []struct {
		what, key string
		most      int
	}{{"status address", address, statusPerAddress}, {"status code", code, statusPerCode}} {
		n, _, err := s.Tries.Peek(ctx, limit.what, limit.key)
		if err != nil {
			return fmt.Errorf("count status look-ups: %w", err)
		}
		if n >= limit.most {
			return &apperr.TooMany{RetryAfter: statusWindow}
		}
	}
	return nil
}
