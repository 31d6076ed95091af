package main

import (
	"context"
	"errors"
	"fmt"
	"syscall"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

const (
	blow       = 2 * time.Second // how long a fault lasts that is over at once otherwise
	takeover   = time.Minute     // for another server to become the primary
	afterwards = 20              // comments that the new primary acknowledges before the old one comes back
	without    = 8 * time.Second // how long there is no standby at all
	takenUp    = 2 * time.Second // for the balancer to see that a replica is there again
)

// harms are all faults, in the order in which they are done.
var harms = []harm{
	{"replica", "kill -9 of a replica of the portal, started again after 2 s", killReplica, nil},
	{"rolling", "every replica ended and started again, one after the other", rollingRestart, nothingSeen},
	{"postmaster", "kill -9 of the primary's postmaster; Patroni lives", killPostmaster, nil},
	{"machine", "the stream to the standbys stalls for 3 s, an import under way, then kill -9 of Patroni and all of the primary", loseMachine, nil},
	{"hung", "SIGSTOP of all of the primary's PostgreSQL until another took over and acknowledged 20, then SIGCONT", hangServer, nil},
	{"hung-machine", "SIGSTOP of PostgreSQL and Patroni likewise, then SIGCONT", hangMachine, nil},
	{"standby", "kill -9 of the synchronous standby and its Patroni, until the other one is synchronous", loseStandby, nil},
	{"standbys", "kill -9 of both standbys and their Patronis for 8 s", loseStandbys, someTold},
	{"cancelled", "the stream stalls, pg_cancel_backend on every commit that waits, then the stream goes on", cancelWaits, someTold},
	{"cancelled-machine", "the stream stalls, pg_cancel_backend on every commit that waits, the forms are sent again, then kill -9 of Patroni and all of the primary", cancelWaitsAndLose, someTold},
	{"disk", "the primary's disk full for 8 s", fillDisk, someTold},
}

// controls lose comments where commits do not wait for a standby.
var controls = []harm{{"machine", harms[3].what, loseMachine, nil}}

// someTold wants that citizens did meet the fault.
func someTold(t tally) []string {
	if t.honest == 0 {
		return []string{"no citizen was told of the fault, so it did not happen as it should"}
	}
	return nil
}

// nothingSeen wants that citizens did not notice anything.
func nothingSeen(t tally) []string {
	if n := t.honest + t.raw + t.silent; n > 0 {
		return []string{fmt.Sprintf("%d forms were not answered with a receipt", n)}
	}
	return nil
}

// pause waits, or returns early when the drill is broken off.
func pause(ctx context.Context, d time.Duration) {
	select {
	case <-ctx.Done():
	case <-time.After(d):
	}
}

func killReplica(ctx context.Context, d *drillRun) error {
	r := d.replicas[0]
	r.kill()
	pause(ctx, blow)
	return r.start(ctx)
}

func rollingRestart(ctx context.Context, d *drillRun) error {
	from := time.Now()
	for _, r := range d.replicas {
		r.stop()
		if err := r.start(ctx); err != nil {
			return err
		}
		pause(ctx, takenUp)
	}
	if n := d.load.failedViews(from, time.Now()); n > 0 {
		return fmt.Errorf("%d pages could not be read", n)
	}
	return nil
}

func killPostmaster(ctx context.Context, d *drillRun) error {
	p, err := d.primary(ctx)
	if err != nil {
		return err
	}
	return p.killPostmaster()
}

func loseMachine(ctx context.Context, d *drillRun) error {
	return d.whileStalled(ctx, func(p *node) error {
		if err := d.writeUnconfirmed(ctx); err != nil {
			return err
		}
		pause(ctx, stallMost-time.Second) // Patroni tells the others every loopWait how far the primary's log goes
		return d.killAndReturn(ctx, p)
	})
}

// killAndReturn kills a primary with its Patroni and brings it back once another has taken over.
func (d *drillRun) killAndReturn(ctx context.Context, p *node) error {
	if err := p.killMachine(); err != nil {
		return err
	}
	err := d.awaitOther(ctx, p)
	return errors.Join(err, p.startPatroni())
}

// awaitOther waits until a node other than old is the primary. When none becomes it, the error names those that may.
func (d *drillRun) awaitOther(ctx context.Context, old *node) error {
	err := await(ctx, takeover, func(ctx context.Context) error {
		for _, n := range d.nodes {
			if n == old {
				continue
			}
			if s, err := n.status(ctx); err == nil && s.primary() {
				return nil
			}
		}
		return fmt.Errorf("no other server took over from %s", old.name)
	})
	if err == nil {
		return nil
	}
	for _, n := range d.standbys(ctx) {
		if heirs, e := n.heirs(ctx); e == nil {
			return fmt.Errorf("%w; of the standbys %v might", err, heirs)
		}
	}
	return err
}

func hangServer(ctx context.Context, d *drillRun) error  { return d.hang(ctx, false) }
func hangMachine(ctx context.Context, d *drillRun) error { return d.hang(ctx, true) }

// hang stops the primary without ending it, lets another take over, and then lets the old one go on.
func (d *drillRun) hang(ctx context.Context, patroniToo bool) error {
	p, err := d.primary(ctx)
	if err != nil {
		return err
	}
	defer p.signal(syscall.SIGCONT, true)
	for range 2 { // the second catches what the postmaster started meanwhile
		if err := p.signal(syscall.SIGSTOP, patroniToo); err != nil {
			return err
		}
	}
	if err := d.awaitOther(ctx, p); err != nil {
		return err
	}
	if err := d.receipts(ctx, afterwards, takeover); err != nil {
		return err
	}
	if err := p.signal(syscall.SIGCONT, true); err != nil {
		return err
	}
	if d.async {
		return nil
	}
	return d.refusesWrites(ctx, p)
}

// refusesWrites writes to a primary that has been replaced, until it no longer takes itself for one. No commit there may
// be reported as done.
func (d *drillRun) refusesWrites(ctx context.Context, old *node) error {
	for patience := time.Now().Add(takeover); time.Now().Before(patience) && ctx.Err() == nil; {
		done, err := d.tryWrite(ctx, old)
		if err != nil || done {
			return err
		}
		pause(ctx, lookAgain)
	}
	return fmt.Errorf("%s still takes itself for the primary", old.name)
}

// tryWrite commits something on a server that should not let it. It tells whether the server knows that it is no primary;
// the error is of a commit that was reported as done.
func (d *drillRun) tryWrite(ctx context.Context, n *node) (over bool, err error) {
	ctx, cancel := context.WithTimeout(ctx, 3*time.Second)
	defer cancel()
	config, err := pgx.ParseConfig(fmt.Sprintf("postgres://postgres:%s@%s/wenji?sslmode=disable", d.secrets.superuser, n.address))
	if err != nil {
		return false, err
	}
	warned := false
	config.OnNotice = func(*pgconn.PgConn, *pgconn.Notice) { warned = true }
	conn, err := pgx.ConnectConfig(ctx, config)
	if err != nil {
		return false, nil // it is being ended
	}
	defer conn.Close(ctx)
	if err := conn.QueryRow(ctx, `SELECT pg_is_in_recovery()`).Scan(&over); err != nil || over {
		return over, nil
	}
	if _, err := conn.Exec(ctx, `SELECT pg_logical_emit_message(true, 'drill', '')`); err == nil && !warned {
		return false, fmt.Errorf("%s committed after another had taken over", n.name)
	}
	return false, nil
}

func loseStandby(ctx context.Context, d *drillRun) error {
	standbys := d.standbys(ctx)
	if len(standbys) == 0 {
		return errors.New("there is no standby")
	}
	gone := standbys[0]
	if err := gone.killMachine(); err != nil {
		return err
	}
	err := d.receipts(ctx, afterwards, takeover)
	return errors.Join(err, gone.startPatroni())
}

// loseStandbys leaves the primary alone. In strict synchronous mode it must acknowledge nothing: a second fault would take
// it away.
func loseStandbys(ctx context.Context, d *drillRun) error {
	standbys := d.standbys(ctx)
	var errs []error
	for _, n := range standbys {
		errs = append(errs, n.killMachine())
	}
	pause(ctx, blow) // what was on its way is answered
	from := d.load.receipts.Load()
	pause(ctx, without)
	if n := d.load.receipts.Load() - from; n > 0 && !d.async {
		errs = append(errs, fmt.Errorf("%d comments were acknowledged without any standby", n))
	}
	for _, n := range standbys {
		errs = append(errs, n.startPatroni())
	}
	return errors.Join(errs...)
}
