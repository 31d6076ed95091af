package staff

import (
	"bytes"
	"errors"
	"fmt"
	"log/slog"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"wenji/internal/apperr"
	"wenji/internal/postgres/pgtest"
	"wenji/internal/throttle"
	"wenji/internal/vault"

	"github.com/jackc/pgx/v5"
	"github.com/pquerna/otp/totp"
)

const home = "203.0.113.7"

// newStore returns a store on a fresh database. Its clock, the database's and that of codes are moved by DB.Skew.
func newStore(t *testing.T) *Store {
	t.Helper()
	db := pgtest.New(t)
	keys, err := vault.Create(filepath.Join(t.TempDir(), "keys.json"))
	if err != nil {
		t.Fatal(err)
	}
	return &Store{
		DB: db, Keys: keys, Tries: &throttle.Limiter{DB: db, Index: keys.Index}, Now: db.Now, Codes: db.Now,
	}
}

func add(t *testing.T, s *Store, username string, role Role) Credentials {
	t.Helper()
	c, err := s.Add(t.Context(), "console", username, "李明", role)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// nextCode moves the clock on to a step that has not been used and returns its code.
func nextCode(t *testing.T, s *Store, secret string) string {
	t.Helper()
	s.DB.Skew += (stepsAround + 1) * stepSeconds * time.Second
	return codeAt(t, secret, s.DB.Now())
}

func codeAt(t *testing.T, secret string, at time.Time) string {
	t.Helper()
	code, err := totp.GenerateCode(secret, at)
	if err != nil {
		t.Fatal(err)
	}
	return code
}

// otherCode is a code that is wrong at any near step.
func otherCode(t *testing.T, s *Store, secret string) string {
	t.Helper()
	for i := range 100 {
		code := fmt.Sprintf("%06d", i)
		if _, right, err := codeStep(secret, code, s.DB.Now()); err != nil {
			t.Fatal(err)
		} else if !right {
			return code
		}
	}
	t.Fatal("no wrong code")
	return ""
}

func signIn(t *testing.T, s *Store, c Credentials) (string, Member) {
	t.Helper()
	token, m, err := s.SignIn(t.Context(), c.Username, c.Password, nextCode(t, s, c.TOTPSecret), home)
	if err != nil {
		t.Fatal(err)
	}
	return token, m
}

// recorded lists actions in the record in order, each with its subject.
func recorded(t *testing.T, s *Store) []string {
	t.Helper()
	rows, err := s.DB.Query(t.Context(), `SELECT action || ' ' || subject FROM audit_entry ORDER BY tx, id`)
	if err != nil {
		t.Fatal(err)
	}
	list, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		t.Fatal(err)
	}
	return list
}

func number(t *testing.T, s *Store, sql string, args ...any) int {
	t.Helper()
	var n int
	if err := s.DB.QueryRow(t.Context(), sql, args...).Scan(&n); err != nil {
		t.Fatal(err)
	}
	return n
}

func TestSignInOpensASessionAndTellsTheOneBefore(t *testing.T) {
	t.Parallel()
	s := newStore(t)
	c := add(t, s, "liming", Moderator)
	first, m := signIn(t, s, c)
	if m.Username != "liming" || m.Role != Moderator || m.LastLoginAt != nil {
		t.Errorf("first sign-in: %+v", m)
	}
	at := s.now()
	second, _ := signIn(t, s, c)
	if first == second {
		t.Error("two sign-ins have one token")
	}
	m, err := s.Session(t.Context(), second)
	if err != nil {
		t.Fatal(err)
	}
	if m.LastLoginAt == nil || m.LastLoginAt.After(at) {
		t.Errorf("sign-in before: %v, want one before %v", m.LastLoginAt, at)
	}
	if n := number(t, s, `SELECT count(*) FROM session WHERE convert_to($1, 'UTF8') IN (token_digest)`, second); n != 0 {
		t.Error("the table holds the token itself")
	}
}

func TestUsernamesAreFolded(t *testing.T) {
	t.Parallel()
	s := newStore(t)
	c := add(t, s, "Ｌi.Ming", Editor)
	if c.Username != "li.ming" {
		t.Fatalf("username %q", c.Username)
	}
	_, _, err := s.SignIn(t.Context(), " LI．ming", c.Password, nextCode(t, s, c.TOTPSecret), home)
	if err != nil {
		t.Error(err)
	}
	if _, err := s.Add(t.Context(), "console", "LI.MING", "另一人", Editor); !errors.Is(err, apperr.ErrConflict) {
		t.Errorf("same username again: %v", err)
	}
	if got := recorded(t, s); len(got) != 2 {
		t.Errorf("a refused addition is in the record: %q", got)
	}
}

