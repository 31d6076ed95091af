package postgres

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"
)

// Standbys are the servers that follow this one.
type Standbys struct {
	Wanted bool // synchronous_standby_names is set: a commit waits for a standby
	Sync   int  // connected and waited for (sync or quorum)
	Async  int  // connected and not waited for
	Hidden int  // connected, with a state that only a member of pg_read_all_stats may see
}

// ReadStandbys reads them from pg_stat_replication.
func ReadStandbys(ctx context.Context, tx pgx.Tx) (Standbys, error) {
	var s Standbys
	err := tx.QueryRow(ctx, `
		SELECT current_setting('synchronous_standby_names') <> '',
		       count(*) FILTER (WHERE state = 'streaming' AND sync_state IN ('sync', 'quorum')),
		       count(*) FILTER (WHERE state = 'streaming' AND sync_state IN ('async', 'potential')),
		       count(*) FILTER (WHERE state IS NULL)
		  FROM pg_stat_replication`).Scan(&s.Wanted, &s.Sync, &s.Async, &s.Hidden)
	if err != nil {
		return Standbys{}, fmt.Errorf("read the standbys: %w", err)
	}
	return s, nil
}
