package vault

import (
	"bytes"
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"slices"
	"strings"
)

// ErrSeal: a sealed value or token is not ours, was changed, belongs to another place, or its key is not in the ring.
// Which of them is not told.
var ErrSeal = errors.New("seal broken or unknown")

const sealVersion = 1

// Box seals tokens, cookies and forms that travel through a browser. Anyone can make the portal seal tokens without
// end, so the nonce is 24 random bytes: no number of tokens makes a repeat likely.
type Box struct {
	ring    *KeyRing
	purpose string
}

var tokenEncoding = base64.RawURLEncoding.Strict()

// Box returns the box for one purpose. What one purpose sealed, another cannot open.
func (k *KeyRing) Box(purpose string) *Box { return &Box{k, purpose} }

// Seal returns plain as a URL-safe token that only Open with the same aad gives back. The token is
// 4/3 × (42 + length of the key id + length of plain) characters.
func (b *Box) Seal(plain []byte, aad string) string {
	return string(b.SealIn(new(Scratch), plain, aad))
}

// Scratch is memory that SealIn and OpenIn use again for one large text after another; the zero value is ready.
type Scratch struct{ raw, token []byte }

// SealIn is Seal into the memory of m: the token lasts until m is used again.
func (b *Box) SealIn(m *Scratch, plain []byte, aad string) (token []byte) {
	set := b.ring.set.Load()
	active := set.sealing()
	aead := set.box(b.purpose)[active]
	head := 2 + len(active)
	m.raw = slices.Grow(m.raw[:0], head+aead.NonceSize()+len(plain)+aead.Overhead())
	raw := m.raw[:head+aead.NonceSize()]
	putHeader(raw, active)
	nonce := raw[head:]
	mustRandom(nonce)
	m.token = tokenEncoding.AppendEncode(m.token[:0], aead.Seal(raw, nonce, plain, []byte(aad)))
	return m.token
}

// Open returns what was sealed, or ErrSeal on anything wrong. Each token has one spelling: a second one (line breaks,
// stray bits at the end) is refused.
func (b *Box) Open(token, aad string) ([]byte, error) {
	if strings.ContainsAny(token, "\r\n") {
		return nil, ErrSeal
	}
	raw, err := tokenEncoding.DecodeString(token)
	if err != nil {
		return nil, ErrSeal
	}
	return b.unseal(raw, aad)
}

// OpenIn is Open in the memory of m: what it returns lasts until m is used again.
func (b *Box) OpenIn(m *Scratch, token []byte, aad string) ([]byte, error) {
	if bytes.ContainsAny(token, "\r\n") {
		return nil, ErrSeal
	}
	var err error
	if m.raw, err = tokenEncoding.AppendDecode(m.raw[:0], token); err != nil {
		return nil, ErrSeal
	}
	return b.unseal(m.raw, aad)
}

// unseal opens raw in its own place.
func (b *Box) unseal(raw []byte, aad string) ([]byte, error) {
	id, rest, err := cutHeader(raw)
	if err != nil {
		return nil, err
	}
	set, ok := b.ring.find(string(id))
	if !ok {
		return nil, ErrSeal
	}
	aead := set.box(b.purpose)[string(id)]
	if len(rest) < aead.NonceSize() {
		return nil, ErrSeal
	}
	nonce, sealed := rest[:aead.NonceSize()], rest[aead.NonceSize():]
	plain, err := aead.Open(sealed[:0], nonce, sealed, []byte(aad))
	if err != nil {
		return nil, ErrSeal
	}
	return plain, nil
}

// Renew seals a stored token anew when another key than the active one sealed it; false: it is as it should be.
func (b *Box) Renew(token, aad string) (fresh string, changed bool, err error) {
	raw, err := tokenEncoding.DecodeString(token)
	if err != nil {
		return "", false, ErrSeal
	}
	id, _, err := cutHeader(raw)
	if err != nil {
		return "", false, err
	}
	if active, _ := b.ring.Active(); string(id) == active {
		return token, false, nil
	}
	plain, err := b.Open(token, aad)
	if err != nil {
		return "", false, err
	}
	return b.Seal(plain, aad), true, nil
}

// putHeader writes version, length of the key id and key id.
func putHeader(dst []byte, id string) {
	dst[0] = sealVersion
	dst[1] = byte(len(id))
	copy(dst[2:], id)
}

// cutHeader splits a sealed value into key id and the rest.
func cutHeader(raw []byte) (id, rest []byte, err error) {
	if len(raw) < 2 || raw[0] != sealVersion || len(raw) < 2+int(raw[1]) {
		return nil, nil, ErrSeal
	}
	return raw[2 : 2+int(raw[1])], raw[2+int(raw[1]):], nil
}

// mustRandom fills b; since Go 1.24 crypto/rand never returns an error (it ends the program instead).
func mustRandom(b []byte) {
	if _, err := rand.Read(b); err != nil {
		panic(fmt.Sprintf("vault: no random bytes: %v", err))
	}
}
