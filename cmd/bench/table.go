package main

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"time"
	"unicode/utf8"
)

// table collects the figures and prints them as Markdown.
type table struct {
	rows   [][]string
	growth *growth
}

var heading = []string{"what", "measured", "ceiling in this run", "ratio", "bar", "met"}

// verdict of a figure against its bar.
type verdict string

const (
	met    verdict = "yes"
	missed verdict = "NO"
	noBar  verdict = ""
)

func judge(ok bool) verdict {
	if ok {
		return met
	}
	return missed
}

func (t *table) add(what, measured, ceiling, ratio, bar string, v verdict) {
	t.rows = append(t.rows, []string{what, measured, ceiling, ratio, bar, string(v)})
}

// atLeast adds a rate that should reach its share of a ceiling.
func (t *table) atLeast(what, unit string, measured, ceiling float64, ceilingName string, share float64) {
	ratio := measured / ceiling
	t.add(what, fmt.Sprintf("%s %s", amount(measured), unit), fmt.Sprintf("%s: %s", ceilingName, amount(ceiling)),
		fmt.Sprintf("%.2f", ratio), fmt.Sprintf("≥ %.2f", share), judge(ratio >= share))
}

// atMost adds a cost with a bar of its own; ceiling may be empty.
func (t *table) atMost(what, unit string, measured float64, ceiling string, bar float64) {
	t.add(what, fmt.Sprintf("%s %s", amount(measured), unit), ceiling, "", fmt.Sprintf("≤ %s %s", amount(bar), unit),
		judge(measured <= bar))
}

// print writes the figures, and the growth behind them where it was measured.
func (t *table) print(w io.Writer) {
	printRows(w, heading, t.rows)
	if t.growth != nil && len(t.growth.names) > 0 {
		fmt.Fprintln(w)
		heading, rows := t.growth.rows()
		printRows(w, heading, rows)
	}
}

func printRows(w io.Writer, heading []string, rows [][]string) {
	all := append([][]string{heading}, rows...)
	width := make([]int, len(heading))
	for _, row := range all {
		for i, cell := range row {
			width[i] = max(width[i], utf8.RuneCountInString(cell))
		}
	}
	for n, row := range all {
		for i, cell := range row {
			fmt.Fprintf(w, "| %s%s ", cell, strings.Repeat(" ", width[i]-utf8.RuneCountInString(cell)))
		}
		fmt.Fprintln(w, "|")
		if n == 0 {
			for _, n := range width {
				fmt.Fprintf(w, "|%s", strings.Repeat("-", n+2))
			}
			fmt.Fprintln(w, "|")
		}
	}
}

// amount writes a number with three significant digits or all of its whole part.
func amount(v float64) string {
	switch {
	case v >= 1000:
		s := fmt.Sprintf("%.0f", v)
		for i := len(s) - 3; i > 0; i -= 3 {
			s = s[:i] + "," + s[i:]
		}
		return s
	case v >= 100:
		return fmt.Sprintf("%.0f", v)
	case v >= 10:
		return fmt.Sprintf("%.1f", v)
	}
	return fmt.Sprintf("%.2f", v)
}

func median(values []float64) float64 { return quantile(values, 0.5) }

func quantile(values []float64, q float64) float64 {
	if len(values) == 0 {
		return 0
	}
	sorted := slices.Sorted(slices.Values(values))
	return sorted[min(int(q*float64(len(sorted))), len(sorted)-1)]
}

// runs of the same measurement, by name.
type runs map[string][]float64

func (r runs) add(name string, v float64)    { r[name] = append(r[name], v) }
func (r runs) median(name string) float64    { return median(r[name]) }
func millis(d time.Duration) float64         { return float64(d) / float64(time.Millisecond) }
func micros(d time.Duration) float64         { return float64(d) / float64(time.Microsecond) }
func per(d time.Duration, n int) float64     { return micros(d) / float64(max(n, 1)) }
func rate(n int, took time.Duration) float64 { return float64(n) / took.Seconds() }
