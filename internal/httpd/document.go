package httpd

import (
	"context"
	"io"

	"github.com/a-h/templ"
)

// document is something for programs rather than people: bytes of a type of their own, kept in memory like a page.
type document struct {
	contentType string
	content     []byte
}

// Render writes the document.
func (d document) Render(_ context.Context, w io.Writer) error {
	_, err := w.Write(d.content)
	return err
}

// contentTypeOf is the Content-Type of a page or a document.
func contentTypeOf(c templ.Component) []string {
	if d, ok := c.(document); ok {
		return []string{d.contentType}
	}
	return htmlType
}
