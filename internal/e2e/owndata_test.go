package e2e

import (
	"testing"
)

// At the width of a phone: a commenter asks for a correction, a moderator makes it, the commenter sees it.
// axe finds nothing on the way, in any size and colours.
func TestACommenterHasTheOwnDataCorrected(t *testing.T) {
	b := open(t, look{390, 844, false})
	code := b.comment("我的个人信息")
	lookUp := func(tail string) {
		t.Helper()
		b.visit("/status")
		b.fill("code", code)
		b.fill("phone_tail", tail)
		b.press("main button.main")
	}
	lookUp("5678")
	ask[string](b, `document.querySelector('main details').open = true; ''`)
	b.press("form[action='/status/requests'] button.main")
	b.wantText("有2处需要修改", "请选择更正或者删除。", "请写明要更正或者删除的内容。")
	b.wantClean("a request with its errors", displays[0])
	ask[string](b, `document.querySelector('input[value=correct]').click(); ''`)
	b.fill("wish", "电话写错了，后四位应为0011。")
	b.press("form[action='/status/requests'] button.main")
	b.wantText("已收到您的请求", "正在办理")
	b.wantClean("an open request", displays[0])

	desk := open(t, look{390, 844, false})
	desk.signIn(hire(t, "审核员"), 0)
	for _, d := range displays {
		desk.display(d[0], d[1])
		desk.visit("/staff/requests")
		desk.wantClean("requests", d)
		desk.wantFits("requests")
		desk.press("table a")
		desk.wantClean("a request", d)
		desk.wantFits("a request")
	}
	desk.wantText("电话写错了，后四位应为0011。", "138****5678")
	desk.fill("phone", "13800000011")
	desk.press("form[action$='/correct'] button")
	desk.wantText("已办结")
	lookUp("0011")
	b.wantText("已办理")
}

func TestTheSecurityAdministratorsPagesAreClean(t *testing.T) {
	b := open(t, look{390, 844, false})
	b.signIn(hire(t, "安全管理员"), 0)
	for _, d := range displays {
		b.display(d[0], d[1])
		for _, path := range []string{"/staff/retention", "/staff/retention/" + sampleID, "/staff/retention/" + sampleID + "/erase"} {
			b.visit(path)
			b.wantClean(path, d)
			b.wantFits(path)
		}
	}
	b.visit("/staff/retention/" + sampleID)
	b.fill("hold", "行政复议〔2025〕12号")
	b.press("form[action$='/hold'] button")
	b.wantText("已开始依法保全", "行政复议〔2025〕12号")
	b.fill("lift", "复议已经办结")
	b.press("form[action$='/lift'] button")
	b.wantText("已解除保全")
}

// wantFits fails where a page is wider than its window.
func (b *tab) wantFits(page string) {
	b.t.Helper()
	if wide := ask[bool](b, `document.documentElement.scrollWidth > document.documentElement.clientWidth`); wide {
		b.t.Errorf("%s is wider than its window", page)
	}
}
