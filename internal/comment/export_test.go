package comment

import (
	"context"
	"time"

	"wenji/internal/vault"

	"github.com/google/uuid"
)

// FirstCodeIndex is what a form's first 查询码 is found by, for tests that make it collide.
func FirstCodeIndex(keys *vault.KeyRing, formID uuid.UUID) []byte {
	return codeIndex(keys, receiptCode(keys, formID, 0))
}

// IndexOnce reads one batch into the search.
func (s *Store) IndexOnce(ctx context.Context) (int, error) {
	return s.indexOnce(ctx, indexBatch, leastFirst)
}

// NewestSQL, HitsSQL and ReadSQL are the statements of a search, of the public's or of staff.
func NewestSQL(public bool, f SearchFilter, most int) (string, []any) {
	words, _ := SearchWords(f.Query)
	return searchOf(public).newest(f, searchTerms(words), most)
}

// HitsSQL: see NewestSQL.
func HitsSQL(public bool, f SearchFilter) (string, []any) {
	words, _ := SearchWords(f.Query)
	return searchOf(public).hits(f, searchTerms(words), 5000)
}

// ReadSQL: see NewestSQL.
func ReadSQL(public bool, f SearchFilter, named ...Place) (string, []any) {
	words, _ := SearchWords(f.Query)
	return searchOf(public).read(f, words, named)
}

// SearchPlan and HitsPlan are what the statements are planned under.
const (
	SearchPlan = searchPlan
	HitsPlan   = hitsPlan
)

func searchOf(public bool) searchQuery {
	if public {
		return publicSearch
	}
	return staffSearch
}

// PretendRush makes it look for a while as if more came in than work in the background should get in the way of.
func (s *Store) PretendRush(d time.Duration) { s.pace.until.Store(time.Now().Add(d).UnixNano()) }

// RushBatch is how many comments Index reads at once in a rush.
const RushBatch = rushBatch

// SearchShortly is Search with steps so short that a few comments are too many.
func (s *Store) SearchShortly(ctx context.Context, f SearchFilter) ([]Found, *Place, error) {
	q := staffSearch
	q.steps, q.look = []step{{newest: 20}, {newest: newestSome}, {hits: 50}, {hits: 100}, {newest: 200}}, 150
	return seek[Found](ctx, s.DB, q, f)
}
