package postgres

import (
	"context"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"
)

// flight is the transaction that InTx hands to its function. It spares round trips: BEGIN travels with the first
// statement, and what Last was given with the next statement or with COMMIT. A function that does nothing costs none.
type flight struct {
	conn    *pgxpool.Conn
	options pgx.TxOptions
	begun   pgx.Tx // nil before the first statement
	last    []*pgx.QueuedQuery
}

// Last runs the statements of b at the end of tx: they travel with its COMMIT, or with the next statement if one
// follows. It is for statements whose results nobody waits for; an error of theirs is that of the commit. An open
// transaction that InTx did not begin runs them at once.
func Last(ctx context.Context, tx pgx.Tx, b *pgx.Batch) error {
	f, ok := tx.(*flight)
	if !ok {
		return tx.SendBatch(ctx, b).Close()
	}
	f.last = append(f.last, b.QueuedQueries...)
	return nil
}

// LastExec is Last for one statement. Its error says what was being done.
func LastExec(ctx context.Context, tx pgx.Tx, doing, sql string, args ...any) error {
	var b pgx.Batch
	b.Queue(sql, args...).Fn = func(r pgx.BatchResults) error {
		if _, err := r.Exec(); err != nil {
			return fmt.Errorf("%s: %w", doing, err)
		}
		return nil
	}
	return Last(ctx, tx, &b)
}

// ahead is what has to be sent in front of the next statement, and how many statements that is.
func (f *flight) ahead() (*pgx.Batch, int) {
	b := &pgx.Batch{}
	if f.begun == nil {
		b.BeginTx(f.options)
	}
	b.QueuedQueries = append(b.QueuedQueries, f.last...)
	f.last = nil
	return b, len(b.QueuedQueries)
}

// send sends b and reads the results of what was ahead; those of the rest are the caller's.
func (f *flight) send(ctx context.Context, b *pgx.Batch, ahead int) pgx.BatchResults {
	results := f.conn.SendBatch(ctx, b)
	if f.begun == nil {
		f.begun = results.Tx()
	}
	for _, q := range b.QueuedQueries[:ahead] {
		if err := run(q, results); err != nil {
			results.Close() // its error is this one
			return pgx.FailedBatchResults(&pgx.Batch{}, err)
		}
	}
	return results
}

func run(q *pgx.QueuedQuery, results pgx.BatchResults) error {
	if q.Fn != nil {
		return q.Fn(results)
	}
	_, err := results.Exec()
	return err
}

func (f *flight) flush(ctx context.Context) error {
	b, ahead := f.ahead()
	if ahead == 0 {
		return nil
	}
	return f.send(ctx, b, ahead).Close()
}

// commit ends the transaction. sure tells of an error that nothing was committed.
func (f *flight) commit(ctx context.Context) (warned, sure bool, err error) {
	if f.begun == nil && len(f.last) == 0 {
		return false, true, nil
	}
	conn := f.conn.Conn().PgConn()
	warnings := conn.CustomData()
	b, ahead := f.ahead()
	if ahead == 0 {
		delete(warnings, warningKey)
		err = f.begun.Commit(ctx)
		return warnings[warningKey] != nil, answered(err), err
	}
	b.Queue("commit").Fn = func(r pgx.BatchResults) error {
		delete(warnings, warningKey) // only those sent during the commit count
		tag, err := r.Exec()
		if err == nil && tag.String() == "ROLLBACK" {
			err = pgx.ErrTxCommitRollback
		}
		return err
	}
	err = f.send(ctx, b, ahead).Close()
	// In a failed transaction the server has skipped the COMMIT that stood behind the failure.
	return warnings[warningKey] != nil, answered(err) || !conn.IsClosed() && conn.TxStatus() == 'E', err
}

// plain tells statements that cannot travel with others: several in one text, and such with options of pgx.
func plain(args []any) bool {
	if len(args) == 0 {
		return true
	}
	switch args[0].(type) {
	case pgx.QueryExecMode, pgx.QueryResultFormats, pgx.QueryResultFormatsByOID:
		return true
	}
	return false
}