func TestEveryFailedSignInHasTheSameAnswer(t *testing.T) {
	t.Parallel()
	s := newStore(t)
	add(t, s, "root", SystemAdmin)
	c := add(t, s, "liming", Moderator)
	gone := add(t, s, "gone", Moderator)
	if err := s.Disable(t.Context(), "console", "gone"); err != nil {
		t.Fatal(err)
	}
	used := nextCode(t, s, c.TOTPSecret)
	if _, _, err := s.SignIn(t.Context(), "liming", c.Password, used, home); err != nil {
		t.Fatal(err)
	}
	cases := []struct{ name, username, password, code string }{
		{"unknown username", "wanglei", c.Password, used},
		{"wrong password", "liming", c.Password + "x", nextCode(t, s, c.TOTPSecret)},
		{"wrong code", "liming", c.Password, otherCode(t, s, c.TOTPSecret)},
		{"no code", "liming", c.Password, ""},
		{"used code", "liming", c.Password, used},
		{"disabled", "gone", gone.Password, codeAt(t, gone.TOTPSecret, s.DB.Now())},
		{"very long password", "liming", strings.Repeat("长", 100000), codeAt(t, c.TOTPSecret, s.DB.Now())},
	}
	for i, tc := range cases {
		token, m, err := s.SignIn(t.Context(), tc.username, tc.password, tc.code, fmt.Sprintf("198.51.100.%d", i))
		var refused *Refused
		var problems *apperr.Invalid
		if !errors.Is(err, ErrSignIn) || !errors.As(err, &refused) || !errors.As(err, &problems) {
			t.Errorf("%s: %v", tc.name, err)
			continue
		}
		if token != "" || m != (Member{}) || refused.Left != freeFailures-1 || err.Error() != "sign-in refused" {
			t.Errorf("%s: token %q, member %v, left %d", tc.name, token, m, refused.Left)
		}
	}
	if n := number(t, s, `SELECT count(*) FROM session`); n != 1 {
		t.Errorf("%d sessions, want the one before", n)
	}
	if n := number(t, s, `SELECT count(*) FROM audit_entry WHERE action = 'staff.sign_in_failed'`); n != len(cases) {
		t.Errorf("%d failures in the record, want %d", n, len(cases))
	}
	if n := number(t, s, `SELECT count(*) FROM audit_entry e WHERE e::text LIKE '%wanglei%'`); n != 0 {
		t.Error("the record holds what was typed as an unknown username")
	}
}

func TestFailuresBackOffPerAccountAndNetwork(t *testing.T) {
	t.Parallel()
	s := newStore(t)
	c := add(t, s, "liming", Moderator)
	fail := func(username string) error {
		_, _, err := s.SignIn(t.Context(), username, "wrong", "000000", home)
		return err
	}
	for _, username := range []string{"nobody", "liming"} {
		for i := range freeFailures {
			if err := fail(username); !errors.Is(err, ErrSignIn) {
				t.Fatalf("%s, failure %d: %v", username, i+1, err)
			}
		}
		for _, wait := range []time.Duration{time.Minute, 2 * time.Minute, 4 * time.Minute} {
			var tooMany *apperr.TooMany
			if err := fail(username); !errors.As(err, &tooMany) {
				t.Fatalf("%s: %v, want to wait %v", username, err, wait)
			}
			if tooMany.RetryAfter > wait || tooMany.RetryAfter < wait-10*time.Second {
				t.Errorf("%s: wait %v, want %v", username, tooMany.RetryAfter, wait)
			}
			s.DB.Skew += wait
			if err := fail(username); !errors.Is(err, ErrSignIn) {
				t.Fatalf("%s after waiting %v: %v", username, wait, err)
			}
		}
	}
	if _, _, err := s.SignIn(t.Context(), "liming", c.Password, nextCode(t, s, c.TOTPSecret), home); !errors.Is(err, apperr.ErrTooMany) {
		t.Errorf("right password within the wait: %v", err)
	}
	if _, _, err := s.SignIn(t.Context(), "liming", c.Password, nextCode(t, s, c.TOTPSecret), "198.51.100.9"); err != nil {
		t.Errorf("from another network: %v", err)
	}
	s.DB.Skew += longestWait
	signIn(t, s, c)
	if err := fail("liming"); !errors.Is(err, ErrSignIn) {
		t.Errorf("first failure after a success: %v", err)
	}
	if err := fail("liming"); !errors.Is(err, ErrSignIn) {
		t.Errorf("a success does not forget the failures before it: %v", err)
	}
}

