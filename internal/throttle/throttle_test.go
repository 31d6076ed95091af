package throttle

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"sync"
	"testing"
	"time"

	"wenji/internal/postgres"
	"wenji/internal/postgres/pgtest"
)

func index(purpose, value string) []byte {
	mac := hmac.New(sha256.New, []byte("key"))
	mac.Write([]byte(purpose + "\x00" + value))
	return mac.Sum(nil)
}

// replicas returns limiters on two pools of one database.
func replicas(t testing.TB) (a, b *Limiter) {
	t.Helper()
	db := pgtest.New(t)
	second, err := postgres.Open(t.Context(), pgtest.URL(db), postgres.Options{})
	must(t, err)
	t.Cleanup(second.Close)
	return &Limiter{DB: db, Index: index}, &Limiter{DB: second, Index: index}
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// later moves the clock of limiters on.
func later(d time.Duration, all ...*Limiter) {
	for _, l := range all {
		l.DB.Skew += d
	}
}

func count(t *testing.T, l *Limiter, what, key string) (int, time.Duration) {
	t.Helper()
	n, reset, err := l.Count(t.Context(), what, key, time.Hour)
	must(t, err)
	return n, reset
}

func TestReplicasCountTogether(t *testing.T) {
	t.Parallel()
	a, b := replicas(t)
	for i, l := range []*Limiter{a, b, b, a} {
		n, reset := count(t, l, "login", "203.0.113.9")
		if n != i+1 {
			t.Errorf("try %d counted as %d", i+1, n)
		}
		if reset <= 0 || reset > time.Hour {
			t.Errorf("window lasts %v yet, want up to an hour", reset)
		}
	}
	if n, _, err := b.Peek(t.Context(), "login", "203.0.113.9"); n != 4 || err != nil {
		t.Errorf("Peek: %d, %v; want 4", n, err)
	}
	if n, _ := count(t, a, "login", "203.0.113.10"); n != 1 {
		t.Errorf("another address begins at %d", n)
	}
	if n, _ := count(t, a, "code", "203.0.113.9"); n != 1 {
		t.Errorf("another thing begins at %d", n)
	}
}

func TestNoTryIsLostAmongManyAtOnce(t *testing.T) {
	t.Parallel()
	a, b := replicas(t)
	const tries = 100
	seen := make([]bool, tries+1)
	var (
		all sync.WaitGroup
		mu  sync.Mutex
	)
	for i := range tries {
		l := a
		if i%2 == 1 {
			l = b
		}
		all.Go(func() {
			n, _, err := l.Count(t.Context(), "login", "x", time.Hour)
			mu.Lock()
			defer mu.Unlock()
			if err != nil || n < 1 || n > tries || seen[n] {
				t.Errorf("got %d, %v", n, err)
				return
			}
			seen[n] = true
		})
	}
	all.Wait()
	if n, _, err := a.Peek(t.Context(), "login", "x"); n != tries || err != nil {
		t.Errorf("%d counted (%v), want %d", n, err, tries)
	}
}

func TestAWindowBeginsWithItsFirstTryAndIsNotDrawnOut(t *testing.T) {
	t.Parallel()
	a, b := replicas(t)
	count(t, a, "login", "x")
	later(59*time.Minute, a, b)
	if n, reset := count(t, b, "login", "x"); n != 2 || reset > time.Minute {
		t.Errorf("%d tries, %v left; want 2, a minute at most", n, reset)
	}
	later(time.Minute, a, b)
	if n, _, err := a.Peek(t.Context(), "login", "x"); n != 0 || err != nil {
		t.Errorf("Peek after the window: %d, %v; want 0", n, err)
	}
	if n, reset := count(t, a, "login", "x"); n != 1 || reset < 59*time.Minute {
		t.Errorf("the next window: %d, %v; want 1, an hour", n, reset)
	}
}

func TestResetForgetsOneKey(t *testing.T) {
	t.Parallel()
	a, b := replicas(t)
	count(t, a, "login", "x")
	count(t, a, "login", "y")
	must(t, b.Reset(t.Context(), "login", "x"))
	must(t, b.Reset(t.Context(), "login", "never seen"))
	if n, _ := count(t, a, "login", "x"); n != 1 {
		t.Errorf("after Reset: %d, want 1", n)
	}
	if n, _ := count(t, a, "login", "y"); n != 2 {
		t.Errorf("another key: %d, want 2", n)
	}
}

func TestPurgeDeletesEndedWindowsOnly(t *testing.T) {
	t.Parallel()
	a, b := replicas(t)
	count(t, a, "login", "old")
	later(time.Hour, a, b)
	count(t, a, "login", "new")
	must(t, b.Purge(t.Context()))
	var rows int
	must(t, a.DB.QueryRow(t.Context(), `SELECT count(*) FROM tries`).Scan(&rows))
	if n, _, err := a.Peek(t.Context(), "login", "new"); rows != 1 || n != 1 || err != nil {
		t.Errorf("%d rows, new %d (%v); want the new one alone", rows, n, err)
	}
}

func TestTheTableHoldsNoAddress(t *testing.T) {
	t.Parallel()
	a, _ := replicas(t)
	count(t, a, "login", "203.0.113.9")
	var key []byte
	must(t, a.DB.QueryRow(t.Context(), `SELECT key FROM tries`).Scan(&key))
	if len(key) != sha256.Size || bytes.Contains(key, []byte("203.0")) || !bytes.Equal(key, index("tries/login", "203.0.113.9")) {
		t.Errorf("key %q is not the keyed digest", key)
	}
}

func TestAFailingDatabaseIsAnError(t *testing.T) {
	t.Parallel()
	a, _ := replicas(t)
	a.DB.Close()
	if n, _, err := a.Count(t.Context(), "login", "x", time.Hour); err == nil {
		t.Errorf("Count: %d without an error", n)
	}
	if n, _, err := a.Peek(t.Context(), "login", "x"); err == nil {
		t.Errorf("Peek: %d without an error", n)
	}
	if a.Reset(t.Context(), "login", "x") == nil || a.Purge(t.Context()) == nil {
		t.Error("Reset or Purge without an error")
	}
}

func BenchmarkCount(b *testing.B) {
	l, _ := replicas(b)
	b.ReportAllocs()
	for b.Loop() {
		if _, _, err := l.Count(b.Context(), "login", "x", time.Hour); err != nil {
			b.Fatal(err)
		}
	}
}
