package retention

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"wenji/internal/apperr"
	"wenji/internal/audit"
	"wenji/internal/comment"
	"wenji/internal/similar"
	"wenji/internal/staff"
	"wenji/internal/validate"
	"wenji/internal/vault"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
)

const lockRequest = ` FOR UPDATE OF q`

// Correction is what personal data becomes; an empty field stays as it is.
type Correction struct {
	Name, Phone, Email string
}

// check mends the fields by the rules of the comment form.
func (c Correction) check() (Correction, error) {
	var problems []apperr.Problem
	given := false
	for _, f := range []struct {
		name  string
		value *string
		rule  func(string) (string, string)
	}{{"name", &c.Name, validate.PersonName}, {"phone", &c.Phone, validate.PhoneNumber}, {"email", &c.Email, validate.Email}} {
		if strings.TrimSpace(*f.value) == "" {
			*f.value = ""
			continue
		}
		given = true
		mended, sentence := f.rule(*f.value)
		if sentence != "" {
			problems = append(problems, apperr.Problem{Field: f.name, Message: sentence})
		}
		*f.value = mended
	}
	if !given {
		problems = append(problems, apperr.Problem{Field: "name", Message: validate.RequestNothing})
	}
	if problems != nil {
		return c, &apperr.Invalid{Problems: problems}
	}
	return c, nil
}

// Correct grants a request: the data is sealed anew as corrected, and found by it from now on. The record says which
// fields, never what is in them.
func (s *Store) Correct(ctx context.Context, by staff.Member, id uuid.UUID, c Correction) error {
	if !by.Can(staff.HandleRequests) {
		return apperr.ErrForbidden
	}
	c, err := c.check()
	if err != nil {
		return err
	}
	return s.decide(ctx, by, id, Granted, "", func(tx pgx.Tx, w Wish) (string, error) {
		if w.Erased {
			return "", ErrNothing
		}
		p, changed := w.Personal, []string{}
		for _, f := range []struct {
			name  string
			value string
			to    *vault.Secret
		}{{"name", c.Name, &p.Name}, {"phone", c.Phone, &p.Phone}, {"email", c.Email, &p.Email}} {
			if f.value != "" {
				*f.to = vault.NewSecret(f.value)
				changed = append(changed, f.name)
			}
		}
		if err := similar.Unknown(ctx, tx, w.ConsultationID, []uuid.UUID{w.CommentID}); err != nil {
			return "", err
		}
		if err := s.Keys.Replace(ctx, tx, w.CommentID, p); err != nil {
			return "", err
		}
		return "corrected " + strings.Join(changed, ", "), comment.Correct(ctx, tx, s.Keys, w.CommentID, p.Name, p.Phone)
	})
}

// EraseOne grants a request for deletion: the commenter's personal data is erased at once, and the erasure recorded. It
// is refused while the consultation is under legal hold (ErrHeld).
func (s *Store) EraseOne(ctx context.Context, by staff.Member, id uuid.UUID) error {
	if !by.Can(staff.HandleRequests) {
		return apperr.ErrForbidden
	}
	return s.decide(ctx, by, id, Granted, "", func(tx pgx.Tx, w Wish) (string, error) {
		t, err := lockTerm(ctx, tx, w.ConsultationID)
		if err != nil {
			return "", err
		}
		if t.HeldAt != nil {
			return "", ErrHeld
		}
		e, err := newErasure(ctx, tx, Erasure{
			ConsultationID: w.ConsultationID, CommentID: &w.CommentID, Actor: by.Signature(), StartedAt: s.now(),
		})
		if err != nil {
			return "", err
		}
		if err := eraseComments(ctx, tx, &e, []uuid.UUID{w.CommentID}); err != nil {
			return "", err
		}
		if err := s.finish(ctx, tx, actor{by.Signature(), string(by.Role)}, &e); err != nil {
			return "", err
		}
		return "erased", save(ctx, tx, e)
	})
}

// Refuse declines a request with a reason that the commenter reads (个人信息保护法 §50).
func (s *Store) Refuse(ctx context.Context, by staff.Member, id uuid.UUID, why string) error {
	if !by.Can(staff.HandleRequests) {
		return apperr.ErrForbidden
	}
	why, err := reason(why, "answer", validate.RequestRefusal)
	if err != nil {
		return err
	}
	return s.decide(ctx, by, id, Refused, why, func(pgx.Tx, Wish) (string, error) { return "refused", nil })
}

