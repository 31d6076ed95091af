package main

import (
	"context"
	"fmt"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"wenji/internal/comment"
	"wenji/internal/lab"

	"github.com/jackc/pgx/v5"
)

// measureCitizens starts a portal on the full database and has citizens come to it: how soon it answers, what it holds, the
// highest rate of a mixed load, and what becomes of far too many at once.
func measureCitizens(ctx context.Context, l *bench, t *table) error {
	f, err := l.full(ctx, l.rows)
	if err != nil {
		return err
	}
	if err := f.startUp(ctx, t); err != nil {
		return fmt.Errorf("start-up: %w", err)
	}
	p, err := f.open(ctx, "WENJI_TRUSTED_PROXIES=127.0.0.1")
	if err != nil {
		return err
	}
	defer p.Stop()
	rest, err := idleMemory(ctx, p)
	if err != nil {
		return err
	}
	t.atMost("memory of the portal at rest", "MB", rest, "", 40)
	a, err := f.choose(ctx, p)
	if err != nil {
		return err
	}
	s := a.mixedLoad()
	if err := a.mixedRates(ctx, t, s); err != nil {
		return fmt.Errorf("citizens at a constant rate: %w", err)
	}
	peak, err := lab.Memory(p.PID, "VmHWM")
	if err != nil {
		return err
	}
	t.atMost("memory of the portal at its peak meanwhile", "MB", peak, "at rest: "+amount(rest)+" MB", 96)
	if err := a.tooMany(ctx, t); err != nil {
		return fmt.Errorf("256 connections: %w", err)
	}
	peak, err = lab.Memory(p.PID, "VmHWM")
	t.add("memory of the portal at its peak then", amount(peak)+" MB", "", "", "", noBar)
	return err
}

// startUp adds how long it takes from the start of the program until it is ready.
func (f *full) startUp(ctx context.Context, t *table) error {
	r := runs{}
	for range f.rounds {
		took, err := timed(func() error {
			_, err := lab.Output(ctx, nil, f.program, "version")
			return err
		})
		if err != nil {
			return err
		}
		r.add("version", took)
		began := time.Now()
		p, err := f.launch(&portal{}, false, []string{"WENJI_DATABASE_URL=" + f.database}, func(string) []string { return []string{"serve"} })
		if err != nil {
			return err
		}
		err = ready(ctx, p)
		r.add("ready", millis(time.Since(began)))
		p.Stop()
		if err != nil {
			return err
		}
	}
	t.add("from the start of the program until it is ready", amount(r.median("ready"))+" ms",
		"the program that only tells its version: "+amount(r.median("version"))+" ms", "", "", noBar)
	return nil
}

// ready asks a portal every other millisecond.
func ready(ctx context.Context, p *portal) error {
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	for {
		if _, err := ask(ctx, p.address, get(p.address, "/readyz")); err == nil {
			return nil
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-p.Ended():
			return fmt.Errorf("the portal ended at its start")
		case <-time.After(2 * time.Millisecond):
		}
	}
}

// mixedLoad is what citizens do: of a hundred requests 55 are notices, 10 drafts, 10 lists of comments, 10 single comments,
// 5 forms with their pictures, 4 look-ups of a status and 6 submissions, over all consultations. Each comes from another
// address.
func (a *asked) mixedLoad() steadyLoad {
	store := comment.NewStore(a.db, a.db, a.keys, nil)
	return steadyLoad{address: a.address, settle: func() error { return waitSealed(context.Background(), a.bench, a.database) },
		prepare: func(n int) (func(c *client, i int) error, error) {
			submissions, err := a.forms(store, a.address, n*6/100+6)
			var submitted atomic.Int64
			return func(c *client, i int) error {
				from := fmt.Sprintf("X-Forwarded-For: 10.%d.%d.%d", i>>16&255, i>>8&255, i&255)
				one := a.one(i * 7)
				notice := "/consultations/" + one.ConsultationID
				switch kind := i * 37 % 100; {
				case kind < 55:
					return c.skip(get(a.address, notice, from))
				case kind < 65:
					return c.skip(get(a.address, notice+"/draft", from))
				case kind < 75:
					return c.skip(get(a.address, notice+"/comments", from))
				case kind < 85:
					return c.skip(get(a.address, fmt.Sprintf("%s/comments/%d", notice, one.Number), from))
				case kind < 90:
					return formAndPicture(c, from)
				case kind < 94:
					known := a.receipts[i%len(a.receipts)]
					return see(c, post(a.address, "/status", "code="+known.code+"&phone_tail="+known.tail, from))
				}
				return see(c, submissions[int(submitted.Add(1)-1)%len(submissions)])
			}, err
		}}
}

