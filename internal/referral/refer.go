package referral

import (
	"context"
	"fmt"
	"strings"
	"time"

	"wenji/internal/apperr"
	"wenji/internal/audit"
	"wenji/internal/comment"
	"wenji/internal/staff"
	"wenji/internal/validate"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
)

// Order is a hand-over to be made.
type Order struct {
	Units []uuid.UUID // the lead first
	Days  int         // working days until a reply is due; 0: DefaultDays
	Note  string      // what the units are told besides; at most 1,000 characters, may be empty
}

const (
	DefaultDays = 15 // working days
	daysMost    = 120
	unitsMost   = 20
	noteMost    = 1000
)

// Refer hands comments over to departments: what goes along is the text, the clause and the number. A unit that has one of the comments
// on its desk already is passed over for it. *apperr.Conflict: each unit has each comment already, or one of the comments was declined.
func (s *Store) Refer(ctx context.Context, by staff.Member, ids []uuid.UUID, o Order) error {
	if !by.Can(staff.Refer) {
		return apperr.ErrForbidden
	}
	if o.Days == 0 {
		o.Days = DefaultDays
	}
	ids = unique(ids)
	if err := checkOrder(ids, &o); err != nil {
		return err
	}
	cal, err := s.Calendar.Calendar(ctx)
	if err != nil {
		return err
	}
	at := s.now()
	due := cal.Add(at, o.Days)
	return s.DB.InTx(ctx, func(tx pgx.Tx) error {
		list, err := lockComments(ctx, tx, ids)
		if err != nil {
			return err
		}
		for _, c := range list {
			if c.State == comment.Declined {
				return &apperr.Conflict{Action: ActDeclined, At: at}
			}
		}
		names, err := unitNames(ctx, tx, o.Units)
		if err != nil {
			return err
		}
		handed, err := insertReferrals(ctx, tx, by, list, o, names, due, at)
		if err != nil {
			return err
		}
		var entries []audit.Entry
		for _, c := range list {
			if units := handed[c.ID]; len(units) > 0 {
				entries = append(entries, c.entry(by, at, "comment.refer", strings.Join(units, ", ")+"; due "+due.Format(time.DateOnly)))
			}
		}
		if len(entries) == 0 {
			return alreadyReferred(ctx, tx, ids, o.Units)
		}
		if err := keepHandling(ctx, tx, ids...); err != nil {
			return err
		}
		return audit.RecordAll(ctx, tx, entries)
	})
}

func checkOrder(ids []uuid.UUID, o *Order) error {
	var wrong apperr.Invalid
	if len(ids) == 0 {
		wrong.Problems = append(wrong.Problems, apperr.Problem{Field: "id", Message: validate.NothingChosen})
	}
	o.Units = unique(o.Units)
	switch {
	case len(o.Units) == 0:
		wrong.Problems = append(wrong.Problems, apperr.Problem{Field: "unit", Message: validate.UnitMissing})
	case len(o.Units) > unitsMost:
		wrong.Problems = append(wrong.Problems, apperr.Problem{Field: "unit", Message: validate.UnitsTooMany})
	}
	if o.Days < 1 || o.Days > daysMost {
		wrong.Problems = append(wrong.Problems, apperr.Problem{Field: "days", Message: validate.DaysWrong})
	}
	var problem *apperr.Problem
	if o.Note, problem = words("note", "转办说明", o.Note, 0, noteMost); problem != nil {
		wrong.Problems = append(wrong.Problems, *problem)
	}
	if len(wrong.Problems) > 0 {
		return &wrong
	}
	return nil
}

// unitNames are the names of the units in their order; a unit that is unknown or no longer offered is a problem of the form.
func unitNames(ctx context.Context, tx pgx.Tx, units []uuid.UUID) ([]string, error) {
	rows, err := tx.Query(ctx, `
		SELECT u.name
		  FROM unnest($1::uuid[]) WITH ORDINALITY AS wanted (id, place)
		  JOIN unit u ON u.id = wanted.id AND u.disabled_at IS NULL
		 ORDER BY wanted.place`, units)
	if err != nil {
		return nil, fmt.Errorf("read units: %w", err)
	}
	names, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		return nil, fmt.Errorf("read units: %w", err)
	}
	if len(names) < len(units) {
		return nil, invalid("unit", validate.UnitUnknown)
	}
	return names, nil
}

// insertReferrals makes one hand-over for each comment and unit and returns the names of the units that got each comment. A comment has
// one lead: units added later stand beside it.
func insertReferrals(ctx context.Context, tx pgx.Tx, by staff.Member, list []subject, o Order, names []string, due, at time.Time) (
	map[uuid.UUID][]string, error) {
	n := len(list) * len(names)
	ids, comments, units := make([]uuid.UUID, 0, n), make([]uuid.UUID, 0, n), make([]uuid.UUID, 0, n)
	consultations, unitNames, leads := make([]string, 0, n), make([]string, 0, n), make([]bool, 0, n)
	for _, c := range list {
		for i, name := range names {
			id, err := uuid.NewV7()
			if err != nil {
				return nil, fmt.Errorf("refer comment %s: %w", c.ID, err)
			}
			ids, comments, units = append(ids, id), append(comments, c.ID), append(units, o.Units[i])
			consultations, unitNames, leads = append(consultations, c.ConsultationID), append(unitNames, name), append(leads, i == 0)
		}
	}
	rows, err := tx.Query(ctx, `
		INSERT INTO referral (id, consultation_id, comment_id, unit_id, unit_name, lead, note, due_on, referred_by, referred_at)
		SELECT n.id, n.consultation_id, n.comment_id, n.unit_id, n.unit_name,
		       n.lead AND NOT EXISTS (SELECT FROM referral r WHERE r.comment_id = n.comment_id AND r.lead AND r.state <> 'returned'),
		       $7, $8, $9, $10
		  FROM unnest($1::uuid[], $2::text[], $3::uuid[], $4::uuid[], $5::text[], $6::boolean[])
		    AS n (id, consultation_id, comment_id, unit_id, unit_name, lead)
		    ON CONFLICT (comment_id, unit_id) WHERE state IN ('waiting', 'accepted') DO NOTHING
		RETURNING comment_id, unit_name`,
		ids, consultations, comments, units, unitNames, leads, o.Note, due, by.Name, at)
	if err != nil {
		return nil, fmt.Errorf("refer %d comments: %w", len(list), err)
	}
	handed := make(map[uuid.UUID][]string, len(list))
	var id uuid.UUID
	var name string
	_, err = pgx.ForEachRow(rows, []any{&id, &name}, func() error {
		handed[id] = append(handed[id], name)
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("refer %d comments: %w", len(list), err)
	}
	return handed, nil
}

// alreadyReferred names who handed the comments over before.
func alreadyReferred(ctx context.Context, tx pgx.Tx, ids, units []uuid.UUID) error {
	conflict := &apperr.Conflict{Action: ActRefer}
	err := tx.QueryRow(ctx, `
		SELECT referred_by, referred_at
		  FROM referral
		 WHERE comment_id = ANY ($1) AND unit_id = ANY ($2) AND state IN ('waiting', 'accepted')
		 ORDER BY referred_at DESC
		 LIMIT 1`, ids, units).Scan(&conflict.By, &conflict.At)
	if err != nil {
		return fmt.Errorf("read who referred: %w", err)
	}
	return conflict
}
