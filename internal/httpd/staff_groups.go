package httpd

import (
	"errors"
	"net/http"
	"net/url"
	"strconv"

	"wenji/internal/apperr"
	"wenji/internal/moderation"
	"wenji/internal/similar"
	"wenji/internal/staff"
	"wenji/internal/validate"
	"wenji/web/desk"
	"wenji/web/ui"

	"github.com/go-chi/chi/v5"
	"github.com/google/uuid"
)

const groupPath = "/staff/groups/{gid:[0-9a-fA-F-]{36}}"

// groupRoutes are the addresses of near-identical comments decided together.
func (s *Server) groupRoutes() []staffRoute {
	return []staffRoute{
		{method: "GET", pattern: "/staff/groups", need: staff.ReadComments, handle: s.groups},
		{method: "GET", pattern: groupPath, need: staff.ReadComments, handle: s.similarGroup},
		{method: "POST", pattern: groupPath + "/out", need: staff.Decide, handle: s.takeOut},
		{method: "POST", pattern: groupPath + "/return", need: staff.Decide, handle: s.putBack},
		{method: "POST", pattern: groupPath + "/move", need: staff.Decide, handle: s.moveMembers},
		{method: "POST", pattern: groupPath + "/merge", need: staff.Decide, handle: s.mergeGroup},
		{method: "GET", pattern: groupPath + "/publish", need: staff.Decide, handle: s.askPublishGroup},
		{method: "POST", pattern: groupPath + "/publish", need: staff.Decide, handle: s.publishGroup, long: true},
		{method: "GET", pattern: groupPath + "/referrals", need: staff.Refer, handle: s.askReferGroup},
		{method: "POST", pattern: groupPath + "/referrals", need: staff.Refer, handle: s.referGroup},
		{method: "GET", pattern: groupPath + "/disposition", need: staff.Answer, handle: s.askAnswerGroup},
		{method: "POST", pattern: groupPath + "/disposition", need: staff.Answer, handle: s.answerGroup},
	}
}

const (
	membersPage = 20
	// groupsOffered is how many other groups are offered to move members to, the largest.
	groupsOffered = 100
	outShown      = 100
)

func (s *Server) groups(w http.ResponseWriter, r *http.Request) error {
	f := s.deskFrame(r, "相似意见", desk.ItemGroups)
	v := desk.GroupsView{
		Consultation: query(r, "consultation"), After: similar.ParseCursor(query(r, "after")).String(),
	}
	groups, next, err := s.Similar.Groups(r.Context(), f.Member, similar.Filter{
		ConsultationID: v.Consultation, After: similar.ParseCursor(v.After),
	})
	if err != nil {
		return err
	}
	v.Groups = groups
	if next != nil {
		v.Next = next.String()
	}
	if v.Consultations, err = s.allConsultations(r); err != nil {
		return err
	}
	return s.render(w, r, http.StatusOK, desk.Groups(f, v))
}

// groupID reads the id of the address.
func groupID(r *http.Request) (uuid.UUID, error) {
	id, err := uuid.Parse(chi.URLParam(r, "gid"))
	if err != nil {
		return uuid.Nil, apperr.ErrNotFound
	}
	return id, nil
}

func (s *Server) similarGroup(w http.ResponseWriter, r *http.Request) error {
	id, err := groupID(r)
	if err != nil {
		return err
	}
	return s.renderGroup(w, r, http.StatusOK, id, nil)
}

// renderGroup shows a group. The address of one that has gone up in another leads there.
func (s *Server) renderGroup(w http.ResponseWriter, r *http.Request, status int, id uuid.UUID, problems []apperr.Problem) error {
	ctx, member := r.Context(), memberOf(r)
	g, err := s.Similar.Group(ctx, member, id)
	if err != nil {
		return err
	}
	if g.MergedInto != nil {
		http.Redirect(w, r, "/staff/groups/"+g.MergedInto.String(), http.StatusSeeOther)
		return nil
	}
	d, err := s.keptDossier(ctx, g.ConsultationID)
	if err != nil {
		return err
	}
	v := desk.GroupView{Group: g, Consultation: d.Consultation, After: number(query(r, "after")), Told: toldOfGroup(r)}
	more := false
	if v.Members, more, err = s.Similar.Members(ctx, member, id, similar.MemberFilter{After: v.After, Limit: membersPage}); err != nil {
		return err
	}
	if more {
		v.Next = v.Members[len(v.Members)-1].Number
	}
	if v.Out, _, err = s.Similar.Members(ctx, member, id, similar.MemberFilter{TakenOut: true, Limit: outShown}); err != nil {
		return err
	}
	others, _, err := s.Similar.Groups(ctx, member, similar.Filter{ConsultationID: g.ConsultationID, Limit: groupsOffered})
	if err != nil {
		return err
	}
	for _, other := range others {
		if other.ID != id {
			v.Others = append(v.Others, other)
		}
	}
	f := s.deskFrame(r, "相似意见组", desk.ItemGroups, groupCrumbs(g)...)
	f.Problems, f.Wrong = problems, len(problems) > 0
	return s.render(w, r, status, desk.Group(f, v))
}

func groupCrumbs(g similar.Group) []ui.Crumb {
	return []ui.Crumb{{Name: "相似意见", URL: "/staff/groups"}, {Name: "第" + strconv.Itoa(g.Number) + "号等" + strconv.Itoa(g.Members) + "条"}}
}

// toldOfGroup words what the address says was done.
func toldOfGroup(r *http.Request) string {
	v := r.URL.Query()
	switch {
	case v.Get("published") != "":
		return validate.GroupPublished(number(v.Get("published")), number(v.Get("taken")), number(v.Get("held")))
	case v.Get("referred") != "":
		return validate.GroupReferred(number(v.Get("referred")))
	case v.Get("answered") != "":
		return validate.GroupAnswered(number(v.Get("answered")))
	case v.Get("changed") != "":
		return validate.GroupSaved
	}
	return ""
}

