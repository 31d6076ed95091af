package e2e

import (
	"strings"
	"testing"
)

var citizenPages = []string{
	"/", "/consultations", "/consultations/" + sampleID, "/consultations/" + sampleID + "/draft",
	"/consultations/" + sampleID + "/clauses/5", "/consultations/" + sampleID + "/interpretation",
	"/consultations/" + sampleID + "/print", "/consultations/" + sampleID + "/comments",
	"/consultations/" + sampleID + "/comments/new", "/status", "/display", "/guide", "/privacy", "/accessibility",
	"/contact", "/sitemap", "/search", "/search?q=%E6%97%A0%E9%9A%9C%E7%A2%8D", "/nothing-here", "/receipt", "/staff/login",
}

var staffPages = []string{"/staff", "/staff/queue", "/staff/search?q=%E6%97%A0%E9%9A%9C%E7%A2%8D", "/staff/exports", "/staff/exports/new", "/staff/consultations", "/staff/account"}

var displays = [][2]string{{"standard", "standard"}, {"elder", "contrast"}, {"largest", "dark"}}

func TestAxeFindsNothingOnAnyPage(t *testing.T) {
	b := open(t, look{1280, 900, false})
	code := b.comment("无障碍检查")
	b.signIn(hire(t, "审核员"), 0)
	for _, d := range displays {
		b.display(d[0], d[1])
		for _, path := range append(append([]string{}, citizenPages...), staffPages...) {
			b.visit(path)
			b.wantClean(path, d)
		}
		b.visit("/staff/queue?q=%E6%97%A0%E9%9A%9C%E7%A2%8D")
		b.press(`main a[href^="/staff/comments/"]`)
		b.wantClean("a comment on the desk", d)
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
			if wide := ask[int](b, `document.documentElement.scrollWidth`); wide > 390 {
				t.Errorf("%s in %s is %d px wide on a phone of 390", path, d[0], wide)
			}
			if strings.HasSuffix(path, "/print") {
				continue
			}
			if top := ask[float64](b, `document.querySelector('h1').getBoundingClientRect().top`); top > 0.45*844 {
				t.Errorf("%s in %s: the heading begins at %.0f px of 844", path, d[0], top)
			}
		}
	}
}
