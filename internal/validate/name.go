package validate

import (
	"strings"
	"unicode"
)

// nameMarks is how many combining marks may stand on one letter of a name.
const nameMarks = 2

// personName prepares a name that has been through Line: no invisible signs, one space at most between words, and none
// between Han characters, where it is only layout. Everything else stays as typed.
func personName(s string) string {
	runes := []rune(strings.Join(strings.FieldsFunc(s, unicode.IsSpace), " "))
	out := make([]rune, 0, len(runes))
	for i, r := range runes {
		if invisible(r) {
			continue
		}
		if r == ' ' && len(out) > 0 && i+1 < len(runes) && han(out[len(out)-1]) && han(runes[i+1]) {
			continue
		}
		out = append(out, r)
	}
	return string(out)
}

// isName tells whether s is made of Han characters (of any plane) and Latin letters, joined by the dots of minority
// names (· • ‧ ・ and their like), spaces, hyphens, apostrophes and full stops, with few combining marks.
func isName(s string) bool {
	const (
		start = iota
		letter
		joint
		stop // a full stop, which may end a name (Jr.) and may be followed by a joint
	)
	last, marks := start, 0
	for _, r := range s {
		switch {
		case han(r), unicode.Is(unicode.Latin, r) && unicode.IsLetter(r):
			last, marks = letter, 0
		case unicode.Is(unicode.Mn, r):
			if marks++; last != letter || marks > nameMarks {
				return false
			}
		case r == '.' || r == '．':
			if last != letter {
				return false
			}
			last = stop
		case nameJoint(r):
			if last != letter && last != stop {
				return false
			}
			last = joint
		default:
			return false
		}
	}
	return last == letter || last == stop
}

// han tells Han characters, those of planes 2 and 3 included that this version of Unicode does not know yet. Old
// counting signs (〡〢〣) are digits, not names; 〇 is used in names.
func han(r rune) bool {
	if r >= 0x20000 && r <= 0x3fffd || r == '〇' {
		return true
	}
	return unicode.Is(unicode.Han, r) && !unicode.Is(unicode.Nl, r)
}

func nameJoint(r rune) bool {
	switch r {
	case '·', '•', '‧', '・', '･', '∙', '⋅', '‐', '‑', '-', ' ', '\'', '’', 'ʼ':
		return true
	}
	return false
}

// IsName tells whether s can be a person's name.
func IsName(s string) bool {
	return isName(then(s, personName)) && Length(s) >= NameMin && Length(s) <= NameMax
}
