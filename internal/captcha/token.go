package captcha

import (
	"encoding/binary"
	"fmt"
	"time"

	"wenji/internal/apperr"

	"github.com/google/uuid"
)

// tokenPlace is authenticated with each token.
const tokenPlace = "captcha token 1"

type kind byte

const (
	challenge kind = 1
	pass      kind = 2
)

type seed [16]byte

// content is what a token seals.
type content struct {
	kind   kind
	formID uuid.UUID
	issued time.Time // to the second
	seed   seed      // challenge only: names the challenge
	digits [Length]byte
}

const (
	passSize      = 1 + 16 + 8
	challengeSize = passSize + 16 + Length
)

func (c *Challenges) seal(t content) string {
	b := make([]byte, 0, challengeSize)
	b = append(b, byte(t.kind))
	b = append(b, t.formID[:]...)
	b = binary.BigEndian.AppendUint64(b, uint64(t.issued.Unix()))
	if t.kind == challenge {
		b = append(b, t.seed[:]...)
		b = append(b, t.digits[:]...)
	}
	return c.box.Seal(b, tokenPlace)
}

// open returns apperr.ErrNotFound for a token that is not ours.
func (c *Challenges) open(token string) (content, error) {
	b, err := c.box.Open(token, tokenPlace)
	if err != nil || len(b) < passSize {
		return content{}, fmt.Errorf("captcha token: %w", apperr.ErrNotFound)
	}
	t := content{
		kind:   kind(b[0]),
		formID: uuid.UUID(b[1:17]),
		issued: time.Unix(int64(binary.BigEndian.Uint64(b[17:25])), 0),
	}
	switch {
	case t.kind == pass && len(b) == passSize:
	case t.kind == challenge && len(b) == challengeSize:
		copy(t.seed[:], b[passSize:])
		copy(t.digits[:], b[passSize+len(t.seed):])
	default:
		return content{}, fmt.Errorf("captcha token: %w", apperr.ErrNotFound)
	}
	return t, nil
}

// openChallenge is open for a challenge that may still be shown.
func (c *Challenges) openChallenge(token string) (content, error) {
	t, err := c.open(token)
	switch {
	case err != nil:
		return content{}, err
	case t.kind != challenge:
		return content{}, fmt.Errorf("captcha token without a challenge: %w", apperr.ErrNotFound)
	case t.olderThan(Lifetime, c.db.Now()):
		return content{}, fmt.Errorf("captcha challenge: %w", apperr.ErrExpired)
	}
	return t, nil
}

func (t content) olderThan(age time.Duration, now time.Time) bool {
	return !now.Before(t.issued.Add(age))
}
