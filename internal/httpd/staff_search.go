package httpd

import (
	"net/http"
	"net/url"

	"wenji/internal/comment"
	"wenji/internal/staff"
	"wenji/internal/validate"
	"wenji/web/desk"
)

// searchPage is how many findings a page lists.
const searchPage = 30

// searchRoutes are the addresses of the search over all comments.
func (s *Server) searchRoutes() []staffRoute {
	return []staffRoute{{method: "GET", pattern: "/staff/search", need: staff.ReadComments, handle: s.search}}
}

// readSearch reads what the address of the search asks for; what makes no sense counts as not asked.
func readSearch(v url.Values) (desk.SearchQuery, comment.SearchFilter) {
	get := func(name string) string {
		text, ok := validate.Line(v.Get(name))
		if !ok || validate.Length(text) > 100 {
			return ""
		}
		return text
	}
	after := comment.ParsePlace(get("after"))
	q := desk.SearchQuery{
		Q: get("q"), Consultation: get("consultation"), State: comment.State(get("state")), Clause: number(validate.Fold(get("clause"))),
		Channel: get("channel"), From: get("from"), To: get("to"), After: after.String(),
	}
	if q.State != comment.Received && !q.State.Decided() {
		q.State = ""
	}
	f := comment.SearchFilter{
		Query: q.Q, ConsultationID: q.Consultation, State: q.State, Clause: q.Clause, Channel: q.Channel, After: after, Limit: searchPage,
	}
	var ok bool
	if f.From, ok = validate.Moment(q.From, false); !ok {
		q.From = ""
	}
	if f.To, ok = validate.Moment(q.To, true); !ok {
		q.To = ""
	}
	return q, f
}

func (s *Server) search(w http.ResponseWriter, r *http.Request) error {
	f := s.deskFrame(r, "查找意见", "")
	q, filter := readSearch(r.URL.Query())
	v := desk.SearchView{Query: q}
	var searchable bool
	v.Words, searchable = comment.SearchWords(q.Q)
	v.Short = !searchable
	items, next, err := s.Comments.Search(r.Context(), f.Member, filter)
	if err != nil {
		return err
	}
	v.Items = items
	if next != nil {
		v.Next = next.String()
		if len(items) < searchPage {
			v.Until = next.At
		}
	}
	if v.Consultations, err = s.allConsultations(r); err != nil {
		return err
	}
	return s.render(w, r, http.StatusOK, desk.Search(f, v))
}
