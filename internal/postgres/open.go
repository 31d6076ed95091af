// Package postgres is the way to the database: a pool, one function that begins transactions, and the migrations.
package postgres

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"
)

const (
	defaultMaxConns = 8
	// idleInTransaction frees the locks of a replica that stopped in the middle of a transaction. A running query,
	// such as an export that waits for a slow reader, is not idle.
	idleInTransaction = 60 * time.Second
	// appRole is the role without the right to change the record of acts; migrations create it.
	appRole = "wenji_app"
)

// DB is a bounded pool of connections. Writes go through InTx.
type DB struct {
	*pgxpool.Pool

	// Skew is added to the clock by Now. It is zero except under the demo's --now.
	Skew time.Duration
}

// Options of a pool; the zero value is usable.
type Options struct {
	MaxConns         int32         // most connections at once; 0 means the address's pool_max_conns, or 8
	Name             string        // application_name, as pg_stat_activity shows it; empty means wenji
	StatementTimeout time.Duration // the server cancels a statement that runs longer; 0 means never
	Skew             time.Duration // see DB.Skew

	// ByKey says that every statement finds its rows by an index. PostgreSQL keeps the plan of a statement made while a
	// table was small, which reads all of it, until the table is analysed; in the minute of a rush that has grown to
	// hundreds of thousands of rows.
	ByKey bool
}

// Open returns a pool for the PostgreSQL at url (an address or key=value pairs). It connects when first used, so the
// server need not be up. The error is about an url that cannot be read and never repeats it: it may hold a password.
//
// Each new connection switches to the role wenji_app where that exists and the user is a member of it, so the program
// cannot change what is append-only even though the same user migrates.
//
// An address of several servers with target_session_attrs=read-write leads to the primary, also after another has become
// it: a server that hangs holds up one attempt, and connections to one that no longer takes writes are given up.
func Open(ctx context.Context, url string, o Options) (*DB, error) {
	return open(ctx, url, o, fit)
}

// open is Open; prepare has a say each time a connection is taken from the pool.
func open(ctx context.Context, url string, o Options, prepare func(context.Context, *pgx.Conn) (bool, error)) (*DB, error) {
	cfg, err := pgxpool.ParseConfig(url)
	if err != nil {
		return nil, errURL
	}
	switch {
	case o.MaxConns > 0:
		cfg.MaxConns = o.MaxConns
	case !namesPoolSize(url):
		cfg.MaxConns = defaultMaxConns
	}
	cfg.MaxConnIdleTime = 5 * time.Minute
	cfg.MaxConnLifetimeJitter = 5 * time.Minute
	cfg.HealthCheckPeriod = 15 * time.Second

	cc := cfg.ConnConfig
	cc.ConnectTimeout = connectTimeout
	cc.OnNotice = noteWarning
	setParam(cc, "application_name", o.Name, "wenji")
	setParam(cc, "timezone", "", "Asia/Shanghai")
	setParam(cc, "idle_in_transaction_session_timeout", "", milliseconds(idleInTransaction))
	if o.ByKey {
		cc.RuntimeParams["enable_seqscan"] = "off"
	}
	if o.StatementTimeout > 0 {
		cc.RuntimeParams["statement_timeout"] = milliseconds(o.StatementTimeout)
	}
	servers := &hosts{}
	cc.DialFunc = servers.dial
	cfg.BeforeConnect = servers.sort
	cfg.AfterConnect = func(ctx context.Context, conn *pgx.Conn) error {
		servers.connected(conn.PgConn())
		return switchRole(ctx, conn)
	}
	cfg.PrepareConn = prepare
	cfg.PingTimeout = pongWait

	pool, err := pgxpool.NewWithConfig(ctx, cfg)
	if err != nil {
		return nil, fmt.Errorf("make a pool of %d connections: %w", cfg.MaxConns, err)
	}
	return &DB{Pool: pool, Skew: o.Skew}, nil
}

// Now is the time to store and to compare with: the machine's clock plus Skew.
func (db *DB) Now() time.Time { return time.Now().Add(db.Skew) }

var errURL = errors.New("the database address cannot be read: write postgres://USER:PASSWORD@HOST:5432/DATABASE, " +
	"with special characters in the password percent-encoded, or host=… user=… dbname=…")

// namesPoolSize tells whether the address itself sets the pool's size, which ParseConfig does not report.
func namesPoolSize(url string) bool {
	cfg, err := pgconn.ParseConfig(url)
	return err == nil && cfg.RuntimeParams["pool_max_conns"] != ""
}

// setParam sets a run-time parameter to value, or to fallback where neither value nor the address has it.
func setParam(cc *pgx.ConnConfig, key, value, fallback string) {
	switch {
	case value != "":
		cc.RuntimeParams[key] = value
	case cc.RuntimeParams[key] == "":
		cc.RuntimeParams[key] = fallback
	}
}

func milliseconds(d time.Duration) string { return strconv.FormatInt(d.Milliseconds(), 10) }

// switchRole gives up the login user's rights for those of the application's role.
func switchRole(ctx context.Context, conn *pgx.Conn) error {
	_, err := conn.Exec(ctx, `
		SELECT set_config('role', rolname, false)
		  FROM pg_roles
		 WHERE rolname = $1 AND pg_has_role(current_user, oid, 'MEMBER')`, pgx.QueryExecModeExec, appRole)
	if err != nil {
		return fmt.Errorf("switch to role %s: %w", appRole, err)
	}
	return nil
}
