package consultation_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"wenji/internal/apperr"
	"wenji/internal/consultation"

	"github.com/jackc/pgx/v5"
)

var lijing = consultation.Operator("李静")

// record is the audit record: action, actor, role and detail, oldest first.
func record(t *testing.T, s *consultation.Store) []string {
	t.Helper()
	rows, err := s.DB.Query(t.Context(), `SELECT action || '|' || actor || '|' || role || '|' || detail FROM audit_entry ORDER BY tx, id`)
	must(t, err)
	entries, err := pgx.CollectRows(rows, pgx.RowTo[string])
	must(t, err)
	return entries
}

func wantInvalid(t *testing.T, err error, field string) {
	t.Helper()
	var invalid *apperr.Invalid
	if !errors.As(err, &invalid) || len(invalid.Problems) != 1 || invalid.Problems[0].Field != field || invalid.Problems[0].Message == "" {
		t.Errorf("error %v, want one problem in %s", err, field)
	}
}

func TestAnExtensionKeepsTheFirstClosingInstant(t *testing.T) {
	s := newStore(t)
	importSample(t, s)
	first, second := at(t, "2025-05-16T00:00:00+08:00"), at(t, "2025-05-21T00:00:00+08:00")
	must(t, s.Extend(t.Context(), lijing, sampleID, first, " 意见较多 "))
	must(t, s.Extend(t.Context(), lijing, sampleID, second, "应社会要求"))
	c, err := s.Consultation(t.Context(), sampleID)
	must(t, err)
	if c.OriginalClosesAt == nil || !c.OriginalClosesAt.Equal(at(t, "2025-05-08T00:00:00+08:00")) || !c.ClosesAt.Equal(second) {
		t.Errorf("closes at %s, at first %v", c.ClosesAt, c.OriginalClosesAt)
	}
	if c.ExtendedOn == nil || !c.ExtendedOn.Equal(at(t, "2025-05-01T00:00:00+08:00")) || c.ExtensionReason != "应社会要求" || c.Version != 3 {
		t.Errorf("extended on %v for %q, version %d", c.ExtendedOn, c.ExtensionReason, c.Version)
	}
	want := []string{
		"consultation.import|李静|operator|" + c.Title,
		"consultation.extend|李静|operator|from 2025-05-08T00:00:00+08:00 to 2025-05-16T00:00:00+08:00: 意见较多",
		"consultation.extend|李静|operator|from 2025-05-16T00:00:00+08:00 to 2025-05-21T00:00:00+08:00: 应社会要求",
	}
	if got := record(t, s); !slices.Equal(got, want) {
		t.Errorf("record\n got %q\nwant %q", got, want)
	}
}

func TestAClosedConsultationIsOpenedAgainByAnExtension(t *testing.T) {
	s := newStore(t)
	importSample(t, s)
	late := at(t, "2026-01-02T23:30:00+08:00") // still the second in Beijing, whatever the server thinks
	s.Now = func() time.Time { return late.UTC() }
	must(t, s.Extend(t.Context(), lijing, sampleID, at(t, "2026-02-01T00:00:00+08:00"), "演示"))
	c, err := s.Consultation(t.Context(), sampleID)
	must(t, err)
	if c.Phase(late) != consultation.Open || c.ExtendedOn.Format(time.DateOnly) != "2026-01-02" {
		t.Errorf("%s, extended on %v", c.Phase(late), c.ExtendedOn)
	}
}

