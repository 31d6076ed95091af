package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"

	"wenji/internal/postgres"
	"wenji/internal/postgres/embedded"
	"wenji/internal/vault"

	"github.com/jackc/pgx/v5"
)

// digits are the answer to every captcha of the servers under test.
const digits = "135790"

// lab is the folder, the database server and the programs of one run.
type lab struct {
	options
	dir      string
	program  string // the portal, freshly built
	pg       *embedded.Server
	pgPID    int
	keys     *vault.KeyRing
	keysFile string
	quiet    *slog.Logger
}

// newLab makes a temporary folder, starts a private PostgreSQL in it as `wenji demo` does, and builds the portal.
func newLab(ctx context.Context, o options) (*lab, error) {
	l := &lab{options: o, quiet: slog.New(slog.DiscardHandler)}
	if err := l.setUp(ctx); err != nil {
		l.close()
		return nil, err
	}
	return l, nil
}

func (l *lab) setUp(ctx context.Context) (err error) {
	if l.dir, err = os.MkdirTemp("", "wenji-bench-"); err != nil {
		return err
	}
	if err := os.Chmod(l.dir, 0o711); err != nil { // under root PostgreSQL runs as another user, who passes through
		return err
	}
	l.program = filepath.Join(l.dir, "wenji")
	if err := build(ctx, l.program); err != nil {
		return err
	}
	l.keysFile = filepath.Join(l.dir, "keys.json")
	if l.keys, err = vault.Create(l.keysFile); err != nil {
		return err
	}
	l.pg, err = embedded.Start(ctx, embedded.Config{DataDir: filepath.Join(l.dir, "postgres"), Log: l.quiet})
	if err != nil {
		return err
	}
	pid, err := os.ReadFile(filepath.Join(l.pg.DataDir, "data", "postmaster.pid"))
	if err != nil {
		return err
	}
	first, _, _ := strings.Cut(string(pid), "\n")
	l.pgPID, err = strconv.Atoi(first)
	return err
}

func build(ctx context.Context, to string) error {
	out, err := exec.CommandContext(ctx, "go", "build", "-trimpath", "-buildvcs=false", "-o", to, "wenji/cmd/wenji").CombinedOutput()
	if err != nil {
		return fmt.Errorf("build the portal: %w\n%s", err, out)
	}
	return nil
}

func (l *lab) close() {
	if l.pg != nil {
		ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
		defer cancel()
		if err := l.pg.Stop(ctx); err != nil {
			fmt.Fprintln(os.Stderr, "bench: stop PostgreSQL:", err)
		}
		if !strings.HasPrefix(l.pg.DataDir, l.dir) { // where the server's user could not enter the temporary folder
			os.RemoveAll(l.pg.DataDir)
		}
	}
	if err := os.RemoveAll(l.dir); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
	}
}

// database makes an empty database beside the others and returns its address.
func (l *lab) database(ctx context.Context, name string) (string, error) {
	conn, err := pgx.Connect(ctx, l.pg.URL())
	if err != nil {
		return "", err
	}
	defer conn.Close(ctx)
	if _, err := conn.Exec(ctx, "CREATE DATABASE "+name); err != nil {
		return "", err
	}
	u, err := url.Parse(l.pg.URL())
	if err != nil {
		return "", err
	}
	u.Path = "/" + name
	return u.String(), nil
}

// exec runs SQL as the database's owner.
func (l *lab) exec(ctx context.Context, database, sql string, args ...any) error {
	conn, err := pgx.Connect(ctx, database)
	if err != nil {
		return err
	}
	defer conn.Close(ctx)
	_, err = conn.Exec(ctx, sql, args...)
	return err
}

// pool opens a database as the portal does.
func (l *lab) pool(ctx context.Context, database string, conns int32) (*postgres.DB, error) {
	return postgres.Open(ctx, database, postgres.Options{Name: "wenji bench", MaxConns: conns})
}

// process is a program of ours that runs until stop.
type process struct {
	cmd    *exec.Cmd
	pid    int
	ended  chan struct{}
	output *bytes.Buffer
}

