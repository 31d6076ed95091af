package consultation_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"wenji/internal/apperr"
	"wenji/internal/clause"
	"wenji/internal/consultation"
	"wenji/internal/postgres/pgtest"

	"github.com/google/uuid"
)

const sampleID = "2025-0001"

// newStore is a store on a database of its own whose clock stands during the sample's period.
func newStore(t *testing.T) *consultation.Store {
	t.Helper()
	t.Parallel()
	now := at(t, "2025-05-01T09:00:00+08:00")
	return &consultation.Store{DB: pgtest.New(t), Now: func() time.Time { return now }}
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func importSample(t *testing.T, s *consultation.Store) {
	t.Helper()
	must(t, s.Import(t.Context(), "李静", sampleSource(t)))
}

func exec(t *testing.T, s *consultation.Store, sql string, args ...any) {
	t.Helper()
	_, err := s.DB.Exec(t.Context(), sql, args...)
	must(t, err)
}

func TestWhatIsImportedComesBackUnchanged(t *testing.T) {
	s := newStore(t)
	in := sampleSource(t)
	must(t, s.Import(t.Context(), "李静", in))
	d, err := s.Dossier(t.Context(), sampleID)
	must(t, err)
	got, want := d.Consultation, in.Consultation
	for _, pair := range [][2]*time.Time{{&got.PublishedOn, &want.PublishedOn}, {&got.OpensAt, &want.OpensAt}, {&got.ClosesAt, &want.ClosesAt}} {
		if !pair[0].Equal(*pair[1]) {
			t.Errorf("instant %s, want %s", pair[0], pair[1])
		}
		*pair[0] = *pair[1]
	}
	want.Version = 1
	if got != want {
		t.Errorf("\n got %+v\nwant %+v", got, want)
	}
	for name, pair := range map[string][2][]clause.Node{"draft": {d.Draft, in.Draft}, "interpretation": {d.Interpretation, in.Interpretation}} {
		if !slices.EqualFunc(pair[0], pair[1], sameNode) {
			t.Errorf("the nodes of the %s differ from what was imported", name)
		}
	}
	for i, f := range in.Files {
		a, content, err := s.Attachment(t.Context(), sampleID, f.Name)
		if err != nil || a != f.Attachment || string(content) != string(f.Content) || d.Attachments[i] != a {
			t.Errorf("attachment %+v, want %+v (%v)", a, f.Attachment, err)
		}
	}
}

// sameNode compares a stored node, which has an id and no source text, with the one it was stored from.
func sameNode(stored, from clause.Node) bool {
	return stored.ID.Version() == 7 && stored.Kind == from.Kind && stored.Number == from.Number && stored.Label == from.Label &&
		stored.Title == from.Title && stored.Body == from.Body && slices.Equal(stored.Units, from.Units) && stored.UnitsNote == from.UnitsNote
}

func TestATakenIDIsRefusedAndNothingChanges(t *testing.T) {
	s := newStore(t)
	importSample(t, s)
	before, err := s.Dossier(t.Context(), sampleID)
	must(t, err)
	again := sampleSource(t)
	again.Title, again.Files = "另一份", nil
	if err := s.Import(t.Context(), "李静", again); !errors.Is(err, apperr.ErrConflict) {
		t.Fatalf("second import: %v", err)
	}
	after, err := s.Dossier(t.Context(), sampleID)
	must(t, err)
	if after.Title != before.Title || len(after.Attachments) != 2 || after.Draft[3].ID != before.Draft[3].ID {
		t.Errorf("the refused import changed the consultation")
	}
	if got := record(t, s); len(got) != 1 {
		t.Errorf("the record has %q", got)
	}
}

func TestAFailedImportLeavesNothingBehind(t *testing.T) {
	s := newStore(t)
	in := sampleSource(t)
	in.Files = append(in.Files, in.Files[0]) // a second file of the same name breaks the last step but two
	if err := s.Import(t.Context(), "李静", in); err == nil || errors.Is(err, apperr.ErrConflict) {
		t.Fatalf("import: %v", err)
	}
	if _, err := s.Consultation(t.Context(), sampleID); !errors.Is(err, apperr.ErrNotFound) {
		t.Errorf("the consultation is there: %v", err)
	}
	if got := record(t, s); len(got) != 0 {
		t.Errorf("the record has %q", got)
	}
}

func TestCountsComeFromTheRunningTotals(t *testing.T) {
	s := newStore(t)
	importSample(t, s)
	exec(t, s, `UPDATE comment_count SET received = 5, published = 3, withheld = 2, declined = 1`)
	d, err := s.Dossier(t.Context(), sampleID)
	must(t, err)
	fifth, _ := d.ClauseByNumber(5)
	exec(t, s, `INSERT INTO clause_count (consultation_id, clause_id, published) VALUES ($1, $2, 3)`, sampleID, fifth.ID)
	d, err = s.Dossier(t.Context(), sampleID)
	must(t, err)
	if d.Received != 11 || d.Published != 3 {
		t.Errorf("%d received and %d published, want 11 and 3", d.Received, d.Published)
	}
	if len(d.ClauseCounts) != 1 || d.ClauseCounts[fifth.ID] != 3 {
		t.Errorf("counts by clause: %v", d.ClauseCounts)
	}
}

func TestWhatIsNotThereIsNotFound(t *testing.T) {
	s := newStore(t)
	importSample(t, s)
	for _, id := range []string{"2025-0002", "", "x", "2025-0001\x00", "\xff"} {
		if _, err := s.Consultation(t.Context(), id); !errors.Is(err, apperr.ErrNotFound) {
			t.Errorf("consultation %q: %v", id, err)
		}
		if _, err := s.Dossier(t.Context(), id); !errors.Is(err, apperr.ErrNotFound) {
			t.Errorf("dossier %q: %v", id, err)
		}
		if err := s.SetPublication(t.Context(), lijing, id, consultation.Instant); !errors.Is(err, apperr.ErrNotFound) {
			t.Errorf("publication of %q: %v", id, err)
		}
	}
	for _, name := range []string{"other.txt", "../draft.txt", "draft.txt\x00", ""} {
		if _, _, err := s.Attachment(t.Context(), sampleID, name); !errors.Is(err, apperr.ErrNotFound) {
			t.Errorf("attachment %q: %v", name, err)
		}
	}
}

// several imports consultations of every phase; the clock stands on 1 May 2025.
func several(t *testing.T, s *consultation.Store) {
	t.Helper()
	rows := []struct {
		id, published, opens, closes, unit, headline string
		kind                                         consultation.Kind
	}{
		{"2025-0001", "2025-04-29", "2025-04-29", "2025-05-08", "辽宁省民政厅", "养老服务方案", consultation.NormativeDocument},
		{"2025-0002", "2025-04-30", "2025-05-20", "2025-06-30", "辽宁省教育厅", "学前教育条例", consultation.LocalRegulation},
		{"2025-0003", "2025-04-20", "2025-04-20", "2025-06-01", "辽宁省教育厅", "100%达标_办法", consultation.GovernmentRule},
		{"2024-0004", "2024-01-01", "2024-01-01", "2024-03-01", "辽宁省民政厅", "殡葬管理办法", consultation.GovernmentRule},
		{"2024-0005", "2024-06-01", "2024-06-01", "2024-08-01", "辽宁省民政厅", "Elder Care 办法", consultation.GovernmentRule},
		{"2024-0006", "2024-07-01", "2024-07-01", "2024-09-01", "辽宁省民政厅", "撤回的方案", consultation.MajorDecision},
	}
	for _, r := range rows {
		in := sampleSource(t)
		in.ID, in.Kind, in.Unit, in.Headline = r.id, r.kind, r.unit, r.headline
		in.PublishedOn = at(t, r.published+"T00:00:00+08:00")
		in.OpensAt, in.ClosesAt = at(t, r.opens+"T00:00:00+08:00"), at(t, r.closes+"T00:00:00+08:00")
		must(t, s.Import(t.Context(), "李静", in))
	}
	exec(t, s, `UPDATE consultation SET concluded_on = '2024-10-01' WHERE id = '2024-0005'`)
	exec(t, s, `UPDATE consultation SET withdrawn_at = '2024-08-01' WHERE id = '2024-0006'`)
}

func TestTheListIsNarrowedAndOrdered(t *testing.T) {
	s := newStore(t)
	several(t, s)
	phases := func(p ...consultation.Phase) []consultation.Phase { return p }
	cases := []struct {
		name   string
		filter consultation.ListFilter
		want   string
	}{
		{"all: open first, then the newest", consultation.ListFilter{}, "2025-0001 2025-0003 2025-0002 2024-0006 2024-0005 2024-0004"},
		{"open", consultation.ListFilter{Phases: phases(consultation.Open)}, "2025-0001 2025-0003"},
		{"closed", consultation.ListFilter{Phases: phases(consultation.Closed)}, "2024-0004"},
		{"with result", consultation.ListFilter{Phases: phases(consultation.Concluded)}, "2024-0005"},
		{"two phases", consultation.ListFilter{Phases: phases(consultation.NotBegun, consultation.Withdrawn)}, "2025-0002 2024-0006"},
		{"kind", consultation.ListFilter{Kind: consultation.GovernmentRule}, "2025-0003 2024-0005 2024-0004"},
		{"unit", consultation.ListFilter{Unit: "辽宁省教育厅"}, "2025-0003 2025-0002"},
		{"word of the headline", consultation.ListFilter{Query: "办法"}, "2025-0003 2024-0005 2024-0004"},
		{"small letters", consultation.ListFilter{Query: "elder care"}, "2024-0005"},
		{"words of headline and unit", consultation.ListFilter{Query: " 办法　民政厅 "}, "2024-0005 2024-0004"},
		{"a per cent sign is no wildcard", consultation.ListFilter{Query: "%"}, "2025-0003"},
		{"an underscore is no wildcard", consultation.ListFilter{Query: "标_办"}, "2025-0003"},
		{"nothing matches", consultation.ListFilter{Query: "公路"}, ""},
		{"bytes that no text may hold", consultation.ListFilter{Query: "公路\x00\xff"}, ""},
		{"all together", consultation.ListFilter{Phases: phases(consultation.Open), Kind: consultation.GovernmentRule, Unit: "辽宁省教育厅", Query: "达标", Page: 1}, "2025-0003"},
		{"a page beyond the last", consultation.ListFilter{Page: 9}, ""},
		{"a page before the first", consultation.ListFilter{Unit: "辽宁省教育厅", Page: -3}, "2025-0003 2025-0002"},
	}
	for _, c := range cases {
		items, total, err := s.List(t.Context(), c.filter)
		if err != nil {
			t.Fatalf("%s: %v", c.name, err)
		}
		var ids []string
		for _, i := range items {
			ids = append(ids, i.ID)
		}
		if got := strings.Join(ids, " "); got != c.want {
			t.Errorf("%s: %s, want %s", c.name, got, c.want)
		}
		if c.filter.Page <= 1 && total != len(items) {
			t.Errorf("%s: total %d of %d", c.name, total, len(items))
		}
	}
}

func TestPhasesAndUnitsAreCounted(t *testing.T) {
	s := newStore(t)
	several(t, s)
	counts, err := s.PhaseCounts(t.Context())
	must(t, err)
	want := map[consultation.Phase]int{consultation.Open: 2, consultation.Closed: 1, consultation.Concluded: 1, consultation.NotBegun: 1, consultation.Withdrawn: 1}
	if fmt.Sprint(counts) != fmt.Sprint(want) {
		t.Errorf("counts %v, want %v", counts, want)
	}
	items, _, err := s.List(t.Context(), consultation.ListFilter{})
	must(t, err)
	for _, c := range items { // the database and Phase must agree
		if counts[c.Phase(s.Now())]--; counts[c.Phase(s.Now())] < 0 {
			t.Errorf("%s is %s, which the database did not count", c.ID, c.Phase(s.Now()))
		}
	}
	units, err := s.Units(t.Context())
	must(t, err)
	slices.Sort(units)
	if !slices.Equal(units, []string{"辽宁省教育厅", "辽宁省民政厅"}) {
		t.Errorf("units %q", units)
	}
}

func TestThePageHoldsTen(t *testing.T) {
	s := newStore(t)
	in := sampleSource(t)
	in.Draft, in.Interpretation, in.Files = in.Draft[:6], nil, nil
	for i := range 23 {
		in.ID = fmt.Sprintf("2025-%04d", i+1)
		must(t, s.Import(t.Context(), "李静", in))
	}
	var seen []string
	for i, want := range []int{10, 10, 3, 0} {
		items, total, err := s.List(t.Context(), consultation.ListFilter{Page: i + 1})
		must(t, err)
		if len(items) != want || total != 23 {
			t.Errorf("page %d holds %d of %d", i+1, len(items), total)
		}
		for _, c := range items {
			seen = append(seen, c.ID)
		}
	}
	if !slices.IsSortedFunc(seen, func(a, b string) int { return strings.Compare(b, a) }) || len(slices.Compact(seen)) != 23 {
		t.Errorf("pages overlap or are out of order: %v", seen)
	}
}

func TestADossierIsOfOneInstant(t *testing.T) {
	s := newStore(t)
	importSample(t, s)
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() {
		for ctx.Err() == nil {
			// Both totals change together; a reader must never see one without the other.
			_, err := s.DB.Exec(ctx, `WITH a AS (UPDATE comment_count SET published = published + 1 RETURNING published)
				INSERT INTO clause_count SELECT $1, $2, published FROM a
				ON CONFLICT (consultation_id, clause_id) DO UPDATE SET published = excluded.published`, sampleID, uuid.Max)
			if err != nil && ctx.Err() == nil {
				done <- err
				return
			}
		}
		done <- nil
	}()
	for range 100 {
		d, err := s.Dossier(t.Context(), sampleID)
		must(t, err)
		if d.Published != d.ClauseCounts[uuid.Max] {
			t.Errorf("%d published, %d by clause", d.Published, d.ClauseCounts[uuid.Max])
		}
	}
	cancel()
	must(t, <-done)
}
