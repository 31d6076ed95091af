package audit

import (
	"context"

	"github.com/jackc/pgx/v5"
)

// End is the end of the chain as tx sees it; the zero position stands for an empty chain.
func End(ctx context.Context, tx pgx.Tx) (Anchor, error) {
	t, err := readTail(ctx, tx)
	return t.Anchor, err
}
