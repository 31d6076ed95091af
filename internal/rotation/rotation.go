// Package rotation seals anew, with the active key, what older keys sealed, while the portal runs.
package rotation

import (
	"context"
	"fmt"
	"time"

	"wenji/internal/audit"
	"wenji/internal/postgres"
	"wenji/internal/vault"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
)

// batch is how many rows a transaction locks.
const batch = 200

// Part is one table's sealed values; its package offers both functions.
type Part struct {
	Name  string // code in the record, such as personal_data
	Stale func(ctx context.Context, tx pgx.Tx) (int, error)
	Next  func(ctx context.Context, tx pgx.Tx, after uuid.UUID, most int) (vault.Rewrapped, error)
}

// Rotation goes through all parts. What is done is seen from the values themselves, so one that was cut off, however, goes
// on where it was; two at once do no harm.
type Rotation struct {
	DB    *postgres.DB
	Keys  *vault.KeyRing
	Parts []Part
	Now   func() time.Time
}

// Result of a rotation: rows sealed anew, and rows left because a value of theirs does not open.
type Result struct {
	Key           string
	Done, Damaged int
}

// Stale counts the rows that hold a value of another key than the active one.
func (r *Rotation) Stale(ctx context.Context) (int, error) {
	total := 0
	err := r.DB.InSnapshot(ctx, func(tx pgx.Tx) error {
		for _, p := range r.Parts {
			n, err := p.Stale(ctx, tx)
			if err != nil {
				return err
			}
			total += n
		}
		return nil
	})
	return total, err
}

// Run seals every row anew whose values are not all of the active key, and tells progress of each batch. It ends when a
// whole pass finds none: rows that replicas wrote meanwhile with the older key are found by the next pass.
func (r *Rotation) Run(ctx context.Context, actor string, progress func(rows int)) (Result, error) {
	key, as := r.Keys.Active()
	result := Result{Key: key}
	if err := r.record(ctx, actor, "keys.rotation_begun", key+" ("+string(as)+")"); err != nil {
		return result, err
	}
	for {
		done, damaged, err := r.pass(ctx, progress)
		result.Done += done
		result.Damaged = damaged
		if err != nil {
			return result, err
		}
		if done == 0 {
			break
		}
	}
	detail := fmt.Sprintf("%s (%s): %d rows sealed anew, %d left that do not open", key, as, result.Done, result.Damaged)
	return result, r.record(ctx, actor, "keys.rotated", detail)
}

func (r *Rotation) pass(ctx context.Context, progress func(int)) (done, damaged int, err error) {
	for _, p := range r.Parts {
		after := uuid.Nil
		for {
			var got vault.Rewrapped
			err := r.DB.InTx(ctx, func(tx pgx.Tx) (err error) {
				got, err = p.Next(ctx, tx, after, batch)
				return err
			})
			if err != nil {
				return done, damaged, fmt.Errorf("seal %s anew: %w", p.Name, err)
			}
			if got.Rows == 0 {
				break
			}
			after = got.Last
			done += got.Rows - got.Damaged
			damaged += got.Damaged
			progress(got.Rows - got.Damaged)
		}
	}
	return done, damaged, nil
}

func (r *Rotation) record(ctx context.Context, actor, action, detail string) error {
	return r.DB.InTx(ctx, func(tx pgx.Tx) error {
		return audit.Record(ctx, tx, audit.Entry{At: r.Now(), Actor: actor, Action: action, Subject: "keys", Detail: detail})
	})
}
