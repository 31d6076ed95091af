package deploy

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"wenji/internal/lab"
)

const (
	folder = "../../docs/deploy"
	name   = "www.example.gov.cn"
)

// portal stands in for one: it keeps what arrives, and fails as told.
type portal struct {
	*httptest.Server
	mu       sync.Mutex
	requests []*http.Request
	unready  atomic.Bool
	refused  atomic.Int64 // probes told that it is not ready
	dying    atomic.Bool  // every request but the probes ends without an answer
}

func newPortal(t *testing.T) *portal {
	t.Helper()
	p := &portal{}
	p.Server = httptest.NewServer(p)
	t.Cleanup(p.Close)
	return p
}

func (p *portal) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	switch {
	case r.URL.Path == "/healthz":
		return
	case r.URL.Path == "/readyz":
		if p.unready.Load() {
			w.WriteHeader(http.StatusServiceUnavailable)
			p.refused.Add(1)
		}
		return
	}
	r.ParseForm()
	p.mu.Lock()
	p.requests = append(p.requests, r)
	p.mu.Unlock()
	switch {
	case p.dying.Load():
		panic(http.ErrAbortHandler)
	case r.URL.Path == "/unavailable":
		w.Header().Set("Retry-After", "30")
		http.Error(w, "the portal's own page", http.StatusServiceUnavailable)
	}
}

func (p *portal) address() string { return strings.TrimPrefix(p.URL, "http://") }

// seen is how many requests of the path arrived.
func (p *portal) seen(path string) (n int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, r := range p.requests {
		if r.URL.Path == path {
			n++
		}
	}
	return n
}

func (p *portal) last() *http.Request {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.requests[len(p.requests)-1]
}

// front is a balancer before two portals.
type front struct {
	balancer      string
	plain, secure string // addresses
	portals       [2]*portal
	client        *http.Client // reaches the balancer under the portal's name, follows no redirect
	roots         *x509.CertPool
}

// balancers start each program with its configuration from docs/deploy; only addresses and paths are changed.
var balancers = map[string]func(t *testing.T, f *front, dir string) lab.Command{
	"nginx": func(t *testing.T, f *front, dir string) lab.Command {
		site := f.replaced(t, "nginx.conf",
			"listen 80", "listen "+f.plain, "listen 443", "listen "+f.secure,
			"/etc/ssl/wenji/fullchain.pem", dir+"/cert.pem", "/etc/ssl/wenji/privkey.pem", dir+"/key.pem",
			"/usr/share/wenji", absolute(t, folder), "/var/log/nginx", dir)
		user := ""
		if os.Getuid() == 0 {
			user = "user root;\n"
		}
		config := write(t, dir, "nginx.conf", user+"daemon off;\npid "+dir+"/pid;\nerror_log "+dir+"/error.log;\nevents {}\nhttp {\n"+
			"client_body_temp_path "+dir+"/body;\nproxy_temp_path "+dir+"/proxy;\nfastcgi_temp_path "+dir+"/f;\nuwsgi_temp_path "+dir+
			"/u;\nscgi_temp_path "+dir+"/s;\n"+site+"}\n")
		program := tool(t, "nginx")
		accepts(t, program, "-q", "-t", "-p", dir, "-e", dir+"/error.log", "-c", config)
		return lab.Command{Path: program, Args: []string{"-p", dir, "-e", dir + "/error.log", "-c", config}}
	},
	"haproxy": func(t *testing.T, f *front, dir string) lab.Command {
		config := write(t, dir, "haproxy.cfg", f.replaced(t, "haproxy.cfg",
			"bind :80", "bind "+f.plain, "bind :443", "bind "+f.secure, "/etc/haproxy/wenji.pem", dir+"/both.pem",
			"/usr/share/wenji", absolute(t, folder), "maxconn 20000", "maxconn 200", "gt 700", "gt 70000"))
		program := tool(t, "haproxy")
		accepts(t, program, "-c", "-f", config)
		return lab.Command{Path: program, Args: []string{"-db", "-f", config}}
	},
}