// start runs a program; pinned keeps it to the first processor.
func start(pinned bool, environment []string, name string, args ...string) (*process, error) {
	if pinned {
		name, args = "taskset", append([]string{"-c", "0", name}, args...)
	}
	p := &process{cmd: exec.Command(name, args...), ended: make(chan struct{}), output: new(bytes.Buffer)}
	p.cmd.Env = environment
	p.cmd.Stderr = p.output
	p.cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGTERM, Setpgid: true}
	if err := p.cmd.Start(); err != nil {
		return nil, fmt.Errorf("start %s: %w", name, err)
	}
	p.pid = p.cmd.Process.Pid
	go func() {
		p.cmd.Wait() // how it ended is of interest only while it is waited for, and then its output tells
		close(p.ended)
	}()
	return p, nil
}

func (p *process) stop() {
	p.cmd.Process.Signal(syscall.SIGTERM) // an error means that it has ended already
	select {
	case <-p.ended:
	case <-time.After(40 * time.Second):
		p.cmd.Process.Kill()
		<-p.ended
	}
}

// portal is a running server under test.
type portal struct {
	*process
	address  string
	accounts string // file; of a demo only
}

// site is an identity as long as a real one's, for header and footer.
var site = []string{"WENJI_SITE_NAME=辽宁省人民政府", "WENJI_SITE_DOMAIN=www.ln.gov.cn", "WENJI_SITE_SPONSOR=辽宁省人民政府办公厅",
	"WENJI_SITE_ID_CODE=2100000037", "WENJI_SITE_ICP=辽ICP备05023109号", "WENJI_SITE_POLICE_RECORD=辽公网安备 21010502000372号",
	"WENJI_SITE_ADDRESS=沈阳市皇姑区北陵大街45-9号", "WENJI_SITE_POSTCODE=110032", "WENJI_SITE_HELP_PHONE=024-23935916"}

// demo runs `wenji demo` on a database of its own, putting the sample in, and waits until it is ready.
func (l *lab) demo(ctx context.Context, database string) (*portal, error) {
	accounts := filepath.Join(l.dir, "accounts.json")
	return l.portal(ctx, &portal{accounts: accounts}, false, []string{"WENJI_DATABASE_URL=" + database}, func(address string) []string {
		return []string{"demo", "--listen", address, "--accounts", accounts, "--captcha-digits", digits}
	})
}

// serve runs `wenji serve`, as in production, on a database that a demo has filled. Unlike a demo it hashes no passwords
// at its start, and so begins with little memory. A pinned portal has one processor.
func (l *lab) serve(ctx context.Context, database string, pinned bool, environment ...string) (*portal, error) {
	environment = append(environment, "WENJI_DATABASE_URL="+database)
	if pinned {
		environment = append(environment, "GOMAXPROCS=1")
	}
	return l.portal(ctx, &portal{}, pinned, append(environment, site...), func(address string) []string { return []string{"serve"} })
}

func (l *lab) portal(ctx context.Context, p *portal, pinned bool, environment []string, args func(address string) []string) (*portal, error) {
	var err error
	if p.address, err = freeAddress(); err != nil {
		return nil, err
	}
	environment = append(environment, "PATH="+os.Getenv("PATH"), "HOME="+l.dir, "XDG_CACHE_HOME="+filepath.Join(l.dir, "cache"),
		"WENJI_LISTEN="+p.address, "WENJI_KEYS_FILE="+l.keysFile, "WENJI_LOG_LEVEL=WARN")
	if p.process, err = start(pinned, environment, l.program, args(p.address)...); err != nil {
		return nil, err
	}
	if err := p.waitFor(ctx, "http://"+p.address+"/readyz"); err != nil {
		p.stop()
		return nil, err
	}
	return p, nil
}

// sample makes a database that holds the sample consultation.
func (l *lab) sample(ctx context.Context, name string) (database string, err error) {
	if database, err = l.database(ctx, name); err != nil {
		return "", err
	}
	p, err := l.demo(ctx, database)
	if err == nil {
		p.stop()
	}
	return database, err
}

// waitFor asks until the address answers 200.
func (p *process) waitFor(ctx context.Context, address string) error {
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	for {
		request, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
		if err != nil {
			return err
		}
		if answer, err := http.DefaultClient.Do(request); err == nil {
			answer.Body.Close()
			if answer.StatusCode == http.StatusOK {
				return nil
			}
		}
		select {
		case <-p.ended:
			return errors.New("server ended at its start: " + p.output.String())
		case <-ctx.Done():
			return fmt.Errorf("server not ready: %w", ctx.Err())
		case <-time.After(50 * time.Millisecond):
		}
	}
}

func freeAddress() (string, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	defer l.Close()
	return l.Addr().String(), nil
}
