package httpd_test

import (
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"wenji/internal/comment"
	"wenji/internal/consultation"
)

func TestReadingPagesAreServed(t *testing.T) {
	b := newPortal(t, during).browser()
	for _, path := range []string{"/", "/consultations", "/consultations?state=open", "/consultations?q=银发",
		"/consultations/" + sampleID, "/consultations/" + sampleID + "/draft",
		"/consultations/" + sampleID + "/draft?with=comments", "/consultations/" + sampleID + "/clauses/5",
		"/consultations/" + sampleID + "/interpretation", "/consultations/" + sampleID + "/print",
		"/consultations/" + sampleID + "/comments", "/status", "/display", "/guide", "/privacy", "/accessibility",
		"/contact", "/sitemap", formAddress, "/staff/login"} {
		p := b.get(path).want(t, 200)
		if n := p.Find("h1").Length(); n != 1 {
			t.Errorf("%s has %d h1", path, n)
		}
		if csp := p.Header.Get("Content-Security-Policy"); !strings.Contains(csp, "default-src 'none'") || strings.Contains(csp, "unsafe") {
			t.Errorf("%s: policy %q", path, csp)
		}
		if n := p.Find("[style], script:not([src]), style, [onclick], [onload]").Length(); n > 0 {
			t.Errorf("%s has %d inline styles or scripts", path, n)
		}
	}
	draft := b.get("/consultations/" + sampleID + "/draft")
	for _, id := range []string{"#c1", "#c5", "#c29"} {
		if draft.Find(id).Length() != 1 {
			t.Errorf("the draft has no %s", id)
		}
	}
	for _, path := range []string{"/nothing", "/consultations/2099-0001", "/consultations/" + sampleID + "/clauses/30",
		"/consultations/" + sampleID + "/comments/1", "/consultations/abc", "/receipt"} {
		b.get(path).want(t, 404)
	}
}

func TestAFormGoesToTheReceiptAndIsStoredOnce(t *testing.T) {
	p := newPortal(t, during)
	b := p.browser()
	form := b.get(formAddress+"?clause=5").want(t, 200)
	if v := form.Find("select[name=clause] option[selected]").AttrOr("value", ""); v != "5" {
		t.Errorf("clause %q is preset, want 5", v)
	}
	check := b.post(checkAddress, filled(form)).want(t, 200)
	text := check.Find("main").Text()
	for _, want := range []string{"欧阳**", "210***********0016", "建议加装扶手"} {
		if !strings.Contains(text, want) {
			t.Errorf("the check page lacks %q", want)
		}
	}
	if n := p.rows("comment"); n != 0 {
		t.Fatalf("%d comments stored before 确认提交", n)
	}
	sealed := url.Values{"sealed": {check.value("sealed")}}
	if sealed.Get("sealed") == "" {
		t.Fatal("no sealed form on the check page")
	}
	var wg sync.WaitGroup
	for range 20 {
		wg.Go(func() {
			other := p.browser()
			if r := other.post(sendAddress, sealed); r.StatusCode != 303 || r.Header.Get("Location") != "/receipt" {
				t.Errorf("answered %d to %s", r.StatusCode, r.Header.Get("Location"))
			}
		})
	}
	wg.Wait()
	b.post(sendAddress, sealed).want(t, 303)
	first := code(b.get("/receipt").want(t, 200))
	if !comment.ValidCode(first) {
		t.Errorf("receipt shows code %q", first)
	}
	b.post(sendAddress, sealed).want(t, 303)
	if again := code(b.get("/receipt").want(t, 200)); again != first {
		t.Errorf("sent again: code %s, want %s", again, first)
	}
	if n := p.rows("comment"); n != 1 {
		t.Errorf("%d comments stored, want 1", n)
	}
}