// replaced is the configuration with the portals' addresses and the pairs old, new replaced. Each must be there.
func (f *front) replaced(t *testing.T, file string, pairs ...string) string {
	t.Helper()
	content, err := os.ReadFile(filepath.Join(folder, file))
	if err != nil {
		t.Fatal(err)
	}
	text := string(content)
	pairs = append(pairs, "127.0.0.1:8081", f.portals[0].address(), "127.0.0.1:8082", f.portals[1].address())
	for i := 0; i < len(pairs); i += 2 {
		if !strings.Contains(text, pairs[i]) {
			t.Fatalf("%s has no %q", file, pairs[i])
		}
		text = strings.ReplaceAll(text, pairs[i], pairs[i+1])
	}
	return text
}

// eachFront runs the test behind each balancer.
func eachFront(t *testing.T, test func(t *testing.T, f *front)) {
	for program, command := range balancers {
		t.Run(program, func(t *testing.T) {
			t.Parallel()
			f := &front{balancer: program, portals: [2]*portal{newPortal(t), newPortal(t)}, plain: free(t), secure: free(t)}
			dir := t.TempDir()
			f.certify(t, dir)
			process, err := command(t, f, dir).Start()
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(process.Stop)
			f.client = f.newClient(true)
			t.Cleanup(f.client.CloseIdleConnections)
			err = process.Await(t.Context(), func(ctx context.Context) error {
				r, err := http.NewRequestWithContext(ctx, http.MethodGet, "https://"+name+"/first", nil)
				if err != nil {
					return err
				}
				response, err := f.client.Do(r)
				if err != nil {
					return err
				}
				return response.Body.Close()
			})
			if err != nil {
				t.Fatal(err)
			}
			test(t, f)
		})
	}
}

// newClient makes a client that speaks HTTP/2, as browsers do, or 1.1.
func (f *front) newClient(http2 bool) *http.Client {
	return &http.Client{
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		Transport: &http.Transport{
			TLSClientConfig:   &tls.Config{RootCAs: f.roots},
			ForceAttemptHTTP2: http2,
			DialContext: func(ctx context.Context, network, address string) (net.Conn, error) {
				to := f.secure
				if strings.HasSuffix(address, ":80") {
					to = f.plain
				}
				return (&net.Dialer{}).DialContext(ctx, network, to)
			},
		},
	}
}

// certify makes a certificate for the name.
func (f *front) certify(t *testing.T, dir string) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: name}, DNSNames: []string{name},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour), IsCA: true, BasicConstraintsValid: true,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	secret, err := x509.MarshalECPrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	cert := string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}))
	private := string(pem.EncodeToMemory(&pem.Block{Type: "EC PRIVATE KEY", Bytes: secret}))
	write(t, dir, "cert.pem", cert)
	write(t, dir, "key.pem", private)
	write(t, dir, "both.pem", cert+private)
	f.roots = x509.NewCertPool()
	f.roots.AppendCertsFromPEM([]byte(cert))
}

func write(t *testing.T, dir, file, content string) string {
	t.Helper()
	path := filepath.Join(dir, file)
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func absolute(t *testing.T, path string) string {
	t.Helper()
	path, err := filepath.Abs(path)
	if err != nil {
		t.Fatal(err)
	}
	return path
}

func tool(t *testing.T, program string) string {
	t.Helper()
	path, err := lab.Tool(program)
	if err != nil {
		t.Fatal(err)
	}
	return path
}

func free(t *testing.T) string {
	t.Helper()
	address, err := lab.FreeAddress()
	if err != nil {
		t.Fatal(err)
	}
	return address
}

// accepts runs the program's own check of its configuration.
func accepts(t *testing.T, program string, args ...string) {
	t.Helper()
	if out, err := lab.Output(t.Context(), nil, program, args...); err != nil || strings.Contains(out, "WARN") || strings.Contains(out, "warn") {
		t.Fatalf("%s: %v: %s", program, err, out)
	}
}
