package fill

import (
	"context"
	"errors"
	"fmt"
	"time"

	"wenji/internal/audit"
	"wenji/internal/consultation"
	"wenji/internal/postgres"

	"github.com/jackc/pgx/v5"
)

// Actors of the record under which consultations are put in that belong to no real office.
const (
	Actor     = "wenji fill"
	DemoActor = "wenji demo"
)

// Foreign is a database that holds a consultation of a real office: nothing is put into it.
type Foreign struct{ ConsultationID string }

func (f *Foreign) Error() string {
	return "consultation " + f.ConsultationID + " was made by an office: the database is not one of demos and data sets"
}

// Begun is a database in which another data set was begun: one database holds one.
type Begun struct {
	Seed                    uint64
	Comments, Consultations int
}

func (b *Begun) Error() string {
	return fmt.Sprintf("the database holds the data set of seed %d, %d comments in %d consultations", b.Seed, b.Comments, b.Consultations)
}

const (
	beginAction  = "fill.begin"
	beginForm    = "seed %d, %d comments in %d consultations until %s"
	importAction = "consultation.import"
	pageOf       = 500
)

// begin makes sure that the database may be filled, and returns the instant at which the data set ends: that of the
// first time where it was begun before. The record of acts tells who made each consultation, and cannot be changed.
func begin(ctx context.Context, db *postgres.DB, o Options) (until time.Time, err error) {
	if err := checkConsultations(ctx, db); err != nil {
		return time.Time{}, err
	}
	err = db.InTx(ctx, func(tx pgx.Tx) error {
		entries, err := audit.Read(ctx, tx, audit.Filter{Action: beginAction, Limit: 1})
		if err != nil {
			return err
		}
		if len(entries) > 0 {
			until, err = goOn(entries[0].Detail, o)
			return err
		}
		until = o.Until.Truncate(time.Second)
		return audit.Record(ctx, tx, audit.Entry{
			At: db.Now(), Actor: Actor, Role: "operator", Action: beginAction,
			Detail: fmt.Sprintf(beginForm, o.Seed, o.Comments, o.Consultations, until.UTC().Format(time.RFC3339)),
		})
	})
	return until, err
}

// goOn reads what was begun, and refuses another data set than that.
func goOn(detail string, o Options) (time.Time, error) {
	var b Begun
	var at string
	if _, err := fmt.Sscanf(detail, beginForm, &b.Seed, &b.Comments, &b.Consultations, &at); err != nil {
		return time.Time{}, fmt.Errorf("read which data set was begun: %w", err)
	}
	until, err := time.Parse(time.RFC3339, at)
	if err != nil {
		return time.Time{}, fmt.Errorf("read which data set was begun: %w", err)
	}
	if b != (Begun{o.Seed, o.Comments, o.Consultations}) {
		return time.Time{}, &b
	}
	return until, nil
}

// checkConsultations refuses a database with a consultation that neither a demo nor a data set has put in.
func checkConsultations(ctx context.Context, db *postgres.DB) error {
	ours := make(map[string]bool)
	err := db.InSnapshot(ctx, func(tx pgx.Tx) error {
		f := audit.Filter{Action: importAction, Limit: pageOf}
		for {
			entries, err := audit.Read(ctx, tx, f)
			if err != nil {
				return err
			}
			for _, e := range entries {
				if e.Actor == Actor || e.Actor == DemoActor {
					ours[e.ConsultationID] = true
				}
				f.After = audit.Cursor{At: e.At, ID: e.ID}
			}
			if len(entries) < pageOf {
				return nil
			}
		}
	})
	if err != nil {
		return fmt.Errorf("read who made the consultations: %w", err)
	}
	store := &consultation.Store{DB: db, Now: db.Now}
	for page := 1; ; page++ {
		list, _, err := store.List(ctx, consultation.ListFilter{Desk: true, Size: 200, Page: page})
		if err != nil {
			return err
		}
		for _, c := range list {
			if !ours[c.ID] {
				return &Foreign{c.ID}
			}
		}
		if len(list) < 200 {
			return nil
		}
	}
}

// IsRefusal tells whether an error of Run means that the database was left as it is.
func IsRefusal(err error) bool {
	var f *Foreign
	var b *Begun
	return errors.As(err, &f) || errors.As(err, &b)
}
