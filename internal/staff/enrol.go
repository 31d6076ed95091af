package staff

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"wenji/internal/apperr"
	"wenji/internal/validate"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
)

// Enrolment is a second factor that has been made for a member and is not bound yet. Nothing is stored: Sealed travels
// through the form and is good for half an hour, for this member alone.
type Enrolment struct {
	Secret string // base32
	URL    string // otpauth://, for the QR code
	Sealed string
}

const enrolmentLife = 30 * time.Minute

type sealedEnrolment struct {
	Secret string `json:"secret"`
	Until  int64  `json:"until"`
}

// NewEnrolment makes a second factor for the member to bind.
func (s *Store) NewEnrolment(m Member) (Enrolment, error) {
	secret, url, err := newSecret(m.Username, "")
	if err != nil {
		return Enrolment{}, err
	}
	plain, err := json.Marshal(sealedEnrolment{secret, s.now().Add(enrolmentLife).Unix()})
	if err != nil {
		return Enrolment{}, fmt.Errorf("seal an enrolment: %w", err)
	}
	return Enrolment{secret, url, s.Keys.Box("totp enrolment").Seal(plain, m.ID.String())}, nil
}

// OpenEnrolment reads what NewEnrolment sealed for the member; apperr.ErrExpired when it is too old or another's.
func (s *Store) OpenEnrolment(m Member, sealed string) (Enrolment, error) {
	plain, err := s.Keys.Box("totp enrolment").Open(sealed, m.ID.String())
	if err != nil {
		return Enrolment{}, apperr.ErrExpired
	}
	var e sealedEnrolment
	if err := json.Unmarshal(plain, &e); err != nil || s.now().Unix() > e.Until {
		return Enrolment{}, apperr.ErrExpired
	}
	secret, url, err := newSecret(m.Username, e.Secret)
	if err != nil {
		return Enrolment{}, err
	}
	return Enrolment{secret, url, sealed}, nil
}

// NewPassword is what was typed to set a password.
type NewPassword struct {
	Present string // the password there is; a one-time password has just been typed at sign-in and is not asked again
	New     string
	Again   string
}

// own reads what a member's own credentials are checked against.
func (s *Store) own(ctx context.Context, id uuid.UUID) (hash string, enrol bool, err error) {
	err = s.DB.QueryRow(ctx, `
		SELECT password_hash, must_enrol
		  FROM member
		 WHERE id = $1 AND disabled_at IS NULL`, id).Scan(&hash, &enrol)
	if errors.Is(err, pgx.ErrNoRows) {
		return "", false, apperr.ErrForbidden
	}
	if err != nil {
		return "", false, fmt.Errorf("read the credentials of member %s: %w", id, err)
	}
	return hash, enrol, nil
}

// checkNew judges a new password by the rules.
func (s *Store) checkNew(ctx context.Context, m Member, hash string, p NewPassword) error {
	rules, err := s.Rules(ctx)
	if err != nil {
		return err
	}
	if sentence := rules.judge(m.Username, p.New); sentence != "" {
		return problem("new", sentence)
	}
	if p.New != p.Again {
		return problem("again", validate.PasswordTwice)
	}
	used, err := s.usedBefore(ctx, m.ID, hash, p.New, rules.History)
	if err != nil {
		return err
	}
	if used {
		return problem("new", validate.PasswordUsed)
	}
	return nil
}

// checkPresent asks for the member's own password, at most five times in 15 minutes.
func (s *Store) checkPresent(ctx context.Context, m Member, hash, typed string) error {
	n, reset, err := s.Tries.Count(ctx, "own password", m.ID.String(), factorWindow)
	if err != nil {
		return err
	}
	if n > factorTries {
		return &apperr.TooMany{RetryAfter: reset}
	}
	right, err := checkPassword(ctx, hash, typed)
	if err != nil {
		return err
	}
	if !right {
		return problem("present", validate.PasswordWrong)
	}
	return s.Tries.Reset(ctx, "own password", m.ID.String())
}

// Enrol sets the member's own password and binds the second factor, confirmed by a code of it; it ends the state in which
// nothing else is open. All sessions but the one of token end. Errors: *apperr.Invalid on new, again or otp;
// apperr.ErrExpired when the enrolment is too old; apperr.ErrConflict when the member is enrolled already.
func (s *Store) Enrol(ctx context.Context, m Member, token string, e Enrolment, p NewPassword, code string) error {
	hash, enrol, err := s.own(ctx, m.ID)
	if err != nil {
		return err
	}
	if !enrol {
		return apperr.ErrConflict
	}
	if err := s.checkNew(ctx, m, hash, p); err != nil {
		return err
	}
	step, right, err := codeStep(e.Secret, code, s.codesNow())
	if err != nil {
		return err
	}
	if !right {
		return problem("otp", validate.EnrolmentCode)
	}
	fresh, err := hashPassword(ctx, p.New)
	if err != nil {
		return err
	}
	return s.DB.InTx(ctx, func(tx pgx.Tx) error {
		if err := s.replacePassword(ctx, tx, m, hash, fresh); err != nil {
			return err
		}
		if err := s.bind(ctx, tx, m, e, step); err != nil {
			return err
		}
		if err := endOthers(ctx, tx, m.ID, token); err != nil {
			return err
		}
		return s.recordBy(ctx, tx, m, "staff.enrol", m, "")
	})
}

