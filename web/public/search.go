package public

import (
	"net/url"
	"strconv"
	"time"

	"wenji/internal/comment"
	"wenji/web/ui"

	"github.com/a-h/templ"
)

// SearchView is the search over the published comments of all consultations (GET /search).
type SearchView struct {
	Q     string
	Words []string
	Short bool // nothing to look for: fewer than two characters together
	Items []comment.Public
	After string    // place of the last item before this page
	Next  string    // place of the next page, "" on the last one
	Until time.Time // how far back this page has looked without being full; zero: as far as it had to
}

func (v SearchView) page(after string) string {
	q := url.Values{}
	set(q, "q", v.Q)
	set(q, "after", after)
	return withQuery("/search", q)
}

func (v SearchView) next() string {
	if v.Next == "" {
		return ""
	}
	return v.page(v.Next)
}

// snippetMost is how many characters of an opinion a finding shows.
const snippetMost = 100

// shortQuery is what a person reads whose words are too short to be looked for.
const shortQuery = "请至少输入两个连在一起的字，例如“扶手”。"

func foundTitle(c comment.Public, words []string) []ui.Piece {
	return ui.Snippet(c.Title, words, snippetMost)
}

func foundBody(c comment.Public, words []string) []ui.Piece {
	return ui.Snippet(c.Body, words, snippetMost)
}

func consultationURL(c comment.Public) templ.SafeURL {
	return templ.SafeURL("/consultations/" + c.ConsultationID)
}

func numberOf(c comment.Public) string { return "第" + strconv.Itoa(c.Number) + "号" }
