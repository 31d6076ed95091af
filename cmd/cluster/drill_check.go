package main

import (
	"context"
	"fmt"
	"slices"
	"time"

	"wenji/internal/audit"

	"github.com/jackc/pgx/v5"
)

const (
	lookAgain = 100 * time.Millisecond
	askAgain  = 15 * time.Second // a connection that a fault has cut is noticed only when used
	sealMost  = 30 * time.Second
)

// await calls done until it returns nil, and returns its last error when it never did.
func await(ctx context.Context, most time.Duration, done func(ctx context.Context) error) error {
	ctx, cancel := context.WithTimeout(ctx, most)
	defer cancel()
	for {
		err := done(ctx)
		if err == nil {
			return nil
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("not within %s: %w", most, err)
		case <-time.After(lookAgain):
		}
	}
}

// calm waits until the cluster is whole and citizens get their receipts as before.
func (d *drillRun) calm(ctx context.Context) error {
	if err := d.calmNodes(ctx); err != nil {
		return err
	}
	for _, r := range d.replicas {
		if err := r.process.AwaitOK(ctx, "http://"+r.address+"/readyz"); err != nil {
			return err
		}
	}
	return d.receipts(ctx, calmReceipt, calmMost)
}

// receipts waits for n comments more to be acknowledged.
func (d *drillRun) receipts(ctx context.Context, n int64, most time.Duration) error {
	from := d.load.receipts.Load()
	return await(ctx, most, func(context.Context) error {
		if err := d.load.fault(); err != nil {
			return err
		}
		if got := d.load.receipts.Load() - from; got < n {
			return fmt.Errorf("%d of %d comments were acknowledged", got, n)
		}
		return nil
	})
}

// calmNodes waits until there is a primary, every other server follows it, and one for which commits wait may take over. A
// fault before that would be a second one in a cluster that is not whole after the first, in which writing ends until the
// lost server is back.
func (d *drillRun) calmNodes(ctx context.Context) error {
	return await(ctx, recoverMost, func(ctx context.Context) error {
		streaming, synchronous, err := d.followers(ctx)
		switch {
		case err != nil:
			return err
		case len(streaming) < len(d.nodes)-1:
			return fmt.Errorf("%d of %d standbys follow the primary", len(streaming), len(d.nodes)-1)
		}
		p, err := d.primary(ctx)
		if err != nil {
			return err
		}
		if n := len(d.standbys(ctx)); n < len(d.nodes)-1 {
			return fmt.Errorf("%d Patronis say that theirs is a standby", n)
		}
		if d.async {
			return nil
		}
		heirs, err := p.heirs(ctx)
		if err == nil && !slices.ContainsFunc(heirs, func(name string) bool { return slices.Contains(synchronous, name) }) {
			err = fmt.Errorf("commits wait for %v, and of the standbys %v may take over", synchronous, heirs)
		}
		return err
	})
}

// followers are the names of the standbys to which the primary sends its log, and of those for which commits wait.
func (d *drillRun) followers(ctx context.Context) (streaming, synchronous []string, err error) {
	err = d.ask(ctx, func(conn *pgx.Conn) error {
		return conn.QueryRow(ctx, `
			SELECT array_agg(application_name), array_agg(application_name) FILTER (WHERE sync_state IN ('sync', 'quorum'))
			  FROM pg_stat_replication
			 WHERE state = 'streaming'`).Scan(&streaming, &synchronous)
	})
	return streaming, synchronous, err
}

// ask does something on a fresh connection to the primary, with all rights.
func (d *drillRun) ask(ctx context.Context, do func(conn *pgx.Conn) error) error {
	conn, err := d.connect(ctx)
	if err != nil {
		return err
	}
	defer conn.Close(ctx)
	return do(conn)
}

// rows are the comments of the consultation, as the primary has them at one instant.
func (d *drillRun) rows(ctx context.Context) (rows []storedRow, err error) {
	err = await(ctx, askAgain, func(ctx context.Context) error {
		found, err := d.db.Query(ctx, `
			SELECT c.id, c.number, c.title, p.comment_id IS NOT NULL AS personal, coalesce(a.entries, 0) AS recorded
			  FROM comment c
			  LEFT JOIN personal_data p ON p.comment_id = c.id
			  LEFT JOIN (SELECT subject, count(*) AS entries
			               FROM audit_entry
			              WHERE consultation_id = $1 AND action = 'comment.submit'
			              GROUP BY subject) a ON a.subject = 'comment ' || c.number
			 WHERE c.consultation_id = $1`, consultationID)
		if err != nil {
			return err
		}
		rows, err = pgx.CollectRows(found, pgx.RowToStructByPos[storedRow])
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("read the comments: %w", err)
	}
	return rows, nil
}

// compare reconciles the journal with the tables while the load goes on.
func (d *drillRun) compare(ctx context.Context) ([]line, verdict, error) {
	lines, err := d.journal.read()
	if err != nil {
		return nil, verdict{}, err
	}
	cut := len(lines)
	all, err := d.rows(ctx)
	if err != nil {
		return nil, verdict{}, err
	}
	if lines, err = d.journal.read(); err != nil {
		return nil, verdict{}, err
	}
	rows := all[:0]
	for _, r := range all {
		if !d.before[r.ID] {
			rows = append(rows, r)
		}
	}
	return lines, reconcile(lines, cut, rows), nil
}

// books looks whether the running totals are what a count gives, and whether the record of acts is whole and goes on
// from where it ended after the fault before.
func (d *drillRun) books(ctx context.Context) (wrong []string, err error) {
	var kept, counted [5]int
	var report audit.Report
	err = await(ctx, askAgain, func(ctx context.Context) error {
		err := d.db.QueryRow(ctx, `
			SELECT k.received, k.published, k.withheld, k.declined, k.last_number,
			       c.received, c.published, c.withheld, c.declined, c.last_number
			  FROM comment_count k,
			       (SELECT count(*) FILTER (WHERE state = 'received') AS received,
			               count(*) FILTER (WHERE state = 'published') AS published,
			               count(*) FILTER (WHERE state = 'withheld') AS withheld,
			               count(*) FILTER (WHERE state = 'declined') AS declined, coalesce(max(number), 0) AS last_number
			          FROM comment
			         WHERE consultation_id = $1) c
			 WHERE k.consultation_id = $1`, consultationID).Scan(&kept[0], &kept[1], &kept[2], &kept[3], &kept[4],
			&counted[0], &counted[1], &counted[2], &counted[3], &counted[4])
		if err != nil {
			return err
		}
		report, err = audit.Verify(ctx, d.db, d.keys.AuditKey(), d.anchors...)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("look at totals and record: %w", err)
	}
	if kept != counted {
		wrong = append(wrong, fmt.Sprintf("the running totals are %v, a count gives %v", kept, counted))
	}
	if report.Broken != nil {
		return append(wrong, fmt.Sprintf("the record of acts is broken at place %d: %s", report.Broken.Position, report.Broken.What)), nil
	}
	d.anchors = append(d.anchors, report.End)
	return wrong, nil
}

// sealed waits until every entry of the record has its place in the chain.
func (d *drillRun) sealed(ctx context.Context) error {
	return await(ctx, sealMost, func(ctx context.Context) error {
		report, err := audit.Verify(ctx, d.db, d.keys.AuditKey())
		if err == nil && report.Waiting > 0 && report.Broken == nil {
			err = fmt.Errorf("%d entries of the record are not sealed", report.Waiting)
		}
		return err
	})
}
