package httpd

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"strings"

	"wenji/internal/apperr"
	"wenji/internal/consultation"
	"wenji/internal/intake"
	"wenji/internal/staff"
	"wenji/internal/validate"
	"wenji/web/desk"
	"wenji/web/ui"

	"github.com/go-chi/chi/v5"
	"github.com/google/uuid"
)

const (
	importPath = "/staff/comments/import"
	// intakeUpload leaves room above the largest file, so that one a little too large is named beside its field.
	intakeUpload = intake.FileMost + 4<<20
)

// intakeRoutes are the addresses of comments of other channels.
func (s *Server) intakeRoutes() []staffRoute {
	const one = importPath + "/{import:[0-9a-fA-F-]{36}}"
	return []staffRoute{
		{method: "GET", pattern: "/staff/comments/new", need: staff.EnterComments, handle: s.newEntry},
		{method: "POST", pattern: "/staff/comments/new", need: staff.EnterComments, handle: s.enterComment, long: true, upload: intakeUpload},
		{method: "GET", pattern: commentPath + "/slip", need: staff.EnterComments, handle: s.slip},
		{method: "POST", pattern: commentPath + "/scan", need: staff.Reveal, handle: s.openScan},
		{method: "GET", pattern: importPath, need: staff.EnterComments, handle: s.newImport},
		{method: "POST", pattern: importPath, need: staff.EnterComments, handle: s.previewImport, long: true, upload: intakeUpload},
		{method: "GET", pattern: importPath + "/template.xlsx", need: staff.EnterComments, handle: s.importTemplate},
		{method: "GET", pattern: one, need: staff.EnterComments, handle: s.showImport},
		{method: "POST", pattern: one + "/confirm", need: staff.EnterComments, handle: s.confirmImport, long: true},
	}
}

func (s *Server) newEntry(w http.ResponseWriter, r *http.Request) error {
	id, err := uuid.NewV7()
	if err != nil {
		return err
	}
	return s.renderEntry(w, r, http.StatusOK, nil, desk.EntryView{ID: id, Consultation: query(r, "consultation")})
}

func (s *Server) renderEntry(w http.ResponseWriter, r *http.Request, status int, problems []apperr.Problem, v desk.EntryView) error {
	var err error
	if v.Consultations, err = s.allConsultations(r); err != nil {
		return err
	}
	f := s.deskFrame(r, "录入意见", desk.ItemIntake)
	f.Problems, f.Wrong = problems, len(problems) > 0
	return s.render(w, r, status, desk.NewComment(f, v))
}

// entryForm reads the form of an entry; its file is read apart.
func entryForm(r *http.Request) (desk.EntryView, error) {
	get := r.PostForm.Get
	id, err := uuid.Parse(get("entry"))
	if err != nil {
		return desk.EntryView{}, badRequest{http.StatusBadRequest}
	}
	clauses := strings.FieldsFunc(get("clause"), func(r rune) bool { return strings.ContainsRune("、，,；; 第条", r) })
	return desk.EntryView{ID: id, Consultation: get("consultation"), Clause: get("clause"), Form: validate.EntryForm{
		Channel: get("channel"), ReceivedOn: get("received_on"), Title: get("title"), Body: get("body"), Name: get("name"),
		IDNumber: get("id_number"), Occupation: get("occupation"), Phone: get("phone"), Email: get("email"), Org: get("org"),
		Clauses: clauses,
	}}, nil
}

// enterComment stores what was typed and goes to the slip for the commenter.
func (s *Server) enterComment(w http.ResponseWriter, r *http.Request) error {
	scan, err := uploadForm(r, "scan")
	if err != nil {
		return err
	}
	v, err := entryForm(r)
	if err != nil {
		return err
	}
	_, err = s.Intake.Enter(r.Context(), memberOf(r), v.Consultation, intake.Entry{ID: v.ID, Form: v.Form, Scan: scan.Content})
	var invalid *apperr.Invalid
	if errors.As(err, &invalid) {
		v.Again = len(scan.Content) > 0
		return s.renderEntry(w, r, http.StatusUnprocessableEntity, invalid.Problems, v)
	}
	var used *intake.FormUsed
	if errors.As(err, &used) { // a form of its own for this comment, so that it can be sent once it has been looked at
		if v.ID, err = uuid.NewV7(); err != nil {
			return err
		}
		v.Again = len(scan.Content) > 0
		return s.renderEntry(w, r, http.StatusConflict, problemsOf("body", validate.EntryFormUsed(used.Number)), v)
	}
	if err != nil {
		return err
	}
	http.Redirect(w, r, "/staff/comments/"+v.ID.String()+"/slip", http.StatusSeeOther)
	return nil
}

func (s *Server) slip(w http.ResponseWriter, r *http.Request) error {
	id, err := commentID(r)
	if err != nil {
		return err
	}
	slip, err := s.Intake.Slip(r.Context(), memberOf(r), id)
	if err != nil {
		return err
	}
	c, err := s.Consultations.Consultation(r.Context(), slip.ConsultationID)
	if err != nil {
		return err
	}
	f := s.deskFrame(r, "意见登记回执", desk.ItemIntake,
		ui.Crumb{Name: "录入意见", URL: "/staff/comments/new"}, ui.Crumb{Name: "意见登记回执"})
	return s.render(w, r, http.StatusOK, desk.Slip(f, desk.SlipView{ID: id, Slip: slip, Consultation: *c}))
}

