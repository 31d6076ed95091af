package captcha

import (
	"testing"

	"github.com/google/uuid"
)

func BenchmarkImageFromPool(b *testing.B) {
	c := offline(b, Options{})
	token := c.Issue(uuid.New())
	b.ReportAllocs()
	for b.Loop() {
		if _, err := c.Image(token); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkImageDrawn(b *testing.B) {
	c := offline(b, Options{})
	b.ReportAllocs()
	for b.Loop() {
		p := c.fresh()
		if _, err := c.draw(p.seed, p.digits); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkAudio(b *testing.B) {
	c := offline(b, Options{})
	b.ReportAllocs()
	for b.Loop() {
		if _, err := c.Audio(c.Issue(uuid.New())); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkIssue(b *testing.B) {
	c := offline(b, Options{})
	b.ReportAllocs()
	for b.Loop() {
		c.Issue(uuid.Nil)
	}
}
