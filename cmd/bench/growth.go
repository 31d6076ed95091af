package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"wenji/internal/comment"
	"wenji/internal/export"
	"wenji/internal/moderation"
	"wenji/internal/retention"
)

// growthRepeats is how often each cost is taken at each size.
const growthRepeats = 40

// pictures of growth, in the order of the table. Search is a part of its own; what takes seconds is another.
var pictures = []struct{ part, file, title, y string }{
	{"public", "growth-public.svg", "What citizens ask for", "median, ms"},
	{"desk", "growth-desk.svg", "What the desk asks for", "median, ms"},
	{"search", "growth-search.svg", "Search", "median, ms"},
	{"bulk", "growth-bulk.svg", "What goes through many comments", "seconds"},
}

// growth is how costs grow: by name, the points of each size.
type growth struct {
	names []string // in the order of measuring
	parts map[string]string
	at    map[string][]point
}

func (g *growth) add(part, name string, comments int, value float64) {
	if _, known := g.parts[name]; !known {
		g.names = append(g.names, name)
		g.parts[name] = part
	}
	g.at[name] = append(g.at[name], point{float64(comments), max(value, 0.001)})
}

// measureGrowth measures every cost at a hundredth, a tenth and all of the comments, in as many consultations each time.
func measureGrowth(ctx context.Context, l *bench, t *table) error {
	g := &growth{parts: make(map[string]string), at: make(map[string][]point)}
	var sizes []int
	for _, size := range []int{l.rows / 100, l.rows / 10, l.rows} {
		if size >= growthLeast {
			sizes = append(sizes, size)
		}
	}
	for _, size := range sizes {
		if err := l.measureSize(ctx, g, size); err != nil {
			return fmt.Errorf("%d comments: %w", size, err)
		}
		if size == l.rows {
			continue
		}
		if err := l.fulls[size].drop(ctx); err != nil {
			return err
		}
	}
	t.growth = g
	if l.plots == "" {
		return nil
	}
	for _, p := range pictures {
		picture := plot{title: p.title, x: fmt.Sprintf("comments in %d consultations", fullConsultations), y: p.y}
		for _, name := range g.names {
			if g.parts[name] == p.part {
				picture.series = append(picture.series, series{name, g.at[name]})
			}
		}
		if err := os.WriteFile(filepath.Join(l.plots, p.file), []byte(picture.svg()), 0o644); err != nil {
			return err
		}
	}
	return nil
}

// growthLeast is the smallest size at which something can be learnt.
const growthLeast = 1000

func (l *bench) measureSize(ctx context.Context, g *growth, size int) error {
	f, err := l.full(ctx, size)
	if err != nil {
		return err
	}
	p, err := f.open(ctx) // it catches up; nothing else may run while costs are taken
	if err != nil {
		return err
	}
	p.Stop()
	if err := f.finish(ctx); err != nil {
		return err
	}
	a, err := f.choose(ctx, nil)
	if err != nil {
		return err
	}
	costs := append(a.costs(), a.writingCosts()...)
	for _, one := range costs {
		r := runs{}
		if err := a.repeat(ctx, one, nil, growthRepeats, r); err != nil {
			return fmt.Errorf("%s: %w", one.name, err)
		}
		g.add(one.part, one.name, size, r.median("query"))
	}
	return f.measureBulk(ctx, g)
}

// writingCosts are those that change something: they are not asked beside pages.
func (a *asked) writingCosts() []cost {
	desk := &moderation.Store{DB: a.db, Keys: a.keys, Now: a.db.Now}
	return []cost{{part: "desk", name: "claim and give back", run: func(ctx context.Context, _ int) error {
		id, err := desk.Claim(ctx, a.member, "")
		if err != nil {
			return err
		}
		return desk.Release(ctx, a.member, id)
	}}}
}

// measureBulk takes the time of what goes through a whole consultation, and of submitting.
func (f *full) measureBulk(ctx context.Context, g *growth) error {
	if err := f.submitOne(ctx, g); err != nil {
		return err
	}
	for _, format := range []string{export.CSV, export.XLSX} {
		r := runs{}
		if err := f.streamed(ctx, format, r); err != nil {
			return err
		}
		g.add("bulk", map[string]string{export.CSV: "largest consultation as CSV", export.XLSX: "largest consultation as XLSX"}[format],
			f.comments, r.median("streamed "+format))
	}
	if err := f.concludeOne(ctx); err != nil {
		return err
	}
	store := &retention.Store{DB: f.db, Keys: f.keys, Now: f.db.Now}
	due, err := store.Due(ctx)
	if err != nil {
		return err
	}
	if len(due) == 0 {
		return errors.New("no consultation's term is over")
	}
	took, err := timed(func() error {
		_, err := store.EraseDue(ctx, "bench", due[0].ConsultationID, func(int) {})
		return err
	})
	g.add("bulk", "next largest: personal data erased", f.comments, took/1000)
	return err
}

// submitOne takes the time of a submission until its commit, one after the other.
func (f *full) submitOne(ctx context.Context, g *growth) error {
	store := comment.NewStore(f.db, f.db, f.keys, nil)
	writing, stop := context.WithCancel(ctx)
	ended := make(chan struct{})
	go func() { store.Run(writing); close(ended) }()
	defer func() { stop(); <-ended }()
	var times []float64
	for range 3 * growthRepeats {
		d, err := f.draft()
		if err != nil {
			return err
		}
		took, err := timed(func() error {
			_, err := store.Submit(ctx, d)
			return err
		})
		if err != nil {
			return err
		}
		times = append(times, took)
	}
	g.add("public", "submit until commit", f.comments, median(times))
	return nil
}

// rows are the growth as a table: each cost at each size, and by how much it is dearer at the largest than at the smallest.
func (g *growth) rows() (heading []string, rows [][]string) {
	heading = []string{"median"}
	for i, name := range g.names {
		row := []string{name}
		for _, at := range g.at[name] {
			if i == 0 {
				heading = append(heading, amount(at.x))
			}
			unit := " ms"
			if g.parts[name] == "bulk" {
				unit = " s"
			}
			row = append(row, amount(at.y)+unit)
		}
		points := g.at[name]
		rows = append(rows, append(row, fmt.Sprintf("%.1f", points[len(points)-1].y/points[0].y)))
	}
	return append(heading, "largest / smallest"), rows
}
