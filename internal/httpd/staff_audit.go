package httpd

import (
	"encoding/csv"
	"net/http"
	"strconv"
	"time"

	"wenji/internal/apperr"
	"wenji/internal/audit"
	"wenji/internal/consultation"
	"wenji/internal/staff"
	"wenji/internal/validate"
	"wenji/internal/xlsx"
	"wenji/web/desk"
	"wenji/web/ui"
)

// auditRoutes are the addresses of the record.
func (s *Server) auditRoutes() []staffRoute {
	return []staffRoute{
		{method: "GET", pattern: "/staff/audit", need: staff.ReadAudit, handle: s.audit},
		{method: "POST", pattern: "/staff/audit/verify", need: staff.ReadAudit, handle: s.verifyAudit},
		{method: "POST", pattern: "/staff/audit/export", need: staff.ReadAudit, handle: s.exportAudit, long: true},
	}
}

// auditFilter reads the filter of the address; days include their end.
func auditFilter(r *http.Request) (desk.AuditQuery, audit.Filter, []apperr.Problem) {
	q := desk.AuditQuery{
		Actor: query(r, "actor"), Action: query(r, "action"), Consultation: query(r, "consultation"),
		From: query(r, "from"), To: query(r, "to"),
	}
	f := audit.Filter{
		Actor: q.Actor, Action: q.Action, ConsultationID: q.Consultation, After: audit.ParseCursor(query(r, "after")),
	}
	var problems []apperr.Problem
	day := func(field, typed string, to *time.Time, add int) {
		if typed == "" {
			return
		}
		t, ok := validate.Moment(typed, false)
		if !ok {
			problems = append(problems, apperr.Problem{Field: field, Message: validate.DayForm})
			return
		}
		*to = t.AddDate(0, 0, add)
	}
	day("from", q.From, &f.From, 0)
	day("to", q.To, &f.To, 1)
	return q, f, problems
}

func (s *Server) audit(w http.ResponseWriter, r *http.Request) error {
	q, filter, problems := auditFilter(r)
	page, err := s.Inspection.Read(r.Context(), memberOf(r), filter)
	if err != nil {
		return err
	}
	list, err := s.allConsultations(r)
	if err != nil {
		return err
	}
	f := s.deskFrame(r, "日志", desk.ItemAudit)
	f.Problems, f.Wrong = problems, len(problems) > 0
	status := http.StatusOK
	if f.Wrong {
		status = http.StatusUnprocessableEntity
	}
	alarms, err := s.revealAlarms(r)
	if err != nil {
		return err
	}
	return s.render(w, r, status, desk.Audit(f, desk.AuditView{Page: page, Query: q, Consultations: list, Alarms: alarms}))
}

func (s *Server) verifyAudit(w http.ResponseWriter, r *http.Request) error {
	if err := s.Inspection.RequestCheck(r.Context(), memberOf(r)); err != nil {
		return err
	}
	http.Redirect(w, r, "/staff/audit", http.StatusSeeOther)
	return nil
}

// exportAudit sends the filtered record as CSV, each cell defused as in other exports. A file that breaks off is cut
// before its last line, which says how many rows there are.
func (s *Server) exportAudit(w http.ResponseWriter, r *http.Request) error {
	_, filter, problems := auditFilter(r)
	if len(problems) > 0 {
		return badRequest{http.StatusBadRequest}
	}
	h := w.Header()
	out := csv.NewWriter(w)
	begun, rows := false, 0
	line := func(cells ...string) error {
		if !begun {
			begun = true
			h.Set("Content-Type", "text/csv; charset=utf-8; header=present")
			h.Set("Content-Disposition", `attachment; filename="audit-`+s.Now().In(consultation.Shanghai).Format("20060102-150405")+`.csv"`)
			if _, err := w.Write([]byte("\uFEFF")); err != nil {
				return err
			}
		}
		for i, c := range cells {
			cells[i] = string(xlsx.AppendCell(nil, []byte(c)))
		}
		return out.Write(cells)
	}
	head := []string{"时间", "人", "角色", "动作", "征集", "对象", "说明"}
	more, err := s.Inspection.Export(r.Context(), memberOf(r), filter, func(e audit.Entry) error {
		if rows == 0 {
			if err := line(head...); err != nil {
				return err
			}
		}
		rows++
		return line(ui.Minute(e.At), desk.ActorWord(e.Actor), desk.AuditRole(e.Role), desk.ActionWord(e.Action), e.ConsultationID,
			desk.SubjectWord(e.Subject), desk.DetailWord(e))
	})
	if err != nil {
		if begun {
			s.Log.Error("export of the record broke off", "id", requestID(r), "error", safeError(err))
			panic(http.ErrAbortHandler)
		}
		return err
	}
	end := "共" + strconv.Itoa(rows) + "条，导出人：" + memberOf(r).Signature() + "，导出时间：" + ui.Minute(s.Now())
	if more {
		end += "。还有更早的记录，请缩小时间范围后另行导出"
	}
	if err := line(end); err != nil {
		return err
	}
	out.Flush()
	return out.Error()
}
