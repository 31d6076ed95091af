//go:build linux

package embedded_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"wenji/internal/postgres/embedded"
	"wenji/internal/postgres/pgtest"
)

// programVariable makes this test program start a server on the named folder and wait, so that a test can kill it.
const programVariable = "EMBEDDED_TEST_FOLDER"

func TestMain(m *testing.M) {
	dir := os.Getenv(programVariable)
	if dir == "" {
		code := m.Run()
		if err := os.RemoveAll(model.dir); err != nil {
			fmt.Println(err)
			code = 1
		}
		os.Exit(code)
	}
	server, err := embedded.Start(context.Background(), embedded.Config{DataDir: dir, Settings: quick})
	if err != nil {
		fmt.Println(err)
		os.Exit(1)
	}
	fmt.Println(server.URL())
	io.Copy(io.Discard, os.Stdin)
}

// quick spares the disk in tests; a killed process loses nothing by it, only a machine that stops would.
var quick = map[string]string{"fsync": "off", "shared_buffers": "16MB"}

// program runs a server in another process, which the test may kill.
func program(t *testing.T, dir string) (cmd *exec.Cmd, url string) {
	t.Helper()
	cmd = exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), programVariable+"="+dir)
	if _, err := cmd.StdinPipe(); err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { kill(t, cmd) })
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		t.Fatal(err)
	}
	return cmd, strings.TrimSpace(line)
}

// kill ends a program as an out-of-memory killer would, and waits for its end.
func kill(t *testing.T, cmd *exec.Cmd) {
	t.Helper()
	if cmd.ProcessState != nil {
		return
	}
	if err := cmd.Process.Kill(); err != nil {
		t.Error(err)
	}
	var killed *exec.ExitError
	if err := cmd.Wait(); !errors.As(err, &killed) {
		t.Errorf("killed program ended with %v", err)
	}
}

func start(t *testing.T, dir string) *embedded.Server {
	t.Helper()
	return startWith(t, embedded.Config{DataDir: dir})
}

func startWith(t *testing.T, cfg embedded.Config) *embedded.Server {
	t.Helper()
	if cfg.Settings == nil {
		cfg.Settings = quick
	}
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.NewTextHandler(t.Output(), nil))
	}
	server, err := embedded.Start(context.Background(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { stop(t, server) })
	return server
}

func stop(t *testing.T, server *embedded.Server) {
	t.Helper()
	if err := server.Stop(context.Background()); err != nil {
		t.Error(err)
	}
}

// query runs statements on a connection of its own and returns the first value of the last one.
func query(url string, statements ...string) (value string, err error) {
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	conn, err := pgx.Connect(ctx, url)
	if err != nil {
		return "", err
	}
	defer func() { err = errors.Join(err, conn.Close(ctx)) }()
	for _, sql := range statements {
		rows, err := conn.Query(ctx, sql, pgx.QueryExecModeSimpleProtocol)
		if err != nil {
			return "", err
		}
		for rows.Next() {
			values, err := rows.Values()
			if err != nil {
				return "", err
			}
			value = fmt.Sprint(values[0])
		}
		if rows.Err() != nil {
			return "", rows.Err()
		}
	}
	return value, nil
}

func must(t *testing.T, url string, statements ...string) string {
	t.Helper()
	value, err := query(url, statements...)
	if err != nil {
		t.Fatal(err)
	}
	return value
}

const makeRows = `CREATE TABLE word AS SELECT n FROM generate_series(1, 1000) n`

// checkRows fails the test unless what makeRows committed is there.
func checkRows(t *testing.T, url string) {
	t.Helper()
	if n := must(t, url, `SELECT count(*) FROM word`); n != "1000" {
		t.Errorf("rows = %s, want the 1000 committed ones", n)
	}
}

// eventually repeats try until it succeeds, for at most a minute.
func eventually(t *testing.T, try func() error) {
	t.Helper()
	deadline := time.After(time.Minute)
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for {
		err := try()
		if err == nil {
			return
		}
		select {
		case <-deadline:
			t.Fatal(err)
		case <-tick.C:
		}
	}
}

// postmaster is the process id of the server on dir.
func postmaster(t *testing.T, server *embedded.Server) int {
	t.Helper()
	first, _, _ := strings.Cut(read(t, filepath.Join(server.DataDir, "data", "postmaster.pid")), "\n")
	pid, err := strconv.Atoi(first)
	if err != nil {
		t.Fatal(err)
	}
	return pid
}

func killServer(t *testing.T, server *embedded.Server) {
	t.Helper()
	if err := syscall.Kill(postmaster(t, server), syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
}

func read(t *testing.T, path string) string {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func serverLog(t *testing.T, server *embedded.Server) string {
	t.Helper()
	return read(t, filepath.Join(server.DataDir, "postgres.log"))
}

// folder names a folder that does not exist yet.
func folder(t *testing.T) string {
	t.Helper()
	return filepath.Join(pgtest.Dir(t), "postgres")
}

// model is a folder with an empty cluster, made once for all tests.
var model struct {
	sync.Once
	dir string
}

// ready names a folder with an empty cluster in it; copying one is quicker than initdb.
func ready(t *testing.T) string {
	t.Helper()
	model.Do(func() {
		dir, err := os.MkdirTemp("/tmp", "wenji-")
		if err == nil {
			err = os.Chmod(dir, 0o711)
		}
		if err != nil {
			t.Fatal(err)
		}
		model.dir = dir
		stop(t, start(t, filepath.Join(dir, "postgres")))
	})
	dir := folder(t)
	if out, err := exec.Command("cp", "-a", filepath.Join(model.dir, "postgres"), dir).CombinedOutput(); err != nil {
		t.Fatalf("copy the model cluster: %v: %s", err, out)
	}
	return dir
}
