package main

import (
	"context"
	"fmt"
	"path/filepath"
	"time"

	"wenji/internal/comment"
	"wenji/internal/lab"
	"wenji/internal/postgres"
)

// submitClients with the number of submissions of a full run.
var submitClients = []struct{ clients, full int }{{1, 800}, {16, 5000}, {32, 8000}, {64, 8000}}

// submitting is what the runs of submissions share.
type submitting struct {
	*bench
	portal   *portal
	database string
	db       *postgres.DB
	store    *comment.Store // seals forms; nothing is stored through it
	ceiling  string         // database of pgbench
	script   string
	done     int
	runs     runs
}

// measureSubmit posts forms in turn with pgbench on the same server; client, portal and database share all processors.
func measureSubmit(ctx context.Context, l *bench, t *table) error {
	s := &submitting{bench: l, runs: runs{}}
	var err error
	if s.database, err = l.database(ctx, "submit"); err != nil {
		return err
	}
	if s.ceiling, s.script, err = l.insertCeiling(ctx, "ceiling"); err != nil {
		return err
	}
	if s.db, err = l.pool(ctx, s.database, 1); err != nil {
		return err
	}
	defer s.db.Close()
	s.store = comment.NewStore(s.db, s.db, l.keys, nil)
	if s.portal, err = l.demo(ctx, s.database, filepath.Join(l.dir, "accounts.json")); err != nil {
		return err
	}
	if err := s.settled(ctx, s.wholeWays); err != nil {
		return err
	}
	if s.portal, err = l.serve(ctx, s.database, false); err != nil {
		return err
	}
	if err := s.settled(ctx, s.rounds); err != nil {
		return err
	}
	return s.report(ctx, t)
}

// settled runs f once the portal's pictures are drawn ahead, and then stops the portal.
func (s *submitting) settled(ctx context.Context, f func(ctx context.Context) error) error {
	defer s.portal.Stop()
	if err := lab.Settle(ctx, s.portal.PID); err != nil {
		return err
	}
	return f(ctx)
}

func (s *submitting) rounds(ctx context.Context) error {
	for range s.bench.rounds {
		for _, one := range submitClients {
			n := max(int(float64(one.full)*s.submits), 200)
			if err := s.insert(ctx, one.clients, n); err != nil {
				return err
			}
			if err := s.submit(ctx, one.clients, n, 0); err != nil {
				return err
			}
		}
		rates := s.runs["submit 64"]
		third := rates[len(rates)-1] / 3
		if err := s.submit(ctx, 16, int(third*s.load.Seconds()), time.Duration(float64(time.Second)/third)); err != nil {
			return err
		}
	}
	peak, err := lab.Memory(s.portal.PID, "VmHWM")
	s.runs.add("peak", peak)
	return err
}

// wholeWays has citizens go the whole way, from the form to the receipt.
func (s *submitting) wholeWays(ctx context.Context) error {
	for range s.bench.rounds {
		n := max(int(1000*s.submits), 200)
		first := s.place(n)
		before, err := lab.CPU(s.portal.PID)
		if err != nil {
			return err
		}
		o, err := load(ctx, s.portal.address, 16, n, 3*s.load, 0, func(c *client, i int) error { return s.wholeWay(c, first+i) })
		if err != nil {
			return fmt.Errorf("form, check and submission: %w", err)
		}
		after, err := lab.CPU(s.portal.PID)
		if err != nil {
			return err
		}
		s.done += o.done
		s.note("way", o)
		s.runs.add("way cpu", per(after-before, o.done))
		if err := catchUp(ctx, s.bench, s.db, s.keys, s.database); err != nil {
			return err
		}
	}
	return nil
}

func (s *submitting) note(name string, o outcome) {
	s.runs.add(name, o.rate())
	s.runs.add(name+" p50", quantile(o.latency, 0.5))
	s.runs.add(name+" p99", quantile(o.latency, 0.99))
}

// insert is a run of the ceiling.
func (s *submitting) insert(ctx context.Context, clients, n int) error {
	before, err := lab.FamilyCPU(s.pgPID)
	if err != nil {
		return err
	}
	r, err := pgbench(ctx, s.ceiling, s.script, clients, n)
	if err != nil {
		return err
	}
	after, err := lab.FamilyCPU(s.pgPID)
	if err != nil {
		return err
	}
	s.runs.add(fmt.Sprint("insert ", clients), r.tps)
	s.runs.add(fmt.Sprint("insert ", clients, " ms"), r.latency)
	s.runs.add(fmt.Sprint("insert ", clients, " cpu"), per(after-before, r.done))
	return nil
}

