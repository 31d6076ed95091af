package httpd_test

import (
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"

	"wenji/internal/staff"
	"wenji/internal/validate"

	"github.com/google/uuid"
	"github.com/pquerna/otp/totp"
)

const ownPassword = "Guanghua-2025-lu"

// personID is the id of a member.
func (d *desk) personID(username string) (id uuid.UUID) {
	d.t.Helper()
	if err := d.db.QueryRow(d.t.Context(), `SELECT id FROM member WHERE username = $1`, username).Scan(&id); err != nil {
		d.t.Fatal(err)
	}
	return id
}

// addPerson adds someone as 系统管理员 and returns the one-time password.
func (d *desk) addPerson(admin *browser, username, name string) string {
	d.t.Helper()
	p := admin.post("/staff/people/new", url.Values{"username": {username}, "name": {name}}).want(d.t, http.StatusSeeOther)
	shown := admin.get(p.Header.Get("Location")).want(d.t, 200)
	password := shown.Find("main code").Text()
	if password == "" || shown.Header.Get("Cache-Control") != "no-store" {
		d.t.Fatalf("one-time password %q, Cache-Control %q", password, shown.Header.Get("Cache-Control"))
	}
	if again := admin.get("/staff/people/password").want(d.t, 200); strings.Contains(again.body, password) {
		d.t.Error("the one-time password is shown twice")
	}
	return password
}

func TestAPersonWorksOnlyAfterEnrolmentAndASecondPersonsGrant(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	password := d.addPerson(d.member("admin"), "wanglei", "王磊")

	b := d.browser()
	login := url.Values{"username": {"wanglei"}, "password": {password}}
	if to := b.post("/staff/login", login).want(t, 303).Header.Get("Location"); to != "/staff/account/setup" {
		t.Fatalf("the first sign-in leads to %q", to)
	}
	for _, route := range d.web.DeskRoutes() {
		if route.Pattern == "/staff/account/setup" || route.Pattern == "/staff/logout" || route.Method != http.MethodGet {
			continue
		}
		if p := b.get(address(route.Pattern)); p.Header.Get("Location") != "/staff/account/setup" {
			t.Errorf("before enrolment %s answers %d to %q", route.Pattern, p.StatusCode, p.Header.Get("Location"))
		}
	}
	setup := b.get("/staff/account/setup").want(t, 200)
	checkDeskPage(t, "setup", setup)
	if src := setup.Find("main img").AttrOr("src", ""); !strings.HasPrefix(src, "data:image/png;base64,") {
		t.Errorf("QR code %.40q", src)
	}
	fields := setup.form(t, "/staff/account/setup")
	for what, change := range map[string]url.Values{
		"short":    {"new": {"Ab1-"}, "again": {"Ab1-"}, "otp": {"000000"}},
		"one-time": {"new": {password}, "again": {password}, "otp": {"000000"}},
		"twice":    {"new": {ownPassword}, "again": {ownPassword + "x"}, "otp": {"000000"}},
		"code":     {"new": {ownPassword}, "again": {ownPassword}, "otp": {"000000"}},
	} {
		for k, v := range change {
			fields[k] = v
		}
		p := b.post("/staff/account/setup", fields).want(t, http.StatusUnprocessableEntity)
		if p.value("sealed") != fields.Get("sealed") || p.value("new") != "" {
			t.Errorf("%s: the QR code changed or the password is shown", what)
		}
	}
	d.steps.Add(1)
	secret := setup.Find("main code").Text()
	code, err := totp.GenerateCode(secret, d.codesNow())
	if err != nil {
		t.Fatal(err)
	}
	fields["new"], fields["again"], fields["otp"] = []string{ownPassword}, []string{ownPassword}, []string{code}
	b.post("/staff/account/setup", fields).want(t, 303)
	if text := b.get("/staff/account").want(t, 200).text("main"); !strings.Contains(text, "等待安全管理员授权") {
		t.Errorf("without a role the page says %s", text)
	}
	b.get("/staff/queue").want(t, http.StatusForbidden)

	security := d.member("zhoujun")
	person := "/staff/people/" + d.personID("wanglei").String()
	form := security.get(person).want(t, 200).form(t, "/role")
	security.post(person+"/role", with(form, "role", "moderator")).want(t, 303)
	b.get("/staff/queue").want(t, 303) // the grant ended the session
	if p := security.post(person+"/role", with(form, "role", "editor")).want(t, 409); p.StatusCode != 409 {
		t.Error("a grant over an unseen role passed")
	}
	d.steps.Add(1)
	if code, err = totp.GenerateCode(secret, d.codesNow()); err != nil {
		t.Fatal(err)
	}
	again := d.browser()
	again.post("/staff/login", url.Values{"username": {"wanglei"}, "password": {ownPassword}, "otp": {code}}).want(t, 303)
	again.get("/staff/queue").want(t, 200)
	again.get("/staff/people").want(t, http.StatusForbidden)
}

