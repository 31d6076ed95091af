package staff

import (
	"errors"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"wenji/internal/apperr"
)

func TestASessionEnds(t *testing.T) {
	t.Parallel()
	s := newStore(t)
	add(t, s, "root", SystemAdmin)
	c := add(t, s, "liming", Moderator)
	ends := []struct {
		name string
		end  func(token string) error
	}{
		{"signing out", func(token string) error { return s.SignOut(t.Context(), token) }},
		{"being idle for 30 minutes", func(string) error { s.DB.Skew += SessionIdle; return nil }},
		{"8 hours of use", func(token string) error {
			for range int(SessionMost/(SessionIdle-time.Minute)) + 1 {
				s.DB.Skew += SessionIdle - time.Minute
				if _, err := s.Session(t.Context(), token); err != nil {
					return nil
				}
			}
			return nil
		}},
		{"another role", func(string) error {
			return s.Ensure(t.Context(), "liming", "李明", Editor, c.Password, c.TOTPSecret)
		}},
		{"a reset", func(string) (err error) { c, err = s.Reset(t.Context(), "console", "liming"); return err }},
		{"being disabled", func(string) error { return s.Disable(t.Context(), "console", "LIMING") }},
	}
	for _, tc := range ends {
		token, _ := signIn(t, s, c)
		s.DB.Skew += SessionIdle - time.Minute
		if _, err := s.Session(t.Context(), token); err != nil {
			t.Fatalf("before %s: %v", tc.name, err)
		}
		if err := tc.end(token); err != nil {
			t.Fatalf("%s: %v", tc.name, err)
		}
		if _, err := s.Session(t.Context(), token); !errors.Is(err, apperr.ErrNotFound) {
			t.Errorf("after %s: %v", tc.name, err)
		}
	}
	if _, err := s.PurgeSessions(t.Context()); err != nil {
		t.Fatal(err)
	}
	if n := number(t, s, `SELECT count(*) FROM session`); n != 0 {
		t.Errorf("%d rows of ended sessions remain", n)
	}
	for _, token := range []string{"", "x", strings.Repeat("A", 43)} {
		if _, err := s.Session(t.Context(), token); !errors.Is(err, apperr.ErrNotFound) {
			t.Errorf("token %q: %v", token, err)
		}
		if err := s.SignOut(t.Context(), token); err != nil {
			t.Errorf("sign out %q: %v", token, err)
		}
	}
}

func TestASessionThatOutlivedItsMembersDisablingDoesNotOpen(t *testing.T) {
	t.Parallel()
	s := newStore(t)
	token, _ := signIn(t, s, add(t, s, "liming", Moderator))
	if _, err := s.DB.Exec(t.Context(), `UPDATE member SET disabled_at = now()`); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Session(t.Context(), token); !errors.Is(err, apperr.ErrNotFound) {
		t.Errorf("session of a disabled member: %v", err)
	}
}

func TestASessionIsTouchedAtMostOnceAMinute(t *testing.T) {
	t.Parallel()
	s := newStore(t)
	token, _ := signIn(t, s, add(t, s, "liming", Moderator))
	seen := func() (at time.Time) {
		if _, err := s.Session(t.Context(), token); err != nil {
			t.Fatal(err)
		}
		if err := s.DB.QueryRow(t.Context(), `SELECT seen_at FROM session`).Scan(&at); err != nil {
			t.Fatal(err)
		}
		return at
	}
	begun := seen()
	s.DB.Skew += touchEvery - 10*time.Second
	if at := seen(); !at.Equal(begun) {
		t.Errorf("touched after %v", at.Sub(begun))
	}
	s.DB.Skew += 10 * time.Second
	if at := seen(); at.Sub(begun) < touchEvery {
		t.Errorf("not touched after a minute: %v", at.Sub(begun))
	}
}