// decide ends an open request: of two people who decide it, the second gets ErrDecided. The words of a granted one go.
func (s *Store) decide(ctx context.Context, by staff.Member, id uuid.UUID, to RequestState, answer string,
	act func(tx pgx.Tx, w Wish) (detail string, err error)) error {
	err := s.DB.InTx(ctx, func(tx pgx.Tx) error {
		w, err := s.wish(ctx, tx, id, lockRequest)
		if err != nil {
			return err
		}
		if w.State != Open {
			return ErrDecided
		}
		at := s.now()
		_, err = tx.Exec(ctx, `
			UPDATE personal_request
			   SET state = $2, answer = $3, decided_by = $4, decided_at = $5,
			       wish = CASE WHEN $2 = 'granted' THEN NULL ELSE wish END
			 WHERE id = $1`, id, to, answer, by.Name, at)
		if err != nil {
			return err
		}
		detail, err := act(tx, w)
		if err != nil {
			return err
		}
		return audit.Record(ctx, tx, entry(by, at, "request."+string(to), w.ConsultationID,
			fmt.Sprintf("comment %d", w.Number), detail))
	})
	if err != nil {
		return fmt.Errorf("decide request %s: %w", id, err)
	}
	return nil
}

// eraseWishes deletes the words of requests about comments and ends those still open; it returns how many had words.
func eraseWishes(ctx context.Context, tx pgx.Tx, comments []uuid.UUID) (int, error) {
	done, err := tx.Exec(ctx, `
		UPDATE personal_request
		   SET wish = NULL, decided_at = coalesce(decided_at, now()), state = CASE state WHEN 'open' THEN 'lapsed' ELSE state END
		 WHERE comment_id = ANY ($1) AND (wish IS NOT NULL OR state = 'open')`, comments)
	if err != nil {
		return 0, fmt.Errorf("erase the words of requests: %w", err)
	}
	return int(done.RowsAffected()), nil
}

// StaleWishes counts the requests whose words another key than the active one sealed.
func (s *Store) StaleWishes(ctx context.Context, tx pgx.Tx) (n int, err error) {
	err = tx.QueryRow(ctx, `
		SELECT count(*) FROM personal_request WHERE substr(wish, 1, length($1::bytea)) <> $1::bytea`, s.Keys.Header()).Scan(&n)
	if err != nil {
		return 0, fmt.Errorf("count requests of older keys: %w", err)
	}
	return n, nil
}

// RewrapWishes seals the words of the next requests behind after with the active key; see vault.KeyRing.Rewrap.
func (s *Store) RewrapWishes(ctx context.Context, tx pgx.Tx, after uuid.UUID, most int) (vault.Rewrapped, error) {
	done := vault.Rewrapped{Last: after}
	rows, err := tx.Query(ctx, `
		SELECT id, wish
		  FROM personal_request
		 WHERE id > $2 AND substr(wish, 1, length($1::bytea)) <> $1::bytea
		 ORDER BY id
		 LIMIT $3
		   FOR UPDATE`, s.Keys.Header(), after, most)
	if err != nil {
		return done, fmt.Errorf("read requests of older keys: %w", err)
	}
	var (
		id     uuid.UUID
		sealed []byte
		ids    [][16]byte
		fresh  [][]byte
	)
	_, err = pgx.ForEachRow(rows, []any{&id, &sealed}, func() error {
		done.Last, done.Rows = id, done.Rows+1
		plain, err := s.Keys.OpenValue(wishPlace, id, sealed)
		if errors.Is(err, vault.ErrSeal) {
			done.Damaged++
			return nil
		}
		ids, fresh = append(ids, id), append(fresh, s.Keys.SealValue(wishPlace, id, plain))
		return err
	})
	if err != nil {
		return done, fmt.Errorf("read requests of older keys: %w", err)
	}
	_, err = tx.Exec(ctx, `
		UPDATE personal_request q
		   SET wish = fresh.wish
		  FROM unnest($1::uuid[], $2::bytea[]) AS fresh (id, wish)
		 WHERE q.id = fresh.id`, ids, fresh)
	if err != nil {
		return done, fmt.Errorf("write requests sealed anew: %w", err)
	}
	return done, nil
}
