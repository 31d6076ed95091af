package postgres

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/stdlib"
	"github.com/pressly/goose/v3"
	"github.com/pressly/goose/v3/lock"

	"wenji/migrations"
)

const (
	minServerVersion = 140000
	// migrationLockTimeout keeps a migration that waits for a table from stopping everyone who queues up behind it.
	migrationLockTimeout = 10 * time.Second
	// migratorGone is how soon the server notices that a migrator was killed, in the middle of a statement too: others wait
	// for what it has locked.
	migratorGone = time.Second
)

// Migrate brings the schema of the database at url up to date and returns how many migrations it applied. Any number of
// replicas may call it at once: one applies, the others wait and find nothing left to do. Each migration is a
// transaction, so one that fails or is killed leaves nothing behind. The user of url needs the right to create tables;
// url must lead to the server itself, not to a pooler in transaction mode. A migration waits at most ten seconds for a
// table in use, or the address's lock_timeout.
//
// A server on which Wenji would give wrong results is refused with a sentence saying what to do.
func Migrate(ctx context.Context, url string, log *slog.Logger) (applied int, err error) {
	cfg, err := migrationConfig(url)
	if err != nil {
		return 0, err
	}
	db := stdlib.OpenDB(*cfg)
	defer func() { err = errors.Join(err, db.Close()) }()

	if err := checkServer(ctx, db, cfg); err != nil {
		return 0, err
	}
	results, err := up(ctx, db)
	for _, r := range results {
		if r.Error == nil {
			log.Info("migration applied", "file", r.Source.Path, "took", r.Duration)
			applied++
		}
	}
	return applied, explain(err, cfg)
}

func migrationConfig(url string) (*pgx.ConnConfig, error) {
	cfg, err := pgx.ParseConfig(url)
	if err != nil {
		return nil, errURL
	}
	cfg.ConnectTimeout = connectTimeout
	setParam(cfg, "application_name", "wenji migrate", "")
	setParam(cfg, "timezone", "", "Asia/Shanghai")
	setParam(cfg, "lock_timeout", "", milliseconds(migrationLockTimeout))
	setParam(cfg, "statement_timeout", "0", "")
	setParam(cfg, "client_connection_check_interval", "", milliseconds(migratorGone))
	return cfg, nil
}

func up(ctx context.Context, db *sql.DB) ([]*goose.MigrationResult, error) {
	locker, err := lock.NewPostgresSessionLocker(lock.WithLockTimeout(1, 300), lock.WithUnlockTimeout(1, 5))
	if err != nil {
		return nil, fmt.Errorf("make the migration lock: %w", err)
	}
	provider, err := goose.NewProvider(goose.DialectPostgres, db, migrations.FS, goose.WithSessionLocker(locker))
	if err != nil {
		return nil, fmt.Errorf("read the migrations: %w", err)
	}
	results, err := provider.Up(ctx)
	var partial *goose.PartialError
	if errors.As(err, &partial) {
		results = partial.Applied
	}
	return results, err
}

// checkServer refuses a server that is too old, cannot be written to, or would treat Chinese text wrongly.
func checkServer(ctx context.Context, db *sql.DB, cfg *pgx.ConnConfig) error {
	var version int
	var versionText, ctype, encoding string
	var standby bool
	err := db.QueryRowContext(ctx, `
		SELECT current_setting('server_version_num')::int, current_setting('server_version'), d.datctype,
		       pg_encoding_to_char(d.encoding), pg_is_in_recovery()
		  FROM pg_database d
		 WHERE d.datname = current_database()`).Scan(&version, &versionText, &ctype, &encoding, &standby)
	if err != nil {
		return explain(err, cfg)
	}
	return judge(version, versionText, ctype, encoding, standby, cfg.Database)
}

func judge(version int, versionText, ctype, encoding string, standby bool, database string) error {
	recreate := fmt.Sprintf("create it anew with: createdb --template=template0 --encoding=UTF8 --locale=C.UTF-8 %s", database)
	switch {
	case version < minServerVersion:
		return fmt.Errorf("the server is PostgreSQL %s; Wenji needs 14 or newer", versionText)
	case standby:
		return errors.New("the server is a standby and cannot be migrated: name the primary, or list all servers and " +
			"add target_session_attrs=read-write to the address")
	case encoding != "UTF8":
		return fmt.Errorf("database %s is encoded in %s, Wenji needs UTF8: %s", database, encoding, recreate)
	case ctype == "C" || ctype == "POSIX":
		// Under these, \w and trigrams see no Chinese character, without an error.
		return fmt.Errorf("database %s has lc_ctype %s, under which Chinese text is not recognised as letters: %s",
			database, ctype, recreate)
	}
	return nil
}

// explain adds what to do about the errors of a server that is not set up for Wenji.
func explain(err error, cfg *pgx.ConnConfig) error {
	if err == nil {
		return nil
	}
	where := fmt.Sprintf("%s port %d", cfg.Host, cfg.Port)
	switch code := sqlState(err); {
	case code == "3D000":
		return fmt.Errorf("database %s is missing on %s; create it with: createdb --template=template0 --encoding=UTF8 "+
			"--locale=C.UTF-8 %s: %w", cfg.Database, where, cfg.Database, err)
	case code == "28P01" || code == "28000":
		return fmt.Errorf("the server on %s does not let user %s in; check name, password and pg_hba.conf: %w",
			where, cfg.User, err)
	case code == "42501":
		return fmt.Errorf("user %s may not create tables; as the server's administrator run: ALTER DATABASE %s OWNER TO %s: %w",
			cfg.User, pgx.Identifier{cfg.Database}.Sanitize(), pgx.Identifier{cfg.User}.Sanitize(), err)
	case code == "55P03":
		return fmt.Errorf("a table was in use for more than lock_timeout, so nothing of this migration was kept; try "+
			"again when it is quieter: %w", err)
	case isConnectError(err):
		return fmt.Errorf("no PostgreSQL answers on %s; start it, or correct the database address: %w", where, err)
	}
	return fmt.Errorf("migrate database %s: %w", cfg.Database, err)
}

// Current tells whether every migration of this program has been applied. A database that a newer program has migrated
// further counts as current.
func Current(ctx context.Context, db *DB) (bool, error) {
	want, err := versions()
	if err != nil {
		return false, err
	}
	var have int
	err = db.QueryRow(ctx, `
		SELECT count(DISTINCT version_id)
		  FROM goose_db_version
		 WHERE is_applied AND version_id = ANY ($1)`, want).Scan(&have)
	var pg *pgconn.PgError
	if errors.As(err, &pg) && pg.Code == "42P01" { // undefined_table: never migrated
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("read the applied migrations: %w", err)
	}
	return have == len(want), nil
}

// versions lists the numbers of the migrations in this program.
func versions() ([]int64, error) {
	entries, err := migrations.FS.ReadDir(".")
	if err != nil {
		return nil, fmt.Errorf("list the migrations: %w", err)
	}
	var all []int64
	for _, e := range entries {
		v, err := goose.NumericComponent(e.Name())
		if err != nil {
			return nil, fmt.Errorf("number of migration %s: %w", e.Name(), err)
		}
		all = append(all, v)
	}
	return all, nil
}
