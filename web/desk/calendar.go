package desk

import (
	"time"

	"wenji/internal/calendar"
	"wenji/web/ui"
)

// CalendarView is the working-day calendar's list of special days, the latest year first, and the form of a new one.
type CalendarView struct {
	Years                   []CalendarYear
	Day, Kind, Name, Source string // as typed
}

// CalendarYear is the special days of one year.
type CalendarYear struct {
	Year int
	Days []calendar.Special
}

// CalendarYears groups special days, the earliest first, by year, the latest year first.
func CalendarYears(days []calendar.Special) []CalendarYear {
	var years []CalendarYear
	for _, d := range days {
		year := d.Day.Year()
		if len(years) == 0 || years[0].Year != year {
			years = append([]CalendarYear{{Year: year}}, years...)
		}
		years[0].Days = append(years[0].Days, d)
	}
	return years
}

func dayKindWord(k calendar.Kind) string {
	if k == calendar.Workday {
		return "调休上班"
	}
	return "放假"
}

var dayKinds = []ui.Option{{Value: "holiday", Text: "放假"}, {Value: "workday", Text: "调休上班"}}

var weekdays = [...]string{"星期日", "星期一", "星期二", "星期三", "星期四", "星期五", "星期六"}

func dayWord(t time.Time) string {
	return ui.Date(t) + "（" + weekdays[t.In(calendar.Shanghai).Weekday()] + "）"
}

func dayValue(t time.Time) string { return t.In(calendar.Shanghai).Format(time.DateOnly) }
