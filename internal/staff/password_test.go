package staff

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"
)

func TestCodesOfTheNeighbouringStepsAreTakenAndNoOthers(t *testing.T) {
	_, url, err := newSecret("liming", "")
	if err != nil || !strings.Contains(url, "otpauth://totp/Wenji:liming?") {
		t.Fatalf("%q %v", url, err)
	}
	secret, _, err := newSecret("liming", "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ")
	if err != nil {
		t.Fatal(err)
	}
	at := time.Unix(1234567890, 0) // RFC 6238, appendix B: 89005924
	for offset := -3; offset <= 3; offset++ {
		code := codeAt(t, secret, at.Add(time.Duration(offset)*stepSeconds*time.Second))
		step, right, err := codeStep(secret, code, at)
		if err != nil {
			t.Fatal(err)
		}
		if want := offset >= -1 && offset <= 1; right != want {
			t.Errorf("%d steps off: taken %v", offset, right)
		} else if right && step != at.Unix()/stepSeconds+int64(offset) {
			t.Errorf("%d steps off: step %d", offset, step)
		}
	}
	if _, right, _ := codeStep(secret, "００５ ９２４", at); !right {
		t.Error("a code in full-width digits is refused")
	}
	if _, _, err := newSecret("liming", "not base32!"); err == nil {
		t.Error("a secret that is not base32 is taken")
	}
}

func TestPasswordHashes(t *testing.T) {
	hash, err := hashPassword(t.Context(), "密码 é")
	if err != nil {
		t.Fatal(err)
	}
	if !strings.HasPrefix(hash, "$argon2id$v=19$m=19456,t=2,p=1$") {
		t.Errorf("hash %q", hash)
	}
	for password, want := range map[string]bool{"密码 é": true, "密码 e\u0301": true, "密码 e": false, "": false} {
		if right, err := checkPassword(t.Context(), hash, password); err != nil || right != want {
			t.Errorf("%q: %v %v", password, right, err)
		}
	}
	for _, broken := range []string{"", "x", "$argon2i$v=19$m=19456,t=2,p=1$AAAA$AAAA", "$argon2id$v=19$m=9999999,t=2,p=1$AAAA$AAAA",
		"$argon2id$v=19$m=19456,t=2,p=1$AAAA$", "$argon2id$v=19$m=19456,t=0,p=1$AAAA$AAAA"} {
		if _, err := checkPassword(t.Context(), broken, "x"); !errors.Is(err, errHash) {
			t.Errorf("%q: %v", broken, err)
		}
	}
	if right, err := checkPassword(t.Context(), unknownHash, ""); err != nil || right {
		t.Errorf("the hash of unknown members: %v %v", right, err)
	}
}

func TestHashingWaitsForAFreePlaceOrTheContext(t *testing.T) {
	for range cap(hashing) {
		hashing <- struct{}{}
	}
	defer func() {
		for range cap(hashing) {
			<-hashing
		}
	}()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := hashPassword(ctx, "x"); !errors.Is(err, context.Canceled) {
		t.Errorf("with all places taken: %v", err)
	}
}

func TestGeneratedPasswordsAreReadableAndNeverTheSame(t *testing.T) {
	seen := map[string]bool{}
	for range 1000 {
		p, err := newPassword()
		if err != nil {
			t.Fatal(err)
		}
		if len(p) != 23 || strings.Trim(p, letters+"-") != "" || strings.ContainsAny(p, "0o1li") || seen[p] {
			t.Fatalf("password %q", p)
		}
		seen[p] = true
	}
}

func TestRolesCanWhatTheyMayAndNoMore(t *testing.T) {
	all := []Permission{ReadComments, Decide, Reveal, Export, ExportPersonal, SetPublication}
	want := map[Role][]Permission{
		Moderator:   {ReadComments, Decide, Reveal, Export, ExportPersonal},
		Editor:      {ReadComments, Export, ExportPersonal, SetPublication},
		SystemAdmin: nil,
		"":          nil,
		"root":      nil,
	}
	for role, may := range want {
		for _, p := range all {
			if got := (Member{Role: role}).Can(p); got != slices.Contains(may, p) {
				t.Errorf("%q can %s: %v", role, p, got)
			}
		}
	}
}
