package ui

import (
	"strconv"
	"unicode"
)

// Bar is one value of a chart.
type Bar struct {
	Label string // as short as can be: 第5条
	Name  string // in full, for the table and for who hears the chart; Label where empty
	Value int    // 0 or more
	URL   string // list of what was counted; "" for none
}

// Chart is a set of counts with what they count. It is drawn as an image of its own kind and followed by the same
// numbers as a table, so nothing is told by length or colour alone. Axes begin at 0.
type Chart struct {
	ID      string // unique on the page
	Title   string // what the chart shows, in one line
	Subject string // head of the column of names: 条目
	Count   string // head of the column of numbers: 意见（条）
	Bars    []Bar
	More    bool   // the second colour, for a chart beside another that counts something else
	Empty   string // instead of the chart when there are no bars; 暂无数据。 where empty
}

func (b Bar) name() string {
	if b.Name != "" {
		return b.Name
	}
	return b.Label
}

// told is a bar in words, for the title of its shape.
func (b Bar) told() string { return b.name() + "：" + strconv.Itoa(b.Value) }

func (c Chart) titleID() string { return c.ID + "-title" }
func (c Chart) descID() string  { return c.ID + "-desc" }
func (c Chart) dataID() string  { return c.ID + "-data" }

// described names the two texts that tell what the image is.
func (c Chart) described() string { return c.titleID() + " " + c.descID() }

// role of the image: one picture, or a group where its parts lead somewhere, since parts of a picture cannot be reached.
func (c Chart) role() string {
	for _, b := range c.Bars {
		if b.URL != "" {
			return "group"
		}
	}
	return "img"
}

func (c Chart) empty() string {
	if c.Empty != "" {
		return c.Empty
	}
	return "暂无数据。"
}

func (c Chart) most() int {
	most := 0
	for _, b := range c.Bars {
		most = max(most, b.Value)
	}
	return most
}

func (c Chart) total() int {
	total := 0
	for _, b := range c.Bars {
		total += b.Value
	}
	return total
}

// summary says in a sentence what an eye takes from the picture.
func (c Chart) summary() string {
	most := Bar{Value: -1}
	for _, b := range c.Bars {
		if b.Value > most.Value {
			most = b
		}
	}
	return "共" + strconv.Itoa(len(c.Bars)) + "项，最多的是" + most.told() + "。全部数据见图下方的表格。"
}

func (c Chart) class() string {
	if c.More {
		return "chart more"
	}
	return "chart"
}

// Lengths are in em and per cent, never in pixels: the picture is as wide as its place, and its words are as large as the
// reader has chosen.

// beside tells whether all labels are short enough to stand at the left of their bars also on a phone.
func (c Chart) beside() bool {
	for _, b := range c.Bars {
		if width(b.Label) > 4 {
			return false
		}
	}
	return true
}

// width of a text in em: a Chinese character is one, a digit or a letter half.
func width(s string) float64 {
	w := 0.0
	for _, r := range s {
		if unicode.Is(unicode.Han, r) || r > 0x2e7f {
			w++
		} else {
			w += .5
		}
	}
	return w
}

const (
	rowBeside = 1.75 // height of a bar with its label at the left
	rowUnder  = 3.25 // height of a bar under its label
)

func (c Chart) row() float64 {
	if c.beside() {
		return rowBeside
	}
	return rowUnder
}

func (c Chart) height() string { return em(c.row() * float64(len(c.Bars))) }

func (c Chart) rowTop(i int) string { return em(c.row() * float64(i)) }

func (c Chart) rowHeight() string { return em(c.row()) }

// Where the parts of a row lie.

func (c Chart) left() float64 {
	if c.beside() {
		return 24
	}
	return 0
}

func (c Chart) barLeft() string { return percent(c.left()) }

func (c Chart) barTop() string {
	if c.beside() {
		return ".25em"
	}
	return "1.65em"
}

// barWidth leaves room for the number at the right of the longest bar.
func (c Chart) barWidth(b Bar) string { return percent(c.length(b)) }

func (c Chart) length(b Bar) float64 {
	if most := c.most(); most > 0 {
		return (80 - c.left()) * float64(b.Value) / float64(most)
	}
	return 0
}

func (c Chart) numberLeft(b Bar) string { return percent(c.left() + c.length(b) + 1) }

func (c Chart) numberBase() string {
	if c.beside() {
		return "1.2em"
	}
	return "2.7em"
}

// Columns of a chart by days.

func (c Chart) columnLeft(i int) string {
	return percent((float64(i) + .15) * 100 / float64(len(c.Bars)))
}

func (c Chart) columnWidth() string { return percent(70 / float64(len(c.Bars))) }

func (c Chart) share(b Bar) float64 {
	if most := c.most(); most > 0 {
		return 100 * float64(b.Value) / float64(most)
	}
	return 0
}

func (c Chart) columnTop(b Bar) string    { return percent(100 - c.share(b)) }
func (c Chart) columnHeight(b Bar) string { return percent(c.share(b)) }

// dayLabel is a label under the columns: the first, the middle and the last one.
type dayLabel struct{ text, left, anchor string }

func (c Chart) dayLabels() []dayLabel {
	n := len(c.Bars)
	if n == 0 {
		return nil
	}
	labels := []dayLabel{{c.Bars[0].Label, "0", "start"}}
	if n > 2 {
		labels = append(labels, dayLabel{c.Bars[n/2].Label, percent((float64(n/2) + .5) * 100 / float64(n)), "middle"})
	}
	if n > 1 {
		labels = append(labels, dayLabel{c.Bars[n-1].Label, "100%", "end"})
	}
	return labels
}

func em(v float64) string      { return strconv.FormatFloat(v, 'f', -1, 64) + "em" }
func percent(v float64) string { return strconv.FormatFloat(v, 'f', 2, 64) + "%" }
