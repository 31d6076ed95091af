package calendar_test

import (
	"context"
	"testing"
	"time"

	"wenji/internal/calendar"
	"wenji/internal/postgres/pgtest"
)

func day(s string) time.Time {
	t, err := time.ParseInLocation(time.DateOnly, s, calendar.Shanghai)
	if err != nil {
		panic(err)
	}
	return t
}

func TestHolidaysAndDaysInExchangeAreCountedRightly(t *testing.T) {
	store := &calendar.Store{DB: pgtest.New(t)}
	c, err := store.Calendar(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	for _, x := range []struct {
		from string
		n    int
		want string
	}{
		{"2025-04-25", 1, "2025-04-27"},  // a Friday; the Sunday is worked for 劳动节
		{"2025-04-30", 1, "2025-05-06"},  // over 劳动节
		{"2025-09-30", 3, "2025-10-11"},  // over 国庆节, the Saturday is worked
		{"2026-02-13", 2, "2026-02-24"},  // the Saturday before 春节 is worked
		{"2026-11-27", 15, "2026-12-18"}, // plain weeks
		{"2025-05-03", 0, "2025-05-03"},
	} {
		got := c.Add(day(x.from), x.n)
		if !got.Equal(day(x.want)) {
			t.Errorf("%d working days after %s: %s, want %s", x.n, x.from, got.Format(time.DateOnly), x.want)
		}
		if n := c.Between(day(x.from), got); n != x.n {
			t.Errorf("between %s and %s: %d, want %d", x.from, x.want, n, x.n)
		}
	}
	if !c.Knows(2025) || !c.Knows(2026) || c.Knows(2024) {
		t.Error("the holidays of 2025 and 2026 are known, others not")
	}
}

func TestTheNightHoursBelongToTheDayInShanghai(t *testing.T) {
	c := calendar.New(nil)
	friday := time.Date(2026, 11, 27, 16, 30, 0, 0, time.UTC) // 00:30 on Saturday in Shanghai
	if c.IsWorkday(friday) {
		t.Error("half past midnight on Saturday counts as Friday")
	}
}
