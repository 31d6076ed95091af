package main

import (
	"fmt"
	"html"
	"math"
	"slices"
	"strings"
)

// plot is a picture of how costs grow, both scales logarithmic: a cost that grows as the data rises by one decade where the
// data grows by one, and one that does not grow lies flat.
type plot struct {
	title  string
	x, y   string // what the axes show, with units
	series []series
}

// series is one cost.
type series struct {
	name   string
	points []point // by x
}

type point struct{ x, y float64 }

// Sizes of the picture.
const (
	plotWidth, plotHeight = 860.0, 470.0
	plotLeft, plotRight   = 76.0, 300.0 // the names of the series stand at the right
	plotTop, plotBottom   = 48.0, 62.0
	labelHeight           = 17.0
)

// dashes and marks tell the series apart, without colours: printed, and by whoever sees none.
var (
	dashes = []string{"", "7 3", "2 3", "10 3 2 3"}
	greys  = []string{"#111", "#555"}
)

// svg writes the picture.
func (p plot) svg() string {
	a := p.area()
	var b strings.Builder
	fmt.Fprintf(&b, `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %.0f %.0f" width="%.0f" height="%.0f" role="img" aria-labelledby="t d" font-family="sans-serif" font-size="13">`+"\n",
		plotWidth, plotHeight, plotWidth, plotHeight)
	fmt.Fprintf(&b, "<title id=\"t\">%s</title>\n<desc id=\"d\">%s</desc>\n", html.EscapeString(p.title), html.EscapeString(p.told()))
	fmt.Fprintf(&b, `<rect width="%.0f" height="%.0f" fill="#fff"/>`+"\n", plotWidth, plotHeight)
	fmt.Fprintf(&b, `<text x="%.0f" y="26" font-size="16" font-weight="bold" fill="#111">%s</text>`+"\n", plotLeft, html.EscapeString(p.title))
	a.grid(&b)
	fmt.Fprintf(&b, `<text x="%.1f" y="%.1f" text-anchor="middle" fill="#111">%s</text>`+"\n",
		(a.left+a.right)/2, plotHeight-14, html.EscapeString(p.x))
	fmt.Fprintf(&b, `<text x="18" y="%.1f" text-anchor="middle" fill="#111" transform="rotate(-90 18 %.1f)">%s</text>`+"\n",
		(a.top+a.bottom)/2, (a.top+a.bottom)/2, html.EscapeString(p.y))
	labels := a.labels(p.series)
	for i, s := range p.series {
		a.draw(&b, i, s, labels[i])
	}
	b.WriteString("</svg>\n")
	return b.String()
}

// told is the picture in words, for who does not see it.
func (p plot) told() string {
	parts := make([]string, len(p.series))
	for i, s := range p.series {
		var values []string
		for _, at := range s.points {
			values = append(values, fmt.Sprintf("%s at %s", amount(at.y), amount(at.x)))
		}
		parts[i] = s.name + ": " + strings.Join(values, ", ")
	}
	return fmt.Sprintf("%s against %s. %s.", p.y, p.x, strings.Join(parts, "; "))
}

// area is where the lines are drawn, with the decades it covers.
type area struct {
	left, right, top, bottom float64
	x0, x1, y0, y1           float64 // logarithms to base 10
}

func (p plot) area() area {
	a := area{left: plotLeft, right: plotWidth - plotRight, top: plotTop, bottom: plotHeight - plotBottom,
		x0: math.Inf(1), x1: math.Inf(-1), y0: math.Inf(1), y1: math.Inf(-1)}
	for _, s := range p.series {
		for _, at := range s.points {
			a.x0, a.x1 = min(a.x0, math.Log10(at.x)), max(a.x1, math.Log10(at.x))
			a.y0, a.y1 = min(a.y0, math.Floor(math.Log10(at.y))), max(a.y1, math.Ceil(math.Log10(at.y)))
		}
	}
	a.y1 = max(a.y1, a.y0+1)
	a.x1 = max(a.x1, a.x0+0.1)
	return a
}

func (a area) place(at point) (x, y float64) {
	return a.left + (math.Log10(at.x)-a.x0)/(a.x1-a.x0)*(a.right-a.left),
		a.bottom - (math.Log10(at.y)-a.y0)/(a.y1-a.y0)*(a.bottom-a.top)
}

