package vault

import (
	"context"
	"fmt"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
)

// Erase deletes the personal data of comments for good and returns how many had any.
func Erase(ctx context.Context, tx pgx.Tx, comments []uuid.UUID) (int, error) {
	done, err := tx.Exec(ctx, `DELETE FROM personal_data WHERE comment_id = ANY ($1)`, comments)
	if err != nil {
		return 0, fmt.Errorf("erase personal data of %d comments: %w", len(comments), err)
	}
	return int(done.RowsAffected()), nil
}

// Replace seals p in the place of what a comment has, with its index. ErrNotFound of Read comes first: what was erased is
// not made again.
func (k *KeyRing) Replace(ctx context.Context, tx pgx.Tx, comment uuid.UUID, p Personal) error {
	s, err := k.Seal(comment, p)
	if err != nil {
		return err
	}
	if err := replace(ctx, tx, []Row{{CommentID: comment, Sealed: s}}); err != nil {
		return err
	}
	if _, err := tx.Exec(ctx, `UPDATE personal_data SET identity_index = $2 WHERE comment_id = $1`, comment, s.IdentityIndex); err != nil {
		return fmt.Errorf("index comment %s anew: %w", comment, err)
	}
	return nil
}