// ChangePassword replaces the member's own password; all sessions but the one of token end. Errors: *apperr.Invalid on
// present, new or again; *apperr.TooMany; apperr.ErrForbidden for who has to enrol first.
func (s *Store) ChangePassword(ctx context.Context, m Member, token string, p NewPassword) error {
	hash, enrol, err := s.own(ctx, m.ID)
	if err != nil {
		return err
	}
	if enrol {
		return apperr.ErrForbidden
	}
	if err := s.checkPresent(ctx, m, hash, p.Present); err != nil {
		return err
	}
	if err := s.checkNew(ctx, m, hash, p); err != nil {
		return err
	}
	fresh, err := hashPassword(ctx, p.New)
	if err != nil {
		return err
	}
	return s.DB.InTx(ctx, func(tx pgx.Tx) error {
		if err := s.replacePassword(ctx, tx, m, hash, fresh); err != nil {
			return err
		}
		if err := endOthers(ctx, tx, m.ID, token); err != nil {
			return err
		}
		return s.recordBy(ctx, tx, m, "staff.password", m, "")
	})
}

// ChangeFactor binds another second factor, for a new phone: the password and a code of the old one are asked first.
// Errors: *apperr.Invalid on present, old or otp; *apperr.TooMany; apperr.ErrForbidden for who has to enrol first.
func (s *Store) ChangeFactor(ctx context.Context, m Member, token string, e Enrolment, present, old, code string) error {
	hash, enrol, err := s.own(ctx, m.ID)
	if err != nil {
		return err
	}
	if enrol {
		return apperr.ErrForbidden
	}
	if err := s.checkPresent(ctx, m, hash, present); err != nil {
		return err
	}
	step, right, err := codeStep(e.Secret, code, s.codesNow())
	if err != nil {
		return err
	}
	if !right {
		return problem("otp", validate.EnrolmentCode)
	}
	if err := s.CheckSecondFactor(ctx, m, old); err != nil {
		var invalid *apperr.Invalid
		if errors.As(err, &invalid) {
			return problem("old", validate.FactorWrong)
		}
		return err
	}
	return s.DB.InTx(ctx, func(tx pgx.Tx) error {
		if err := s.bind(ctx, tx, m, e, step); err != nil {
			return err
		}
		if err := endOthers(ctx, tx, m.ID, token); err != nil {
			return err
		}
		return s.recordBy(ctx, tx, m, "staff.factor", m, "")
	})
}

func (s *Store) bind(ctx context.Context, tx pgx.Tx, m Member, e Enrolment, step int64) error {
	_, err := tx.Exec(ctx, `
		UPDATE member
		   SET totp_secret = $2, totp_step = $3, must_enrol = false
		 WHERE id = $1`, m.ID, s.sealSecret(m.ID, e.Secret), step)
	if err != nil {
		return fmt.Errorf("bind a second factor of member %s: %w", m.ID, err)
	}
	return nil
}

// replacePassword sets a password where the old one is still the one that was checked, and keeps the old one's hash.
func (s *Store) replacePassword(ctx context.Context, tx pgx.Tx, m Member, old, fresh string) error {
	at := s.now()
	done, err := tx.Exec(ctx, `
		UPDATE member
		   SET password_hash = $3, password_set_at = $4
		 WHERE id = $1 AND password_hash = $2 AND disabled_at IS NULL`, m.ID, old, fresh, at)
	if err != nil {
		return fmt.Errorf("set the password of member %s: %w", m.ID, err)
	}
	if done.RowsAffected() == 0 {
		return apperr.ErrConflict
	}
	_, err = tx.Exec(ctx, `
		INSERT INTO password_history (member_id, set_at, password_hash) VALUES ($1, $2, $3)
		ON CONFLICT DO NOTHING`, m.ID, at, old)
	if err != nil {
		return fmt.Errorf("keep the old password of member %s: %w", m.ID, err)
	}
	_, err = tx.Exec(ctx, `
		DELETE FROM password_history
		 WHERE member_id = $1
		   AND set_at NOT IN (SELECT set_at FROM password_history WHERE member_id = $1 ORDER BY set_at DESC LIMIT 10)`, m.ID)
	if err != nil {
		return fmt.Errorf("forget old passwords of member %s: %w", m.ID, err)
	}
	return nil
}
