// Package backup writes the whole database into one sealed file, and brings it back into an empty database with proof that
// nothing is missing.
package backup

import (
	"bufio"
	"context"
	"crypto/sha256"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"hash"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"

	"wenji/internal/audit"
	"wenji/internal/postgres"

	"github.com/jackc/pgx/v5"
)

// leftOut are tables whose rows are of the moment: a restored portal asks everyone to sign in again, and files of exports
// live for a day.
var leftOut = []string{"session", "export_chunk"}

// Manifest says what is in a backup. It is sealed with it, and written beside it in the clear: it holds counts and digests,
// nothing of anyone.
type Manifest struct {
	Created  time.Time        `json:"created"`
	Server   int              `json:"server"` // major version of PostgreSQL
	Schema   int64            `json:"schema"` // the last migration
	Tables   map[string]Table `json:"tables"`
	Audit    string           `json:"audit,omitempty"`  // end of the chain of the record
	KeyID    string           `json:"key_id,omitempty"` // of the key file; empty: a passphrase
	Size     int64            `json:"size,omitempty"`   // of the file; only in the manifest beside it
	FileHash string           `json:"sha256,omitempty"`
}

// Table is how many rows a table has, and the sum of a 64-bit digest of each, whatever their order.
type Table struct {
	Rows   int64  `json:"rows"`
	Digest string `json:"digest"`
}

// Rows counts the rows of all tables.
func (m Manifest) Rows() (n int64) {
	for _, t := range m.Tables {
		n += t.Rows
	}
	return n
}

// Make writes a backup of the database at address to path, which must not exist, with its manifest beside it (path and
// “.json”). Both appear whole or not at all. The backup is of one instant; nobody waits for it.
func Make(ctx context.Context, db *postgres.DB, address, path string, secret Secret, progress func(bytes int)) (m Manifest, err error) {
	if _, err := os.Stat(path); !errors.Is(err, os.ErrNotExist) {
		return m, fmt.Errorf("write %s: %w", path, os.ErrExist)
	}
	part := path + ".part"
	file, err := os.OpenFile(part, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return m, err
	}
	defer func() {
		if closing := file.Close(); err == nil {
			err = closing
		}
		if err == nil {
			err = publish(part, path, m)
		}
		if err != nil {
			err = errors.Join(err, os.Remove(part))
		}
	}()
	out := &counted{to: file, sum: sha256.New(), progress: progress}
	buffered := bufio.NewWriterSize(out, 1<<20)
	if m, err = write(ctx, db, address, buffered, secret); err != nil {
		return m, err
	}
	if err := buffered.Flush(); err != nil {
		return m, err
	}
	m.Size, m.FileHash = out.n, fmt.Sprintf("%x", out.sum.Sum(nil))
	return m, file.Sync()
}

// Acts for Record.
const (
	Made     = "backup.made"
	Restored = "backup.restored"
)

// Record notes that a backup was made or restored: a copy of everything went elsewhere, or came from there.
func Record(ctx context.Context, db *postgres.DB, actor, act string, m Manifest) error {
	return db.InTx(ctx, func(tx pgx.Tx) error {
		return audit.Record(ctx, tx, audit.Entry{
			At: db.Now(), Actor: actor, Action: act, Subject: "database",
			Detail: fmt.Sprintf("of %s: %d tables, %d rows", m.Created.Format(time.RFC3339), len(m.Tables), m.Rows()),
		})
	})
}

// publish gives the finished file its name, behind its manifest.
func publish(part, path string, m Manifest) error {
	text, err := json.MarshalIndent(m, "", "  ")
	if err != nil {
		return err
	}
	if err := os.WriteFile(path+".json", append(text, '\n'), 0o600); err != nil {
		return err
	}
	if err := os.Rename(part, path); err != nil {
		return err
	}
	dir, err := os.Open(filepath.Dir(path))
	if err != nil {
		return err
	}
	return errors.Join(dir.Sync(), dir.Close())
}

// counted counts and digests what goes through it.
type counted struct {
	to       io.Writer
	sum      hash.Hash
	n        int64
	progress func(int)
}

func (c *counted) Write(p []byte) (int, error) {
	n, err := c.to.Write(p)
	c.n += int64(n)
	c.sum.Write(p[:n])
	c.progress(n)
	return n, err
}

