package comment

import (
	"context"

	"wenji/internal/vault"

	"github.com/google/uuid"
)

// FirstCodeIndex is what a form's first 查询码 is found by, for tests that make it collide.
func FirstCodeIndex(keys *vault.KeyRing, formID uuid.UUID) []byte {
	return codeIndex(keys, receiptCode(keys, formID, 0))
}

// IndexOnce reads one batch into the search.
func (s *Store) IndexOnce(ctx context.Context) (int, error) {
	return s.indexOnce(ctx, indexBatch, leastFirst)
}

// StaffSQL and PublicSQL are the statements of a search when everything has been read.
func StaffSQL(f SearchFilter) (string, []any) {
	words, _ := SearchWords(f.Query)
	return staffSearch.sql(f, words, unread{})
}

// PublicSQL: see StaffSQL.
func PublicSQL(f SearchFilter) (string, []any) {
	words, _ := SearchWords(f.Query)
	return publicSearch.sql(f, words, unread{})
}
