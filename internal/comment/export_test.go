package comment

import (
	"wenji/internal/vault"

	"github.com/google/uuid"
)

// FirstCodeIndex is what a form's first 查询码 is found by, for tests that make it collide.
func FirstCodeIndex(keys *vault.KeyRing, formID uuid.UUID) []byte {
	return codeIndex(keys, receiptCode(keys, formID, 0))
}
