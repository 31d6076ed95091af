package main

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"time"

	"wenji/internal/comment"
	"wenji/internal/lab"
)

const (
	steadyConnections = 64
	steadyProbes      = 5 // the highest rate is found to a thirtieth
)

// measureRates offers pages and submissions at constant rates: the highest that holds, and the waiting at half and at four
// fifths of it, beside nginx and pgbench at the same rates.
func measureRates(ctx context.Context, l *bench, t *table) error {
	database, err := l.sample(ctx, "rates")
	if err != nil {
		return err
	}
	if err := l.noticeRates(ctx, t, database); err != nil {
		return fmt.Errorf("notice page: %w", err)
	}
	if err := l.submitRates(ctx, t, database); err != nil {
		return fmt.Errorf("submissions: %w", err)
	}
	return nil
}

// steadyLoad is one kind of request that is offered at constant rates.
type steadyLoad struct {
	address string
	most    float64 // a rate that certainly does not hold
	prepare func(n int) (step func(c *client, i int) error, err error)
	settle  func() error // waits until what a run left behind is done
}

func (s steadyLoad) at(ctx context.Context, rate float64, d time.Duration) (steadyRun, error) {
	step, err := s.prepare(int(rate*d.Seconds()) + 1)
	if err != nil {
		return steadyRun{}, err
	}
	r, err := steady(ctx, s.address, steadyConnections, rate, d, step)
	if err != nil {
		return r, err
	}
	return r, s.settle()
}

// highest is the highest rate that holds.
func (s steadyLoad) highest(ctx context.Context, d time.Duration) (float64, error) {
	var last steadyRun
	rate, err := highest(s.most, steadyProbes, func(rate float64) (steadyRun, error) {
		var err error
		last, err = s.at(ctx, rate, d)
		return last, err
	})
	if err == nil && rate == 0 {
		err = fmt.Errorf("no rate holds; p99 %.0f ms, %d failed: %w", quantile(last.latency, 0.99), last.failed, last.fault)
	}
	return rate, err
}

// quantiles writes the waiting of a run.
func quantiles(latency []float64) string {
	return fmt.Sprintf("p50 %s, p99 %s, p99.9 %s ms", amount(quantile(latency, 0.5)), amount(quantile(latency, 0.99)), amount(quantile(latency, 0.999)))
}

// shares of the highest rate at which the waiting is measured.
var shares = []struct {
	name string
	of   float64
}{{"50 %", 0.5}, {"80 %", 0.8}}

// below adds the rows for the shares of a rate; ceiling gives the waiting of another server at the same rate, and may be nil.
func (s steadyLoad) below(ctx context.Context, t *table, what string, rate float64, d time.Duration,
	name string, ceiling func(rate float64) ([]float64, error)) error {
	for _, share := range shares {
		offered := rate * share.of
		r, err := s.at(ctx, offered, d)
		if err != nil {
			return err
		}
		beside := ""
		if ceiling != nil {
			theirs, err := ceiling(offered)
			if err != nil {
				return err
			}
			beside = name + " at that rate: " + quantiles(theirs)
		}
		measured := quantiles(r.latency)
		if r.failed > 0 {
			measured += fmt.Sprintf("; %d of %d failed", r.failed, len(r.latency))
		}
		t.add(fmt.Sprintf("%s, at %s of it (%s/s)", what, share.name, amount(offered)), measured, beside, "", "", noBar)
	}
	return nil
}

// noticeRates: the portal and nginx have one processor each time, the load the other.
func (l *bench) noticeRates(ctx context.Context, t *table, database string) error {
	p, err := l.serve(ctx, database, true)
	if err != nil {
		return err
	}
	defer p.Stop()
	n, err := l.startNginx(ctx, p.address)
	if err != nil {
		return err
	}
	defer n.Stop()
	if err := lab.Settle(ctx, p.PID); err != nil {
		return err
	}
	back, err := confine(ctx)
	if err != nil {
		return err
	}
	defer back()
	none := func() error { return nil }
	page := func(address, path string) (steadyLoad, error) {
		request := get(address, path)
		s := steadyLoad{address: address, settle: none, prepare: func(int) (func(c *client, i int) error, error) {
			return func(c *client, _ int) error { return c.skip(request) }, nil
		}}
		step, _ := s.prepare(0)
		o, err := load(ctx, address, steadyConnections, 1<<30, l.load, 0, step)
		s.most = o.rate() * 1.1
		return s, err
	}
	ours, err := page(p.address, noticePath)
	if err != nil {
		return err
	}
	theirs, err := page(n.address, "/page.html")
	if err != nil {
		return err
	}
	rate, err := ours.highest(ctx, l.load)
	if err != nil {
		return err
	}
	ceiling, err := theirs.highest(ctx, l.load)
	if err != nil {
		return err
	}
	const what = "notice page at a constant rate, one processor"
	t.add(what+", highest that holds", amount(rate)+" /s", "nginx: "+amount(ceiling), fmt.Sprintf("%.2f", rate/ceiling), "", noBar)
	return ours.below(ctx, t, what, rate, 3*l.load, "nginx", func(rate float64) ([]float64, error) {
		r, err := theirs.at(ctx, rate, 3*l.load)
		return r.latency, err
	})
}

