package audit

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"wenji/internal/postgres"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
)

const (
	sealBatch = 1000
	sealEvery = 2 * time.Second
	// anchorEvery is how often the end of the chain goes to the log, the copy of it outside the database.
	anchorEvery = time.Hour
	// sealLock is the advisory lock that lets one replica at a time write the chain.
	sealLock = 0x77656e6a69617564 // "wenjiaud"
)

// Sealer writes the hash chain over entries whose transactions have finished, behind the acts and never in their way.
// Every replica runs one; they take turns. One Sealer is for one goroutine.
type Sealer struct {
	DB  *postgres.DB
	Key []byte // vault.KeyRing.AuditKey
	Log *slog.Logger

	end Anchor // of the last batch this sealer wrote
}

// Run seals every two seconds until ctx is over, and then returns nil. A database that is away is tried again and
// logged once. The end of the chain is logged every hour, as an anchor for Verify.
func (s *Sealer) Run(ctx context.Context) error {
	ticker := time.NewTicker(sealEvery)
	defer ticker.Stop()
	var (
		failing  bool
		anchored time.Time
		logged   int64
	)
	for {
		err := s.sealAll(ctx)
		switch {
		case ctx.Err() != nil:
			return nil
		case err != nil && !failing:
			s.Log.Warn("audit entries wait for their seal", "error", err)
			failing = true
		case err == nil && failing:
			s.Log.Info("audit entries are sealed again")
			failing = false
		}
		if s.end.Position > logged && time.Since(anchored) >= anchorEvery {
			s.Log.Info("audit chain anchor", "anchor", s.end.String())
			anchored, logged = time.Now(), s.end.Position
		}
		select {
		case <-ctx.Done():
			return nil
		case <-ticker.C:
		}
	}
}

// sealAll seals until a batch is not full.
func (s *Sealer) sealAll(ctx context.Context) error {
	for {
		n, err := s.SealOnce(ctx)
		if err != nil || n < sealBatch {
			return err
		}
	}
}

// SealOnce seals up to 1,000 entries and returns how many. It returns 0 at once when another replica is sealing.
//
// Entries are taken in the order (writing transaction, id) and only from transactions older than every one still
// running: what commits later belongs behind them, so nothing is ever slipped in.
func (s *Sealer) SealOnce(ctx context.Context) (n int, err error) {
	var end Anchor
	err = s.DB.InTx(ctx, func(tx pgx.Tx) error {
		n = 0
		var mine bool
		if err := tx.QueryRow(ctx, `SELECT pg_try_advisory_xact_lock($1)`, int64(sealLock)).Scan(&mine); err != nil {
			return fmt.Errorf("take the seal lock: %w", err)
		}
		if !mine {
			return nil
		}
		tail, err := readTail(ctx, tx)
		if err != nil {
			return err
		}
		entries, err := unsealed(ctx, tx, tail)
		if err != nil || len(entries) == 0 {
			return err
		}
		end, err = s.extend(ctx, tx, tail, entries)
		n = len(entries)
		return err
	})
	if err != nil {
		return 0, fmt.Errorf("seal audit entries: %w", err)
	}
	if n > 0 {
		s.end = end
	}
	return n, nil
}

// tail is the last row of the chain; the zero position stands for an empty one.
type tail struct {
	Anchor
	tx      int64
	entry   uuid.UUID
	foreign bool // its transaction is one this server has yet to begin: the database was restored elsewhere
}

func readTail(ctx context.Context, tx pgx.Tx) (tail, error) {
	t := tail{Anchor: Anchor{Digest: firstDigest}}
	err := tx.QueryRow(ctx, `
		SELECT position, digest, tx, entry_id, tx >= pg_snapshot_xmax(pg_current_snapshot())::text::bigint
		  FROM audit_chain
		 ORDER BY position DESC
		 LIMIT 1`).Scan(&t.Position, &t.Digest, &t.tx, &t.entry, &t.foreign)
	if err != nil && !errors.Is(err, pgx.ErrNoRows) {
		return tail{}, fmt.Errorf("read the end of the chain: %w", err)
	}
	return t, nil
}