// see sends a request that is answered with 303.
func see(c *client, request []byte) error {
	status, err := c.status(request)
	if err == nil && status != http.StatusSeeOther {
		err = fmt.Errorf("status %d", status)
	}
	return err
}

func formAndPicture(c *client, from string) error {
	form, err := c.do(get(c.address, formPath, from))
	if err != nil {
		return err
	}
	token := hidden(form.body, "captcha_token")
	if form.status != http.StatusOK || token == "" {
		return fmt.Errorf("form: status %d", form.status)
	}
	return c.skip(get(c.address, "/captcha/"+token+".png", from))
}

func (a *asked) mixedRates(ctx context.Context, t *table, s steadyLoad) error {
	n := max(int(40_000*a.submits), 2000)
	step, err := s.prepare(n)
	if err != nil {
		return err
	}
	o, err := load(ctx, a.address, steadyConnections, n, a.load, 0, step)
	if err != nil {
		return err
	}
	s.most = o.rate() * 1.1
	rate, err := s.highest(ctx, a.load)
	if err != nil {
		return err
	}
	const what = "citizens at a constant rate"
	t.add(what+" (55 % notices, 6 % submissions, the rest drafts, lists, comments, forms, look-ups), highest that holds",
		amount(rate)+" /s", "closed loop, c=64: "+amount(o.rate()), "", "", noBar)
	return s.below(ctx, t, what, rate, 3*a.load, "", nil)
}

// tooMany has 256 connections ask for pages that need the database, as fast as they are answered.
func (a *asked) tooMany(ctx context.Context, t *table) error {
	const connections = 256
	var mu sync.Mutex
	answers := make(map[string]int)
	most, end := a.watchConnections(ctx)
	paths := []string{"/comments?sort=newest", fmt.Sprintf("/comments?after=%d", a.last/2), "/comments?q=%E5%BB%BA%E8%AE%AE"}
	o, err := load(ctx, a.address, connections, 1<<30, 2*a.load, 0, func(c *client, i int) error {
		got, err := c.raw(get(a.address, "/consultations/"+a.largest+paths[i%len(paths)]))
		kind := fmt.Sprint(got.status)
		if got.status == http.StatusServiceUnavailable && got.header.Get("Retry-After") != "" {
			kind = "503 with Retry-After"
		}
		mu.Lock()
		defer mu.Unlock()
		answers[kind]++
		return err
	})
	end()
	if err != nil {
		return err
	}
	served, refused := answers["200"], answers["503 with Retry-After"]
	wrong := o.done - served - refused
	t.add(fmt.Sprintf("%d connections at once for pages from the database: neither a page nor 503 with Retry-After", connections), fmt.Sprint(wrong),
		fmt.Sprintf("pages: %s (%s/s, p99 %s ms), 503 with Retry-After: %s", amount(float64(served)), amount(rate(served, o.took)), amount(quantile(o.latency, 0.99)), amount(float64(refused))),
		"", "0", judge(wrong == 0))
	t.add("connections of the portal to the database meanwhile, at most", fmt.Sprint(most()), "", "", "≤ 16", judge(most() <= 16))
	return nil
}

// watchConnections looks at how many connections portals have, until end.
func (f *full) watchConnections(ctx context.Context) (most func() int, end func()) {
	ctx, stop := context.WithCancel(ctx)
	ended := make(chan struct{})
	var highest atomic.Int64
	go func() {
		defer close(ended)
		conn, err := pgx.Connect(ctx, f.database)
		if err != nil {
			return
		}
		defer conn.Close(context.WithoutCancel(ctx))
		for {
			var n int64
			err := conn.QueryRow(ctx, `
				SELECT count(*) FROM pg_stat_activity
				 WHERE datname = current_database() AND application_name LIKE 'wenji%' AND application_name <> 'wenji bench'`).Scan(&n)
			if err != nil {
				return
			}
			highest.Store(max(highest.Load(), n))
			select {
			case <-ctx.Done():
				return
			case <-time.After(50 * time.Millisecond):
			}
		}
	}()
	return func() int { return int(highest.Load()) }, func() { stop(); <-ended }
}
