package main

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"time"
)

// costMost is how long the repetitions of one cost may take.
const costMost = 4 * time.Second

// measurePart measures the costs of a part on the full database, in turn with bare statements and pages, and adds their rows.
func (a *asked) measurePart(ctx context.Context, t *table, part string) error {
	c, err := dial(ctx, a.address)
	if err != nil {
		return err
	}
	defer c.close()
	for _, one := range a.costs() {
		if one.part != part {
			continue
		}
		r := runs{}
		if err := a.repeat(ctx, one, c, 60*a.rounds, r); err != nil {
			return fmt.Errorf("%s: %w", one.name, err)
		}
		addCost(t, one, r)
	}
	return nil
}

// repeat does a cost n times, unless that takes too long; c may be nil.
func (a *asked) repeat(ctx context.Context, one cost, c *client, n int, r runs) error {
	for i, began := 0, time.Now(); i < n && (i < 3 || time.Since(began) < costMost); i++ {
		took, err := timed(func() error { return one.run(ctx, i) })
		if err != nil {
			return err
		}
		r.add("query", took)
		if c == nil {
			continue
		}
		if took, err = timed(func() error { return a.bare(ctx, one.bare, one.bareArg(i)...) }); err != nil {
			return err
		}
		r.add("bare", took)
		if one.page == nil {
			continue
		}
		took, err = timed(func() error {
			got, err := c.raw(one.page(i))
			if err == nil && got.status != http.StatusOK && got.status != http.StatusSeeOther {
				err = fmt.Errorf("status %d", got.status)
			}
			return err
		})
		if err != nil {
			return err
		}
		r.add("page", took)
	}
	return nil
}

// timed is how long f takes, in ms.
func timed(f func() error) (float64, error) {
	began := time.Now()
	err := f()
	return millis(time.Since(began)), err
}

// bare runs a statement and reads its rows.
func (f *full) bare(ctx context.Context, sql string, args ...any) error {
	rows, err := f.db.Query(ctx, sql, args...)
	if err != nil {
		return err
	}
	for rows.Next() {
		if _, err := rows.Values(); err != nil {
			return err
		}
	}
	return rows.Err()
}

func addCost(t *table, one cost, r runs) {
	row := func(name, of, beside string, bar float64) {
		measured := fmt.Sprintf("%s ms (p50 %s)", amount(quantile(r[of], 0.99)), amount(r.median(of)))
		ratio := ""
		if of == "query" {
			ratio = fmt.Sprintf("%.1f", r.median(of)/r.median("bare"))
		}
		if bar == 0 {
			t.add(name, measured, beside, ratio, "", noBar)
			return
		}
		t.add(name, measured, beside, ratio, "≤ "+amount(bar)+" ms", judge(quantile(r[of], 0.99) <= bar))
	}
	row(one.name+", p99", "query", "bare SQL: p50 "+amount(r.median("bare"))+" ms", one.bar)
	if len(r["page"]) > 0 {
		row("the same over HTTP, p99", "page", "its queries: p50 "+amount(r.median("query"))+" ms", one.pageBar)
	}
}

// reading is a part that reads the full database.
func reading(part string, more func(ctx context.Context, a *asked, t *table) error) func(ctx context.Context, l *bench, t *table) error {
	return func(ctx context.Context, l *bench, t *table) error {
		f, err := l.full(ctx, l.rows)
		if err != nil {
			return err
		}
		p, err := f.open(ctx)
		if err != nil {
			return err
		}
		defer p.Stop()
		a, err := f.choose(ctx, p)
		if err != nil {
			return err
		}
		if err := a.measurePart(ctx, t, part); err != nil || more == nil {
			return err
		}
		return more(ctx, a, t)
	}
}

// browser signs a member in, once in a run: sessions are in the database.
func (f *full) browser(ctx context.Context, p *portal, role string) (*http.Client, error) {
	if b, ok := f.browsers[role]; ok {
		return b, nil
	}
	b, err := signIn(ctx, p, role)
	if err == nil {
		f.browsers[role] = b
	}
	return b, err
}

// cookies are what a browser sends to an address.
func cookies(browser *http.Client, address string) (string, error) {
	r, err := http.NewRequest(http.MethodGet, "http://"+address+"/staff", nil)
	if err != nil {
		return "", err
	}
	for _, c := range browser.Jar.Cookies(&url.URL{Scheme: "http", Host: address, Path: "/staff"}) {
		r.AddCookie(c)
	}
	return r.Header.Get("Cookie"), nil
}
