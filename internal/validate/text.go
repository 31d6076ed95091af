// Package validate checks what people type, mends what a machine can mend, and words every problem in Chinese.
package validate

import (
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/rivo/uniseg"
	"golang.org/x/text/unicode/norm"
	"golang.org/x/text/width"
)

// shanghai is the zone in which birthdays begin.
var shanghai = time.FixedZone("CST", 8*60*60)

// maxMarks is how many combining marks may stand on one character of a title or an opinion. Living languages need at
// most three after composition; piles of them (“Zalgo”) run over the lines above and below.
const maxMarks = 4

var lineEnds = strings.NewReplacer("\r\n", "\n", "\r", "\n", "\u2028", "\n", "\u2029", "\n")

// Text prepares running text: NFC, every line end as LF, no blank or invisible characters at either end. Nothing else
// is altered. It returns s as it came, and false, for invalid UTF-8, NUL and other control characters (tab and line
// ends are allowed), bidirectional embeddings, overrides and isolates, and code points that are not characters.
func Text(s string) (string, bool) {
	if !displayable(s) {
		return s, false
	}
	return strings.TrimFunc(norm.NFC.String(lineEnds.Replace(s)), blank), true
}

// Line is Text for a field of one line: line ends and tabs inside become one space.
func Line(s string) (string, bool) {
	s, ok := Text(s)
	if !ok || !strings.ContainsAny(s, "\n\t") {
		return s, ok
	}
	return strings.Join(strings.FieldsFunc(s, func(r rune) bool { return r == '\n' || r == '\t' }), " "), true
}

// Fold prepares a code, captcha answer or address: full-width letters, digits and signs as half-width, without spaces
// and invisible characters. It never fails; what is left may still be anything.
func Fold(s string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsSpace(r) || invisible(r) {
			return -1
		}
		return r
	}, width.Fold.String(s))
}

// Code is Fold without hyphens and dashes, for numbers that people write in groups.
func Code(s string) string {
	return strings.Map(func(r rune) rune {
		if dash(r) {
			return -1
		}
		return r
	}, Fold(s))
}

// Length counts characters as people count them: extended grapheme clusters (Unicode Annex 29).
func Length(s string) int {
	n := 0
	for _, r := range s {
		if !alone(r) {
			return uniseg.GraphemeClusterCount(s)
		}
		n++
	}
	return n
}

// alone tells that r is a cluster by itself next to any other such character: most of what citizens write.
func alone(r rune) bool {
	return r >= 0x20 && r < 0x7f || r == '\n' ||
		r >= 0x4e00 && r <= 0x9fff || r >= 0x3400 && r <= 0x4dbf ||
		r >= 0x3001 && r <= 0x3029 || r >= 0xff01 && r <= 0xff5e || r >= 0x2010 && r <= 0x2027
}

// visibleLength is Length without what cannot be seen, so that nobody reaches a minimum with zero-width signs.
func visibleLength(s string) int {
	return Length(strings.Map(func(r rune) rune {
		if invisible(r) && r != '\u200d' {
			return -1
		}
		return r
	}, s))
}

// piled tells whether more than most combining marks follow one another. Variation selectors do not count: they draw
// nothing of their own.
func piled(s string, most int) bool {
	n := 0
	for _, r := range s {
		switch {
		case r < 0x300 || alone(r):
			n = 0
		case unicode.Is(unicode.Variation_Selector, r):
		case unicode.Is(unicode.Mn, r) || unicode.Is(unicode.Me, r):
			if n++; n > most {
				return true
			}
		default:
			n = 0
		}
	}
	return false
}

func displayable(s string) bool {
	if !utf8.ValidString(s) {
		return false
	}
	for _, r := range s {
		if refused(r) {
			return false
		}
	}
	return true
}

// refused tells characters that no field takes.
func refused(r rune) bool {
	switch {
	case r < 0x20:
		return r != '\n' && r != '\t' && r != '\r'
	case r < 0x7f:
		return false
	case r < 0xa0:
		return true
	case r >= 0x202a && r <= 0x202e, r >= 0x2066 && r <= 0x2069: // embeddings, overrides, isolates
		return true
	case r >= 0xfdd0 && r <= 0xfdef, r&0xfffe == 0xfffe: // not characters
		return true
	}
	return false
}

// blank tells what is taken off both ends of a text: spaces of any width, and signs that look like nothing.
func blank(r rune) bool { return unicode.IsSpace(r) || invisible(r) }

// invisible tells signs without width or ink that word processors and input methods leave behind.
func invisible(r rune) bool {
	switch r {
	case 0xad, 0x61c, 0x115f, 0x1160, 0x180e, 0x2800, 0x3164, 0xfeff, 0xffa0:
		return true
	}
	return r >= 0x200b && r <= 0x200f || r >= 0x2060 && r <= 0x2064
}

// dash tells hyphens and the dashes that people and input methods put in their place.
func dash(r rune) bool {
	switch r {
	case '-', 0x2212, 0xfe58, 0xfe63, 0xff0d:
		return true
	}
	return r >= 0x2010 && r <= 0x2015
}
