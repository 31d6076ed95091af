package validate_test

import (
	"testing"
	"time"

	"wenji/internal/validate"
)

func TestMomentsAreReadAsPeopleWriteThem(t *testing.T) {
	cases := []struct {
		typed   string
		closing bool
		want    string // "" for none
	}{
		{"2025年5月7日", true, "2025-05-08T00:00:00+08:00"},
		{"2025年5月7日前", true, "2025-05-08T00:00:00+08:00"},
		{"2025年5月7日24时", true, "2025-05-08T00:00:00+08:00"},
		{"2025-05-07", true, "2025-05-08T00:00:00+08:00"},
		{"2025-05-07", false, "2025-05-07T00:00:00+08:00"},
		{"２０２５年５月７日　１７：３０", true, "2025-05-07T17:30:00+08:00"},
		{"2025/5/7 9:00", false, "2025-05-07T09:00:00+08:00"},
		{"2025年4月29日9时30分", false, "2025-04-29T09:30:00+08:00"},
		{"2024-02-29", false, "2024-02-29T00:00:00+08:00"},
		{"2025-02-29", false, ""}, {"2025-13-01", false, ""}, {"2025年5月7日25时", true, ""}, {"2025年5月7日24时1分", true, ""},
		{"5月7日", true, ""}, {"", true, ""}, {"明天", true, ""}, {"0025-05-07", true, ""}, {"2025-05-07; DROP", true, ""},
	}
	for _, c := range cases {
		got, ok := validate.Moment(c.typed, c.closing)
		if !ok && c.want == "" {
			continue
		}
		if !ok || got.Format(time.RFC3339) != c.want {
			t.Errorf("%q: %s %v, want %q", c.typed, got.Format(time.RFC3339), ok, c.want)
		}
	}
}