func (f *flight) Exec(ctx context.Context, sql string, args ...any) (tag pgconn.CommandTag, err error) {
	if plain(args) || f.begun != nil && len(f.last) == 0 {
		if err := f.flush(ctx); err != nil {
			return pgconn.CommandTag{}, err
		}
		return f.begun.Exec(ctx, sql, args...)
	}
	b, ahead := f.ahead()
	b.Queue(sql, args...)
	results := f.send(ctx, b, ahead)
	tag, err = results.Exec()
	if closed := results.Close(); err == nil {
		err = closed
	}
	return tag, err
}

func (f *flight) Query(ctx context.Context, sql string, args ...any) (pgx.Rows, error) {
	if len(args) > 0 && plain(args) || f.begun != nil && len(f.last) == 0 {
		if err := f.flush(ctx); err != nil {
			return failedRows(err), err
		}
		return f.begun.Query(ctx, sql, args...)
	}
	b, ahead := f.ahead()
	b.Queue(sql, args...)
	results := f.send(ctx, b, ahead)
	rows, err := results.Query()
	if err != nil {
		results.Close() // its error is this one
		return rows, err
	}
	return &flightRows{Rows: rows, results: results}, nil
}

func failedRows(err error) pgx.Rows {
	rows, _ := pgx.FailedBatchResults(&pgx.Batch{}, err).Query()
	return rows
}

func (f *flight) QueryRow(ctx context.Context, sql string, args ...any) pgx.Row {
	if f.begun != nil && len(f.last) == 0 {
		return f.begun.QueryRow(ctx, sql, args...)
	}
	rows, err := f.Query(ctx, sql, args...)
	return flightRow{rows, err}
}

func (f *flight) SendBatch(ctx context.Context, b *pgx.Batch) pgx.BatchResults {
	all, ahead := f.ahead()
	if ahead == 0 {
		return f.begun.SendBatch(ctx, b)
	}
	all.QueuedQueries = append(all.QueuedQueries, b.QueuedQueries...)
	return f.send(ctx, all, ahead)
}

func (f *flight) Begin(ctx context.Context) (pgx.Tx, error) {
	if err := f.flush(ctx); err != nil {
		return nil, err
	}
	return f.begun.Begin(ctx)
}

func (f *flight) CopyFrom(ctx context.Context, table pgx.Identifier, columns []string, source pgx.CopyFromSource) (int64, error) {
	if err := f.flush(ctx); err != nil {
		return 0, err
	}
	return f.begun.CopyFrom(ctx, table, columns, source)
}

func (f *flight) Prepare(ctx context.Context, name, sql string) (*pgconn.StatementDescription, error) {
	if err := f.flush(ctx); err != nil {
		return nil, err
	}
	return f.begun.Prepare(ctx, name, sql)
}

// errEnd: InTx ends the transaction, never its function.
var errEnd = errors.New("a transaction is ended by what began it")

func (f *flight) Commit(context.Context) error   { return errEnd }
func (f *flight) Rollback(context.Context) error { return errEnd }

// LargeObjects is not to be used before the first statement.
func (f *flight) LargeObjects() pgx.LargeObjects { return f.begun.LargeObjects() }

func (f *flight) Conn() *pgx.Conn { return f.conn.Conn() }

// flightRows are the rows of the last statement of a flight, which ends with them.
type flightRows struct {
	pgx.Rows
	results pgx.BatchResults
	err     error
}

func (r *flightRows) Next() bool {
	if r.Rows.Next() {
		return true
	}
	r.Close()
	return false
}

func (r *flightRows) Close() {
	r.Rows.Close()
	if err := r.results.Close(); r.err == nil {
		r.err = err
	}
}

func (r *flightRows) Err() error {
	if err := r.Rows.Err(); err != nil {
		return err
	}
	return r.err
}

// flightRow is pgx.Row over rows.
type flightRow struct {
	rows pgx.Rows
	err  error
}

func (r flightRow) Scan(to ...any) error {
	if r.err != nil {
		return r.err
	}
	defer r.rows.Close()
	if !r.rows.Next() {
		if err := r.rows.Err(); err != nil {
			return err
		}
		return pgx.ErrNoRows
	}
	if err := r.rows.Scan(to...); err != nil {
		return err
	}
	r.rows.Close()
	return r.rows.Err()
}
