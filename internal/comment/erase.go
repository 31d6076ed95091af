package comment

import (
	"context"
	"fmt"

	"wenji/internal/announce"
	"wenji/internal/validate"
	"wenji/internal/vault"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
)

// EraseMarks deletes what comments hold that was derived from personal data: the keyed digests of the phone's last digits
// and of the form. It returns how many had any. The words of the comments and their public copies stay. Status answers to
// the 查询码 alone from then on.
func EraseMarks(ctx context.Context, tx pgx.Tx, comments []uuid.UUID) (int, error) {
	done, err := tx.Exec(ctx, `
		UPDATE comment
		   SET tail_index = '', form_digest = ''
		 WHERE id = ANY ($1) AND tail_index <> ''`, comments)
	if err != nil {
		return 0, fmt.Errorf("erase marks of %d comments: %w", len(comments), err)
	}
	return int(done.RowsAffected()), nil
}

// Correct follows a correction of the commenter's name or phone: what the public sees of the name, and by which last digits
// the status is looked up. The caller has sealed both anew in tx.
func Correct(ctx context.Context, tx pgx.Tx, keys *vault.KeyRing, id uuid.UUID, name, phone vault.Secret) error {
	var consultationID string
	err := tx.QueryRow(ctx, `
		UPDATE comment
		   SET masked_name = $2, tail_index = $3
		 WHERE id = $1
		RETURNING consultation_id`, id, MaskName(name.Reveal()), tailIndex(keys, id, validate.PhoneTail(phone.Reveal()))).
		Scan(&consultationID)
	if err != nil {
		return fmt.Errorf("correct comment %s: %w", id, err)
	}
	return announce.Changed(ctx, tx, consultationID)
}
