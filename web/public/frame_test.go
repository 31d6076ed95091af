package public

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"net/url"
	"strings"
	"testing"

	"wenji/web/ui"

	"github.com/PuerkitoBio/goquery"
)

func TestEveryPageHasOneMainHeadingAndSkipsNoLevel(t *testing.T) {
	eachPage(t, func(t *testing.T, doc *goquery.Document) {
		if n := doc.Find("main h1").Length(); n != 1 || doc.Find("h1").Length() != 1 {
			t.Errorf("%d h1 in main, %d in all; want one", n, doc.Find("h1").Length())
		}
		last := 0
		doc.Find("h1,h2,h3,h4,h5,h6").Each(func(_ int, h *goquery.Selection) {
			level := int(goquery.NodeName(h)[1] - '0')
			if level > last+1 {
				t.Errorf("h%d %q follows h%d", level, h.Text(), last)
			}
			last = level
			if strings.TrimSpace(h.Text()) == "" {
				t.Errorf("h%d without words", level)
			}
		})
	})
}

func TestNoPageHasInlineStyleOrScript(t *testing.T) {
	eachPage(t, func(t *testing.T, doc *goquery.Document) {
		doc.Find("*").Each(func(_ int, s *goquery.Selection) {
			for _, a := range s.Nodes[0].Attr {
				if a.Key == "style" || strings.HasPrefix(a.Key, "on") {
					t.Errorf("<%s %s=%q>", goquery.NodeName(s), a.Key, a.Val)
				}
			}
		})
		doc.Find("script").Each(func(_ int, s *goquery.Selection) {
			if src, _ := s.Attr("src"); !strings.HasPrefix(src, "/static/") || s.Text() != "" {
				t.Errorf("script src=%q with text %q", src, s.Text())
			}
		})
		if doc.Find("style").Length() > 0 {
			t.Error("a style element")
		}
	})
}

func TestEveryAddressIsOfThisSiteOrOfAKnownScheme(t *testing.T) {
	eachPage(t, func(t *testing.T, doc *goquery.Document) {
		for _, attr := range []string{"href", "src", "action", "formaction"} {
			doc.Find("[" + attr + "]").Each(func(_ int, s *goquery.Selection) {
				value := s.AttrOr(attr, "")
				u, err := url.Parse(value)
				if err != nil {
					t.Errorf("%s=%q: %v", attr, value, err)
					return
				}
				local := u.Scheme == "" && u.Host == "" && (strings.HasPrefix(value, "/") || strings.HasPrefix(value, "#"))
				if !local && u.Scheme != "mailto" && u.Scheme != "tel" {
					t.Errorf("%s=%q leads elsewhere", attr, value)
				}
			})
		}
	})
}

func TestAScriptAddressInTheSettingsIsNotLinked(t *testing.T) {
	p := page("/")
	p.Site.WeiboURL, p.Site.FindErrorURL = "javascript:alert(1)", "data:text/html,x"
	parse(t, Guide(p, GuideView{})).Find("a").Each(func(_ int, a *goquery.Selection) {
		if href := a.AttrOr("href", ""); strings.HasPrefix(href, "javascript:") || strings.HasPrefix(href, "data:") {
			t.Errorf("link to %q", href)
		}
	})
}

func TestWhatPeopleTypedStaysText(t *testing.T) {
	eachPage(t, func(t *testing.T, doc *goquery.Document) {
		if n := doc.Find("body script").Length(); n > 0 {
			t.Errorf("%d script elements in the body", n)
		}
	})
	d := dossier(t)
	for name, want := range map[string]struct {
		doc      *goquery.Document
		selector string
	}{
		"list of comments": {parse(t, Comments(page("/"), CommentsView{Dossier: d, Items: opinions(), Total: 2})), ".opinion h2 bdi"},
		"single comment":   {parse(t, Comment(page("/"), CommentView{Dossier: d, Comment: opinions()[0]})), "h1"},
		"clause":           {parse(t, Clause(page("/"), ClauseView{Dossier: d, Number: 5, Comments: opinions()})), ".opinion h3 bdi"},
		"check page":       {parse(t, Check(page("/"), checked(d))), "dd.said"},
	} {
		if got := want.doc.Find(want.selector).First().Text(); got != hostile {
			t.Errorf("%s: title reads %q", name, got)
		}
	}
	if got := parse(t, Form(page("/"), badForm(d))).Find("#title").AttrOr("value", ""); got != hostile {
		t.Errorf("form: title reads %q", got)
	}
}

func TestNamesAndOpinionsCannotTurnTheTextAroundThem(t *testing.T) {
	doc := parse(t, Comments(page("/"), CommentsView{Dossier: dossier(t), Items: opinions(), Total: 2}))
	if n := doc.Find(".opinion .meta bdi").Length(); n != 2 {
		t.Errorf("%d isolated names, want 2", n)
	}
	if n := doc.Find(".opinion .said[dir=auto]").Length(); n != 2 {
		t.Errorf("%d isolated opinions, want 2", n)
	}
}

func TestIDsAreUniqueAndEveryReferenceResolves(t *testing.T) {
	eachPage(t, func(t *testing.T, doc *goquery.Document) {
		seen := map[string]bool{}
		doc.Find("[id]").Each(func(_ int, s *goquery.Selection) {
			id := s.AttrOr("id", "")
			if id == "" || seen[id] {
				t.Errorf("id %q is empty or used twice", id)
			}
			seen[id] = true
		})
		refs := func(attr, trim string) {
			doc.Find("[" + attr + "]").Each(func(_ int, s *goquery.Selection) {
				value := s.AttrOr(attr, "")
				if trim != "" && !strings.HasPrefix(value, trim) {
					return
				}
				for _, id := range strings.Fields(strings.TrimPrefix(value, trim)) {
					if !seen[id] {
						t.Errorf("%s=%q points at nothing", attr, value)
					}
				}
			})
		}
		refs("aria-describedby", "")
		refs("aria-labelledby", "")
		refs("for", "")
		refs("href", "#")
	})
}

