package vault

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"github.com/google/uuid"
)

var someone = Personal{
	Name:     NewSecret("阿依古丽·𠮷"),
	IDNumber: NewSecret("11010519491231002X"),
	Phone:    NewSecret("13800000000"),
	Email:    NewSecret("someone@example.com"),
	Org:      NewSecret("某街道社区居民委员会"),
}

func TestWhatIsSealedOpensInItsPlace(t *testing.T) {
	_, k := newFile(t)
	id := uuid.New()
	s, err := k.Seal(id, someone)
	if err != nil {
		t.Fatal(err)
	}
	got, err := k.Open(id, s)
	if err != nil {
		t.Fatal(err)
	}
	if got != someone {
		t.Error("what came back differs from what was sealed")
	}
	for _, value := range [][]byte{s.Name, s.IDNumber, s.Phone, s.Email, s.Org} {
		if !bytes.HasPrefix(value, []byte("\x01\x02k1")) {
			t.Errorf("%x does not begin with version 1 and key id k1", value[:4])
		}
	}
}

func TestAnEmptyValueIsNil(t *testing.T) {
	_, k := newFile(t)
	id := uuid.New()
	s, err := k.Seal(id, Personal{Name: NewSecret("张三")})
	if err != nil {
		t.Fatal(err)
	}
	if s.IDNumber != nil || s.Phone != nil || s.Email != nil || s.Org != nil || s.IdentityIndex != nil {
		t.Errorf("values for nothing: %+v", s)
	}
	p, err := k.Open(id, s)
	if err != nil || p.Name.Reveal() != "张三" || !p.IDNumber.Empty() {
		t.Errorf("opened wrongly: %v", err)
	}
}

func TestSealingTwiceGivesTwoValues(t *testing.T) {
	_, k := newFile(t)
	id := uuid.New()
	a, err := k.Seal(id, someone)
	if err != nil {
		t.Fatal(err)
	}
	b, err := k.Seal(id, someone)
	if err != nil {
		t.Fatal(err)
	}
	if bytes.Equal(a.Name, b.Name) || bytes.Equal(a.IDNumber, b.IDNumber) {
		t.Error("equal values are seen to be equal")
	}
	if !bytes.Equal(a.IdentityIndex, b.IdentityIndex) {
		t.Error("the same person has two identity indexes")
	}
}

func TestAValueMovedElsewhereDoesNotOpen(t *testing.T) {
	_, k := newFile(t)
	mine, yours := uuid.New(), uuid.New()
	s, err := k.Seal(mine, someone)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := k.Open(yours, s); !errors.Is(err, ErrSeal) {
		t.Errorf("in another row: %v, want ErrSeal", err)
	}
	moved := Sealed{Phone: s.IDNumber}
	if _, err := k.Open(mine, moved); !errors.Is(err, ErrSeal) {
		t.Errorf("in another column: %v, want ErrSeal", err)
	}
	var aad []byte
	if _, err := k.openValue(nil, s.Name, place(&aad, "name", mine)); err != nil {
		t.Errorf("in its own place: %v", err)
	}
	otherTable := bytes.Replace(aad, []byte("personal_data"), []byte("member"), 1)
	if _, err := k.openValue(nil, s.Name, otherTable); !errors.Is(err, ErrSeal) {
		t.Errorf("in another table: %v, want ErrSeal", err)
	}
	_, other := newFile(t)
	if _, err := other.Open(mine, s); !errors.Is(err, ErrSeal) {
		t.Errorf("with another ring: %v, want ErrSeal", err)
	}
}

func TestAnyChangedByteBreaksTheSeal(t *testing.T) {
	_, k := newFile(t)
	id := uuid.New()
	s, err := k.Seal(id, someone)
	if err != nil {
		t.Fatal(err)
	}
	for i := range s.Name {
		changed := bytes.Clone(s.Name)
		changed[i] ^= 1
		if _, err := k.Open(id, Sealed{Name: changed}); !errors.Is(err, ErrSeal) {
			t.Fatalf("byte %d: %v, want ErrSeal", i, err)
		}
		if _, err := k.Open(id, Sealed{Name: s.Name[:i]}); !errors.Is(err, ErrSeal) {
			t.Fatalf("cut to %d bytes: %v, want ErrSeal", i, err)
		}
	}
}

