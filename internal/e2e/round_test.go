package e2e

import (
	"encoding/csv"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
)

func TestTheWholeRound(t *testing.T) {
	for _, c := range []struct {
		name string
		look look
		size string
	}{
		{"desk", look{1280, 900, false}, ""},
		{"phone", look{390, 844, false}, ""},
		{"phone-elder-without-script", look{390, 844, true}, "elder"},
		{"desk-without-script", look{1280, 900, true}, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			b := open(t, c.look)
			if c.size != "" {
				b.display(c.size, "contrast")
			}
			title := "加装扶手 " + c.name
			code := b.comment(title)
			office := open(t, look{1280, 900, c.look.noScript})
			office.signIn(hire(t, "审核员"), 0)
			office.publish(title)

			b.visit("/consultations/" + sampleID + "/comments")
			b.wantText(title, "欧阳**")
			if strings.Contains(b.text("body"), "欧阳测标") {
				t.Error("the full name is public")
			}
			b.visit("/status")
			b.fill("code", code)
			b.fill("phone_tail", "5678")
			b.press("main button.main")
			b.wantText("您的意见已通过审核")
		})
	}
}

// comment walks from the home page to the receipt, with one mistake on the way, and returns the 查询码.
func (b *tab) comment(title string) string {
	b.t.Helper()
	b.visit("/")
	b.wantText("请留下您的意见或建议")
	b.press(`main a[href="/consultations/` + sampleID + `"]`)
	b.wantText("公开征求意见", "顺延至")
	b.press(`main a[href="/consultations/` + sampleID + `/draft"]`)
	b.press(`#c5 ~ * a[href*="comments/new?clause=5"], a[href*="comments/new?clause=5"]`)
	if v := ask[string](b, `document.querySelector('[name=clause]').value`); v != "5" {
		b.t.Errorf("clause %q is preset, want 5", v)
	}
	b.fillForm(title)
	b.fill("phone", "12345")
	b.press("main button.main")
	b.wantText("有1处需要修改", "联系电话应为11位手机号码")
	b.fill("phone", "13812345678")
	b.press("main button.main")
	b.wantText("请核对后提交", "欧阳**", "210***********0016")
	b.press("main button.main")
	b.wantText("提交成功")
	return strings.Join(strings.Fields(b.text(".code")), "")
}

// publish takes the comment from the queue and lets it pass.
func (b *tab) publish(title string) {
	b.t.Helper()
	b.visit("/staff/queue?q=" + url.QueryEscape(title))
	b.press(`main a[href^="/staff/comments/"]`)
	b.wantText(title, "推进适老化改造")
	b.press(`form[action$="/publish"] button`)
}

func TestTheFormCanBeSentByKeysAlone(t *testing.T) {
	for _, noScript := range []bool{false, true} {
		b := open(t, look{1280, 900, noScript})
		b.visit("/consultations/" + sampleID + "/comments/new")
		b.do(chromedp.KeyEvent(kb.Tab))
		if text := ask[string](b, `document.activeElement.textContent`); !strings.Contains(text, "跳到主要内容") {
			t.Errorf("the first press of Tab reaches %q", text)
		}
		for _, f := range [][2]string{
			{"title", "只用键盘填写"}, {"body", "建议在老旧小区楼道加装扶手，方便老年人。"}, {"name", "王键盘"},
			{"id_number", "210102194912310024"}, {"occupation", "教"}, {"phone", "13912345678"}, {"email", "a@example.cn"},
			{"captcha", digits}, {"consent", " "}, {"consent_id", " "},
		} {
			b.tabTo(f[0])
			b.do(chromedp.KeyEvent(f[1]))
		}
		if v := ask[string](b, `document.querySelector('[name=occupation]').value`); v == "" {
			b.choose("occupation", "教师") // headless Chromium does not always take a Han character as a choice
		}
		b.tabTo("main")
		b.leads(chromedp.KeyEvent(kb.Enter))
		b.wantText("请核对后提交")
	}
}

func TestTheQueueIsWorkedByKeys(t *testing.T) {
	b := open(t, look{1280, 900, false})
	b.comment("用快捷键审核")
	b.signIn(hire(t, "审核员"), 0)
	b.visit("/staff/queue?q=" + url.QueryEscape("用快捷键审核"))
	b.press(`main a[href^="/staff/comments/"]`)
	b.leads(chromedp.KeyEvent("a"))
	b.visit("/consultations/" + sampleID + "/comments")
	b.wantText("用快捷键审核")
}

func TestAnExportIsDownloaded(t *testing.T) {
	b := open(t, look{1280, 900, false})
	b.comment("=1+1 导出")
	client := office(t, hire(t, "审核员"))
	r, err := client.PostForm(site.base+"/staff/exports/new", url.Values{
		"consultation": {sampleID}, "format": {"csv"}, "profile": {"masked"},
	})
	if err != nil {
		t.Fatal(err)
	}
	defer r.Body.Close()
	content, err := io.ReadAll(r.Body)
	if err != nil {
		t.Fatal(err)
	}
	if r.StatusCode != 200 || !strings.HasPrefix(string(content), "\ufeff") || !strings.Contains(r.Header.Get("Content-Disposition"), "attachment") {
		t.Fatalf("status %d, type %s, begins %.20q", r.StatusCode, r.Header.Get("Content-Type"), content)
	}
	reader := csv.NewReader(strings.NewReader(strings.TrimPrefix(string(content), "\ufeff")))
	reader.FieldsPerRecord = -1
	rows, err := reader.ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	defused := false
	for _, row := range rows {
		for _, cell := range row {
			defused = defused || strings.HasPrefix(cell, "'=1+1")
			if strings.HasPrefix(cell, "=") || strings.Contains(cell, "欧阳测标") || strings.Contains(cell, "13812345678") {
				t.Errorf("cell %q", cell)
			}
		}
	}
	if !defused {
		t.Error("the formula is not there as text")
	}
	if out := wenji(t, "audit", "verify"); !strings.Contains(out, "通过") {
		t.Error(out)
	}
}

// office is a signed-in client without a browser.
func office(t *testing.T, p person) *http.Client {
	t.Helper()
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	client := &http.Client{Jar: jar}
	r, err := client.PostForm(site.base+"/staff/login", url.Values{
		"username": {p.username}, "password": {p.password}, "otp": {p.code(t, 0)},
	})
	if err != nil {
		t.Fatal(err)
	}
	r.Body.Close()
	if r.StatusCode != 200 || strings.Contains(r.Request.URL.Path, "login") {
		t.Fatalf("sign-in ended at %s with %d", r.Request.URL.Path, r.StatusCode)
	}
	return client
}

func TestTheCommandLineExportsEveryFormatWithoutPersonalData(t *testing.T) {
	b := open(t, look{1280, 900, false})
	b.comment("命令行导出")
	for _, format := range []string{"csv", "xlsx", "docx", "jsonl"} {
		for _, profile := range []string{"masked", "public"} {
			path := filepath.Join(t.TempDir(), "file."+format)
			wenji(t, "export", sampleID, "--format", format, "--profile", profile, "--out", path)
			content, err := os.ReadFile(path)
			if err != nil || len(content) == 0 || strings.Contains(string(content), "13812345678") {
				t.Errorf("%s %s: %d bytes, %v", format, profile, len(content), err)
			}
		}
	}
	if out := wenji(t, "export", sampleID); !strings.HasPrefix(out, "\ufeff序号,") || !strings.Contains(out, "导出完毕") {
		t.Errorf("by default it begins with %.40q", out)
	}
}
