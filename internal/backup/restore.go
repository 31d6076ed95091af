package backup

import (
	"context"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"slices"

	"wenji/internal/audit"
	"wenji/internal/postgres"
	"wenji/internal/vault"

	"github.com/jackc/pgx/v5"
)

// ErrNotEmpty: the database that a backup was to be restored into holds tables already. Nothing was changed.
var ErrNotEmpty = errors.New("database not empty")

// manifestMost bounds what is read before anything is known of a file.
const manifestMost = 1 << 20

// Read opens a backup and reads all of it, without restoring anything: whether it is whole and the key is right.
func Read(path string, secret Secret, progress func(bytes int)) (Manifest, error) {
	file, err := os.Open(path)
	if err != nil {
		return Manifest{}, err
	}
	defer file.Close()
	m, content, err := open(file, secret)
	if err != nil {
		return m, err
	}
	_, err = io.Copy(discard(progress), content)
	return m, err
}

// discard only tells how much came.
type discard func(int)

func (d discard) Write(p []byte) (int, error) {
	d(len(p))
	return len(p), nil
}

// open reads header and manifest; content is the dump.
func open(file io.Reader, secret Secret) (m Manifest, content io.Reader, err error) {
	content, h, err := newOpener(file, secret)
	if err != nil {
		return m, nil, err
	}
	var size uint32
	if err := binary.Read(content, binary.BigEndian, &size); err != nil || size > manifestMost {
		return m, nil, ErrDamaged
	}
	text := make([]byte, size)
	if _, err := io.ReadFull(content, text); err != nil {
		return m, nil, ErrDamaged
	}
	if err := json.Unmarshal(text, &m); err != nil {
		return m, nil, ErrDamaged
	}
	m.KeyID = h.KeyID
	return m, content, nil
}

// Restore brings a backup back into the empty database at address. The whole file is checked before the first byte of it
// is restored, and everything is restored in one transaction: a backup that was cut off or changed leaves nothing behind.
func Restore(ctx context.Context, db *postgres.DB, address, path string, secret Secret, progress func(bytes int)) (Manifest, error) {
	m, err := Read(path, secret, func(int) {})
	if err != nil {
		return m, err
	}
	major, err := prepare(ctx, db)
	if err != nil {
		return m, err
	}
	file, err := os.Open(path)
	if err != nil {
		return m, err
	}
	defer file.Close()
	_, content, err := open(file, secret)
	if err != nil {
		return m, err
	}
	cmd, err := program(ctx, "pg_restore", max(major, m.Server), address, "--no-owner", "--exit-on-error", "--single-transaction")
	if err != nil {
		return m, err
	}
	said := &tail{}
	cmd.Stdin, cmd.Stderr = io.TeeReader(content, discard(progress)), said
	if err := cmd.Run(); err != nil {
		return m, said.failed("pg_restore", err)
	}
	return m, nil
}

// prepare refuses a database with tables, and makes the application's role, which a backup of one database does not hold.
func prepare(ctx context.Context, db *postgres.DB) (major int, err error) {
	var tables, version int
	err = db.QueryRow(ctx, `
		SELECT (SELECT count(*) FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
		         WHERE c.relkind IN ('r', 'p', 'v', 'S') AND n.nspname NOT IN ('pg_catalog', 'information_schema') AND n.nspname !~ '^pg_'),
		       current_setting('server_version_num')::int`).Scan(&tables, &version)
	if err != nil {
		return 0, fmt.Errorf("look at the database: %w", err)
	}
	if tables > 0 {
		return 0, ErrNotEmpty
	}
	_, err = db.Exec(ctx, `
		DO $$
		BEGIN
		  IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'wenji_app') THEN
		    BEGIN
		      CREATE ROLE wenji_app NOLOGIN;
		    EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL;
		    END;
		  END IF;
		  IF NOT pg_has_role(current_user, 'wenji_app', 'MEMBER') THEN
		    EXECUTE format('GRANT wenji_app TO %I', current_user);
		  END IF;
		END $$`)
	if err != nil {
		return 0, fmt.Errorf("make the role wenji_app: %w", err)
	}
	return version / 10000, nil
}

// Proof is what a restored database was found to be.
type Proof struct {
	Rows   int64
	Tables int
	Wrong  []string // tables whose rows are not those of the backup
	Seals  vault.Seals
	Record audit.Report
}

// Sound tells whether everything is as it was.
func (p Proof) Sound() bool {
	return len(p.Wrong) == 0 && p.Seals.Damaged == 0 && p.Record.Broken == nil
}

// Verify compares a restored database with the manifest of its backup: the rows of every table, every seal of personal
// data, the chain of the record with its end at the backup's moment.
func Verify(ctx context.Context, db *postgres.DB, keys *vault.KeyRing, m Manifest, progress func(rows int)) (Proof, error) {
	p := Proof{Rows: m.Rows(), Tables: len(m.Tables)}
	err := db.InSnapshot(ctx, func(tx pgx.Tx) error {
		got, err := measure(ctx, tx)
		if err != nil {
			return err
		}
		for _, name := range slices.Sorted(maps.Keys(m.Tables)) {
			if got.Tables[name] != m.Tables[name] {
				p.Wrong = append(p.Wrong, name)
			}
		}
		p.Seals, err = keys.VerifySeals(ctx, tx, progress)
		return err
	})
	if err != nil {
		return p, err
	}
	var anchors []audit.Anchor
	if m.Audit != "" {
		anchor, err := audit.ParseAnchor(m.Audit)
		if err != nil {
			return p, ErrDamaged
		}
		anchors = append(anchors, anchor)
	}
	p.Record, err = audit.Verify(ctx, db, keys.AuditKey(), anchors...)
	return p, err
}
