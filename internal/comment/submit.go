package comment

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"time"

	"wenji/internal/apperr"
	"wenji/internal/postgres"
	"wenji/internal/throttle"
	"wenji/internal/validate"
	"wenji/internal/vault"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
)

// Store takes in comments and reads what the public may see.
type Store struct {
	DB      *postgres.DB // reads
	Writing *postgres.DB // a pool of its own for submitting, so that nothing else can starve it
	Keys    *vault.KeyRing
	Tries   *throttle.Limiter
	Now     func() time.Time

	queue chan *waiting
	pace  pace

	// instant are the consultations that publish by themselves, as far as the writer, who alone looks here, has met them. It
	// saves tries and decides nothing.
	instant map[string]bool

	acknowledged, refused, failed, unknown atomic.Int64 // see Outcomes
}

// NewStore returns a store; Submit works once its Run is running.
func NewStore(db, writing *postgres.DB, keys *vault.KeyRing, tries *throttle.Limiter) *Store {
	return &Store{DB: db, Writing: writing, Keys: keys, Tries: tries, Now: db.Now, queue: make(chan *waiting, queueMost),
		instant: make(map[string]bool)}
}

// Submit stores a confirmed draft once and returns its receipt. The same draft sent again, at once or later, gives the
// same receipt and stores nothing new. A form whose words were changed after it was stored is apperr.ErrConflict;
// a consultation that is not open by the database's clock is apperr.ErrClosed; apperr.ErrBusy: too many are waiting to be
// stored. Any other error means, as these do, that the comment was not stored, or, with postgres.ErrUnconfirmed, that nobody knows: the caller says so, and sending the same draft
// again is safe.
func (s *Store) Submit(ctx context.Context, d Draft) (Receipt, error) {
	r, err := s.submit(ctx, d)
	s.countOutcome(err)
	return r, err
}

func (s *Store) submit(ctx context.Context, d Draft) (Receipt, error) {
	row, err := s.row(d)
	if err != nil {
		return Receipt{}, err
	}
	stored, err := s.store(ctx, row)
	if err != nil {
		return Receipt{}, fmt.Errorf("store comment %s: %w", d.FormID, err)
	}
	switch {
	case !stored.found:
		return Receipt{}, apperr.ErrClosed
	case string(stored.formDigest) != string(row.formDigest):
		return Receipt{}, &apperr.Conflict{Action: "submitted", At: stored.receivedAt}
	}
	return Receipt{
		ConsultationID: d.ConsultationID, Number: stored.number, State: stored.state, ReceivedAt: stored.receivedAt,
		Code: receiptCode(s.Keys, d.FormID, stored.codeAttempt),
	}, nil
}

// row computes what is stored of a draft.
func (s *Store) row(d Draft) (newComment, error) {
	sealed, err := s.Keys.Seal(d.FormID, vault.Personal{
		Name: d.Name, IDNumber: d.IDNumber, Phone: d.Phone, Email: d.Email, Org: d.Org,
	})
	if err != nil {
		return newComment{}, fmt.Errorf("seal comment %s: %w", d.FormID, err)
	}
	row := newComment{
		id: d.FormID, consultationID: d.ConsultationID, title: d.Title, body: d.Body,
		clauses: d.Clauses, maskedName: MaskName(d.Name.Reveal()), occupation: d.Occupation,
		flags: d.Flags, textDigest: textDigest(d.Title, d.Body), formDigest: s.formDigest(d),
		tailIndex: tailIndex(s.Keys, d.FormID, validate.PhoneTail(d.Phone.Reveal())), personal: sealed,
	}
	s.setCode(&row, 0)
	return row, nil
}

func (s *Store) setCode(row *newComment, attempt int) {
	row.codeAttempt = attempt
	row.codeIndex = codeIndex(s.Keys, receiptCode(s.Keys, row.id, attempt))
}

// Repeated looks for the same words by the same person in the consultation, under another form. It returns when they
// were received, or false. Without an ID number or phone nobody can be told apart, and nothing is found.
func (s *Store) Repeated(ctx context.Context, d Draft) (time.Time, bool, error) {
	sealed, err := s.Keys.Seal(d.FormID, vault.Personal{Name: d.Name, IDNumber: d.IDNumber, Phone: d.Phone})
	if err != nil {
		return time.Time{}, false, fmt.Errorf("index identity of form %s: %w", d.FormID, err)
	}
	if sealed.IdentityIndex == nil {
		return time.Time{}, false, nil
	}
	var at time.Time
	err = s.DB.QueryRow(ctx, `
		SELECT c.received_at
		  FROM personal_data p JOIN comment c ON c.id = p.comment_id
		 WHERE p.identity_index = $1 AND p.consultation_id = $2 AND c.text_digest = $3 AND c.id <> $4
		 LIMIT 1`,
		sealed.IdentityIndex, d.ConsultationID, textDigest(d.Title, d.Body), d.FormID).Scan(&at)
	if errors.Is(err, pgx.ErrNoRows) {
		return time.Time{}, false, nil
	}
	if err != nil {
		return time.Time{}, false, fmt.Errorf("look for a repeat of form %s: %w", d.FormID, err)
	}
	return at, true, nil
}

// ListedWords returns the words that keep a comment from passing by rule, at most 10,000.
func (s *Store) ListedWords(ctx context.Context) ([]string, error) {
	rows, err := s.DB.Query(ctx, `SELECT word FROM listed_word ORDER BY word LIMIT 10000`)
	if err != nil {
		return nil, fmt.Errorf("read listed words: %w", err)
	}
	words, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		return nil, fmt.Errorf("read listed words: %w", err)
	}
	return words, nil
}

// Stored returns the receipt of a form that has already been stored, or apperr.ErrNotFound. It is as binding as that of
// Submit.
func (s *Store) Stored(ctx context.Context, consultationID string, formID uuid.UUID) (Receipt, error) {
	r := Receipt{ConsultationID: consultationID}
	var attempt int
	err := s.Writing.InTx(ctx, func(tx pgx.Tx) error {
		err := tx.QueryRow(ctx, `
			SELECT number, state, received_at, code_attempt
			  FROM comment
			 WHERE id = $1 AND consultation_id = $2`, formID, consultationID).Scan(&r.Number, &r.State, &r.ReceivedAt, &attempt)
		if err != nil {
			return err
		}
		return postgres.Confirm(ctx, tx)
	})
	if errors.Is(err, pgx.ErrNoRows) {
		return Receipt{}, apperr.ErrNotFound
	}
	if err != nil {
		return Receipt{}, fmt.Errorf("look for form %s: %w", formID, err)
	}
	r.Code = receiptCode(s.Keys, formID, attempt)
	return r, nil
}