func TestTheWaitDoublesUpToHalfAnHour(t *testing.T) {
	want := map[int]time.Duration{5: 1, 6: 2, 7: 4, 8: 8, 9: 16, 10: 30, 11: 30, 1000: 30}
	for failures, minutes := range want {
		if got := waitAfter(failures); got != minutes*time.Minute {
			t.Errorf("after %d failures %v, want %d minutes", failures, got, minutes)
		}
	}
}

func TestTriesAtTheSameMomentAreLimitedLikeTriesInTurn(t *testing.T) {
	t.Parallel()
	s := newStore(t)
	add(t, s, "liming", Moderator)
	var all sync.WaitGroup
	for range 40 {
		all.Go(func() {
			_, _, err := s.SignIn(t.Context(), "liming", "wrong", "000000", home)
			if !errors.Is(err, ErrSignIn) && !errors.Is(err, apperr.ErrTooMany) {
				t.Errorf("a try at the same moment: %v", err)
			}
		})
	}
	all.Wait()
	if n := number(t, s, `SELECT count(*) FROM audit_entry WHERE action = 'staff.sign_in_failed'`); n != freeFailures {
		t.Errorf("%d of 40 tries were checked, want %d", n, freeFailures)
	}
}

func TestTheNetworkOfAnIPv6AddressIsItsSlash64(t *testing.T) {
	for address, want := range map[string]string{
		"2001:db8:1:2:3:4:5:6": "2001:db8:1:2::/64", "2001:db8:1:2::1": "2001:db8:1:2::/64",
		"::ffff:203.0.113.7": "203.0.113.7", "203.0.113.7": "203.0.113.7", "": "",
	} {
		if got := network(address); got != want {
			t.Errorf("network(%q) = %q, want %q", address, got, want)
		}
	}
}

func TestGuessingCodesFromManyNetworksIsBounded(t *testing.T) {
	t.Parallel()
	s := newStore(t)
	c := add(t, s, "liming", Moderator)
	for i := range codeFailures {
		_, _, err := s.SignIn(t.Context(), "liming", c.Password, otherCode(t, s, c.TOTPSecret), fmt.Sprintf("198.51.100.%d", i))
		if !errors.Is(err, ErrSignIn) {
			t.Fatal(err)
		}
	}
	if _, _, err := s.SignIn(t.Context(), "liming", c.Password, nextCode(t, s, c.TOTPSecret), home); !errors.Is(err, ErrSignIn) {
		t.Errorf("right code after %d guesses: %v", codeFailures, err)
	}
	s.DB.Skew += codeWindow
	signIn(t, s, c)
}

func TestManyAccountsFailingFromOneNetworkAreLoggedWithoutNames(t *testing.T) {
	t.Parallel()
	s := newStore(t)
	var log bytes.Buffer
	s.Log = slog.New(slog.NewJSONHandler(&log, nil))
	for i := range sprayAccounts {
		if log.Len() > 0 {
			t.Fatalf("warned after %d accounts", i)
		}
		if _, _, err := s.SignIn(t.Context(), fmt.Sprintf("person%d", i), "Spring2026", "000000", home); !errors.Is(err, ErrSignIn) {
			t.Fatal(err)
		}
	}
	if !strings.Contains(log.String(), `"accounts":10`) {
		t.Errorf("no warning after %d accounts: %q", sprayAccounts, log.String())
	}
	if strings.Contains(log.String(), home) || strings.Contains(log.String(), "person") {
		t.Errorf("the log names someone: %s", log.String())
	}
}

func TestACodeOpensOneSessionHoweverManyTryAtOnce(t *testing.T) {
	t.Parallel()
	s := newStore(t)
	c := add(t, s, "liming", Moderator)
	code := nextCode(t, s, c.TOTPSecret)
	var all sync.WaitGroup
	for i := range 4 {
		all.Go(func() {
			_, _, err := s.SignIn(t.Context(), "liming", c.Password, code, fmt.Sprintf("198.51.100.%d", i))
			if err != nil && !errors.Is(err, ErrSignIn) {
				t.Error(err)
			}
		})
	}
	all.Wait()
	if n := number(t, s, `SELECT count(*) FROM session`); n != 1 {
		t.Errorf("one code opened %d sessions", n)
	}
}

func TestADamagedSecretIsAFaultAndNotAWrongPassword(t *testing.T) {
	t.Parallel()
	s := newStore(t)
	c := add(t, s, "liming", Moderator)
	if _, err := s.DB.Exec(t.Context(), `UPDATE member SET totp_secret = 'x'`); err != nil {
		t.Fatal(err)
	}
	_, _, err := s.SignIn(t.Context(), "liming", c.Password, "000000", home)
	if err == nil || errors.Is(err, ErrSignIn) {
		t.Errorf("damaged secret: %v", err)
	}
}