func TestNobodyChangesOwnRightsAndTheLastOfAKindStays(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	admin, security := d.member("admin"), d.member("zhoujun")
	own := func(username string) string { return "/staff/people/" + d.personID(username).String() }
	security.post(own("zhoujun")+"/role", url.Values{"role": {"moderator"}, "seen": {"security_admin"}}).want(t, http.StatusForbidden)
	for _, act := range []string{"/disable", "/enable", "/reset"} {
		admin.get(own("admin")+act).want(t, http.StatusForbidden)
		admin.post(own("admin")+act, nil).want(t, http.StatusForbidden)
	}
	for username, role := range map[string]string{"admin": "system_admin", "wumin": "auditor"} {
		p := security.post(own(username)+"/role", url.Values{"role": {"moderator"}, "seen": {role}}).want(t, http.StatusConflict)
		if !strings.Contains(p.text(".problems"), validate.LastOfKind) {
			t.Errorf("%s: %s", username, p.text(".problems"))
		}
	}
	for _, username := range []string{"zhoujun", "wumin"} {
		admin.post(own(username)+"/disable", nil).want(t, http.StatusConflict)
		admin.post(own(username)+"/reset", nil).want(t, http.StatusConflict)
	}
	confirm := admin.get(own("liming")+"/disable").want(t, 200)
	if !strings.Contains(confirm.text("main"), "停用后，李明将不能登录。") {
		t.Errorf("confirmation: %s", confirm.text("main"))
	}
	moderator := d.member("liming")
	admin.post(own("liming")+"/disable", nil).want(t, 303)
	moderator.get("/staff/queue").want(t, 303)
	p := security.post(own("sunli")+"/role", url.Values{"role": {"officer"}, "seen": {"officer"}}).want(t, 422)
	if !strings.Contains(p.text("main"), validate.OfficerUnit) {
		t.Error("an officer without a unit passed")
	}
}

func TestAResetRestsTheRoleUntilASecondPersonConfirms(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	id := d.personID("wangfang")
	p := d.member("admin").post("/staff/people/"+id.String()+"/reset", nil).want(t, 303)
	if p.Header.Get("Location") != "/staff/people/password" {
		t.Fatalf("reset leads to %q", p.Header.Get("Location"))
	}
	var held bool
	if err := d.db.QueryRow(t.Context(), `SELECT held AND must_enrol FROM member WHERE id = $1`, id).Scan(&held); err != nil || !held {
		t.Fatalf("held %t, %v", held, err)
	}
	security := d.member("zhoujun")
	form := security.get("/staff/people/"+id.String()).want(t, 200).form(t, "/role")
	security.post("/staff/people/"+id.String()+"/role", form).want(t, 303)
	if err := d.db.QueryRow(t.Context(), `SELECT held FROM member WHERE id = $1`, id).Scan(&held); err != nil || held {
		t.Fatalf("after the confirmation: held %t, %v", held, err)
	}
}

