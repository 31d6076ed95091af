// Package web holds the static files of the pages and serves them under names that change with their content.
package web

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"fmt"
	"io/fs"
	"net/http"
	"path"
	"strconv"
	"strings"
	"sync"
)

//go:embed static
var files embed.FS

// prefix of every static address.
const prefix = "/static/"

// file is one static file, ready to be sent.
type file struct {
	plain     []byte
	gzipped   []byte // nil where compressing gains nothing
	mediaType string
	etag      string
}

// table finds files by address, and addresses by name.
type table struct {
	files     map[string]file
	addresses map[string]string
}

// load reads and compresses the embedded files once, at first use. The files are part of the program: what is wrong
// with them is wrong for good, so it panics.
var load = sync.OnceValue(func() table {
	t, err := build(files)
	if err != nil {
		panic(err)
	}
	return t
})

// Asset is the address of a static file under its content-hash name: Asset("site.css") is "/static/site.<hash>.css".
// The address of a file that does not exist is one that answers 404.
func Asset(name string) string {
	if address, ok := load().addresses[name]; ok {
		return address
	}
	return prefix + name
}

// Static serves the addresses given by Asset, compressed where the browser takes gzip. A name holds the digest of its
// content, so an answer may be kept for ever; any other address is 404.
func Static() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodGet && r.Method != http.MethodHead {
			w.Header().Set("Allow", "GET, HEAD")
			http.Error(w, "method not allowed", http.StatusMethodNotAllowed)
			return
		}
		f, ok := load().files[r.URL.Path]
		if !ok {
			http.NotFound(w, r)
			return
		}
		f.serve(w, r)
	})
}

func (f file) serve(w http.ResponseWriter, r *http.Request) {
	h := w.Header()
	h.Set("Content-Type", f.mediaType)
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Cache-Control", "public, max-age=31536000, immutable")
	h.Set("ETag", f.etag)
	body := f.plain
	if f.gzipped != nil {
		h.Set("Vary", "Accept-Encoding")
		if takesGzip(r.Header.Get("Accept-Encoding")) {
			h.Set("Content-Encoding", "gzip")
			h.Set("ETag", strings.TrimSuffix(f.etag, `"`)+`-gz"`)
			body = f.gzipped
		}
	}
	if r.Header.Get("If-None-Match") == h.Get("ETag") {
		h.Del("Content-Encoding")
		w.WriteHeader(http.StatusNotModified)
		return
	}
	h.Set("Content-Length", strconv.Itoa(len(body)))
	if r.Method == http.MethodGet {
		// The connection is gone when this fails; there is nobody left to tell.
		w.Write(body) //nolint:errcheck
	}
}

// takesGzip tells whether an Accept-Encoding header allows gzip.
func takesGzip(header string) bool {
	for _, part := range strings.Split(header, ",") {
		coding, params, _ := strings.Cut(part, ";")
		if !strings.EqualFold(strings.TrimSpace(coding), "gzip") {
			continue
		}
		_, q, weighted := strings.Cut(strings.ReplaceAll(params, " ", ""), "q=")
		if !weighted {
			return true
		}
		weight, err := strconv.ParseFloat(q, 64)
		return err == nil && weight > 0
	}
	return false
}

// build reads, names and compresses every file of fsys.
func build(fsys fs.FS) (table, error) {
	t := table{files: map[string]file{}, addresses: map[string]string{}}
	err := fs.WalkDir(fsys, "static", func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		content, err := fs.ReadFile(fsys, name)
		if err != nil {
			return err
		}
		mediaType, ok := mediaTypes[path.Ext(name)]
		if !ok {
			return fmt.Errorf("static file %s: no media type for its ending", name)
		}
		sum := sha256.Sum256(content)
		digest := hex.EncodeToString(sum[:6])
		short := strings.TrimPrefix(name, "static/")
		ext := path.Ext(short)
		address := prefix + strings.TrimSuffix(short, ext) + "." + digest + ext
		zipped, err := compress(content)
		if err != nil {
			return err
		}
		t.files[address] = file{plain: content, gzipped: zipped, mediaType: mediaType, etag: `"` + digest + `"`}
		t.addresses[short] = address
		return nil
	})
	return t, err
}

// mediaTypes by file ending; given here so that the machine's own table cannot change them.
var mediaTypes = map[string]string{
	".css": "text/css; charset=utf-8",
	".js":  "text/javascript; charset=utf-8",
	".svg": "image/svg+xml",
	".png": "image/png",
	".ico": "image/x-icon",
}

// compress returns nil where the result would not be smaller.
func compress(content []byte) ([]byte, error) {
	var b bytes.Buffer
	zw, err := gzip.NewWriterLevel(&b, gzip.BestCompression)
	if err != nil {
		return nil, err
	}
	if _, err := zw.Write(content); err != nil {
		return nil, err
	}
	if err := zw.Close(); err != nil {
		return nil, err
	}
	if b.Len() >= len(content) {
		return nil, nil
	}
	return b.Bytes(), nil
}
