package httpd

import (
	"errors"
	"mime"
	"net/http"
	"strconv"

	"wenji/internal/apperr"
	"wenji/web/desk"
	"wenji/web/ui"

	"github.com/go-chi/chi/v5"
	"github.com/google/uuid"
)

// exportID is the export of the address.
func exportID(r *http.Request) (uuid.UUID, error) {
	id, err := uuid.Parse(chi.URLParam(r, "xid"))
	if err != nil {
		return uuid.Nil, apperr.ErrNotFound
	}
	return id, nil
}

func (s *Server) export(w http.ResponseWriter, r *http.Request) error {
	return s.renderOneExport(w, r, http.StatusOK, nil, "")
}

func (s *Server) renderOneExport(w http.ResponseWriter, r *http.Request, status int, problems []apperr.Problem, note string) error {
	id, err := exportID(r)
	if err != nil {
		return err
	}
	f := s.deskFrame(r, "导出", desk.ItemExports, ui.Crumb{Name: "导出", URL: "/staff/exports"}, ui.Crumb{Name: "一次导出"})
	record, err := s.Exports.Export(r.Context(), f.Member, id)
	if err != nil {
		return err
	}
	f.Problems, f.Wrong = problems, len(problems) > 0
	return s.render(w, r, status, desk.Export(f, desk.ExportView{Record: record, Note: note}))
}

func (s *Server) approveExport(w http.ResponseWriter, r *http.Request) error {
	id, err := exportID(r)
	if err != nil {
		return err
	}
	if err := s.Exports.Approve(r.Context(), memberOf(r), id); err != nil {
		return err
	}
	http.Redirect(w, r, "/staff/exports/"+id.String(), http.StatusSeeOther)
	return nil
}

func (s *Server) refuseExport(w http.ResponseWriter, r *http.Request) error {
	if err := form(r); err != nil {
		return err
	}
	id, err := exportID(r)
	if err != nil {
		return err
	}
	note := r.PostForm.Get("note")
	err = s.Exports.Refuse(r.Context(), memberOf(r), id, note)
	var invalid *apperr.Invalid
	if errors.As(err, &invalid) {
		return s.renderOneExport(w, r, http.StatusUnprocessableEntity, invalid.Problems, note)
	}
	if err != nil {
		return err
	}
	http.Redirect(w, r, "/staff/exports/"+id.String(), http.StatusSeeOther)
	return nil
}

// exportFile sends a kept file to its maker.
func (s *Server) exportFile(w http.ResponseWriter, r *http.Request) error {
	id, err := exportID(r)
	if err != nil {
		return err
	}
	kept, err := s.Exports.Fetch(r.Context(), memberOf(r), id)
	if err != nil {
		return err
	}
	return s.sendFile(w, r, kept.Filename(), kept.MediaType(), func(w http.ResponseWriter) error {
		w.Header().Set("Content-Length", strconv.FormatInt(kept.Size(), 10))
		return kept.Copy(r.Context(), w)
	})
}

// sendFile streams a file. When it breaks before its first byte, the person gets an error page; later on the connection
// is cut, so that no browser takes a part for the whole.
func (s *Server) sendFile(w http.ResponseWriter, r *http.Request, name, mediaType string, stream func(http.ResponseWriter) error) error {
	d := &download{ResponseWriter: w, name: name, mediaType: mediaType}
	err := stream(d)
	if err == nil {
		return nil
	}
	if !d.begun {
		w.Header().Del("Content-Length")
		return err
	}
	s.Log.Error("a file broke off", "id", requestID(r), "error", safeError(err))
	panic(http.ErrAbortHandler)
}

// download says what file follows once its first byte is there.
type download struct {
	http.ResponseWriter
	name, mediaType string
	begun           bool
}

func (d *download) Write(p []byte) (int, error) {
	if !d.begun {
		d.begun = true
		h := d.Header()
		h.Set("Content-Type", d.mediaType)
		h.Set("Content-Disposition", mime.FormatMediaType("attachment", map[string]string{"filename": d.name}))
	}
	return d.ResponseWriter.Write(p)
}
