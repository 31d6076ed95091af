package comment

import (
	"crypto/sha256"
	"strings"
	"testing"
	"unicode"

	"pgregory.net/rapid"
)

// Digests of texts are stored: they may never come out differently.
func TestTheDigestOfATextIsThatOfItsLettersAndDigits(t *testing.T) {
	keep := func(r rune) rune {
		if unicode.IsLetter(r) || unicode.IsNumber(r) {
			return unicode.ToLower(r)
		}
		return -1
	}
	for r := '\u4e00'; r <= '\u9fff'; r++ {
		if keep(r) != r {
			t.Fatalf("%c is no letter without case", r)
		}
	}
	rapid.Check(t, func(t *rapid.T) {
		title, body := rapid.String().Draw(t, "title"), rapid.String().Draw(t, "body")
		sum := sha256.Sum256([]byte(strings.Map(keep, title) + "\n" + strings.Map(keep, body)))
		if got := string(textDigest(title, body)); got != string(sum[:16]) {
			t.Errorf("%q %q", title, body)
		}
	})
}
