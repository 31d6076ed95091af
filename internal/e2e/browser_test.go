package e2e

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
)

// tab is one browser with one visitor.
type tab struct {
	t    *testing.T
	ctx  context.Context
	base string // where the portal is
}

// look is how a visitor's browser is set up.
type look struct {
	width, height int64
	noScript      bool
}

func open(t *testing.T, l look) *tab {
	t.Helper()
	path, err := exec.LookPath("chromium")
	if err != nil {
		t.Fatal("chromium is missing: run `apt-get install chromium fonts-noto-cjk`")
	}
	options := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.ExecPath(path), chromedp.NoSandbox, chromedp.DisableGPU,
		chromedp.Flag("disable-quic", true), chromedp.Flag("disable-component-update", true),
		chromedp.Flag("disable-background-networking", true), chromedp.UserDataDir(t.TempDir()))
	ctx, cancelAll := chromedp.NewExecAllocator(context.Background(), options...)
	t.Cleanup(cancelAll)
	ctx, cancel := chromedp.NewContext(ctx)
	t.Cleanup(cancel)
	ctx, cancelTime := context.WithTimeout(ctx, 30*time.Minute)
	t.Cleanup(cancelTime)
	b := &tab{t, ctx, site.base}
	if err := chromedp.Do(ctx); err != nil { // the browser lives as long as the context of the first step
		t.Fatal(err)
	}
	b.do(chromedp.EmulateViewport(l.width, l.height))
	if l.noScript {
		_, err := chromedp.Call(b.ctx, emulation.SetScriptExecutionDisabled, emulation.SetScriptExecutionDisabledParams{Value: true})
		if err != nil {
			t.Fatal(err)
		}
	}
	return b
}

func (b *tab) do(steps ...chromedp.Action[chromedp.Void]) {
	b.t.Helper()
	ctx, cancel := context.WithTimeout(b.ctx, pageWait)
	defer cancel()
	if err := chromedp.Do(ctx, steps...); err != nil {
		b.t.Fatalf("%v (at %s)", err, b.location())
	}
}

func (b *tab) location() string {
	where, err := chromedp.Run(b.ctx, chromedp.Location())
	if err != nil {
		return err.Error()
	}
	return where
}

func (b *tab) visit(path string) {
	b.t.Helper()
	b.do(chromedp.Navigate(b.base + path))
}

// press clicks what leads to another page and waits for that page.
func (b *tab) press(selector string) {
	b.t.Helper()
	b.leads(chromedp.Click(chromedp.CSS(selector)))
}

// pageWait is the longest one step to another page may take.
const pageWait = time.Minute

// leads runs steps that lead to another page and waits for it.
func (b *tab) leads(steps ...chromedp.Action[chromedp.Void]) {
	b.t.Helper()
	ctx, cancel := context.WithTimeout(b.ctx, pageWait)
	defer cancel()
	if _, err := chromedp.RunResponse(ctx, steps...); err != nil {
		b.t.Fatalf("no other page: %v (at %s)", err, b.location())
	}
}

func (b *tab) fill(name, value string) {
	b.t.Helper()
	ask[string](b, `document.querySelector('[name=`+name+`]').value = ""`)
	b.do(chromedp.SendKeys(chromedp.CSS("[name="+name+"]"), value))
}

func (b *tab) choose(name, value string) {
	b.t.Helper()
	ask[string](b, `document.querySelector('select[name=`+name+`]').value = "`+value+`"`)
}

func (b *tab) tick(name string) {
	b.t.Helper()
	b.do(chromedp.Click(chromedp.CSS("input[type=checkbox][name=" + name + "]")))
}

func (b *tab) text(selector string) string {
	b.t.Helper()
	text, err := chromedp.Run(b.ctx, chromedp.Text(chromedp.CSS(selector)))
	if err != nil {
		b.t.Fatalf("text of %s: %v (at %s)", selector, err, b.location())
	}
	return text
}

// ask evaluates an expression as the developer tools do: also where the page's own scripts are switched off.
func ask[T any](b *tab, expression string) T {
	b.t.Helper()
	v, err := chromedp.Run(b.ctx, chromedp.Evaluate[T](expression))
	if err != nil {
		b.t.Fatalf("%s: %v (at %s)", expression, err, b.location())
	}
	return v
}

func (b *tab) wantText(words ...string) {
	b.t.Helper()
	text := b.text("main")
	for _, w := range words {
		if !strings.Contains(text, w) {
			b.t.Fatalf("%s lacks %q:\n%s", b.location(), w, text)
		}
	}
}

// keys presses the Tab key until the control of that name has the focus, and returns how many presses it took.
func (b *tab) tabTo(name string) int {
	b.t.Helper()
	for n := 1; n <= 60; n++ {
		b.do(chromedp.KeyEvent(kb.Tab))
		if ask[string](b, `document.activeElement.name || document.activeElement.className || ''`) == name {
			return n
		}
	}
	b.t.Fatalf("sixty presses of Tab do not reach %s (at %s)", name, b.location())
	return 0
}

func (b *tab) signIn(p person, later int) {
	b.t.Helper()
	b.visit("/staff/login")
	b.fill("username", p.username)
	b.fill("password", p.password)
	b.fill("otp", p.code(b.t, later))
	b.press("main button.button")
	if where := b.location(); strings.Contains(where, "login") {
		b.t.Fatalf("sign-in failed: %s", b.text("main"))
	}
}

// fillForm fills in the comment form except what a test leaves out.
func (b *tab) fillForm(title string) {
	b.t.Helper()
	for _, f := range [][2]string{
		{"title", title}, {"body", "建议在老旧小区楼道加装扶手，方便老年人上下楼。"}, {"name", "欧阳测标"},
		{"id_number", "210102194912310016"}, {"phone", "13812345678"}, {"email", "biaoji@example.cn"}, {"captcha", digits},
	} {
		b.fill(f[0], f[1])
	}
	b.choose("occupation", "退（离）休人员")
	b.tick("consent")
	b.tick("consent_id")
}

// violations runs axe on the page and returns what it finds, one line each.
func (b *tab) violations() []string {
	b.t.Helper()
	source, err := os.ReadFile(filepath.Join("node_modules", "axe-core", "axe.min.js"))
	if err != nil {
		b.t.Fatalf("axe-core is missing: run `npm ci` in internal/e2e, or make test: %v", err)
	}
	if _, err := chromedp.Run(b.ctx, chromedp.Evaluate[chromedp.Void](string(source))); err != nil {
		b.t.Fatal(err)
	}
	found, err := chromedp.Run(b.ctx, chromedp.Evaluate[string](`axe.run(document, {runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice']})
		.then(r => JSON.stringify(r.violations.map(v => v.id + ' (' + v.impact + '): ' + v.nodes.map(n => n.target.join(' ')).slice(0, 3).join(', '))))`,
		chromedp.EvalAwaitPromise))
	if err != nil {
		b.t.Fatal(err)
	}
	var list []string
	if err := json.Unmarshal([]byte(found), &list); err != nil {
		b.t.Fatal(err)
	}
	return list
}

func (b *tab) display(size, theme string) {
	b.t.Helper()
	b.visit("/display")
	for _, id := range []string{size, theme} {
		b.do(chromedp.Click(chromedp.CSS(fmt.Sprintf("input[type=radio][value=%s]", id))))
	}
	b.press("main button.main")
}
