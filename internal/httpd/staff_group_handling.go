package httpd

import (
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strconv"

	"wenji/internal/apperr"
	"wenji/internal/comment"
	"wenji/internal/consultation"
	"wenji/internal/referral"
	"wenji/internal/similar"
	"wenji/internal/staff"
	"wenji/internal/validate"
	"wenji/web/desk"

	"github.com/google/uuid"
)

// What a whole group's members must be to be handed over, and to be answered.
var (
	referable  = []comment.State{comment.Received, comment.Published, comment.Withheld}
	answerable = []comment.State{comment.Published, comment.Withheld, comment.Declined}
)

// groupHandling reads the group of the address and its members in one of the states.
func (s *Server) groupHandling(r *http.Request, states []comment.State) (similar.Group, []uuid.UUID, error) {
	id, err := groupID(r)
	if err != nil {
		return similar.Group{}, nil, err
	}
	g, err := s.Similar.Group(r.Context(), memberOf(r), id)
	if err != nil {
		return similar.Group{}, nil, err
	}
	ids, err := s.Similar.MemberIDs(r.Context(), memberOf(r), id, states...)
	return g, ids, err
}

// postedMembers are the members that were shown and are still to be dealt with: one that has joined since is not.
func (s *Server) postedMembers(r *http.Request, states []comment.State) (similar.Group, []uuid.UUID, error) {
	if err := form(r); err != nil {
		return similar.Group{}, nil, err
	}
	g, ids, err := s.groupHandling(r, states)
	if err != nil {
		return g, nil, err
	}
	shown := make(map[uuid.UUID]bool)
	for _, value := range r.PostForm["pick"] {
		if id, err := uuid.Parse(value); err == nil {
			shown[id] = true
		}
	}
	return g, slices.DeleteFunc(ids, func(id uuid.UUID) bool { return !shown[id] }), nil
}

// askReferGroup offers to hand the whole group over; the departments of its clauses are chosen beforehand.
func (s *Server) askReferGroup(w http.ResponseWriter, r *http.Request) error {
	g, ids, err := s.groupHandling(r, referable)
	if err != nil {
		return err
	}
	d, err := s.keptDossier(r.Context(), g.ConsultationID)
	if err != nil {
		return err
	}
	units, err := s.Staff.Units(r.Context())
	if err != nil {
		return err
	}
	v := desk.GroupReferView{Group: g, IDs: ids, ReferForm: desk.ReferForm{Days: strconv.Itoa(referral.DefaultDays)}}
	for i, unit := range responsible(d, g.Clauses, units) {
		if i == 0 {
			v.Lead = unit.String()
		} else {
			v.Others = append(v.Others, unit.String())
		}
	}
	return s.renderReferGroup(w, r, http.StatusOK, nil, v)
}

// responsible are the departments that the clauses name, in their order.
func responsible(d *consultation.Dossier, clauses []int, units []staff.Unit) []uuid.UUID {
	var list []uuid.UUID
	for _, n := range clauses {
		node, ok := d.ClauseByNumber(n)
		if !ok {
			continue
		}
		for _, name := range node.Units {
			for _, u := range units {
				if !u.Disabled && (u.Name == name || slices.Contains(u.Aliases, name)) && !slices.Contains(list, u.ID) {
					list = append(list, u.ID)
				}
			}
		}
	}
	return list
}

func (s *Server) renderReferGroup(w http.ResponseWriter, r *http.Request, status int, problems []apperr.Problem, v desk.GroupReferView) error {
	units, err := s.Staff.Units(r.Context())
	if err != nil {
		return err
	}
	v.Units = slices.DeleteFunc(units, func(u staff.Unit) bool { return u.Disabled })
	f := s.deskFrame(r, "整组转办", desk.ItemGroups, groupCrumbs(v.Group)...)
	f.Problems, f.Wrong = problems, len(problems) > 0
	return s.render(w, r, status, desk.GroupRefer(f, v))
}

func (s *Server) referGroup(w http.ResponseWriter, r *http.Request) error {
	g, ids, err := s.postedMembers(r, referable)
	if err != nil {
		return err
	}
	v := desk.GroupReferView{
		Group: g, IDs: ids,
		ReferForm: desk.ReferForm{Lead: r.PostForm.Get("unit"), Others: r.PostForm["other"], Days: r.PostForm.Get("days"), Note: r.PostForm.Get("note")},
	}
	order := referral.Order{Days: number(validate.Fold(v.Days)), Note: v.Note}
	if order.Days == 0 {
		order.Days = -1 // not a number of days: never the usual term
	}
	for _, value := range append([]string{v.Lead}, v.Others...) {
		if id, err := uuid.Parse(value); err == nil && v.Lead != "" {
			order.Units = append(order.Units, id)
		}
	}
	err = s.Referrals.Refer(r.Context(), memberOf(r), ids, order)
	var invalid *apperr.Invalid
	if errors.As(err, &invalid) {
		return s.renderReferGroup(w, r, http.StatusUnprocessableEntity, invalid.Problems, v)
	}
	return s.afterGroup(w, r, g, err, fmt.Sprintf("referred=%d", len(ids)))
}

func (s *Server) askAnswerGroup(w http.ResponseWriter, r *http.Request) error {
	g, ids, err := s.groupHandling(r, answerable)
	if err != nil {
		return err
	}
	return s.renderAnswerGroup(w, r, http.StatusOK, nil, desk.GroupAnswerView{Group: g, IDs: ids})
}

func (s *Server) renderAnswerGroup(w http.ResponseWriter, r *http.Request, status int, problems []apperr.Problem, v desk.GroupAnswerView) error {
	f := s.deskFrame(r, "整组答复", desk.ItemGroups, groupCrumbs(v.Group)...)
	f.Problems, f.Wrong = problems, len(problems) > 0
	return s.render(w, r, status, desk.GroupAnswer(f, v))
}

func (s *Server) answerGroup(w http.ResponseWriter, r *http.Request) error {
	g, ids, err := s.postedMembers(r, answerable)
	if err != nil {
		return err
	}
	v := desk.GroupAnswerView{
		Group: g, IDs: ids, Outcome: r.PostForm.Get("outcome"), Reason: r.PostForm.Get("reason"), Answer: r.PostForm.Get("answer"),
	}
	err = s.Referrals.Dispose(r.Context(), memberOf(r), ids, referral.Draft{
		Outcome: referral.Outcome(v.Outcome), Reason: v.Reason, Answer: v.Answer,
	})
	var invalid *apperr.Invalid
	if errors.As(err, &invalid) {
		return s.renderAnswerGroup(w, r, http.StatusUnprocessableEntity, invalid.Problems, v)
	}
	return s.afterGroup(w, r, g, err, fmt.Sprintf("answered=%d", len(ids)))
}

// afterGroup goes back to the group and tells what was done, or why it was not.
func (s *Server) afterGroup(w http.ResponseWriter, r *http.Request, g similar.Group, err error, done string) error {
	var conflict *apperr.Conflict
	if errors.As(err, &conflict) {
		f := s.deskFrame(r, "您的操作未执行", desk.ItemGroups)
		return s.render(w, r, http.StatusConflict, desk.GroupConflict(f, validate.ReferralConflict(conflict.Action, conflict.By, conflict.At)))
	}
	if err != nil {
		return err
	}
	http.Redirect(w, r, "/staff/groups/"+g.ID.String()+"?"+done, http.StatusSeeOther)
	return nil
}
