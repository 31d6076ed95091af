package audit

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"hash"
	"strconv"
	"strings"
	"time"

	"github.com/google/uuid"
)

// encodingVersion opens each encoded entry, so that a later encoding cannot be taken for this one.
const encodingVersion = 1

// stored is an entry as the database holds it.
type stored struct {
	id     uuid.UUID
	tx     int64
	at     time.Time
	actor  string
	role   string
	action string
	about  string // consultation id
	what   string // subject
	detail string
}

// columns of stored, in the order of targets.
const columns = `e.id, e.tx, e.at, e.actor, e.role, e.action, e.consultation_id, e.subject, e.detail`

func (s *stored) targets() []any {
	return []any{&s.id, &s.tx, &s.at, &s.actor, &s.role, &s.action, &s.about, &s.what, &s.detail}
}

// encode appends the entry in a form that no other entry has: fixed-width numbers, time in UTC microseconds, and each
// text behind its length in bytes.
func (s *stored) encode(b []byte) []byte {
	b = append(b, encodingVersion)
	b = append(b, s.id[:]...)
	b = binary.BigEndian.AppendUint64(b, uint64(s.tx))
	b = binary.BigEndian.AppendUint64(b, uint64(s.at.UnixMicro()))
	for _, text := range [...]string{s.actor, s.role, s.action, s.about, s.what, s.detail} {
		b = binary.BigEndian.AppendUint32(b, uint32(len(text)))
		b = append(b, text...)
	}
	return b
}

// chain computes digests: HMAC-SHA-256(key, previous digest || entry). The digest before the first is 32 zero bytes.
type chain struct {
	mac    hash.Hash
	buffer []byte
}

func newChain(key []byte) *chain { return &chain{mac: hmac.New(sha256.New, key)} }

var firstDigest = make([]byte, sha256.Size)

// next returns the digest of s standing behind an entry with digest previous.
func (c *chain) next(previous []byte, s *stored) []byte {
	c.mac.Reset()
	c.buffer = s.encode(append(c.buffer[:0], previous...))
	c.mac.Write(c.buffer)
	return c.mac.Sum(nil)
}

// Anchor is the end of the chain at some moment. Kept outside the database (on paper, in another log), it proves later
// that the chain was not cut off and written anew from there.
type Anchor struct {
	Position int64
	Digest   []byte
}

// String is the form to write down: position, colon, digest in URL-safe base64.
func (a Anchor) String() string {
	return strconv.FormatInt(a.Position, 10) + ":" + base64.RawURLEncoding.EncodeToString(a.Digest)
}

var errAnchor = errors.New("an anchor looks like 1234:… with 43 characters behind the colon")

// ParseAnchor reads what String wrote.
func ParseAnchor(s string) (Anchor, error) {
	position, digest, found := strings.Cut(strings.TrimSpace(s), ":")
	if !found {
		return Anchor{}, errAnchor
	}
	n, err := strconv.ParseInt(position, 10, 64)
	if err != nil || n < 1 {
		return Anchor{}, errAnchor
	}
	d, err := base64.RawURLEncoding.DecodeString(digest)
	if err != nil || len(d) != sha256.Size {
		return Anchor{}, fmt.Errorf("%w (position %d)", errAnchor, n)
	}
	return Anchor{n, d}, nil
}
