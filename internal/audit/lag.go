package audit

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
)

// lagMost bounds what Lag counts.
const lagMost = 10 * sealBatch

// Lag counts the entries that wait for their seal, up to 10,000, and tells when the first of them was written; nil: none
// waits. Its cost does not grow with the record. After a restore elsewhere, when transaction numbers begin again, entries
// sealed long ago can stand among those it looks at; it leaves them out.
func Lag(ctx context.Context, tx pgx.Tx) (entries int, oldest *time.Time, err error) {
	t, err := readTail(ctx, tx)
	if err != nil {
		return 0, nil, err
	}
	err = tx.QueryRow(ctx, `
		SELECT count(*), min(e.at)
		  FROM (SELECT id, at
		          FROM audit_entry
		         WHERE (tx, id) > ($1, $2)
		         ORDER BY tx, id
		         LIMIT $3) AS e
		 WHERE NOT EXISTS (SELECT FROM audit_chain c WHERE c.entry_id = e.id)`,
		t.tx, t.entry, lagMost).Scan(&entries, &oldest)
	if err != nil {
		return 0, nil, fmt.Errorf("count entries without a seal: %w", err)
	}
	return entries, oldest, nil
}
