package validate

import (
	"regexp"
	"strconv"
	"strings"
	"time"

	"golang.org/x/text/width"
)

// momentForm reads 2025年5月7日, 2025-05-07, 2025/5/7 17:00, 2025年5月7日24时, 2025年5月7日前.
var momentForm = regexp.MustCompile(`^(\d{4}) ?[年/.-] ?(\d{1,2}) ?[月/.-] ?(\d{1,2}) ?日?(?:[ T]?(\d{1,2}) ?[时点:] ?(?:(\d{1,2}) ?分?)?)?前?$`)

// Moment reads a moment in Beijing time as people write it, in any width. A day alone is its first instant or, for a
// closing, its last: “请于5月7日前” takes what comes until 24:00 of 7 May, so the (exclusive) instant is 8 May 00:00.
func Moment(typed string, closing bool) (time.Time, bool) {
	m := momentForm.FindStringSubmatch(strings.Join(strings.Fields(width.Fold.String(typed)), " "))
	if m == nil {
		return time.Time{}, false
	}
	n := make([]int, len(m))
	for i := 1; i < len(m); i++ {
		n[i], _ = strconv.Atoi(m[i]) // digits only, by the form; empty is 0
	}
	day := time.Date(n[1], time.Month(n[2]), n[3], 0, 0, 0, 0, shanghai)
	hour, minute := n[4], n[5]
	switch {
	case n[1] < 2000 || n[1] > 2100 || int(day.Month()) != n[2] || day.Day() != n[3]:
		return time.Time{}, false
	case hour > 24 || minute > 59 || hour == 24 && minute > 0:
		return time.Time{}, false
	case m[4] == "" && closing:
		return day.AddDate(0, 0, 1), true
	}
	return day.Add(time.Duration(hour)*time.Hour + time.Duration(minute)*time.Minute), true
}
