package httpd_test

import (
	"archive/zip"
	"encoding/xml"
	"errors"
	"io"
	"strings"
	"testing"
)

// document is the text of a .docx; a bar ends each paragraph.
func document(t *testing.T, content string) string {
	t.Helper()
	archive, err := zip.NewReader(strings.NewReader(content), int64(len(content)))
	if err != nil {
		t.Fatal(err)
	}
	part, err := archive.Open("word/document.xml")
	if err != nil {
		t.Fatal(err)
	}
	defer part.Close()
	var words strings.Builder
	text := false
	for d := xml.NewDecoder(part); ; {
		token, err := d.Token()
		if errors.Is(err, io.EOF) {
			return words.String()
		}
		if err != nil {
			t.Fatal(err)
		}
		switch e := token.(type) {
		case xml.StartElement:
			text = e.Name.Local == "t"
		case xml.EndElement:
			text = false
			if e.Name.Local == "p" {
				words.WriteString("|")
			}
		case xml.CharData:
			if text {
				words.Write(e)
			}
		}
	}
}
