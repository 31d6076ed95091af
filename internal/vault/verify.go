package vault

import (
	"context"
	"errors"
	"fmt"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
)

// Seals tells how many rows of personal data there are, and how many of them do not open.
type Seals struct{ Rows, Damaged int }

// verifyBatch is how many rows are read at once.
const verifyBatch = 1000

// VerifySeals opens every row of personal data, showing nothing of it, and tells progress of each batch.
func (k *KeyRing) VerifySeals(ctx context.Context, tx pgx.Tx, progress func(rows int)) (Seals, error) {
	var (
		all   Seals
		after uuid.UUID
	)
	for {
		rows, err := tx.Query(ctx, `
			SELECT comment_id, name, id_number, phone, email, org
			  FROM personal_data
			 WHERE comment_id > $1
			 ORDER BY comment_id
			 LIMIT $2`, after, verifyBatch)
		if err != nil {
			return all, fmt.Errorf("read personal data: %w", err)
		}
		var (
			r Row
			n int
		)
		_, err = pgx.ForEachRow(rows, []any{&r.CommentID, &r.Name, &r.IDNumber, &r.Phone, &r.Email, &r.Org}, func() error {
			n++
			_, err := k.Open(r.CommentID, r.Sealed)
			if errors.Is(err, ErrSeal) {
				all.Damaged++
				return nil
			}
			return err
		})
		if err != nil {
			return all, fmt.Errorf("open personal data: %w", err)
		}
		all.Rows += n
		if n < verifyBatch {
			return all, nil
		}
		after = r.CommentID
		progress(n)
	}
}
