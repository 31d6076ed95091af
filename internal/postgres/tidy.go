package postgres

import (
	"context"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"
)

// Tidy clears away the traces of changed rows and looks at how values are spread, in every table: what the server would
// do by itself some time after much has been stored (VACUUM, ANALYZE). Tables that the address's user does not own are
// left to the server.
func (db *DB) Tidy(ctx context.Context) (err error) {
	// A connection of its own: those of the pool have given up the owner's rights.
	conn, err := pgx.ConnectConfig(ctx, db.Config().ConnConfig)
	if err != nil {
		return fmt.Errorf("tidy up: %w", err)
	}
	defer func() { err = errors.Join(err, conn.Close(context.WithoutCancel(ctx))) }()
	if _, err := conn.Exec(ctx, `VACUUM (ANALYZE)`); err != nil {
		return fmt.Errorf("tidy up: %w", err)
	}
	return nil
}
