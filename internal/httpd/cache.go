package httpd

import (
	"bytes"
	"compress/gzip"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"wenji/internal/announce"
	"wenji/internal/metrics"
	"wenji/internal/postgres"

	"github.com/a-h/templ"
	"golang.org/x/sync/singleflight"
)

// pageCache keeps public pages as finished bytes, plain and compressed, by address and display. An entry is good until
// the next whole minute, because pages say how long a consultation is still open, and until a change of its consultation
// is announced (internal/announce). While the database is away, entries are served beyond their minute.
type pageCache struct {
	entries sync.Map // string → *cachedPage
	size    atomic.Int64
	bytes   atomic.Int64 // of all entries
	flights singleflight.Group
	renders atomic.Int64 // pages rendered since the start
	hits    atomic.Int64 // requests answered from memory
	stale   atomic.Int64 // times an entry was kept beyond its minute
	drops   atomic.Int64 // times that pages were dropped

	mu      sync.Mutex
	all     int64              // changes that may concern every page
	any     int64              // changes of any consultation
	changes map[string]changes // by consultation
}

// PageCounts tells what the pages in memory did since the start.
func (s *Server) PageCounts() metrics.Pages {
	c := &s.pages
	return metrics.Pages{Hits: c.hits.Load(), Renders: c.renders.Load(), Stale: c.stale.Load(), Kept: c.size.Load()}
}

// changes of one consultation.
type changes struct {
	count int64
	last  time.Time
}

// settleTime is how long pages are kept at least that change all the time by comments sent here.
const settleTime = 200 * time.Millisecond

// cachedMost bounds the number of entries, and cachedBytes what they hold; beyond either the cache starts afresh.
const (
	cachedMost  = 4096
	cachedBytes = 24 << 20
)

type cachedPage struct {
	minute      int64
	plain       []byte
	packed      []byte
	tagPlain    []string // header values, ready to be set
	tagPacked   []string
	sizePlain   []string
	sizePacked  []string
	contentType []string
	route       *metrics.Route // counts the page's requests
}

// packers compress pages that are kept, as well as can be; making one clears most of a megabyte.
var packers = sync.Pool{New: func() any { z, _ := gzip.NewWriterLevel(nil, gzip.BestCompression); return z }}

var revalidate = []string{"no-cache"}

// drop drops every page.
func (c *pageCache) drop() { c.forget(announce.News{All: true}) }

// forget drops the pages that news may have changed: those of the consultations it names and those of no one consultation,
// such as lists and searches. Pages of other consultations stay.
func (c *pageCache) forget(news announce.News) {
	c.mu.Lock()
	if c.changes == nil {
		c.changes = make(map[string]changes)
	}
	c.any++
	if news.All {
		c.all++
	}
	for _, id := range news.Consultations {
		c.changes[id] = changes{c.changes[id].count + 1, time.Now()}
	}
	c.mu.Unlock()
	c.entries.Range(func(key, _ any) bool {
		id := consultationOf(key.(string))
		if news.All || id == "" || slices.Contains(news.Consultations, id) {
			if old, was := c.entries.LoadAndDelete(key); was {
				c.size.Add(-1)
				c.bytes.Add(-old.(*cachedPage).weight())
			}
		}
		return true
	})
	c.drops.Add(1)
}

// generation counts the changes that concern pages of a consultation, or pages of no one consultation where id is empty.
func (c *pageCache) generation(id string) int64 {
	c.mu.Lock()
	defer c.mu.Unlock()
	if id == "" {
		return c.all + c.any
	}
	return c.all + c.changes[id].count
}

// settled tells whether the pages of a consultation have not been dropped lately.
func (c *pageCache) settled(id string) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return time.Since(c.changes[id].last) > settleTime
}

// consultationOf is the id of the consultation whose page is at path, or of which key is kept; empty for other pages.
func consultationOf(path string) string {
	rest, found := strings.CutPrefix(path, "/consultations/")
	if !found || len(rest) < len("2025-0001") {
		return ""
	}
	return rest[:len("2025-0001")]
}

// publicPage makes a page from the address and the display alone; nothing of the visitor may enter it.
type publicPage func(r *http.Request) (templ.Component, error)

// cached serves a public page from memory, rendering it when needed: once, however many ask at the same time.
// Addresses with a query are rendered each time.
func (s *Server) cached(make publicPage) http.HandlerFunc {
	make = s.nearest(make)
	return s.page(func(w http.ResponseWriter, r *http.Request) error {
		if r.URL.RawQuery != "" {
			c, err := make(r)
			if err != nil {
				return err
			}
			w.Header()["Cache-Control"] = revalidate
			return s.render(w, r, http.StatusOK, c)
		}
		entry, err := s.pages.fill(r, pageKey(r), s.Now, make, s.Requests.Route(http.MethodGet, routePattern(r)))
		if err != nil {
			return err
		}
		entry.serve(w, r)
		return nil
	})
}

