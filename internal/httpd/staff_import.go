package httpd

import (
	"bytes"
	"errors"
	"net/http"
	"strconv"

	"wenji/internal/apperr"
	"wenji/internal/clause"
	"wenji/internal/consultation"
	"wenji/internal/docx"
	"wenji/internal/staff"
	"wenji/internal/validate"
	"wenji/web/desk"

	"github.com/go-chi/chi/v5"
	"github.com/google/uuid"
)

// draftFile is how large a Word document may be; what it unpacks to has limits of its own.
const draftFile = 10 << 20

// draftRows is what the form of all paragraphs may send.
const draftRows = 4 << 20

// importRoutes are the addresses of drafts read from Word documents and pasted text, and their versions.
func (s *Server) importRoutes() []staffRoute {
	const (
		one = consultationPath + "/import"
		may = staff.EditConsultation
	)
	return []staffRoute{
		{method: "GET", pattern: one, need: may, handle: s.draftImport},
		{method: "POST", pattern: one, need: may, handle: s.changeImport, upload: draftRows},
		{method: "POST", pattern: one + "/upload", need: may, handle: s.uploadDraft, long: true, upload: draftFile + formOverhead},
		{method: "POST", pattern: one + "/paste", need: may, handle: s.pasteDraft, upload: draftRows},
		{method: "GET", pattern: one + "/match", need: may, handle: s.matchPage},
		{method: "POST", pattern: one + "/match", need: may, handle: s.saveVersion},
	}
}

// documentOf is the document that an address of the import names; the draft where it names none.
func documentOf(r *http.Request) consultation.Document {
	if query(r, "document") == string(consultation.InterpretationDocument) {
		return consultation.InterpretationDocument
	}
	return consultation.DraftDocument
}

// importAddress is the page of the import of a document.
func importAddress(r *http.Request, act string) string {
	return "/staff/consultations/" + chi.URLParam(r, "id") + "/import" + act + "?document=" + string(documentOf(r))
}

func (s *Server) draftImport(w http.ResponseWriter, r *http.Request) error {
	v, err := s.importView(r)
	if err != nil {
		return err
	}
	return s.renderDraftImport(w, r, http.StatusOK, nil, v)
}

// importView reads a working copy and what it would become.
func (s *Server) importView(r *http.Request) (desk.DraftImportView, error) {
	v := desk.DraftImportView{Document: documentOf(r)}
	d, err := s.Consultations.DeskDossier(r.Context(), chi.URLParam(r, "id"))
	if err != nil {
		return v, err
	}
	v.Consultation = d.Consultation
	if v.Copy, err = s.Consultations.WorkingCopy(r.Context(), d.ID, v.Document); err != nil || v.Copy == nil {
		return v, err
	}
	known, err := s.unitNames(r)
	if err != nil {
		return v, err
	}
	v.Nodes, v.Doubts = clause.Build(v.Copy.Rows, known)
	draft, interpretation := v.Nodes, clause.Text(d.Interpretation)
	if v.Document == consultation.InterpretationDocument {
		draft, interpretation = d.Draft, clause.Text(v.Nodes)
	}
	if len(draft) > 0 {
		v.Named, v.Found = clause.CheckCount(draft, interpretation)
	}
	return v, nil
}

// unitNames are the names of the dictionary of units, with the other names of each.
func (s *Server) unitNames(r *http.Request) ([]string, error) {
	units, err := s.Staff.Units(r.Context())
	if err != nil {
		return nil, err
	}
	var names []string
	for _, u := range units {
		names = append(append(names, u.Name), u.Aliases...)
	}
	return names, nil
}

func (s *Server) renderDraftImport(w http.ResponseWriter, r *http.Request, status int, problems []apperr.Problem, v desk.DraftImportView) error {
	title := "导入征求意见稿"
	if v.Document == consultation.InterpretationDocument {
		title = "导入解读"
	}
	f := s.making(r, v.Consultation.ID, title)
	f.Problems, f.Wrong = problems, status != http.StatusOK
	if status == http.StatusOK && query(r, "saved") != "" {
		f.Flash = "已保存。"
	}
	return s.render(w, r, status, desk.ImportDraft(f, v))
}

// uploadDraft reads a Word document into a working copy.
func (s *Server) uploadDraft(w http.ResponseWriter, r *http.Request) error {
	file, err := uploadForm(r, "file")
	if err != nil {
		return err
	}
	if len(file.Content) == 0 {
		return s.importAgain(w, r, "", &apperr.Invalid{Problems: problemsOf("file", validate.FileMissing)})
	}
	paragraphs, err := docx.Read(bytes.NewReader(file.Content), int64(len(file.Content)))
	if err != nil {
		return s.importAgain(w, r, "", &apperr.Invalid{Problems: problemsOf("file", docxSentence(err))})
	}
	var rows []clause.Row
	for _, p := range paragraphs {
		rows = append(rows, clause.Rows(p.Text)...)
	}
	name, _ := validate.Line(file.Name)
	return s.begin(w, r, rows, name, "")
}

func (s *Server) pasteDraft(w http.ResponseWriter, r *http.Request) error {
	if err := form(r); err != nil {
		return err
	}
	text := r.PostForm.Get("text")
	if validate.Length(text) > desk.PasteMost {
		return s.importAgain(w, r, text, &apperr.Invalid{Problems: problemsOf("text", validate.MakingLong("text", desk.PasteMost))})
	}
	return s.begin(w, r, clause.Rows(text), "", text)
}

