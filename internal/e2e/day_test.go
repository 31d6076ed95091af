package e2e

import (
	"encoding/json"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
)

// day is the office's whole working day in one portal: every person with a browser of their own.
type day struct {
	*ownDemo
	id     string            // of the consultation that is made
	group  string            // address of the group of similar comments
	people map[string]person // by role
	tabs   map[string]*tab   // by role, signed in
	codes  map[string]string // 查询码 by the comment's title
	turns  map[string]int    // sign-ins so far by role: a one-time code passes once
}

func TestTheOfficesWholeWorkingDay(t *testing.T) {
	d := &day{ownDemo: newDemo(t), people: map[string]person{}, tabs: map[string]*tab{}, codes: map[string]string{}, turns: map[string]int{}}
	d.start()
	d.readPeople()
	d.makeConsultation()
	d.importDraft()
	d.publishConsultation()
	d.takeComments()
	d.moderate()
	d.handOver()
	d.closeComments()
	d.refuseToConclude()
	d.answerAll()
	d.readAnswers()
	d.report()
	d.purge()
	d.verify()
}

func (d *day) readPeople() {
	d.t.Helper()
	content, err := os.ReadFile(filepath.Join(d.data, "sign-ins.json"))
	if err != nil {
		d.t.Fatal(err)
	}
	var list []struct {
		Role, Username, Password string
		Secret                   string `json:"totp_secret"`
	}
	if err := json.Unmarshal(content, &list); err != nil {
		d.t.Fatal(err)
	}
	for _, a := range list {
		d.people[a.Role] = person{a.Username, a.Password, a.Secret}
	}
	if len(d.people) != 6 {
		d.t.Fatalf("the demo has %d roles", len(d.people))
	}
}

// visitor is a browser of nobody in particular.
func (d *day) visitor() *tab {
	b := open(d.t, look{1280, 900, false})
	b.base = "http://" + d.address
	return b
}

// as is the browser of the person of that role, signed in.
func (d *day) as(role string) *tab {
	d.t.Helper()
	if b, ok := d.tabs[role]; ok {
		return b
	}
	b := d.visitor()
	b.signIn(d.people[role], d.turns[role])
	d.turns[role]++
	d.tabs[role] = b
	return b
}

// set gives a field a value at once, as pasting does.
func (b *tab) set(name, value string) {
	b.t.Helper()
	quoted, err := json.Marshal(value)
	if err != nil {
		b.t.Fatal(err)
	}
	ask[string](b, `document.querySelector('main [name="`+name+`"]').value = `+string(quoted))
}

// submit presses the button with these words in the main part of the page.
func (b *tab) submit(words string) {
	b.t.Helper()
	quoted, err := json.Marshal(words)
	if err != nil {
		b.t.Fatal(err)
	}
	found := ask[bool](b, `(() => {
		for (const e of document.querySelectorAll('main button, main a')) {
			e.removeAttribute('data-pressed');
		}
		const e = [...document.querySelectorAll('main button, main a')].find(e => e.textContent.trim().startsWith(`+string(quoted)+`));
		if (!e) return false;
		e.setAttribute('data-pressed', '');
		for (let p = e.parentElement; p; p = p.parentElement) if (p.tagName === 'DETAILS') p.open = true;
		return true;
	})()`)
	if !found {
		b.t.Fatalf("%s has no %q:\n%s", b.location(), words, b.text("main"))
	}
	b.press("[data-pressed]")
}

