package vault

import (
	"bytes"
	"crypto/cipher"
	"crypto/hmac"
	"crypto/subtle"
	"encoding/binary"
	"fmt"
	"hash"
	"sync"
	"time"
)

const keySize = 32

// Purposes of the keys derived from those in the file. They are part of every sealed value: changing one locks out
// what was sealed before.
const (
	purposePersonal = "wenji/1/personal data"
	purposeBox      = "wenji/1/box/"
	purposeToken    = "wenji/1/token"
	purposeCheck    = "wenji/1/key check"
	purposeIndex    = "wenji/1/index"
	purposeAudit    = "wenji/1/audit chain"
	purposeBackup   = "wenji/1/backup"
)

// keySet is the content of a key file, ready for use. It does not change once made.
type keySet struct {
	active   string
	next     string // takes the place of active at nextFrom; "" for none
	nextFrom time.Time
	keys     []key // in the order of the file
	personal map[string]cipher.AEAD
	index    []byte
	indexAs  Algorithm
	indexers sync.Pool // of hash.Hash keyed with index: keying one costs as much as using it
	audit    []byte
	boxes    sync.Map // purpose → map of key id → cipher.AEAD, made when first asked for
	check    []byte   // digest that tells this index key from another
}

type key struct {
	id     string
	as     Algorithm
	secret []byte
}

// newKeySet derives every key that is used often.
func newKeySet(f *ringFile) (*keySet, error) {
	s := &keySet{
		active: f.Active, next: f.Next, nextFrom: f.NextFrom, indexAs: f.IndexAlgorithm,
		personal: make(map[string]cipher.AEAD, len(f.Keys)),
	}
	var err error
	for _, k := range f.Keys {
		s.keys = append(s.keys, key{k.ID, k.Algorithm, k.Key})
		if s.personal[k.ID], err = k.Algorithm.values(k.Key); err != nil {
			return nil, fmt.Errorf("key %s: %w", k.ID, err)
		}
	}
	for _, one := range []struct {
		to      *[]byte
		purpose string
	}{{&s.index, purposeIndex}, {&s.audit, purposeAudit}, {&s.check, purposeCheck}} {
		if *one.to, err = s.indexAs.derive(f.IndexKey, one.purpose); err != nil {
			return nil, err
		}
	}
	return s, nil
}

// sealing is the id of the key that seals at this moment.
func (s *keySet) sealing() string {
	if s.next != "" && !time.Now().Before(s.nextFrom) {
		return s.next
	}
	return s.active
}

// box holds the AEADs of one purpose.
func (s *keySet) box(purpose string) map[string]cipher.AEAD {
	if made, ok := s.boxes.Load(purpose); ok {
		return made.(map[string]cipher.AEAD)
	}
	aeads := make(map[string]cipher.AEAD, len(s.keys))
	for _, one := range s.keys {
		var err error
		if aeads[one.id], err = one.as.tokens(one.secret, purpose); err != nil {
			panic("vault: " + err.Error()) // lengths are constants: cannot happen
		}
	}
	made, _ := s.boxes.LoadOrStore(purpose, aeads)
	return made.(map[string]cipher.AEAD)
}

func (s *keySet) digest(purpose, value string) []byte {
	mac, ok := s.indexers.Get().(hash.Hash)
	if !ok {
		mac = hmac.New(s.indexAs.hash(), s.index)
	}
	b := make([]byte, 0, 128)
	b = binary.BigEndian.AppendUint32(b, uint32(len(purpose)))
	b = append(b, purpose...)
	b = append(b, value...)
	mac.Write(b)
	digest := mac.Sum(b[:0])
	mac.Reset()
	s.indexers.Put(mac)
	return digest
}

// grewFrom tells whether s can take the place of older: it has the same index key and every key of older, unchanged.
func (s *keySet) grewFrom(older *keySet) bool {
	if s.indexAs != older.indexAs || subtle.ConstantTimeCompare(s.check, older.check) != 1 {
		return false
	}
	for _, k := range older.keys {
		mine, ok := s.key(k.id)
		if !ok || mine.as != k.as || !bytes.Equal(mine.secret, k.secret) {
			return false
		}
	}
	return true
}

func (s *keySet) key(id string) (key, bool) {
	for _, k := range s.keys {
		if k.id == id {
			return k, true
		}
	}
	return key{}, false
}
