package vault

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"
)

func newFile(t testing.TB) (string, *KeyRing) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "keys.json")
	k, err := Create(path)
	if err != nil {
		t.Fatal(err)
	}
	return path, k
}

func TestCreateMakesAFileForItsOwnerAlone(t *testing.T) {
	path, _ := newFile(t)
	info, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	if got := info.Mode().Perm(); got != 0o400 {
		t.Errorf("mode %04o, want 0400", got)
	}
	if names, err := filepath.Glob(path + "*"); err != nil || len(names) != 1 {
		t.Errorf("files %v (%v), want the key file alone", names, err)
	}
}

func TestCreateNeverOverwrites(t *testing.T) {
	path, first := newFile(t)
	token := first.Box("t").Seal([]byte("x"), "")
	second, err := Create(path)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := second.Box("t").Open(token, ""); err != nil {
		t.Errorf("the second ring cannot open what the first sealed: %v", err)
	}
}

func TestManyCreatesAtOnceEndWithOneRing(t *testing.T) {
	path := filepath.Join(t.TempDir(), "keys.json")
	rings := make([]*KeyRing, 16)
	var all sync.WaitGroup
	for i := range rings {
		all.Go(func() {
			k, err := Create(path)
			if err != nil {
				t.Error(err)
			}
			rings[i] = k
		})
	}
	all.Wait()
	if t.Failed() {
		t.FailNow()
	}
	token := rings[0].Box("t").Seal([]byte("x"), "")
	for i, k := range rings {
		if _, err := k.Box("t").Open(token, ""); err != nil {
			t.Errorf("ring %d is another ring", i)
		}
	}
}

func TestLoadRefusesAFileOthersMayRead(t *testing.T) {
	for _, mode := range []fs.FileMode{0o440, 0o404, 0o644, 0o620, 0o602} {
		path, _ := newFile(t)
		if err := os.Chmod(path, mode); err != nil {
			t.Fatal(err)
		}
		_, err := Load(path)
		if !errors.Is(err, ErrExposed) {
			t.Errorf("mode %04o: %v, want ErrExposed", mode, err)
			continue
		}
		if !strings.Contains(err.Error(), "chmod 400 "+path) {
			t.Errorf("mode %04o: %q does not say how to mend it", mode, err)
		}
	}
}

func TestLoadRefusesAFileThatIsNotARing(t *testing.T) {
	key := "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="
	for name, text := range map[string]string{
		"empty":            "",
		"cut off":          `{"active":"k1","index_key":"` + key,
		"short index key":  `{"active":"k1","index_key":"AAAA","keys":[{"id":"k1","created":"2025-01-01T00:00:00Z","key":"` + key + `"}]}`,
		"no index key":     `{"active":"k1","keys":[{"id":"k1","created":"2025-01-01T00:00:00Z","key":"` + key + `"}]}`,
		"short key":        `{"active":"k1","index_key":"` + key + `","keys":[{"id":"k1","created":"2025-01-01T00:00:00Z","key":"AAAA"}]}`,
		"no active key":    `{"active":"k2","index_key":"` + key + `","keys":[{"id":"k1","created":"2025-01-01T00:00:00Z","key":"` + key + `"}]}`,
		"same id twice":    `{"active":"k","index_key":"` + key + `","keys":[{"id":"k","key":"` + key + `"},{"id":"k","key":"` + key + `"}]}`,
		"reserved id":      `{"active":"index","index_key":"` + key + `","keys":[{"id":"index","key":"` + key + `"}]}`,
		"unknown contents": `{"active":"k1","secret":"x"}`,
	} {
		path := filepath.Join(t.TempDir(), "keys.json")
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		_, err := Load(path)
		if !errors.Is(err, ErrKeyFile) {
			t.Errorf("%s: %v, want ErrKeyFile", name, err)
		} else if strings.Contains(err.Error(), key) {
			t.Errorf("%s: the error quotes a key", name)
		}
	}
}

func TestLoadOfAMissingFileIsNotExist(t *testing.T) {
	if _, err := Load(filepath.Join(t.TempDir(), "keys.json")); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("got %v, want fs.ErrNotExist", err)
	}
}

func TestAddKeyMakesTheNewKeyActiveAndKeepsTheOld(t *testing.T) {
	path, before := newFile(t)
	token := before.Box("t").Seal([]byte("old"), "")
	id, err := AddKey(path, AES, time.Now())
	if err != nil || id != "k2" {
		t.Fatalf("AddKey: %q, %v; want k2", id, err)
	}
	after, err := Load(path)
	if err != nil {
		t.Fatal(err)
	}
	if plain, err := after.Box("t").Open(token, ""); err != nil || string(plain) != "old" {
		t.Errorf("what the old key sealed: %q, %v", plain, err)
	}
	if _, err := before.Box("t").Open(after.Box("t").Seal(nil, ""), ""); !errors.Is(err, ErrSeal) {
		t.Errorf("the old ring opened what the new key sealed: %v", err)
	}
	if string(before.Index("p", "v")) != string(after.Index("p", "v")) {
		t.Error("the index changed with a new key")
	}
	if string(before.AuditKey()) != string(after.AuditKey()) {
		t.Error("the audit key changed with a new key")
	}
}

func TestKeysAddedAtOnceAreAllKept(t *testing.T) {
	path, _ := newFile(t)
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			if _, err := AddKey(path, AES, time.Now()); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	k, err := Load(path)
	if err != nil {
		t.Fatal(err)
	}
	if len(k.set.Load().keys) != 9 || k.set.Load().active != "k9" {
		t.Errorf("%d keys, active %s; want 9, k9", len(k.set.Load().keys), k.set.Load().active)
	}
}

func TestAddKeyDoesNotMakeAFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "keys.json")
	if _, err := AddKey(path, AES, time.Now()); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("got %v, want fs.ErrNotExist", err)
	}
}
