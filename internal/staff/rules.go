package staff

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"unicode"

	"wenji/internal/apperr"
	"wenji/internal/audit"
	"wenji/internal/validate"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
)

// Rules are the switches that 安全管理员 sets: what a password has to be (GB/T 22239-2019 8.1.4.1 a: complex, and changed
// regularly), and how often a member may look at personal data in a day.
type Rules struct {
	Length  int // characters at least, 8 to 64
	Classes int // kinds of characters at least: capitals, small letters, digits, others; 1 to 4
	History int // not one of so many passwords before, 0 to 10
	Days    int // after so many days another one is needed; 0: never
	Reveals int // looks at a commenter's personal data, per member and day, 1 to 1,000
}

// StandardRules hold until they are changed.
var StandardRules = Rules{Length: 10, Classes: 3, History: 5, Days: 90, Reveals: 50}

// fields are the switches with their names in table setting, which are those of the form's fields too.
func (r *Rules) fields() []struct {
	name     string
	value    *int
	from, to int
} {
	return []struct {
		name     string
		value    *int
		from, to int
	}{
		{"password_length", &r.Length, 8, 64},
		{"password_classes", &r.Classes, 1, 4},
		{"password_history", &r.History, 0, 10},
		{"password_days", &r.Days, 0, 730},
		{"reveals_a_day", &r.Reveals, 1, 1000},
	}
}

// querier is a transaction or the pool.
type querier interface {
	Query(ctx context.Context, sql string, args ...any) (pgx.Rows, error)
}

// ReadRules returns the switches as they stand, within tx.
func ReadRules(ctx context.Context, tx pgx.Tx) (Rules, error) { return readRules(ctx, tx) }

func readRules(ctx context.Context, q querier) (Rules, error) {
	r := StandardRules
	rows, err := q.Query(ctx, `SELECT name, value FROM setting ORDER BY name LIMIT 100`)
	if err != nil {
		return Rules{}, fmt.Errorf("read settings: %w", err)
	}
	var name string
	var value int
	_, err = pgx.ForEachRow(rows, []any{&name, &value}, func() error {
		for _, f := range r.fields() {
			if f.name == name {
				*f.value = value
			}
		}
		return nil
	})
	if err != nil {
		return Rules{}, fmt.Errorf("read settings: %w", err)
	}
	return r, nil
}

// Rules returns the switches as they stand.
func (s *Store) Rules(ctx context.Context) (Rules, error) { return readRules(ctx, s.DB) }

// SetRules changes the switches. Errors: apperr.ErrForbidden; *apperr.Invalid on a field named as in table setting.
func (s *Store) SetRules(ctx context.Context, by Member, r Rules) error {
	if !by.Can(ManageSecurity) {
		return apperr.ErrForbidden
	}
	var problems []apperr.Problem
	for _, f := range r.fields() {
		if *f.value < f.from || *f.value > f.to {
			problems = append(problems, apperr.Problem{Field: f.name, Message: validate.NumberBetween(f.from, f.to)})
		}
	}
	if len(problems) > 0 {
		return &apperr.Invalid{Problems: problems}
	}
	return s.DB.InTx(ctx, func(tx pgx.Tx) error {
		if _, err := tx.Exec(ctx, oneAtATime); err != nil {
			return fmt.Errorf("wait to change settings: %w", err)
		}
		before, err := readRules(ctx, tx)
		if err != nil {
			return err
		}
		old := before.fields()
		var names, changes []string
		var values []int
		for i, f := range r.fields() {
			if *f.value != *old[i].value {
				names, values = append(names, f.name), append(values, *f.value)
				changes = append(changes, f.name+" "+strconv.Itoa(*old[i].value)+" → "+strconv.Itoa(*f.value))
			}
		}
		if len(names) == 0 {
			return nil
		}
		_, err = tx.Exec(ctx, `
			INSERT INTO setting (name, value)
			SELECT * FROM unnest($1::text[], $2::integer[])
			ON CONFLICT (name) DO UPDATE SET value = excluded.value`, names, values)
		if err != nil {
			return fmt.Errorf("change settings: %w", err)
		}
		return audit.Record(ctx, tx, audit.Entry{
			At: s.now(), Actor: by.Signature(), Role: string(by.Role), Action: "setting.rules",
			Detail: strings.Join(changes, ", "),
		})
	})
}

// commonPasswords are what is tried first, in small letters and without what is put before or behind.
var commonPasswords = []string{
	"password", "passw0rd", "p@ssw0rd", "p@ssword", "qwerty", "qwertyuiop", "asdfgh", "asdfghjkl", "zxcvbnm", "1qaz2wsx",
	"1q2w3e4r", "q1w2e3r4", "qazwsx", "admin", "administrator", "root", "guest", "test", "welcome", "letmein", "iloveyou",
	"woaini", "5201314", "1314520", "123456", "1234567", "12345678", "123456789", "1234567890", "0123456789", "987654321",
	"111111", "000000", "888888", "666666", "abc123", "abcdef", "abcdefgh", "a123456", "wenji", "liaoning", "shenyang",
}

// common tells a password that is one of the list, with up to four signs before or behind, or one sign over and over.
func common(password string) bool {
	small := strings.ToLower(password)
	for _, word := range commonPasswords {
		if strings.Contains(small, word) && validate.Length(small)-validate.Length(word) <= 4 {
			return true
		}
	}
	return strings.Trim(small, string([]rune(small)[0])) == ""
}

func classes(password string) int {
	var upper, lower, digit, other int
	for _, r := range password {
		switch {
		case unicode.IsUpper(r):
			upper = 1
		case unicode.IsLower(r):
			lower = 1
		case unicode.IsDigit(r):
			digit = 1
		default:
			other = 1
		}
	}
	return upper + lower + digit + other
}

// judge says what is wrong with a new password by its looks alone, "" when nothing is.
func (r Rules) judge(username, password string) string {
	switch {
	case password == "":
		return validate.PasswordEmpty
	case validate.Length(password) < r.Length || len(password) > passwordMost:
		return validate.PasswordLength(r.Length)
	case classes(password) < r.Classes:
		return validate.PasswordClasses(r.Classes)
	case strings.Contains(strings.ToLower(password), username) || common(password):
		return validate.PasswordCommon
	}
	return ""
}

// usedBefore tells whether the password is the present one or one of the last so many.
func (s *Store) usedBefore(ctx context.Context, id uuid.UUID, present, password string, last int) (bool, error) {
	rows, err := s.DB.Query(ctx, `
		SELECT password_hash
		  FROM password_history
		 WHERE member_id = $1
		 ORDER BY set_at DESC
		 LIMIT $2`, id, max(last-1, 0))
	if err != nil {
		return false, fmt.Errorf("read earlier passwords of member %s: %w", id, err)
	}
	hashes, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		return false, fmt.Errorf("read earlier passwords of member %s: %w", id, err)
	}
	for _, hash := range append([]string{present}, hashes...) {
		if same, err := checkPassword(ctx, hash, password); err != nil || same {
			return same, err
		}
	}
	return false, nil
}
