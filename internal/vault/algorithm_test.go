package vault

import (
	"bytes"
	"crypto/hmac"
	"encoding/hex"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/emmansun/gmsm/sm4"
	"github.com/google/uuid"
)

func unhex(t *testing.T, s string) []byte {
	t.Helper()
	b, err := hex.DecodeString(s)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// GB/T 32905-2016, annex A; the HMAC of GM/T 0042-2015, annex D.
func TestSM3IsThatOfTheStandard(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ message, digest string }{
		{"abc", "66c7f0f462eeedd9d1f2d46bdc10e4e24167c4875cf2f7a2297da02b8f4ba8e0"},
		{strings.Repeat("abcd", 16), "debe9ff92275b8a138604889c18e5a4d6fdb70e5387e5765293dcba39c0c5732"},
	} {
		h := SM4.hash()()
		h.Write([]byte(c.message))
		if got := hex.EncodeToString(h.Sum(nil)); got != c.digest {
			t.Errorf("SM3(%q) = %s", c.message, got)
		}
	}
	mac := hmac.New(SM4.hash(), unhex(t, "0102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f20"))
	mac.Write([]byte(strings.Repeat("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq", 2)))
	if got := hex.EncodeToString(mac.Sum(nil)); got != "ca05e144ed05d1857840d1f318a4a8669e559fc8391f414485bfdf7bb408963a" {
		t.Errorf("HMAC-SM3 = %s", got)
	}
}

// GB/T 32907-2016, annex A; the mode of RFC 8998, annex A.1.
func TestSM4IsThatOfTheStandard(t *testing.T) {
	t.Parallel()
	key := unhex(t, "0123456789abcdeffedcba9876543210")
	block, err := sm4.NewCipher(key)
	if err != nil {
		t.Fatal(err)
	}
	b := bytes.Clone(key)
	block.Encrypt(b, b)
	if got := hex.EncodeToString(b); got != "681edf34d206965e86b3e94f536e4246" {
		t.Errorf("one round: %s", got)
	}
	for range 999_999 {
		block.Encrypt(b, b)
	}
	if got := hex.EncodeToString(b); got != "595298c7c6fd271f0402f804c33d3f66" {
		t.Errorf("a million rounds: %s", got)
	}
	aead, err := sm4GCM(key)
	if err != nil {
		t.Fatal(err)
	}
	plain := unhex(t, "aaaaaaaaaaaaaaaabbbbbbbbbbbbbbbbccccccccccccccccdddddddddddddddd"+
		"eeeeeeeeeeeeeeeeffffffffffffffffeeeeeeeeeeeeeeeeaaaaaaaaaaaaaaaa")
	sealed := aead.Seal(nil, unhex(t, "00001234567800000000abcd"), plain, unhex(t, "feedfacedeadbeeffeedfacedeadbeefabaddad2"))
	if got := hex.EncodeToString(sealed); got != "17f399f08c67d5ee19d0dc9969c4bb7d5fd46fd3756489069157b282bb200735"+
		"d82710ca5c22f0ccfa7cbf93d496ac15a56834cbcf98c397b4024a2691233b8d"+"83de3541e4c2b58177e065a9bf7b62ec" {
		t.Errorf("SM4-GCM: %s", got)
	}
}

func TestARingOfSM4SealsAndOpensAndSpotsChanges(t *testing.T) {
	t.Parallel()
	k, err := CreateAs(filepath.Join(t.TempDir(), "keys.json"), SM4)
	if err != nil {
		t.Fatal(err)
	}
	id := uuid.New()
	s, err := k.Seal(id, someone)
	if err != nil {
		t.Fatal(err)
	}
	if p, err := k.Open(id, s); err != nil || p != someone {
		t.Errorf("values: %v", err)
	}
	if _, err := k.Open(uuid.New(), s); err == nil {
		t.Error("values open in another row")
	}
	token := k.Box("form").Seal([]byte("words"), "2025-0001")
	if plain, err := k.Box("form").Open(token, "2025-0001"); err != nil || string(plain) != "words" {
		t.Errorf("token: %v", err)
	}
	for name, open := range map[string]func() ([]byte, error){
		"another place":   func() ([]byte, error) { return k.Box("form").Open(token, "2025-0002") },
		"another purpose": func() ([]byte, error) { return k.Box("cookie").Open(token, "2025-0001") },
	} {
		if _, err := open(); err == nil {
			t.Errorf("a token opens in %s", name)
		}
	}
	if again := k.Box("form").Seal([]byte("words"), "2025-0001"); again == token {
		t.Error("two tokens are alike")
	}
}

