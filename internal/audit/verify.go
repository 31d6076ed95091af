package audit

import (
	"context"
	"crypto/hmac"
	"errors"
	"fmt"
	"time"

	"wenji/internal/postgres"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
)

// unsealedAfter is how old an entry may be without a place in the chain.
const unsealedAfter = time.Hour

// What can be wrong with the record.
const (
	Changed    = "changed"     // the entry's content is not what was sealed
	Deleted    = "deleted"     // the entry is gone
	Reordered  = "reordered"   // the entry stands at another place than it was sealed at
	Unchained  = "unchained"   // an entry older than an hour that the chain does not have: put in behind it, or the chain was cut
	RowMissing = "row_missing" // a row of the chain is gone; EntryID is zero
	RowAltered = "row_altered" // a row of the chain is not what was written, its entry is sound
	AnchorLost = "anchor_lost" // the chain does not have the anchor's digest at its position; EntryID is zero
)

// Break is one place where the record is not what was sealed.
type Break struct {
	Position int64     // in the chain, from 1; 0 when Unchained
	EntryID  uuid.UUID // zero when not known
	What     string    // Changed … AnchorLost
}

// Report is what Verify found. Entries = entries there are; Sealed = chain rows found sound, up to the first break;
// Waiting = entries not sealed yet. End is the last sound place of the chain (Position 0 when there is none).
type Report struct {
	Entries, Sealed, Waiting int
	Broken                   *Break // the first; nil when the record is sound
	End                      Anchor
}

// Verify reads the whole record at one instant, in batches, and reports the first entry in chain order that is not
// what was sealed. Entries recorded without a seal for more than an hour are reported when the chain itself is sound.
// The chain alone cannot show that its newest rows were cut off; anchors noted earlier can: each must be met.
// The error is for a failing database only.
func Verify(ctx context.Context, db *postgres.DB, key []byte, anchors ...Anchor) (Report, error) {
	v := verifier{link: newChain(key), report: Report{End: Anchor{Digest: firstDigest}}}
	err := db.InSnapshot(ctx, func(tx pgx.Tx) error {
		if err := tx.QueryRow(ctx, `SELECT count(*) FROM audit_entry`).Scan(&v.report.Entries); err != nil {
			return fmt.Errorf("count entries: %w", err)
		}
		if err := v.walk(ctx, tx, anchors); err != nil {
			return err
		}
		return v.leftOver(ctx, tx, db.Now().Add(-unsealedAfter))
	})
	if err != nil {
		return Report{}, fmt.Errorf("verify audit record: %w", err)
	}
	return v.report, nil
}

type verifier struct {
	link   *chain
	report Report
}

// linked is a chain row with its entry.
type linked struct {
	position int64
	entryID  uuid.UUID
	tx       int64
	digest   []byte
	found    bool // the entry is there
	stored
}

// walk checks row after row until the first break.
func (v *verifier) walk(ctx context.Context, tx pgx.Tx, anchors []Anchor) error {
	expected := make(map[int64][]Anchor, len(anchors))
	for _, a := range anchors {
		expected[a.Position] = append(expected[a.Position], a)
	}
	err := eachLink(ctx, tx, 0, func(row *linked) error {
		if b := v.judge(row); b != nil {
			v.report.Broken = b
			return v.name(ctx, tx, row)
		}
		v.report.End = Anchor{row.position, row.digest}
		v.report.Sealed++
		for _, a := range expected[row.position] {
			if !hmac.Equal(a.Digest, row.digest) {
				v.report.Broken = &Break{Position: a.Position, What: AnchorLost}
				return errStop
			}
		}
		return nil
	})
	if err != nil || v.report.Broken != nil {
		return err
	}
	for _, a := range anchors {
		if b := v.report.Broken; a.Position > v.report.End.Position && (b == nil || a.Position < b.Position) {
			v.report.Broken = &Break{Position: a.Position, What: AnchorLost}
		}
	}
	return nil
}

// judge compares one row with what it must be behind the last sound one.
func (v *verifier) judge(row *linked) *Break {
	if next := v.report.End.Position + 1; row.position != next {
		return &Break{Position: next, What: RowMissing}
	}
	b := &Break{Position: row.position, EntryID: row.entryID}
	sound := row.found && hmac.Equal(v.link.next(v.report.End.Digest, &row.stored), row.digest)
	switch {
	case !row.found:
		b.What = Deleted
	case sound && row.tx != row.stored.tx:
		b.What = RowAltered
	case !sound:
		b.What = Changed // or worse: see name
	default:
		return nil
	}
	return b
}

