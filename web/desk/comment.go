package desk

import (
	"context"
	"io"
	"sort"
	"strconv"
	"strings"
	"time"

	"wenji/internal/comment"
	"wenji/internal/validate"
	"wenji/web/ui"

	"github.com/a-h/templ"
)

// markedText writes one field of a comment with the spans of it marked. Written by hand because every blank counts in
// a text that keeps its line breaks.
func markedText(text, field string, spans []comment.Span) templ.Component {
	return templ.ComponentFunc(func(_ context.Context, w io.Writer) error {
		var out strings.Builder
		for _, p := range Pieces(text, field, spans) {
			if p.Kind == "" {
				out.WriteString(templ.EscapeString(p.Text))
				continue
			}
			out.WriteString(`<mark title="` + templ.EscapeString(FlagWord(string(p.Kind))) + `">` + templ.EscapeString(p.Text) + `</mark>`)
		}
		_, err := io.WriteString(w, out.String())
		return err
	})
}

// reasons are the choices for not publishing.
func reasons() []ui.Option {
	options := make([]ui.Option, len(validate.Reasons))
	for i, code := range validate.Reasons {
		options[i] = ui.Option{Value: code, Text: validate.ReasonText(code)}
	}
	return options
}

// reason and note are what was typed into the section of an act, "" for another's.
func (c CommentForm) reason(act string) string {
	if c.Act != act {
		return ""
	}
	return c.Reason
}

func (c CommentForm) note(act string) string {
	if c.Act != act {
		return ""
	}
	return c.Note
}

// problemOf is what is to be mended in a field of one section; several sections have fields of the same name.
func problemOf(f Frame, v CommentView, act, field string) string {
	if v.Form.Act != act {
		return ""
	}
	return f.problem(field)
}

// fieldID is the plain name in the section that is shown again, so that the summary's link finds it.
func fieldID(v CommentView, act, field string) string {
	if v.Form.Act == act {
		return field
	}
	return act + "-" + field
}

// Piece is a stretch of text, with the kind of span it is, or none.
type Piece struct {
	Text string
	Kind comment.SpanKind
}

// Pieces cuts a field's text at its spans. Spans out of range or over one another are cut to what is left of them.
func Pieces(text, field string, spans []comment.Span) []Piece {
	letters := []rune(text)
	own := make([]comment.Span, 0, len(spans))
	for _, s := range spans {
		if s.Field == field {
			own = append(own, s)
		}
	}
	sort.Slice(own, func(i, j int) bool { return own[i].Start < own[j].Start })
	var pieces []Piece
	at := 0
	for _, s := range own {
		start, end := max(s.Start, at), min(s.End, len(letters))
		if start >= end {
			continue
		}
		if start > at {
			pieces = append(pieces, Piece{Text: string(letters[at:start])})
		}
		pieces = append(pieces, Piece{Text: string(letters[start:end]), Kind: s.Kind})
		at = end
	}
	if at < len(letters) {
		pieces = append(pieces, Piece{Text: string(letters[at:])})
	}
	return pieces
}

// SpanValue names a span in a hidden field: body:12:23.
func SpanValue(s comment.Span) string {
	return s.Field + ":" + strconv.Itoa(s.Start) + ":" + strconv.Itoa(s.End)
}

func copyHeading(s comment.State) string {
	switch s {
	case comment.Received:
		return "通过后公众看到的"
	case comment.Published:
		return "公众看到的"
	}
	return "公开情况"
}

func sameSender(n int) string {
	if n == 0 {
		return "此人没有其他意见"
	}
	return "同一人另有" + strconv.Itoa(n) + "条意见"
}

func fieldWord(field string) string {
	if field == "title" {
		return "标题"
	}
	return "意见"
}

func previewWord(n int) string {
	if n == 0 {
		return "没有标出要隐去的文字，将全文公开。"
	}
	return "共隐去" + strconv.Itoa(n) + "处。"
}

func previewButton(n int) string {
	if n == 0 {
		return "全文通过"
	}
	return "隐去后通过"
}

func join(units []string) string { return strings.Join(units, "、") }

// conflictWord says who was faster, or who keeps the comment.
func conflictWord(v ConflictView, now time.Time) string {
	switch {
	case v.Action == comment.ActClaim:
		return "此条正由" + v.By + "审核（" + clock(v.At, now) + "起），您的操作未执行。"
	case v.By == "" && v.Action == "rule":
		return "此条已按规则自动公开，您的操作未执行。"
	case v.By == "":
		return "此条在您查看之后已有变化，您的操作未执行。"
	}
	return validate.ConflictSentence(v.Action, v.By, v.At)
}
