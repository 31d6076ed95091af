// Package captcha asks a person for six digits, drawn or spoken in Chinese, once per form and with nothing kept in the
// process that another replica would miss.
package captcha

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"wenji/internal/apperr"
	"wenji/internal/postgres"
	"wenji/internal/vault"

	"github.com/google/uuid"
)

// Purpose is the purpose of the box for New: vault.KeyRing.Box(captcha.Purpose).
const Purpose = "captcha"

const (
	// Length of an answer, in digits.
	Length = 6
	// Lifetime of a challenge.
	Lifetime = 10 * time.Minute
	// FormLifetime is how long a form instance is known by its token, and how long one that has passed stays so.
	FormLifetime = 24 * time.Hour

	defaultPool  = 1000 // drawn ahead, about 1 KB each
	keptPictures = 2000
	keptSounds   = 64 // 150 KB each
)

// Options of the challenges; the zero value is usable.
type Options struct {
	FixedDigits string       // every challenge has these six digits: for tests and load only. See WellFormed
	PoolSize    int          // pictures drawn ahead by Run; 0 means 1,000
	Log         *slog.Logger // where Run reports a purge that fails; nil means nowhere
}

// Challenges issues and judges challenges. A challenge is a sealed token: it travels with the form, any replica can
// draw, speak and judge it, and the database learns of it only once it is answered.
type Challenges struct {
	box   *vault.Box
	db    *postgres.DB
	fixed string
	log   *slog.Logger

	pool     chan picture
	pictures *recent
	sounds   *recent
	speaking sync.Mutex // one generation of sound at a time
	pens     pens

	issued  atomic.Int64
	answers [Expired + 1]atomic.Int64 // by Result; the first counts a database that failed
}

// New returns challenges sealed in box. It panics when o.FixedDigits is set and not WellFormed: check flags first.
func New(box *vault.Box, db *postgres.DB, o Options) *Challenges {
	if o.FixedDigits != "" && !WellFormed(o.FixedDigits) {
		panic("captcha: FixedDigits must be six digits")
	}
	if o.PoolSize <= 0 {
		o.PoolSize = defaultPool
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	return &Challenges{
		box: box, db: db, fixed: o.FixedDigits, log: o.Log,
		pool:     make(chan picture, o.PoolSize),
		pictures: newRecent(keptPictures),
		sounds:   newRecent(keptSounds),
	}
}

// WellFormed tells whether an answer is six ASCII digits.
func WellFormed(digits string) bool {
	if len(digits) != Length {
		return false
	}
	for i := range len(digits) {
		if digits[i] < '0' || digits[i] > '9' {
			return false
		}
	}
	return true
}

// Result of an answer. The zero Result is none: it comes with an error.
type Result int

const (
	Passed  Result = iota + 1
	Wrong          // other digits, or not six digits
	Used           // this challenge was answered before, rightly or wrongly
	Expired        // older than ten minutes, or not one of ours
)

func (r Result) String() string {
	switch r {
	case Passed:
		return "passed"
	case Wrong:
		return "wrong"
	case Used:
		return "used"
	case Expired:
		return "expired"
	}
	return "none"
}

// Issue returns a new challenge for a form instance: at most 200 URL-safe characters. Nothing is written. Its picture
// is one drawn ahead, or is drawn when first asked for.
func (c *Challenges) Issue(formID uuid.UUID) (token string) {
	c.issued.Add(1)
	var p picture
	select {
	case p = <-c.pool:
		c.pictures.put(p.seed, p.png)
	default:
		p = c.fresh()
	}
	return c.seal(content{kind: challenge, formID: formID, issued: c.db.Now(), seed: p.seed, digits: p.digits})
}

// Another returns a new challenge for the form instance of token, which may be up to 24 hours old. apperr.ErrNotFound:
// token is not ours; apperr.ErrExpired: it is too old.
func (c *Challenges) Another(token string) (string, error) {
	formID, _, err := c.FormID(token)
	if err != nil {
		return "", err
	}
	return c.Issue(formID), nil
}

// Pass returns a proof that this form instance has passed, in the shape of a challenge's token. It holds for 24 hours.
func (c *Challenges) Pass(formID uuid.UUID) (token string) {
	return c.seal(content{kind: pass, formID: formID, issued: c.db.Now()})
}

// FormID returns the form instance of a token, and whether that has passed. A challenge that is itself expired still
// names its form, up to 24 hours. Errors as with Another.
func (c *Challenges) FormID(token string) (id uuid.UUID, passed bool, err error) {
	t, err := c.open(token)
	if err != nil {
		return uuid.Nil, false, err
	}
	if t.olderThan(FormLifetime, c.db.Now()) {
		return uuid.Nil, false, fmt.Errorf("form token: %w", apperr.ErrExpired)
	}
	return t.formID, t.kind == pass, nil
}

// Answer judges digits, which the caller has folded to half width. Six digits use the challenge up, right or wrong, in
// one statement, so that of many answers at once one is judged and the others are Used. Anything else is Wrong and
// uses up nothing. A valid token of Pass is Passed. The error is for a database that fails: nothing is known then, and
// it is never Wrong.
func (c *Challenges) Answer(ctx context.Context, token, digits string) (Result, error) {
	result, err := c.judge(ctx, token, digits)
	c.answers[result].Add(1)
	return result, err
}

func (c *Challenges) judge(ctx context.Context, token, digits string) (Result, error) {
	t, err := c.open(token)
	if err != nil {
		return Expired, nil // not ours, or sealed with a key since removed: a new challenge mends both
	}
	now := c.db.Now()
	switch {
	case t.kind == pass && t.olderThan(FormLifetime, now), t.kind == challenge && t.olderThan(Lifetime, now):
		return Expired, nil
	case t.kind == pass:
		return Passed, nil
	case !WellFormed(digits):
		return Wrong, nil
	}
	digest := sha256.Sum256(append(t.formID[:], t.seed[:]...))
	tag, err := c.db.Exec(ctx, `
		INSERT INTO captcha_used (token_digest, expires_at)
		VALUES ($1, $2)
		ON CONFLICT DO NOTHING`, digest[:], t.issued.Add(Lifetime))
	if err != nil {
		return 0, fmt.Errorf("use up a challenge: %w", err)
	}
	switch {
	case tag.RowsAffected() == 0:
		return Used, nil
	case subtle.ConstantTimeCompare([]byte(digits), t.digits[:]) != 1:
		return Wrong, nil
	}
	return Passed, nil
}

// fresh makes the secret part of a challenge, without its picture.
func (c *Challenges) fresh() picture {
	var p picture
	random(p.seed[:])
	if c.fixed != "" {
		copy(p.digits[:], c.fixed)
		return p
	}
	for i := 0; i < Length; {
		var b [2 * Length]byte
		random(b[:])
		for _, x := range b {
			if x < 250 && i < Length { // 250 is a multiple of ten: each digit is equally likely
				p.digits[i] = '0' + x%10
				i++
			}
		}
	}
	return p
}

// random fills b; since Go 1.24 crypto/rand ends the program rather than return an error.
func random(b []byte) {
	if _, err := rand.Read(b); err != nil {
		panic("captcha: no random bytes: " + err.Error())
	}
}
