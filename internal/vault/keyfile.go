package vault

import (
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// ErrExposed: the key file can be read by others than its owner.
var ErrExposed = errors.New("key file readable by others")

// ErrKeyFile: the key file is not one, or is damaged.
var ErrKeyFile = errors.New("key file damaged")

// ringFile is the key file. Base64 keys are 32 bytes. A file without algorithms is one of AES.
type ringFile struct {
	Active         string    `json:"active"`
	Next           string    `json:"next,omitempty"`
	NextFrom       time.Time `json:"next_from,omitzero"`
	IndexKey       []byte    `json:"index_key"`
	IndexAlgorithm Algorithm `json:"index_algorithm,omitempty"`
	Keys           []fileKey `json:"keys"`
}

type fileKey struct {
	ID        string    `json:"id"`
	Created   time.Time `json:"created"`
	Algorithm Algorithm `json:"algorithm,omitempty"`
	Key       []byte    `json:"key"`
}

// Load reads the key file at path. It refuses a file that its group or the world may read (ErrExposed) and one that is
// damaged (ErrKeyFile); a missing file is fs.ErrNotExist.
func Load(path string) (*KeyRing, error) {
	k := &KeyRing{path: path}
	if err := k.Reload(); err != nil {
		return nil, err
	}
	return k, nil
}

// Create makes a key file with one fresh key of AES at path, readable by its owner alone, and returns its ring. It never
// overwrites: where a file is there already, or another process makes one meanwhile, that one is loaded. The file
// appears whole or not at all.
func Create(path string) (*KeyRing, error) { return CreateAs(path, AES) }

// CreateAs is Create with a key of another algorithm. The digests of the portal have that algorithm's hash for good.
func CreateAs(path string, as Algorithm) (*KeyRing, error) {
	f := ringFile{
		Active: "k1", IndexKey: freshKey(), IndexAlgorithm: as,
		Keys: []fileKey{{ID: "k1", Created: now(), Algorithm: as, Key: freshKey()}},
	}
	temp, err := f.writeBeside(path)
	if err != nil {
		return nil, err
	}
	err = os.Link(temp, path) // fails where path exists: the first of two processes wins
	if removal := os.Remove(temp); removal != nil && err == nil {
		err = removal
	}
	if err != nil && !errors.Is(err, fs.ErrExist) {
		return nil, fmt.Errorf("create key file: %w", err)
	}
	if err := syncDir(path); err != nil {
		return nil, err
	}
	return Load(path)
}

// AddKey adds a fresh key to the file at path and returns its id. It becomes the active one at from: a moment ahead gives
// every replica time to read the file (see Watch) before the first of them seals with the key. Older keys stay, so that
// what they sealed can still be read. Two calls at once add two keys.
func AddKey(path string, as Algorithm, from time.Time) (keyID string, err error) {
	unlock, err := lockDir(path)
	if err != nil {
		return "", err
	}
	defer unlock()
	f, err := readRing(path)
	if err != nil {
		return "", err
	}
	id := f.nextID()
	f.Keys = append(f.Keys, fileKey{ID: id, Created: now(), Algorithm: as, Key: freshKey()})
	if f.Next != "" && !f.NextFrom.After(time.Now()) {
		f.Active = f.Next
	}
	f.Next, f.NextFrom = id, from.UTC()
	if !from.After(time.Now()) {
		f.Active, f.Next, f.NextFrom = id, "", time.Time{}
	}
	temp, err := f.writeBeside(path)
	if err != nil {
		return "", err
	}
	if err := os.Rename(temp, path); err != nil {
		return "", errors.Join(fmt.Errorf("replace key file: %w", err), os.Remove(temp))
	}
	return id, syncDir(path)
}

func readRing(path string) (*ringFile, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("open key file: %w", err)
	}
	defer file.Close()
	info, err := file.Stat()
	if err != nil {
		return nil, fmt.Errorf("look at key file: %w", err)
	}
	if info.Mode().Perm()&0o077 != 0 {
		return nil, fmt.Errorf("%w: %s has mode %04o; run: chmod 400 %s", ErrExposed, path, info.Mode().Perm(), path)
	}
	var f ringFile
	decoder := json.NewDecoder(file)
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&f); err != nil {
		// The decoder's own words could quote the file: they are left out.
		return nil, fmt.Errorf("%w: %s is not a key file; restore it from its backup", ErrKeyFile, path)
	}
	f.fillIn()
	if err := f.validate(); err != nil {
		return nil, fmt.Errorf("%w: %s: %v; restore it from its backup", ErrKeyFile, path, err)
	}
	return &f, nil
}