// name finds out what a digest that does not fit means, by looking at the rows behind it, and ends the walk. Behind a
// changed entry its digest still carries the next row; behind an altered row the right digest does; a digest that fits
// here with another row's entry, or another row that fits here whole, was moved. The chain's last row has nothing
// behind it that could tell an altered row from a changed entry: it is called Changed.
func (v *verifier) name(ctx context.Context, tx pgx.Tx, broken *linked) error {
	if v.report.Broken.What != Changed {
		return errStop
	}
	previous := v.report.End.Digest
	right := v.link.next(previous, &broken.stored)
	err := eachLink(ctx, tx, broken.position, func(row *linked) error {
		if !row.found {
			return nil
		}
		if row.position == broken.position+1 && hmac.Equal(v.link.next(right, &row.stored), row.digest) {
			v.report.Broken.What = RowAltered
			return errStop
		}
		here := v.link.next(previous, &row.stored)
		if hmac.Equal(here, row.digest) || hmac.Equal(here, broken.digest) {
			v.report.Broken.What = Reordered
			return errStop
		}
		return nil
	})
	if err != nil {
		return err
	}
	return errStop
}

// leftOver counts entries the chain does not have, and reports the first that should have been sealed: one older than
// before whose transaction no running one can still hold back.
func (v *verifier) leftOver(ctx context.Context, tx pgx.Tx, before time.Time) error {
	const notSealed = `
		  FROM audit_entry e
		 WHERE NOT EXISTS (SELECT FROM audit_chain c WHERE c.entry_id = e.id)`
	if err := tx.QueryRow(ctx, `SELECT count(*)`+notSealed).Scan(&v.report.Waiting); err != nil {
		return fmt.Errorf("count unsealed entries: %w", err)
	}
	if v.report.Broken != nil || v.report.Waiting == 0 {
		return nil
	}
	var id uuid.UUID
	err := tx.QueryRow(ctx, `SELECT e.id`+notSealed+`
		   AND e.at < $1
		   AND (e.tx <  pg_snapshot_xmin(pg_current_snapshot())::text::bigint OR
		        e.tx >= pg_snapshot_xmax(pg_current_snapshot())::text::bigint)
		 ORDER BY e.tx, e.id
		 LIMIT 1`, before).Scan(&id)
	if errors.Is(err, pgx.ErrNoRows) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("look for entries outside the chain: %w", err)
	}
	v.report.Broken = &Break{EntryID: id, What: Unchained}
	return nil
}

// errStop ends eachLink without being an error of it.
var errStop = errors.New("stop")

// eachLink calls do for each chain row behind position after, in order, reading a batch at a time. What do gets is
// valid during the call, except digest, which may be kept. do may query: no rows are open meanwhile.
func eachLink(ctx context.Context, tx pgx.Tx, after int64, do func(*linked) error) error {
	for {
		batch, err := readLinks(ctx, tx, after)
		if err != nil {
			return err
		}
		for i := range batch {
			if err := do(&batch[i]); errors.Is(err, errStop) {
				return nil
			} else if err != nil {
				return err
			}
		}
		if len(batch) < sealBatch {
			return nil
		}
		after = batch[len(batch)-1].position
	}
}

func readLinks(ctx context.Context, tx pgx.Tx, after int64) ([]linked, error) {
	rows, err := tx.Query(ctx, `
		SELECT c.position, c.entry_id, c.tx, c.digest, e.id IS NOT NULL, c.entry_id, coalesce(e.tx, 0),
		       coalesce(e.at, 'epoch'), coalesce(e.actor, ''), coalesce(e.role, ''), coalesce(e.action, ''),
		       coalesce(e.consultation_id, ''), coalesce(e.subject, ''), coalesce(e.detail, '')
		  FROM (SELECT * FROM audit_chain WHERE position > $1 ORDER BY position LIMIT $2) AS c
		  LEFT JOIN audit_entry e ON e.id = c.entry_id
		 ORDER BY c.position`, after, sealBatch)
	if err != nil {
		return nil, fmt.Errorf("read the chain from %d: %w", after, err)
	}
	batch, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (linked, error) {
		var l linked
		targets := append([]any{&l.position, &l.entryID, &l.tx, &l.digest, &l.found}, l.stored.targets()...)
		err := row.Scan(targets...)
		return l, err
	})
	if err != nil {
		return nil, fmt.Errorf("read the chain from %d: %w", after, err)
	}
	return batch, nil
}
