package similar

import (
	"crypto/sha256"
	"encoding/binary"
	"math"
	"slices"
	"strings"
	"unicode"

	"golang.org/x/text/unicode/norm"
)

const (
	// piece is how many characters of the normalised text one piece has: enough to tell Chinese sentences apart, few
	// enough that a changed word costs few of them.
	piece = 3
	// hashes is the length of a MinHash signature. Its estimate of a similarity s has the standard error
	// sqrt(s(1-s)/hashes), four hundredths at most.
	hashes = 128
	// bands of four hashes each: two texts share a band with the probability s^4, and so two or more of the 32 with the
	// probability 0.998 at s = 0.7, 0.60 at 0.5 and 0.001 at 0.2. What shares two is compared exactly (sharedLeast).
	bands = 32
	rows  = hashes / bands
)

// pieces are the different 3-character pieces of a text, ascending. A piece is its three code points of 21 bits in one
// number, so two are equal exactly when their characters are.
type pieces []uint64

// normalise leaves of a comment what its wording is: compatibility forms folded (NFKC), lower case, without spaces,
// punctuation and signs.
func normalise(title, body string) []rune {
	return []rune(strings.Map(func(r rune) rune {
		if unicode.IsLetter(r) || unicode.IsNumber(r) {
			return unicode.ToLower(r)
		}
		return -1
	}, norm.NFKC.String(title+"\n"+body)))
}

// cut returns the pieces of a normalised text; one shorter than a piece is a piece by itself.
func cut(text []rune) pieces {
	if len(text) == 0 {
		return nil
	}
	p := make(pieces, 0, len(text))
	for i := 0; i == 0 || i+piece <= len(text); i++ {
		var value uint64
		for _, r := range text[i:min(i+piece, len(text))] {
			value = value<<21 | uint64(r)
		}
		p = append(p, value)
	}
	slices.Sort(p)
	return slices.Compact(p)
}

// jaccard is the exact similarity: pieces in both, divided by pieces in either. Texts without pieces are unlike any.
func jaccard(a, b pieces) float64 {
	if len(a) == 0 || len(b) == 0 {
		return 0
	}
	both, i, j := 0, 0, 0
	for i < len(a) && j < len(b) {
		switch {
		case a[i] < b[j]:
			i++
		case a[i] > b[j]:
			j++
		default:
			both, i, j = both+1, i+1, j+1
		}
	}
	return float64(both) / float64(len(a)+len(b)-both)
}

// signature is a MinHash: place by place, two signatures agree with the probability that is the texts' similarity.
type signature [hashes]uint64

func sign(p pieces) signature {
	var s signature
	for i := 0; i < hashes; i += 4 { // four at a time keep the processor busy while each waits for its multiplications
		s0, s1, s2, s3 := seeds[i], seeds[i+1], seeds[i+2], seeds[i+3]
		m0, m1, m2, m3 := uint64(math.MaxUint64), uint64(math.MaxUint64), uint64(math.MaxUint64), uint64(math.MaxUint64)
		for _, value := range p {
			m0, m1 = min(m0, mix(value^s0)), min(m1, mix(value^s1))
			m2, m3 = min(m2, mix(value^s2)), min(m3, mix(value^s3))
		}
		s[i], s[i+1], s[i+2], s[i+3] = m0, m1, m2, m3
	}
	return s
}

// estimate is the share of places in which two signatures agree.
func (s signature) estimate(other signature) float64 {
	same := 0
	for i := range s {
		if s[i] == other[i] {
			same++
		}
	}
	return float64(same) / hashes
}

// bandValues are what a signature is found by: one number a band, different for equal hashes in different bands.
func (s signature) bandValues() []int64 {
	values := make([]int64, bands)
	for b := range bands {
		value := mix(uint64(b) + 1)
		for _, h := range s[b*rows : (b+1)*rows] {
			value = mix(value ^ h)
		}
		values[b] = int64(value)
	}
	return values
}

// seeds make hashes different functions of mix. They are part of what comment_band holds and never change.
var seeds = func() (s [hashes]uint64) {
	for i := range s {
		s[i] = mix(0x9e3779b97f4a7c15 * uint64(i+1))
	}
	return s
}()

// mix is the finaliser of splitmix64: a permutation of the 64-bit numbers that spreads every bit.
func mix(x uint64) uint64 {
	x += 0x9e3779b97f4a7c15
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return x ^ x>>31
}

// digestOf is equal for texts of the same words.
func digestOf(text []rune) []byte {
	b := make([]byte, 0, 4*len(text))
	for _, r := range text {
		b = binary.BigEndian.AppendUint32(b, uint32(r))
	}
	sum := sha256.Sum256(b)
	return sum[:16]
}
