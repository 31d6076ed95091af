package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"wenji/internal/audit"
	"wenji/internal/postgres"
	"wenji/internal/vault"

	"github.com/google/uuid"
)

const (
	recoverMost = 2 * time.Minute // from a fault to a whole cluster under load
	calmReceipt = 12              // comments acknowledged before the next fault
	calmMost    = 30 * time.Second
)

// drillRun is one cluster under load while it is harmed, and what came of it.
type drillRun struct {
	*cluster
	journal  *journal
	load     *load
	keys     *vault.KeyRing
	db       *postgres.DB       // the primary of the moment, with the rights of the portal
	before   map[uuid.UUID]bool // comments that were there before the load
	progress io.Writer
	began    time.Time // of the drill
	loaded   time.Time // when the load began

	anchors []audit.Anchor // where the record of acts ended after each fault: it must go on from there
	lost    map[uuid.UUID]bool
	said    map[string]bool // what was found wrong after the faults before
	results []result
}

// harm is one fault.
type harm struct {
	name   string
	what   string // what is done, for the table
	strike func(ctx context.Context, d *drillRun) error
	// wrong says what must not have been met meanwhile, beyond what must never be; nil adds nothing.
	wrong func(t tally) []string
}

func drill(ctx context.Context, args []string, out, progress io.Writer) error {
	var o options
	flags := o.flags("drill", progress)
	only := flags.String("only", "", "these faults alone, with commas: "+strings.Join(names(harms), ", "))
	control := flags.Bool("control", true, "drill an asynchronous cluster too, which must lose comments")
	if err := flags.Parse(args); err != nil {
		return err
	}
	if err := o.check(flags.Args()); err != nil {
		fmt.Fprintln(progress, "cluster:", err)
		return err
	}
	chosen, err := choose(*only)
	if err != nil {
		fmt.Fprintln(progress, "cluster:", err)
		return err
	}
	if err := ownMounts(progress); err != nil {
		return err
	}
	began := time.Now()
	main, err := runDrill(ctx, o, chosen, progress)
	if main != nil {
		main.print(out)
	}
	if err != nil || o.async || !*control {
		return errors.Join(err, main.red())
	}
	o.async = true
	if o.data != "" {
		o.data += "-asynchronous"
	}
	blind, err := runDrill(ctx, o, controls, progress)
	if err == nil {
		err = blind.printControl(out)
	}
	fmt.Fprintf(out, "\n%.0f s in all\n", time.Since(began).Seconds())
	return errors.Join(err, main.red())
}

func names(list []harm) []string {
	all := make([]string, len(list))
	for i, h := range list {
		all[i] = h.name
	}
	return all
}

func choose(only string) ([]harm, error) {
	if only == "" {
		return harms, nil
	}
	var chosen []harm
	for name := range strings.SplitSeq(only, ",") {
		i := slices.IndexFunc(harms, func(h harm) bool { return h.name == strings.TrimSpace(name) })
		if i < 0 {
			return nil, fmt.Errorf("%w: there is no fault %q; there are %s", errUsage, name, strings.Join(names(harms), ", "))
		}
		chosen = append(chosen, harms[i])
	}
	return chosen, nil
}

// runDrill starts a cluster, does one fault after another to it under load, and ends it. The error is of a drill that
// could not be carried through; what it found wrong is in the results.
func runDrill(ctx context.Context, o options, list []harm, progress io.Writer) (d *drillRun, err error) {
	d = &drillRun{progress: progress, began: time.Now(), lost: make(map[uuid.UUID]bool), said: make(map[string]bool)}
	o.disk = diskOfNode
	if d.cluster, err = startCluster(ctx, o, progress); err != nil {
		return nil, err
	}
	defer func() {
		d.say("ending everything")
		err = errors.Join(err, d.close())
	}()
	if err := d.begin(ctx); err != nil {
		return d, err
	}
	working, drop := context.WithCancel(ctx)
	defer func() { // before the cluster ends
		drop()
		d.load.working.Wait()
	}()
	d.loaded = time.Now()
	d.load.start(working)
	for _, h := range list {
		if err := d.round(ctx, h); err != nil {
			return d, fmt.Errorf("%s: %w", h.name, err)
		}
	}
	d.say("letting everybody come to an end")
	if err := d.load.stop(); err != nil {
		return d, err
	}
	return d, d.last(ctx)
}