// grid draws a line for each decade, and a dotted one that rises as the data does.
func (a area) grid(b *strings.Builder) {
	for d := math.Ceil(a.x0); d <= a.x1; d++ {
		x, _ := a.place(point{math.Pow(10, d), 1})
		fmt.Fprintf(b, `<line x1="%.1f" x2="%.1f" y1="%.1f" y2="%.1f" stroke="#ccc"/>`+"\n", x, x, a.top, a.bottom)
		fmt.Fprintf(b, `<text x="%.1f" y="%.1f" text-anchor="middle" fill="#111">%s</text>`+"\n", x, a.bottom+18, decade(d))
	}
	for d := a.y0; d <= a.y1; d++ {
		_, y := a.place(point{1, math.Pow(10, d)})
		fmt.Fprintf(b, `<line x1="%.1f" x2="%.1f" y1="%.1f" y2="%.1f" stroke="#ccc"/>`+"\n", a.left, a.right, y, y)
		fmt.Fprintf(b, `<text x="%.1f" y="%.1f" text-anchor="end" fill="#111">%s</text>`+"\n", a.left-7, y+4, decade(d))
	}
	decades := min(a.x1-a.x0, a.y1-a.y0)
	x, y := a.place(point{math.Pow(10, a.x0+decades), math.Pow(10, a.y0+decades)})
	fmt.Fprintf(b, `<line x1="%.1f" y1="%.1f" x2="%.1f" y2="%.1f" stroke="#777" stroke-width="1.5" stroke-dasharray="1 4"/>`+"\n",
		a.left, a.bottom, x, y)
	fmt.Fprintf(b, `<text x="%.1f" y="%.1f" text-anchor="end" font-size="12" fill="#555">dotted: as fast as the data</text>`+"\n", a.right, a.top-6)
}

// decade writes a power of ten.
func decade(d float64) string {
	if d < 0 {
		return fmt.Sprintf("%.*f", int(-d), math.Pow(10, d))
	}
	s := fmt.Sprintf("%.0f", math.Pow(10, d))
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}

// labels are the heights of the series' names: beside the ends of the lines, moved apart where these lie close.
func (a area) labels(all []series) []float64 {
	order := make([]int, len(all))
	heights := make([]float64, len(all))
	for i, s := range all {
		order[i] = i
		if len(s.points) > 0 {
			_, heights[i] = a.place(s.points[len(s.points)-1])
		}
	}
	slices.SortStableFunc(order, func(i, j int) int { return int(math.Copysign(1, heights[i]-heights[j])) })
	for n := 1; n < len(order); n++ {
		above, this := order[n-1], order[n]
		heights[this] = max(heights[this], heights[above]+labelHeight)
	}
	lowest := a.bottom
	for n := len(order) - 1; n >= 0; n-- { // what was pushed below the picture goes up again
		heights[order[n]] = min(heights[order[n]], lowest)
		lowest = heights[order[n]] - labelHeight
	}
	return heights
}

// draw draws one line with a mark at each point, and leads to its name.
func (a area) draw(b *strings.Builder, i int, s series, label float64) {
	if len(s.points) == 0 {
		return
	}
	grey, dash := greys[i%len(greys)], dashes[i/len(greys)%len(dashes)]
	var path []string
	for _, at := range s.points {
		x, y := a.place(at)
		path = append(path, fmt.Sprintf("%.1f,%.1f", x, y))
	}
	fmt.Fprintf(b, `<polyline points="%s" fill="none" stroke="%s" stroke-width="2" stroke-dasharray="%s"/>`+"\n", strings.Join(path, " "), grey, dash)
	for _, at := range s.points {
		x, y := a.place(at)
		b.WriteString(mark(i, x, y, grey))
	}
	x, y := a.place(s.points[len(s.points)-1])
	fmt.Fprintf(b, `<polyline points="%.1f,%.1f %.1f,%.1f %.1f,%.1f" fill="none" stroke="#999" stroke-width="0.7"/>`+"\n",
		x+5, y, a.right+14, label, a.right+20, label)
	b.WriteString(mark(i, a.right+28, label, grey))
	fmt.Fprintf(b, `<text x="%.1f" y="%.1f" fill="#111">%s</text>`+"\n", a.right+38, label+4, html.EscapeString(s.name))
}

// mark is a point's sign, another for each series.
func mark(i int, x, y float64, grey string) string {
	fill := []string{grey, "#fff", "#bbb"}[i/4%3]
	style := fmt.Sprintf(`fill="%s" stroke="%s" stroke-width="1.5"`, fill, grey)
	switch i % 4 {
	case 0:
		return fmt.Sprintf(`<circle cx="%.1f" cy="%.1f" r="4" %s/>`+"\n", x, y, style)
	case 1:
		return fmt.Sprintf(`<rect x="%.1f" y="%.1f" width="7" height="7" %s/>`+"\n", x-3.5, y-3.5, style)
	case 2:
		return fmt.Sprintf(`<path d="M%.1f %.1fl4.5 8h-9z" %s/>`+"\n", x, y-5, style)
	}
	return fmt.Sprintf(`<path d="M%.1f %.1fl4.5 5l-4.5 5l-4.5 -5z" %s/>`+"\n", x, y-5, style)
}
