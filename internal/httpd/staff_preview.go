package httpd

import (
	"bytes"
	"net/http"
	"strconv"
	"strings"

	"wenji/internal/clause"
	"wenji/internal/consultation"
	"wenji/web/desk"
	"wenji/web/public"
	"wenji/web/ui"

	"github.com/a-h/templ"
	"github.com/go-chi/chi/v5"
)

// preview shows a consultation as a citizen will see it once comments are taken, in any size. Nothing of it is kept in
// memory, links stay within the preview, and what would post is made harmless.
func (s *Server) preview(w http.ResponseWriter, r *http.Request) error {
	d, err := s.Consultations.DeskDossier(r.Context(), chi.URLParam(r, "id"))
	if err != nil {
		return err
	}
	bar := desk.PreviewBarView{ID: d.ID, Part: query(r, "part"), Unlisted: d.Stage == consultation.StagePreparing}
	d.Stage = consultation.StagePublished
	p := s.under(r, &d.Consultation, "")
	p.Display = ui.Display{Size: ui.Size(query(r, "size")), Theme: p.Display.Theme}.Normal()
	p.Meta.NoIndex, p.Back = true, ""
	if bar.Unlisted && p.Now.Before(d.OpensAt) {
		p.Now = d.OpensAt
	}
	if bar.Unlisted && !p.Now.Before(d.ClosesAt) {
		p.Now = d.OpensAt
	}
	bar.Size = p.Display.Size
	p.Banner = desk.PreviewBar(bar)
	var page templ.Component
	switch bar.Part {
	case "draft":
		page = public.Draft(p, public.DraftView{Dossier: d})
	case "interpretation":
		page = public.Interpretation(p, public.InterpretationView{Dossier: d})
	case "form":
		page = public.Form(p, public.FormView{Dossier: d, Captcha: public.Captcha{Passed: true}})
	case "print":
		page = public.Print(p, public.PrintView{Dossier: d, Address: s.BaseURL + "/consultations/" + d.ID})
	default:
		page = public.Notice(p, public.NoticeView{Dossier: d})
	}
	return s.renderPreview(w, r, page, d, bar.Size)
}

// renderPreview leads the page's links to the other pages of the preview. Buttons are disabled: a form whose every button
// is disabled cannot be sent by the Enter key either.
func (s *Server) renderPreview(w http.ResponseWriter, r *http.Request, page templ.Component, d *consultation.Dossier, size ui.Size) error {
	var body bytes.Buffer
	if err := page.Render(r.Context(), &body); err != nil {
		return err
	}
	own := `href="/consultations/` + d.ID
	to := func(part string) string {
		return `href="` + strings.ReplaceAll(desk.PreviewURL(d.ID, part, size), "&", "&amp;")
	}
	pairs := []string{
		own + `/files/`, `href="/staff/consultations/` + d.ID + `/edit/file?name=`, own + `/draft`, to("draft"),
		own + `/interpretation`, to("interpretation"), own + `/print`, to("print"), own + `/comments`, to("form") + "#",
		own + `/deadline.ics"`, to("") + `"`, own + `"`, to("") + `"`, `<button`, `<button disabled`,
	}
	for _, n := range d.Draft {
		if n.Kind == clause.Clause {
			pairs = append([]string{own + "/clauses/" + strconv.Itoa(n.Number) + `"`, to("draft") + "#c" + strconv.Itoa(n.Number) + `"`}, pairs...)
		}
	}
	html := strings.NewReplacer(pairs...).Replace(body.String())
	return s.render(w, r, http.StatusOK, templ.Raw(html))
}
