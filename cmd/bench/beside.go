package main

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"wenji/internal/comment"
	"wenji/internal/export"
	"wenji/internal/lab"
	"wenji/internal/postgres"

	"github.com/jackc/pgx/v5"
)

const (
	besideClients = 32               // submit at the same time, beside other work
	besideMost    = 10 * time.Minute // the whole part
)

// measureBeside submits into the full database alone, while an export is made, while personal data is erased, and with and
// without the search being written beside.
func measureBeside(ctx context.Context, l *bench, t *table) error {
	f, err := l.full(ctx, l.rows)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeoutCause(ctx, besideMost, fmt.Errorf("not done after %s", besideMost))
	defer cancel()
	p, err := f.open(ctx)
	if err != nil {
		return err
	}
	b := &besides{full: f, portal: p, store: comment.NewStore(f.db, f.db, f.keys, nil), runs: runs{}}
	if err = b.rounds(ctx); err == nil {
		b.report(t)
		err = b.lag(ctx, t)
	}
	p.Stop()
	if err == nil {
		err = f.measureIndexing(ctx, t)
	}
	if err != nil && ctx.Err() != nil {
		err = fmt.Errorf("%w: %w", context.Cause(ctx), err)
	}
	return err
}

type besides struct {
	*full
	portal *portal
	store  *comment.Store
	runs   runs
}

func (b *besides) rounds(ctx context.Context) error {
	browser, err := b.browser(ctx, b.portal, "发布员")
	if err != nil {
		return err
	}
	for range b.full.rounds {
		if err := b.during(ctx, "alone", nil); err != nil {
			return err
		}
		err := b.during(ctx, "export", func(ctx context.Context) error {
			return b.download(ctx, browser, b.portal, export.CSV, runs{})
		})
		if err != nil {
			return fmt.Errorf("beside an export: %w", err)
		}
		if err := b.exported(ctx); err != nil {
			return err
		}
		if err := b.during(ctx, "purge", b.purge); err != nil {
			return fmt.Errorf("beside a purge: %w", err)
		}
	}
	return nil
}

// exported waits until no export is being made: the last one was not waited for.
func (b *besides) exported(ctx context.Context) error {
	for {
		var open bool
		err := b.db.QueryRow(ctx, `SELECT EXISTS (SELECT FROM export WHERE state IN ('queued', 'running'))`).Scan(&open)
		if err != nil || !open {
			return err
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(lookAgain):
		}
	}
}

// during submits while other work goes on, which is begun again as often as it ends; nil: alone.
func (b *besides) during(ctx context.Context, name string, other func(ctx context.Context) error) error {
	n := max(int(12_000*b.submits), 400)
	requests, err := b.forms(b.store, b.portal.address, n)
	if err != nil {
		return err
	}
	working, stop := context.WithCancel(ctx)
	defer stop()
	ended := make(chan error, 1)
	go func() {
		var err error
		for other != nil && err == nil && working.Err() == nil {
			err = other(working)
		}
		if working.Err() != nil { // cut short, as it should be
			err = nil
		}
		ended <- err
	}()
	o, err := load(ctx, b.portal.address, besideClients, n, b.load, 0, func(c *client, i int) error { return see(c, requests[i]) })
	stop()
	err = errors.Join(err, <-ended)
	if err != nil {
		return err
	}
	b.runs.add(name, o.rate())
	b.runs.add(name+" p50", quantile(o.latency, 0.5))
	b.runs.add(name+" p99", quantile(o.latency, 0.99))
	fmt.Fprintf(b.progress, "       beside (%s): %s submissions/s\n", name, amount(o.rate()))
	if err := b.readBehind(ctx); err != nil { // so that the next run finds what this one has found
		return err
	}
	return waitSealed(ctx, b.bench, b.database)
}

// purge erases the personal data of a consultation whose term is over, by the command that an administrator types. Each time
// it is another one, of those with the most comments; what was cut short before is gone on with.
func (b *besides) purge(ctx context.Context) error {
	if err := b.concludeOne(ctx); err != nil {
		return fmt.Errorf("choose what to erase: %w", err)
	}
	began, before := time.Now(), 0
	if err := b.db.QueryRow(ctx, erasedSQL).Scan(&before); err != nil {
		return err
	}
	_, err := lab.Output(ctx, []string{"WENJI_DATABASE_URL=" + b.database, "WENJI_KEYS_FILE=" + b.keysFile}, b.program, "purge", "--yes")
	took, after := time.Since(began), 0
	if err := b.db.QueryRow(context.WithoutCancel(ctx), erasedSQL).Scan(&after); err != nil {
		return err
	}
	b.runs.add("purge rate", rate(after-before, took))
	return err
}

const erasedSQL = `SELECT coalesce(sum(through), 0) FROM erasure WHERE comment_id IS NULL`