func (d *day) makeConsultation() {
	d.t.Helper()
	b := d.as("发布员")
	b.visit("/staff/consultations")
	b.submit("新建征集")
	b.choose("kind", "normative_document")
	b.set("title", "辽宁省促进银发经济发展的实施方案（征求意见稿）")
	b.set("unit", "省民政厅")
	b.submit("保存并编辑")
	d.id = filepath.Base(strings.TrimSuffix(strings.SplitN(b.location(), "?", 2)[0], "/edit"))
	if d.id == sampleID || !strings.HasPrefix(d.id, "20") {
		d.t.Fatalf("the new consultation is %q", d.id)
	}
	b.visit(d.desk("edit/basics"))
	b.set("contact_phone", "024-23935916")
	b.submit("保存")
	b.visit(d.desk("edit/notice"))
	b.set("notice", "现将方案全文公布，请提出宝贵意见。")
	b.submit("保存")
	b.visit(d.desk("edit/time"))
	now := time.Now().In(time.FixedZone("CST", 8*60*60))
	b.set("opens_at", now.Format("2006年1月2日"))
	b.set("closes_at", now.AddDate(0, 0, 31).Format("2006年1月2日"))
	b.submit("保存")

	if code := d.status("/consultations/" + d.id); code != 404 {
		d.t.Errorf("what is being prepared answers the public with %d", code)
	}
	b.visit(d.desk("edit/publish"))
	b.wantText("还有没有达到要求的项目，不能发布")
}

// desk is an address of the consultation on the desk.
func (d *day) desk(rest string) string { return "/staff/consultations/" + d.id + "/" + rest }

// public is an address of the consultation for everyone.
func (d *day) public(rest string) string { return "/consultations/" + d.id + rest }

func (d *day) status(path string) int { return fetch(d.t, "http://"+d.address+path) }

// importDraft brings in the draft as it stands on the public page, with the slips that the page has, and mends them.
func (d *day) importDraft() {
	d.t.Helper()
	page, err := os.ReadFile(filepath.Join("..", "clause", "testdata", "page.txt"))
	if err != nil {
		d.t.Fatal(err)
	}
	const heading = "辽宁省深化养老服务改革促进银发经济\n"
	pieces := strings.Split(string(page), "\n"+heading)
	if len(pieces) != 3 {
		d.t.Fatalf("the page has %d pieces", len(pieces))
	}
	b := d.as("发布员")
	b.visit(d.desk("import"))
	b.set("text", heading+pieces[1])
	b.submit("识别文字")
	b.wantText("29条", "标题后缺少句号", "半角标点", "缺少顿号")
	b.submit("规范标点")
	if strings.Contains(b.text("main"), "半角标点") {
		d.t.Error("the half-width marks are still there")
	}
	row := ask[string](b, `[...document.querySelectorAll('textarea[name^="text-"]')].find(e => e.value.startsWith('2.强化机构养老服务')).name`)
	text := ask[string](b, `document.querySelector('[name="`+row+`"]').value`)
	if strings.Contains(text, "强化机构养老服务。") {
		d.t.Fatalf("the page's second clause has its full stop: %.40s", text)
	}
	b.set(row, strings.Replace(text, "强化机构养老服务", "强化机构养老服务。", 1))
	b.submit("保存修改并检查")
	if strings.Contains(b.text("main"), "第2条标题后缺少句号") {
		d.t.Error("the mended full stop is still missed")
	}
	b.submit("保存为征求意见稿")
	b.visit(d.desk("edit/draft"))
	b.wantText("29条", "2.强化机构养老服务")
}

func (d *day) publishConsultation() {
	d.t.Helper()
	b := d.as("发布员")
	b.visit(d.desk("edit/interpretation"))
	b.set("interpretation", "一、出台背景\n为积极应对人口老龄化，制定本方案。\n二、主要内容\n方案共29项任务。")
	b.submit("保存")
	b.visit(d.desk("preview"))
	b.wantText("现将方案全文公布")
	b.visit(d.desk("edit/publish"))
	b.tick("confirm")
	b.submit("发布")
	b.wantText("已发布")
	if code := d.status(d.public("")); code != 200 {
		d.t.Errorf("the published notice answers %d", code)
	}
}