const (
	// afterTail walks on from the end of the chain. After a restore elsewhere transaction numbers began again, so the
	// walk can meet entries sealed long ago; they come back with sealed = true.
	afterTail = `
		SELECT ` + columns + `, sealed.yes IS NOT NULL
		  FROM (SELECT *
		          FROM audit_entry
		         WHERE (tx, id) > ($1, $2) AND tx < pg_snapshot_xmin(pg_current_snapshot())::text::bigint
		         ORDER BY tx, id
		         LIMIT $3) AS e
		  LEFT JOIN LATERAL (SELECT true AS yes FROM audit_chain c WHERE c.entry_id = e.id LIMIT 1) AS sealed ON true
		 ORDER BY e.tx, e.id`

	// notInChain finds what is left over when transaction numbers say nothing. Numbers this server has yet to reach
	// are from before the restore, so these entries come first.
	notInChain = `
		SELECT ` + columns + `
		  FROM audit_entry e
		 WHERE NOT EXISTS (SELECT FROM audit_chain c WHERE c.entry_id = e.id)
		   AND (e.tx <  pg_snapshot_xmin(pg_current_snapshot())::text::bigint OR
		        e.tx >= pg_snapshot_xmax(pg_current_snapshot())::text::bigint)
		 ORDER BY e.tx < pg_snapshot_xmax(pg_current_snapshot())::text::bigint, e.tx, e.id
		 LIMIT $1`
)

// unsealed returns the entries to seal next, in order.
func unsealed(ctx context.Context, tx pgx.Tx, t tail) ([]stored, error) {
	if t.foreign {
		entries, _, err := readEntries(ctx, tx, notInChain, nil, sealBatch)
		return entries, err
	}
	lastTx, lastID := t.tx, t.entry
	for {
		var sealed bool
		entries, met, err := readEntries(ctx, tx, afterTail, &sealed, lastTx, lastID, sealBatch)
		if err != nil || len(entries) > 0 || met.n < sealBatch {
			return entries, err
		}
		lastTx, lastID = met.tx, met.id
	}
}

// met tells how far a walk came: rows seen and the last one's place.
type met struct {
	n  int
	tx int64
	id uuid.UUID
}

// readEntries runs query and returns its entries, without those for which the last column, scanned into skip, is true.
func readEntries(ctx context.Context, tx pgx.Tx, query string, skip *bool, args ...any) ([]stored, met, error) {
	rows, err := tx.Query(ctx, query, args...)
	if err != nil {
		return nil, met{}, fmt.Errorf("read unsealed entries: %w", err)
	}
	var (
		one  stored
		all  []stored
		seen met
	)
	targets := one.targets()
	if skip != nil {
		targets = append(targets, skip)
	}
	_, err = pgx.ForEachRow(rows, targets, func() error {
		seen = met{seen.n + 1, one.tx, one.id}
		if skip == nil || !*skip {
			all = append(all, one)
		}
		return nil
	})
	if err != nil {
		return nil, met{}, fmt.Errorf("read unsealed entries: %w", err)
	}
	return all, seen, nil
}

// extend writes the chain rows of entries behind t and returns the new end.
func (s *Sealer) extend(ctx context.Context, tx pgx.Tx, t tail, entries []stored) (Anchor, error) {
	positions := make([]int64, len(entries))
	ids := make([]uuid.UUID, len(entries))
	txs := make([]int64, len(entries))
	digests := make([][]byte, len(entries))
	link := newChain(s.Key)
	end := t.Anchor
	for i := range entries {
		e := &entries[i]
		end = Anchor{end.Position + 1, link.next(end.Digest, e)}
		positions[i], ids[i], txs[i], digests[i] = end.Position, e.id, e.tx, end.Digest
	}
	_, err := tx.Exec(ctx, `
		INSERT INTO audit_chain (position, entry_id, tx, digest)
		SELECT * FROM unnest($1::bigint[], $2::uuid[], $3::bigint[], $4::bytea[])`,
		positions, ids, txs, digests)
	if err != nil {
		return Anchor{}, fmt.Errorf("extend the chain from %d: %w", t.Position, err)
	}
	return end, nil
}
