package xlsx

import (
	"unicode"
	"unicode/utf8"
)

// AppendCell appends what stands in a cell for the value, the same in every format that a spreadsheet may open:
//   - A value that a spreadsheet would run as a formula (first sign = + - @, their full-width and small forms, or a tab
//     or line end at the start; behind any spaces and invisible signs too) gets an apostrophe before it.
//   - Bytes that are not UTF-8 and characters that XML 1.0 forbids become U+FFFD.
//
// Everything else is kept as it is.
func AppendCell(dst, value []byte) []byte {
	if runs(value) {
		dst = append(dst, '\'')
	}
	if clean(value) {
		return append(dst, value...)
	}
	start := 0
	for i := 0; i < len(value); {
		if b := value[i]; b < utf8.RuneSelf {
			if b < ' ' && b != '\t' && b != '\n' && b != '\r' {
				dst = append(append(dst, value[start:i]...), "\uFFFD"...)
				start = i + 1
			}
			i++
			continue
		}
		r, size := utf8.DecodeRune(value[i:])
		if r == utf8.RuneError && size == 1 || r == 0xfffe || r == 0xffff {
			dst = append(append(dst, value[start:i]...), "\uFFFD"...)
			start = i + size
		}
		i += size
	}
	return append(dst, value[start:]...)
}

// clean tells that there is nothing to replace, as in nearly every value. Chinese characters and their punctuation, three
// bytes each of which any continuation is a character, are passed over without being decoded.
func clean(value []byte) bool {
	for i := 0; i < len(value); {
		b := value[i]
		switch {
		case b < utf8.RuneSelf:
			if b < ' ' && b != '\t' && b != '\n' && b != '\r' {
				return false
			}
			i++
		case i+2 < len(value) && (b >= 0xe1 && b <= 0xec || b == 0xef && value[i+1] < 0xbf) && value[i+1]&0xc0 == 0x80 && value[i+2]&0xc0 == 0x80:
			i += 3
		default:
			r, size := utf8.DecodeRune(value[i:])
			if r == utf8.RuneError && size == 1 || r == 0xfffe || r == 0xffff {
				return false
			}
			i += size
		}
	}
	return true
}

// runs tells whether a spreadsheet could take the value for a formula.
func runs(value []byte) bool {
	for len(value) > 0 {
		r, size := utf8.DecodeRune(value)
		switch r {
		case '=', '+', '-', '@', '＝', '＋', '－', '＠', '﹦', '﹢', '﹣', '﹫', '−', '\t', '\r', '\n':
			return true
		}
		if !unicode.IsSpace(r) && !nothing(r) {
			return false
		}
		value = value[size:]
	}
	return false
}

// nothing tells signs that are not seen and that a spreadsheet may drop.
func nothing(r rune) bool {
	if r < 0x80 {
		return r < ' ' || r == 0x7f
	}
	switch r {
	case 0x115f, 0x1160, 0x2800, 0x3164, 0xffa0, 0xfffe, 0xffff, utf8.RuneError:
		return true
	}
	return unicode.Is(unicode.Cf, r) || unicode.Is(unicode.Cc, r) || unicode.Is(unicode.Mn, r)
}

// OnlyDigits tells an ID or phone number that a spreadsheet would read as a number, and round or shorten.
func OnlyDigits(value []byte) bool {
	for i, b := range value {
		if (b < '0' || b > '9') && !(b == 'X' && i == len(value)-1) {
			return false
		}
	}
	return len(value) > 0
}