// submit is a run of submissions: each is acknowledged after its commit. interval spaces them, if not zero.
func (s *submitting) submit(ctx context.Context, clients, n int, interval time.Duration) error {
	requests, err := s.forms(s.store, s.portal.address, n)
	if err != nil {
		return err
	}
	app, err := lab.CPU(s.portal.PID)
	if err != nil {
		return err
	}
	pg, err := lab.FamilyCPU(s.pgPID)
	if err != nil {
		return err
	}
	o, err := load(ctx, s.portal.address, clients, n, 2*s.load, interval, func(c *client, i int) error {
		status, err := c.status(requests[i])
		if err == nil && status != 303 {
			err = fmt.Errorf("submission: status %d", status)
		}
		return err
	})
	if err != nil {
		return err
	}
	name := fmt.Sprint("submit ", clients)
	if interval > 0 {
		name = "paced"
	}
	s.done += o.done
	s.note(name, o)
	if err := s.costs(name, o.done, app, pg, ""); err != nil {
		return err
	}
	if interval > 0 || len(s.runs[name+" app all"]) > 0 {
		return catchUp(ctx, s.bench, s.db, s.keys, s.database)
	}
	if err := waitBehind(ctx, s.bench, s.database); err != nil { // once: the portal's own work behind takes its time
		return err
	}
	return s.costs(name, o.done, app, pg, " all")
}

// costs notes what n submissions have cost since app and pg.
func (s *submitting) costs(name string, n int, app, pg time.Duration, suffix string) error {
	appNow, err := lab.CPU(s.portal.PID)
	if err != nil {
		return err
	}
	pgNow, err := lab.FamilyCPU(s.pgPID)
	if err != nil {
		return err
	}
	s.runs.add(name+" app"+suffix, per(appNow-app, n))
	s.runs.add(name+" pg"+suffix, per(pgNow-pg, n))
	return nil
}

func (s *submitting) report(ctx context.Context, t *table) error {
	for _, one := range submitClients {
		name, insert := fmt.Sprint("submit ", one.clients), fmt.Sprint("insert ", one.clients)
		what := fmt.Sprintf("submit until commit, c=%d", one.clients)
		unit := fmt.Sprintf("/s (p50 %s, p99 %s ms)", amount(s.runs.median(name+" p50")), amount(s.runs.median(name+" p99")))
		ours, theirs := s.runs.median(name), s.runs.median(insert)
		if one.clients >= 32 {
			t.atLeast(what, unit, ours, theirs, "pgbench", 1)
		} else {
			t.add(what, amount(ours)+" "+unit, "pgbench: "+amount(theirs), fmt.Sprintf("%.2f", ours/theirs), "", noBar)
		}
	}
	for _, part := range []struct {
		key, what string
		bar       float64
	}{{"app", "its processor time in the portal", 100}, {"pg", "its processor time in PostgreSQL", 40}} {
		for _, clients := range []string{"32", "64"} {
			name := "submit " + clients + " " + part.key
			ceiling := fmt.Sprintf("with what follows: %s µs", amount(s.runs.median(name+" all")))
			if part.key == "pg" {
				ceiling = fmt.Sprintf("pgbench: %s µs; %s", amount(s.runs.median("insert "+clients+" cpu")), ceiling)
			}
			t.atMost(part.what+", c="+clients, "µs", s.runs.median(name), ceiling, part.bar)
		}
	}
	t.atMost(fmt.Sprintf("submit p99, c=16, a third of the peak (%s/s)", amount(s.runs.median("paced"))), "ms",
		s.runs.median("paced p99"), fmt.Sprintf("p50 %s ms", amount(s.runs.median("paced p50"))), 15)
	ratio := s.runs.median("submit 1 p50") / s.runs.median("insert 1 ms")
	t.add("submit p50, c=1", amount(s.runs.median("submit 1 p50"))+" ms", "pgbench: "+amount(s.runs.median("insert 1 ms"))+" ms",
		fmt.Sprintf("%.2f", ratio), "≤ 1.3", judge(ratio <= 1.3))
	t.add("form, check page and submission together, c=16", fmt.Sprintf("%s /s (p50 %s, p99 %s ms)", amount(s.runs.median("way")),
		amount(s.runs.median("way p50")), amount(s.runs.median("way p99"))),
		fmt.Sprintf("portal: %s µs each", amount(s.runs.median("way cpu"))), "", "", noBar)
	var rows int
	if err := s.db.QueryRow(ctx, `SELECT count(*) FROM comment c JOIN personal_data p ON p.comment_id = c.id`).Scan(&rows); err != nil {
		return err
	}
	t.add("submissions stored", amount(float64(rows)), "acknowledged: "+amount(float64(s.done)), "", "all", judge(rows == s.done))
	t.atMost("memory at its peak under submissions", "MB", s.runs.median("peak"), "", 96)
	return nil
}
