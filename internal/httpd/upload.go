package httpd

import (
	"errors"
	"io"
	"net/http"
	"path"
	"strings"

	"github.com/go-chi/chi/v5"
)

// uploads knows the few addresses that take a file, and how many bytes each may send; all others take plain forms only.
type uploads struct {
	mux   *chi.Mux
	limit map[string]int64 // by pattern
}

func newUploads(routes []staffRoute) uploads {
	u := uploads{mux: chi.NewMux(), limit: make(map[string]int64)}
	for _, route := range routes {
		if route.upload > 0 {
			u.mux.Method(route.method, route.pattern, http.NotFoundHandler())
			u.limit[route.pattern] = route.upload
		}
	}
	return u
}

// most is how many bytes of a multipart form the request may send; 0 where none is taken.
func (u uploads) most(r *http.Request) int64 {
	c := chi.NewRouteContext()
	if !u.mux.Match(c, r.Method, r.URL.Path) {
		return 0
	}
	return u.limit[c.RoutePattern()]
}

// formOverhead is what a multipart form needs besides the file: its other fields and the boundaries.
const formOverhead = 64 << 10

// longText is what a form with a long text may send.
const longText = 1 << 20

// inMemory is far above every route's own limit: nothing of a form touches a disk.
const inMemory = 1 << 40

// upload is a file as it was sent: its name without any folder, which is shown and never used as a path.
type upload struct {
	Name    string
	Content []byte
}

// uploadForm reads a multipart form of a route whose upload limit the body has been cut to. Everything stays in memory:
// nothing of it touches a disk. A form without a file in the field gives an empty upload.
func uploadForm(r *http.Request, field string) (upload, error) {
	if err := r.ParseMultipartForm(inMemory); err != nil {
		var tooLarge *http.MaxBytesError
		if errors.As(err, &tooLarge) {
			return upload{}, err
		}
		return upload{}, badRequest{http.StatusBadRequest}
	}
	file, header, err := r.FormFile(field)
	if errors.Is(err, http.ErrMissingFile) {
		return upload{}, nil
	}
	if err != nil {
		return upload{}, badRequest{http.StatusBadRequest}
	}
	defer file.Close()
	content, err := io.ReadAll(file)
	if err != nil {
		return upload{}, badRequest{http.StatusBadRequest}
	}
	return upload{Name: path.Base(strings.ReplaceAll(header.Filename, `\`, "/")), Content: content}, nil
}
