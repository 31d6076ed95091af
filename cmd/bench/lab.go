package main

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"wenji/internal/fill"
	"wenji/internal/lab"
	"wenji/internal/postgres"
	"wenji/internal/postgres/embedded"
	"wenji/internal/vault"

	"github.com/jackc/pgx/v5"
)

// digits are the answer to every captcha of the servers under test.
const digits = "135790"

// bench is the folder, the database server and the programs of one run.
type bench struct {
	options
	dir      string
	program  string // the portal, freshly built
	pg       *embedded.Server
	pgPID    int
	keys     *vault.KeyRing
	keysFile string
	quiet    *slog.Logger
	progress io.Writer

	generator *fill.Generator
	written   int // comments made from the generator so far, beside those of full databases
	fulls     map[int]*full
}

// newBench makes a temporary folder, starts a private PostgreSQL in it as `wenji demo` does, and builds the portal.
func newBench(ctx context.Context, o options, progress io.Writer) (*bench, error) {
	l := &bench{options: o, quiet: slog.New(slog.DiscardHandler), progress: progress, fulls: make(map[int]*full)}
	if err := l.setUp(ctx); err != nil {
		l.close()
		return nil, err
	}
	return l, nil
}

func (l *bench) setUp(ctx context.Context) (err error) {
	if l.dir, err = os.MkdirTemp("", "wenji-bench-"); err != nil {
		return err
	}
	if err := os.Chmod(l.dir, 0o711); err != nil { // under root PostgreSQL runs as another user, who passes through
		return err
	}
	if l.generator, err = fill.New(fillSeed); err != nil {
		return err
	}
	l.program = filepath.Join(l.dir, "wenji")
	if err := lab.Build(ctx, l.program); err != nil {
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

func (l *bench) close() {
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
func (l *bench) database(ctx context.Context, name string) (string, error) {
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
func (l *bench) exec(ctx context.Context, database, sql string, args ...any) error {
	conn, err := pgx.Connect(ctx, database)
	if err != nil {
		return err
	}
	defer conn.Close(ctx)
	_, err = conn.Exec(ctx, sql, args...)
	return err
}

// pool opens a database as the portal does.
func (l *bench) pool(ctx context.Context, database string, conns int32) (*postgres.DB, error) {
	return postgres.Open(ctx, database, postgres.Options{Name: "wenji bench", MaxConns: conns})
}

// portal is a running server under test.
type portal struct {
	*lab.Process
	address  string
	accounts string // file; of a demo only
}

// demo runs `wenji demo` on a database of its own, putting the sample in and the accounts into a file, and waits until it
// is ready.
func (l *bench) demo(ctx context.Context, database, accounts string) (*portal, error) {
	return l.portal(ctx, &portal{accounts: accounts}, false, []string{"WENJI_DATABASE_URL=" + database}, func(address string) []string {
		return []string{"demo", "--listen", address, "--accounts", accounts, "--captcha-digits", digits}
	})
}

// serve runs `wenji serve`, as in production, on a database that a demo has filled. Unlike a demo it hashes no passwords
// at its start, and so begins with little memory. A pinned portal has one processor.
func (l *bench) serve(ctx context.Context, database string, pinned bool, environment ...string) (*portal, error) {
	environment = append(environment, "WENJI_DATABASE_URL="+database)
	if pinned {
		environment = append(environment, "GOMAXPROCS=1")
	}
	return l.portal(ctx, &portal{}, pinned, append(environment, lab.Site()...), func(address string) []string { return []string{"serve"} })
}

// portal starts a server and waits until it is ready.
func (l *bench) portal(ctx context.Context, p *portal, pinned bool, environment []string, args func(address string) []string) (*portal, error) {
	p, err := l.launch(p, pinned, environment, args)
	if err != nil {
		return nil, err
	}
	if err := p.AwaitOK(ctx, "http://"+p.address+"/readyz"); err != nil {
		p.Stop()
		return nil, err
	}
	return p, nil
}

// launch starts a server without waiting for it.
func (l *bench) launch(p *portal, pinned bool, environment []string, args func(address string) []string) (*portal, error) {
	var err error
	if p.address, err = lab.FreeAddress(); err != nil {
		return nil, err
	}
	environment = append(environment, "PATH="+os.Getenv("PATH"), "HOME="+l.dir, "XDG_CACHE_HOME="+filepath.Join(l.dir, "cache"),
		"WENJI_LISTEN="+p.address, "WENJI_KEYS_FILE="+l.keysFile, "WENJI_LOG_LEVEL=WARN")
	command := lab.Command{Path: l.program, Args: args(p.address), Env: environment, Pinned: pinned}
	p.Process, err = command.Start()
	return p, err
}

// sample makes a database that holds the sample consultation.
func (l *bench) sample(ctx context.Context, name string) (database string, err error) {
	if database, err = l.database(ctx, name); err != nil {
		return "", err
	}
	p, err := l.demo(ctx, database, filepath.Join(l.dir, "accounts.json"))
	if err == nil {
		p.Stop()
	}
	return database, err
}
