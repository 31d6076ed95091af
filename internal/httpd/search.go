package httpd

import (
	"net/http"

	"wenji/internal/comment"
	"wenji/web/public"
	"wenji/web/ui"

	"github.com/a-h/templ"
)

// publicSearch looks for published comments of all consultations.
func (s *Server) publicSearch(r *http.Request) (templ.Component, error) {
	after := comment.ParsePlace(query(r, "after"))
	v := public.SearchView{Q: query(r, "q"), After: after.String()}
	var searchable bool
	v.Words, searchable = comment.SearchWords(v.Q)
	v.Short = !searchable
	items, next, err := s.reads(r.Context()).Comments.SearchPublished(r.Context(), comment.SearchFilter{Query: v.Q, After: after, Limit: commentsPage})
	if err != nil {
		return nil, err
	}
	v.Items = items
	if next != nil {
		v.Next = next.String()
		if len(items) < commentsPage {
			v.Until = next.At
		}
	}
	p := s.uiPage(r, "查找公众意见", ui.Crumb{Name: "查找公众意见"})
	p.Nav = ui.NavHome
	p.Meta.NoIndex = v.Q != ""
	return public.Search(p, v), nil
}
