package e2e

import (
	"fmt"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"wenji/internal/captcha"
	"wenji/internal/lab"
	"wenji/internal/vault"

	"github.com/PuerkitoBio/goquery"
)

// fleet is several `wenji serve` behind a balancer, which names in each answer the replica that gave it.
type fleet struct {
	t        *testing.T
	base     string
	replicas []*replica
}

type replica struct {
	*lab.Process
	address string
}

// balancers are the programs that stand in front of the replicas, each with its configuration for some addresses.
var balancers = map[string]func(folder, listen string, replicas []*replica) string{
	"haproxy": haproxyConfig,
	"nginx":   nginxConfig,
}

func haproxyConfig(_, listen string, replicas []*replica) string {
	var c strings.Builder
	fmt.Fprintf(&c, `
defaults
  mode http
  timeout connect 2s
  timeout client 60s
  timeout server 60s
  option redispatch
  retry-on conn-failure
frontend people
  bind %s
  default_backend wenji
backend wenji
  balance roundrobin
  option forwardfor
  option httpchk GET /readyz
  http-response set-header X-Replica %%s
  default-server check inter 500ms fall 2 rise 1
`, listen)
	for _, r := range replicas {
		fmt.Fprintf(&c, "  server %s %s\n", r.address, r.address)
	}
	return c.String()
}

// nginxConfig opens a connection for each request, as docs/deploy has it for posts.
func nginxConfig(folder, listen string, replicas []*replica) string {
	var servers strings.Builder
	for _, r := range replicas {
		fmt.Fprintf(&servers, "server %s max_fails=1 fail_timeout=2s; ", r.address)
	}
	return fmt.Sprintf(`
daemon off; master_process off; pid %[1]s/pid; error_log stderr;
events { worker_connections 512; }
http {
  access_log off;
  client_body_temp_path %[1]s/a; proxy_temp_path %[1]s/b; fastcgi_temp_path %[1]s/c; uwsgi_temp_path %[1]s/d; scgi_temp_path %[1]s/e;
  upstream wenji { %[3]s }
  server {
    listen %[2]s;
    location / {
      proxy_pass http://wenji; proxy_http_version 1.1; proxy_set_header Connection close;
      proxy_set_header Host $http_host; proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;
      add_header X-Replica $upstream_addr always;
    }
  }
}
`, folder, listen, servers.String())
}

// startFleet starts n replicas on the database of the shared portal and a balancer before them.
func startFleet(t *testing.T, balancer string, n int) *fleet {
	t.Helper()
	f := &fleet{t: t}
	for range n {
		address := freeAddress(t)
		p, err := lab.Command{Path: site.binary, Args: []string{"serve"}, Env: append(slices.Clone(site.env),
			"WENJI_LISTEN="+address, "WENJI_TRUSTED_PROXIES=127.0.0.1")}.Start()
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(p.Stop)
		f.replicas = append(f.replicas, &replica{p, address})
	}
	for _, r := range f.replicas {
		if err := r.AwaitOK(t.Context(), "http://"+r.address+"/readyz"); err != nil {
			t.Fatal(err)
		}
	}
	path, err := lab.Tool(balancer)
	if err != nil {
		t.Fatal(err)
	}
	folder, listen := t.TempDir(), freeAddress(t)
	file := filepath.Join(folder, "conf")
	if err := os.WriteFile(file, []byte(balancers[balancer](folder, listen, f.replicas)), 0o600); err != nil {
		t.Fatal(err)
	}
	args := map[string][]string{"haproxy": {"-db", "-f", file}, "nginx": {"-p", folder, "-c", file}}[balancer]
	p, err := lab.Command{Path: path, Args: args, Env: []string{"PATH=/usr/bin:/bin"}}.Start()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(p.Kill)
	f.base = "http://" + listen
	if err := p.AwaitOK(t.Context(), f.base+"/healthz"); err != nil {
		t.Fatal(err)
	}
	return f
}

func freeAddress(t *testing.T) string {
	t.Helper()
	address, err := lab.FreeAddress()
	if err != nil {
		t.Fatal(err)
	}
	return address
}

// citizen is a visitor with a cookie jar, who follows no redirect.
func citizen(t *testing.T) *http.Client {
	t.Helper()
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	return &http.Client{Jar: jar, Timeout: 30 * time.Second, CheckRedirect: func(*http.Request, []*http.Request) error {
		return http.ErrUseLastResponse
	}}
}

// answer reads an answer that must have a status, and tells which replica gave it.
func (f *fleet) answer(status int, r *http.Response, err error) (page *goquery.Document, by string) {
	f.t.Helper()
	if err != nil {
		f.t.Fatal(err)
	}
	defer r.Body.Close()
	page, err = goquery.NewDocumentFromReader(r.Body)
	if err != nil || r.StatusCode != status {
		f.t.Fatalf("%s %s answers %d (%v), want %d: %s", r.Request.Method, r.Request.URL.Path, r.StatusCode, err, status,
			strings.Join(strings.Fields(page.Find("main").Text()), " "))
	}
	return page, replicaOf(r)
}