// write writes header, manifest and dump, all of one snapshot.
func write(ctx context.Context, db *postgres.DB, address string, to io.Writer, secret Secret) (m Manifest, err error) {
	h, aead, err := secret.begin(time.Now())
	if err != nil {
		return m, err
	}
	err = db.InSnapshot(ctx, func(tx pgx.Tx) error {
		if m, err = measure(ctx, tx); err != nil {
			return err
		}
		m.Created, m.KeyID = h.Created, h.KeyID
		out, err := newSealer(to, h, aead)
		if err != nil {
			return err
		}
		if err := writeManifest(out, m); err != nil {
			return err
		}
		if err := dump(ctx, tx, m.Server, address, out); err != nil {
			return err
		}
		return out.Close()
	})
	return m, err
}

func writeManifest(to io.Writer, m Manifest) error {
	text, err := json.Marshal(m)
	if err != nil {
		return err
	}
	return errors.Join(binary.Write(to, binary.BigEndian, uint32(len(text))), second(to.Write(text)))
}

func second(_ int, err error) error { return err }

// dump runs pg_dump on the snapshot of tx.
func dump(ctx context.Context, tx pgx.Tx, major int, address string, to io.Writer) error {
	var snapshot string
	if err := tx.QueryRow(ctx, `SELECT pg_export_snapshot()`).Scan(&snapshot); err != nil {
		return fmt.Errorf("export the snapshot: %w", err)
	}
	// This transaction only holds the snapshot, for as long as the dump takes.
	if _, err := tx.Exec(ctx, `SET LOCAL idle_in_transaction_session_timeout = 0`); err != nil {
		return fmt.Errorf("hold the snapshot: %w", err)
	}
	args := []string{"--format=custom", "--no-owner", "--no-unlogged-table-data", "--snapshot=" + snapshot,
		"--lock-wait-timeout=30000"}
	for _, table := range leftOut {
		args = append(args, "--exclude-table-data="+table)
	}
	cmd, err := program(ctx, "pg_dump", major, address, args...)
	if err != nil {
		return err
	}
	said := &tail{}
	cmd.Stdout, cmd.Stderr = to, said
	if err := cmd.Run(); err != nil {
		return said.failed("pg_dump", err)
	}
	return nil
}

// measure counts and digests every table as tx sees it.
func measure(ctx context.Context, tx pgx.Tx) (Manifest, error) {
	m := Manifest{Tables: make(map[string]Table)}
	var version int
	err := tx.QueryRow(ctx, `
		SELECT current_setting('server_version_num')::int, (SELECT max(version_id) FROM goose_db_version)`).Scan(&version, &m.Schema)
	if err != nil {
		return m, fmt.Errorf("read versions: %w", err)
	}
	m.Server = version / 10000
	rows, err := tx.Query(ctx, `
		SELECT relname
		  FROM pg_class
		 WHERE relnamespace = current_schema()::regnamespace AND relkind = 'r' AND relpersistence = 'p' AND relname <> ALL ($1)
		 ORDER BY relname`, leftOut)
	if err != nil {
		return m, fmt.Errorf("list tables: %w", err)
	}
	names, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		return m, fmt.Errorf("list tables: %w", err)
	}
	var all strings.Builder // one statement for all tables
	for i, name := range names {
		if i > 0 {
			all.WriteString(" UNION ALL ")
		}
		fmt.Fprintf(&all, `SELECT %d, count(*), coalesce(sum(hashtextextended(t::text, 0)), 0)::text FROM %s t`,
			i, pgx.Identifier{name}.Sanitize())
	}
	if rows, err = tx.Query(ctx, all.String(), pgx.QueryExecModeExec); err != nil {
		return m, fmt.Errorf("count rows: %w", err)
	}
	var (
		i int
		t Table
	)
	_, err = pgx.ForEachRow(rows, []any{&i, &t.Rows, &t.Digest}, func() error {
		m.Tables[names[i]] = t
		return nil
	})
	if err != nil {
		return m, fmt.Errorf("count rows: %w", err)
	}
	end, err := audit.End(ctx, tx)
	if end.Position > 0 {
		m.Audit = end.String()
	}
	return m, err
}