func TestSealedValuesDoNotOverlap(t *testing.T) {
	_, k := newFile(t)
	id := uuid.New()
	s, err := k.Seal(id, someone)
	if err != nil {
		t.Fatal(err)
	}
	s.Name = append(s.Name, "appended to the first of them"...)
	if _, err := k.Open(id, Sealed{IDNumber: s.IDNumber, Phone: s.Phone, Email: s.Email, Org: s.Org}); err != nil {
		t.Errorf("appending to one value harmed another: %v", err)
	}
}

func TestIdentityIndexIsTheIDNumberOrElseThePhone(t *testing.T) {
	_, k := newFile(t)
	both, err := k.Seal(uuid.New(), someone)
	if err != nil {
		t.Fatal(err)
	}
	phone, err := k.Seal(uuid.New(), Personal{Name: someone.Name, Phone: someone.Phone})
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(both.IdentityIndex, k.Index("identity", "11010519491231002X")) {
		t.Error("with an ID number the index is not the ID number's")
	}
	if !bytes.Equal(phone.IdentityIndex, k.Index("identity", "13800000000")) {
		t.Error("without an ID number the index is not the phone's")
	}
}

func TestIndexesOfTwoPurposesAreUnrelated(t *testing.T) {
	_, k := newFile(t)
	if bytes.Equal(k.Index("a", "bc"), k.Index("ab", "c")) {
		t.Error("purpose and value run into each other")
	}
	if bytes.Equal(k.Index("", "x"), k.AuditKey()) || bytes.Equal(k.AuditKey(), k.set.Load().index) {
		t.Error("keys are not apart")
	}
}

func TestABoxOpensOnlyItsOwnPurposeAndPlace(t *testing.T) {
	_, k := newFile(t)
	token := k.Box("form").Seal([]byte("words"), "2025-0001")
	if plain, err := k.Box("form").Open(token, "2025-0001"); err != nil || string(plain) != "words" {
		t.Fatalf("%q, %v", plain, err)
	}
	if _, err := k.Box("cookie").Open(token, "2025-0001"); !errors.Is(err, ErrSeal) {
		t.Errorf("another purpose: %v, want ErrSeal", err)
	}
	if _, err := k.Box("form").Open(token, "2025-0002"); !errors.Is(err, ErrSeal) {
		t.Errorf("another place: %v, want ErrSeal", err)
	}
}

func TestATokenHasOneSpelling(t *testing.T) {
	_, k := newFile(t)
	box := k.Box("form")
	token := box.Seal([]byte("ab"), "")
	last := strings.IndexByte("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_", token[len(token)-1])
	others := []string{
		"", token + "\n", "\r" + token, token + "=", token + "A", token[1:], token[:len(token)-1], token + token,
		strings.Replace(token, token[:1], " ", 1),
	}
	for i := range 64 {
		if i != last {
			others = append(others, token[:len(token)-1]+string("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"[i]))
		}
	}
	for _, other := range others {
		if _, err := box.Open(other, ""); !errors.Is(err, ErrSeal) {
			t.Errorf("%q opened like %q", other, token)
		}
	}
}

func TestSecretsAndRingsAreNeverPrinted(t *testing.T) {
	_, k := newFile(t)
	var log bytes.Buffer
	slog.New(slog.NewTextHandler(&log, nil)).Info("x", "p", someone.IDNumber, "k", k)
	encoded, err := json.Marshal(someone)
	if err != nil {
		t.Fatal(err)
	}
	all := log.String() + string(encoded) + fmt.Sprintf("%v %+v %#v %s %q", someone, someone, someone, someone, someone)
	for _, secret := range []string{"𠮷", "1949", "1380000", "someone@", "社区"} {
		if strings.Contains(all, secret) {
			t.Errorf("%q was printed", secret)
		}
	}
	key := k.set.Load().keys[0].secret
	printed := log.String() + fmt.Sprintf("%v %+v %#v %s", k, k, k, k)
	for _, form := range []string{fmt.Sprint(key), fmt.Sprintf("%x", key), fmt.Sprintf("%#v", key), string(key)} {
		if strings.Contains(printed, form) {
			t.Error("a key was printed")
		}
	}
}