func TestEveryControlHasALabelAndEveryPictureWords(t *testing.T) {
	eachPage(t, func(t *testing.T, doc *goquery.Document) {
		doc.Find("input:not([type=hidden]),select,textarea").Each(func(_ int, s *goquery.Selection) {
			id := s.AttrOr("id", "")
			label := doc.Find(fmt.Sprintf(`label[for=%q]`, id))
			if label.Length() != 1 || strings.TrimSpace(label.Text()) == "" {
				t.Errorf("control %q has %d labels", id, label.Length())
			}
		})
		doc.Find("button,a").Each(func(_ int, s *goquery.Selection) {
			if strings.TrimSpace(s.Text()) == "" && s.AttrOr("aria-label", "") == "" {
				t.Errorf("a %s without words", goquery.NodeName(s))
			}
		})
		doc.Find("img").Each(func(_ int, s *goquery.Selection) {
			if s.AttrOr("alt", "") == "" {
				t.Error("a picture without words")
			}
		})
	})
}

func TestHeadCarriesWhatGovernmentSitesMustSay(t *testing.T) {
	p := page("/")
	p.Meta = ui.Meta{ColumnType: "互动交流", Article: &ui.Article{Title: "标题", PublishedOn: may4, Source: "辽宁省民政厅"}}
	doc := parse(t, Notice(p, NoticeView{Dossier: dossier(t)}))
	for name, want := range map[string]string{
		"SiteName": "辽宁省人民政府", "SiteDomain": "www.ln.gov.cn", "SiteIDCode": "2100000037", "ColumnName": "意见征集",
		"ColumnDescription": "面向社会征求意见和建议的窗口", "ColumnKeywords": "意见征集", "ColumnType": "互动交流",
		"ArticleTitle": "标题", "PubDate": "2025-05-04 10:00", "ContentSource": "辽宁省民政厅", "renderer": "webkit",
	} {
		if got := doc.Find(`meta[name="`+name+`"]`).AttrOr("content", ""); got != want {
			t.Errorf("%s = %q, want %q", name, got, want)
		}
	}
	if got := doc.Find("title").Text(); got != "示例 - 意见征集 - 辽宁省人民政府" {
		t.Errorf("title %q", got)
	}
	p.Wrong = true
	if got := parse(t, Form(p, badForm(dossier(t)))).Find("title").Text(); got != "错误：示例 - 意见征集 - 辽宁省人民政府" {
		t.Errorf("title of a form with problems: %q", got)
	}
}

func TestFootNamesTheSiteAndItsRecords(t *testing.T) {
	foot := parse(t, Guide(page("/"), GuideView{})).Find("footer")
	for _, want := range []string{
		"填写有困难？可拨打 024-23935916（工作日8:30—11:30，13:00—17:00），由工作人员代为登记。",
		"版权所有：辽宁省人民政府", "主办单位：辽宁省人民政府办公厅", "地址：沈阳市皇姑区北陵大街45-9号", "邮编：110032", "联系邮箱：mhwz@ln.gov.cn",
		"辽公网安备 21010502000372号", "网站标识码：2100000037", "ICP备案序号：辽ICP备05023109号",
	} {
		if !strings.Contains(foot.Text(), want) {
			t.Errorf("the foot lacks %q", want)
		}
	}
}

func TestSkipLinkComesFirstAndTheCurrentItemIsMarked(t *testing.T) {
	p := page("/guide")
	p.Nav = ui.NavGuide
	doc := parse(t, Guide(p, GuideView{}))
	first := doc.Find("a,button,input,summary").First()
	if first.AttrOr("href", "") != "#main" || doc.Find("main#main").Length() != 1 {
		t.Errorf("first stop is %q", first.Text())
	}
	if got := doc.Find("nav.nav [aria-current=page]").Text(); got != "参与指南" {
		t.Errorf("current item %q", got)
	}
	if got := doc.Find("nav.crumbs [aria-current=page]").Text(); got != "示例" {
		t.Errorf("current step %q", got)
	}
}

func TestDisplayIsWrittenByTheServer(t *testing.T) {
	for cookie, class := range map[string]string{
		"": "", "elder.standard": "elder", "largest.dark": "elder largest dark", "standard.contrast": "contrast",
		`x" onload="y.dark`: "dark",
	} {
		p := page("/guide")
		p.Display = ui.ParseDisplay(cookie)
		doc := parse(t, Guide(p, GuideView{}))
		if got := doc.Find("html").AttrOr("class", ""); got != class {
			t.Errorf("cookie %q: class %q, want %q", cookie, got, class)
		}
	}
}

func TestPagesAreLight(t *testing.T) {
	limits := map[string]int{"notice": 13_000, "draft": 25_000 - 9_000, "print": 13_000}
	for name, c := range everyPage(t) {
		limit, ok := limits[name]
		if !ok {
			limit = 12_000
		}
		var b bytes.Buffer
		z, err := gzip.NewWriterLevel(&b, gzip.BestCompression)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := z.Write([]byte(html(t, c))); err != nil {
			t.Fatal(err)
		}
		if err := z.Close(); err != nil {
			t.Fatal(err)
		}
		if b.Len() > limit {
			t.Errorf("%s: %d bytes compressed, limit %d", name, b.Len(), limit)
		}
	}
}
