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
	"syscall"
	"time"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := run(ctx, os.Args[1:], os.Stdout, os.Stderr)
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
	rows    int           // comments for the desk and the export; half of them wait
	submits float64       // share of the full number of submissions
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
	{"desk", measureDesk},
	{"export", measureExport},
}

func run(ctx context.Context, args []string, out, progress io.Writer) error {
	o := options{rounds: 3, load: 3 * time.Second, rows: 100_000, submits: 1}
	flags := flag.NewFlagSet("bench", flag.ContinueOnError)
	flags.SetOutput(progress)
	quick := flags.Bool("quick", false, "one short round of everything, about a minute: shows that all works, measures little")
	only := flags.String("only", "", "run this part alone: pages, renders, submit, rates, desk or export")
	if err := flags.Parse(args); err != nil {
		return err
	}
	if *quick {
		o.rounds, o.load, o.rows, o.submits = 1, time.Second, 20_000, 0.2
	}
	began := time.Now()
	fmt.Fprintln(progress, "starting PostgreSQL and building the portal")
	l, err := newBench(ctx, o)
	if err != nil {
		return err
	}
	defer l.close()
	t := &table{}
	machine := describeMachine(ctx, l)
	for _, p := range parts {
		if *only != "" && *only != p.name {
			continue
		}
		fmt.Fprintf(progress, "%3.0f s  measuring %s\n", time.Since(began).Seconds(), p.name)
		if err := p.run(ctx, l, t); err != nil {
			t.print(out)
			return fmt.Errorf("%s: %w", p.name, err)
		}
	}
	fmt.Fprintf(out, "%s\nmedians of %d interleaved rounds; %.0f s in all\n\n", machine, o.rounds, time.Since(began).Seconds())
	t.print(out)
	return nil
}
