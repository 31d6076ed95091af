package httpd_test

import (
	"net/http"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"wenji/internal/staff"
	"wenji/internal/validate"

	"github.com/PuerkitoBio/goquery"
	"github.com/google/uuid"
	"github.com/pquerna/otp/totp"
)

const (
	staffPassword = "wenji-test-password-1"
	staffSecret   = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"
)

// desk is a portal whose clock of second-factor codes goes on by a step with each code that is asked for.
type desk struct {
	*portal
	steps atomic.Int64
}

func newDesk(t *testing.T) *desk {
	t.Helper()
	d := &desk{portal: newPortal(t, during)}
	d.web.Staff.Codes = d.codesNow
	for username, role := range map[string]staff.Role{
		"liming": staff.Moderator, "zhaoli": staff.Moderator, "wangfang": staff.Editor, "admin": staff.SystemAdmin,
		"sunli": staff.Officer, "zhoujun": staff.SecurityAdmin, "wumin": staff.Auditor,
	} {
		name := map[string]string{
			"liming": "李明", "zhaoli": "赵丽", "wangfang": "王芳", "admin": "系统管理员", "sunli": "孙丽", "zhoujun": "周军", "wumin": "吴敏",
		}[username]
		if err := d.web.Staff.Ensure(t.Context(), username, name, role, staffPassword, staffSecret); err != nil {
			t.Fatal(err)
		}
	}
	if err := d.web.Staff.EnsureUnits(t.Context(), []string{officerUnit}); err != nil {
		t.Fatal(err)
	}
	if err := d.web.Staff.SetUnit(t.Context(), "sunli", officerUnit); err != nil {
		t.Fatal(err)
	}
	return d
}

// officerUnit is the department of the 承办人 sunli.
const officerUnit = "省民政厅"

func (d *desk) codesNow() time.Time {
	return during.Add(time.Duration(d.steps.Load()) * 90 * time.Second)
}

// code is a code that has not been used.
func (d *desk) code() string {
	d.t.Helper()
	d.steps.Add(1)
	code, err := totp.GenerateCode(staffSecret, d.codesNow())
	if err != nil {
		d.t.Fatal(err)
	}
	return code
}

// member is a signed-in browser.
func (d *desk) member(username string) *browser {
	d.t.Helper()
	b := d.browser()
	b.post("/staff/login", d.credentials(username)).want(d.t, http.StatusSeeOther)
	return b
}

func (d *desk) credentials(username string) url.Values {
	return url.Values{"username": {username}, "password": {staffPassword}, "otp": {d.code()}}
}

// form collects what a browser would post from the page's form with this action.
func (p *page) form(t *testing.T, action string) url.Values {
	t.Helper()
	form := p.Find("form").FilterFunction(func(_ int, f *goquery.Selection) bool {
		return strings.HasSuffix(f.AttrOr("action", ""), action)
	}).First()
	if form.Length() == 0 {
		t.Fatalf("%s has no form for %s", p.Request.URL.Path, action)
	}
	values := url.Values{}
	form.Find("input[name], textarea[name], select[name]").Each(func(_ int, field *goquery.Selection) {
		name := field.AttrOr("name", "")
		_, checked := field.Attr("checked")
		switch kind := field.AttrOr("type", ""); {
		case field.Is("select"):
			chosen := field.Find("option[selected]")
			if chosen.Length() == 0 {
				chosen = field.Find("option").First()
			}
			values.Add(name, chosen.AttrOr("value", ""))
		case field.Is("textarea"):
			values.Add(name, field.Text())
		case (kind == "radio" || kind == "checkbox") && !checked:
		default:
			values.Add(name, field.AttrOr("value", ""))
		}
	})
	return values
}

// address is an example of a route's pattern: ids of 36 characters are made up, anything else is the sample's.
func address(pattern string) string {
	var out strings.Builder
	for {
		before, parameter, found := strings.Cut(pattern, "{")
		out.WriteString(before)
		if !found {
			return out.String()
		}
		end, depth := 0, 1
		for ; depth > 0; end++ {
			switch parameter[end] {
			case '{':
				depth++
			case '}':
				depth--
			}
		}
		if strings.Contains(parameter[:end], "{36}") {
			out.WriteString(uuid.NewString())
		} else {
			out.WriteString(sampleID)
		}
		pattern = parameter[end:]
	}
}