// fillIn names the algorithm where an older file says nothing.
func (f *ringFile) fillIn() {
	if f.IndexAlgorithm == "" {
		f.IndexAlgorithm = AES
	}
	for i := range f.Keys {
		if f.Keys[i].Algorithm == "" {
			f.Keys[i].Algorithm = AES
		}
	}
}

func (f *ringFile) validate() error {
	if !f.IndexAlgorithm.Known() {
		return fmt.Errorf("index algorithm %q is not known", f.IndexAlgorithm)
	}
	if len(f.IndexKey) != keySize {
		return fmt.Errorf("index key is not %d bytes", keySize)
	}
	seen := make(map[string]bool)
	for i, k := range f.Keys {
		switch {
		case k.ID == "" || len(k.ID) > 32:
			return fmt.Errorf("key %d: its id is not 1 to 32 bytes", i+1)
		case k.ID == checkIndex:
			return fmt.Errorf("key %d: the id %q is taken", i+1, checkIndex)
		case seen[k.ID]:
			return fmt.Errorf("key id %q twice", k.ID)
		case len(k.Key) != keySize:
			return fmt.Errorf("key %q is not %d bytes", k.ID, keySize)
		case !k.Algorithm.Known():
			return fmt.Errorf("key %q: algorithm %q is not known", k.ID, k.Algorithm)
		}
		seen[k.ID] = true
	}
	if !seen[f.Active] {
		return fmt.Errorf("the active key %q is not among the keys", f.Active)
	}
	if f.Next != "" && !seen[f.Next] {
		return fmt.Errorf("the next key %q is not among the keys", f.Next)
	}
	return nil
}

// nextID counts on from the highest “k<number>”.
func (f *ringFile) nextID() string {
	highest := 0
	for _, k := range f.Keys {
		if n, err := strconv.Atoi(strings.TrimPrefix(k.ID, "k")); err == nil && n > highest {
			highest = n
		}
	}
	return "k" + strconv.Itoa(highest+1)
}

// writeBeside writes the file, whole and on disk, under a fresh name in path's folder.
func (f *ringFile) writeBeside(path string) (temp string, err error) {
	data, err := json.MarshalIndent(f, "", "  ")
	if err != nil {
		return "", fmt.Errorf("encode key file: %w", err)
	}
	var suffix [8]byte
	mustRandom(suffix[:])
	temp = path + "." + hex.EncodeToString(suffix[:])
	file, err := os.OpenFile(temp, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o400)
	if err != nil {
		return "", fmt.Errorf("write key file: %w", err)
	}
	_, err = file.Write(append(data, '\n'))
	if err == nil {
		err = file.Sync()
	}
	if closing := file.Close(); err == nil {
		err = closing
	}
	if err != nil {
		return "", errors.Join(fmt.Errorf("write key file: %w", err), os.Remove(temp))
	}
	return temp, nil
}

// lockDir holds the folder of path until unlock: AddKey replaces the file, so the file itself cannot be the lock.
func lockDir(path string) (unlock func(), err error) {
	dir, err := os.Open(filepath.Dir(path))
	if err != nil {
		return nil, fmt.Errorf("lock key file: %w", err)
	}
	if err := syscall.Flock(int(dir.Fd()), syscall.LOCK_EX); err != nil {
		return nil, errors.Join(fmt.Errorf("lock key file: %w", err), dir.Close())
	}
	return func() { dir.Close() }, nil // closing lets the lock go
}

func syncDir(path string) error {
	dir, err := os.Open(filepath.Dir(path))
	if err != nil {
		return fmt.Errorf("write key file: %w", err)
	}
	err = dir.Sync()
	if closing := dir.Close(); err == nil {
		err = closing
	}
	if err != nil {
		return fmt.Errorf("write key file: %w", err)
	}
	return nil
}

func freshKey() []byte {
	k := make([]byte, keySize)
	mustRandom(k)
	return k
}

func now() time.Time { return time.Now().UTC().Truncate(time.Second) }
