package export

import (
	"bufio"
	"encoding/json"
	"strconv"
	"unicode/utf8"

	"wenji/internal/xlsx"
)

// writeJSONL writes an object a line, keys as in columns, empty values left out. Text stands as it was written: no program
// runs a JSON string as a formula. The last line, with the one key "export", says what the file is.
func writeJSONL(w *bufio.Writer, t *table, f *file) error {
	keys := make([]string, len(t.columns))
	for i, c := range t.columns {
		keys[i] = strconv.Quote(c.key) + ":"
	}
	var record []byte
	for cells, err := range t.rows {
		if err != nil {
			return err
		}
		record = append(record[:0], '{')
		for i, c := range cells {
			if len(c) == 0 {
				continue
			}
			if len(record) > 1 {
				record = append(record, ',')
			}
			record = append(record, keys[i]...)
			if t.columns[i].Kind == xlsx.Number {
				record = append(record, c...)
			} else {
				record = appendString(record, c)
			}
		}
		record = append(record, "}\n"...)
		t.hash.Write(record)
		if _, err := w.Write(record); err != nil {
			return err
		}
	}
	words := t.closing()
	last := struct {
		Export struct {
			ID           string `json:"id"`
			Consultation string `json:"consultation"`
			Profile      string `json:"profile"`
			By           string `json:"by"`
			Approver     string `json:"approver,omitempty"`
			At           string `json:"at"`
			Digest       string `json:"content_sha256"`
			Words        string `json:"words"`
		} `json:"export"`
	}{}
	e := &last.Export
	e.ID, e.Consultation, e.Profile = f.id.String(), f.options.ConsultationID, f.options.Profile
	e.By, e.Approver, e.At = f.member, f.approver, f.started.In(beijing).Format("2006-01-02T15:04:05-07:00")
	e.Words = string(words)
	e.Digest = hexSum(t.hash)
	line, err := json.Marshal(last)
	if err != nil {
		return err
	}
	_, err = w.Write(append(line, '\n'))
	return err
}

const hexDigits = "0123456789abcdef"

// appendString appends a JSON string (RFC 8259, section 7). Bytes that are not UTF-8 become U+FFFD; line and paragraph
// separators are escaped, which some readers take for the end of a line.
func appendString(dst, value []byte) []byte {
	dst = append(dst, '"')
	for i := 0; i < len(value); {
		b := value[i]
		switch {
		case b == '"' || b == '\\':
			dst = append(dst, '\\', b)
		case b == '\n':
			dst = append(dst, '\\', 'n')
		case b < ' ' || b == 0x7f:
			dst = append(dst, '\\', 'u', '0', '0', hexDigits[b>>4], hexDigits[b&15])
		case b < utf8.RuneSelf:
			dst = append(dst, b)
		default:
			r, size := utf8.DecodeRune(value[i:])
			switch {
			case r == '\u2028':
				dst = append(dst, `\u2028`...)
			case r == '\u2029':
				dst = append(dst, `\u2029`...)
			case r == utf8.RuneError && size == 1:
				dst = append(dst, "\uFFFD"...)
			default:
				dst = append(dst, value[i:i+size]...)
			}
			i += size
			continue
		}
		i++
	}
	return append(dst, '"')
}
