package comment

import (
	"slices"
	"strings"
	"unicode"
)

// wordsMost bounds how many words one search may hold.
const wordsMost = 8

// SearchWords splits what a person typed into the words that a comment must hold, all of them. A query is searchable
// when one of them has two characters or more; a single character is looked for only beside a longer word.
func SearchWords(query string) (words []string, searchable bool) {
	for _, w := range strings.Fields(query) {
		if len(words) == wordsMost {
			break
		}
		if !slices.Contains(words, w) {
			words = append(words, w)
			searchable = searchable || len([]rune(w)) > 1
		}
	}
	return words, searchable
}

// terms are the digests of each two neighbouring characters of the texts, case aside, sorted, each once. Two pairs may
// share a digest: what a search finds by terms is looked at again letter by letter.
func terms(texts ...string) []int32 {
	var found []int32
	for _, text := range texts {
		previous := rune(-1)
		for _, r := range text {
			r = unicode.ToLower(r)
			if previous >= 0 {
				found = append(found, pair(previous, r))
			}
			previous = r
		}
	}
	slices.Sort(found)
	return slices.Compact(found)
}

// pair mixes two characters into 32 bits (the finisher of MurmurHash3).
func pair(a, b rune) int32 {
	h := uint64(a)<<32 | uint64(b)
	h ^= h >> 33
	h *= 0xff51afd7ed558ccd
	h ^= h >> 33
	return int32(uint32(h) ^ uint32(h>>32))
}

// searchTerms are the terms that a comment with all the words has.
func searchTerms(words []string) []int32 { return terms(words...) }