func TestAnExtensionThatIsNoneIsRefused(t *testing.T) {
	s := newStore(t)
	importSample(t, s)
	later := at(t, "2025-06-01T00:00:00+08:00")
	wantInvalid(t, s.Extend(t.Context(), lijing, sampleID, at(t, "2025-05-08T00:00:00+08:00"), "同一时间"), "closes_at")
	wantInvalid(t, s.Extend(t.Context(), lijing, sampleID, later, "  "), "reason")
	s.Now = func() time.Time { return later }
	wantInvalid(t, s.Extend(t.Context(), lijing, sampleID, later, "已经过去"), "closes_at")
	for _, sql := range []string{
		`UPDATE consultation SET withdrawn_at = '2025-05-02'`,
		`UPDATE consultation SET withdrawn_at = NULL, concluded_on = '2025-05-02'`,
	} {
		exec(t, s, sql)
		if err := s.Extend(t.Context(), lijing, sampleID, later.AddDate(0, 1, 0), "理由"); !errors.Is(err, apperr.ErrConflict) {
			t.Errorf("after %s: %v", sql, err)
		}
	}
	if got := record(t, s); len(got) != 1 {
		t.Errorf("refused acts are in the record: %q", got)
	}
}

func TestResetPeriodTakesTheExtensionBack(t *testing.T) {
	s := newStore(t)
	importSample(t, s)
	must(t, s.ResetPeriod(t.Context(), "李静", sampleID)) // nothing to take back
	must(t, s.Extend(t.Context(), lijing, sampleID, at(t, "2025-06-01T00:00:00+08:00"), "意见较多"))
	must(t, s.ResetPeriod(t.Context(), "李静", sampleID))
	c, err := s.Consultation(t.Context(), sampleID)
	must(t, err)
	if !c.ClosesAt.Equal(at(t, "2025-05-08T00:00:00+08:00")) || c.OriginalClosesAt != nil || c.ExtendedOn != nil || c.ExtensionReason != "" {
		t.Errorf("%+v", c)
	}
	if got := record(t, s); len(got) != 3 || !strings.HasPrefix(got[2], "consultation.reset_period|") {
		t.Errorf("record %q", got)
	}
}

func TestOnlyGovernmentDocumentsMayBeShownAtOnce(t *testing.T) {
	s := newStore(t)
	several(t, s)
	for _, id := range []string{"2025-0002", "2025-0003", "2024-0006"} {
		wantInvalid(t, s.SetPublication(t.Context(), lijing, id, consultation.Instant), "publication")
	}
	wantInvalid(t, s.SetPublication(t.Context(), lijing, sampleID, "never"), "publication")
	before := len(record(t, s))
	must(t, s.SetPublication(t.Context(), lijing, sampleID, consultation.Instant))
	must(t, s.SetPublication(t.Context(), lijing, sampleID, consultation.Instant)) // no change, no entry
	c, err := s.Consultation(t.Context(), sampleID)
	must(t, err)
	if c.Publication != consultation.Instant || c.Version != 2 {
		t.Errorf("publication %s, version %d", c.Publication, c.Version)
	}
	if got := record(t, s)[before:]; !slices.Equal(got, []string{"consultation.set_publication|李静|operator|from after_review to instant"}) {
		t.Errorf("record %q", got)
	}
}

// The page caches of all replicas drop a consultation's pages when told; a change they are not told of stays unseen.
func TestEveryChangeIsAnnounced(t *testing.T) {
	s := newStore(t)
	conn, err := s.DB.Acquire(t.Context())
	must(t, err)
	defer conn.Release()
	_, err = conn.Exec(t.Context(), "LISTEN wenji_changed")
	must(t, err)
	acts := []struct {
		name string
		do   func() error
	}{
		{"import", func() error { return s.Import(t.Context(), "李静", sampleSource(t)) }},
		{"extend", func() error {
			return s.Extend(t.Context(), lijing, sampleID, at(t, "2025-06-01T00:00:00+08:00"), "意见较多")
		}},
		{"reset", func() error { return s.ResetPeriod(t.Context(), "李静", sampleID) }},
		{"publication", func() error { return s.SetPublication(t.Context(), lijing, sampleID, consultation.Instant) }},
	}
	for _, act := range acts {
		must(t, act.do())
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
		n, err := conn.Conn().WaitForNotification(ctx)
		cancel()
		if err != nil || n.Channel != "wenji_changed" || n.Payload != sampleID {
			t.Fatalf("%s: %+v, %v", act.name, n, err)
		}
	}
}
