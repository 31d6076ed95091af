package captcha

import (
	"errors"
	"path/filepath"
	"regexp"
	"sync"
	"testing"
	"time"

	"wenji/internal/apperr"
	"wenji/internal/postgres"
	"wenji/internal/postgres/pgtest"
	"wenji/internal/vault"

	"github.com/google/uuid"
)

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func newBox(t testing.TB) *vault.Box {
	t.Helper()
	keys, err := vault.Create(filepath.Join(t.TempDir(), "keys.json"))
	must(t, err)
	return keys.Box(Purpose)
}

// offline is for tests that never reach the database.
func offline(t testing.TB, o Options) *Challenges {
	t.Helper()
	db, err := postgres.Open(t.Context(), "postgres://nobody@127.0.0.1:1/none", postgres.Options{})
	must(t, err)
	t.Cleanup(db.Close)
	return New(newBox(t), db, o)
}

func fixed(t testing.TB) *Challenges {
	t.Helper()
	return New(newBox(t), pgtest.New(t), Options{FixedDigits: "135790"})
}

func answer(t *testing.T, c *Challenges, token, digits string, want Result) {
	t.Helper()
	got, err := c.Answer(t.Context(), token, digits)
	must(t, err)
	if got != want {
		t.Errorf("answer %q: %v, want %v", digits, got, want)
	}
}

func TestATokenIsShortURLSafeAndOpaque(t *testing.T) {
	c := offline(t, Options{FixedDigits: "135790"})
	form := uuid.New()
	safe := regexp.MustCompile(`^[A-Za-z0-9_-]{1,200}$`)
	seen := make(map[string]bool)
	for range 20 {
		for _, token := range []string{c.Issue(form), c.Pass(form)} {
			if !safe.MatchString(token) || seen[token] {
				t.Errorf("token %q (%d characters)", token, len(token))
			}
			seen[token] = true
		}
	}
}

func TestATokenNamesItsForm(t *testing.T) {
	c := offline(t, Options{})
	form := uuid.New()
	token, proof := c.Issue(form), c.Pass(form)
	check := func(token string, wantPassed bool, wantErr error) {
		t.Helper()
		id, passed, err := c.FormID(token)
		if !errors.Is(err, wantErr) || err == nil && (id != form || passed != wantPassed) {
			t.Errorf("got %v, %v, %v; want %v, %v, %v", id, passed, err, form, wantPassed, wantErr)
		}
	}
	check(token, false, nil)
	check(proof, true, nil)
	c.db.Skew = FormLifetime - time.Minute // long after the challenge is over
	check(token, false, nil)
	check(proof, true, nil)
	c.db.Skew = FormLifetime
	check(token, false, apperr.ErrExpired)
	check(proof, false, apperr.ErrExpired)
	c.db.Skew = 0
	check("", false, apperr.ErrNotFound)
	check(token[1:], false, apperr.ErrNotFound)
	check(newBox(t).Seal(make([]byte, challengeSize), tokenPlace), false, apperr.ErrNotFound)
	check(c.box.Seal(make([]byte, challengeSize), "another place"), false, apperr.ErrNotFound)
	check(c.box.Seal(make([]byte, passSize), tokenPlace), false, apperr.ErrNotFound)
}

func TestAnotherChallengeIsForTheSameForm(t *testing.T) {
	c := offline(t, Options{})
	form := uuid.New()
	first := c.Issue(form)
	c.db.Skew = 23 * time.Hour
	second, err := c.Another(first)
	must(t, err)
	if id, passed, err := c.FormID(second); id != form || passed || err != nil {
		t.Errorf("another: %v, %v, %v", id, passed, err)
	}
	if _, err := c.Image(second); err != nil {
		t.Errorf("the new challenge has no picture: %v", err)
	}
	c.db.Skew = 25 * time.Hour
	if _, err := c.Another(first); !errors.Is(err, apperr.ErrExpired) {
		t.Errorf("after 25 hours: %v, want ErrExpired", err)
	}
	if _, err := c.Another("garbled"); !errors.Is(err, apperr.ErrNotFound) {
		t.Errorf("garbled: %v, want ErrNotFound", err)
	}
}

func TestARightAnswerPassesOnce(t *testing.T) {
	t.Parallel()
	c := fixed(t)
	token := c.Issue(uuid.New())
	answer(t, c, token, "135790", Passed)
	answer(t, c, token, "135790", Used)
}

func TestAWrongAnswerUsesTheChallengeUp(t *testing.T) {
	t.Parallel()
	c := fixed(t)
	token := c.Issue(uuid.New())
	answer(t, c, token, "135791", Wrong)
	answer(t, c, token, "135790", Used)
	another, err := c.Another(token)
	must(t, err)
	answer(t, c, another, "135790", Passed)
}

