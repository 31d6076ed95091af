// Package vault seals personal data: key ring, sealed fields and tokens, blind index, masks.
package vault

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"hash"
	"log/slog"
	"sync"
)

const keySize = 32

// Purposes of the keys derived from those in the file. They are part of every sealed value: changing one locks out
// what was sealed before.
const (
	purposePersonal = "wenji/1/personal data"
	purposeBox      = "wenji/1/box/"
	purposeCheck    = "wenji/1/key check"
	purposeIndex    = "wenji/1/index"
	purposeAudit    = "wenji/1/audit chain"
)

// KeyRing holds the keys of one portal. What is sealed is sealed with the active key; what any key of the ring sealed
// can be opened. A ring does not change once made and may be used by many goroutines.
type KeyRing struct {
	active   string
	keys     []key // in the order of the file
	personal map[string]cipher.AEAD
	index    []byte
	indexers sync.Pool // of hash.Hash keyed with index: keying one costs as much as using it
	audit    []byte
	boxes    sync.Map // purpose → *Box, made when first asked for
	check    []byte   // digest that tells this index key from another
}

type key struct {
	id     string
	secret []byte
}

// newKeyRing derives every key that is used often.
func newKeyRing(active string, indexKey []byte, keys []key) (*KeyRing, error) {
	k := &KeyRing{active: active, keys: keys, personal: make(map[string]cipher.AEAD, len(keys))}
	for _, one := range keys {
		sub, err := derive(one.secret, purposePersonal)
		if err != nil {
			return nil, err
		}
		block, err := aes.NewCipher(sub)
		if err != nil {
			return nil, fmt.Errorf("key %s: %w", one.id, err)
		}
		if k.personal[one.id], err = cipher.NewGCM(block); err != nil {
			return nil, fmt.Errorf("key %s: %w", one.id, err)
		}
	}
	var err error
	if k.index, err = derive(indexKey, purposeIndex); err != nil {
		return nil, err
	}
	if k.audit, err = derive(indexKey, purposeAudit); err != nil {
		return nil, err
	}
	if k.check, err = derive(indexKey, purposeCheck); err != nil {
		return nil, err
	}
	return k, nil
}

func derive(secret []byte, purpose string) ([]byte, error) {
	sub, err := hkdf.Key(sha256.New, secret, nil, purpose, keySize)
	if err != nil {
		return nil, fmt.Errorf("derive key for %s: %w", purpose, err)
	}
	return sub, nil
}

// Index returns a keyed digest (HMAC-SHA-256, 32 bytes) by which equal values can be found without storing them. The
// same purpose and value give the same digest for the life of the portal, also after keys were added; different
// purposes give unrelated digests. The caller normalises value first.
func (k *KeyRing) Index(purpose, value string) []byte {
	mac, ok := k.indexers.Get().(hash.Hash)
	if !ok {
		mac = hmac.New(sha256.New, k.index)
	}
	b := make([]byte, 0, 128)
	b = binary.BigEndian.AppendUint32(b, uint32(len(purpose)))
	b = append(b, purpose...)
	b = append(b, value...)
	mac.Write(b)
	digest := mac.Sum(b[:0])
	mac.Reset()
	k.indexers.Put(mac)
	return digest
}

// AuditKey is the key of the audit chain: stable for the life of the portal, as it is derived from the index key.
func (k *KeyRing) AuditKey() []byte { return append([]byte(nil), k.audit...) }

// A ring never shows its keys, however it is printed.

func (k *KeyRing) String() string       { return redacted }
func (k *KeyRing) GoString() string     { return redacted }
func (k *KeyRing) LogValue() slog.Value { return slog.StringValue(redacted) }
