package e2e

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"wenji/internal/postgres/embedded"

	"github.com/pquerna/otp/totp"
)

const (
	sampleID = "2025-0001"
	digits   = "135790"
)

// site is the portal that the browser tests share: `wenji demo` on a database whose address the tests know.
var site struct {
	binary string
	folder string
	base   string
	env    []string
}

func TestMain(m *testing.M) {
	os.Exit(run(m))
}

func run(m *testing.M) int {
	folder, err := os.MkdirTemp("/tmp", "wenji-e2e-")
	if err == nil {
		err = os.Chmod(folder, 0o755) // the database runs as another user and must get in
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer os.RemoveAll(folder)
	site.folder = folder
	site.binary = filepath.Join(folder, "wenji")
	build := exec.Command("go", "build", "-buildvcs=false", "-o", site.binary, "wenji/cmd/wenji")
	if out, err := build.CombinedOutput(); err != nil {
		fmt.Fprintf(os.Stderr, "build: %v\n%s", err, out)
		return 1
	}
	server, err := embedded.Start(context.Background(), embedded.Config{
		DataDir: filepath.Join(folder, "postgres"), Log: slog.New(slog.DiscardHandler),
	})
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer server.Stop(context.Background())
	site.env = append(os.Environ(), "WENJI_DATABASE_URL="+server.URL(), "WENJI_KEYS_FILE="+filepath.Join(folder, "keys.json"))
	stop, base, err := startDemo(site.env, "--captcha-digits", digits)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer stop()
	site.base = base
	return m.Run()
}

// startDemo runs `wenji demo` on a free port and returns when it is ready.
func startDemo(env []string, args ...string) (stop func(), base string, err error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, "", err
	}
	address := listener.Addr().String()
	if err := listener.Close(); err != nil {
		return nil, "", err
	}
	command := exec.Command(site.binary, append([]string{"demo", "--listen", address}, args...)...)
	command.Env = env
	var errors strings.Builder
	command.Stderr = &errors
	out, err := command.StdoutPipe()
	if err != nil {
		return nil, "", err
	}
	if err := command.Start(); err != nil {
		return nil, "", err
	}
	started := make(chan bool, 1)
	go func() {
		lines := bufio.NewScanner(out)
		for lines.Scan() {
			if strings.Contains(lines.Text(), address) {
				started <- true
			}
		}
		started <- false
		io.Copy(io.Discard, out)
	}()
	stop = func() {
		command.Process.Signal(syscall.SIGINT)
		command.Wait()
	}
	select {
	case ok := <-started:
		if ok {
			return stop, "http://" + address, waitReady("http://" + address)
		}
	case <-time.After(2 * time.Minute):
	}
	stop()
	return nil, "", fmt.Errorf("wenji demo did not start: %s", errors.String())
}

func waitReady(base string) error {
	deadline := time.Now().Add(2 * time.Minute)
	for time.Now().Before(deadline) {
		if r, err := http.Get(base + "/readyz"); err == nil {
			r.Body.Close()
			if r.StatusCode == http.StatusOK {
				return nil
			}
		}
		<-time.After(50 * time.Millisecond)
	}
	return fmt.Errorf("%s is not ready after two minutes", base)
}

// wenji runs a command of the program against the shared portal's database and returns what it printed.
func wenji(t *testing.T, args ...string) string {
	t.Helper()
	command := exec.Command(site.binary, args...)
	command.Env = site.env
	out, err := command.CombinedOutput()
	if err != nil {
		t.Fatalf("wenji %s: %v\n%s", strings.Join(args, " "), err, out)
	}
	return string(out)
}

// person is somebody of the office, with what is needed to sign in.
type person struct{ username, password, secret string }

// hire adds a member of a role through the command line.
func hire(t *testing.T, role string) person {
	t.Helper()
	p := person{username: strings.ToLower(strings.NewReplacer("/", "-", "_", "-").Replace(t.Name()))}
	if len(p.username) > 30 {
		p.username = p.username[len(p.username)-30:]
	}
	p.username = "t" + p.username
	add := []string{"staff", "add", "--username", p.username, "--name", "测试员", "--role", role}
	if role == "承办人" {
		add = append(add, "--unit", "省民政厅")
	}
	out := wenji(t, add...)
	for line := range strings.Lines(out) {
		line = strings.TrimSpace(line)
		if v, ok := strings.CutPrefix(line, "密码："); ok {
			p.password = v
		}
		if v, ok := strings.CutPrefix(line, "动态口令密钥："); ok {
			p.secret = v
		}
	}
	if p.password == "" || p.secret == "" {
		t.Fatalf("no sign-in in: %s", out)
	}
	return p
}

// code is the one-time code of this moment, or of steps of thirty seconds later.
func (p person) code(t *testing.T, later int) string {
	t.Helper()
	code, err := totp.GenerateCode(p.secret, time.Now().Add(time.Duration(later)*30*time.Second))
	if err != nil {
		t.Fatal(err)
	}
	return code
}