func TestEachFieldThatIsWrongIsNamedAndEverythingKept(t *testing.T) {
	b := newPortal(t, during).browser()
	for _, c := range []struct{ field, value, sentence string }{
		{"title", "", "请填写标题。"},
		{"title", strings.Repeat("长", 101), "标题最多100个字，现有101个字，请删减。"},
		{"body", "太短", "意见过短，请至少填写10个字。"},
		{"body", strings.Repeat("长", 5001), "意见最多5000个字，现有5001个字，请删减。"},
		{"name", "张3", "姓名请使用汉字或字母，可包含“·”。"},
		{"id_number", "2101021949123100", "身份证号码应为18位，最后一位可以是字母X。现有16位。"},
		{"id_number", "210102194912310011", "身份证号码有误，请核对后重新填写。"},
		{"occupation", "", "请选择职业。"},
		{"occupation", "皇帝", "请从列表中选择职业。"},
		{"phone", "12345", "联系电话应为11位手机号码，或带区号的固定电话，如 024-12345678。"},
		{"email", "不是邮箱", "邮箱格式应为 name@example.cn，请核对。"},
		{"clause", "99", "没有这一条，请重新选择。"},
		{"consent", "", "请阅读隐私声明并勾选同意。"},
		{"consent_id", "", "请勾选同意处理身份证号码。"},
		{"captcha", "", "请填写验证码。"},
		{"captcha", "12 34", "验证码请填写6位数字。"},
		{"captcha", "000000", "验证码不对，请按新的验证码重新填写。"},
	} {
		fields := with(filled(b.get(formAddress)), c.field, c.value)
		if c.value == "" {
			fields.Del(c.field)
		}
		p := b.post(checkAddress, fields).want(t, 422)
		if got := p.Find("#problem-" + c.field).Text(); !strings.Contains(got, c.sentence) {
			t.Errorf("%s=%.20q: beside the field stands %q, want %q", c.field, c.value, got, c.sentence)
		}
		if !strings.Contains(p.Find("a[href^='#']").Text(), c.sentence) {
			t.Errorf("%s=%.20q: no link in the summary", c.field, c.value)
		}
		if c.field != "title" && p.value("title") != fields.Get("title") {
			t.Errorf("%s: the title is lost", c.field)
		}
		if c.field != "body" && strings.TrimSpace(p.Find("textarea[name=body]").Text()) != fields.Get("body") {
			t.Errorf("%s: the opinion is lost", c.field)
		}
		if v := p.value("captcha"); v != "" {
			t.Errorf("%s: the captcha is filled in again", c.field)
		}
		if strings.Contains(p.Find("title").Text(), "210102") || (c.field == "id_number" && strings.Contains(p.Find("#problem-id_number").Text(), c.value)) {
			t.Errorf("%s: a number is repeated", c.field)
		}
	}
}

func TestWhatAMachineCanMendIsNoError(t *testing.T) {
	b := newPortal(t, during).browser()
	fields := filled(b.get(formAddress))
	for name, value := range map[string]string{
		"id_number": "２１０１０２ 19491231 001６", "phone": "+86 138-1234 5678", "email": " biaoji＠example.cn ",
		"captcha": " １３５７９０ ", "title": "　建议加装扶手　", "occupation": "退(离)休人员",
	} {
		fields.Set(name, value)
	}
	b.post(checkAddress, fields).want(t, 200)
}

func TestOnceTheCaptchaIsPassedItIsNotAskedAgain(t *testing.T) {
	b := newPortal(t, during).browser()
	again := b.post(checkAddress, with(filled(b.get(formAddress)), "title", "")).want(t, 422)
	fields := filled(again)
	fields.Del("captcha")
	b.post(checkAddress, fields).want(t, 200)
}

func TestEightFormsOnOneChallengePassOnce(t *testing.T) {
	p := newPortal(t, during)
	other := newReplica(t, p.db, p.keys, during)
	form := p.browser().get(formAddress)
	var passed sync.Map
	var wg sync.WaitGroup
	for i := range 8 {
		wg.Go(func() {
			b := p.browser()
			if i%2 == 0 {
				b = other.browser()
			}
			fields := with(filled(form), "title", strings.Repeat("建议", i+1))
			if r := b.post(checkAddress, fields); r.StatusCode == 200 {
				passed.Store(i, true)
			}
		})
	}
	wg.Wait()
	n := 0
	passed.Range(func(any, any) bool { n++; return true })
	if n != 1 {
		t.Errorf("%d of 8 passed, want 1", n)
	}
}

