// Command bench measures the portal on this machine and prints each figure beside a ceiling taken in the same run: nginx
// for pages, pgbench for writing, psql COPY for exports.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"slices"
	"strings"
	"syscall"
	"time"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	bare, err := runBare(os.Args[1:])
	if !bare {
		err = run(ctx, os.Args[1:], os.Stdout, os.Stderr)
	}
	stop()
	switch {
	case errors.Is(err, flag.ErrHelp):
		os.Exit(2)
	case err != nil:
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

// options of a run.
type options struct {
	rounds  int           // of each interleaved pair
	load    time.Duration // of one run of a load generator
	rows    int           // comments of the full database
	submits float64       // share of the full number of submissions
	plots   string        // folder for the pictures of growth; empty: none are written
}

// part is one group of figures. Parts run one after another, each with the servers it needs.
type part struct {
	name string
	run  func(ctx context.Context, l *bench, t *table) error
}

var parts = []part{
	{"pages", measurePages},
	{"renders", measureRenders},
	{"submit", measureSubmit},
	{"rates", measureRates},
	{"desk", reading("desk", measureClaims)},
	{"public", reading("public", nil)},
	{"search", reading("search", nil)},
	{"growth", measureGrowth}, // before the parts that store and erase much
	{"citizens", measureCitizens},
	{"export", measureExport},
	{"beside", measureBeside},
}

func partNames() string {
	names := make([]string, len(parts))
	for i, p := range parts {
		names[i] = p.name
	}
	return strings.Join(names, ", ")
}

// readOptions reads the command line.
func readOptions(args []string, progress io.Writer) (o options, chosen []part, err error) {
	flags := flag.NewFlagSet("bench", flag.ContinueOnError)
	flags.SetOutput(progress)
	flags.IntVar(&o.rows, "rows", 1_000_000, "comments of the full database, at least 10,000")
	flags.StringVar(&o.plots, "plots", "", "write the pictures of growth into this folder")
	only := flags.String("only", "", "run these parts alone, separated by commas: "+partNames())
	quick := flags.Bool("quick", false, "one short round of everything on 10,000 comments: shows that all works, measures little")
	if err := flags.Parse(args); err != nil {
		return o, nil, err
	}
	o.rounds, o.load, o.submits = 3, 3*time.Second, 1
	if *quick {
		o.rounds, o.load, o.rows, o.submits = 1, time.Second, rowsLeast, 0.2
	}
	if flags.NArg() > 0 {
		return o, nil, fmt.Errorf("%q is not understood", flags.Arg(0))
	}
	if o.rows < rowsLeast {
		return o, nil, fmt.Errorf("-rows: at least %d", rowsLeast)
	}
	if *only == "" {
		return o, parts, nil
	}
	for name := range strings.SplitSeq(*only, ",") {
		at := slices.IndexFunc(parts, func(p part) bool { return p.name == name })
		if at < 0 {
			return o, nil, fmt.Errorf("-only: there is no part %q; there are %s", name, partNames())
		}
		chosen = append(chosen, parts[at])
	}
	return o, chosen, nil
}

const rowsLeast = 10_000

// checkPlots makes the folder of the pictures and sees that they can be written into it: at the beginning, as they come at
// the end of twenty minutes.
func (o options) checkPlots() error {
	if o.plots == "" {
		return nil
	}
	if err := os.MkdirAll(o.plots, 0o755); err != nil {
		return fmt.Errorf("-plots: %w", err)
	}
	trial, err := os.CreateTemp(o.plots, "growth-*.svg")
	if err != nil {
		return fmt.Errorf("-plots: %w", err)
	}
	return errors.Join(trial.Close(), os.Remove(trial.Name()))
}

func run(ctx context.Context, args []string, out, progress io.Writer) error {
	o, chosen, err := readOptions(args, progress)
	if err != nil {
		return err
	}
	if err := o.checkPlots(); err != nil {
		return err
	}
	began := time.Now()
	fmt.Fprintln(progress, "starting PostgreSQL and building the portal")
	l, err := newBench(ctx, o, progress)
	if err != nil {
		return err
	}
	defer l.close()
	t := &table{}
	machine := describeMachine(ctx, l)
	var failed error
	for _, p := range chosen {
		fmt.Fprintf(progress, "%4.0f s  measuring %s\n", time.Since(began).Seconds(), p.name)
		if err := p.run(ctx, l, t); err != nil {
			err = fmt.Errorf("%s: %w", p.name, err)
			fmt.Fprintln(progress, "bench:", err)
			failed = errors.Join(failed, err)
		}
		if ctx.Err() != nil {
			break
		}
	}
	fmt.Fprintf(out, "%s\nmedians of %d interleaved rounds; %s%.0f s in all\n\n", machine, o.rounds, l.filledIn(), time.Since(began).Seconds())
	t.print(out)
	return failed
}