// begin recognises rows and keeps them as the working copy.
func (s *Server) begin(w http.ResponseWriter, r *http.Request, rows []clause.Row, source, pasted string) error {
	err := s.Consultations.BeginImport(r.Context(), actorOf(r), chi.URLParam(r, "id"), documentOf(r), clause.Recognise(rows), source)
	if err != nil {
		return s.importAgain(w, r, pasted, err)
	}
	http.Redirect(w, r, importAddress(r, ""), http.StatusSeeOther)
	return nil
}

// changeImport keeps what was changed in the rows and does what the button says.
func (s *Server) changeImport(w http.ResponseWriter, r *http.Request) error {
	if err := form(r); err != nil {
		return err
	}
	rows := typedRows(r)
	switch r.PostForm.Get("do") {
	case "recognise":
		rows = clause.Recognise(rows)
	case "normalise":
		for i := range rows {
			rows[i].Text, _ = clause.Normalise(rows[i].Text)
		}
	}
	id, document := chi.URLParam(r, "id"), documentOf(r)
	stamp, err := uuid.Parse(r.PostForm.Get("stamp"))
	if err != nil {
		return badRequest{http.StatusBadRequest}
	}
	stamp, err = s.Consultations.ChangeImport(r.Context(), actorOf(r), id, document, stamp, rows)
	if err != nil {
		return s.importAgain(w, r, "", err)
	}
	if r.PostForm.Get("do") != "save" {
		http.Redirect(w, r, importAddress(r, "")+"&saved=rows", http.StatusSeeOther)
		return nil
	}
	return s.saveImport(w, r, id, document, stamp)
}

// typedRows reads the rows of the form; their numbers run from 1 without a gap. A paragraph that was broken in two is
// two rows from then on, and one that was emptied is gone.
func typedRows(r *http.Request) []clause.Row {
	var rows []clause.Row
	for i := 1; i <= consultation.ImportRowsMost && r.PostForm.Has("text-"+strconv.Itoa(i)); i++ {
		pieces := clause.Rows(r.PostForm.Get("text-" + strconv.Itoa(i)))
		for j := range pieces {
			pieces[j].Type = clause.TextRow
			if j == 0 {
				pieces[j].Type = clause.RowType(r.PostForm.Get("type-" + strconv.Itoa(i)))
			}
		}
		rows = append(rows, pieces...)
	}
	return rows
}

// saveImport makes the working copy the document, as it was kept a moment ago.
func (s *Server) saveImport(w http.ResponseWriter, r *http.Request, id string, document consultation.Document, stamp uuid.UUID) error {
	c, err := s.Consultations.DeskConsultation(r.Context(), id)
	if err != nil {
		return err
	}
	if c.Stage == consultation.StagePublished && document == consultation.DraftDocument {
		http.Redirect(w, r, "/staff/consultations/"+id+"/import/match", http.StatusSeeOther)
		return nil
	}
	known, err := s.unitNames(r)
	if err != nil {
		return err
	}
	if err := s.Consultations.SaveImport(r.Context(), actorOf(r), id, document, stamp, known, r.PostForm.Get("explanation")); err != nil {
		return s.importAgain(w, r, "", err)
	}
	return s.toOverview(w, r, id, string(document))
}

// importAgain shows the page again with what is to be mended and everything typed; other failures are passed on.
func (s *Server) importAgain(w http.ResponseWriter, r *http.Request, pasted string, failure error) error {
	var invalid *apperr.Invalid
	if !errors.As(failure, &invalid) {
		return failure
	}
	v, err := s.importView(r)
	if err != nil {
		return err
	}
	v.Pasted, v.Explanation = pasted, r.PostForm.Get("explanation")
	if rows := typedRows(r); len(rows) > 0 && v.Copy != nil {
		v.Copy.Rows = rows
		v.Nodes, v.Doubts = clause.Build(rows, nil)
	}
	return s.renderDraftImport(w, r, http.StatusUnprocessableEntity, invalid.Problems, v)
}

// docxSentence says why a Word document is not taken.
func docxSentence(err error) string {
	for _, c := range []struct {
		kind     error
		sentence string
	}{
		{docx.ErrOldDoc, validate.DocxOld}, {docx.ErrEncrypted, validate.DocxEncrypted}, {docx.ErrMacros, validate.DocxMacros},
		{docx.ErrDoctype, validate.DocxDoctype}, {docx.ErrPath, validate.DocxPath}, {docx.ErrTooMany, validate.DocxTooMany},
		{docx.ErrTooLarge, validate.DocxTooLarge}, {docx.ErrNotDocx, validate.DocxNotDocx},
	} {
		if errors.Is(err, c.kind) {
			return c.sentence
		}
	}
	return validate.DocxDamaged
}

// problemsIn are the problems of a form that was refused; ok is false for every other failure, and for none.
func problemsIn(err error) (problems []apperr.Problem, ok bool) {
	var invalid *apperr.Invalid
	if !errors.As(err, &invalid) {
		return nil, false
	}
	return invalid.Problems, true
}
