package captcha

import (
	"bytes"
	"context"
	"errors"
	"image/color"
	"image/png"
	"sync"
	"testing"
	"time"

	"wenji/internal/apperr"

	"github.com/dchest/captcha"
	"github.com/google/uuid"
)

func TestThePictureIsTheLibrarysInOneInkOnWhite(t *testing.T) {
	c := offline(t, Options{})
	for range 10 {
		p := c.fresh()
		encoded, err := c.draw(p.seed, p.digits)
		must(t, err)
		img, err := png.Decode(bytes.NewReader(encoded))
		must(t, err)
		if s := img.Bounds().Size(); s.X != Width || s.Y != Height {
			t.Fatalf("size %v", s)
		}
		// Within one process the library draws the same seed alike.
		original := captcha.NewImage(string(p.seed[:]), values(p.digits), Width, Height)
		dark := color.RGBA{0x1a, 0x1a, 0x1a, 0xff}
		for y := range Height {
			for x := range Width {
				want := color.RGBA{0xff, 0xff, 0xff, 0xff}
				if original.ColorIndexAt(x, y) > 0 { // digit, line or noise
					want = dark
				}
				if got := color.RGBAModel.Convert(img.At(x, y)); got != want {
					t.Fatalf("%v at %d,%d, want %v", got, x, y, want)
				}
			}
		}
	}
}

func TestAPictureIsDrawnOnceAndAnotherReplicaCanDrawItToo(t *testing.T) {
	c := offline(t, Options{})
	token := c.Issue(uuid.New())
	first, err := c.Image(token)
	must(t, err)
	again, err := c.Image(token)
	must(t, err)
	if &first[0] != &again[0] {
		t.Error("the picture was drawn twice")
	}
	replica := New(c.box, c.db, Options{})
	other, err := replica.Image(token)
	must(t, err)
	if _, err := png.Decode(bytes.NewReader(other)); err != nil {
		t.Error(err)
	}
}

func TestSoundIsSpokenOnceAndKept(t *testing.T) {
	c := offline(t, Options{})
	token := c.Issue(uuid.New())
	sounds := make([][]byte, 4)
	var all sync.WaitGroup
	for i := range sounds {
		all.Go(func() {
			var err error
			if sounds[i], err = c.Audio(token); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	for _, s := range sounds {
		if !bytes.HasPrefix(s, []byte("RIFF")) || !bytes.Equal(s[8:12], []byte("WAVE")) {
			t.Fatal("not a WAV")
		}
		if &s[0] != &sounds[0][0] {
			t.Error("the sound was made twice")
		}
	}
}

func TestOnlyAChallengeHasAPictureAndASound(t *testing.T) {
	c := offline(t, Options{})
	for _, token := range []string{"", "x", c.Pass(uuid.New()), newBox(t).Seal(make([]byte, challengeSize), tokenPlace)} {
		for _, get := range []func(string) ([]byte, error){c.Image, c.Audio} {
			if _, err := get(token); !errors.Is(err, apperr.ErrNotFound) {
				t.Errorf("%q: %v, want ErrNotFound", token, err)
			}
		}
	}
}

func TestRunDrawsAheadAndIssueTakesFromIt(t *testing.T) {
	c := offline(t, Options{PoolSize: 3, FixedDigits: "135790"})
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan struct{})
	go func() {
		c.Run(ctx)
		close(ended)
	}()
	ticker := time.NewTicker(time.Millisecond)
	defer ticker.Stop()
	for deadline := time.Now().Add(30 * time.Second); len(c.pool) < 3; <-ticker.C {
		if time.Now().After(deadline) {
			t.Fatal("the pool is not filled")
		}
	}
	cancel()
	<-ended
	for i := range 5 { // two more than there are
		token := c.Issue(uuid.New())
		inside, err := c.open(token)
		must(t, err)
		if string(inside.digits[:]) != "135790" {
			t.Errorf("challenge %d has digits %s", i, inside.digits)
		}
		if _, drawn := c.pictures.get(inside.seed); drawn != (i < 3) {
			t.Errorf("challenge %d drawn ahead: %v", i, drawn)
		}
		if _, err := c.Image(token); err != nil {
			t.Error(err)
		}
	}
}

func TestRecentForgetsTheOneAskedForLongestAgo(t *testing.T) {
	r := newRecent(2)
	r.put(seed{1}, []byte("1"))
	r.put(seed{2}, []byte("2"))
	r.get(seed{1})
	r.put(seed{3}, []byte("3"))
	r.put(seed{3}, []byte("3b"))
	for s, want := range map[seed]string{{1}: "1", {2}: "", {3}: "3b"} {
		if got, _ := r.get(s); string(got) != want {
			t.Errorf("%d: %q, want %q", s[0], got, want)
		}
	}
	if r.order.Len() != 2 || len(r.at) != 2 {
		t.Errorf("%d and %d kept, want 2", r.order.Len(), len(r.at))
	}
}
