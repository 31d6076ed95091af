package httpd

import (
	"bytes"
	"compress/gzip"
	"context"
	"net/http"
	"strconv"
	"strings"
	"sync"

	"wenji/internal/validate"
	"wenji/web"
	"wenji/web/ui"

	"github.com/a-h/templ"
)

var (
	htmlType   = []string{"text/html; charset=utf-8"}
	gzipCoding = []string{"gzip"}
	varyPage   = []string{"Accept-Encoding, Cookie"}
	buffers    = sync.Pool{New: func() any { return new(bytes.Buffer) }}
	zippers    = sync.Pool{New: func() any { w, _ := gzip.NewWriterLevel(nil, gzip.BestSpeed); return w }}
)

// render writes a page that is made for this request alone: to a buffer first, so that a fault in a template gives an
// error page and never half a page.
func (s *Server) render(w http.ResponseWriter, r *http.Request, status int, c templ.Component) error {
	body := buffers.Get().(*bytes.Buffer)
	defer buffers.Put(body)
	body.Reset()
	// What a page says has been read by now: that the time for reading is over must not keep anyone from being told so.
	if err := c.Render(context.WithoutCancel(r.Context()), body); err != nil {
		return err
	}
	h := w.Header()
	h["Content-Type"] = contentTypeOf(c)
	h["Vary"] = varyPage
	if takesGzip(r) {
		packed := buffers.Get().(*bytes.Buffer)
		defer buffers.Put(packed)
		packed.Reset()
		if err := pack(packed, body.Bytes()); err != nil {
			return err
		}
		h["Content-Encoding"] = gzipCoding
		body = packed
	}
	h.Set("Content-Length", strconv.Itoa(body.Len()))
	w.WriteHeader(status)
	if r.Method == http.MethodHead {
		return nil
	}
	w.Write(body.Bytes()) // an error here means that the client has gone; nobody is left to be told
	return nil
}

// pack compresses a page. Its compressor is free for others before the page is sent: it holds more than a megabyte, and clients
// may be many and slow.
func pack(to *bytes.Buffer, page []byte) error {
	z := zippers.Get().(*gzip.Writer)
	defer zippers.Put(z)
	z.Reset(to)
	if _, err := z.Write(page); err != nil {
		return err
	}
	return z.Close()
}

func takesGzip(r *http.Request) bool {
	for _, v := range r.Header["Accept-Encoding"] {
		if strings.Contains(v, "gzip") && !strings.Contains(v, "gzip;q=0") {
			return true
		}
	}
	return false
}

// displayCookie is the one cookie of a reader: size and colours, no identity.
const displayCookie = "v"

func displayOf(r *http.Request) ui.Display {
	c, err := r.Cookie(displayCookie)
	if err != nil {
		return ui.Display{}.Normal()
	}
	return ui.ParseDisplay(c.Value)
}

// uiPage fills in what every page needs. Query strings of GET pages are kept for the way back from the display
// settings; they hold filters and never anything personal.
func (s *Server) uiPage(r *http.Request, title string, crumbs ...ui.Crumb) ui.Page {
	p := ui.Page{
		Title: title, Display: displayOf(r), Crumbs: crumbs, Site: s.Site, Now: s.Now(), Asset: web.Asset,
	}
	if r.Method == http.MethodGet || r.Method == http.MethodHead {
		p.Back = r.URL.RequestURI()
	}
	return p
}

// form reads a posted form. What a browser cannot have sent is refused here: a body that does not parse, or bytes
// that are no text where no field check would name them.
//
// A long text comes as a multipart form, in which a Chinese character takes three bytes and not nine.
func form(r *http.Request) error {
	parse := r.ParseForm
	if strings.HasPrefix(r.Header.Get("Content-Type"), "multipart/") {
		parse = func() error { return r.ParseMultipartForm(inMemory) }
	}
	if err := parse(); err != nil {
		if statusOf(err) == http.StatusRequestEntityTooLarge {
			return err
		}
		return badRequest{http.StatusBadRequest}
	}
	return nil
}

// query returns a value of the address, cleaned; what is no text counts as empty.
func query(r *http.Request, name string) string {
	v, ok := validate.Text(r.URL.Query().Get(name))
	if !ok || validate.Length(v) > 100 {
		return ""
	}
	return v
}

// number reads a count or serial from an address; anything else is 0.
func number(s string) int {
	n, err := strconv.Atoi(s)
	if err != nil || n < 0 || n > 1_000_000_000 {
		return 0
	}
	return n
}

// seenVersion reads the version of a row that a form was shown with, within what the database can hold.
func seenVersion(s string) (int, error) {
	n, err := strconv.ParseInt(s, 10, 32)
	return int(n), err
}

// local tells whether address is a path of this site that one may be sent to.
func local(address string) bool {
	return strings.HasPrefix(address, "/") && !strings.HasPrefix(address, "//") && !strings.ContainsAny(address, "\\\r\n\t")
}

// returnURL is where a failed post came from, by its own address; the Referer is not asked.
func returnURL(r *http.Request) string {
	if r.Method != http.MethodPost {
		return ""
	}
	if before, ok := strings.CutSuffix(r.URL.Path, "/check"); ok {
		return before + "/new"
	}
	if strings.HasSuffix(r.URL.Path, "/comments") {
		return r.URL.Path + "/new"
	}
	return ""
}

// submitting tells whether the request was sending a comment.
func submitting(r *http.Request) bool {
	return r.Method == http.MethodPost && strings.HasPrefix(r.URL.Path, "/consultations/")
}
