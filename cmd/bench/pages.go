package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"time"

	"wenji/internal/lab"
)

const (
	consultationID = "2025-0001" // the sample's
	noticePath     = "/consultations/" + consultationID
	formPath       = noticePath + "/comments/new"
)

// measurePages loads one processor with the portal and with nginx in turn, from the other one.
func measurePages(ctx context.Context, l *bench, t *table) error {
	database, err := l.sample(ctx, "pages")
	if err != nil {
		return err
	}
	p, err := l.serve(ctx, database, true, "WENJI_TRUSTED_PROXIES=127.0.0.1")
	if err != nil {
		return err
	}
	defer p.Stop()
	page, err := ask(ctx, p.address, get(p.address, noticePath))
	if err != nil {
		return err
	}
	n, err := l.startNginx(ctx, p.address)
	if err != nil {
		return err
	}
	defer n.Stop()
	idle, err := idleMemory(ctx, p) // pictures are drawn ahead
	if err != nil {
		return err
	}
	if err := l.loadPages(ctx, t, p, n, page.header.Get("Etag")); err != nil {
		return err
	}
	t.atMost("memory of the portal, idle, pictures drawn ahead", "MB", idle, "", 40)
	peak, err := lab.Memory(p.PID, "VmHWM")
	if err != nil {
		return err
	}
	t.atMost("memory at its peak under page load", "MB", peak, "", 96)
	if err := firstVisit(ctx, t, p.address, page); err != nil {
		return err
	}
	return measureSounds(ctx, t, p)
}

// ask makes one request on a connection of its own and wants 200.
func ask(ctx context.Context, address string, request []byte) (answer, error) {
	c, err := dial(ctx, address)
	if err != nil {
		return answer{}, err
	}
	defer c.close()
	a, err := c.do(request)
	if err == nil && a.status != 200 {
		line, _, _ := strings.Cut(string(request), "\r\n")
		err = fmt.Errorf("%s: status %d", line[:min(len(line), 60)], a.status)
	}
	return a, err
}

// idleMemory is what a portal holds, in MB, after three seconds in which it had next to nothing to do.
func idleMemory(ctx context.Context, p *portal) (float64, error) {
	if err := lab.Settle(ctx, p.PID); err != nil {
		return 0, err
	}
	select {
	case <-ctx.Done():
		return 0, ctx.Err()
	case <-time.After(3 * time.Second):
	}
	return lab.Memory(p.PID, "VmRSS")
}

type nginx struct {
	*lab.Process
	address string
}

// startNginx serves the very bytes of the portal's compressed page, with all that makes nginx fast.
func (l *bench) startNginx(ctx context.Context, portal string) (*nginx, error) {
	name, err := lab.Tool("nginx")
	if err != nil {
		return nil, err
	}
	dir, err := os.MkdirTemp(l.dir, "nginx-")
	if err != nil {
		return nil, err
	}
	if err := os.Chmod(dir, 0o755); err != nil { // under root its workers run as another user
		return nil, err
	}
	packed, err := packedBytes(ctx, portal)
	if err != nil {
		return nil, err
	}
	address, err := lab.FreeAddress()
	if err != nil {
		return nil, err
	}
	for file, content := range map[string]string{"page.html.gz": string(packed), "nginx.conf": fmt.Sprintf(nginxConfig, dir, address)} {
		if err := os.WriteFile(filepath.Join(dir, file), []byte(content), 0o644); err != nil {
			return nil, err
		}
	}
	n := &nginx{address: address}
	command := lab.Command{Path: name, Args: []string{"-p", dir, "-e", "stderr", "-c", filepath.Join(dir, "nginx.conf")},
		Env: []string{"PATH=" + os.Getenv("PATH")}, Pinned: true}
	if n.Process, err = command.Start(); err != nil {
		return nil, err
	}
	return n, n.AwaitOK(ctx, "http://"+address+"/page.html")
}

const nginxConfig = `
daemon off; master_process off; pid %[1]s/pid; error_log stderr;
events { worker_connections 1024; }
http {
  access_log off; sendfile on; tcp_nopush on; keepalive_requests 100000000; default_type text/html;
  open_file_cache max=100; open_file_cache_valid 60s;
  client_body_temp_path %[1]s/a; proxy_temp_path %[1]s/b; fastcgi_temp_path %[1]s/c; uwsgi_temp_path %[1]s/d;
  scgi_temp_path %[1]s/e;
  server { listen %[2]s backlog=1024; root %[1]s; location / { gzip_static on; } }
}
`

// packedBytes are the notice page's bytes as they travel.
func packedBytes(ctx context.Context, address string) ([]byte, error) {
	c, err := dial(ctx, address)
	if err != nil {
		return nil, err
	}
	defer c.close()
	a, err := c.raw(get(address, noticePath))
	if err == nil && a.header.Get("Content-Encoding") != "gzip" {
		err = errors.New("the page came without compression")
	}
	return a.body, err
}

