package staff

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"strings"
	"time"

	"wenji/internal/apperr"
	"wenji/internal/audit"
	"wenji/internal/validate"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
)

// Back-off of failing sign-ins, per account and network, on all replicas. A stranger elsewhere can thus not lock a
// member out.
const (
	freeFailures  = 5                // failures before the first wait
	firstWait     = time.Minute      // doubled with each failure after that …
	longestWait   = 30 * time.Minute // … up to this
	failureWindow = 24 * time.Hour   // after which failures are forgotten

	// codeFailures bounds guesses at the second factor by someone who knows the password, from however many networks.
	// One network alone cannot reach it: its back-off lets nine tries through in that time.
	codeFailures = 10
	codeWindow   = 15 * time.Minute
)

// Warnings in the log: so many accounts that failed from one network, or so many failures in all, within spyWindow.
const (
	sprayAccounts = 10
	stormFailures = 100
	spyWindow     = time.Hour
)

// ErrSignIn is the one answer to an unknown username, a wrong password, a wrong or used code and a disabled account.
var ErrSignIn error = &apperr.Invalid{Problems: []apperr.Problem{{Field: "username", Message: validate.LoginFailed}}}

// Refused is a sign-in that failed; errors.Is(err, ErrSignIn) holds for it.
type Refused struct {
	Left int // failures that may follow before the account and network have to wait
}

func (r *Refused) Error() string { return "sign-in refused" }

// Unwrap makes it an *apperr.Invalid with the one sentence.
func (r *Refused) Unwrap() error { return ErrSignIn }

// account is what a sign-in is checked against; the zero account stands for an unknown username.
type account struct {
	Member
	hash     string
	sealed   []byte
	disabled bool
	held     bool   // the role rests
	proven   bool   // the second factor was checked by a provider of identities
	address  string // where the sign-in comes from
}

func (a account) known() bool { return a.ID != uuid.Nil }

// FoldUsername is how usernames are compared: full-width letters as half-width, no spaces, no capitals.
func FoldUsername(s string) string { return strings.ToLower(validate.Fold(s)) }

// SignIn opens a session and returns its token, which is stored only as a digest. Every failure is *Refused with the
// same sentence, after the same work; after five from one network for one account it is *apperr.TooMany, for 1, 2, 4 …
// up to 30 minutes, whether there is such an account or not. The member's LastLoginAt is the sign-in before this one.
func (s *Store) SignIn(ctx context.Context, username, password, otp, address string) (token string, m Member, err error) {
	username = FoldUsername(username)
	key := username + "\n" + network(address)
	failures, err := s.allow(ctx, key)
	if err != nil {
		return "", Member{}, err
	}
	a, err := s.account(ctx, username)
	if err != nil {
		return "", Member{}, err
	}
	a.address = address
	step, right, err := s.verify(ctx, a, password, otp)
	if err != nil {
		return "", Member{}, err
	}
	return s.finish(ctx, a, step, right, key, failures)
}

// finish opens the session of who was right, and refuses everyone else.
func (s *Store) finish(ctx context.Context, a account, step int64, right bool, key string, failures int) (token string, m Member, err error) {
	if right {
		if token, err = s.open(ctx, a, step); err != nil {
			return "", Member{}, err
		}
	}
	if token == "" {
		return "", Member{}, s.refuse(ctx, a, failures, a.address)
	}
	if err := s.forgive(ctx, a, key); err != nil {
		return "", Member{}, err
	}
	if a.held {
		a.Role = NoRole
	}
	return token, a.Member, nil
}

// allow counts a try before anything is checked, so that a thousand at once are as limited as a thousand in turn.
func (s *Store) allow(ctx context.Context, key string) (failures int, err error) {
	waiting, reset, err := s.Tries.Peek(ctx, "sign-in wait", key)
	if err != nil {
		return 0, err
	}
	if waiting > 0 {
		return 0, &apperr.TooMany{RetryAfter: reset}
	}
	failures, _, err = s.Tries.Count(ctx, "sign-in", key, failureWindow)
	if err != nil || failures < freeFailures {
		return failures, err
	}
	// From the fifth try on, each starts its wait at once; of several at the same moment only the first is checked.
	waiting, reset, err = s.Tries.Count(ctx, "sign-in wait", key, waitAfter(failures))
	if err == nil && waiting > 1 {
		err = &apperr.TooMany{RetryAfter: reset}
	}
	return failures, err
}

