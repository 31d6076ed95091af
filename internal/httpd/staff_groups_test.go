package httpd_test

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/PuerkitoBio/goquery"
)

// campaign submits n comments in nearly the same words, each by another person, and one of other words.
func (d *desk) campaign(n int) {
	d.t.Helper()
	for i := range n {
		d.send(fmt.Sprintf("1381234%04d", i), "建议加装扶手",
			fmt.Sprintf("我住%d楼。建议在全省老旧小区统一加装电梯和楼道扶手，补贴标准再提高一些，手续再简化一些，让老年人能够安心居家养老，冬天也能放心出门看病买菜。", i))
	}
	d.send("13899990000", "护理员工资", "养老护理员工资太低，留不住年轻人，应当建立职业等级和岗位津贴制度。")
	if err := d.web.Similar.CatchUp(d.t.Context()); err != nil {
		d.t.Fatal(err)
	}
}

// send submits one comment all the way.
func (d *desk) send(phone, title, body string) {
	d.t.Helper()
	b := d.browser()
	fields := filled(b.get(formAddress).want(d.t, 200))
	for name, value := range map[string]string{"phone": phone, "title": title, "body": body, "id_number": idNumber(phone)} {
		fields = with(fields, name, value)
	}
	check := b.post(checkAddress, fields).want(d.t, 200)
	b.post(sendAddress, url.Values{"sealed": {check.value("sealed")}}).want(d.t, 303)
}

// idNumber is a right number for a made-up person, another one for each phone.
func idNumber(phone string) string {
	digits := "21010219491231" + phone[len(phone)-3:]
	sum := 0
	for i, weight := range []int{7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2} {
		sum += int(digits[i]-'0') * weight
	}
	return digits + string("10X98765432"[sum%11])
}

// only follows the one link of the list of groups.
func (b *browser) onlyGroup() string {
	b.t.Helper()
	list := b.get("/staff/groups").want(b.t, 200)
	links := list.Find("tbody th a")
	if links.Length() != 1 {
		b.t.Fatalf("%d groups listed", links.Length())
	}
	return links.AttrOr("href", "")
}

func TestAGroupIsListedAndShownAsItDiffers(t *testing.T) {
	d := newDesk(t)
	d.campaign(3)
	b := d.member("liming")
	row := b.get("/staff/groups").Find("main tbody tr")
	var cells []string
	row.Find("td").Each(func(_ int, c *goquery.Selection) { cells = append(cells, strings.TrimSpace(c.Text())) })
	if len(cells) != 6 || cells[0] != "3" || cells[1] != "3" || cells[2] != "3" || !strings.HasSuffix(cells[3], "%") || cells[5] != "第5条" {
		t.Errorf("the row reads %q", cells)
	}
	g := b.get(b.onlyGroup()).want(t, 200)
	if n := g.Find("#members").Parent().Find("li").Length(); n != 3 {
		t.Errorf("%d members shown", n)
	}
	if del, ins := g.Find("del").First().Text(), g.Find("ins").First().Text(); del != "［－0］" || ins != "［＋1］" {
		t.Errorf("the difference reads %s %s", del, ins)
	}
	if word := b.get("/staff/queue").Find("a[href*='/staff/groups/']").First().Contents().First().Text(); word != "相似3条" {
		t.Errorf("the queue marks a member as %q", word)
	}
	detail := b.get(g.Find(".d-row-title a").First().AttrOr("href", "")).want(t, 200)
	if detail.Find("main a[href*='/staff/groups/']").Text() != "相似3条" {
		t.Error("the comment does not lead to its group")
	}
	d.member("wangfang").get(b.onlyGroup()).want(t, 200)
	d.member("admin").get("/staff/groups").want(t, http.StatusForbidden)
}

