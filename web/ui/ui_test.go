package ui

import (
	"bytes"
	"context"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/PuerkitoBio/goquery"
	"github.com/a-h/templ"
)

func parse(t *testing.T, c templ.Component) *goquery.Document {
	t.Helper()
	var b bytes.Buffer
	if err := c.Render(context.Background(), &b); err != nil {
		t.Fatal(err)
	}
	doc, err := goquery.NewDocumentFromReader(&b)
	if err != nil {
		t.Fatal(err)
	}
	return doc
}

func TestTimesAreWrittenAsOfficialNoticesDo(t *testing.T) {
	at := func(s string) time.Time {
		v, err := time.Parse(time.RFC3339, s)
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
	for _, c := range []struct{ got, want string }{
		{Closing(at("2025-05-08T00:00:00+08:00")), "2025年5月7日24时"},
		{Closing(at("2025-05-07T16:00:00Z")), "2025年5月7日24时"},
		{Closing(at("2026-01-01T00:00:00+08:00")), "2025年12月31日24时"},
		{Closing(at("2025-05-07T17:00:00+08:00")), "2025年5月7日17时"},
		{Closing(at("2025-05-07T17:30:00+08:00")), "2025年5月7日17时30分"},
		{Opening(at("2025-04-29T00:00:00+08:00")), "2025年4月29日0时"},
		{Opening(at("2025-04-29T10:00:00+08:00")), "2025年4月29日10时"},
		{Opening(at("2025-04-29T09:30:00+08:00")), "2025年4月29日9时30分"},
		{Date(at("2025-04-28T17:00:00Z")), "2025年4月29日"},
		{Minute(at("2025-04-29T02:30:00Z")), "2025-04-29 10:30"},
	} {
		if c.got != c.want {
			t.Errorf("%s, want %s", c.got, c.want)
		}
	}
}

func TestDisplayIsOneOfNine(t *testing.T) {
	for _, s := range Sizes {
		for _, th := range Themes {
			d := Display{Size: s, Theme: th}
			if got := ParseDisplay(d.String()); got != d {
				t.Errorf("%v became %v", d, got)
			}
		}
	}
	for _, cookie := range []string{"", "x", "elderly.neon", ".", "a.b.c"} {
		if got := ParseDisplay(cookie).String(); got != "standard.standard" {
			t.Errorf("%q became %s", cookie, got)
		}
	}
}

func TestDialAndMailAddressesHoldNothingButTheirValue(t *testing.T) {
	for _, c := range []struct{ got, want string }{
		{TelURL("（024）23935916"), "tel:02423935916"},
		{TelURL("+86 24-2393 5916"), "tel:+862423935916"},
		{TelURL("javascript:alert(1)"), "tel:1"},
		{MailURL("a@b.cn", ""), "mailto:a@b.cn"},
		{MailURL("a@b.cn?bcc=x@y.cn", "意见 建议&body=x"), "mailto:a@b.cn%3Fbcc=x@y.cn?subject=%E6%84%8F%E8%A7%81%20%E5%BB%BA%E8%AE%AE%26body%3Dx"},
	} {
		if c.got != c.want {
			t.Errorf("%s, want %s", c.got, c.want)
		}
	}
}

func TestPaginationShowsTheEndsAndTheNeighbours(t *testing.T) {
	for _, c := range []struct {
		page, pages int
		want        []int
	}{
		{1, 4, []int{1, 2, 0, 4}}, {2, 4, []int{1, 2, 3, 4}}, {5, 9, []int{1, 0, 4, 5, 6, 0, 9}}, {9, 9, []int{1, 0, 8, 9}},
	} {
		if got := (Pager{Page: c.page, Pages: c.pages}).window(); !slices.Equal(got, c.want) {
			t.Errorf("page %d of %d: %v, want %v", c.page, c.pages, got, c.want)
		}
	}
	doc := parse(t, Pagination(Pager{Page: 1, Pages: 1, Address: func(int) string { return "/" }}))
	if doc.Find("nav").Length() > 0 {
		t.Error("one page is paged")
	}
}

func TestTextOfATextAreaKeepsItsFirstLineBreak(t *testing.T) {
	for _, value := range []string{"\n第一行", "第一行\n\n第三行\n", "</textarea><b>"} {
		doc := parse(t, TextArea(Field{Name: "body", Label: "意见", Value: value, Count: 5000}))
		if got := doc.Find("textarea").Text(); got != value {
			t.Errorf("%q became %q", value, got)
		}
	}
}

func TestRadiosAreNamedByTheirLegend(t *testing.T) {
	doc := parse(t, Radios(Field{Name: "size", Label: "字号", Value: "b", Problem: "请选择。"}, []Option{{"a", "甲"}, {"b", "乙"}}))
	if got := doc.Find("input[checked]").AttrOr("value", ""); got != "b" {
		t.Errorf("chosen %q", got)
	}
	if strings.TrimSpace(doc.Find("fieldset legend").Text()) != "字号" || doc.Find("#size").Length() != 1 || doc.Find("label[for=size-1]").Text() != "乙" {
		t.Error("the group is not labelled")
	}
}