// changeGroup runs an act on the group of the address and goes to the group it leaves one with.
func (s *Server) changeGroup(w http.ResponseWriter, r *http.Request, act func(id uuid.UUID, picked []uuid.UUID) (uuid.UUID, error)) error {
	id, err := groupID(r)
	if err != nil {
		return err
	}
	if err := form(r); err != nil {
		return err
	}
	var picked []uuid.UUID
	for _, value := range r.PostForm["pick"] {
		one, err := uuid.Parse(value)
		if err != nil {
			return badRequest{http.StatusBadRequest}
		}
		picked = append(picked, one)
	}
	next, err := act(id, picked)
	var invalid *apperr.Invalid
	switch {
	case errors.As(err, &invalid):
		return s.renderGroup(w, r, http.StatusUnprocessableEntity, id, invalid.Problems)
	case errors.Is(err, apperr.ErrConflict):
		f := s.deskFrame(r, "您的操作未执行", desk.ItemGroups)
		return s.render(w, r, http.StatusConflict, desk.GroupConflict(f, validate.GroupChanged))
	case err != nil:
		return err
	}
	s.changedHere()
	http.Redirect(w, r, "/staff/groups/"+next.String()+"?changed=1", http.StatusSeeOther)
	return nil
}

func (s *Server) takeOut(w http.ResponseWriter, r *http.Request) error {
	return s.changeGroup(w, r, func(id uuid.UUID, picked []uuid.UUID) (uuid.UUID, error) {
		return id, s.Similar.TakeOut(r.Context(), memberOf(r), id, picked)
	})
}

func (s *Server) putBack(w http.ResponseWriter, r *http.Request) error {
	return s.changeGroup(w, r, func(id uuid.UUID, picked []uuid.UUID) (uuid.UUID, error) {
		return id, s.Similar.PutIn(r.Context(), memberOf(r), id, picked)
	})
}

func (s *Server) moveMembers(w http.ResponseWriter, r *http.Request) error {
	return s.changeGroup(w, r, func(id uuid.UUID, picked []uuid.UUID) (uuid.UUID, error) {
		target, err := targetGroup(r, "target")
		if err != nil {
			return id, err
		}
		return id, s.Similar.PutIn(r.Context(), memberOf(r), target, picked)
	})
}

func (s *Server) mergeGroup(w http.ResponseWriter, r *http.Request) error {
	return s.changeGroup(w, r, func(id uuid.UUID, _ []uuid.UUID) (uuid.UUID, error) {
		target, err := targetGroup(r, "merge-target")
		if err != nil {
			return id, err
		}
		return target, s.Similar.Merge(r.Context(), memberOf(r), id, target)
	})
}

// targetGroup reads the group that was chosen.
func targetGroup(r *http.Request, field string) (uuid.UUID, error) {
	id, err := uuid.Parse(r.PostForm.Get("target"))
	if err != nil {
		return uuid.Nil, &apperr.Invalid{Problems: problemsOf(field, validate.GroupTargetMissing)}
	}
	return id, nil
}

// askPublishGroup shows what publishing the whole group would publish. It changes nothing.
func (s *Server) askPublishGroup(w http.ResponseWriter, r *http.Request) error {
	id, err := groupID(r)
	if err != nil {
		return err
	}
	g, err := s.Similar.Group(r.Context(), memberOf(r), id)
	if err != nil {
		return err
	}
	waiting, more, err := s.Similar.Members(r.Context(), memberOf(r), id, similar.MemberFilter{Waiting: true, Limit: similar.ManyMost})
	if err != nil {
		return err
	}
	v := desk.GroupPublishView{Group: g, More: more}
	for _, m := range waiting {
		if m.Personal() {
			v.Personal = append(v.Personal, m)
		} else {
			v.Members = append(v.Members, m)
		}
	}
	return s.render(w, r, http.StatusOK, desk.GroupPublish(s.deskFrame(r, "整组通过", desk.ItemGroups, groupCrumbs(g)...), v))
}

// publishGroup publishes the members that were shown, as the queue publishes several: each in a transaction of its own,
// and none that holds what looks like personal data.
func (s *Server) publishGroup(w http.ResponseWriter, r *http.Request) error {
	id, err := groupID(r)
	if err != nil {
		return err
	}
	if err := form(r); err != nil {
		return err
	}
	ids, versions, ok := picked(r.PostForm["pick"])
	if !ok || len(ids) > similar.ManyMost {
		return badRequest{http.StatusBadRequest}
	}
	total, left := 0, moderation.Unfinished{}
	for start := 0; start < len(ids); start += moderation.BulkMost {
		end := min(start+moderation.BulkMost, len(ids))
		done, err := s.Moderation.Bulk(r.Context(), memberOf(r), ids[start:end], versions[start:end])
		total += done
		var some *moderation.Unfinished
		if errors.As(err, &some) {
			left.Taken, left.Personal = left.Taken+some.Taken, left.Personal+some.Personal
		} else if err != nil {
			return err
		}
	}
	s.changedHere()
	v := url.Values{"published": {strconv.Itoa(total)}}
	if left.Taken > 0 {
		v.Set("taken", strconv.Itoa(left.Taken))
	}
	if left.Personal > 0 {
		v.Set("held", strconv.Itoa(left.Personal))
	}
	http.Redirect(w, r, "/staff/groups/"+id.String()+"?"+v.Encode(), http.StatusSeeOther)
	return nil
}