func TestEnsureOfTheSameChangesNothing(t *testing.T) {
	t.Parallel()
	s := newStore(t)
	const password, secret = "demo-password-long", "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"
	ensure := func(name string, role Role, password string) error {
		return s.Ensure(t.Context(), "demo.moderator", name, role, password, secret)
	}
	var all sync.WaitGroup
	for range 4 {
		all.Go(func() {
			if err := ensure("审核员", Moderator, password); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	c := Credentials{Username: "demo.moderator", Password: password, TOTPSecret: secret}
	token, m := signIn(t, s, c)
	if m.Name != "审核员" || m.Role != Moderator {
		t.Errorf("member %+v", m)
	}
	if err := ensure("审核员", Moderator, password); err != nil {
		t.Fatal(err)
	}
	if got, want := recorded(t, s), []string{"staff.add demo.moderator", "staff.sign_in demo.moderator"}; !slices.Equal(got, want) {
		t.Errorf("record %q, want %q", got, want)
	}
	if err := ensure("王芳", Moderator, password); err != nil {
		t.Fatal(err)
	}
	if m, err := s.Session(t.Context(), token); err != nil || m.Name != "王芳" {
		t.Errorf("after a new name: %+v %v", m, err)
	}
	if err := ensure("王芳", Moderator, "another-password"); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Session(t.Context(), token); !errors.Is(err, apperr.ErrNotFound) {
		t.Errorf("the session outlives a new password: %v", err)
	}
	if err := s.Disable(t.Context(), "console", c.Username); err != nil {
		t.Fatal(err)
	}
	if err := ensure("王芳", Editor, password); err != nil {
		t.Fatal(err)
	}
	if _, m := signIn(t, s, c); m.Role != Editor {
		t.Errorf("role %s", m.Role)
	}
}

func TestTheLastSystemAdministratorStays(t *testing.T) {
	t.Parallel()
	s := newStore(t)
	add(t, s, "root1", SystemAdmin)
	add(t, s, "root2", SystemAdmin)
	var all sync.WaitGroup
	for _, other := range []string{"root1", "root2"} {
		all.Go(func() {
			if err := s.Disable(t.Context(), "console", other); err != nil && !errors.Is(err, ErrLastAdmin) {
				t.Error(err)
			}
		})
	}
	all.Wait()
	if n := number(t, s, `SELECT count(*) FROM member WHERE disabled_at IS NULL`); n != 1 {
		t.Errorf("%d administrators left, want 1", n)
	}
	if !errors.Is(ErrLastAdmin, apperr.ErrConflict) {
		t.Error("not a conflict")
	}
	if err := s.Disable(t.Context(), "console", "nobody"); !errors.Is(err, apperr.ErrNotFound) {
		t.Errorf("unknown member: %v", err)
	}
}

func TestEveryWriteIsInTheRecordAndNoSecretIs(t *testing.T) {
	t.Parallel()
	s := newStore(t)
	c := add(t, s, "liming", Moderator)
	token, m := signIn(t, s, c)
	if err := s.CheckSecondFactor(t.Context(), m, nextCode(t, s, c.TOTPSecret)); err != nil {
		t.Fatal(err)
	}
	if err := s.CheckSecondFactor(t.Context(), m, otherCode(t, s, c.TOTPSecret)); err == nil {
		t.Fatal("a wrong code passed")
	}
	if err := s.SignOut(t.Context(), token); err != nil {
		t.Fatal(err)
	}
	if _, _, err := s.SignIn(t.Context(), "liming", "wrong", "000000", home); !errors.Is(err, ErrSignIn) {
		t.Fatal(err)
	}
	again, err := s.Reset(t.Context(), "console", "liming")
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Disable(t.Context(), "console", "liming"); err != nil {
		t.Fatal(err)
	}
	if err := s.Disable(t.Context(), "console", "liming"); err != nil {
		t.Fatal(err)
	}
	want := []string{"staff.add liming", "staff.sign_in liming", "staff.second_factor liming",
		"staff.second_factor_failed liming", "staff.sign_out liming", "staff.sign_in_failed liming",
		"staff.reset liming", "staff.disable liming"}
	if got := recorded(t, s); !slices.Equal(got, want) {
		t.Errorf("record %q\nwant   %q", got, want)
	}
	for _, secret := range []string{c.Password, c.TOTPSecret, again.Password, again.TOTPSecret, token, home} {
		if n := number(t, s, `SELECT count(*) FROM audit_entry e WHERE position($1 IN e::text) > 0`, secret); n != 0 {
			t.Errorf("%d entries hold a secret or an address", n)
		}
		if n := number(t, s, `SELECT count(*) FROM member m WHERE position($1 IN m::text) > 0`, secret); n != 0 {
			t.Error("table member holds a secret in the clear")
		}
	}
}

func TestASecondFactorIsCheckedOnceAndFewTimes(t *testing.T) {
	t.Parallel()
	s := newStore(t)
	c := add(t, s, "liming", Moderator)
	_, m := signIn(t, s, c)
	code := nextCode(t, s, c.TOTPSecret)
	var all sync.WaitGroup
	passed := make(chan bool, factorTries)
	for range factorTries {
		all.Go(func() {
			err := s.CheckSecondFactor(t.Context(), m, code)
			var invalid *apperr.Invalid
			if err != nil && !errors.As(err, &invalid) {
				t.Error(err)
			}
			passed <- err == nil
		})
	}
	all.Wait()
	close(passed)
	n := 0
	for ok := range passed {
		if ok {
			n++
		}
	}
	if n != 1 {
		t.Errorf("one code passed %d times", n)
	}
	s.DB.Skew += factorWindow
	for range factorTries {
		if err := s.CheckSecondFactor(t.Context(), m, otherCode(t, s, c.TOTPSecret)); err == nil || errors.Is(err, apperr.ErrTooMany) {
			t.Fatal(err)
		}
	}
	if err := s.CheckSecondFactor(t.Context(), m, nextCode(t, s, c.TOTPSecret)); !errors.Is(err, apperr.ErrTooMany) {
		t.Errorf("right code after %d wrong ones: %v", factorTries, err)
	}
	s.DB.Skew += factorWindow
	if err := s.CheckSecondFactor(t.Context(), m, nextCode(t, s, c.TOTPSecret)); err != nil {
		t.Errorf("after the window: %v", err)
	}
	if err := s.Disable(t.Context(), "console", "liming"); err != nil {
		t.Fatal(err)
	}
	if err := s.CheckSecondFactor(t.Context(), m, nextCode(t, s, c.TOTPSecret)); !errors.Is(err, apperr.ErrForbidden) {
		t.Errorf("a disabled member: %v", err)
	}
}

func TestMembersThatCannotBeAdded(t *testing.T) {
	t.Parallel()
	s := newStore(t)
	for _, tc := range []struct {
		username, name string
		role           Role
		want           error
	}{
		{"a", "李明", Moderator, ErrUsername},
		{"li/ming", "李明", Moderator, ErrUsername},
		{strings.Repeat("a", 33), "李明", Moderator, ErrUsername},
		{"liming", "", Moderator, ErrName},
		{"liming", "李\u202e明", Moderator, ErrName},
		{"liming", "李明", "root", ErrRole},
		{"liming", "李明", "", ErrRole},
	} {
		if _, err := s.Add(t.Context(), "console", tc.username, tc.name, tc.role); !errors.Is(err, tc.want) {
			t.Errorf("%q %q %q: %v, want %v", tc.username, tc.name, tc.role, err, tc.want)
		}
	}
	if err := s.Ensure(t.Context(), "liming", "李明", "root", "password", ""); !errors.Is(err, ErrRole) {
		t.Errorf("ensure with an unknown role: %v", err)
	}
	if got := recorded(t, s); len(got) != 0 {
		t.Errorf("record %q", got)
	}
}
