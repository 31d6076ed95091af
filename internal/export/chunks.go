package export

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"time"

	"wenji/internal/apperr"
	"wenji/internal/audit"
	"wenji/internal/staff"
	"wenji/internal/vault"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgtype"
)

const (
	chunkSize    = 128 << 10
	chunksAtOnce = 4
	purgeMost    = 100

	purpose = "export" // of the box that seals chunks
)

var errChanged = errors.New("the kept file is not what was made")

// chunkWriter keeps a file in sealed pieces. Each piece is stored only while the lease is this worker's.
type chunkWriter struct {
	store   *Store
	ctx     context.Context
	record  *Record
	buffer  []byte
	memory  vault.Scratch
	ordinal int
	rows    int
}

func (w *chunkWriter) Write(p []byte) (int, error) {
	written := len(p)
	for len(p) > 0 {
		n := min(len(p), chunkSize-len(w.buffer))
		w.buffer = append(w.buffer, p[:n]...)
		p = p[n:]
		if len(w.buffer) == chunkSize {
			if err := w.flush(); err != nil {
				return 0, err
			}
		}
	}
	return written, nil
}

func (w *chunkWriter) flush() error {
	if len(w.buffer) == 0 {
		return nil
	}
	r := w.record
	sealed := w.store.Keys.Box(purpose).SealIn(&w.memory, w.buffer, chunkPlace(r.ID, r.Attempt, w.ordinal))
	tag, err := w.store.DB.Exec(w.ctx, `
		WITH mine AS (
		  UPDATE export
		     SET row_count = $5, lease_until = clock_timestamp() + $6
		   WHERE id = $1 AND attempt = $2 AND state = 'running'
		  RETURNING id, consultation_id)
		INSERT INTO export_chunk (export_id, consultation_id, attempt, ordinal, sealed)
		SELECT id, consultation_id, $2, $3, $4 FROM mine`, r.ID, r.Attempt, w.ordinal, sealed, w.rows, lease)
	if err != nil {
		return fmt.Errorf("keep piece %d of export %s: %w", w.ordinal, r.ID, err)
	}
	if tag.RowsAffected() == 0 {
		return errLost
	}
	w.ordinal++
	w.buffer = w.buffer[:0]
	return nil
}

// chunkPlace is authenticated with a piece, so that it opens in its own place alone.
func chunkPlace(id uuid.UUID, attempt, ordinal int) string {
	return fmt.Sprintf("%s/%d/%d", id, attempt, ordinal)
}

// Kept is a finished file that its maker fetches.
type Kept struct {
	store  *Store
	record Record
	file   file
}

// Fetch records that the maker fetches a finished file, and hands it out. Errors: apperr.ErrNotFound; apperr.ErrForbidden
// for everyone else, and for the maker who lost the right meanwhile; apperr.ErrConflict when the file is not there yet or
// not any more.
func (s *Store) Fetch(ctx context.Context, by staff.Member, id uuid.UUID) (*Kept, error) {
	if !by.Can(staff.Export) {
		return nil, apperr.ErrForbidden
	}
	k := &Kept{store: s}
	err := s.DB.InTx(ctx, func(tx pgx.Tx) (err error) {
		at := s.now()
		if k.record, err = one(ctx, tx, id, ""); err != nil {
			return err
		}
		r := &k.record
		switch {
		case !r.MadeBy(by), r.Profile == Personal && !by.Can(staff.ExportPersonal):
			return apperr.ErrForbidden
		case r.StateAt(at) != Ready:
			return apperr.ErrConflict
		}
		if err := stillWhole(ctx, tx, id, at); err != nil {
			return err
		}
		k.file = r.file()
		return audit.Record(ctx, tx, audit.Entry{
			At: at, Actor: by.Signature(), Role: string(by.Role), Action: "export.download", ConsultationID: r.ConsultationID,
			Subject: "export " + id.String(), Detail: r.Profile + " " + r.Format,
		})
	})
	if err != nil {
		return nil, err
	}
	return k, nil
}

// stillWhole is apperr.ErrConflict for a file that Purge is about to remove, as it may hold what has been erased.
func stillWhole(ctx context.Context, tx pgx.Tx, id uuid.UUID, at time.Time) error {
	var gone bool
	if err := tx.QueryRow(ctx, `SELECT EXISTS (SELECT FROM export WHERE id = $2 AND `+outdated+`)`, at, id).Scan(&gone); err != nil {
		return fmt.Errorf("look for erasures behind export %s: %w", id, err)
	}
	if gone {
		return apperr.ErrConflict
	}
	return nil
}

// Filename is a name for the file, in ASCII, without personal data.
func (k *Kept) Filename() string { return k.file.filename() }

// MediaType is the value of Content-Type for the file.
func (k *Kept) MediaType() string { return mediaType(k.record.Format) }

// Size is the number of bytes of the file.
func (k *Kept) Size() int64 { return *k.record.Size }

