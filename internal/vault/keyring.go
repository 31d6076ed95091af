// Package vault seals personal data: key ring, sealed fields and tokens, blind index, masks.
package vault

import (
	"context"
	"log/slog"
	"os"
	"sync"
	"sync/atomic"
	"time"
)

// KeyRing holds the keys of one portal. What is sealed is sealed with the active key; what any key of the ring sealed
// can be opened. It may be used by many goroutines, and follows its key file: a key added to the file is known soon
// after (Watch), and at once where a value sealed with it turns up. Keys never leave a ring while the program runs.
type KeyRing struct {
	path string
	set  atomic.Pointer[keySet]

	reading sync.Mutex
	read    os.FileInfo // of the file as it was read last
	looked  time.Time
}

const (
	watchPeriod = 5 * time.Second
	lookPeriod  = time.Second // an unknown key id in a stranger's token must not cost more than this
)

// Index returns a keyed digest (HMAC-SHA-256 or HMAC-SM3, 32 bytes) by which equal values can be found without storing
// them. The same purpose and value give the same digest for the life of the portal, also after keys were added; different
// purposes give unrelated digests. The caller normalises value first.
//
// The key of these digests does not rotate: receipt codes (查询码) that people hold are derived from it.
func (k *KeyRing) Index(purpose, value string) []byte { return k.set.Load().digest(purpose, value) }

// AuditKey is the key of the audit chain: stable for the life of the portal, as it is derived from the index key.
func (k *KeyRing) AuditKey() []byte { return append([]byte(nil), k.set.Load().audit...) }

// Active is the id of the key that seals at this moment, with its algorithm.
func (k *KeyRing) Active() (id string, as Algorithm) {
	s := k.set.Load()
	id = s.sealing()
	one, _ := s.key(id)
	return id, one.as
}

// Pending is the key that will seal from a later moment; false when there is none.
func (k *KeyRing) Pending() (id string, from time.Time, ok bool) {
	s := k.set.Load()
	return s.next, s.nextFrom, s.next != "" && time.Now().Before(s.nextFrom)
}

// BackupKey derives the key that seals a backup, from the active key; its id tells which key opens it again.
func (k *KeyRing) BackupKey() (id string, secret []byte, err error) {
	id, _ = k.Active()
	secret, err = k.BackupKeyOf(id)
	return id, secret, err
}

// BackupKeyOf is BackupKey for a backup made earlier; ErrSeal when the key is not in the ring.
func (k *KeyRing) BackupKeyOf(id string) ([]byte, error) {
	one, ok := k.set.Load().key(id)
	if !ok {
		return nil, ErrSeal
	}
	return one.as.derive(one.secret, purposeBackup)
}

// Watch follows the key file until ctx ends. A file that lacks a key of the ring, or has another one under its name, is
// not taken: the ring goes on as it is, and log says so.
func (k *KeyRing) Watch(ctx context.Context, log *slog.Logger) {
	tick := time.NewTicker(watchPeriod)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		before := k.set.Load()
		if err := k.Reload(); err != nil {
			log.Error("key file not taken; going on with the keys at hand", "error", err)
		} else if now := k.set.Load(); now != before {
			log.Info("key file read again", "keys", len(now.keys), "active", now.sealing())
		}
	}
}

// Reload takes the key file as it is now; it does nothing while the file is as it was read.
func (k *KeyRing) Reload() error {
	k.reading.Lock()
	defer k.reading.Unlock()
	k.looked = time.Now()
	info, err := os.Stat(k.path)
	if err != nil {
		return err
	}
	if k.read != nil && os.SameFile(info, k.read) && info.ModTime().Equal(k.read.ModTime()) && info.Size() == k.read.Size() {
		return nil
	}
	f, err := readRing(k.path)
	if err != nil {
		return err
	}
	set, err := newKeySet(f)
	if err != nil {
		return err
	}
	if old := k.set.Load(); old != nil && !set.grewFrom(old) {
		return ErrOtherKeys
	}
	k.set.Store(set)
	k.read = info
	return nil
}

// find returns the key set that knows the key id, reading the file again when this one does not.
func (k *KeyRing) find(id string) (*keySet, bool) {
	s := k.set.Load()
	if _, ok := s.personal[id]; ok {
		return s, true
	}
	k.reading.Lock()
	wait := time.Since(k.looked) < lookPeriod
	k.reading.Unlock()
	if wait || k.Reload() != nil { // what is wrong with the file, Watch tells
		return s, false
	}
	s = k.set.Load()
	_, ok := s.personal[id]
	return s, ok
}

// A ring never shows its keys, however it is printed.

func (k *KeyRing) String() string       { return redacted }
func (k *KeyRing) GoString() string     { return redacted }
func (k *KeyRing) LogValue() slog.Value { return slog.StringValue(redacted) }