// submitRates: portal, database and load share all processors.
func (l *bench) submitRates(ctx context.Context, t *table, database string) error {
	p, err := l.serve(ctx, database, false)
	if err != nil {
		return err
	}
	defer p.Stop()
	if err := lab.Settle(ctx, p.PID); err != nil {
		return err
	}
	ceiling, script, err := l.insertCeiling(ctx, "rates_ceiling")
	if err != nil {
		return err
	}
	db, err := l.pool(ctx, database, 1)
	if err != nil {
		return err
	}
	defer db.Close()
	s, err := l.steadySubmissions(ctx, p.address, database, comment.NewStore(db, db, l.keys, nil))
	if err != nil {
		return err
	}
	rate, err := s.highest(ctx, l.load)
	if err != nil {
		return err
	}
	const what = "submit at a constant rate"
	t.add(what+", highest that holds", amount(rate)+" /s", "", "", "", noBar)
	return s.below(ctx, t, what, rate, 3*l.load, "pgbench", func(rate float64) ([]float64, error) {
		return l.pgbenchPaced(ctx, ceiling, script, rate, 3*l.load)
	})
}

// steadySubmissions are submissions of checked forms.
func (l *bench) steadySubmissions(ctx context.Context, address, database string, store *comment.Store) (steadyLoad, error) {
	s := steadyLoad{address: address, settle: func() error { return waitSealed(ctx, l, database) }}
	s.prepare = func(n int) (func(c *client, i int) error, error) {
		requests, err := l.forms(store, address, n)
		return func(c *client, i int) error {
			status, err := c.status(requests[i])
			if err == nil && status != 303 {
				err = fmt.Errorf("submission: status %d", status)
			}
			return err
		}, err
	}
	n := max(int(8000*l.submits), 200)
	step, err := s.prepare(n)
	if err != nil {
		return s, err
	}
	o, err := load(ctx, address, steadyConnections, n, 2*l.load, 0, step)
	if err != nil {
		return s, err
	}
	s.most = o.rate() * 1.1
	return s, s.settle()
}

// insertCeiling makes the table of pgbench's inserts, and the script.
func (l *bench) insertCeiling(ctx context.Context, name string) (database, script string, err error) {
	if database, err = l.database(ctx, name); err != nil {
		return "", "", err
	}
	if err := l.exec(ctx, database, insertTable); err != nil {
		return "", "", err
	}
	script = filepath.Join(l.dir, "insert.sql")
	return database, script, os.WriteFile(script, []byte(l.insertScript()), 0o644)
}

// pgbenchPaced runs a script at a rate, its beginnings at random as pgbench has it, and returns the waiting of each
// transaction from when it was due, in ms.
func (l *bench) pgbenchPaced(ctx context.Context, database, script string, rate float64, d time.Duration) ([]float64, error) {
	name, err := lab.Tool("pgbench")
	if err != nil {
		return nil, err
	}
	dir, err := os.MkdirTemp(l.dir, "paced-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	_, err = lab.Output(ctx, nil, name, "-n", "-M", "prepared", "-f", script, "-c", strconv.Itoa(steadyConnections/2), "-j", "2",
		"-T", strconv.Itoa(int(d.Seconds())), "-R", strconv.FormatFloat(rate, 'f', 1, 64), "-l", "--log-prefix", filepath.Join(dir, "log"), database)
	if err != nil {
		return nil, err
	}
	logs, err := filepath.Glob(filepath.Join(dir, "log*"))
	if err != nil {
		return nil, err
	}
	var latency []float64
	for _, log := range logs {
		f, err := os.Open(log)
		if err != nil {
			return nil, err
		}
		defer f.Close()
		lines := bufio.NewScanner(f)
		for lines.Scan() { // client, transaction, µs from when it was due, script, …
			fields := strings.Fields(lines.Text())
			if len(fields) < 3 || fields[2] == "skipped" || fields[2] == "failed" {
				continue
			}
			micro, err := strconv.ParseFloat(fields[2], 64)
			if err != nil {
				return nil, fmt.Errorf("pgbench: log line not understood: %w", err)
			}
			latency = append(latency, micro/1000)
		}
		if err := lines.Err(); err != nil {
			return nil, err
		}
	}
	return latency, nil
}

// confine keeps this process to the second processor, until it is called back.
func confine(ctx context.Context) (back func(), err error) {
	if runtime.NumCPU() < 2 {
		return func() {}, nil
	}
	set := func(ctx context.Context, processors string) error {
		_, err := lab.Output(ctx, nil, "taskset", "-a", "-p", "-c", processors, strconv.Itoa(os.Getpid()))
		return err
	}
	if err := set(ctx, "1"); err != nil {
		return nil, err
	}
	return func() {
		if err := set(context.WithoutCancel(ctx), fmt.Sprintf("0-%d", runtime.NumCPU()-1)); err != nil {
			fmt.Fprintln(os.Stderr, "bench: to all processors again:", err)
		}
	}, nil
}
