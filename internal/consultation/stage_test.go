package consultation_test

import (
	"errors"
	"testing"

	"wenji/internal/apperr"
	"wenji/internal/consultation"
)

func TestWhatIsBeingPreparedIsUnknownToThePublic(t *testing.T) {
	s := newStore(t)
	in := sampleSource(t)
	must(t, s.Import(t.Context(), "李静", in))
	exec(t, s, `UPDATE consultation SET stage = 'preparing'`)
	if items, total, err := s.List(t.Context(), consultation.ListFilter{}); err != nil || total != 0 || len(items) != 0 {
		t.Errorf("the list shows %d of %d (%v)", len(items), total, err)
	}
	if counts, err := s.PhaseCounts(t.Context()); err != nil || len(counts) != 0 {
		t.Errorf("counted: %v (%v)", counts, err)
	}
	if units, err := s.Units(t.Context()); err != nil || len(units) != 0 {
		t.Errorf("units: %v (%v)", units, err)
	}
	if _, err := s.Consultation(t.Context(), sampleID); !errors.Is(err, apperr.ErrNotFound) {
		t.Errorf("consultation: %v", err)
	}
	if _, err := s.Dossier(t.Context(), sampleID); !errors.Is(err, apperr.ErrNotFound) {
		t.Errorf("dossier: %v", err)
	}
	if _, _, err := s.Attachment(t.Context(), sampleID, in.Files[0].Name); !errors.Is(err, apperr.ErrNotFound) {
		t.Errorf("attachment: %v", err)
	}
	for _, act := range []error{
		s.Extend(t.Context(), lijing, sampleID, at(t, "2025-06-01T00:00:00+08:00"), "意见较多"),
		s.EndEarly(t.Context(), lijing, sampleID, "意见已充分"),
		s.Withdraw(t.Context(), lijing, sampleID, "政策调整"),
	} {
		if !errors.Is(act, apperr.ErrNotFound) {
			t.Errorf("an act on the period: %v", act)
		}
	}

	items, total, err := s.List(t.Context(), consultation.ListFilter{Desk: true})
	must(t, err)
	if total != 1 || items[0].Phase(s.Now()) != consultation.Preparing {
		t.Errorf("the desk's list: %d, %+v", total, items)
	}
	if _, err := s.DeskDossier(t.Context(), sampleID); err != nil {
		t.Errorf("the desk's dossier: %v", err)
	}
	if _, _, err := s.DeskAttachment(t.Context(), sampleID, in.Files[0].Name); err != nil {
		t.Errorf("the desk's attachment: %v", err)
	}
}
