package httpd

import (
	"io"
	"mime"
	"net/http"
	"time"

	"wenji/internal/report"
	"wenji/web/public"

	"github.com/a-h/templ"
	"github.com/go-chi/chi/v5"
	"github.com/go-chi/httprate"
)

// result is the result report as it was published.
func (s *Server) result(r *http.Request) (templ.Component, error) {
	d, err := s.dossier(r)
	if err != nil {
		return nil, err
	}
	v := public.ResultView{Dossier: d, After: number(query(r, "after"))}
	if v.Received, v.Outcome, err = s.Reports.Published(r.Context(), d.ID); err != nil {
		return nil, err
	}
	if v.Outcome != nil {
		if v.Rows, err = s.Reports.Rows(r.Context(), v.Outcome, v.After, report.RowsPage+1); err != nil {
			return nil, err
		}
		if len(v.Rows) > report.RowsPage {
			v.Rows = v.Rows[:report.RowsPage]
			v.Next = v.Rows[report.RowsPage-1].Number
		}
	}
	p := s.under(r, &d.Consultation, "结果反馈")
	p.Meta.Article.PublishedOn = v.Received.PublishedAt
	return public.Result(p, v), nil
}

// A file of a large consultation costs seconds of a processor. The bound guards this process's own one, so it is counted
// in this process.
const (
	filesMost   = 60
	filesWindow = 10 * time.Minute
)

func (s *Server) limitFiles(next http.Handler) http.Handler {
	return httprate.LimitBy(filesMost, filesWindow, func(r *http.Request) (string, error) {
		return s.clientAddress(r), nil
	}, httprate.WithLimitHandler(func(w http.ResponseWriter, r *http.Request) {
		s.serveRefusal(w, r, http.StatusTooManyRequests)
	}))(next)
}

var resultTypes = map[string]string{
	"docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
	"xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
	"csv":  "text/csv; charset=utf-8",
}

// resultFile sends the published report as a file. It is written as it is read; one that breaks off is cut, so that no
// browser takes a part for the whole.
func (s *Server) resultFile(w http.ResponseWriter, r *http.Request) error {
	d, err := s.dossier(r)
	if err != nil {
		return err
	}
	received, outcome, err := s.Reports.Published(r.Context(), d.ID)
	if err != nil {
		return err
	}
	format := chi.URLParam(r, "format")
	write := map[string]func(io.Writer) error{
		"docx": func(w io.Writer) error { return s.Reports.WriteDOCX(r.Context(), w, received, outcome) },
		"xlsx": func(w io.Writer) error { return s.Reports.WriteXLSX(r.Context(), w, received, outcome) },
		"csv":  func(w io.Writer) error { return s.Reports.WriteCSV(r.Context(), w, received, outcome) },
	}[format]
	h := w.Header()
	h.Set("Content-Type", resultTypes[format])
	h.Set("Content-Disposition", mime.FormatMediaType("attachment", map[string]string{"filename": "result-" + d.ID + "." + format}))
	h["Cache-Control"] = revalidate
	if r.Method == http.MethodHead {
		return nil
	}
	if err := write(w); err != nil {
		s.Log.Error("report broke off", "id", requestID(r), "error", safeError(err))
		panic(http.ErrAbortHandler)
	}
	return nil
}
