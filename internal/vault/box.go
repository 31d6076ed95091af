package vault

import (
	"crypto/cipher"
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"strings"

	"golang.org/x/crypto/chacha20poly1305"
)

// ErrSeal: a sealed value or token is not ours, was changed, belongs to another place, or its key is not in the ring.
// Which of them is not told.
var ErrSeal = errors.New("seal broken or unknown")

const sealVersion = 1

// Box seals tokens, cookies and forms that travel through a browser. Anyone can make the portal seal tokens without
// end, so the nonce is 24 random bytes (XChaCha20-Poly1305): no number of tokens makes a repeat likely.
type Box struct {
	active string
	aeads  map[string]cipher.AEAD
}

var tokenEncoding = base64.RawURLEncoding.Strict()

// Box returns the box for one purpose; its keys are derived once. What one purpose sealed, another cannot open.
func (k *KeyRing) Box(purpose string) *Box {
	if made, ok := k.boxes.Load(purpose); ok {
		return made.(*Box)
	}
	made, _ := k.boxes.LoadOrStore(purpose, k.newBox(purpose))
	return made.(*Box)
}

func (k *KeyRing) newBox(purpose string) *Box {
	b := &Box{active: k.active, aeads: make(map[string]cipher.AEAD, len(k.keys))}
	for _, one := range k.keys {
		sub, err := derive(one.secret, purposeBox+purpose)
		if err != nil {
			panic("vault: " + err.Error()) // lengths are constants: cannot happen
		}
		if b.aeads[one.id], err = chacha20poly1305.NewX(sub); err != nil {
			panic("vault: " + err.Error())
		}
	}
	return b
}

// Seal returns plain as a URL-safe token that only Open with the same aad gives back. The token is
// 4/3 × (42 + length of the key id + length of plain) characters.
func (b *Box) Seal(plain []byte, aad string) string {
	aead := b.aeads[b.active]
	head := 2 + len(b.active)
	raw := make([]byte, head+aead.NonceSize(), head+aead.NonceSize()+len(plain)+aead.Overhead())
	putHeader(raw, b.active)
	nonce := raw[head:]
	mustRandom(nonce)
	return tokenEncoding.EncodeToString(aead.Seal(raw, nonce, plain, []byte(aad)))
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
	id, rest, err := cutHeader(raw)
	if err != nil {
		return nil, err
	}
	aead, ok := b.aeads[string(id)]
	if !ok || len(rest) < aead.NonceSize() {
		return nil, ErrSeal
	}
	plain, err := aead.Open(nil, rest[:aead.NonceSize()], rest[aead.NonceSize():], []byte(aad))
	if err != nil {
		return nil, ErrSeal
	}
	return plain, nil
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
