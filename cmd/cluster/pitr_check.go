package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"wenji/internal/audit"
	"wenji/internal/comment"
	"wenji/internal/postgres"
	"wenji/internal/similar"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
)

// firstReceipt is how long citizens may wait for one once the portal is ready.
const firstReceipt = time.Minute

// verify compares what was acknowledged before an instant with what is there after a restore: nothing may be missing that is
// older than the objective, counted back from lostAt, and of what is missing nothing may be older than what is there. Then
// it opens every seal, verifies the record and compares the counters.
func (r *pitrRun) verify(ctx context.Context, d restored, before, event, lostAt time.Time) error {
	d.readable = time.Since(event)
	lines, err := r.journal.read()
	if err != nil {
		return err
	}
	db, err := postgres.Open(ctx, r.server.url(), postgres.Options{Name: "wenji drill", MaxConns: 2})
	if err != nil {
		return err
	}
	defer db.Close()
	stored, err := storedForms(ctx, db)
	if err != nil {
		return err
	}
	for form, at := range acknowledged(lines, before) {
		if r.gone[form] {
			continue
		}
		d.acknowledged++
		if !stored[form] {
			d.lost++
			d.oldest = max(d.oldest, lostAt.Sub(at))
			r.gone[form] = true
		}
	}
	if d.acknowledged == 0 {
		return errors.New("nothing was acknowledged: there is nothing to compare")
	}
	if d.oldest > r.most {
		return fmt.Errorf("%s: a comment acknowledged %.1f s before is lost; at most %s may be", d.what, d.oldest.Seconds(), r.most)
	}
	if err := r.inspect(ctx, db, &d); err != nil {
		return err
	}
	if d.writable, err = r.awaitReceipt(ctx, event); err != nil {
		return err
	}
	r.say(fmt.Sprintf("%s: %d acknowledged, %d lost", d.what, d.acknowledged, d.lost))
	r.results = append(r.results, d)
	return nil
}

// acknowledged are the forms with a receipt that came before an instant, and when.
func acknowledged(lines []line, before time.Time) map[uuid.UUID]time.Time {
	forms := make(map[uuid.UUID]time.Time)
	for _, l := range lines {
		if _, known := forms[l.Form]; !known && l.Event == eventReceipt && l.At.Before(before) {
			forms[l.Form] = l.At
		}
	}
	return forms
}

func storedForms(ctx context.Context, db *postgres.DB) (map[uuid.UUID]bool, error) {
	rows, err := db.Query(ctx, `
		SELECT c.id
		  FROM comment c
		  JOIN personal_data p ON p.comment_id = c.id`)
	if err != nil {
		return nil, fmt.Errorf("read the comments: %w", err)
	}
	ids, err := pgx.CollectRows(rows, pgx.RowTo[uuid.UUID])
	if err != nil {
		return nil, fmt.Errorf("read the comments: %w", err)
	}
	stored := make(map[uuid.UUID]bool, len(ids))
	for _, id := range ids {
		stored[id] = true
	}
	return stored, nil
}

// inspect opens every seal with the keys that were never in the backup, verifies the record, and compares the counters.
func (r *pitrRun) inspect(ctx context.Context, db *postgres.DB, d *restored) error {
	err := db.InSnapshot(ctx, func(tx pgx.Tx) error {
		seals, err := r.keys.VerifySeals(ctx, tx, func(int) {})
		if err == nil && seals.Damaged > 0 {
			err = fmt.Errorf("%d of %d rows of personal data do not open", seals.Damaged, seals.Rows)
		}
		d.seals = seals.Rows
		return err
	})
	if err != nil {
		return err
	}
	report, err := audit.Verify(ctx, db, r.keys.AuditKey())
	if err != nil {
		return err
	}
	if report.Broken != nil {
		return fmt.Errorf("the record is broken at entry %d", report.Broken.Position)
	}
	d.audit = int(report.Entries)
	_, wrong, err := comment.CheckCounters(ctx, db)
	if err != nil {
		return err
	}
	groups, err := similar.CheckCounters(ctx, db)
	if wrong = append(wrong, groups...); err == nil && len(wrong) > 0 {
		err = fmt.Errorf("%d counters do not agree with the rows, such as %s of %s", len(wrong), wrong[0].Kind, wrong[0].ConsultationID)
	}
	return err
}

// awaitReceipt waits for the first receipt after the restored server was looked at, and tells how long after the event the first
// one since the portal was ready came.
func (r *pitrRun) awaitReceipt(ctx context.Context, event time.Time) (time.Duration, error) {
	ctx, cancel := context.WithTimeout(ctx, firstReceipt)
	defer cancel()
	for {
		lines, err := r.journal.read()
		if err != nil {
			return 0, err
		}
		silent := false
		for _, l := range lines {
			if l.At.Before(event) {
				continue
			}
			silent = silent || l.Event == eventFailed || l.Event == eventSilence
			if silent && l.Event == eventReceipt {
				return l.At.Sub(event), nil
			}
		}
		select {
		case <-ctx.Done():
			return 0, errors.New("no receipt came after the restore")
		case <-time.After(100 * time.Millisecond):
		}
	}
}