func TestAGroupIsPublishedTogetherButForPersonalData(t *testing.T) {
	d := newDesk(t)
	d.campaign(3)
	d.send("13812349999", "建议加装扶手",
		"我住9楼，电话13812349999。建议在全省老旧小区统一加装电梯和楼道扶手，补贴标准再提高一些，手续再简化一些，让老年人能够安心居家养老，冬天也能放心出门看病买菜。")
	if err := d.web.Similar.CatchUp(t.Context()); err != nil {
		t.Fatal(err)
	}
	b := d.member("liming")
	group := b.onlyGroup()
	ask := b.get(group+"/publish").want(t, 200)
	if ask.Find("input[name=pick]").Length() != 3 || ask.Find(".call li").Length() != 1 {
		t.Fatalf("offered %d, held %d", ask.Find("input[name=pick]").Length(), ask.Find(".call li").Length())
	}
	done := b.post(group+"/publish", ask.form(t, "/publish")).want(t, 303)
	told := b.get(done.Header.Get("Location")).want(t, 200)
	if got := told.Find(".d-told").Text(); got != "已通过3条。" {
		t.Errorf("told %q", got)
	}
	if n := d.count("SELECT count(*) FROM comment WHERE state = 'published'"); n != 3 {
		t.Errorf("%d published", n)
	}
	again := b.post(group+"/publish", ask.form(t, "/publish")).want(t, 303)
	if told := b.get(again.Header.Get("Location")).Find(".d-told").Text(); told != "已通过0条。另有3条已由他人处理或领取，未操作。" {
		t.Errorf("told %q", told)
	}
	list := d.browser().get("/consultations/"+sampleID+"/comments").want(t, 200)
	if n := list.Find(".tag:contains('相同意见共3条')").Length(); n != 3 {
		t.Errorf("%d of the public comments say how many are alike", n)
	}
	one := d.browser().get("/consultations/"+sampleID+"/comments/1").want(t, 200)
	if one.Find(".tag:contains('相同意见共3条')").Length() != 1 {
		t.Error("the public comment does not say how many are alike")
	}
}

func TestMembersAreTakenOutMovedAndMergedOnTheGroupsPage(t *testing.T) {
	d := newDesk(t)
	d.campaign(3)
	for i := range 2 {
		d.send(fmt.Sprintf("1387777%04d", i), "助餐点", "请在每个社区设立老年助餐点，价格要实惠，菜品要适合老年人，最好能够送餐上门。")
	}
	if err := d.web.Similar.CatchUp(t.Context()); err != nil {
		t.Fatal(err)
	}
	b := d.member("liming")
	links := b.get("/staff/groups").Find("tbody th a")
	large, small := links.Eq(0).AttrOr("href", ""), links.Eq(1).AttrOr("href", "")
	smallID := strings.TrimPrefix(small, "/staff/groups/")

	b.post(large+"/out", url.Values{}).want(t, 422)
	page := b.get(large)
	pick := page.Find("input[name=pick]").Last().AttrOr("value", "")
	b.post(large+"/out", url.Values{"pick": {pick}}).want(t, 303)
	page = b.get(large)
	if page.Find("#out").Length() != 1 || page.Find("input[name=pick][value='"+pick+"']").Closest("section").Find("#out").Length() != 1 {
		t.Fatal("the member taken out is not listed as such")
	}
	b.post(large+"/return", url.Values{"pick": {pick}}).want(t, 303)
	if b.get(large).Find("#out").Length() != 0 {
		t.Error("the member is still out")
	}
	if wrong := b.post(large+"/move", url.Values{"pick": {pick}}).want(t, 422); wrong.Find("#problem-target").Length() != 1 {
		t.Error("the missing group is not named")
	}
	b.post(large+"/move", url.Values{"pick": {pick}, "target": {smallID}}).want(t, 303)
	if n := b.get(small).Find("#members").Parent().Find("li").Length(); n != 3 {
		t.Errorf("%d members in the group moved to", n)
	}
	if to := b.post(large+"/merge", url.Values{"target": {smallID}}).want(t, 303).Header.Get("Location"); !strings.HasPrefix(to, small) {
		t.Errorf("after merging one is sent to %s", to)
	}
	if to := b.get(large).want(t, 303).Header.Get("Location"); to != small {
		t.Errorf("the merged group leads to %s", to)
	}
	b.post(large+"/out", url.Values{"pick": {pick}}).want(t, 409)
	d.member("wangfang").post(small+"/out", url.Values{"pick": {pick}}).want(t, http.StatusForbidden)
}

