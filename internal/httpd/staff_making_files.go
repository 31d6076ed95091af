package httpd

import (
	"bytes"
	"mime"
	"net/http"
	"time"

	"wenji/internal/apperr"
	"wenji/internal/consultation"
	"wenji/web/desk"

	"github.com/go-chi/chi/v5"
)

func (s *Server) editFiles(w http.ResponseWriter, r *http.Request) error {
	v, err := s.editing(r)
	if err != nil {
		return err
	}
	return s.renderFiles(w, r, http.StatusOK, nil, desk.FilesView{EditView: v})
}

func (s *Server) renderFiles(w http.ResponseWriter, r *http.Request, status int, problems []apperr.Problem, v desk.FilesView) error {
	d, err := s.Consultations.DeskDossier(r.Context(), v.Consultation.ID)
	if err != nil {
		return err
	}
	v.Files = d.Attachments
	f := s.making(r, v.Consultation.ID, "附件")
	f.Problems, f.Wrong = problems, status != http.StatusOK
	if status == http.StatusOK && query(r, "saved") == "files" {
		f.Flash = savedWords["files"]
	}
	return s.render(w, r, status, desk.EditFiles(f, v))
}

// addFile takes an attachment. The person's own file name is only asked for its ending.
func (s *Server) addFile(w http.ResponseWriter, r *http.Request) error {
	file, err := uploadForm(r, "file")
	if err != nil {
		return err
	}
	title := r.PostForm.Get("file_title")
	err = s.Consultations.AddFile(r.Context(), actorOf(r), chi.URLParam(r, "id"), typedVersion(r), title, file.Name, file.Content,
		r.PostForm.Get("explanation"))
	return s.filesSaved(w, r, title, err)
}

func (s *Server) removeFile(w http.ResponseWriter, r *http.Request) error {
	if err := form(r); err != nil {
		return err
	}
	err := s.Consultations.RemoveFile(r.Context(), actorOf(r), chi.URLParam(r, "id"), typedVersion(r), r.PostForm.Get("name"))
	return s.filesSaved(w, r, "", err)
}

func (s *Server) raiseFile(w http.ResponseWriter, r *http.Request) error {
	if err := form(r); err != nil {
		return err
	}
	err := s.Consultations.RaiseFile(r.Context(), actorOf(r), chi.URLParam(r, "id"), typedVersion(r), r.PostForm.Get("name"))
	return s.filesSaved(w, r, "", err)
}

// filesSaved goes back to the page of the files, since several are often added one after another.
func (s *Server) filesSaved(w http.ResponseWriter, r *http.Request, title string, err error) error {
	if err == nil {
		s.changedHere()
		http.Redirect(w, r, "/staff/consultations/"+chi.URLParam(r, "id")+"/edit/files?saved=files", http.StatusSeeOther)
		return nil
	}
	return s.saveForm(w, r, "files", err, func(status int, v desk.EditView, problems []apperr.Problem) error {
		return s.renderFiles(w, r, status, problems, desk.FilesView{EditView: v, Title: title})
	})
}

// deskAttachment is a file of a consultation that may still be in the making.
func (s *Server) deskAttachment(w http.ResponseWriter, r *http.Request) error {
	a, content, err := s.Consultations.DeskAttachment(r.Context(), chi.URLParam(r, "id"), query(r, "name"))
	if err != nil {
		return err
	}
	serveFile(w, r, a, content)
	return nil
}

// serveFile offers an attachment to be saved; no browser shows it in place.
func serveFile(w http.ResponseWriter, r *http.Request, a consultation.Attachment, content []byte) {
	h := w.Header()
	h["Content-Security-Policy"] = cspFile
	h.Set("Content-Type", a.MediaType)
	h.Set("Content-Disposition", mime.FormatMediaType("attachment", map[string]string{"filename": a.Name}))
	http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(content))
}
