package staff

import (
	"context"
	"crypto/subtle"
	"encoding/base32"
	"errors"
	"fmt"
	"strings"
	"time"

	"wenji/internal/apperr"
	"wenji/internal/audit"
	"wenji/internal/validate"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/pquerna/otp"
	"github.com/pquerna/otp/hotp"
	"github.com/pquerna/otp/totp"
)

// The second factor is a time-based code (RFC 6238): SHA-1, six digits, a new one each 30 seconds. The codes just
// before and after are taken too, for clocks that differ.
const (
	stepSeconds  = 30
	stepsAround  = 1
	secretBytes  = 20
	issuer       = "Wenji"
	factorTries  = 5
	factorWindow = 15 * time.Minute
)

var codeOptions = hotp.ValidateOpts{Digits: otp.DigitsSix, Algorithm: otp.AlgorithmSHA1}

// unknownSecret is what a code is compared with when there is no such member.
var unknownSecret = strings.Repeat("A", 32)

var secretEncoding = base32.StdEncoding.WithPadding(base32.NoPadding)

// newSecret makes the secret of a second factor, and the address that authenticator apps read from a QR code. An empty
// secret means a random one.
func newSecret(username, secret string) (string, string, error) {
	options := totp.GenerateOpts{Issuer: issuer, AccountName: username, Period: stepSeconds, SecretSize: secretBytes,
		Digits: otp.DigitsSix, Algorithm: otp.AlgorithmSHA1}
	if secret != "" {
		raw, err := secretEncoding.DecodeString(strings.TrimRight(strings.ToUpper(secret), "="))
		if err != nil || len(raw) < 10 {
			return "", "", errors.New("second-factor secret is not base32 of at least 80 bits")
		}
		options.Secret = raw
	}
	key, err := totp.Generate(options)
	if err != nil {
		return "", "", fmt.Errorf("make a second factor: %w", err)
	}
	return key.Secret(), key.URL(), nil
}

// codeStep finds the step whose code was typed. All steps are compared, whether one matched or not.
func codeStep(secret, typed string, at time.Time) (step int64, ok bool, err error) {
	typed = validate.Code(typed)
	now := at.Unix() / stepSeconds
	for i := now - stepsAround; i <= now+stepsAround; i++ {
		code, err := hotp.GenerateCodeCustom(secret, uint64(max(i, 0)), codeOptions)
		if err != nil {
			return 0, false, fmt.Errorf("compute a code: %w", err)
		}
		if subtle.ConstantTimeCompare([]byte(code), []byte(typed)) == 1 {
			step, ok = i, true
		}
	}
	return step, ok, nil
}

func (s *Store) codesNow() time.Time {
	if s.Codes != nil {
		return s.Codes()
	}
	return time.Now()
}

// sealSecret and openSecret bind a secret to its member: one copied to another row does not open.
func (s *Store) sealSecret(id uuid.UUID, secret string) []byte {
	return []byte(s.Keys.Box("totp").Seal([]byte(secret), id.String()))
}

func (s *Store) openSecret(id uuid.UUID, sealed []byte) (string, error) {
	plain, err := s.Keys.Box("totp").Open(string(sealed), id.String())
	if err != nil {
		return "", fmt.Errorf("open the second factor of member %s: %w", id, err)
	}
	return string(plain), nil
}

// useStep marks a step as used, in one statement, so that of two people with the same code one passes. It reports
// false when this step or a later one has been used.
func useStep(ctx context.Context, tx pgx.Tx, id uuid.UUID, step int64) (bool, error) {
	done, err := tx.Exec(ctx, `
		UPDATE member
		   SET totp_step = $2
		 WHERE id = $1 AND totp_step < $2 AND disabled_at IS NULL`, id, step)
	if err != nil {
		return false, fmt.Errorf("use a code of member %s: %w", id, err)
	}
	return done.RowsAffected() == 1, nil
}

// CheckSecondFactor asks a signed-in member for a fresh code before an act of weight. A wrong or used code is
// *apperr.Invalid on field otp, and recorded; after five within 15 minutes, *apperr.TooMany.
func (s *Store) CheckSecondFactor(ctx context.Context, m Member, typed string) error {
	n, reset, err := s.Tries.Count(ctx, "second factor", m.ID.String(), factorWindow)
	if err != nil {
		return err
	}
	if n > factorTries {
		return &apperr.TooMany{RetryAfter: reset}
	}
	passed := false
	at := s.now()
	err = s.DB.InTx(ctx, func(tx pgx.Tx) error {
		var sealed []byte
		err := tx.QueryRow(ctx, `
			SELECT totp_secret
			  FROM member
			 WHERE id = $1 AND disabled_at IS NULL`, m.ID).Scan(&sealed)
		if errors.Is(err, pgx.ErrNoRows) {
			return apperr.ErrForbidden
		}
		if err != nil {
			return fmt.Errorf("read the second factor of member %s: %w", m.ID, err)
		}
		secret, err := s.openSecret(m.ID, sealed)
		if err != nil {
			return err
		}
		step, right, err := codeStep(secret, typed, s.codesNow())
		if err != nil {
			return err
		}
		if passed = right; right {
			if passed, err = useStep(ctx, tx, m.ID, step); err != nil {
				return err
			}
		}
		action := "staff.second_factor"
		if !passed {
			action = "staff.second_factor_failed"
		}
		return audit.Record(ctx, tx, audit.Entry{
			At: at, Actor: m.Signature(), Role: string(m.Role), Action: action, Subject: m.Username,
		})
	})
	if err != nil {
		return err
	}
	if !passed {
		return &apperr.Invalid{Problems: []apperr.Problem{{Field: "otp", Message: validate.FactorWrong}}}
	}
	return s.Tries.Reset(ctx, "second factor", m.ID.String())
}
