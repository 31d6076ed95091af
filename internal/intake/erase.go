package intake

import (
	"context"
	"fmt"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
)

// Erase deletes the scans of comments, which may show personal data, and returns how many there were; also the digests by
// which the same words of the same person are told again.
func Erase(ctx context.Context, tx pgx.Tx, comments []uuid.UUID) (int, error) {
	done, err := tx.Exec(ctx, `DELETE FROM intake_scan WHERE comment_id = ANY ($1)`, comments)
	if err != nil {
		return 0, fmt.Errorf("erase scans of %d comments: %w", len(comments), err)
	}
	_, err = tx.Exec(ctx, `UPDATE intake_entry SET row_digest = NULL WHERE comment_id = ANY ($1) AND row_digest IS NOT NULL`, comments)
	if err != nil {
		return 0, fmt.Errorf("erase digests of %d comments: %w", len(comments), err)
	}
	return int(done.RowsAffected()), nil
}

// EraseImports deletes the files brought in for a consultation, and returns how many there were.
func EraseImports(ctx context.Context, tx pgx.Tx, consultationID string) (int, error) {
	done, err := tx.Exec(ctx, `
		UPDATE intake_import
		   SET content = NULL
		 WHERE consultation_id = $1 AND content IS NOT NULL`, consultationID)
	if err != nil {
		return 0, fmt.Errorf("erase imported files of %s: %w", consultationID, err)
	}
	return int(done.RowsAffected()), nil
}