// serveCached answers hits before routing and middleware; everything else goes on to next.
func (s *Server) serveCached(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.RawQuery == "" && len(r.TransferEncoding) == 0 && (r.Method == http.MethodGet || r.Method == http.MethodHead) {
			if v, ok := s.pages.entries.Load(pageKey(r)); ok {
				start := time.Now()
				if entry := v.(*cachedPage); entry.minute == s.Now().Unix()/60 {
					s.setSecurityHeaders(w.Header())
					status := entry.serve(w, r)
					s.pages.hits.Add(1)
					route := entry.route
					if r.Method == http.MethodHead {
						route = s.Requests.Route(r.Method, route.Pattern)
					}
					route.Observe(status, time.Since(start))
					return
				}
			}
		}
		next.ServeHTTP(w, r)
	})
}

func pageKey(r *http.Request) string {
	if len(r.Header["Cookie"]) == 0 {
		return r.URL.Path
	}
	d := displayOf(r)
	if d == d.Normal() && d.String() == "standard.standard" {
		return r.URL.Path
	}
	return r.URL.Path + "\x00" + d.String()
}

func (c *pageCache) fill(r *http.Request, key string, now func() time.Time, make publicPage, route *metrics.Route) (*cachedPage, error) {
	generation := c.generation(consultationOf(key)) // part of the flight's name: who asks after a change never gets the page before it
	v, err, _ := c.flights.Do(key+"\x00"+strconv.FormatInt(generation, 10), func() (any, error) {
		minute := now().Unix() / 60
		old, kept := c.entries.Load(key)
		if kept && old.(*cachedPage).minute == minute {
			return old, nil
		}
		ctx, cancel := context.WithTimeout(context.WithoutCancel(r.Context()), handlerWait)
		defer cancel()
		entry, err := renderEntry(ctx, r.WithContext(ctx), make, minute)
		if err != nil {
			if kept && (postgres.Unavailable(err) || ctx.Err() != nil) {
				c.stale.Add(1)
				return old, nil
			}
			return nil, err
		}
		entry.route = route
		c.renders.Add(1)
		c.keep(key, entry, generation)
		return entry, nil
	})
	if err != nil {
		return nil, err
	}
	return v.(*cachedPage), nil
}

// keep stores an entry unless something has changed since its making began.
func (c *pageCache) keep(key string, entry *cachedPage, generation int64) {
	if c.size.Load() >= cachedMost || c.bytes.Load() >= cachedBytes {
		c.entries.Clear()
		c.size.Store(0)
		c.bytes.Store(0)
	}
	if old, had := c.entries.Swap(key, entry); had {
		c.bytes.Add(-old.(*cachedPage).weight())
	} else {
		c.size.Add(1)
	}
	c.bytes.Add(entry.weight())
	if c.generation(consultationOf(key)) != generation && c.entries.CompareAndDelete(key, entry) {
		c.size.Add(-1)
		c.bytes.Add(-entry.weight())
	}
}

// weight is about how many bytes an entry holds.
func (e *cachedPage) weight() int64 { return int64(len(e.plain) + len(e.packed) + 1024) }

func renderEntry(ctx context.Context, r *http.Request, make publicPage, minute int64) (*cachedPage, error) {
	component, err := make(r)
	if err != nil {
		return nil, err
	}
	var plain, packed bytes.Buffer
	if err := component.Render(ctx, &plain); err != nil {
		return nil, err
	}
	z := packers.Get().(*gzip.Writer)
	defer packers.Put(z)
	z.Reset(&packed)
	if _, err := z.Write(plain.Bytes()); err != nil {
		return nil, err
	}
	if err := z.Close(); err != nil {
		return nil, err
	}
	sum := sha256.Sum256(plain.Bytes())
	tag := hex.EncodeToString(sum[:12])
	return &cachedPage{
		minute: minute, plain: bytes.Clone(plain.Bytes()), packed: bytes.Clone(packed.Bytes()), // a buffer may hold twice as much
		tagPlain: []string{`"` + tag + `"`}, tagPacked: []string{`"` + tag + `-gz"`},
		sizePlain: []string{strconv.Itoa(plain.Len())}, sizePacked: []string{strconv.Itoa(packed.Len())},
		contentType: contentTypeOf(component),
	}, nil
}

// serve answers with the page and returns the status.
func (e *cachedPage) serve(w http.ResponseWriter, r *http.Request) int {
	h := w.Header()
	h["Cache-Control"] = revalidate
	h["Vary"] = varyPage
	body, tag, size := e.plain, e.tagPlain, e.sizePlain
	if takesGzip(r) {
		body, tag, size = e.packed, e.tagPacked, e.sizePacked
	}
	h["Etag"] = tag
	if match := r.Header["If-None-Match"]; len(match) > 0 && sameTag(match[0], tag[0]) {
		w.WriteHeader(http.StatusNotModified)
		return http.StatusNotModified
	}
	h["Content-Type"] = e.contentType
	h["Content-Length"] = size
	if len(body) == len(e.packed) && tag[0] == e.tagPacked[0] {
		h["Content-Encoding"] = gzipCoding
	}
	w.WriteHeader(http.StatusOK)
	if r.Method == http.MethodGet {
		w.Write(body) // an error here means that the client has gone
	}
	return http.StatusOK
}

// sameTag compares If-None-Match with the entity tag, weakly (RFC 9110 §13.1.2).
func sameTag(match, tag string) bool {
	if match == tag || match == "*" {
		return true
	}
	for _, m := range strings.Split(match, ",") {
		if strings.TrimPrefix(strings.TrimSpace(m), "W/") == tag {
			return true
		}
	}
	return false
}