func TestMasks(t *testing.T) {
	for _, c := range []struct{ got, want string }{
		{MaskIDNumber(NewSecret("210102194912310015")), "210***********0015"},
		{MaskIDNumber(NewSecret("810000199408230021")), "810***********0021"},
		{MaskPhone(NewSecret("13800000000")), "138****0000"},
		{MaskPhone(NewSecret("024-23935916")), "024*****5916"},
		{MaskPhone(NewSecret("23935916")), "******16"},
		{MaskPhone(NewSecret("12345")), "*****"},
		{MaskPhone(NewSecret("")), ""},
		{MaskEmail(NewSecret("zhang.san@example.com")), "z***@example.com"},
		{MaskEmail(NewSecret("z@example.com")), "z***@example.com"},
		{MaskEmail(NewSecret("张三@例子.中国")), "张***@例子.中国"},
		{MaskEmail(NewSecret("")), ""},
	} {
		if c.got != c.want {
			t.Errorf("got %s, want %s", c.got, c.want)
		}
	}
}

func BenchmarkSeal4Fields(b *testing.B) {
	_, k := newFile(b)
	p, id := someone, uuid.New()
	p.Org = Secret{}
	b.ReportAllocs()
	for b.Loop() {
		if _, err := k.Seal(id, p); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkOpen4Fields(b *testing.B) {
	_, k := newFile(b)
	p, id := someone, uuid.New()
	p.Org = Secret{}
	s, err := k.Seal(id, p)
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		if _, err := k.Open(id, s); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkIndex(b *testing.B) {
	_, k := newFile(b)
	b.ReportAllocs()
	for b.Loop() {
		k.Index("identity", "11010519491231002X")
	}
}

func BenchmarkBoxSealAndOpen(b *testing.B) {
	_, k := newFile(b)
	box, plain := k.Box("form"), make([]byte, 47)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := box.Open(box.Seal(plain, "x"), "x"); err != nil {
			b.Fatal(err)
		}
	}
}

func TestOneTextAfterAnotherIsSealedAndOpenedInTheSameMemory(t *testing.T) {
	_, k := newFile(t)
	box := k.Box("test")
	var sealing, opening Scratch
	var first *byte
	for i, plain := range []string{strings.Repeat("很长的文字", 1000), "短", strings.Repeat("又一段文字", 1000), ""} {
		token := box.SealIn(&sealing, []byte(plain), "here")
		opened, err := box.OpenIn(&opening, token, "here")
		if err != nil || string(opened) != plain {
			t.Fatalf("text %d came back with %d bytes of %d, %v", i, len(opened), len(plain), err)
		}
		if alone, err := box.Open(string(token), "here"); err != nil || string(alone) != plain {
			t.Errorf("text %d opened alone: %d bytes of %d, %v", i, len(alone), len(plain), err)
		}
		if first == nil {
			first = &opening.raw[0]
		}
		if &opening.raw[0] != first {
			t.Errorf("text %d was opened in memory of its own", i)
		}
		for what, wrong := range map[string][]byte{
			"with a line break": append([]byte("\n"), token...), "cut short": token[:len(token)-1], "of another alphabet": []byte("+" + string(token[1:])),
		} {
			if _, err := box.OpenIn(&opening, wrong, "here"); !errors.Is(err, ErrSeal) {
				t.Errorf("text %d %s: %v", i, what, err)
			}
		}
		if _, err := box.OpenIn(&opening, token, "there"); !errors.Is(err, ErrSeal) {
			t.Errorf("text %d in another place: %v", i, err)
		}
	}
}
