package public

import (
	"net/url"
	"strconv"

	"wenji/internal/consultation"
)

// Addresses of the pages are made here and nowhere else; only ids, numbers and escaped queries go into them.

func noticeURL(id string) string         { return "/consultations/" + url.PathEscape(id) }
func draftURL(id string) string          { return noticeURL(id) + "/draft" }
func interpretationURL(id string) string { return noticeURL(id) + "/interpretation" }
func printURL(id string) string          { return noticeURL(id) + "/print" }
func submitURL(id string) string         { return noticeURL(id) + "/comments" }
func checkURL(id string) string          { return noticeURL(id) + "/comments/check" }

func clauseURL(id string, n int) string { return noticeURL(id) + "/clauses/" + strconv.Itoa(n) }

func commentURL(id string, n int) string { return noticeURL(id) + "/comments/" + strconv.Itoa(n) }

func fileURL(id, name string) string { return noticeURL(id) + "/files/" + url.PathEscape(name) }

func deadlineURL(id string) string { return noticeURL(id) + "/deadline.ics" }

func correctionURL(id string, i int) string {
	return noticeURL(id) + "/corrections#" + correctionAnchor(i)
}

func correctionAnchor(i int) string { return "k" + strconv.Itoa(i+1) }

// newURL is the form, preset to a clause where n is not 0.
func newURL(id string, n int) string {
	u := noticeURL(id) + "/comments/new"
	if n > 0 {
		u += "?clause=" + strconv.Itoa(n)
	}
	return u
}

// clauseAnchor is the place of a clause in the draft.
func clauseAnchor(n int) string { return "#c" + strconv.Itoa(n) }

func imageURL(token string) string { return "/captcha/" + url.PathEscape(token) + ".png" }
func soundURL(token string) string { return "/captcha/" + url.PathEscape(token) + ".wav" }

// URL is the address of the list that the query asks for.
func (q ListQuery) URL() string {
	v := url.Values{}
	set(v, "state", string(q.State))
	set(v, "kind", string(q.Kind))
	set(v, "unit", q.Unit)
	set(v, "q", q.Q)
	if q.Page > 1 {
		v.Set("page", strconv.Itoa(q.Page))
	}
	return withQuery("/consultations", v)
}

// inState is the same query for another phase, from its first page.
func (q ListQuery) inState(state consultation.Phase) ListQuery {
	q.State, q.Page = state, 0
	return q
}

func (q ListQuery) onPage(page int) string {
	q.Page = page
	return q.URL()
}

func (q ListQuery) narrowed() bool { return q.Kind != "" || q.Unit != "" || q.Q != "" }

// URL is the address of the published comments of a consultation that the query asks for.
func (q CommentsQuery) URL(id string) string {
	v := url.Values{}
	if q.Clause > 0 {
		v.Set("clause", strconv.Itoa(q.Clause))
	}
	set(v, "q", q.Q)
	if q.Reply {
		v.Set("reply", "1")
	}
	if q.Oldest {
		v.Set("sort", "oldest")
	}
	if q.After > 0 {
		v.Set("after", strconv.Itoa(q.After))
	}
	if q.Before > 0 {
		v.Set("before", strconv.Itoa(q.Before))
	}
	return withQuery(submitURL(id), v)
}

func (q CommentsQuery) narrowed() bool { return q.Clause > 0 || q.Q != "" || q.Reply }

func set(v url.Values, name, value string) {
	if value != "" {
		v.Set(name, value)
	}
}

func withQuery(path string, v url.Values) string {
	if len(v) == 0 {
		return path
	}
	return path + "?" + v.Encode()
}
