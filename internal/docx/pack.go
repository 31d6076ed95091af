package docx

import (
	"archive/zip"
	"bytes"
	"encoding/xml"
	"errors"
	"io"
	"path"
	"slices"
	"strings"
)

const documentPart = "word/document.xml"

// Limits of what is unpacked. A draft of a thousand pages stays far below; without them a file of some kilobytes could
// fill the memory (zip bomb).
const (
	mostEntries = 2000
	mostPart    = 24 << 20 // bytes of one part, unpacked
	mostDepth   = 200      // elements inside each other
)

// pack is a document's zip file, looked over before anything of it is unpacked.
type pack struct{ files map[string]*zip.File }

func open(r io.ReaderAt, size int64) (*pack, error) {
	head := make([]byte, 8)
	n, err := r.ReadAt(head, 0)
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, damaged(err)
	}
	switch head = head[:n]; {
	case bytes.HasPrefix(head, []byte("\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1")):
		// The older kind, and the newer one when it is encrypted, are compound files.
		if encrypted(r, size) {
			return nil, ErrEncrypted
		}
		return nil, ErrOldDoc
	case !bytes.HasPrefix(head, []byte("PK")):
		return nil, ErrNotDocx
	}
	if entries(r, size) > mostEntries {
		return nil, ErrTooMany
	}
	z, err := zip.NewReader(r, size)
	if err != nil {
		return nil, damaged(err)
	}
	if len(z.File) > mostEntries {
		return nil, ErrTooMany
	}
	p := &pack{files: map[string]*zip.File{}}
	for _, f := range z.File {
		name := strings.ReplaceAll(f.Name, `\`, "/")
		lower := strings.ToLower(name)
		switch {
		case strings.HasPrefix(name, "/") || strings.Contains(name, ":") || slices.Contains(strings.Split(name, "/"), ".."):
			return nil, ErrPath
		case strings.HasPrefix(path.Base(lower), "vbaproject") || strings.HasPrefix(path.Base(lower), "vbadata"):
			return nil, ErrMacros
		}
		p.files[name] = f
	}
	if p.files[documentPart] == nil || p.files["[Content_Types].xml"] == nil {
		return nil, ErrNotDocx
	}
	return p, p.elements("[Content_Types].xml", func(e xml.StartElement) error {
		if strings.Contains(strings.ToLower(attribute(e, "ContentType")), "macroenabled") {
			return ErrMacros
		}
		return nil
	}, nil, nil)
}

// entries reads how many files the end of the zip names, before the directory itself is read.
func entries(r io.ReaderAt, size int64) int {
	tail := make([]byte, min(size, 64<<10+22))
	n, err := r.ReadAt(tail, size-int64(len(tail)))
	if err != nil && !errors.Is(err, io.EOF) {
		return 0
	}
	tail = tail[:n]
	at := bytes.LastIndex(tail, []byte("PK\x05\x06"))
	if at < 0 || at+12 > len(tail) {
		return 0
	}
	return int(tail[at+10]) | int(tail[at+11])<<8
}

// encrypted looks for the name of the stream in which Word keeps an encrypted document, in UTF-16.
func encrypted(r io.ReaderAt, size int64) bool {
	var name []byte
	for _, c := range "EncryptedPackage" {
		name = append(name, byte(c), 0)
	}
	content, err := io.ReadAll(io.NewSectionReader(r, 0, min(size, 16<<20)))
	return err == nil && bytes.Contains(content, name)
}

// elements reads one part token by token; a part that is not there has none. Any document type declaration is refused:
// Word writes none, and entities are how XML is made to read other files (XXE) or to grow without end.
func (p *pack) elements(name string, start func(xml.StartElement) error, end func(xml.EndElement) error, text func([]byte) error) error {
	f := p.files[name]
	if f == nil {
		return nil
	}
	if f.UncompressedSize64 > mostPart {
		return ErrTooLarge
	}
	in, err := f.Open()
	if err != nil {
		return damaged(err)
	}
	defer in.Close() // read only: a failure to close loses nothing
	limited := &limit{in, mostPart}
	d := xml.NewDecoder(limited)
	depth := 0
	for {
		token, err := d.RawToken()
		switch {
		case limited.left < 0:
			return ErrTooLarge
		case errors.Is(err, io.EOF) && depth == 0:
			return nil
		case err != nil:
			return damaged(err)
		}
		switch t := token.(type) {
		case xml.Directive:
			return ErrDoctype
		case xml.StartElement:
			if depth++; depth > mostDepth {
				return ErrTooLarge
			}
			err = start(t)
		case xml.EndElement:
			if depth--; depth < 0 {
				return damaged(errors.New("an end without its beginning"))
			}
			if end != nil {
				err = end(t)
			}
		case xml.CharData:
			if text != nil {
				err = text(t)
			}
		}
		if err != nil {
			return err
		}
	}
}

// limit stops after so many bytes, whatever the zip says about its size.
type limit struct {
	in   io.Reader
	left int
}

func (l *limit) Read(b []byte) (int, error) {
	n, err := l.in.Read(b)
	if l.left -= n; l.left < 0 {
		return 0, ErrTooLarge
	}
	return n, err
}