func TestAnotherCaptchaKeepsTheText(t *testing.T) {
	b := newPortal(t, during).browser()
	form := b.get(formAddress)
	fields := filled(form)
	fields.Set("consultation", sampleID)
	again := b.post("/captcha", fields).want(t, 200)
	if again.value("title") != "建议加装扶手" || again.value("id_number") != "210102194912310016" {
		t.Error("what was typed is lost")
	}
	if again.value("captcha_token") == form.value("captcha_token") || again.value("captcha") != "" {
		t.Error("the challenge is the old one")
	}
	token := again.value("captcha_token")
	for _, file := range []struct{ suffix, kind string }{{".png", "image/png"}, {".wav", "audio/"}} {
		r := b.get("/captcha/"+token+file.suffix).want(t, 200)
		if !strings.HasPrefix(r.Header.Get("Content-Type"), file.kind) || len(r.body) < 500 {
			t.Errorf("%s: %s, %d bytes", file.suffix, r.Header.Get("Content-Type"), len(r.body))
		}
	}
	b.get("/captcha/AAAA.png").want(t, 404)
}

func TestGoingBackFromTheCheckPageKeepsEverything(t *testing.T) {
	b := newPortal(t, during).browser()
	sealed := b.sealed()
	form := b.post(checkAddress, url.Values{"sealed": {sealed}, "edit": {"title"}}).want(t, 200)
	for name, want := range map[string]string{"title": "建议加装扶手", "name": "欧阳测标", "phone": "13812345678"} {
		if got := form.value(name); got != want {
			t.Errorf("%s is %q, want %q", name, got, want)
		}
	}
	fields := with(filled(form), "title", "建议加装电梯")
	fields.Del("captcha")
	check := b.post(checkAddress, fields).want(t, 200)
	b.post(sendAddress, url.Values{"sealed": {check.value("sealed")}}).want(t, 303)
	b.post(sendAddress, url.Values{"sealed": {sealed}}).want(t, 409)
}

func TestAfterClosingTheWordsAreNotLost(t *testing.T) {
	p := newPortal(t, during)
	b := p.browser()
	form, sealed := b.get(formAddress), b.sealed()
	closed := newReplica(t, p.db, p.keys, time.Date(2025, 5, 8, 0, 0, 0, 0, consultation.Shanghai)).browser()
	for _, r := range []*page{
		closed.post(checkAddress, filled(form)).want(t, 409),
		closed.post(sendAddress, url.Values{"sealed": {sealed}}).want(t, 409),
	} {
		text := r.Find("main").Text()
		if !strings.Contains(text, "laolinggongzuochu@163.com") || !strings.Contains(text, "2025年5月7日24时") {
			t.Errorf("the page lacks closing time or e-mail: %s", strings.Join(strings.Fields(text), " "))
		}
		if !strings.Contains(r.Find("textarea").Text(), "方便老年人上下楼") {
			t.Error("the words are not there to be copied")
		}
	}
	if closed.get(formAddress).want(t, 200).Find("form[action$='/check']").Length() > 0 {
		t.Error("the form is still offered")
	}
	if n := p.rows("comment"); n != 0 {
		t.Errorf("%d comments stored", n)
	}
}

