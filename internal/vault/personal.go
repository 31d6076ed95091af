package vault

import (
	"context"
	"errors"
	"fmt"

	"wenji/internal/apperr"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
)

// Personal is what identifies a commenter, in the clear.
type Personal struct {
	Name, IDNumber, Phone, Email, Org Secret
}

// Sealed is Personal as the columns of table personal_data hold it; nil where there is no value.
type Sealed struct {
	Name, IDNumber, Phone, Email, Org []byte
	IdentityIndex                     []byte // finds the same commenter; nil without ID number and phone
}

const (
	gcmNonce = 12
	gcmTag   = 16
)

// Seal seals each value for its own place: table, column and row are authenticated with it (GCM), so that a
// value moved elsewhere does not open. A sealed value is: version, length of key id, key id, nonce, ciphertext.
// IdentityIndex is the Index of the ID number, or of the phone where there is none; both must be normalised.
func (k *KeyRing) Seal(commentID uuid.UUID, p Personal) (Sealed, error) {
	var s Sealed
	fields := [...]struct {
		column string
		value  Secret
		sealed *[]byte
	}{
		{"name", p.Name, &s.Name},
		{"id_number", p.IDNumber, &s.IDNumber},
		{"phone", p.Phone, &s.Phone},
		{"email", p.Email, &s.Email},
		{"org", p.Org, &s.Org},
	}
	set := k.set.Load()
	active := set.sealing()
	aead := set.personal[active]
	head := 2 + len(active)
	aad := make([]byte, 0, 64)
	size := 0
	for _, f := range fields {
		if !f.value.Empty() {
			size += head + gcmNonce + len(f.value.value) + gcmTag
		}
	}
	all := make([]byte, size) // one allocation; each value below is a slice of it
	for _, f := range fields {
		if f.value.Empty() {
			continue
		}
		end := head + gcmNonce + len(f.value.value) + gcmTag
		out := all[: head+gcmNonce : end]
		all = all[end:]
		putHeader(out, active)
		nonce := out[head:]
		mustRandom(nonce)
		plain := out[head+gcmNonce : end-gcmTag]
		copy(plain, f.value.value)
		*f.sealed = aead.Seal(out, nonce, plain, place(&aad, f.column, commentID))
	}
	switch {
	case !p.IDNumber.Empty():
		s.IdentityIndex = k.Index("identity", p.IDNumber.value)
	case !p.Phone.Empty():
		s.IdentityIndex = k.Index("identity", p.Phone.value)
	}
	return s, nil
}

// Open opens every value of one row. It fails with ErrSeal, naming the column, when a value was changed, belongs to
// another row or column, or was sealed with a key that is not in the ring. IdentityIndex is not looked at.
func (k *KeyRing) Open(commentID uuid.UUID, s Sealed) (Personal, error) {
	var p Personal
	fields := [...]struct {
		column string
		sealed []byte
		value  *Secret
	}{
		{"name", s.Name, &p.Name},
		{"id_number", s.IDNumber, &p.IDNumber},
		{"phone", s.Phone, &p.Phone},
		{"email", s.Email, &p.Email},
		{"org", s.Org, &p.Org},
	}
	buffer, aad := make([]byte, 0, 128), make([]byte, 0, 64) // enough for most values: one allocation for all
	for _, f := range fields {
		if f.sealed == nil {
			continue
		}
		plain, err := k.openValue(buffer, f.sealed, place(&aad, f.column, commentID))
		if err != nil {
			return Personal{}, fmt.Errorf("open %s of comment %s: %w", f.column, commentID, err)
		}
		*f.value = Secret{string(plain)}
	}
	return p, nil
}

// openValue appends the opened value to buffer[:0], or to a larger one.
func (k *KeyRing) openValue(buffer, sealed, aad []byte) ([]byte, error) {
	id, rest, err := cutHeader(sealed)
	if err != nil {
		return nil, err
	}
	set, ok := k.find(string(id))
	if !ok || len(rest) < gcmNonce+gcmTag {
		return nil, ErrSeal
	}
	plain, err := set.personal[string(id)].Open(buffer[:0], rest[:gcmNonce], rest[gcmNonce:], aad)
	if err != nil {
		return nil, ErrSeal
	}
	return plain, nil
}

// place is the associated data of a value: where it belongs. It is written into b.
func place(b *[]byte, column string, row uuid.UUID) []byte {
	*b = append((*b)[:0], sealVersion)
	*b = append(*b, "|personal_data|"...)
	*b = append(*b, column...)
	*b = append(*b, '|')
	*b = append(*b, row[:]...)
	return *b
}

// Read returns the sealed row of a comment, or apperr.ErrNotFound when there is none (never stored, or erased).
func Read(ctx context.Context, tx pgx.Tx, commentID uuid.UUID) (Sealed, error) {
	var s Sealed
	err := tx.QueryRow(ctx, `
		SELECT name, id_number, phone, email, org, identity_index
		  FROM personal_data
		 WHERE comment_id = $1`, commentID).
		Scan(&s.Name, &s.IDNumber, &s.Phone, &s.Email, &s.Org, &s.IdentityIndex)
	if errors.Is(err, pgx.ErrNoRows) {
		return Sealed{}, fmt.Errorf("personal data of comment %s: %w", commentID, apperr.ErrNotFound)
	}
	if err != nil {
		return Sealed{}, fmt.Errorf("read personal data of comment %s: %w", commentID, err)
	}
	return s, nil
}