// concludeOne makes a large consultation one whose result was published years ago.
func (f *full) concludeOne(ctx context.Context) error {
	return f.asOwner(ctx, func(conn *pgx.Conn) error {
		_, err := conn.Exec(ctx, `
			UPDATE consultation
			   SET concluded_on = '2020-01-01', result_on = '2020-01-01'
			 WHERE id = (SELECT c.id FROM consultation c JOIN comment_count k ON k.consultation_id = c.id
			              WHERE c.id NOT IN ($1, $2) AND c.concluded_on IS DISTINCT FROM '2020-01-01'
			              ORDER BY k.last_number DESC LIMIT 1)`, f.largest, consultationID)
		return err
	})
}

func (b *besides) report(t *table) {
	told := func(name string) string {
		return fmt.Sprintf("%s /s (p50 %s, p99 %s ms)", amount(b.runs.median(name)), amount(b.runs.median(name+" p50")), amount(b.runs.median(name+" p99")))
	}
	alone := b.runs.median("alone")
	what := fmt.Sprintf("submit into %s comments until commit, c=%d", amount(float64(b.comments)), besideClients)
	t.add(what, told("alone"), "", "", "", noBar)
	for _, other := range []struct{ name, what string }{{"export", "while the largest consultation is exported"}, {"purge", "while personal data is erased"}} {
		t.add("the same "+other.what, told(other.name), "alone: "+amount(alone), fmt.Sprintf("%.2f", b.runs.median(other.name)/alone), "", noBar)
	}
	t.add("comments whose personal data is erased meanwhile", amount(b.runs.median("purge rate"))+" /s", "", "", "", noBar)
}

// lag offers a thousand submissions a second, or what the machine can bear, and watches how old the oldest comment is that
// the search has not read.
func (b *besides) lag(ctx context.Context, t *table) error {
	wanted := min(1000, 0.8*b.runs.median("alone"))
	s := steadyLoad{address: b.portal.address, settle: func() error { return nil },
		prepare: func(n int) (func(c *client, i int) error, error) {
			requests, err := b.forms(b.store, b.portal.address, n)
			return func(c *client, i int) error { return see(c, requests[i]) }, err
		}}
	watching, stop := context.WithCancel(ctx)
	oldest := make(chan float64, 1)
	go func() {
		most := 0.0
		for watching.Err() == nil {
			var age float64
			err := b.db.QueryRow(watching, `
				SELECT coalesce(extract(epoch FROM clock_timestamp() - min(c.received_at)), 0)::float8
				  FROM comment c JOIN comment_search_mark m ON m.consultation_id = c.consultation_id
				 WHERE c.consultation_id = $1 AND c.number > m.number`, consultationID).Scan(&age)
			if err == nil { // else it was cut short at the end
				most = max(most, age)
			}
			time.Sleep(50 * time.Millisecond)
		}
		oldest <- most
	}()
	r, err := s.at(ctx, wanted, 3*b.load)
	stop()
	age := <-oldest
	if err != nil {
		return err
	}
	t.atMost(fmt.Sprintf("search behind submissions at %s/s, at most", amount(wanted)), "s", age,
		fmt.Sprintf("submissions meanwhile: %s; %d failed", quantiles(r.latency), r.failed), 5)
	return waitSealed(ctx, b.bench, b.database)
}

// measureIndexing submits in this process, with the search being written beside and without, in turn.
func (f *full) measureIndexing(ctx context.Context, t *table) error {
	r := runs{}
	for range max(f.rounds, 2) {
		for _, indexed := range []bool{false, true} {
			perSecond, err := f.submitInProcess(ctx, indexed)
			if err != nil {
				return err
			}
			r.add(fmt.Sprint(indexed), perSecond)
		}
	}
	with, without := r.median("true"), r.median("false")
	t.add("submit in process with the search written beside, c=32", amount(with)+" /s", "without: "+amount(without),
		fmt.Sprintf("%.2f", with/without), "≥ 0.85", judge(with/without >= 0.85))
	return nil
}

func (f *full) submitInProcess(ctx context.Context, indexed bool) (perSecond float64, err error) {
	writing, err := postgres.Open(ctx, f.database, postgres.Options{Name: "wenji bench", MaxConns: 3})
	if err != nil {
		return 0, err
	}
	defer writing.Close()
	drafts := make([]comment.Draft, max(int(16_000*f.submits), 400))
	for i := range drafts {
		if drafts[i], err = f.draft(); err != nil {
			return 0, err
		}
	}
	store := comment.NewStore(f.db, writing, f.keys, nil)
	background, stop := context.WithCancel(ctx)
	var work, all sync.WaitGroup
	work.Go(func() { store.Run(background) })
	if indexed {
		work.Go(func() { store.Index(background) })
	}
	defer func() { stop(); work.Wait() }()
	var mu sync.Mutex
	done, next := 0, make(chan comment.Draft, len(drafts))
	for _, d := range drafts {
		next <- d
	}
	close(next)
	began := time.Now()
	for range besideClients {
		all.Go(func() {
			for d := range next {
				if time.Since(began) > f.load {
					return
				}
				_, fault := store.Submit(ctx, d)
				mu.Lock()
				if fault == nil {
					done++
				}
				err = errors.Join(err, fault)
				mu.Unlock()
			}
		})
	}
	all.Wait()
	return rate(done, time.Since(began)), err
}
