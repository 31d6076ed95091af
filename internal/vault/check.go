package vault

import (
	"context"
	"crypto/hmac"
	"crypto/subtle"
	"errors"
	"fmt"

	"wenji/internal/postgres"

	"github.com/jackc/pgx/v5"
)

// checkIndex is the row of table key_check that stands for the index key.
const checkIndex = "index"

// ErrOtherKeys: the key file belongs to another database, or is older than this one.
var ErrOtherKeys = errors.New("key file and database do not belong together")

// Check compares the ring with what the database remembers of its keys (digests, never keys), and has it remember keys
// that are new. A database that remembers none takes this ring as its own. ErrOtherKeys says which key is wrong or
// missing, and changes nothing; working on with such a ring would split the data between two sets of keys.
func (k *KeyRing) Check(ctx context.Context, db *postgres.DB) error {
	ids := []string{checkIndex}
	set := k.set.Load()
	digests := [][]byte{set.check}
	for _, one := range set.keys {
		sub, err := one.as.derive(one.secret, purposeCheck)
		if err != nil {
			return err
		}
		mac := hmac.New(one.as.hash(), sub)
		mac.Write([]byte(one.id))
		ids, digests = append(ids, one.id), append(digests, mac.Sum(nil))
	}
	return db.InTx(ctx, func(tx pgx.Tx) error {
		_, err := tx.Exec(ctx, `
			INSERT INTO key_check (key_id, digest)
			SELECT * FROM unnest($1::text[], $2::bytea[]) AS mine (key_id, digest) ORDER BY key_id
			ON CONFLICT (key_id) DO NOTHING`, ids, digests)
		if err != nil {
			return fmt.Errorf("remember keys: %w", err)
		}
		known, err := knownKeys(ctx, tx)
		if err != nil {
			return err
		}
		for i, id := range ids {
			if subtle.ConstantTimeCompare(known[id], digests[i]) != 1 {
				return fmt.Errorf("%w: key %q of the file is not the one this database was written with; "+
					"use the key file that belongs to it", ErrOtherKeys, id)
			}
			delete(known, id)
		}
		for id := range known {
			return fmt.Errorf("%w: this database was written with key %q, which the file lacks; "+
				"use the newest key file", ErrOtherKeys, id)
		}
		return nil
	})
}

func knownKeys(ctx context.Context, tx pgx.Tx) (map[string][]byte, error) {
	rows, err := tx.Query(ctx, `SELECT key_id, digest FROM key_check`)
	if err != nil {
		return nil, fmt.Errorf("read known keys: %w", err)
	}
	known := make(map[string][]byte)
	var (
		id     string
		digest []byte
	)
	_, err = pgx.ForEachRow(rows, []any{&id, &digest}, func() error {
		known[id] = append([]byte(nil), digest...)
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("read known keys: %w", err)
	}
	return known, nil
}
