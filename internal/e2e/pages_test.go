package e2e

import (
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
)

var citizenPages = []string{
	"/", "/consultations", "/consultations/" + sampleID, "/consultations/" + sampleID + "/draft",
	"/consultations/" + sampleID + "/clauses/5", "/consultations/" + sampleID + "/interpretation",
	"/consultations/" + sampleID + "/print", "/consultations/" + sampleID + "/comments",
	"/consultations/" + sampleID + "/versions", "/consultations/" + sampleID + "/corrections",
	"/consultations/" + sampleID + "/comments/new", "/status", "/display", "/guide", "/privacy", "/accessibility",
	"/contact", "/sitemap", "/search", "/search?q=%E6%97%A0%E9%9A%9C%E7%A2%8D", "/nothing-here", "/receipt", "/staff/login",
}

// desks are the lists, forms and details of the desk that every member of a role finds, by role.
var desks = []struct {
	key, role string
	pages     []string
}{
	{"moderator", "审核员", []string{"/staff", "/staff/queue", "/staff/search?q=%E6%97%A0%E9%9A%9C%E7%A2%8D", "/staff/groups", "/staff/comments/new",
		"/staff/comments/import", "/staff/referrals", "/staff/answers", "/staff/answers?tab=approved", "/staff/templates", "/staff/requests",
		"/staff/consultations", "/staff/exports", "/staff/exports/new", "/staff/account", "/staff/account/password", "/staff/account/factor"}},
	{"editor", "发布员", append([]string{"/staff/consultations", "/staff/consultations/new"}, making("edit", "edit/basics", "edit/notice", "edit/draft",
		"edit/interpretation", "edit/fields", "edit/time", "edit/files", "edit/publish", "import", "extend", "end", "withdraw", "result",
		"result/received", "result/outcome")...)},
	{"officer", "承办人", []string{"/staff/referrals"}},
	{"admin", "系统管理员", []string{"/staff/people", "/staff/people/new", "/staff/settings", "/staff/settings/units", "/staff/settings/words",
		"/staff/settings/calendar"}},
	{"security", "安全管理员", []string{"/staff/people", "/staff/people/sessions", "/staff/settings", "/staff/settings/security", "/staff/retention",
		"/staff/retention/" + sampleID}},
	{"auditor", "审计员", []string{"/staff/audit"}},
}

// making are pages of the sample that those who make consultations work on.
func making(pages ...string) []string {
	for i, p := range pages {
		pages[i] = "/staff/consultations/" + sampleID + "/" + p
	}
	return pages
}

var displays = [][2]string{{"standard", "standard"}, {"elder", "contrast"}, {"largest", "dark"}}

func TestAxeFindsNothingOnAnyPage(t *testing.T) {
	b := open(t, look{1280, 900, false})
	code := b.comment("无障碍检查")
	b.signIn(hire(t, "审核员"), 0)
	for _, d := range displays {
		b.display(d[0], d[1])
		for _, path := range citizenPages {
			b.visit(path)
			b.wantClean(path, d)
		}
		b.visit("/staff/queue?q=%E6%97%A0%E9%9A%9C%E7%A2%8D")
		b.press(`main a[href^="/staff/comments/"]`)
		b.wantClean("a comment on the desk", d)
		comment := b.location()
		for _, form := range []string{"/referrals", "/disposition"} {
			b.do(chromedp.Navigate(comment + form))
			b.wantClean("a comment's "+form, d)
		}
		b.visit("/consultations/" + sampleID + "/comments/new")
		b.press("main button.main")
		b.wantClean("the form with its errors", d)
		b.fillForm("检查页")
		b.press("main button.main")
		b.wantClean("the check page", d)
		b.visit("/status")
		b.fill("code", code)
		b.fill("phone_tail", "5678")
		b.press("main button.main")
		b.wantClean("a status", d)
	}
}

func TestAxeFindsNothingOnAnyDesk(t *testing.T) {
	for _, desk := range desks {
		t.Run(desk.key, func(t *testing.T) {
			b := open(t, look{1280, 900, false})
			b.signIn(hire(t, desk.role), 0)
			for _, d := range displays {
				b.display(d[0], d[1])
				for _, path := range desk.pages {
					b.visitDesk(path)
					b.wantClean(path, d)
				}
			}
		})
	}
}

func TestDesksFitAPhone(t *testing.T) {
	for _, desk := range desks {
		t.Run(desk.key, func(t *testing.T) {
			b := open(t, look{390, 844, false})
			b.signIn(hire(t, desk.role), 0)
			for _, d := range displays {
				b.display(d[0], d[1])
				for _, path := range desk.pages {
					b.visitDesk(path)
					b.wantNarrow(path, d)
				}
			}
		})
	}
}

// visitDesk visits a page that the member may see; any other page is not what the test is about.
func (b *tab) visitDesk(path string) {
	b.t.Helper()
	b.visit(path)
	if heading := b.text("h1"); strings.Contains(heading, "没有") || strings.Contains(heading, "登录") && !strings.Contains(path, "login") {
		b.t.Errorf("%s is the page %q", path, heading)
	}
}

// wantNarrow checks that nobody has to scroll sideways on a phone of 390 px.
func (b *tab) wantNarrow(path string, display [2]string) {
	b.t.Helper()
	if wide := ask[int](b, `document.documentElement.scrollWidth`); wide > 390 {
		b.t.Errorf("%s in %s is %d px wide on a phone of 390", path, display[0], wide)
	}
}

func (b *tab) wantClean(page string, display [2]string) {
	b.t.Helper()
	for _, v := range b.violations() {
		b.t.Errorf("%s in %s.%s: %s", page, display[0], display[1], v)
	}
}

func TestPagesFitAPhone(t *testing.T) {
	b := open(t, look{390, 844, false})
	for _, d := range displays {
		b.display(d[0], d[1])
		for _, path := range citizenPages {
			b.visit(path)
			b.wantNarrow(path, d)
			if strings.HasSuffix(path, "/print") {
				continue
			}
			if top := ask[float64](b, `document.querySelector('h1').getBoundingClientRect().top`); top > 0.45*844 {
				t.Errorf("%s in %s: the heading begins at %.0f px of 844", path, d[0], top)
			}
		}
	}
}