// waitAfter is how long to wait after so many failures.
func waitAfter(failures int) time.Duration {
	wait := firstWait
	for range failures - freeFailures {
		if wait *= 2; wait >= longestWait {
			return longestWait
		}
	}
	return wait
}

func (s *Store) account(ctx context.Context, username string) (account, error) {
	var a account
	err := s.DB.QueryRow(ctx, `
		SELECT id, username, name, role, password_hash, totp_secret, disabled_at IS NOT NULL, last_login_at,
		       CASE WHEN must_enrol THEN 'enrol' ELSE '' END, held
		  FROM member
		 WHERE username = $1`, username).
		Scan(&a.ID, &a.Username, &a.Name, &a.Role, &a.hash, &a.sealed, &a.disabled, &a.LastLoginAt, &a.Must, &a.held)
	if errors.Is(err, pgx.ErrNoRows) {
		return account{hash: unknownHash, sealed: s.sealSecret(uuid.Nil, unknownSecret)}, nil
	}
	if err != nil {
		return account{}, fmt.Errorf("look for a member: %w", err)
	}
	return a, nil
}

// verify checks password and code, both in every case, and counts guesses at the code by those who know the password.
func (s *Store) verify(ctx context.Context, a account, password, typed string) (step int64, right bool, err error) {
	secret, err := s.openSecret(a.ID, a.sealed)
	if err != nil {
		return 0, false, err
	}
	passwordRight, err := checkPassword(ctx, a.hash, password)
	if err != nil {
		return 0, false, fmt.Errorf("check a password: %w", err)
	}
	step, codeRight, err := codeStep(secret, typed, s.codesNow())
	if err != nil {
		return 0, false, err
	}
	right = passwordRight && a.known() && !a.disabled
	guesser := "" // the rest is counted too, so that it takes as long, and the number is not used
	if right {
		guesser = a.ID.String()
	}
	guesses, _, err := s.Tries.Count(ctx, "sign-in code", guesser, codeWindow)
	if err != nil {
		return 0, false, err
	}
	// Who has not bound a second factor yet signs in with the one-time password alone, and gets no further than binding
	// one.
	codeRight = codeRight || a.Must == MustEnrol
	return step, right && codeRight && guesses <= codeFailures, nil
}

// forgive forgets the failures before a success.
func (s *Store) forgive(ctx context.Context, a account, key string) error {
	for what, key := range map[string]string{"sign-in": key, "sign-in wait": key, "sign-in code": a.ID.String()} {
		if err := s.Tries.Reset(ctx, what, key); err != nil {
			return err
		}
	}
	return nil
}

// refuse records a failure and watches for patterns. What was typed as an unknown username is recorded nowhere: it may
// be a password.
func (s *Store) refuse(ctx context.Context, a account, failures int, address string) error {
	err := s.DB.InTx(ctx, func(tx pgx.Tx) error {
		return audit.Record(ctx, tx, audit.Entry{
			At: s.now(), Actor: "unknown", Action: "staff.sign_in_failed", Subject: a.Username,
		})
	})
	if err != nil {
		return err
	}
	if err := s.watch(ctx, failures, address); err != nil {
		return err
	}
	return &Refused{Left: max(0, freeFailures-failures)}
}

// watch warns when many accounts fail from one network, or very many sign-ins fail at all. The log gets numbers only.
func (s *Store) watch(ctx context.Context, failures int, address string) error {
	all, _, err := s.Tries.Count(ctx, "sign-in storm", "", spyWindow)
	if err != nil {
		return err
	}
	if s.Log != nil && all%stormFailures == 0 {
		s.Log.Warn("many sign-ins fail", "failures", all, "within", spyWindow)
	}
	if failures > 1 {
		return nil // this account has been counted for this network
	}
	accounts, _, err := s.Tries.Count(ctx, "sign-in spray", network(address), spyWindow)
	if err != nil {
		return err
	}
	if s.Log != nil && accounts%sprayAccounts == 0 {
		s.Log.Warn("sign-ins to many accounts fail from one network", "accounts", accounts, "within", spyWindow)
	}
	return nil
}

// network is the address, or for IPv6 its /64, within which one host may choose any address.
func network(address string) string {
	ip, err := netip.ParseAddr(address)
	if err != nil {
		return address
	}
	ip = ip.Unmap()
	if ip.Is4() {
		return ip.String()
	}
	return netip.PrefixFrom(ip.WithZone(""), 64).Masked().String()
}
