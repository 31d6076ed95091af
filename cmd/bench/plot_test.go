package main

import (
	"encoding/xml"
	"errors"
	"io"
	"math"
	"strings"
	"testing"
)

func samplePlot() plot {
	p := plot{title: "Costs & <growth>", x: "comments", y: "ms"}
	for _, s := range []struct {
		name    string
		a, b, c float64
	}{{"flat", 0.31, 0.32, 0.3}, {"as the data", 0.1, 1, 10}, {"close to flat", 0.3, 0.31, 0.31}, {"close too", 0.32, 0.3, 0.305}} {
		p.series = append(p.series, series{s.name, []point{{1e4, s.a}, {1e5, s.b}, {1e6, s.c}}})
	}
	return p
}

func TestAPlotIsWellFormedAndTellsItsFiguresInWords(t *testing.T) {
	text := samplePlot().svg()
	d := xml.NewDecoder(strings.NewReader(text))
	for {
		if _, err := d.Token(); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			t.Fatal(err)
		}
	}
	for _, want := range []string{"<title id=\"t\">Costs &amp; &lt;growth&gt;</title>", "as the data: 0.10 at 10,000, 1.00 at 100,000, 10.0 at 1,000,000"} {
		if !strings.Contains(text, want) {
			t.Errorf("the picture lacks %q", want)
		}
	}
}

func TestWhatGrowsAsTheDataRisesADecadeWithIt(t *testing.T) {
	p := samplePlot()
	a := p.area()
	decadeOfX, decadeOfY := (a.right-a.left)/(a.x1-a.x0), (a.bottom-a.top)/(a.y1-a.y0)
	rise := func(s series) float64 {
		x0, y0 := a.place(s.points[0])
		x1, y1 := a.place(s.points[2])
		return (y0 - y1) / decadeOfY / ((x1 - x0) / decadeOfX)
	}
	if got := rise(p.series[1]); math.Abs(got-1) > 1e-9 {
		t.Errorf("what grows as the data rises by %v decades a decade, want 1", got)
	}
	if got := rise(p.series[0]); math.Abs(got) > 0.02 {
		t.Errorf("what does not grow rises by %v decades a decade", got)
	}
}

func TestNamesOfLinesThatEndCloseDoNotOverlap(t *testing.T) {
	p := samplePlot()
	heights := p.area().labels(p.series)
	for i, a := range heights {
		for j, b := range heights {
			if i < j && math.Abs(a-b) < labelHeight-1e-9 {
				t.Errorf("%q and %q stand %v apart", p.series[i].name, p.series[j].name, math.Abs(a-b))
			}
		}
		if a < plotTop-1 || a > plotHeight-plotBottom+1 {
			t.Errorf("%q stands outside the picture at %v", p.series[i].name, a)
		}
	}
}
