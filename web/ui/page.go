// Package ui gives every page its frame and its parts: layout, form fields, error summary, pagination, tags and boxes.
package ui

import (
	"strings"
	"time"

	"github.com/a-h/templ"
)

// Page is what the frame of every page needs, whatever the page is about.
type Page struct {
	Title   string  // name of the page, without the site's; “错误：” is put before it when Wrong
	Wrong   bool    // the page shows a form again because something is to be mended
	Display Display // from the cookie “v”
	Nav     string  // current item of the navigation: NavHome, NavStatus, NavGuide or ""
	Crumbs  []Crumb // from the column's home (left out) to this page (included, last); none on the home page
	Site    Site
	Flash   string // one sentence told after a redirect, shown above the heading as a status
	Now     time.Time
	Meta    Meta
	Banner  templ.Component // above everything else of a page for citizens: says that it is a preview; nil for none

	// Back is where one returns to after changing the display: path and query of this page where it can be fetched by
	// GET, else of the nearest page that can. It is written into the page, so it holds nothing personal.
	Back string

	// Asset turns the name of a static file into its address under a content-hash name.
	Asset func(name string) string
}

// Items of the navigation, for Page.Nav.
const (
	NavHome   = "home"
	NavStatus = "status"
	NavGuide  = "guide"
)

// Crumb is one step of the path shown above the heading. The last one has no URL.
type Crumb struct {
	Name string
	URL  string
}

// Meta holds what the head says for programs. Empty values are left out.
type Meta struct {
	Description string
	Keywords    string
	ColumnType  string // 栏目类别 of a column page (home, list): 互动交流
	Article     *Article
	NoIndex     bool   // forms, receipts, look-ups
	Calendar    string // address of the deadline as a calendar entry; "" for none
}

// Article is the part of the head that 政府网站 must give for a content page.
type Article struct {
	Title       string
	PublishedOn time.Time
	Source      string
}

// Site is the identity of the site, from the settings.
type Site struct {
	Name        string // 辽宁省人民政府
	Domain      string // www.ln.gov.cn
	Column      string // 意见征集
	Description string // of the column
	Keywords    string // of the column

	Sponsor      string // 主办单位
	Copyright    string // 版权所有; Name where empty
	IDCode       string // 网站标识码
	ICP          string // ICP备案序号
	PoliceRecord string // 公安备案号
	Address      string
	Postcode     string
	Email        string // 联系邮箱
	HelpPhone    string // the desk that writes comments down for people who cannot
	HelpHours    string // 工作日8:30—11:30，13:00—17:00

	FindErrorURL string // 我为政府网站找错
	WeiboURL     string // 政务微博
	WeChat       string // name of the 微信公众号
}

// Size of the type.
type Size string

// Theme is the set of colours.
type Theme string

const (
	SizeStandard Size = "standard"
	SizeElder    Size = "elder"   // 长辈版
	SizeLargest  Size = "largest" // 特大字

	ThemeStandard Theme = "standard"
	ThemeContrast Theme = "contrast" // 高对比: black, yellow
	ThemeDark     Theme = "dark"
)

// Sizes and Themes in the order they are offered.
var (
	Sizes  = []Size{SizeStandard, SizeElder, SizeLargest}
	Themes = []Theme{ThemeStandard, ThemeContrast, ThemeDark}
)

// Display is how one visitor wants pages to look. The zero Display is the standard one.
type Display struct {
	Size  Size
	Theme Theme
}

// ParseDisplay reads the value of the cookie “v” (size.theme). Anything unknown becomes standard, so the result is
// one of nine and may be part of a cache key.
func ParseDisplay(cookie string) Display {
	size, theme, _ := strings.Cut(cookie, ".")
	return Display{Size: Size(size), Theme: Theme(theme)}.Normal()
}

// Normal replaces unknown and empty values by standard.
func (d Display) Normal() Display {
	if d.Size != SizeElder && d.Size != SizeLargest {
		d.Size = SizeStandard
	}
	if d.Theme != ThemeContrast && d.Theme != ThemeDark {
		d.Theme = ThemeStandard
	}
	return d
}

// String is the value of the cookie: size.theme.
func (d Display) String() string {
	d = d.Normal()
	return string(d.Size) + "." + string(d.Theme)
}

// Class is the class of the html element. 特大字 has both size classes, so that what is said of 长辈版 holds for it too.
func (d Display) Class() string {
	var names []string
	switch d.Size {
	case SizeElder:
		names = append(names, "elder")
	case SizeLargest:
		names = append(names, "elder", "largest")
	}
	switch d.Theme {
	case ThemeContrast:
		names = append(names, "contrast")
	case ThemeDark:
		names = append(names, "dark")
	}
	return strings.Join(names, " ")
}

// Large tells whether the type is larger than standard.
func (d Display) Large() bool { return d.Size == SizeElder || d.Size == SizeLargest }

// HeadTitle is the text of the title element.
func (p Page) HeadTitle() string {
	parts := []string{p.Title, p.Site.Column, p.Site.Name}
	if p.Title == "" || p.Title == p.Site.Column {
		parts = parts[1:]
	}
	title := strings.Join(parts, " - ")
	if p.Wrong {
		return "错误：" + title
	}
	return title
}

// asset is the address of a static file, also where no Asset is set.
func (p Page) asset(name string) string {
	if p.Asset == nil {
		return "/static/" + name
	}
	return p.Asset(name)
}