func TestEveryDeskAddressNeedsASession(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	b := d.browser()
	for _, route := range d.web.DeskRoutes() {
		path := address(route.Pattern)
		var p *page
		if route.Method == http.MethodGet {
			p = b.get(path)
		} else {
			p = b.post(path, url.Values{})
		}
		location, err := url.Parse(p.Header.Get("Location"))
		if err != nil {
			t.Fatal(err)
		}
		if p.StatusCode != http.StatusSeeOther || location.Path != "/staff/login" {
			t.Errorf("%s %s without a session answered %d to %q", route.Method, path, p.StatusCode, location)
		}
		if next := location.Query().Get("next"); route.Method == http.MethodGet && next != path {
			t.Errorf("%s %s leads back to %q", route.Method, path, next)
		}
		if p.Header.Get("Cache-Control") != "no-store" {
			t.Errorf("%s %s may be kept: %q", route.Method, path, p.Header.Get("Cache-Control"))
		}
	}
}

func TestEveryDeskAddressNeedsItsPermission(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	members := map[string]*browser{}
	roles := map[string]staff.Role{
		"liming": staff.Moderator, "sunli": staff.Officer, "wangfang": staff.Editor, "admin": staff.SystemAdmin,
		"zhoujun": staff.SecurityAdmin, "wumin": staff.Auditor,
	}
	for username := range roles {
		members[username] = d.member(username)
	}
	refused := 0
	for _, route := range d.web.DeskRoutes() {
		open := strings.HasPrefix(route.Pattern, "/staff/account") || route.Pattern == "/staff/logout"
		if (route.Need == "") != open {
			t.Errorf("%s %s needs permission %q", route.Method, route.Pattern, route.Need)
		}
		for username, b := range members {
			if (staff.Member{Role: roles[username]}).Can(route.Need) || open {
				continue
			}
			path := address(route.Pattern)
			var p *page
			if route.Method == http.MethodGet {
				p = b.get(path)
			} else {
				p = b.post(path, url.Values{})
			}
			if p.StatusCode != http.StatusForbidden || p.Find("h1").Text() != "没有权限" {
				t.Errorf("%s %s as %s answered %d", route.Method, path, username, p.StatusCode)
			}
			refused++
		}
	}
	if refused < 25 {
		t.Errorf("only %d refusals were tried", refused)
	}
}

func TestSigningInGoesWhereOneWasGoing(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	b := d.browser()
	wanted := "/staff/queue?flag=phone"
	login := b.get(b.get(wanted).want(t, 303).Header.Get("Location")).want(t, 200)
	fields := login.form(t, "/staff/login")
	for name, values := range d.credentials("liming") {
		fields[name] = values
	}
	p := b.post("/staff/login", fields).want(t, 303)
	if got := p.Header.Get("Location"); got != wanted {
		t.Errorf("went to %q, want %q", got, wanted)
	}
	cookies := p.Cookies()
	if len(cookies) != 1 {
		t.Fatalf("%d cookies", len(cookies))
	}
	if c := cookies[0]; !c.HttpOnly || c.SameSite != http.SameSiteLaxMode || c.Path != "/" || c.Name != "wenji_session" || c.Value == "" {
		t.Errorf("cookie %s", c)
	}
	b.get(wanted).want(t, 200)
	if p := b.get("/staff/login").want(t, 303); p.Header.Get("Location") != "/staff" {
		t.Errorf("a signed-in member who signs in again goes to %q", p.Header.Get("Location"))
	}
	account := b.get("/staff/account").want(t, 200)
	if text := account.Find("main").Text(); !strings.Contains(text, "李明") || !strings.Contains(text, "审核员") || !strings.Contains(text, "第一次登录") {
		t.Errorf("account page: %s", text)
	}
	if text := d.member("liming").get("/staff/account").Find("main time").Text(); len(text) != len("2025-05-01 09:00") {
		t.Errorf("the sign-in before is told as %q", text)
	}
}

