package main

import (
	"errors"
	"fmt"
	"io"
	"time"
)

// result is what one fault brought.
type result struct {
	name, what string
	verdict
	tally
	newlyLost int      // acknowledged, and missing for the first time after this fault
	views     int      // pages read in vain
	wrong     []string // what must not be
}

const tableHead = `
| fault | what was done | acknowledged | lost | refused yet stored | stored twice | longest gap | sent again | honest pages | other 5xx | no answer | pages not read | |
|---|---|---|---|---|---|---|---|---|---|---|---|---|
`

func (r result) row() string {
	mark := "ok"
	if len(r.wrong) > 0 {
		mark = "**WRONG**"
	}
	return fmt.Sprintf("| %s | %s | %d | %d | %d | %d | %.1f s | %d | %d | %d | %d | %d | %s |\n", r.name, r.what, r.receipts, r.newlyLost,
		len(r.refusedStored), len(r.twice), r.gap.Seconds(), r.again, r.honest, r.raw, r.silent, r.views, mark)
}

// print writes the table, and below it what is wrong.
func (d *drillRun) print(out io.Writer) {
	fmt.Fprint(out, "\n", d.describeDrill(), "\n", tableHead)
	for _, r := range d.results {
		fmt.Fprint(out, r.row())
	}
	for _, r := range d.results {
		for _, w := range r.wrong {
			fmt.Fprintf(out, "\n%s: %s", r.name, w)
		}
	}
	if n := len(d.results); n > 0 && d.results[n-1].name == "all" {
		all := d.results[n-1]
		fmt.Fprintf(out, "\n%d comments acknowledged, %d stored, %d forms refused as they had to be, %d pages read; record of acts whole to place %d\n",
			all.verdict.acknowledged, all.stored, all.refusals, d.load.viewed, d.anchors[len(d.anchors)-1].Position)
	}
	fmt.Fprintln(out)
}

func (d *drillRun) describeDrill() string {
	mode := "a commit waits until one standby has it on disk, and without any standby nothing commits"
	if d.async {
		mode = "asynchronous: a commit waits for no standby"
	}
	return fmt.Sprintf("%d replicas behind HAProxy, %d PostgreSQL under Patroni (%s); %d citizens; %s", len(d.replicas), len(d.nodes), mode, citizens,
		time.Now().Format(time.DateOnly))
}

var errRed = errors.New("the drill found faults, see above")

// red is an error when anything was wrong.
func (d *drillRun) red() error {
	if d == nil {
		return nil
	}
	for _, r := range d.results {
		if len(r.wrong) > 0 {
			return errRed
		}
	}
	return nil
}

// printControl writes what the same loss of a machine does to a cluster that acknowledges before a standby has the
// comment. It must be noticed, else the drill notices nothing.
func (d *drillRun) printControl(out io.Writer) error {
	lost := 0
	fmt.Fprint(out, "\n", "Control: ", d.describeDrill(), "\n", tableHead)
	for _, r := range d.results {
		fmt.Fprint(out, r.row())
		lost = max(lost, len(r.lost))
	}
	if lost == 0 {
		return errors.New("the drill is blind: an asynchronous cluster lost its primary, and no lost comment was noticed")
	}
	fmt.Fprintf(out, "\n%d acknowledged comments lost, as it must be here: the drill sees a loss.\n", lost)
	return nil
}
