// Package calendar counts working days (工作日): Monday to Friday, but for national holidays and the weekend days worked in
// exchange (调休), which the State Council announces each year.
package calendar

import (
	"context"
	"fmt"
	"time"

	"wenji/internal/postgres"

	"github.com/jackc/pgx/v5"
)

// Shanghai is the zone in which days begin and end.
var Shanghai = time.FixedZone("CST", 8*60*60)

// Kind of a day that is not what its weekday says.
type Kind string

const (
	Holiday Kind = "holiday" // 放假
	Workday Kind = "workday" // 调休上班
)

// Special is one such day.
type Special struct {
	Day    time.Time // midnight in Asia/Shanghai
	Kind   Kind
	Name   string // 春节
	Source string // the announcement, such as 国办发明电〔2024〕12号
}

// Store keeps the special days.
type Store struct {
	DB *postgres.DB
}

const specialMost = 2000

// Specials lists the special days, the earliest first.
func (s *Store) Specials(ctx context.Context) ([]Special, error) {
	rows, err := s.DB.Query(ctx, `
		SELECT day, kind, name, source
		  FROM (SELECT * FROM special_day ORDER BY day DESC LIMIT $1) AS latest
		 ORDER BY day`, specialMost)
	if err != nil {
		return nil, fmt.Errorf("list special days: %w", err)
	}
	list, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (Special, error) {
		var d Special
		err := row.Scan(&d.Day, &d.Kind, &d.Name, &d.Source)
		y, m, day := d.Day.Date()
		d.Day = time.Date(y, m, day, 0, 0, 0, 0, Shanghai)
		return d, err
	})
	if err != nil {
		return nil, fmt.Errorf("list special days: %w", err)
	}
	return list, nil
}

// Calendar returns the working-day calendar as it stands.
func (s *Store) Calendar(ctx context.Context) (Calendar, error) {
	list, err := s.Specials(ctx)
	if err != nil {
		return Calendar{}, err
	}
	return New(list), nil
}

// Calendar counts working days. The zero value knows weekends and no holidays.
type Calendar struct {
	special map[string]Kind
	known   map[int]bool
}

// New makes a calendar of special days.
func New(list []Special) Calendar {
	c := Calendar{special: make(map[string]Kind, len(list)), known: make(map[int]bool)}
	for _, d := range list {
		c.special[key(d.Day)] = d.Kind
		c.known[d.Day.In(Shanghai).Year()] = true
	}
	return c
}

func key(t time.Time) string { return t.In(Shanghai).Format(time.DateOnly) }

// Knows tells whether the holidays of the year are in the calendar; without them weekdays alone are counted.
func (c Calendar) Knows(year int) bool { return c.known[year] }

// IsWorkday tells whether people work on the day of t in Asia/Shanghai.
func (c Calendar) IsWorkday(t time.Time) bool {
	switch c.special[key(t)] {
	case Holiday:
		return false
	case Workday:
		return true
	}
	day := t.In(Shanghai).Weekday()
	return day != time.Saturday && day != time.Sunday
}

// Add returns the midnight (Asia/Shanghai) that begins the nth working day after the day of t; the day of t itself is not
// counted (民法典 §201). For n of 0 or less it is the day of t.
func (c Calendar) Add(t time.Time, n int) time.Time {
	day := midnight(t)
	for n > 0 {
		day = day.AddDate(0, 0, 1)
		if c.IsWorkday(day) {
			n--
		}
	}
	return day
}

// Between counts the working days after the day of from, up to and with the day of to. Zero when to is not later.
func (c Calendar) Between(from, to time.Time) int {
	n := 0
	for day, last := midnight(from).AddDate(0, 0, 1), midnight(to); !day.After(last); day = day.AddDate(0, 0, 1) {
		if c.IsWorkday(day) {
			n++
		}
	}
	return n
}

func midnight(t time.Time) time.Time {
	y, m, d := t.In(Shanghai).Date()
	return time.Date(y, m, d, 0, 0, 0, 0, Shanghai)
}