func TestWhatIsNotSixDigitsUsesUpNothing(t *testing.T) {
	t.Parallel()
	c := fixed(t)
	token := c.Issue(uuid.New())
	for _, digits := range []string{"", "13579", "1357900", "13579O", "13 790", "１３５７９０", "13579\x00", "-35790"} {
		answer(t, c, token, digits, Wrong)
	}
	answer(t, c, token, "135790", Passed)
}

func TestAChallengeLastsTenMinutes(t *testing.T) {
	t.Parallel()
	c := fixed(t)
	last, late := c.Issue(uuid.New()), c.Issue(uuid.New())
	c.db.Skew = Lifetime - 5*time.Second
	answer(t, c, last, "135790", Passed)
	c.db.Skew = Lifetime
	answer(t, c, late, "135790", Expired)
	answer(t, c, late, "nothing", Expired)
	answer(t, c, "garbled", "135790", Expired)
	for _, get := range []func(string) ([]byte, error){c.Image, c.Audio} {
		if _, err := get(late); !errors.Is(err, apperr.ErrExpired) {
			t.Errorf("rendering: %v, want ErrExpired", err)
		}
	}
}

func TestAProofOfHavingPassedIsNotAskedAgain(t *testing.T) {
	c := offline(t, Options{})
	proof := c.Pass(uuid.New())
	answer(t, c, proof, "", Passed)
	answer(t, c, proof, "", Passed)
	c.db.Skew = FormLifetime
	answer(t, c, proof, "", Expired)
}

func TestOfEightAnswersAtOnceOnAnyReplicaOnePasses(t *testing.T) {
	t.Parallel()
	db, box := pgtest.New(t), newBox(t)
	second, err := postgres.Open(t.Context(), pgtest.URL(db), postgres.Options{})
	must(t, err)
	defer second.Close()
	replicas := []*Challenges{
		New(box, db, Options{FixedDigits: "135790"}), New(box, second, Options{FixedDigits: "135790"}),
	}
	token := replicas[0].Issue(uuid.New())
	results := make([]Result, 8)
	var all sync.WaitGroup
	for i := range results {
		all.Go(func() {
			var err error
			if results[i], err = replicas[i%2].Answer(t.Context(), token, "135790"); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	count := map[Result]int{}
	for _, r := range results {
		count[r]++
	}
	if count[Passed] != 1 || count[Used] != 7 {
		t.Errorf("%v, want 1 passed and 7 used", count)
	}
}

func TestAFailingDatabaseIsAnErrorAndNeverWrong(t *testing.T) {
	t.Parallel()
	c := fixed(t)
	token := c.Issue(uuid.New())
	good := c.db
	broken, err := postgres.Open(t.Context(), pgtest.URL(good), postgres.Options{})
	must(t, err)
	broken.Close()
	c.db = broken
	for _, digits := range []string{"135790", "000000"} {
		if r, err := c.Answer(t.Context(), token, digits); err == nil || r != 0 {
			t.Errorf("answer %s: %v, %v; want an error alone", digits, r, err)
		}
	}
	c.db = good
	answer(t, c, token, "135790", Passed)
}

func TestPurgeKeepsWhatCouldStillBeAnswered(t *testing.T) {
	t.Parallel()
	c := fixed(t)
	answer(t, c, c.Issue(uuid.New()), "135790", Passed)
	rows := func() (n int) {
		must(t, c.db.QueryRow(t.Context(), `SELECT count(*) FROM captcha_used`).Scan(&n))
		return n
	}
	must(t, c.Purge(t.Context()))
	c.db.Skew = Lifetime + purgeMargin - time.Minute
	must(t, c.Purge(t.Context()))
	if n := rows(); n != 1 {
		t.Fatalf("%d rows, want 1: a replica with a slow clock may still take the challenge", n)
	}
	c.db.Skew += 2 * time.Minute
	must(t, c.Purge(t.Context()))
	if n := rows(); n != 0 {
		t.Errorf("%d rows, want 0", n)
	}
}

func TestFixedDigitsMustBeSixDigits(t *testing.T) {
	defer func() {
		if recover() == nil {
			t.Error("New took five digits")
		}
	}()
	New(newBox(t), nil, Options{FixedDigits: "13579"})
}

func TestEveryDigitIsEquallyLikely(t *testing.T) {
	c := offline(t, Options{})
	var count [10]int
	const challenges = 5000
	for range challenges {
		for _, d := range c.fresh().digits {
			count[d-'0']++
		}
	}
	const expected = challenges * Length / 10
	chi := 0.0
	for _, n := range count {
		chi += float64((n-expected)*(n-expected)) / expected
	}
	if chi > 40 { // nine degrees of freedom: once in 100,000 runs by chance
		t.Errorf("digits %v, chi-square %.1f", count, chi)
	}
}