// loadPages runs the interleaved rounds and adds their rows.
func (l *bench) loadPages(ctx context.Context, t *table, p *portal, n *nginx, tag string) error {
	form, err := ask(ctx, p.address, get(p.address, formPath))
	if err != nil {
		return err
	}
	script, picture := filepath.Join(l.dir, "picture.lua"), "/captcha/"+hidden(form.body, "captcha_token")+".png"
	if err := os.WriteFile(script, []byte(pictureScript), 0o644); err != nil {
		return err
	}
	bare, bareAddress, err := l.startBare(ctx, p.address)
	if err != nil {
		return err
	}
	defer bare.Stop()
	theirs, err := ask(ctx, n.address, get(n.address, "/page.html"))
	if err != nil {
		return err
	}
	gzip := []string{"-H", "Accept-Encoding: gzip"}
	unchanged := func(tag string) []string { return append([]string{"-H", notModifiedIf + tag}, gzip...) }
	r := runs{}
	for range l.rounds {
		for _, one := range []struct {
			name, address string
			pid           int
			arguments     []string
		}{
			{"nginx", "http://" + n.address + "/page.html", n.PID, gzip},
			{"page", "http://" + p.address + noticePath, p.PID, gzip},
			{"unchanged", "http://" + p.address + noticePath, p.PID, unchanged(tag)},
			{"bare", "http://" + bareAddress + noticePath, bare.PID, gzip},
			{"bare unchanged", "http://" + bareAddress + noticePath, bare.PID, unchanged(bareTag)},
			{"nginx unchanged", "http://" + n.address + "/page.html", n.PID, unchanged(theirs.header.Get("Etag"))},
			{"picture", "http://" + p.address + picture, p.PID, []string{"-s", script}},
		} {
			before, err := lab.CPU(one.pid)
			if err != nil {
				return err
			}
			w, err := wrk(ctx, l.load, one.address, one.arguments...)
			if err != nil {
				return fmt.Errorf("%s: %w", one.name, err)
			}
			after, err := lab.CPU(one.pid)
			if err != nil {
				return err
			}
			r.add(one.name+" rate", w.rate)
			r.add(one.name+" p99", w.p99)
			r.add(one.name+" cpu", per(after-before, w.requests))
		}
	}
	reportPages(t, r)
	return nil
}

func reportPages(t *table, r runs) {
	t.atLeast("notice page, gzip, one processor, c=64", "req/s", r.median("page rate"), r.median("nginx rate"),
		"nginx gzip_static", 0.40)
	t.atMost("its processor time a request", "µs", r.median("page cpu"), fmt.Sprintf("nginx: %s µs", amount(r.median("nginx cpu"))), 42)
	t.add("its p99 at saturation", amount(r.median("page p99"))+" ms", "nginx: "+amount(r.median("nginx p99"))+" ms", "", "", noBar)
	reportUnchanged(t, r)
	ratio := r.median("picture cpu") / r.median("page cpu")
	t.add("captcha picture drawn ahead, processor time", amount(r.median("picture cpu"))+" µs",
		"cached page: "+amount(r.median("page cpu"))+" µs", fmt.Sprintf("%.2f", ratio), "≤ 3", judge(ratio <= 3))
}

// pictureScript has wrk ask from ever new addresses: one address may ask for 300 pictures a minute.
const pictureScript = `
local n = 0
request = function()
  n = n + 1
  wrk.headers["X-Forwarded-For"] = "10." .. math.floor(n / 65536) % 256 .. "." .. math.floor(n / 256) % 256 .. "." .. n % 256
  return wrk.format("GET")
end
`

// hidden is the value of a hidden field of a page.
func hidden(page []byte, name string) string {
	m := regexp.MustCompile(`name="` + name + `" value="([^"]+)"`).FindSubmatch(page)
	if m == nil {
		return ""
	}
	return string(m[1])
}

var assetAddress = regexp.MustCompile(`(?:href|src)="(/static/[^"]+\.(?:css|js))"`)

// firstVisit adds what a reader's first page and form weigh.
func firstVisit(ctx context.Context, t *table, address string, page answer) error {
	assets, parts := 0, ""
	for _, m := range assetAddress.FindAllSubmatch(page.body, -1) {
		a, err := ask(ctx, address, get(address, string(m[1])))
		if err != nil {
			return err
		}
		assets += a.size
		parts += fmt.Sprintf(", %s %s kB", string(m[1][strings.LastIndexByte(string(m[1]), '.')+1:]), amount(float64(a.size)/1000))
	}
	form, err := ask(ctx, address, get(address, formPath))
	if err != nil {
		return err
	}
	picture, err := ask(ctx, address, get(address, "/captcha/"+hidden(form.body, "captcha_token")+".png"))
	if err != nil {
		return err
	}
	t.atMost("notice page as it travels", "kB", float64(page.size)/1000,
		fmt.Sprintf("without gzip: %s kB", amount(float64(len(page.body))/1000)), 13)
	t.atMost("first visit: page, styles, script, captcha picture", "kB", float64(page.size+assets+picture.size)/1000,
		strings.TrimPrefix(parts+fmt.Sprintf(", captcha %s kB", amount(float64(picture.size)/1000)), ", "), 45)
	return nil
}

// measureSounds takes the time of spoken challenges, and of pictures once all that were drawn ahead are gone.
func measureSounds(ctx context.Context, t *table, p *portal) error {
	c, err := dial(ctx, p.address)
	if err != nil {
		return err
	}
	defer c.close()
	r := runs{}
	for i := range 640 {
		form, err := c.do(get(p.address, formPath))
		if err != nil {
			return err
		}
		token := hidden(form.body, "captcha_token")
		kinds := map[string]string{}
		if i < 20 {
			kinds["sound"] = ".wav"
		}
		if i >= 600 {
			kinds["picture"] = ".png"
		}
		for kind, suffix := range kinds {
			began := time.Now()
			a, err := c.do(get(p.address, "/captcha/"+token+suffix))
			if err != nil {
				return err
			}
			if a.status != 200 {
				return fmt.Errorf("%s: status %d", kind, a.status)
			}
			r.add(kind, millis(time.Since(began)))
		}
	}
	t.add("captcha picture when none is left, drawn on demand", amount(r.median("picture"))+" ms", "", "", "", noBar)
	t.atMost("captcha sound", "ms", r.median("sound"), "", 12)
	return nil
}
