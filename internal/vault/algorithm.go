package vault

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/sha256"
	"fmt"
	"hash"

	"github.com/emmansun/gmsm/sm3"
	"github.com/emmansun/gmsm/sm4"
	"golang.org/x/crypto/chacha20poly1305"
)

// Algorithm says what a key seals with. It is kept beside the key in the key file, so that what an older key sealed is read
// whatever the setting is today.
type Algorithm string

const (
	// AES: values with AES-256-GCM, tokens with XChaCha20-Poly1305, digests with HMAC-SHA-256.
	AES Algorithm = "aes"
	// SM4: values and tokens with SM4-GCM (GB/T 32907-2016), digests with HMAC-SM3 (GB/T 32905-2016), as a portal needs
	// whose cryptography is assessed (密码应用安全性评估, GB/T 39786-2021).
	SM4 Algorithm = "sm4"
)

// Known tells whether it is one of the algorithms above.
func (a Algorithm) Known() bool { return a == AES || a == SM4 }

func (a Algorithm) hash() func() hash.Hash {
	if a == SM4 {
		return sm3.New
	}
	return sha256.New
}

// derive makes a key of 32 bytes for one purpose (HKDF, RFC 5869).
func (a Algorithm) derive(secret []byte, purpose string) ([]byte, error) {
	sub, err := hkdf.Key(a.hash(), secret, nil, purpose, keySize)
	if err != nil {
		return nil, fmt.Errorf("derive key for %s: %w", purpose, err)
	}
	return sub, nil
}

// values makes the AEAD for values of the database: nonce of 12 random bytes.
func (a Algorithm) values(secret []byte) (cipher.AEAD, error) {
	sub, err := a.derive(secret, purposePersonal)
	if err != nil {
		return nil, err
	}
	if a == SM4 {
		return sm4GCM(sub[:sm4.BlockSize])
	}
	block, err := aes.NewCipher(sub)
	if err != nil {
		return nil, err
	}
	return cipher.NewGCM(block)
}

// tokens makes the AEAD for tokens of one purpose: nonce of 24 random bytes.
func (a Algorithm) tokens(secret []byte, purpose string) (cipher.AEAD, error) {
	sub, err := a.derive(secret, purposeBox+purpose)
	if err != nil {
		return nil, err
	}
	if a == SM4 {
		return longNonce{sub}, nil
	}
	return chacha20poly1305.NewX(sub)
}

func sm4GCM(key []byte) (cipher.AEAD, error) {
	block, err := sm4.NewCipher(key)
	if err != nil {
		return nil, err
	}
	return cipher.NewGCM(block)
}

// longNonce is SM4-GCM for any number of tokens: the first 16 bytes of the nonce derive a key of the token's own (HKDF-SM3),
// the other 8 are the nonce under it, so that no number of tokens makes a repeat likely.
type longNonce struct{ secret []byte }

const longSalt = 16

func (longNonce) NonceSize() int { return chacha20poly1305.NonceSizeX }
func (longNonce) Overhead() int  { return gcmTag }

func (l longNonce) own(nonce []byte) (cipher.AEAD, []byte) {
	key, err := hkdf.Key(sm3.New, l.secret, nonce[:longSalt], purposeToken, sm4.BlockSize)
	if err != nil {
		panic("vault: " + err.Error()) // lengths are constants: cannot happen
	}
	aead, err := sm4GCM(key)
	if err != nil {
		panic("vault: " + err.Error())
	}
	return aead, append(make([]byte, 4, gcmNonce), nonce[longSalt:]...)
}

func (l longNonce) Seal(dst, nonce, plain, aad []byte) []byte {
	aead, short := l.own(nonce)
	return aead.Seal(dst, short, plain, aad)
}

func (l longNonce) Open(dst, nonce, sealed, aad []byte) ([]byte, error) {
	aead, short := l.own(nonce)
	return aead.Open(dst, short, sealed, aad)
}

// GCM makes the AEAD of a key of 32 bytes that was derived for one purpose; nonces are of 12 bytes.
func (a Algorithm) GCM(key []byte) (cipher.AEAD, error) {
	if len(key) != keySize {
		return nil, fmt.Errorf("a key of %d bytes", len(key))
	}
	if a == SM4 {
		return sm4GCM(key[:sm4.BlockSize])
	}
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, err
	}
	return cipher.NewGCM(block)
}