func TestStatusIsLookedUpByPostAndEveryMissIsAlike(t *testing.T) {
	p := newPortal(t, during)
	b := p.browser()
	c := code(b.submit())
	b.post("/status", url.Values{"code": {c[:4] + " " + c[4:8] + " " + c[8:]}, "phone_tail": {"５６７８"}}).want(t, 303)
	result := b.get("/status/result").want(t, 200)
	if !strings.Contains(result.Find("main").Text(), "已收到") {
		t.Error("the result does not say 已收到")
	}
	if strings.Contains(result.body, "13812345678") || strings.Contains(result.body, "欧阳") {
		t.Error("the result holds personal data")
	}
	wrong := b.post("/status", url.Values{"code": {c}, "phone_tail": {"0000"}}).want(t, 404)
	missing := b.post("/status", url.Values{"code": {"123456789012"}, "phone_tail": {"5678"}}).want(t, 404)
	if a, m := wrong.Find("main").Text(), missing.Find("main").Text(); !strings.Contains(a, "没有查到") || !strings.Contains(m, "没有查到") {
		t.Error("a miss is not told")
	}
	b.post("/status", url.Values{"code": {""}}).want(t, 422)
}

func TestMarkedIdentityIsInNoPageAndNoLog(t *testing.T) {
	p := newPortal(t, during)
	exec(t, p.db, `UPDATE consultation SET publication = 'instant'`)
	b := p.browser()
	receipt := b.submit()
	reader := p.browser()
	pages := []string{receipt.body}
	for _, path := range []string{"/", "/consultations/" + sampleID, "/consultations/" + sampleID + "/draft",
		"/consultations/" + sampleID + "/comments", "/consultations/" + sampleID + "/comments/1",
		"/consultations/" + sampleID + "/clauses/5", "/consultations/" + sampleID + "/comments?q=扶手"} {
		pages = append(pages, reader.get(path).want(t, 200).body)
	}
	if !strings.Contains(pages[4], "建议加装扶手") {
		t.Fatal("the published comment is not on the list: the test looks in the wrong place")
	}
	if !strings.Contains(p.log.String(), "/comments/check") {
		t.Fatal("the log lacks the requests: the test looks in the wrong place")
	}
	for _, secret := range []string{"欧阳测标", "210102194912310016", "13812345678", "biaoji@example.cn", "127.0.0.1"} {
		for i, body := range pages {
			if strings.Contains(body, secret) {
				t.Errorf("page %d holds %q", i, secret)
			}
		}
		if strings.Contains(p.log.String(), secret) {
			t.Errorf("the log holds %q", secret)
		}
	}
}

// code is the 查询码 on a receipt page.
func code(receipt *page) string {
	return strings.Map(func(r rune) rune {
		if r >= '0' && r <= '9' {
			return r
		}
		return -1
	}, receipt.Find(".code").First().Text())
}

func TestRequestsNoBrowserSendsAreRefusedEarly(t *testing.T) {
	p := newPortal(t, during)
	b := p.browser()
	send := func(change func(*http.Request)) *page {
		r, err := http.NewRequest(http.MethodPost, p.URL+checkAddress, strings.NewReader("title=a"))
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		change(r)
		return b.do(r)
	}
	send(func(r *http.Request) { r.ContentLength = -1 }).want(t, 411)
	send(func(r *http.Request) { r.Header.Set("Content-Type", "application/json") }).want(t, 415)
	send(func(r *http.Request) { r.Header.Set("Content-Type", "multipart/form-data; boundary=x") }).want(t, 415)
	send(func(r *http.Request) { r.Header.Set("Sec-Fetch-Site", "cross-site") }).want(t, 403)
	send(func(r *http.Request) { r.Header.Set("Origin", "https://elsewhere.example") }).want(t, 403)
	b.post(checkAddress, url.Values{"body": {strings.Repeat("x", 130<<10)}}).want(t, 413)
	send(func(r *http.Request) {
		r.Body = http.NoBody
		r.ContentLength = 0
		r.URL.RawQuery = ""
	}).want(t, 422)
	for _, path := range []string{"/status", "/display", "/captcha", "/staff/login"} {
		r, err := http.NewRequest(http.MethodPost, p.URL+path, strings.NewReader("size=elder"))
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		r.Header.Set("Sec-Fetch-Site", "cross-site")
		b.do(r).want(t, 403)
	}
	bad, err := http.NewRequest(http.MethodPost, p.URL+checkAddress, strings.NewReader("title=%zz&body=x"))
	if err != nil {
		t.Fatal(err)
	}
	bad.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	b.do(bad).want(t, 400)
}
