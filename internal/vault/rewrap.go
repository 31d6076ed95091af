package vault

import (
	"context"
	"errors"
	"fmt"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
)

// stale is true of a row of personal_data with a value that another key than $1 (the header of the active one) sealed.
const stale = `(substr(name, 1, length($1::bytea)) <> $1::bytea
	OR substr(id_number, 1, length($1::bytea)) <> $1::bytea OR substr(phone, 1, length($1::bytea)) <> $1::bytea
	OR substr(email, 1, length($1::bytea)) <> $1::bytea OR substr(org, 1, length($1::bytea)) <> $1::bytea)`

// Header is how a value sealed with the active key begins.
func (k *KeyRing) Header() []byte {
	id, _ := k.Active()
	h := make([]byte, 2+len(id))
	putHeader(h, id)
	return h
}

// Stale counts the rows of personal data with a value that another key than the active one sealed.
func (k *KeyRing) Stale(ctx context.Context, tx pgx.Tx) (n int, err error) {
	if err := tx.QueryRow(ctx, `SELECT count(*) FROM personal_data WHERE `+stale, k.Header()).Scan(&n); err != nil {
		return 0, fmt.Errorf("count values of older keys: %w", err)
	}
	return n, nil
}

// SealValue seals a value for one row of a column of another package's table, in the form of personal_data; place names
// table and column.
func (k *KeyRing) SealValue(place string, row uuid.UUID, plain []byte) []byte {
	set := k.set.Load()
	active := set.sealing()
	head := 2 + len(active)
	out := make([]byte, head+gcmNonce, head+gcmNonce+len(plain)+gcmTag)
	putHeader(out, active)
	mustRandom(out[head:])
	return set.personal[active].Seal(out, out[head:], plain, otherPlace(place, row))
}

// OpenValue returns what SealValue sealed for the same place and row, or ErrSeal.
func (k *KeyRing) OpenValue(place string, row uuid.UUID, sealed []byte) ([]byte, error) {
	return k.openValue(nil, sealed, otherPlace(place, row))
}

func otherPlace(place string, row uuid.UUID) []byte {
	b := append([]byte{sealVersion}, "|other|"+place+"|"...)
	return append(b, row[:]...)
}

// Rewrapped tells of one batch of Rewrap.
type Rewrapped struct {
	Last    uuid.UUID // the last row looked at, to go on behind
	Rows    int       // looked at; 0: none is left
	Damaged int       // of those, what does not open and was left as it is
}

// Rewrap seals the next rows behind after with the active key, at most most. Rows are locked only for the transaction.
// The identity index stays: its key is another.
func (k *KeyRing) Rewrap(ctx context.Context, tx pgx.Tx, after uuid.UUID, most int) (Rewrapped, error) {
	done := Rewrapped{Last: after}
	rows, err := tx.Query(ctx, `
		SELECT comment_id, name, id_number, phone, email, org
		  FROM personal_data
		 WHERE comment_id > $2 AND `+stale+`
		 ORDER BY comment_id
		 LIMIT $3
		   FOR UPDATE`, k.Header(), after, most)
	if err != nil {
		return done, fmt.Errorf("read values of older keys: %w", err)
	}
	list, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (Row, error) {
		var r Row
		err := row.Scan(&r.CommentID, &r.Name, &r.IDNumber, &r.Phone, &r.Email, &r.Org)
		return r, err
	})
	if err != nil {
		return done, fmt.Errorf("read values of older keys: %w", err)
	}
	if len(list) == 0 {
		return done, nil
	}
	done.Last, done.Rows = list[len(list)-1].CommentID, len(list)
	fresh := list[:0]
	for _, r := range list {
		p, err := k.Open(r.CommentID, r.Sealed)
		if errors.Is(err, ErrSeal) {
			done.Damaged++
			continue
		}
		if err != nil {
			return done, err
		}
		if r.Sealed, err = k.Seal(r.CommentID, p); err != nil {
			return done, err
		}
		fresh = append(fresh, r)
	}
	return done, replace(ctx, tx, fresh)
}

// replace writes sealed values over those of the same rows, in one statement.
func replace(ctx context.Context, tx pgx.Tx, rows []Row) error {
	n := len(rows)
	ids := make([][16]byte, n)
	names, numbers, phones := make([][]byte, n), make([][]byte, n), make([][]byte, n)
	emails, orgs := make([][]byte, n), make([][]byte, n)
	for i, r := range rows {
		ids[i], names[i], numbers[i], phones[i], emails[i], orgs[i] = r.CommentID, r.Name, r.IDNumber, r.Phone, r.Email, r.Org
	}
	_, err := tx.Exec(ctx, `
		UPDATE personal_data p
		   SET name = fresh.name, id_number = fresh.id_number, phone = fresh.phone, email = fresh.email, org = fresh.org
		  FROM unnest($1::uuid[], $2::bytea[], $3::bytea[], $4::bytea[], $5::bytea[], $6::bytea[])
		       AS fresh (comment_id, name, id_number, phone, email, org)
		 WHERE p.comment_id = fresh.comment_id`, ids, names, numbers, phones, emails, orgs)
	if err != nil {
		return fmt.Errorf("write %d rows sealed anew: %w", n, err)
	}
	return nil
}