func (d *drillRun) say(what string) {
	fmt.Fprintf(d.progress, "%3.0f s  %s\n", time.Since(d.began).Seconds(), what)
}

// begin makes the journal and the senders, and looks at what is there.
func (d *drillRun) begin(ctx context.Context) (err error) {
	if d.keys, err = vault.Load(d.keysFile); err != nil {
		return err
	}
	if d.journal, err = newJournal(filepath.Join(d.dir, "journal")); err != nil {
		return err
	}
	if d.load, err = newLoad("http://"+d.balancer, d.keys, d.journal); err != nil {
		return err
	}
	d.db, err = postgres.Open(ctx, d.url("postgres", d.secrets.superuser, "wenji"), postgres.Options{Name: "wenji drill", MaxConns: 2})
	if err != nil {
		return err
	}
	rows, err := d.rows(ctx)
	if err != nil {
		return err
	}
	d.before = make(map[uuid.UUID]bool, len(rows))
	for _, r := range rows {
		d.before[r.ID] = true
	}
	return nil
}

// close ends the cluster and what the drill holds open.
func (d *drillRun) close() error {
	var err error
	if d.journal != nil {
		err = d.journal.close()
	}
	if d.db != nil {
		d.db.Close()
	}
	return errors.Join(err, d.cluster.close())
}

// round does one fault and judges what came of it once the cluster is whole again.
func (d *drillRun) round(ctx context.Context, h harm) error {
	if err := d.calm(ctx); err != nil {
		return fmt.Errorf("before it: %w", err)
	}
	d.say(h.name + ": " + h.what)
	from := time.Now()
	struck := h.strike(ctx, d)
	if err := ctx.Err(); err != nil {
		return err
	}
	if err := d.calm(ctx); err != nil {
		return errors.Join(struck, fmt.Errorf("afterwards: %w", err))
	}
	r, err := d.judge(ctx, h, from, time.Now())
	if err != nil {
		return errors.Join(struck, err)
	}
	r.wrong = slices.DeleteFunc(r.wrong, func(w string) bool { return d.said[w] }) // what an earlier fault left behind
	for _, w := range r.wrong {
		d.said[w] = true
	}
	if struck != nil { // of this fault, also when another one ended like it
		r.wrong = append(r.wrong, struck.Error())
	}
	for _, w := range r.wrong {
		d.say("  " + w)
	}
	d.results = append(d.results, r)
	return d.load.fault()
}

// judge compares journal and tables, and counts what was met between the two instants.
func (d *drillRun) judge(ctx context.Context, h harm, from, to time.Time) (result, error) {
	r := result{name: h.name, what: h.what}
	lines, v, err := d.compare(ctx)
	if err != nil {
		return r, err
	}
	r.verdict = v
	r.tally = count(lines, from, to)
	r.views = d.load.failedViews(from, to)
	for _, form := range v.lost {
		if !d.lost[form] {
			d.lost[form] = true
			r.newlyLost++
		}
	}
	r.wrong = v.faults()
	if r.tally.raw > 0 {
		r.wrong = append(r.wrong, fmt.Sprintf("%d answers of 5xx did not say what became of the words", r.tally.raw))
	}
	if r.tally.silent > 0 {
		r.wrong = append(r.wrong, fmt.Sprintf("%d forms got no answer", r.tally.silent))
	}
	if h.wrong != nil {
		r.wrong = append(r.wrong, h.wrong(r.tally)...)
	}
	books, err := d.books(ctx)
	r.wrong = append(r.wrong, books...)
	return r, err
}

// last judges everything once more, with nobody at work.
func (d *drillRun) last(ctx context.Context) error {
	if err := d.calmNodes(ctx); err != nil {
		return err
	}
	if err := d.sealed(ctx); err != nil {
		return err
	}
	r, err := d.judge(ctx, harm{name: "all", what: "from the first form to the last answer"}, d.loaded, time.Now())
	r.newlyLost = len(r.lost)
	d.results = append(d.results, r)
	return err
}
