package desk

import (
	"net/url"
	"strconv"
	"time"

	"wenji/internal/comment"
	"wenji/internal/consultation"
	"wenji/web/ui"

	"github.com/a-h/templ"
)

// SearchQuery is what the address of the search asks for.
type SearchQuery struct {
	Q            string
	Consultation string
	State        comment.State // "" for all
	Clause       int           // 0 for all
	Channel      string
	From, To     string // days, as typed
	After        string // place of the last row before this page
}

// Page is the address of the page that starts at a place.
func (q SearchQuery) Page(after string) templ.SafeURL {
	v := url.Values{}
	for name, value := range map[string]string{
		"q": q.Q, "consultation": q.Consultation, "state": string(q.State), "clause": clauseValue(q.Clause), "channel": q.Channel,
		"from": q.From, "to": q.To, "after": after,
	} {
		if value != "" {
			v.Set(name, value)
		}
	}
	return templ.SafeURL("/staff/search?" + v.Encode())
}

// SearchView is the search over all comments.
type SearchView struct {
	Query         SearchQuery
	Words         []string
	Short         bool // nothing to look for: fewer than two characters together
	Items         []comment.Found
	Next          string    // place of the next page, "" on the last one
	Until         time.Time // how far back this page has looked without being full; zero: as far as it had to
	Consultations []consultation.Consultation
}

// snippetMost is how many characters of an opinion a finding shows.
const snippetMost = 90

func (v SearchView) snippet(c comment.Found) []ui.Piece {
	return ui.Snippet(c.Body, v.Words, snippetMost)
}

func (v SearchView) title(c comment.Found) []ui.Piece {
	return ui.Snippet(c.Title, v.Words, snippetMost)
}

func foundURL(c comment.Found) templ.SafeURL {
	return templ.SafeURL("/staff/comments/" + c.ID.String())
}

// nextWord leads to the next page.
func (v SearchView) nextWord() string {
	if v.Until.IsZero() {
		return "下一页"
	}
	return "继续查找更早的意见"
}

func noWord(c comment.Found) string { return strconv.Itoa(c.Number) }

// searchStates are offered by the filter of the search.
var searchStates = []comment.State{comment.Received, comment.Published, comment.Withheld, comment.Declined}