// openScan sends the scan of a comment, once the reason is in the record, as a file that is saved and not shown here.
func (s *Server) openScan(w http.ResponseWriter, r *http.Request) error {
	id, err := commentID(r)
	if err != nil {
		return err
	}
	if err := form(r); err != nil {
		return err
	}
	typed := desk.CommentForm{ScanReason: r.PostForm.Get("scan_reason")}
	scan, err := s.Intake.OpenScan(r.Context(), memberOf(r), id, typed.ScanReason)
	var invalid *apperr.Invalid
	if errors.As(err, &invalid) {
		return s.renderComment(w, r, http.StatusUnprocessableEntity, id, typed, invalid.Problems, nil)
	}
	if err != nil {
		return err
	}
	sendFile(w, scan.MediaType, fmt.Sprintf("scan-%d%s", scan.Number, scan.Ending()), scan.Content)
	return nil
}

// sendFile answers with a file to be saved.
func sendFile(w http.ResponseWriter, mediaType, name string, content []byte) {
	h := w.Header()
	h["Content-Security-Policy"] = cspFile
	h.Set("Content-Type", mediaType)
	h.Set("Content-Disposition", mime.FormatMediaType("attachment", map[string]string{"filename": name}))
	w.Write(content)
}

func (s *Server) importTemplate(w http.ResponseWriter, _ *http.Request) error {
	var book bytes.Buffer
	if err := intake.Template(&book); err != nil {
		return err
	}
	sendFile(w, "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", "意见导入模板.xlsx", book.Bytes())
	return nil
}

func (s *Server) newImport(w http.ResponseWriter, r *http.Request) error {
	return s.renderNewImport(w, r, http.StatusOK, nil, query(r, "consultation"))
}

func (s *Server) renderNewImport(w http.ResponseWriter, r *http.Request, status int, problems []apperr.Problem, consultationID string) error {
	list, err := s.allConsultations(r)
	if err != nil {
		return err
	}
	f := s.deskFrame(r, "从文件导入意见", desk.ItemIntake, intakeCrumbs("从文件导入")...)
	f.Problems, f.Wrong = problems, len(problems) > 0
	return s.render(w, r, status, desk.Imports(f, desk.ImportsView{Consultations: list, Consultation: consultationID}))
}

func intakeCrumbs(last string) []ui.Crumb {
	return []ui.Crumb{{Name: "录入意见", URL: "/staff/comments/new"}, {Name: last}}
}

// previewImport reads the files and shows what they hold. No comment is stored.
func (s *Server) previewImport(w http.ResponseWriter, r *http.Request) error {
	if _, err := uploadForm(r, "file"); err != nil {
		return err
	}
	files, err := chosenFiles(r, "file")
	if err != nil {
		return err
	}
	consultationID := r.PostForm.Get("consultation")
	id, err := s.Intake.Preview(r.Context(), memberOf(r), consultationID, files)
	var invalid *apperr.Invalid
	if errors.As(err, &invalid) {
		return s.renderNewImport(w, r, http.StatusUnprocessableEntity, invalid.Problems, consultationID)
	}
	if err != nil {
		return err
	}
	http.Redirect(w, r, importPath+"/"+id.String(), http.StatusSeeOther)
	return nil
}

// chosenFiles are all files of a field of a form that uploadForm has read.
func chosenFiles(r *http.Request, field string) ([]intake.File, error) {
	var files []intake.File
	if r.MultipartForm == nil {
		return nil, nil
	}
	for _, header := range r.MultipartForm.File[field] {
		file, err := header.Open()
		if err != nil {
			return nil, badRequest{http.StatusBadRequest}
		}
		content, err := io.ReadAll(file)
		file.Close()
		if err != nil {
			return nil, badRequest{http.StatusBadRequest}
		}
		files = append(files, intake.File{Name: header.Filename, Content: content})
	}
	return files, nil
}

func importID(r *http.Request) (uuid.UUID, error) {
	id, err := uuid.Parse(chi.URLParam(r, "import"))
	if err != nil {
		return uuid.Nil, apperr.ErrNotFound
	}
	return id, nil
}

func (s *Server) showImport(w http.ResponseWriter, r *http.Request) error {
	return s.renderImport(w, r, http.StatusOK, nil)
}

func (s *Server) renderImport(w http.ResponseWriter, r *http.Request, status int, problems []apperr.Problem) error {
	id, err := importID(r)
	if err != nil {
		return err
	}
	i, err := s.Intake.Import(r.Context(), memberOf(r), id)
	var invalid *apperr.Invalid
	if errors.As(err, &invalid) { // the consultation takes none any more
		return s.renderNewImport(w, r, http.StatusUnprocessableEntity, invalid.Problems, "")
	}
	if err != nil {
		return err
	}
	var c *consultation.Consultation
	if c, err = s.Consultations.Consultation(r.Context(), i.ConsultationID); err != nil {
		return err
	}
	f := s.deskFrame(r, "导入预览", desk.ItemIntake, intakeCrumbs("导入预览")...)
	f.Problems, f.Wrong = problems, len(problems) > 0
	return s.render(w, r, status, desk.ImportPreview(f, desk.ImportView{Import: i, Consultation: *c}))
}

// confirmImport stores the good rows and shows how many they were.
func (s *Server) confirmImport(w http.ResponseWriter, r *http.Request) error {
	id, err := importID(r)
	if err != nil {
		return err
	}
	_, err = s.Intake.Confirm(r.Context(), memberOf(r), id)
	var invalid *apperr.Invalid
	if errors.As(err, &invalid) {
		return s.renderImport(w, r, http.StatusUnprocessableEntity, invalid.Problems)
	}
	if err != nil {
		return err
	}
	http.Redirect(w, r, importPath+"/"+id.String(), http.StatusSeeOther)
	return nil
}
