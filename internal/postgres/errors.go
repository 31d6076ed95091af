package postgres

import (
	"context"
	"errors"
	"io"
	"net"
	"strings"

	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/puddle/v2"
)

// SQLSTATEs, from appendix A of the PostgreSQL manual.
const (
	serializationFailure = "40001"
	deadlockDetected     = "40P01"
	readOnlyServer       = "25006"
)

// Unavailable tells whether err says that the database cannot serve at the moment, so that the same act may succeed
// later: no connection or a lost one, no free connection within the context's time, a server that starts, stops, is
// read-only or out of disk or connections, a lock or statement that took too long, a collision that outlasted the
// retries, a commit without its standby. The outcome of a commit is then unknown.
func Unavailable(err error) bool {
	if err == nil {
		return false
	}
	if code := sqlState(err); code != "" {
		switch code {
		case readOnlyServer, serializationFailure, deadlockDetected,
			"55P03", // lock_not_available
			"57014", // query_canceled: statement_timeout
			"25P03", // idle_in_transaction_session_timeout
			"58030": // io_error
			return true
		}
		return strings.HasPrefix(code, "57P") || strings.HasPrefix(code, "53") || strings.HasPrefix(code, "08") ||
			isConnectError(err)
	}
	var timeout net.Error
	return errors.Is(err, context.DeadlineExceeded) ||
		errors.Is(err, ErrUnconfirmed) ||
		errors.Is(err, puddle.ErrClosedPool) ||
		errors.Is(err, pgconn.ErrConnClosed) ||
		errors.Is(err, io.EOF) ||
		errors.Is(err, io.ErrUnexpectedEOF) ||
		errors.Is(err, net.ErrClosed) ||
		errors.As(err, &timeout) ||
		isConnectError(err)
}

func isConnectError(err error) bool {
	var connect *pgconn.ConnectError
	return errors.As(err, &connect)
}

// gaveWay: PostgreSQL ended this transaction so that another could go on.
func gaveWay(err error) bool {
	code := sqlState(err)
	return code == serializationFailure || code == deadlockDetected
}

// sqlState is the five-character code of the server's error in err's chain, or empty.
func sqlState(err error) string {
	var pg *pgconn.PgError
	if errors.As(err, &pg) {
		return pg.Code
	}
	return ""
}
