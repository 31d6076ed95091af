package comment

import (
	"context"
	"fmt"

	"wenji/internal/apperr"
	"wenji/internal/audit"
	"wenji/internal/staff"
	"wenji/internal/validate"

	"github.com/jackc/pgx/v5"
)

const wordMost = 50

// SetListedWord puts a word on the list that keeps a comment from passing by rule, or takes it off; what is so already
// stays so. Errors: apperr.ErrForbidden; *apperr.Invalid on word.
func (s *Store) SetListedWord(ctx context.Context, by staff.Member, word string, listed bool) error {
	if !by.Can(staff.ManageUnits) {
		return apperr.ErrForbidden
	}
	word, ok := validate.Line(word)
	if n := validate.Length(word); !ok || n < 1 || n > wordMost {
		return &apperr.Invalid{Problems: []apperr.Problem{{Field: "word", Message: validate.WordForm}}}
	}
	sql, action := `DELETE FROM listed_word WHERE word = $1`, "word.remove"
	if listed {
		sql, action = `INSERT INTO listed_word (word) VALUES ($1) ON CONFLICT DO NOTHING`, "word.add"
	}
	return s.DB.InTx(ctx, func(tx pgx.Tx) error {
		done, err := tx.Exec(ctx, sql, word)
		if err != nil {
			return fmt.Errorf("change the listed words: %w", err)
		}
		if done.RowsAffected() == 0 {
			return nil
		}
		return audit.Record(ctx, tx, audit.Entry{
			At: s.DB.Now(), Actor: by.Signature(), Role: string(by.Role), Action: action, Subject: word,
		})
	})
}
