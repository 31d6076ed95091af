// Package announce tells every replica which consultations' public pages have changed.
package announce

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"
)

// channel is what replicas listen to; its payload is the id of a consultation.
const channel = "wenji_changed"

// Changed announces, once tx commits, that public pages of these consultations have changed. It is the last thing of its
// transaction to lock a row that others want: who announces several names them in one call.
//
// The version is the truth and the message makes haste: a replica that missed the message finds the version changed.
func Changed(ctx context.Context, tx pgx.Tx, consultationIDs ...string) error {
	_, err := tx.Exec(ctx, `
		WITH changed AS (
		  INSERT INTO page_version AS v (consultation_id, version)
		  SELECT DISTINCT id, 1
		    FROM unnest($1::text[]) AS id
		   ORDER BY id
		  ON CONFLICT (consultation_id) DO UPDATE SET version = v.version + 1
		  RETURNING v.consultation_id
		)
		SELECT pg_notify('`+channel+`', consultation_id) FROM changed`, consultationIDs)
	if err != nil {
		return fmt.Errorf("announce changes of %v: %w", consultationIDs, err)
	}
	return nil
}
