package postgres

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"
)

const (
	maxRetries      = 3
	rollbackTimeout = 2 * time.Second
	warningKey      = "warning"
)

// ErrUnconfirmed: the server was asked to commit, and whether it did for good is unknown: it warned while committing,
// which is how it says that it gave up waiting for its synchronous standby, or its answer never came. Trying again under
// the same key is safe.
var ErrUnconfirmed = errors.New("commit not confirmed")

// InTx runs fn in a READ COMMITTED transaction and commits when fn returns nil. Any error or panic rolls back.
//
// When PostgreSQL ended the transaction in favour of another one (serialization failure, deadlock) the whole of fn runs
// again, at most three more times; fn must therefore change nothing outside tx before it returns. After a lost
// connection nothing is repeated, because the commit may have happened: see Unavailable.
func (db *DB) InTx(ctx context.Context, fn func(tx pgx.Tx) error) error {
	return db.retried(ctx, pgx.ReadCommitted, fn)
}

// InStill is InTx with every query seeing the same instant (REPEATABLE READ), for what must be computed and stored as of
// one moment. A row that another transaction has changed since cannot be locked: fn runs again.
func (db *DB) InStill(ctx context.Context, fn func(tx pgx.Tx) error) error {
	return db.retried(ctx, pgx.RepeatableRead, fn)
}

func (db *DB) retried(ctx context.Context, level pgx.TxIsoLevel, fn func(tx pgx.Tx) error) error {
	for try := 0; ; try++ {
		err := db.once(ctx, pgx.TxOptions{IsoLevel: level}, fn)
		if err == nil || try == maxRetries || !gaveWay(err) || ctx.Err() != nil {
			return err
		}
		if !pause(ctx, try) {
			return err
		}
	}
}

// InSnapshot runs fn in a read-only transaction in which every query sees the same instant (REPEATABLE READ).
func (db *DB) InSnapshot(ctx context.Context, fn func(tx pgx.Tx) error) error {
	return db.once(ctx, pgx.TxOptions{IsoLevel: pgx.RepeatableRead, AccessMode: pgx.ReadOnly}, fn)
}

// once is one try: begin, fn, commit. The deferred rollback also runs when fn panics.
func (db *DB) once(ctx context.Context, o pgx.TxOptions, fn func(tx pgx.Tx) error) (err error) {
	conn, err := db.Acquire(ctx)
	if err != nil {
		return fmt.Errorf("get a connection: %w", err)
	}
	defer conn.Release()
	tx := &flight{conn: conn, options: o}
	done := false
	defer func() {
		if !done {
			err = errors.Join(err, rollback(ctx, conn, tx.begun, err))
		}
	}()
	if err := fn(tx); err != nil {
		return err
	}
	warned, sure, err := tx.commit(ctx)
	done = err == nil || !sure
	switch {
	case err != nil && sure:
		return fmt.Errorf("commit: %w", err)
	case err != nil:
		return fmt.Errorf("%w: %w", ErrUnconfirmed, err)
	case warned:
		return ErrUnconfirmed
	}
	return nil
}

// ConfirmSQL is an expression, never NULL, that does what Confirm does within a statement.
const ConfirmSQL = `pg_logical_emit_message(true, 'wenji', '')`

// Confirm makes the commit of tx vouch for what tx has read. A transaction that has written nothing does not wait for a
// synchronous standby, but a row it read may have come with a commit that gave up waiting (ErrUnconfirmed); telling
// somebody that such a row is stored needs a commit that waits.
func Confirm(ctx context.Context, tx pgx.Tx) error {
	if _, err := tx.Exec(ctx, `SELECT `+ConfirmSQL); err != nil {
		return fmt.Errorf("confirm what was read: %w", err)
	}
	return nil
}

// rollback ends tx even when ctx is over. A server that has become read-only is left for good, so that the pool looks
// for the new primary. tx is nil where no statement was sent.
func rollback(ctx context.Context, conn *pgxpool.Conn, tx pgx.Tx, cause error) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), rollbackTimeout)
	defer cancel()
	var err error
	if tx != nil {
		err = tx.Rollback(ctx)
	}
	if errors.Is(err, pgx.ErrTxClosed) {
		err = nil
	}
	if err == nil && sqlState(cause) == readOnlyServer {
		err = conn.Conn().Close(ctx)
	}
	if err != nil {
		return fmt.Errorf("roll back: %w", err)
	}
	return nil
}

// answered: the server itself said that it did not commit. While it shuts down it says only that it stopped waiting.
func answered(err error) bool {
	code := sqlState(err)
	return errors.Is(err, pgx.ErrTxCommitRollback) || code != "" && !strings.HasPrefix(code, "57P")
}

// noteWarning remembers that the server sent a warning of no particular class; once looks only at those sent during a
// commit.
func noteWarning(c *pgconn.PgConn, n *pgconn.Notice) {
	if n.Code == "01000" {
		c.CustomData()[warningKey] = true
	}
}

// pause waits 5–20 ms, doubled each try, so that two transactions that collided do not collide again.
func pause(ctx context.Context, try int) bool {
	wait := (5*time.Millisecond + rand.N(15*time.Millisecond)) << try
	t := time.NewTimer(wait)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-t.C:
		return true
	}
}
