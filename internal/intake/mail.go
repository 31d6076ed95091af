package intake

import (
	"bytes"
	"encoding/base64"
	"errors"
	"io"
	"mime"
	"mime/multipart"
	"mime/quotedprintable"
	"net/mail"
	"strings"

	"wenji/internal/consultation"
	"wenji/internal/validate"

	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"
	"golang.org/x/text/encoding/htmlindex"
)

// Limits of a mail.
const (
	mailsMost = 100       // files of one import
	partsMost = 200       // parts of one mail
	depthMost = 8         // of parts within parts
	textMost  = 256 << 10 // bytes of its text, decoded
)

// readMail makes an entry of a mail: the day it was sent stands for the day of receipt, the subject for the title, the
// text for the opinion, the sender for name and address. Attachments are not opened.
func readMail(content []byte) (validate.EntryForm, error) {
	message, err := mail.ReadMessage(bytes.NewReader(content))
	if err != nil || message.Header.Get("From") == "" && message.Header.Get("Subject") == "" {
		return validate.EntryForm{}, errFile(validate.ImportMail)
	}
	f := validate.EntryForm{Channel: "email", Title: words(message.Header.Get("Subject"))}
	if at, err := message.Header.Date(); err == nil {
		f.ReceivedOn = at.In(consultation.Shanghai).Format("2006-01-02")
	}
	parser := mail.AddressParser{WordDecoder: decoder}
	if from, err := parser.Parse(message.Header.Get("From")); err == nil {
		f.Name, f.Email = from.Name, from.Address
		if !validate.IsName(f.Name) {
			f.Name = "" // a shop's or a robot's name, or an address again
		}
	}
	t := mailText{left: partsMost}
	t.walk(message.Header.Get("Content-Type"), message.Header.Get("Content-Transfer-Encoding"), message.Body, 0)
	f.Body = t.plain
	if strings.TrimSpace(f.Body) == "" {
		f.Body = t.rich
	}
	if strings.TrimSpace(f.Body) == "" {
		return f, errFile(validate.ImportMailEmpty)
	}
	return f, nil
}

// decoder reads words such as =?GB18030?B?…?= in headers.
var decoder = &mime.WordDecoder{CharsetReader: func(charset string, r io.Reader) (io.Reader, error) {
	return toUTF8(charset, r)
}}

// words decodes a header; one that cannot be decoded is kept as it is, for a person to mend.
func words(header string) string {
	if decoded, err := decoder.DecodeHeader(header); err == nil {
		return decoded
	}
	return header
}

// toUTF8 reads text in any charset of the WHATWG Encoding Standard. Mails in GB2312 hold characters of GB18030.
func toUTF8(charset string, r io.Reader) (io.Reader, error) {
	charset = strings.ToLower(strings.TrimSpace(charset))
	switch charset {
	case "", "utf-8", "utf8", "us-ascii":
		return r, nil
	case "gb2312", "gbk", "cp936", "x-gbk":
		charset = "gb18030"
	}
	encoding, err := htmlindex.Get(charset)
	if err != nil {
		return nil, err
	}
	return encoding.NewDecoder().Reader(r), nil
}

// mailText is the text found in a mail: the first plain part and the first part in HTML.
type mailText struct {
	plain, rich string
	left        int // parts still looked at
}

func (t *mailText) walk(contentType, encoding string, body io.Reader, depth int) {
	kind, params, err := mime.ParseMediaType(contentType)
	if err != nil {
		kind, params = "text/plain", nil
	}
	if t.left--; t.left < 0 || depth > depthMost {
		return
	}
	body = decoded(encoding, body)
	switch {
	case strings.HasPrefix(kind, "multipart/"):
		parts := multipart.NewReader(body, params["boundary"])
		for t.left > 0 {
			part, err := parts.NextRawPart()
			if err != nil {
				return
			}
			if disposition, _, _ := mime.ParseMediaType(part.Header.Get("Content-Disposition")); disposition == "attachment" {
				continue
			}
			t.walk(part.Header.Get("Content-Type"), part.Header.Get("Content-Transfer-Encoding"), part, depth+1)
		}
	case kind == "text/plain" && t.plain == "":
		t.plain = read(params["charset"], body)
	case kind == "text/html" && t.rich == "":
		t.rich = textOfHTML(read(params["charset"], body))
	}
}

func decoded(encoding string, r io.Reader) io.Reader {
	switch strings.ToLower(strings.TrimSpace(encoding)) {
	case "base64":
		return base64.NewDecoder(base64.StdEncoding, r)
	case "quoted-printable":
		return quotedprintable.NewReader(r)
	}
	return r
}

// read reads a part's text, as much as an opinion may have several times over. What breaks off is kept up to there.
func read(charset string, r io.Reader) string {
	utf8, err := toUTF8(charset, r)
	if err != nil {
		return ""
	}
	content, err := io.ReadAll(io.LimitReader(utf8, textMost))
	if err != nil && !errors.Is(err, io.ErrUnexpectedEOF) && len(content) == 0 {
		return ""
	}
	return strings.TrimSpace(strings.ToValidUTF8(string(content), "�"))
}

// textOfHTML is what one reads of a page: no styles, no scripts, a line for each paragraph.
func textOfHTML(page string) string {
	var out strings.Builder
	skip := 0
	tokens := html.NewTokenizer(strings.NewReader(page))
	for {
		kind := tokens.Next()
		if kind == html.ErrorToken {
			return tidy(out.String())
		}
		switch token := tokens.Token(); token.DataAtom {
		case atom.Style, atom.Script, atom.Head, atom.Title:
			if kind == html.StartTagToken {
				skip++
			} else if kind == html.EndTagToken && skip > 0 {
				skip--
			}
		case atom.Br, atom.P, atom.Div, atom.Li, atom.Tr, atom.H1, atom.H2, atom.H3:
			out.WriteByte('\n')
		default:
			if kind == html.TextToken && skip == 0 {
				out.WriteString(strings.Join(strings.Fields(token.Data), " "))
			}
		}
	}
}

// tidy leaves out empty lines.
func tidy(text string) string {
	var lines []string
	for _, l := range strings.Split(text, "\n") {
		if l = strings.TrimSpace(l); l != "" {
			lines = append(lines, l)
		}
	}
	return strings.Join(lines, "\n")
}
