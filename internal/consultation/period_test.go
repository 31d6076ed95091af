package consultation_test

import (
	"testing"
	"time"

	"wenji/internal/consultation"
)

func at(t testing.TB, s string) time.Time {
	t.Helper()
	instant, err := time.Parse(time.RFC3339, s)
	if err != nil {
		t.Fatal(err)
	}
	return instant
}

func period(t testing.TB, opens, closes string) consultation.Consultation {
	return consultation.Consultation{Kind: consultation.NormativeDocument, OpensAt: at(t, opens), ClosesAt: at(t, closes)}
}

// “5月7日24时” accepts until the last instant of 7 May in Beijing, wherever the clock that tells the time stands.
func TestPhaseChangesAtMidnightInBeijing(t *testing.T) {
	c := period(t, "2025-04-29T00:00:00+08:00", "2025-05-08T00:00:00+08:00")
	cases := []struct {
		now  string
		want consultation.Phase
		left int
	}{
		{"2025-04-28T23:59:59.999999999+08:00", consultation.NotBegun, 9},
		{"2025-04-29T00:00:00+08:00", consultation.Open, 8},
		{"2025-04-28T16:00:00Z", consultation.Open, 8},
		{"2025-05-01T09:00:00+08:00", consultation.Open, 6},
		{"2025-05-06T23:59:59+08:00", consultation.Open, 1},
		{"2025-05-07T00:00:00+08:00", consultation.Open, 0},
		{"2025-05-07T23:59:59.999999999+08:00", consultation.Open, 0},
		{"2025-05-07T11:59:59.999999999-04:00", consultation.Open, 0},
		{"2025-05-08T00:00:00+08:00", consultation.Closed, -1},
		{"2025-05-07T16:00:00Z", consultation.Closed, -1},
		{"2025-05-07T12:00:00-04:00", consultation.Closed, -1},
	}
	for _, k := range cases {
		now := at(t, k.now)
		if got := c.Phase(now); got != k.want {
			t.Errorf("phase at %s: %s, want %s", k.now, got, k.want)
		}
		if got := c.DaysLeft(now); got != k.left {
			t.Errorf("days left at %s: %d, want %d", k.now, got, k.left)
		}
	}
}

func TestWithdrawalAndResultOutrankThePeriod(t *testing.T) {
	c := period(t, "2025-04-29T00:00:00+08:00", "2025-05-08T00:00:00+08:00")
	during := at(t, "2025-05-01T09:00:00+08:00")
	c.ConcludedOn = &during
	if got := c.Phase(during); got != consultation.Concluded {
		t.Errorf("with a result: %s", got)
	}
	c.WithdrawnAt = &during
	if got := c.Phase(during); got != consultation.Withdrawn {
		t.Errorf("withdrawn: %s", got)
	}
}

func TestThePeriodIsCountedWithoutItsOpeningDay(t *testing.T) {
	cases := []struct {
		name, opens, closes string
		days                int
		short               bool
	}{
		{"the sample", "2025-04-29T00:00:00+08:00", "2025-05-08T00:00:00+08:00", 8, true},
		{"closing at noon counts that day", "2025-04-29T00:00:00+08:00", "2025-05-07T12:00:00+08:00", 8, true},
		{"opening in the morning counts alike", "2025-04-29T09:30:00+08:00", "2025-05-08T00:00:00+08:00", 8, true},
		{"across the end of a year", "2025-12-20T00:00:00+08:00", "2026-01-20T00:00:00+08:00", 30, false},
		{"across a leap day", "2024-02-28T00:00:00+08:00", "2024-03-02T00:00:00+08:00", 2, true},
		{"instants written in another zone", "2025-04-28T16:00:00Z", "2025-05-07T16:00:00Z", 8, true},
		{"one day", "2025-04-29T00:00:00+08:00", "2025-04-30T00:00:00+08:00", 0, true},
		{"seven days from Monday to Friday", "2025-06-02T00:00:00+08:00", "2025-06-12T00:00:00+08:00", 9, false},
		{"six of them", "2025-06-02T00:00:00+08:00", "2025-06-11T00:00:00+08:00", 8, true},
	}
	for _, k := range cases {
		c := period(t, k.opens, k.closes)
		if got := c.PeriodDays(); got != k.days {
			t.Errorf("%s: %d days, want %d", k.name, got, k.days)
		}
		if got := c.Short(); got != k.short {
			t.Errorf("%s: short is %v, want %v", k.name, got, k.short)
		}
	}
}

func TestRulesAndRegulationsNeedThirtyDays(t *testing.T) {
	for closes, short := range map[string]bool{"2025-05-29T00:00:00+08:00": true, "2025-05-30T00:00:00+08:00": false} {
		c := period(t, "2025-04-29T00:00:00+08:00", closes)
		c.Kind = consultation.GovernmentRule
		if got := c.Short(); got != short {
			t.Errorf("until %s: short is %v, want %v", closes, got, short)
		}
	}
}

func TestAnExtensionLeavesTheAnnouncedLengthAlone(t *testing.T) {
	c := period(t, "2025-04-29T00:00:00+08:00", "2025-06-01T00:00:00+08:00")
	first := at(t, "2025-05-08T00:00:00+08:00")
	c.OriginalClosesAt = &first
	if got := c.PeriodDays(); got != 8 {
		t.Errorf("period of %d days, want 8", got)
	}
	if got := c.DaysLeft(at(t, "2025-05-08T12:00:00+08:00")); got != 23 {
		t.Errorf("%d days left, want 23", got)
	}
}

func TestTheClockOfTheHostIsIrrelevant(t *testing.T) {
	c := period(t, "2025-12-25T00:00:00+08:00", "2026-01-01T00:00:00+08:00")
	last := at(t, "2025-12-31T23:30:00+08:00")
	for _, offset := range []int{-12, -5, 0, 8, 14} {
		zone := time.FixedZone("host", offset*3600)
		here := consultation.Consultation{OpensAt: c.OpensAt.In(zone), ClosesAt: c.ClosesAt.In(zone)}
		if p, left := here.Phase(last.In(zone)), here.DaysLeft(last.In(zone)); p != consultation.Open || left != 0 {
			t.Errorf("at UTC%+d: %s with %d days left", offset, p, left)
		}
		if got := here.PeriodDays(); got != 6 {
			t.Errorf("at UTC%+d: %d days", offset, got)
		}
	}
}
