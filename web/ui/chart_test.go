package ui

import (
	"strconv"
	"strings"
	"testing"

	"github.com/PuerkitoBio/goquery"
	"github.com/a-h/templ"
)

func sampleBars() []Bar {
	return []Bar{
		{Label: "第5条", Name: "第5条 推进适老化改造", Value: 12, URL: "/staff/queue?clause=5"},
		{Label: "第7条", Value: 3, URL: "/staff/queue?clause=7"},
		{Label: "全稿", Name: "整个征求意见稿", Value: 0},
	}
}

func charts(bars []Bar) map[string]templ.Component {
	c := Chart{ID: "chart", Title: "各条意见数", Subject: "条目", Count: "意见（条）", Bars: bars}
	return map[string]templ.Component{"bars": BarChart(c), "days": DayChart(c)}
}

func TestEveryChartHasItsNumbersAsATable(t *testing.T) {
	for name, c := range charts(sampleBars()) {
		doc := parse(t, c)
		var rows []string
		doc.Find("details table tbody tr").Each(func(_ int, row *goquery.Selection) {
			rows = append(rows, row.Find("th").Text()+" "+row.Find("td").Text())
		})
		if got := strings.Join(rows, "|"); got != "第5条 推进适老化改造 12|第7条 3|整个征求意见稿 0" {
			t.Errorf("%s: the table says %s", name, got)
		}
		if got := doc.Find("tfoot td").Text(); got != "15" {
			t.Errorf("%s: the sum is %s", name, got)
		}
		if doc.Find("th:not([scope])").Length() > 0 || doc.Find("caption").Length() != 1 || doc.Find("[role=region][tabindex='0'][aria-label='各条意见数（数据表）']").Length() != 1 {
			t.Errorf("%s: the table is not one that is read aloud well", name)
		}
	}
}

func TestAChartIsToldInWords(t *testing.T) {
	for name, c := range charts(sampleBars()) {
		doc := parse(t, c)
		svg := doc.Find(".chart > svg")
		for _, id := range strings.Fields(svg.AttrOr("aria-labelledby", "")) {
			if doc.Find("[id='"+id+"']").Text() == "" {
				t.Errorf("%s: nothing is named %s", name, id)
			}
		}
		if svg.AttrOr("aria-labelledby", "") == "" || doc.Find("[style]").Length() > 0 {
			t.Errorf("%s: without a name, or with inline style", name)
		}
	}
	linked := parse(t, charts(sampleBars())["bars"])
	// A picture's parts cannot be reached by keyboard users of a screen reader, so one with links is a group.
	if got := linked.Find(".chart > svg").AttrOr("role", ""); got != "group" || linked.Find("svg a").Length() != 2 {
		t.Errorf("bars with links have role %q", got)
	}
	plain := parse(t, charts([]Bar{{Label: "网上填写", Value: 4}})["bars"])
	if got := plain.Find(".chart > svg").AttrOr("role", ""); got != "img" {
		t.Errorf("bars without links have role %q", got)
	}
}

func TestBarsBeginAtNoughtAndAreAsLongAsTheirNumbers(t *testing.T) {
	doc := parse(t, charts(sampleBars())["bars"])
	var lengths []float64
	doc.Find("rect.value").Each(func(_ int, bar *goquery.Selection) {
		v, err := strconv.ParseFloat(strings.TrimSuffix(bar.AttrOr("width", ""), "%"), 64)
		if err != nil {
			t.Fatal(err)
		}
		lengths = append(lengths, v)
	})
	if len(lengths) != 3 || lengths[0] < 3.99*lengths[1] || lengths[0] > 4.01*lengths[1] || lengths[2] != 0 {
		t.Errorf("bars for 12, 3 and 0 are %v long", lengths)
	}
}

func TestAChartWithoutDataSaysSo(t *testing.T) {
	for name, c := range charts(nil) {
		if doc := parse(t, c); doc.Find("svg").Length() != 0 || doc.Find("p").Text() != "暂无数据。" {
			t.Errorf("%s without data: %s", name, doc.Text())
		}
	}
	days := parse(t, charts([]Bar{{Label: "5月1日"}, {Label: "5月2日"}})["days"])
	if days.Find("svg").Length() != 0 || days.Find("p").Text() != "暂无数据。" {
		t.Errorf("days without anything received: %s", days.Text())
	}
}
