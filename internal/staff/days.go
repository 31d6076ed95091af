package staff

import (
	"context"
	"errors"
	"fmt"
	"time"

	"wenji/internal/apperr"
	"wenji/internal/audit"
	"wenji/internal/calendar"
	"wenji/internal/validate"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

const (
	dayNameMost   = 50
	daySourceMost = 100
)

// AddSpecialDay writes down a holiday or a weekend day worked in exchange, with the announcement it comes from. The
// working-day calendar only reads; who may keep it and the record of it are this package's matter.
//
// Errors: apperr.ErrForbidden; *apperr.Invalid on day, kind, name or source.
func (s *Store) AddSpecialDay(ctx context.Context, by Member, d calendar.Special) error {
	if !by.Can(ManageUnits) {
		return apperr.ErrForbidden
	}
	if err := cleanDay(&d); err != nil {
		return err
	}
	err := s.DB.InTx(ctx, func(tx pgx.Tx) error {
		_, err := tx.Exec(ctx, `INSERT INTO special_day (day, kind, name, source) VALUES ($1, $2, $3, $4)`,
			d.Day.In(calendar.Shanghai).Format(time.DateOnly), string(d.Kind), d.Name, d.Source)
		if err != nil {
			return err
		}
		return s.recordDay(ctx, tx, by, "calendar.add", d)
	})
	var pg *pgconn.PgError
	if errors.As(err, &pg) && pg.Code == "23505" {
		return dayProblem("day", validate.DayTwice)
	}
	if err != nil {
		return fmt.Errorf("add a special day: %w", err)
	}
	return nil
}

// RemoveSpecialDay takes a special day away again. Errors: apperr.ErrForbidden; apperr.ErrNotFound.
func (s *Store) RemoveSpecialDay(ctx context.Context, by Member, day time.Time) error {
	if !by.Can(ManageUnits) {
		return apperr.ErrForbidden
	}
	err := s.DB.InTx(ctx, func(tx pgx.Tx) error {
		d := calendar.Special{Day: day}
		err := tx.QueryRow(ctx, `DELETE FROM special_day WHERE day = $1 RETURNING kind, name, source`,
			day.In(calendar.Shanghai).Format(time.DateOnly)).Scan(&d.Kind, &d.Name, &d.Source)
		if errors.Is(err, pgx.ErrNoRows) {
			return apperr.ErrNotFound
		}
		if err != nil {
			return err
		}
		return s.recordDay(ctx, tx, by, "calendar.remove", d)
	})
	if err != nil {
		return fmt.Errorf("remove a special day: %w", err)
	}
	return nil
}

func (s *Store) recordDay(ctx context.Context, tx pgx.Tx, by Member, action string, d calendar.Special) error {
	return audit.Record(ctx, tx, audit.Entry{
		At: s.now(), Actor: by.Signature(), Role: string(by.Role), Action: action,
		Subject: "day " + d.Day.In(calendar.Shanghai).Format(time.DateOnly),
		Detail:  fmt.Sprintf("%s, %s, %s", d.Kind, d.Name, d.Source),
	})
}

// cleanDay trims the words and names what is to be mended. A holiday on a weekend is written down too: announcements
// list it, and it tells that the year is known; a weekend day worked must be one.
func cleanDay(d *calendar.Special) error {
	var ok, also bool
	d.Name, ok = validate.Line(d.Name)
	d.Source, also = validate.Line(d.Source)
	weekday := d.Day.In(calendar.Shanghai).Weekday()
	switch {
	case d.Kind != calendar.Holiday && d.Kind != calendar.Workday:
		return dayProblem("kind", validate.DayKind)
	case d.Kind == calendar.Workday && weekday != time.Saturday && weekday != time.Sunday:
		return dayProblem("day", validate.DayUseless)
	case !ok || d.Name == "" || validate.Length(d.Name) > dayNameMost:
		return dayProblem("name", validate.DayName)
	case !also || d.Source == "" || validate.Length(d.Source) > daySourceMost:
		return dayProblem("source", validate.DaySource)
	}
	return nil
}

func dayProblem(field, sentence string) error {
	return &apperr.Invalid{Problems: []apperr.Problem{{Field: field, Message: sentence}}}
}
