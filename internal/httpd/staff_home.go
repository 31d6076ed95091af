package httpd

import (
	"net/http"
	"time"

	"wenji/web/desk"
)

// burstsBack is how far the desk looks back for comments that came in unusual numbers.
const burstsBack = 24 * time.Hour

// deskHome is the dashboard: the work of today, and the figures of the consultation that the address names, or else of the
// first one.
func (s *Server) deskHome(w http.ResponseWriter, r *http.Request) error {
	f := s.deskFrame(r, "工作台", desk.ItemHome)
	counts, err := s.Moderation.Counts(r.Context(), f.Member)
	if err != nil {
		return err
	}
	v := desk.HomeView{ReceivedToday: counts.ReceivedToday, DecidedToday: counts.DecidedToday}
	if v.Desk, err = s.Reports.Desk(r.Context(), f.Member); err != nil {
		return err
	}
	if v.Consultations, err = s.allConsultations(r); err != nil {
		return err
	}
	if v.Bursts, err = s.Similar.Bursts(r.Context(), f.Member, s.Now().Add(-burstsBack)); err != nil {
		return err
	}
	wanted := query(r, "consultation")
	for i, c := range v.Consultations {
		if i == 0 || c.ID == wanted {
			v.Chosen = &v.Consultations[i]
		}
	}
	if v.Chosen != nil {
		if v.Stats, err = s.Reports.Stats(r.Context(), f.Member, v.Chosen.ID, v.Chosen.ClosesAt); err != nil {
			return err
		}
	}
	f.Waiting = v.Desk.Waiting
	return s.render(w, r, http.StatusOK, desk.Home(f, v))
}
