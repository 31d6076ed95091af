package httpd

import (
	"slices"
	"strconv"
	"strings"

	"wenji/internal/comment"
	"wenji/internal/validate"
)

// Marks round what is to be hidden, in the text areas of the desk.
const (
	markOpen  = '⟦'
	markClose = '⟧'
)

// withMarks puts marks round the spans of one field.
func withMarks(text, field string, spans []comment.Span) string {
	letters := []rune(text)
	own := slices.DeleteFunc(slices.Clone(spans), func(s comment.Span) bool { return s.Field != field })
	slices.SortFunc(own, func(a, b comment.Span) int { return a.Start - b.Start })
	var out strings.Builder
	at := 0
	for _, s := range own {
		start, end := max(s.Start, at), min(s.End, len(letters))
		if start >= end {
			continue
		}
		out.WriteString(string(letters[at:start]))
		out.WriteRune(markOpen)
		out.WriteString(string(letters[start:end]))
		out.WriteRune(markClose)
		at = end
	}
	out.WriteString(string(letters[at:]))
	return out.String()
}

// readMarks finds what is marked in one field. Everything but the marks must be the original, letter for letter; a
// mark sign that the citizen typed stands for itself. problem is a sentence for the moderator, "" when all is well.
// The kind of each span is left open.
func readMarks(marked, original, field string) (spans []comment.Span, problem string) {
	letters := []rune(original)
	marked = strings.NewReplacer("\r\n", "\n", "\r", "\n").Replace(marked)
	if strings.TrimSpace(original) == original { // blanks and line feeds put round the text do no harm
		marked = strings.TrimSpace(marked)
	}
	at, start := 0, -1
	for _, letter := range marked {
		switch {
		case at < len(letters) && letters[at] == letter:
			at++
		case letter == markOpen && start >= 0:
			return nil, validate.MarkUnclosed
		case letter == markOpen:
			start = at
		case letter == markClose && start < 0:
			return nil, validate.MarkUnopened
		case letter == markClose:
			if at > start {
				spans = append(spans, comment.Span{Field: field, Start: start, End: at})
			}
			start = -1
		default:
			return nil, textChanged
		}
	}
	switch {
	case start >= 0:
		return nil, validate.MarkUnclosed
	case at < len(letters):
		return nil, textChanged
	}
	return spans, ""
}

// textChanged answers a moderator who wrote into the citizen's words.
const textChanged = "标记之外的文字与原文不同。原文不能改动，请只增减标记“⟦”和“⟧”。"

// withKinds gives each marked span its kind: the one chosen for that very span, else the one of a suggestion it
// covers or lies in, else “other”.
func withKinds(spans []comment.Span, chosen map[comment.Span]comment.SpanKind, suggested []comment.Span) []comment.Span {
	for i, s := range spans {
		spans[i].Kind = comment.SpanOther
		for _, known := range suggested {
			if known.Field == s.Field && known.Start < s.End && s.Start < known.End {
				spans[i].Kind = known.Kind
				break
			}
		}
		if kind, ok := chosen[s]; ok {
			spans[i].Kind = kind
		}
	}
	return spans
}

// postedSpans reads the pairs of hidden field span and select kind. ok is false when they are no such pairs; whether
// they lie inside the text is the domain's to say.
func postedSpans(values, kinds []string) (spans []comment.Span, ok bool) {
	if len(values) != len(kinds) {
		return nil, false
	}
	for i, value := range values {
		field, place, _ := strings.Cut(value, ":")
		from, to, found := strings.Cut(place, ":")
		start, err1 := strconv.Atoi(from)
		end, err2 := strconv.Atoi(to)
		if !found || err1 != nil || err2 != nil {
			return nil, false
		}
		spans = append(spans, comment.Span{Field: field, Start: start, End: end, Kind: comment.SpanKind(kinds[i])})
	}
	return spans, true
}

// chosenKinds are the kinds of posted spans by their place.
func chosenKinds(spans []comment.Span) map[comment.Span]comment.SpanKind {
	kinds := make(map[comment.Span]comment.SpanKind, len(spans))
	for _, s := range spans {
		kinds[comment.Span{Field: s.Field, Start: s.Start, End: s.End}] = s.Kind
	}
	return kinds
}