func TestTwoAdministratorsWhoDisableEachOtherLeaveOne(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	if err := d.web.Staff.Ensure(t.Context(), "admin2", "管理二", staff.SystemAdmin, staffPassword, staffSecret); err != nil {
		t.Fatal(err)
	}
	one, two := d.member("admin"), d.member("admin2")
	var both sync.WaitGroup
	both.Go(func() { one.post("/staff/people/"+d.personID("admin2").String()+"/disable", nil) })
	both.Go(func() { two.post("/staff/people/"+d.personID("admin").String()+"/disable", nil) })
	both.Wait()
	var left int
	err := d.db.QueryRow(t.Context(), `SELECT count(*) FROM member WHERE role = 'system_admin' AND disabled_at IS NULL`).Scan(&left)
	if err != nil || left != 1 {
		t.Errorf("%d system administrators left, %v", left, err)
	}
}

func TestAnExpiredPasswordMustBeChangedAndOldOnesAreRefused(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	b := d.member("liming")
	if _, err := d.db.Exec(t.Context(), `UPDATE member SET password_set_at = $1 WHERE username = 'liming'`, during.AddDate(0, 0, -91)); err != nil {
		t.Fatal(err)
	}
	if to := b.get("/staff/queue").want(t, 303).Header.Get("Location"); to != "/staff/account/password" {
		t.Fatalf("with an expired password one is led to %q", to)
	}
	change := func(present, fresh string, status int) {
		t.Helper()
		b.post("/staff/account/password", url.Values{"present": {present}, "new": {fresh}, "again": {fresh}}).want(t, status)
	}
	change("wrong", ownPassword, 422)
	change(staffPassword, staffPassword, 422)
	change(staffPassword, "Password-1", 422)
	change(staffPassword, ownPassword, 303)
	b.get("/staff/queue").want(t, 200)
	change(ownPassword, staffPassword, 422)
}

func TestSessionsAreSeenAndEndedByForce(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	b, other := d.member("liming"), d.member("liming")
	b.post("/staff/account/sessions", nil).want(t, 303)
	other.get("/staff/account").want(t, 303)
	security := d.member("zhoujun")
	list := security.get("/staff/people/sessions").want(t, 200)
	checkDeskPage(t, "sessions", list)
	security.post("/staff/people/sessions/end", list.form(t, "/sessions/end")).want(t, 303)
	b.get("/staff/queue").want(t, 303)
	var n int
	err := d.db.QueryRow(t.Context(), `SELECT count(*) FROM audit_entry WHERE action = 'staff.session_end'`).Scan(&n)
	if err != nil || n != 2 {
		t.Errorf("%d entries of ended sessions, %v", n, err)
	}
}

func TestSettingsAreChangedRecordedAndKeepWhatWasTyped(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	admin, security := d.member("admin"), d.member("zhoujun")
	admin.post("/staff/settings/units", url.Values{"name": {"省商务厅"}, "aliases": {"商务厅\n省商务局"}}).want(t, 303)
	p := admin.post("/staff/settings/units", url.Values{"name": {"商务厅"}, "aliases": {""}}).want(t, 422)
	if p.value("name") != "商务厅" || !strings.Contains(p.text("main"), validate.UnitTaken) {
		t.Errorf("a name that is an alias: %s", p.text(".problems"))
	}
	admin.post("/staff/settings/words", url.Values{"word": {"赌博"}}).want(t, 303)
	admin.post("/staff/settings/words/remove", url.Values{"word": {"赌博"}}).want(t, 303)
	form := security.get("/staff/settings/security").want(t, 200).form(t, "/security")
	if p := security.post("/staff/settings/security", with(form, "password_length", "3")).want(t, 422); p.value("password_length") != "3" {
		t.Error("what was typed is gone")
	}
	security.post("/staff/settings/security", with(form, "password_length", "12")).want(t, 303)
	for _, path := range []string{"/staff/people", "/staff/people/new", "/staff/settings", "/staff/settings/units", "/staff/settings/words"} {
		checkDeskPage(t, path, admin.get(path).want(t, 200))
	}
	checkDeskPage(t, "security", security.get("/staff/settings/security").want(t, 200))
	var n int
	err := d.db.QueryRow(t.Context(), `
		SELECT count(*) FROM audit_entry WHERE action IN ('unit.add', 'word.add', 'word.remove', 'setting.rules')`).Scan(&n)
	if err != nil || n != 4 {
		t.Errorf("%d entries of changed settings, %v", n, err)
	}
}