func TestSigningInLeadsToNoOtherSite(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	for _, next := range []string{"https://evil.example/staff", "//evil.example", "/\\evil.example", "/consultations", "/staff/../", "/staff/logout"} {
		fields := d.credentials("liming")
		fields.Set("next", next)
		if got := d.browser().post("/staff/login", fields).want(t, 303).Header.Get("Location"); got != "/staff" {
			t.Errorf("next=%s leads to %q", next, got)
		}
	}
	fields := d.credentials("admin")
	fields.Set("next", "/staff")
	if got := d.browser().post("/staff/login", fields).want(t, 303).Header.Get("Location"); got != "/staff/people" {
		t.Errorf("who may not read comments lands on %q", got)
	}
}

func TestEveryFailedSignInHasOneSentence(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	b := d.browser()
	right := d.credentials("liming")
	for what, fields := range map[string]url.Values{
		"unknown": with(right, "username", "nobody"), "password": with(right, "password", "wrong"),
		"code": with(right, "otp", "000000"), "nothing": {},
	} {
		p := b.post("/staff/login", fields).want(t, http.StatusUnprocessableEntity)
		if got := strings.TrimSpace(p.Find("[role=alert]").Text()); !strings.HasPrefix(got, validate.LoginFailed) {
			t.Errorf("%s: %q", what, got)
		}
		if p.Find("#password").AttrOr("value", "") != "" || p.Find("#otp").AttrOr("value", "") != "" {
			t.Errorf("%s: a secret is shown again", what)
		}
		if !strings.HasPrefix(p.Find("title").Text(), "错误：") || len(p.Cookies()) != 0 {
			t.Errorf("%s: title %q, %d cookies", what, p.Find("title").Text(), len(p.Cookies()))
		}
	}
}

func TestFailuresInARowMustWait(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	b := d.browser()
	wrong := with(d.credentials("liming"), "password", "wrong")
	for range 20 {
		p := b.post("/staff/login", wrong)
		if p.StatusCode != http.StatusTooManyRequests {
			continue
		}
		if p.Header.Get("Retry-After") == "" || !strings.Contains(p.Find("[role=alert]").Text(), "分钟后再试") {
			t.Errorf("answer %q, Retry-After %q", p.Find("[role=alert]").Text(), p.Header.Get("Retry-After"))
		}
		return
	}
	t.Error("twenty failures were not slowed down")
}

func TestSigningOutEndsTheSession(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	b := d.member("liming")
	address, err := url.Parse(b.URL)
	if err != nil {
		t.Fatal(err)
	}
	kept := b.client.Jar.Cookies(address)
	p := b.post("/staff/logout", nil).want(t, 303)
	if p.Header.Get("Clear-Site-Data") != `"cache"` || len(p.Cookies()) != 1 || p.Cookies()[0].MaxAge >= 0 {
		t.Errorf("Clear-Site-Data %q, cookies %v", p.Header.Get("Clear-Site-Data"), p.Cookies())
	}
	thief := d.browser()
	thief.client.Jar.SetCookies(address, kept)
	thief.get("/staff/account").want(t, 303)
}

func TestOverTLSTheCookieIsBoundToTheHost(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	d.web.TLS = true
	p := d.browser().post("/staff/login", d.credentials("liming")).want(t, 303)
	if cookies := p.Cookies(); len(cookies) != 1 || cookies[0].Name != "__Host-wenji" || !cookies[0].Secure || cookies[0].Path != "/" || cookies[0].Domain != "" {
		t.Errorf("cookies %v", cookies)
	}
}

func TestOtherSitesCannotPost(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	b := d.member("liming")
	r, err := http.NewRequest(http.MethodPost, b.URL+"/staff/queue/claim", strings.NewReader(""))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.Header.Set("Origin", "https://evil.example")
	b.do(r).want(t, http.StatusForbidden)
}
