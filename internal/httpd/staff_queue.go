package httpd

import (
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"wenji/internal/apperr"
	"wenji/internal/comment"
	"wenji/internal/consultation"
	"wenji/internal/moderation"
	"wenji/internal/validate"
	"wenji/web/desk"
	"wenji/web/ui"

	"github.com/google/uuid"
)

const queuePage = 50

// consultationsMost is how many consultations the desk lists and offers.
const consultationsMost = 200

// allConsultations are the consultations of every phase, as the public list orders them.
func (s *Server) allConsultations(r *http.Request) ([]consultation.Consultation, error) {
	items, _, err := s.Consultations.List(r.Context(), consultation.ListFilter{Brief: true, Size: consultationsMost})
	return items, err
}

// readQueue reads what the address of the queue asks for; what makes no sense counts as not asked.
func readQueue(v url.Values) desk.QueueQuery {
	get := func(name string) string {
		text, ok := validate.Text(v.Get(name))
		if !ok || validate.Length(text) > 100 {
			return ""
		}
		return text
	}
	q := desk.QueueQuery{
		Consultation: get("consultation"), State: comment.State(get("state")), Clause: number(validate.Fold(get("clause"))),
		Flag: get("flag"), Channel: get("channel"), Q: get("q"), After: moderation.ParseCursor(get("after")).String(),
	}
	if !slices.Contains(desk.States, q.State) {
		q.State = comment.Received
	}
	if !slices.Contains(desk.Flags, q.Flag) {
		q.Flag = ""
	}
	if !slices.Contains(validate.Channels, q.Channel) {
		q.Channel = ""
	}
	q.Occupation, q.Unreferred = get("occupation"), get("unreferred") == "1"
	if day := calendarDay(get("day")); !day.IsZero() {
		q.Day = day.Format(time.DateOnly)
	}
	if day := calendarDay(get("until")); !day.IsZero() {
		q.Until = day.Format(time.DateOnly)
	}
	return q
}

// calendarDay reads a day as an address or a date field writes it; zero for anything else.
func calendarDay(s string) time.Time {
	day, err := time.ParseInLocation(time.DateOnly, s, consultation.Shanghai)
	if err != nil {
		return time.Time{}
	}
	return day
}

// queueFilter is the filter that a query stands for.
func queueFilter(q desk.QueueQuery) moderation.Filter {
	f := moderation.Filter{
		ConsultationID: q.Consultation, State: q.State, Clause: q.Clause, Flag: q.Flag, Query: q.Q,
		Occupation: q.Occupation, Channel: q.Channel, Unreferred: q.Unreferred, After: moderation.ParseCursor(q.After), Limit: queuePage,
	}
	if day := calendarDay(q.Day); !day.IsZero() {
		f.From, f.Before = day, day.AddDate(0, 0, 1)
	}
	if day := calendarDay(q.Until); !day.IsZero() {
		f.Before = day.AddDate(0, 0, 1)
	}
	return f
}

func (s *Server) queue(w http.ResponseWriter, r *http.Request) error {
	f := s.deskFrame(r, "审核队列", desk.ItemQueue)
	var err error
	if f.Done, err = s.doneOf(r, f); err != nil {
		return err
	}
	if r.URL.Query().Get("claimed") == "none" {
		f.Flash = "没有可以领取的意见：待审核的都已有人领取，或者已经审核完毕。"
	}
	return s.renderQueue(w, r, http.StatusOK, f, readQueue(r.URL.Query()))
}

func (s *Server) renderQueue(w http.ResponseWriter, r *http.Request, status int, f desk.Frame, q desk.QueueQuery) error {
	items, next, err := s.Moderation.Queue(r.Context(), f.Member, queueFilter(q))
	if err != nil {
		return err
	}
	if f.Waiting, err = s.Moderation.Waiting(r.Context(), f.Member); err != nil {
		return err
	}
	list, err := s.allConsultations(r)
	if err != nil {
		return err
	}
	v := desk.QueueView{Query: q, Items: items, Consultations: list}
	ids := make([]uuid.UUID, len(items))
	for i, c := range items {
		ids[i] = c.ID
	}
	if v.Similar, err = s.Similar.Marks(r.Context(), f.Member, ids); err != nil {
		return err
	}
	if next != nil {
		v.Next, v.Early = next.String(), next.Early
	}
	return s.render(w, r, status, desk.Queue(f, v))
}

