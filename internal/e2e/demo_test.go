package e2e

import (
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// ownDemo is `wenji demo` with a private server, as `make run` starts it.
type ownDemo struct {
	t       *testing.T
	data    string
	address string
	args    []string // further arguments
	command *exec.Cmd
}

func newDemo(t *testing.T) *ownDemo {
	t.Helper()
	data := filepath.Join(site.folder, strings.ToLower(t.Name()))
	if err := os.MkdirAll(data, 0o755); err != nil {
		t.Fatal(err)
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	d := &ownDemo{t: t, data: data, address: listener.Addr().String()}
	t.Cleanup(func() {
		if d.command != nil && d.command.ProcessState == nil {
			d.command.Process.Signal(syscall.SIGINT)
			d.command.Wait()
		}
	})
	return d
}

func (d *ownDemo) prepare(address string) *exec.Cmd {
	command := exec.Command(site.binary, "demo", "--data", d.data, "--listen", address, "--captcha-digits", digits,
		"--accounts", filepath.Join(d.data, "sign-ins.json"))
	command.Args = append(command.Args, d.args...)
	command.Env = append(os.Environ(), "WENJI_DATABASE_URL=", "WENJI_KEYS_FILE=")
	return command
}

func (d *ownDemo) start() {
	d.t.Helper()
	d.command = d.prepare(d.address)
	if err := d.command.Start(); err != nil {
		d.t.Fatal(err)
	}
	if err := waitReady("http://" + d.address); err != nil {
		d.t.Fatal(err)
	}
}

func (d *ownDemo) kill() {
	d.t.Helper()
	if err := d.command.Process.Kill(); err != nil {
		d.t.Fatal(err)
	}
	d.command.Wait()
}

// refused runs a second demo that must end with a sentence.
func (d *ownDemo) refused(address, want string) {
	d.t.Helper()
	out, err := d.prepare(address).CombinedOutput()
	if err == nil || !strings.Contains(string(out), want) {
		d.t.Errorf("a second demo: %v, %s; want %q", err, out, want)
	}
}

// postmaster is the process id of the private server, from its lock file.
func (d *ownDemo) postmaster() int {
	d.t.Helper()
	content, err := os.ReadFile(filepath.Join(d.data, "postgres", "data", "postmaster.pid"))
	if err != nil {
		d.t.Fatal(err)
	}
	first, _, _ := strings.Cut(string(content), "\n")
	pid, err := strconv.Atoi(first)
	if err != nil {
		d.t.Fatal(err)
	}
	return pid
}

func TestTheDemoSurvivesWhatHappensToIt(t *testing.T) {
	d := newDemo(t)
	d.start()
	before, err := os.ReadFile(filepath.Join(d.data, "sign-ins.json"))
	if err != nil || !strings.Contains(string(before), `"role": "审核员"`) {
		t.Fatalf("sign-ins: %v %s", err, before)
	}
	d.refused(d.address, "已被别的程序占用")
	d.refused("127.0.0.1:0", "已经有一个演示在运行")

	d.kill()
	d.start()
	after, err := os.ReadFile(filepath.Join(d.data, "sign-ins.json"))
	if err != nil || string(after) != string(before) {
		t.Errorf("the sign-ins have changed: %v", err)
	}

	// The database dies; pages that were read go on, and the portal comes back by itself.
	notice := "http://" + d.address + "/consultations/" + sampleID
	if status := fetch(t, notice); status != 200 {
		t.Fatalf("the notice answers %d", status)
	}
	if err := syscall.Kill(d.postmaster(), syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	if status := fetch(t, notice); status != 200 {
		t.Errorf("without a database the notice answers %d", status)
	}
	if err := waitReady("http://" + d.address); err != nil {
		t.Error(err)
	}

	if err := d.command.Process.Signal(os.Interrupt); err != nil {
		t.Fatal(err)
	}
	if err := d.command.Wait(); err != nil {
		t.Errorf("Ctrl-C: %v", err)
	}
	if _, err := os.Stat(filepath.Join(d.data, "postgres", "data", "postmaster.pid")); err == nil {
		t.Error("the database was not stopped")
	}
}

func fetch(t *testing.T, address string) int {
	t.Helper()
	client := &http.Client{Timeout: 20 * time.Second}
	r, err := client.Get(address)
	if err != nil {
		t.Fatal(err)
	}
	r.Body.Close()
	return r.StatusCode
}

func TestWrongUsageIsToldInChineseWithStatusTwo(t *testing.T) {
	for _, args := range [][]string{{"sreve"}, {"demo", "--lisen", "x"}, {"demo", "--now", "yesterday"}, {"staff", "add"}, {"audit"},
		{"import"}, {"serve", "extra"}} {
		command := exec.Command(site.binary, args...)
		command.Env = []string{"WENJI_LOG_LEVEL=INFO"}
		out, err := command.CombinedOutput()
		if command.ProcessState.ExitCode() != 2 || !strings.HasPrefix(string(out), "wenji：") || strings.Contains(string(out), "unknown") {
			t.Errorf("%v: %v %s", args, err, out)
		}
	}
	command := exec.Command(site.binary, "serve")
	command.Env = []string{"WENJI_LISTEN=8080", "WENJI_TRUSTED_PROXIES=here", "WENJI_LOG_LEVEL=loud", "WENJI_BASE_URL=x"}
	out, _ := command.CombinedOutput()
	for _, name := range []string{"WENJI_DATABASE_URL", "WENJI_KEYS_FILE", "WENJI_LISTEN", "WENJI_TRUSTED_PROXIES", "WENJI_LOG_LEVEL", "WENJI_BASE_URL"} {
		if !strings.Contains(string(out), name) {
			t.Errorf("%s is not reported: %s", name, out)
		}
	}
}