// Copy writes the file to w, a few pieces at a time: a slow reader holds no connection. All pieces go through the same
// memory. An error after the first byte means that w has a part of the file, which must not be taken for the whole.
func (k *Kept) Copy(ctx context.Context, w io.Writer) error {
	r := &k.record
	sum := sha256.New()
	out := io.MultiWriter(w, sum)
	var pieces [chunksAtOnce][]byte
	var memory vault.Scratch
	for next := 0; next < r.Chunks; next += chunksAtOnce {
		n, err := k.store.pieces(ctx, r, next, &pieces)
		if err != nil {
			return err
		}
		for i, sealed := range pieces[:n] {
			plain, err := k.store.Keys.Box(purpose).OpenIn(&memory, sealed, chunkPlace(r.ID, r.Attempt, next+i))
			if err != nil {
				return fmt.Errorf("open piece %d of export %s: %w", next+i, r.ID, err)
			}
			if _, err := out.Write(plain); err != nil {
				return fmt.Errorf("send export %s: %w", r.ID, err)
			}
		}
	}
	if !bytes.Equal(sum.Sum(nil), r.Digest) {
		return fmt.Errorf("send export %s: %w", r.ID, errChanged)
	}
	return nil
}

// pieces reads the next pieces into the memory of those before, and returns how many there are.
func (s *Store) pieces(ctx context.Context, r *Record, from int, into *[chunksAtOnce][]byte) (n int, err error) {
	rows, err := s.DB.Query(ctx, `
		SELECT sealed
		  FROM export_chunk
		 WHERE export_id = $1 AND attempt = $2 AND ordinal >= $3
		 ORDER BY ordinal
		 LIMIT $4`, r.ID, r.Attempt, from, chunksAtOnce)
	if err != nil {
		return 0, fmt.Errorf("read export %s: %w", r.ID, err)
	}
	var sealed pgtype.DriverBytes
	_, err = pgx.ForEachRow(rows, []any{&sealed}, func() error {
		into[n] = append(into[n][:0], sealed...)
		n++
		return nil
	})
	if err != nil {
		return 0, fmt.Errorf("read export %s: %w", r.ID, err)
	}
	if n != min(chunksAtOnce, r.Chunks-from) {
		return 0, fmt.Errorf("read export %s: %w", r.ID, errChanged)
	}
	return n, nil
}

// outdated is true of a kept file with personal data that may hold what has been erased since: it was allowed before the
// end of an erasure in its consultation, of one commenter's data or of all (个人信息保护法 §47). $1 is now.
const outdated = `
	export.profile = 'personal'
	AND EXISTS (SELECT FROM erasure e
	             WHERE e.consultation_id = export.consultation_id AND export.decided_at <= coalesce(e.finished_at, $1))`

// Purge removes files that have outlived their time or hold what was erased, and wishes that nobody approved in time. It
// returns how many.
func (s *Store) Purge(ctx context.Context) (n int, err error) {
	err = s.DB.InTx(ctx, func(tx pgx.Tx) error {
		at := s.now()
		rows, err := tx.Query(ctx, `
			UPDATE export
			   SET state = 'expired'
			 WHERE id IN (SELECT id
			                FROM export
			               WHERE state IN ('waiting', 'ready') AND expires_at <= $1 OR state = 'ready' AND `+outdated+`
			               ORDER BY expires_at
			               LIMIT $2
			                 FOR UPDATE SKIP LOCKED)
			RETURNING `+recordColumns, at, purgeMost)
		if err != nil {
			return fmt.Errorf("end exports: %w", err)
		}
		ended, err := pgx.CollectRows(rows, pgx.RowToStructByPos[Record])
		if err != nil {
			return fmt.Errorf("end exports: %w", err)
		}
		if n = len(ended); n == 0 {
			return nil
		}
		return s.recordEnded(ctx, tx, at, ended)
	})
	return n, err
}

func (s *Store) recordEnded(ctx context.Context, tx pgx.Tx, at time.Time, ended []Record) error {
	ids := make([]uuid.UUID, len(ended))
	entries := make([]audit.Entry, len(ended))
	for i, r := range ended {
		ids[i] = r.ID
		detail := "file removed"
		if r.FinishedAt == nil {
			detail = "not approved in time"
		}
		entries[i] = audit.Entry{At: at, Actor: "system", Role: "system", Action: "export.expire", ConsultationID: r.ConsultationID,
			Subject: "export " + r.ID.String(), Detail: detail}
	}
	if err := removeChunks(ctx, tx, ids); err != nil {
		return err
	}
	return audit.RecordAll(ctx, tx, entries)
}

func removeChunks(ctx context.Context, tx pgx.Tx, ids []uuid.UUID) error {
	if _, err := tx.Exec(ctx, `DELETE FROM export_chunk WHERE export_id = ANY ($1)`, ids); err != nil {
		return fmt.Errorf("remove files of exports: %w", err)
	}
	return nil
}
