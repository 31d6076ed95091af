package httpd_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
)

func TestStaffFindCommentsOfAllStatesByTheirWords(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	d.receive("建议加装扶手", "老旧小区的楼道昏暗，请加装扶手，方便老人。")
	d.receive("助餐服务", "希望社区食堂送餐上门，覆盖全部小区。")
	b := d.member("liming")
	box := b.get("/staff").want(t, 200).Find("form[action='/staff/search'] [data-key='/']")
	if box.AttrOr("name", "") != "q" || b.get("/staff").Find("label[for='"+box.AttrOr("id", "")+"']").Length() != 1 {
		t.Error("no search box with a label in the top bar")
	}
	for address, want := range map[string]string{
		"?q=" + url.QueryEscape("扶手"):                                                           "建议加装扶手",
		"?q=" + url.QueryEscape("食堂 上门"):                                                        "助餐服务",
		"?q=" + url.QueryEscape("小区"):                                                           "助餐服务 建议加装扶手",
		"?state=withheld&q=" + url.QueryEscape("扶手"):                                            "",
		"?channel=letter&q=" + url.QueryEscape("扶手"):                                            "",
		"?to=2025-04-30&q=" + url.QueryEscape("扶手"):                                             "",
		"?from=2025-05-01&to=nonsense&after=nonsense&state=nonsense&q=" + url.QueryEscape("扶手"): "建议加装扶手",
		"?consultation=" + sampleID + "&clause=5&q=" + url.QueryEscape("扶手"):                    "建议加装扶手",
	} {
		p := b.get("/staff/search"+address).want(t, 200)
		if got := strings.Join(p.titles(), " "); strings.Join(strings.Fields(got), " ") != want {
			t.Errorf("%s finds %q, want %q", address, got, want)
		}
		if want == "" && p.text(".d-empty") != "没有符合条件的记录，请调整筛选条件。" {
			t.Errorf("%s says %q", address, p.text(".d-empty"))
		}
	}
	p := b.get("/staff/search?q="+url.QueryEscape("扶手")).want(t, 200)
	if got := p.Find(".d-row mark").Length(); got != 2 {
		t.Errorf("%d places marked", got)
	}
	p = b.get("/staff/search?q="+url.QueryEscape("扶")).want(t, 200)
	if got := p.text(".d-empty"); !strings.HasPrefix(got, "请至少输入两个") {
		t.Errorf("one character: %q", got)
	}
	p = b.get("/staff/search?q="+url.QueryEscape(`<script>alert(1)</script>`)).want(t, 200)
	if p.Find("main script").Length() != 0 || p.Find("main [name=q]").AttrOr("value", "") != `<script>alert(1)</script>` {
		t.Error("typed words are not shown as words")
	}
	d.member("sunli").get("/staff/search?q=a").want(t, http.StatusForbidden)
}

func TestThePublicFindsPublishedCommentsAndNoHiddenWord(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	address, b := d.receive("邻居王小二很吵", "王小二家的宠物很吵，请管一管。"), d.member("liming")
	d.receive("没有公开", "另一条关于宠物的意见，没有公开。")
	lists := []string{"/search?q=", "/consultations/" + sampleID + "/comments?q="}
	for _, list := range lists {
		if n := d.browser().get(list+url.QueryEscape("宠物")).want(t, 200).Find(".opinion").Length(); n != 0 {
			t.Errorf("%s finds %d before anything is published", list, n)
		}
	}
	fields := b.get(address).want(t, 200).form(t, "/redaction")
	fields.Set("title", "邻居⟦王小二⟧很吵")
	fields.Set("body", "⟦王小二⟧家的宠物很吵，请管一管。")
	preview := b.post(address+"/redaction", fields).want(t, 200)
	b.post(address+"/publish", preview.form(t, "/publish")).want(t, 303)
	for _, list := range lists {
		p := d.browser().get(list+url.QueryEscape("宠物")).want(t, 200)
		if p.Find(".opinion").Length() != 1 || p.text(".opinion mark") != "宠物" || strings.Contains(p.text("main"), "王小二") {
			t.Errorf("%s finds %q", list, p.text("main"))
		}
		for _, hidden := range []string{"王小二", "小二", "王小"} {
			if n := d.browser().get(list+url.QueryEscape(hidden)).want(t, 200).Find(".opinion").Length(); n != 0 {
				t.Errorf("%s finds the hidden word %q", list, hidden)
			}
		}
		if got := d.browser().get(list+url.QueryEscape("宠")).want(t, 200).text("main"); !strings.Contains(got, "请至少输入两个") {
			t.Errorf("%s with one character says %q", list, got)
		}
		d.browser().get(list+url.QueryEscape(`%_\' & ! :* (`)).want(t, 200)
	}
	b.post(address+"/undo", b.get(address).form(t, "/undo")).want(t, 303)
	for _, list := range lists {
		if n := d.browser().get(list+url.QueryEscape("宠物")).want(t, 200).Find(".opinion").Length(); n != 0 {
			t.Errorf("%s finds %d after it was withdrawn", list, n)
		}
	}
	if p := d.browser().get("/search").want(t, 200); p.Find("h1").Length() != 1 || p.Find("[name=q]").Length() != 1 {
		t.Error("no form to search with")
	}
}