func TestWhatOlderKeysSealedOpensUnderAnyAlgorithm(t *testing.T) {
	t.Parallel()
	path, k := newFile(t)
	id := uuid.New()
	old, err := k.Seal(id, someone)
	if err != nil {
		t.Fatal(err)
	}
	token, index := k.Box("form").Seal([]byte("words"), ""), k.Index("code", "1")
	for _, as := range []Algorithm{SM4, AES} {
		if _, err := AddKey(path, as, time.Now()); err != nil {
			t.Fatal(err)
		}
		if k, err = Load(path); err != nil {
			t.Fatal(err)
		}
		if _, active := k.Active(); active != as {
			t.Errorf("active key is of %s, want %s", active, as)
		}
		if p, err := k.Open(id, old); err != nil || p != someone {
			t.Errorf("with %s active: %v", as, err)
		}
		if _, err := k.Box("form").Open(token, ""); err != nil {
			t.Errorf("token, with %s active: %v", as, err)
		}
		if !bytes.Equal(k.Index("code", "1"), index) {
			t.Error("digests changed with the active key")
		}
		fresh, err := k.Seal(id, someone)
		if err != nil {
			t.Fatal(err)
		}
		if p, err := k.Open(id, fresh); err != nil || p != someone {
			t.Errorf("sealed with %s: %v", as, err)
		}
		if !bytes.Equal(fresh.IdentityIndex, old.IdentityIndex) {
			t.Error("the same person has another index")
		}
	}
}

// A file of the first release names no algorithm.
func TestAFileWithoutAlgorithmsIsReadAsBefore(t *testing.T) {
	t.Parallel()
	path, k := newFile(t)
	token, index := k.Box("form").Seal([]byte("words"), ""), k.Index("code", "1")
	var f map[string]any
	content, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(content, &f); err != nil {
		t.Fatal(err)
	}
	delete(f, "index_algorithm")
	for _, one := range f["keys"].([]any) {
		delete(one.(map[string]any), "algorithm")
	}
	if content, err = json.Marshal(f); err != nil {
		t.Fatal(err)
	}
	older := filepath.Join(t.TempDir(), "older.json")
	if err := os.WriteFile(older, content, 0o400); err != nil {
		t.Fatal(err)
	}
	got, err := Load(older)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := got.Box("form").Open(token, ""); err != nil || !bytes.Equal(got.Index("code", "1"), index) {
		t.Errorf("an older file is read otherwise: %v", err)
	}
}

func TestARunningRingTakesANewKeyOfTheFileAndSealsWithItFromItsTime(t *testing.T) {
	t.Parallel()
	path, running := newFile(t)
	id, err := AddKey(path, SM4, time.Now().Add(time.Hour))
	if err != nil {
		t.Fatal(err)
	}
	if err := running.Reload(); err != nil {
		t.Fatal(err)
	}
	if active, _ := running.Active(); active != "k1" {
		t.Errorf("%s seals before its time", active)
	}
	if _, ok := running.find(id); !ok {
		t.Error("the next key is not known ahead")
	}
	if id, err = AddKey(path, AES, time.Now()); err != nil {
		t.Fatal(err)
	}
	if err := running.Reload(); err != nil {
		t.Fatal(err)
	}
	if active, _ := running.Active(); active != id {
		t.Errorf("%s seals, want %s", active, id)
	}
}

func TestAnUnknownKeyIsLookedForInTheFileAtOnce(t *testing.T) {
	t.Parallel()
	path, behind := newFile(t)
	if _, err := AddKey(path, AES, time.Now()); err != nil {
		t.Fatal(err)
	}
	ahead, err := Load(path)
	if err != nil {
		t.Fatal(err)
	}
	behind.looked = time.Time{}
	token := ahead.Box("form").Seal([]byte("words"), "")
	if _, err := behind.Box("form").Open(token, ""); err != nil {
		t.Errorf("what another replica sealed with the new key: %v", err)
	}
}

func TestARunningRingKeepsItsKeysWhenTheFileLosesOne(t *testing.T) {
	t.Parallel()
	path, running := newFile(t)
	token := running.Box("form").Seal([]byte("words"), "")
	other, _ := newFile(t)
	content, err := os.ReadFile(other)
	if err != nil {
		t.Fatal(err)
	}
	for name, damaged := range map[string][]byte{"another file": content, "half a file": content[:len(content)/2], "nothing": nil} {
		fresh := path + ".fresh"
		if err := os.WriteFile(fresh, damaged, 0o400); err != nil {
			t.Fatal(err)
		}
		if err := os.Rename(fresh, path); err != nil {
			t.Fatal(err)
		}
		if err := running.Reload(); err == nil {
			t.Errorf("%s was taken", name)
		}
		if _, err := running.Box("form").Open(token, ""); err != nil {
			t.Errorf("after %s: %v", name, err)
		}
	}
}
