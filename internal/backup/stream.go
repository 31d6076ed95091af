package backup

import (
	"bufio"
	"bytes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/rand"
	"crypto/sha256"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"time"

	"wenji/internal/vault"

	"golang.org/x/crypto/argon2"
)

var (
	// ErrNotBackup: the file is not one of wenji backup.
	ErrNotBackup = errors.New("not a backup")
	// ErrKey: the key file lacks the key, or the passphrase is another one.
	ErrKey = errors.New("backup of another key")
	// ErrDamaged: the file was cut off or changed.
	ErrDamaged = errors.New("backup damaged")
)

// magic begins every backup; the number is the version of the form.
const magic = "wenji backup 1\n"

// chunk is how much is sealed at once: a reader holds no more in memory, and gives out nothing that was not checked.
const chunk = 64 << 10

// header stands in the clear at the beginning of a backup, as a line of JSON. Every chunk is bound to it.
type header struct {
	Created   time.Time       `json:"created"`
	Algorithm vault.Algorithm `json:"algorithm"`
	KeyID     string          `json:"key_id,omitempty"` // of the key file; empty: a passphrase
	Salt      []byte          `json:"salt"`             // of this backup's own key
}

// Secret is what seals a backup: a key of the key file, or a passphrase that is kept elsewhere.
type Secret struct {
	Keys       *vault.KeyRing
	Passphrase []byte // takes the place of Keys when set
	Algorithm  vault.Algorithm
}

// begin makes the header and the AEAD of a new backup.
func (s Secret) begin(at time.Time) (header, cipher.AEAD, error) {
	h := header{Created: at.UTC().Truncate(time.Second), Algorithm: s.Algorithm, Salt: make([]byte, 32)}
	if _, err := rand.Read(h.Salt); err != nil {
		return h, nil, err
	}
	if s.Passphrase == nil {
		h.KeyID, h.Algorithm = s.Keys.Active()
	}
	aead, err := s.aead(h)
	return h, aead, err
}

// aead derives the key of one backup: no two have the same, so that chunk numbers may be nonces.
func (s Secret) aead(h header) (cipher.AEAD, error) {
	var key []byte
	switch {
	case !h.Algorithm.Known():
		return nil, ErrNotBackup
	case (h.KeyID == "") != (s.Passphrase != nil):
		return nil, ErrKey
	case s.Passphrase != nil:
		key = argon2.IDKey(s.Passphrase, h.Salt, 3, 64<<10, 1, 32) // RFC 9106 §4, second choice, with one lane
	default:
		secret, err := s.Keys.BackupKeyOf(h.KeyID)
		if err != nil {
			return nil, ErrKey
		}
		if key, err = hkdf.Key(sha256.New, secret, h.Salt, "wenji/1/backup file", 32); err != nil {
			return nil, err
		}
	}
	return h.Algorithm.GCM(key)
}

// sealer writes chunks of sealed text: nonce is the chunk's number and whether it is the last (the STREAM construction of
// Hoang, Reyhanitabar, Rogaway and Vizár), so that chunks can be neither left out, moved, nor cut off.
type sealer struct {
	to     io.Writer
	aead   cipher.AEAD
	aad    []byte
	number uint64
	buffer []byte
}

func newSealer(to io.Writer, h header, aead cipher.AEAD) (*sealer, error) {
	line, err := json.Marshal(h)
	if err != nil {
		return nil, err
	}
	if _, err := io.WriteString(to, magic+string(line)+"\n"); err != nil {
		return nil, err
	}
	return &sealer{to: to, aead: aead, aad: line, buffer: make([]byte, 0, chunk)}, nil
}

func (s *sealer) Write(p []byte) (n int, err error) {
	for len(p) > 0 {
		if len(s.buffer) == chunk { // a full buffer is sealed once more follows: the last chunk must be known as such
			if err := s.flush(false); err != nil {
				return n, err
			}
		}
		k := copy(s.buffer[len(s.buffer):chunk], p)
		s.buffer = s.buffer[:len(s.buffer)+k]
		p, n = p[k:], n+k
	}
	return n, nil
}

// Close seals the last chunk. A stream that was not closed is cut off.
func (s *sealer) Close() error { return s.flush(true) }

func (s *sealer) flush(last bool) error {
	sealed := s.aead.Seal(nil, nonce(s.number, last), s.buffer, s.aad)
	s.number++
	s.buffer = s.buffer[:0]
	var size [4]byte
	binary.BigEndian.PutUint32(size[:], uint32(len(sealed)))
	if _, err := s.to.Write(size[:]); err != nil {
		return err
	}
	_, err := s.to.Write(sealed)
	return err
}

func nonce(number uint64, last bool) []byte {
	n := make([]byte, 12)
	binary.BigEndian.PutUint64(n, number)
	if last {
		n[11] = 1
	}
	return n
}

// opener reads what a sealer wrote, and gives out only what was checked.
type opener struct {
	from   *bufio.Reader
	aead   cipher.AEAD
	aad    []byte
	number uint64
	plain  []byte
	ended  bool
}

// newOpener reads the header and makes the reader of what follows.
func newOpener(from io.Reader, secret Secret) (*opener, header, error) {
	var h header
	r := bufio.NewReaderSize(from, 2*chunk)
	begin := make([]byte, len(magic))
	if _, err := io.ReadFull(r, begin); err != nil || string(begin) != magic {
		return nil, h, ErrNotBackup
	}
	line, err := r.ReadSlice('\n')
	if err != nil || len(line) > 4096 {
		return nil, h, ErrNotBackup
	}
	line = bytes.Clone(bytes.TrimSuffix(line, []byte("\n")))
	if err := json.Unmarshal(line, &h); err != nil {
		return nil, h, ErrNotBackup
	}
	aead, err := secret.aead(h)
	if err != nil {
		return nil, h, err
	}
	o := &opener{from: r, aead: aead, aad: line}
	if err := o.next(); err != nil {
		return nil, h, fmt.Errorf("%w, or another key", err)
	}
	return o, h, nil
}

func (o *opener) Read(p []byte) (int, error) {
	for len(o.plain) == 0 {
		if o.ended {
			return 0, io.EOF
		}
		if err := o.next(); err != nil {
			return 0, err
		}
	}
	n := copy(p, o.plain)
	o.plain = o.plain[n:]
	return n, nil
}

// next opens one chunk. The one behind which the file ends must be the last, and nothing may follow the last.
func (o *opener) next() error {
	var size [4]byte
	if _, err := io.ReadFull(o.from, size[:]); err != nil {
		return ErrDamaged
	}
	n := binary.BigEndian.Uint32(size[:])
	if n < uint32(o.aead.Overhead()) || n > chunk+uint32(o.aead.Overhead()) {
		return ErrDamaged
	}
	sealed := make([]byte, n)
	if _, err := io.ReadFull(o.from, sealed); err != nil {
		return ErrDamaged
	}
	_, err := o.from.Peek(1)
	o.ended = errors.Is(err, io.EOF)
	if o.plain, err = o.aead.Open(sealed[:0], nonce(o.number, o.ended), sealed, o.aad); err != nil {
		return ErrDamaged
	}
	o.number++
	return nil
}
