package comment

import (
	"encoding/binary"
	"fmt"
	"strconv"
	"strings"
	"time"

	"wenji/internal/vault"

	"github.com/google/uuid"
)

// Receipt is what a citizen holds after submitting. Code is known to the citizen alone: the database keeps a keyed hash.
type Receipt struct {
	ConsultationID string
	Number         int
	State          State
	ReceivedAt     time.Time
	Code           string // 查询码: 12 digits, the last one a check digit (ISO/IEC 7812-1 annex B, “Luhn”)
}

// receiptCode derives a form's 查询码 from the key ring and the form's random id, so that the same form always gets the
// same code back while nothing that tells the code is stored. attempt tells apart the codes tried after a collision.
func receiptCode(keys *vault.KeyRing, formID uuid.UUID, attempt int) string {
	sum := keys.Index("receipt code", formID.String()+"|"+strconv.Itoa(attempt))
	digits := fmt.Sprintf("%011d", binary.BigEndian.Uint64(sum)%100_000_000_000)
	return digits + string(luhnDigit(digits))
}

// ValidCode tells whether code is 12 digits with a right check digit.
func ValidCode(code string) bool {
	if len(code) != 12 || strings.Trim(code, "0123456789") != "" {
		return false
	}
	return luhnDigit(code[:11]) == code[11]
}

// luhnDigit computes the check digit that follows digits.
func luhnDigit(digits string) byte {
	sum := 0
	for i := range len(digits) {
		d := int(digits[len(digits)-1-i] - '0')
		if i%2 == 0 {
			d *= 2
			if d > 9 {
				d -= 9
			}
		}
		sum += d
	}
	return byte('0' + (10-sum%10)%10)
}

func codeIndex(keys *vault.KeyRing, code string) []byte { return keys.Index("code", code) }

// tailIndex binds the last four digits of the phone to one comment, so that equal tails of two people differ.
func tailIndex(keys *vault.KeyRing, id uuid.UUID, tail string) []byte {
	return keys.Index("phone tail", id.String()+"|"+tail)
}