// doneOf reads the address for the act that led to a page. What is told is what the database says now, so a made-up
// address can tell nothing untrue.
func (s *Server) doneOf(r *http.Request, f desk.Frame) (*desk.Done, error) {
	if many := r.URL.Query().Get("several"); many != "" {
		parts := strings.Split(many, ".")
		if len(parts) != 3 {
			return nil, nil
		}
		return &desk.Done{Many: true, Bulk: number(parts[0]), Taken: number(parts[1]), Held: number(parts[2])}, nil
	}
	id, err := uuid.Parse(r.URL.Query().Get("done"))
	if err != nil {
		return nil, nil
	}
	detail, err := s.Moderation.Comment(r.Context(), f.Member, id)
	if errors.Is(err, apperr.ErrNotFound) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	return &desk.Done{Comment: detail.Item}, nil
}

// claim keeps the next waiting comment for the member and goes to it.
func (s *Server) claim(w http.ResponseWriter, r *http.Request) error {
	if err := form(r); err != nil {
		return err
	}
	q := readQueue(r.PostForm)
	id, err := s.Moderation.Claim(r.Context(), memberOf(r), q.Consultation)
	if errors.Is(err, apperr.ErrNotFound) {
		http.Redirect(w, r, "/staff/queue?claimed=none", http.StatusSeeOther)
		return nil
	}
	if err != nil {
		return err
	}
	http.Redirect(w, r, "/staff/comments/"+id.String(), http.StatusSeeOther)
	return nil
}

// publishSeveral publishes the ticked comments as they are and goes back to the list.
func (s *Server) publishSeveral(w http.ResponseWriter, r *http.Request) error {
	if err := form(r); err != nil {
		return err
	}
	back, err := url.ParseQuery(r.PostForm.Get("back"))
	if err != nil {
		back = nil
	}
	q := readQueue(back)
	ids, versions, ok := picked(r.PostForm["pick"])
	if !ok {
		return badRequest{http.StatusBadRequest}
	}
	done, err := s.Moderation.Bulk(r.Context(), memberOf(r), ids, versions)
	var left *moderation.Unfinished
	var invalid *apperr.Invalid
	switch {
	case errors.As(err, &invalid):
		f := s.deskFrame(r, "审核队列", desk.ItemQueue)
		f.Wrong, f.Problems = true, invalid.Problems
		return s.renderQueue(w, r, http.StatusUnprocessableEntity, f, q)
	case errors.As(err, &left):
	case err != nil:
		return err
	default:
		left = &moderation.Unfinished{}
	}
	s.changedHere()
	v := q.Values()
	v.Set("several", fmt.Sprintf("%d.%d.%d", done, left.Taken, left.Personal))
	http.Redirect(w, r, "/staff/queue?"+v.Encode(), http.StatusSeeOther)
	return nil
}

// picked reads the ticked rows, each its id and the version that was seen.
func picked(values []string) (ids []uuid.UUID, versions []int, ok bool) {
	for _, value := range values {
		id, version, _ := strings.Cut(value, ":")
		parsed, err1 := uuid.Parse(id)
		n, err2 := strconv.Atoi(version)
		if err1 != nil || err2 != nil {
			return nil, nil, false
		}
		ids, versions = append(ids, parsed), append(versions, n)
	}
	return ids, versions, true
}

// crumbs of a comment's page.
func commentCrumbs(c comment.Item) []ui.Crumb {
	return []ui.Crumb{{Name: "审核队列", URL: "/staff/queue"}, {Name: "第" + strconv.Itoa(c.Number) + "号"}}
}
