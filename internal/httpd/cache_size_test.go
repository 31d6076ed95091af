package httpd

import (
	"fmt"
	"testing"
)

// However large pages are, those in memory stay within cachedBytes, one page more at most.
func TestPagesInMemoryAreBoundedByWhatTheyHold(t *testing.T) {
	var c pageCache
	page := &cachedPage{plain: make([]byte, 200<<10), packed: make([]byte, 40<<10)}
	held := func() (bytes int64) {
		c.entries.Range(func(_, v any) bool {
			bytes += v.(*cachedPage).weight()
			return true
		})
		return bytes
	}
	for i := range 3 * cachedBytes / int(page.weight()) {
		key := fmt.Sprintf("/consultations/2025-0001/comments/%d", i/2) // each one twice, as when it is rendered anew
		c.keep(key, page, c.generation("2025-0001"))
		if got := held(); got > cachedBytes+page.weight() || got != c.bytes.Load() {
			t.Fatalf("after %d pages %d bytes are held and %d counted, of %d", i+1, got, c.bytes.Load(), cachedBytes)
		}
	}
	c.drop()
	if c.bytes.Load() != 0 || c.size.Load() != 0 {
		t.Errorf("%d bytes in %d pages are counted when all are dropped", c.bytes.Load(), c.size.Load())
	}
}