func TestABurstIsFlaggedOnTheDesk(t *testing.T) {
	d := newDesk(t)
	b := d.member("liming")
	if b.get("/staff").Find("#bursts").Length() != 0 {
		t.Fatal("a burst is told before there is one")
	}
	for i := range 10 {
		d.send(fmt.Sprintf("1381234%04d", i), "建议加装扶手", "建议在全省老旧小区统一加装电梯和楼道扶手。")
	}
	if err := d.web.Similar.CatchUp(t.Context()); err != nil {
		t.Fatal(err)
	}
	flag := b.get("/staff").want(t, 200).Find("section:has(#bursts) li a")
	if flag.Length() != 1 || !strings.Contains(flag.Text(), "10条文字完全相同") || !strings.HasPrefix(flag.AttrOr("href", ""), "/staff/groups/") {
		t.Errorf("%d flags: %s", flag.Length(), flag.Text())
	}
}

func TestAGroupIsHandedOverAndAnsweredTogether(t *testing.T) {
	d := newDesk(t)
	d.campaign(3)
	b := d.member("liming")
	group := b.onlyGroup()

	ask := b.get(group+"/referrals").want(t, 200)
	if lead := ask.Find("#unit option[selected]").Text(); lead != officerUnit {
		t.Errorf("the department of the clause is not chosen: %q", lead)
	}
	fields := ask.form(t, "/referrals")
	b.post(group+"/referrals", with(fields, "days", "none")).want(t, 422)
	b.post(group+"/referrals", with(fields, "unit", "")).want(t, 422)
	done := b.post(group+"/referrals", fields).want(t, 303)
	if told := b.get(done.Header.Get("Location")).Find(".d-told").Text(); told != "已转办3条。" {
		t.Errorf("told %q", told)
	}
	if n := d.count(`SELECT count(*) FROM referral WHERE state = 'waiting' AND lead`); n != 3 {
		t.Errorf("%d handed over", n)
	}
	b.post(group+"/referrals", fields).want(t, 409)

	if b.get(group+"/disposition").want(t, 200).Find("form[action$='/disposition']").Length() != 0 {
		t.Error("comments that wait may be answered")
	}
	b.post(group+"/publish", b.get(group+"/publish").form(t, "/publish")).want(t, 303)
	ask = b.get(group+"/disposition").want(t, 200)
	if !strings.Contains(ask.Find("main").Text(), "整组答复将发送给3位意见人。") {
		t.Error("the page does not say to how many the answer goes")
	}
	fields = ask.form(t, "/disposition")
	b.post(group+"/disposition", with(fields, "answer", "感谢您的意见。【】")).want(t, 422)
	fields = with(with(fields, "outcome", "adopted"), "answer", "感谢您的意见，我们将予以采纳。")
	d.send("13812348888", "建议加装扶手", // joins the group after the page was shown
		"我住8楼。建议在全省老旧小区统一加装电梯和楼道扶手，补贴标准再提高一些，手续再简化一些，让老年人能够安心居家养老，冬天也能放心出门看病买菜。")
	if err := d.web.Similar.CatchUp(t.Context()); err != nil {
		t.Fatal(err)
	}
	b.post(group+"/publish", b.get(group+"/publish").form(t, "/publish")).want(t, 303)
	b.post(group+"/disposition", fields).want(t, 303)
	if n := d.count(`SELECT count(*) FROM disposition WHERE status = 'submitted'`); n != 3 {
		t.Errorf("%d answers wait for approval", n)
	}
	b.post(group+"/disposition", fields).want(t, 409)
	d.member("wangfang").post(group+"/disposition", fields).want(t, http.StatusForbidden)
	d.member("wangfang").post(group+"/referrals", fields).want(t, http.StatusForbidden)
}

// count runs a query that gives one number.
func (d *desk) count(sql string, args ...any) (n int) {
	d.t.Helper()
	if err := d.db.QueryRow(d.t.Context(), sql, args...).Scan(&n); err != nil {
		d.t.Fatal(err)
	}
	return n
}
