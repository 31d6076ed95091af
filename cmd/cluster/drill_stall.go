package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"syscall"
	"time"

	"github.com/jackc/pgx/v5"
)

const (
	// stallMost is less than the five seconds after which a standby gives up a silent stream and begins another.
	stallMost = 4 * time.Second
	cancels   = 3 // commits whose wait is given up

	unconfirmed = 4 << 20 // bytes of the log
)

// stall stops the processes of the primary that send its log to the standbys, as when the network between the machines
// stalls, until release is called. Commits that wait for a standby wait; others are acknowledged and are on this machine
// alone.
func (d *drillRun) stall(ctx context.Context, primary *node) (release func(), err error) {
	var senders []int
	err = d.ask(ctx, func(conn *pgx.Conn) error {
		rows, err := conn.Query(ctx, `SELECT pid FROM pg_stat_replication WHERE state = 'streaming'`)
		if err != nil {
			return err
		}
		senders, err = pgx.CollectRows(rows, pgx.RowTo[int])
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("look for the senders of the log: %w", err)
	}
	if len(senders) == 0 {
		return nil, errors.New("the primary sends its log to nobody")
	}
	signal := func(s syscall.Signal) {
		for _, pid := range senders {
			if folder, err := os.Readlink(fmt.Sprintf("/proc/%d/cwd", pid)); err == nil && folder == primary.data() { // not a stranger by now
				syscall.Kill(pid, s) // an error means that it has ended
			}
		}
	}
	signal(syscall.SIGSTOP)
	return func() { signal(syscall.SIGCONT) }, nil
}

// whileStalled does something to the primary, given to it, while its log reaches no standby.
func (d *drillRun) whileStalled(ctx context.Context, do func(p *node) error) error {
	p, err := d.primary(ctx)
	if err != nil {
		return err
	}
	release, err := d.stall(ctx, p)
	if err != nil {
		return err
	}
	defer release()
	return do(p)
}

// giveUp has the primary give up the wait of commits of comments, as an administrator would or a time-out does: it reports
// them as done, with a warning. It returns once enough were given up and their citizens have sent the forms again.
func (d *drillRun) giveUp(ctx context.Context) error {
	given := 0
	err := await(ctx, stallMost-blow, func(ctx context.Context) error {
		return d.ask(ctx, func(conn *pgx.Conn) error {
			var n int
			err := conn.QueryRow(ctx, `
				SELECT count(*) FILTER (WHERE pg_cancel_backend(pid))
				  FROM pg_stat_activity
				 WHERE wait_event = 'SyncRep' AND application_name = 'wenji submit'`).Scan(&n)
			if given += n; err == nil && given < cancels {
				err = fmt.Errorf("%d commits were given up", given)
			}
			return err
		})
	})
	if given == 0 {
		return err
	}
	pause(ctx, 2*pressAgain)
	return nil
}

// writeUnconfirmed has the primary write more of its log than Patroni's default lets a standby lack (1 MB), of which no
// commit was reported as done, as a large import under way does. It must keep no standby from taking over.
func (d *drillRun) writeUnconfirmed(ctx context.Context) error {
	return d.ask(ctx, func(conn *pgx.Conn) error {
		_, err := conn.Exec(ctx, `SELECT pg_logical_emit_message(false, 'drill', repeat('x', $1))`, unconfirmed)
		return err
	})
}

// cancelWaits leaves comments on the primary alone, whose citizens are told that nobody knows, and then lets the standbys
// have them: the forms sent again must get the receipts of what was stored the first time.
func cancelWaits(ctx context.Context, d *drillRun) error {
	return d.whileStalled(ctx, func(*node) error { return d.giveUp(ctx) })
}

// cancelWaitsAndLose loses the machine while the forms are being sent again. That they are there already must not have
// been taken for their being safe.
func cancelWaitsAndLose(ctx context.Context, d *drillRun) error {
	return d.whileStalled(ctx, func(p *node) error {
		if err := d.giveUp(ctx); err != nil {
			return err
		}
		return d.killAndReturn(ctx, p)
	})
}