// comment sends one comment as a citizen does.
func (d *day) comment(title, body, idNumber, phone string) {
	d.t.Helper()
	b := d.visitor()
	b.visit(d.public("/comments/new?clause=5"))
	b.fillForm(title)
	b.set("body", body)
	b.set("id_number", idNumber)
	b.set("phone", phone)
	b.press("main button.main")
	b.wantText("请核对后提交")
	b.press("main button.main")
	b.wantText("提交成功")
	d.codes[title] = strings.Join(strings.Fields(b.text(".code")), "")
}

// Comments of three channels; the two on the web say nearly the same.
const (
	campaign  = "建议在全省老旧小区的楼道里加装扶手和坡道，方便老年人上下楼，并由社区统一维护，费用由财政适当补助，不要让老人自己出钱。"
	titleWeb  = "加装扶手"
	titleSame = "楼道加装扶手"
	titlePost = "社区食堂"
	titleCall = "养老护理员培训"
)

func (d *day) takeComments() {
	d.t.Helper()
	d.comment(titleWeb, campaign, "210102194912310016", "13812345678")
	d.comment(titleSame, "我是沈阳市民。"+campaign, "210102194912310024", "13912345679")
	d.enter("letter", titlePost, "建议每个社区都办老年食堂，饭菜软一些，价格便宜一些。", "赵来信", "13712345670")
	d.enter("phone", titleCall, "来电建议加强养老护理员的培训，提高工资待遇。", "", "")
}

// enter writes down a comment of another channel.
func (d *day) enter(channel, title, body, name, phone string) {
	d.t.Helper()
	b := d.as("审核员")
	b.visit("/staff/comments/new")
	b.choose("consultation", d.id)
	b.choose("channel", channel)
	b.set("received_on", time.Now().In(time.FixedZone("CST", 8*60*60)).Format(time.DateOnly))
	b.set("title", title)
	b.set("body", body)
	b.set("name", name)
	b.set("phone", phone)
	b.submit("保存")
	b.wantText("意见登记回执", title)
	if phone != "" {
		d.codes[title] = strings.Join(strings.Fields(b.text(".d-list b")), "")
	}
}

func (d *day) moderate() {
	d.t.Helper()
	b := d.as("审核员")
	d.group = d.await(b, "/staff/groups?consultation="+d.id, `main table a[href^="/staff/groups/"]`)
	b.visit(d.group)
	b.wantText("2条", "2人")
	b.submit("整组通过")
	b.submit("通过2条")
	for _, title := range []string{titlePost, titleCall} {
		b.visit("/staff/queue?consultation=" + d.id + "&q=" + url.QueryEscape(title))
		b.press(`main a[href^="/staff/comments/"]`)
		b.press(`form[action$="/publish"] button`)
	}
	citizen := d.visitor()
	citizen.visit(d.public("/comments"))
	citizen.wantText(titleWeb, titleSame, titlePost, titleCall, "相同意见共2条", "欧阳**")
}

// await visits the page until it has the link, and returns the link's address.
func (d *day) await(b *tab, page, link string) string {
	d.t.Helper()
	for deadline := time.Now().Add(pageWait); time.Now().Before(deadline); <-time.After(200 * time.Millisecond) {
		b.visit(page)
		if href := ask[string](b, `(document.querySelector('`+link+`') || {getAttribute: () => ''}).getAttribute('href')`); href != "" {
			return href
		}
	}
	d.t.Fatalf("%s never has %s", page, link)
	return ""
}

// goOn starts the portal again with a clock of its own; everyone has to sign in again.
func (d *day) goOn(args ...string) {
	d.t.Helper()
	if err := d.command.Process.Signal(syscall.SIGINT); err != nil {
		d.t.Fatal(err)
	}
	d.command.Wait()
	d.args = args
	d.tabs = map[string]*tab{}
	d.start()
}

// chosen presses a radio button or checkbox by its value.
func (b *tab) chosen(name, value string) {
	b.t.Helper()
	b.do(chromedp.Click(chromedp.CSS(`main input[name="` + name + `"][value="` + value + `"]`)))
}
