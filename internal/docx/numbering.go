package docx

import (
	"encoding/xml"
	"strconv"
	"strings"
)

// level is how one level of a list is counted and printed.
type level struct {
	start  int
	format string // decimal, chineseCountingThousand, …
	text   string // “（%1）”: %n stands for the count of level n
}

// numbering counts the paragraphs that Word numbers by itself (word/numbering.xml).
type numbering struct {
	levels map[string]*[9]level // by abstractNumId
	lists  map[string]*list     // by numId
	counts map[string]*[9]int   // by abstractNumId: lists that share one count on
}

type list struct {
	abstract string
	restart  map[int]int // levels that begin at another number (startOverride)
	begun    bool
}

const mostLists = 5000

func readNumbering(p *pack) (*numbering, error) {
	n := &numbering{levels: map[string]*[9]level{}, lists: map[string]*list{}, counts: map[string]*[9]int{}}
	var abstract *[9]level
	var now *list
	at := 0
	err := p.elements("word/numbering.xml", func(e xml.StartElement) error {
		value := attribute(e, "val")
		switch e.Name.Local {
		case "abstractNum":
			abstract, now = &[9]level{}, nil
			if len(n.levels) < mostLists {
				n.levels[attribute(e, "abstractNumId")] = abstract
			}
		case "num":
			abstract, now = nil, &list{restart: map[int]int{}}
			if len(n.lists) < mostLists {
				n.lists[attribute(e, "numId")] = now
			}
		case "abstractNumId":
			if now != nil {
				now.abstract = value
			}
		case "lvl", "lvlOverride":
			at = min(digits(attribute(e, "ilvl")), 8)
		case "startOverride":
			if now != nil {
				now.restart[at] = digits(value)
			}
		case "start":
			if abstract != nil {
				abstract[at].start = digits(value)
			}
		case "numFmt":
			if abstract != nil {
				abstract[at].format = value
			}
		case "lvlText":
			if abstract != nil {
				abstract[at].text = value
			}
		}
		return nil
	}, nil, nil)
	return n, err
}

// next counts one paragraph of a list and returns its number as printed; "" where there is none, for bullets too.
func (n *numbering) next(numID string, at int) string {
	l := n.lists[numID]
	if l == nil || at < 0 || at > 8 {
		return ""
	}
	levels := n.levels[l.abstract]
	if levels == nil {
		return ""
	}
	counts := n.counts[l.abstract]
	if counts == nil {
		counts = new([9]int)
		for i := range counts {
			counts[i] = levels[i].start - 1
		}
		n.counts[l.abstract] = counts
	}
	if !l.begun {
		for i, first := range l.restart {
			counts[i] = first - 1
		}
		l.begun = true
	}
	counts[at]++
	for i := at + 1; i < len(counts); i++ {
		counts[i] = levels[i].start - 1
	}
	if levels[at].format == "bullet" || levels[at].format == "none" {
		return ""
	}
	out := levels[at].text
	for i := 0; i <= at; i++ {
		mark := "%" + strconv.Itoa(i+1)
		if strings.Contains(out, mark) {
			out = strings.ReplaceAll(out, mark, count(levels[i].format, max(counts[i], levels[i].start)))
		}
	}
	return out
}

// count writes n as a list counts. The formats beyond these do not occur in official documents; they are counted in
// Arabic figures.
func count(format string, n int) string {
	switch format {
	case "chineseCounting", "chineseCountingThousand", "ideographDigital", "japaneseCounting", "taiwaneseCounting", "taiwaneseCountingThousand":
		return chinese(n)
	case "decimalEnclosedCircle", "decimalEnclosedCircleChinese":
		if n >= 1 && n <= 20 {
			return string(rune('①' + n - 1))
		}
	case "decimalFullWidth", "decimalFullWidth2":
		return strings.Map(func(r rune) rune { return r - '0' + '０' }, strconv.Itoa(n))
	case "upperLetter", "lowerLetter":
		if n >= 1 && n <= 26 {
			if format == "upperLetter" {
				return string(rune('A' + n - 1))
			}
			return string(rune('a' + n - 1))
		}
	}
	return strconv.Itoa(n)
}

// chinese writes 1 to 9999 in Chinese figures: 一, 十二, 一百零三.
func chinese(n int) string {
	if n < 1 || n > 9999 {
		return strconv.Itoa(n)
	}
	figures, units := []rune("零一二三四五六七八九"), []string{"", "十", "百", "千"}
	var out string
	zero := false
	for place := 3; place >= 0; place-- {
		power := 1
		for range place {
			power *= 10
		}
		digit := n / power % 10
		switch {
		case digit == 0:
			zero = out != ""
		default:
			if zero {
				out += "零"
			}
			zero = false
			if digit != 1 || place != 1 || out != "" { // 十二, but 一百一十二
				out += string(figures[digit])
			}
			out += units[place]
		}
	}
	return out
}
