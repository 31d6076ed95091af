package ui

import (
	"net/url"
	"strconv"
	"strings"
	"time"
)

// navItem is one item of the navigation; key is what Page.Nav names it by.
type navItem struct {
	Crumb
	key string
}

var navItems = []navItem{
	{Crumb{"征集首页", "/"}, NavHome},
	{Crumb{"查询办理", "/status"}, NavStatus},
	{Crumb{"参与指南", "/guide"}, NavGuide},
}

var footItems = []Crumb{
	{"征集首页", "/"},
	{"查询办理", "/status"},
	{"参与指南", "/guide"},
	{"网站地图", "/sitemap"},
	{"联系我们", "/contact"},
	{"隐私声明", "/privacy"},
	{"无障碍说明", "/accessibility"},
}

// withHome puts the column's home before the path of a page.
func withHome(crumbs []Crumb) []Crumb {
	return append([]Crumb{{Name: "意见征集", URL: "/"}}, crumbs...)
}

// facts are the lines of the foot that name people and places, those that are set.
func (s Site) facts() []Crumb {
	owner := s.Copyright
	if owner == "" {
		owner = s.Name
	}
	var facts []Crumb
	for _, f := range []Crumb{
		{"版权所有", owner}, {"主办单位", s.Sponsor}, {"地址", s.Address}, {"邮编", s.Postcode}, {"联系邮箱", s.Email},
	} {
		if f.URL != "" {
			facts = append(facts, f)
		}
	}
	return facts
}

// helpHours is when the help desk answers, in brackets.
func (s Site) helpHours() string {
	if s.HelpHours == "" {
		return ""
	}
	return "（" + s.HelpHours + "）"
}

// TelURL is the address that dials a number: its digits only, with a leading + kept.
func TelURL(phone string) string {
	var b strings.Builder
	b.WriteString("tel:")
	for i, r := range phone {
		if r >= '0' && r <= '9' || r == '+' && i == 0 {
			b.WriteRune(r)
		}
	}
	return b.String()
}

// MailURL is the address that begins a letter; subject may be empty.
func MailURL(address, subject string) string {
	u := "mailto:" + strings.ReplaceAll(url.PathEscape(address), "%40", "@")
	if subject != "" {
		u += "?subject=" + strings.ReplaceAll(url.QueryEscape(subject), "+", "%20")
	}
	return u
}

func displayURL(back string) string {
	return "/display?back=" + url.QueryEscape(back)
}

// beijing is the zone of every time shown; Beijing time has no summer time, so a fixed zone needs no zone files.
var beijing = time.FixedZone("CST", 8*60*60)

// Date writes a day: 2025年5月7日.
func Date(t time.Time) string { return t.In(beijing).Format("2006年1月2日") }

// Minute writes a moment: 2025-04-29 10:30.
func Minute(t time.Time) string { return t.In(beijing).Format("2006-01-02 15:04") }

// Closing writes the end of a half-open period: midnight is the 24th hour of the day before, 2025年5月7日24时; any
// other time of day is written as it is, 2025年5月7日17时 or 2025年5月7日17时30分.
func Closing(t time.Time) string {
	if hour, minute, _ := t.In(beijing).Clock(); hour == 0 && minute == 0 {
		return Date(t.AddDate(0, 0, -1)) + "24时"
	}
	return Opening(t)
}

// Opening writes the beginning of a period: 2025年4月29日0时, 2025年4月29日9时30分.
func Opening(t time.Time) string {
	hour, minute, _ := t.In(beijing).Clock()
	s := Date(t) + strconv.Itoa(hour) + "时"
	if minute > 0 {
		s += t.In(beijing).Format("04分")
	}
	return s
}

// stamp writes a moment as the meta tag PubDate wants it: 2025-04-29 10:30.
func stamp(t time.Time) string { return Minute(t) }