// replicaOf is the address of the replica that answered: nginx names before it those that it tried in vain.
func replicaOf(r *http.Response) string {
	tried := strings.Split(r.Header.Get("X-Replica"), ", ")
	return tried[len(tried)-1]
}

// solve reads a challenge's digits with the replicas' own keys, since nobody here can look at the picture.
func solve(t *testing.T, token string) string {
	t.Helper()
	keys, err := vault.Load(filepath.Join(site.folder, "keys.json"))
	if err != nil {
		t.Fatal(err)
	}
	plain, err := keys.Box(captcha.Purpose).Open(token, "captcha token 1")
	if err != nil || len(plain) < captcha.Length {
		t.Fatalf("a challenge of %d bytes: %v", len(plain), err)
	}
	return string(plain[len(plain)-captcha.Length:])
}

const comments = "/consultations/" + sampleID + "/comments"

// filledIn is a form with nothing to be mended, for the challenge of a page.
func filledIn(t *testing.T, form *goquery.Document, title string) url.Values {
	t.Helper()
	token := form.Find("[name=captcha_token]").AttrOr("value", "")
	return url.Values{
		"title": {title}, "body": {"建议在老旧小区楼道加装扶手，方便老年人上下楼。" + title},
		"name": {"欧阳测标"}, "id_number": {"210102194912310016"}, "occupation": {"教师"}, "phone": {"13812345678"},
		"email": {"biaoji@example.cn"}, "consent": {"1"}, "consent_id": {"1"}, "captcha_token": {token}, "captcha": {solve(t, token)},
	}
}

func TestAFormGoesThroughFourReplicas(t *testing.T) {
	for balancer := range balancers {
		t.Run(balancer, func(t *testing.T) {
			f := startFleet(t, balancer, 4)
			c := citizen(t)
			var by [4]string
			r, err := c.Get(f.base + comments + "/new")
			form, first := f.answer(200, r, err)
			picture := form.Find("img[src^='/captcha/']").AttrOr("src", "")
			r, err = c.Get(f.base + picture)
			_, by[1] = f.answer(200, r, err)
			r, err = c.PostForm(f.base+comments+"/check", filledIn(t, form, "四台服务器，"+balancer))
			check, third := f.answer(200, r, err)
			sealed := url.Values{"sealed": {check.Find("[name=sealed]").First().AttrOr("value", "")}}
			r, err = c.PostForm(f.base+comments, sealed)
			by[0], by[2] = first, third
			_, by[3] = f.answer(303, r, err)
			if slices.Sort(by[:]); len(slices.Compact(by[:])) != 4 {
				t.Fatalf("answered by %v, want four different replicas", by)
			}
			code := ""
			for range f.replicas { // the receipt is the same at each
				r, err = c.Get(f.base + "/receipt")
				receipt, _ := f.answer(200, r, err)
				now := receipt.Find("#code").Text()
				if now == "" || code != "" && now != code {
					t.Errorf("the receipt's code is %q, before it was %q", now, code)
				}
				code = now
			}
		})
	}
}

func TestAChallengeIsAnsweredOnceAmongAllReplicas(t *testing.T) {
	f := startFleet(t, "haproxy", 4)
	r, err := citizen(t).Get(f.base + comments + "/new")
	form, _ := f.answer(200, r, err)
	fields := filledIn(t, form, "一个验证码")
	var passed, by sync.Map
	var sending sync.WaitGroup
	for i := range 8 {
		c, mine := citizen(t), url.Values{}
		for name, value := range fields {
			mine[name] = value
		}
		mine.Set("title", strings.Repeat("验证码", i+1))
		sending.Go(func() {
			r, err := c.PostForm(f.base+comments+"/check", mine)
			if err != nil {
				t.Error(err)
				return
			}
			r.Body.Close()
			by.Store(replicaOf(r), true)
			if r.StatusCode == http.StatusOK {
				passed.Store(i, true)
			}
		})
	}
	sending.Wait()
	if n := size(&passed); n != 1 {
		t.Errorf("%d of 8 forms passed, want 1", n)
	}
	if n := size(&by); n != 4 {
		t.Errorf("%d replicas were asked, want 4", n)
	}
}

func size(m *sync.Map) (n int) {
	m.Range(func(any, any) bool { n++; return true })
	return n
}

func TestASessionOfTheDeskIsGoodAtEveryReplica(t *testing.T) {
	f := startFleet(t, "haproxy", 3)
	client := office(t, hire(t, "审核员"))
	client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	var by sync.Map
	for range 6 {
		r, err := client.Get(f.base + "/staff/queue")
		_, replica := f.answer(200, r, err)
		by.Store(replica, true)
	}
	if n := size(&by); n != 3 {
		t.Errorf("%d replicas answered, want 3", n)
	}
	r, err := client.PostForm(f.base+"/staff/logout", url.Values{})
	f.answer(303, r, err)
	for range 3 {
		r, err := client.Get(f.base + "/staff/queue")
		f.answer(303, r, err)
	}
}
