//go:build linux

package embedded_test

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"wenji/internal/postgres/embedded"
)

func TestDataOutlivesAKilledProgram(t *testing.T) {
	dir := ready(t)
	cmd, url := program(t, dir)
	must(t, url, makeRows)
	kill(t, cmd)
	eventually(t, func() error { // nobody is left to end the server, so it does so itself
		_, err := os.Stat(filepath.Join(dir, "data", "postmaster.pid"))
		if err == nil {
			return errors.New("the server outlives its program")
		}
		if errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		return err
	})
	server := start(t, dir)
	checkRows(t, server.URL())
	if !strings.Contains(serverLog(t, server), "received fast shutdown request") {
		t.Error("the server of the killed program was not told to end")
	}
}

func TestAKilledServerIsStartedAgain(t *testing.T) {
	server := start(t, ready(t))
	must(t, server.URL(), makeRows)
	for range 2 {
		before := postmaster(t, server)
		killServer(t, server)
		eventually(t, func() error {
			if _, err := query(server.URL(), `SELECT 1`); err != nil {
				return err
			}
			if postmaster(t, server) == before {
				return errors.New("still the killed server's process id")
			}
			return nil
		})
		checkRows(t, server.URL())
	}
	if !strings.Contains(serverLog(t, server), "automatic recovery in progress") {
		t.Error("the log does not mention the recovery")
	}
}

func TestAServerAndItsProgramKilledTogetherRecover(t *testing.T) {
	dir := ready(t)
	cmd, url := program(t, dir)
	must(t, url, makeRows)
	pid := must(t, url, `SELECT pg_backend_pid()`)
	if pid == "" {
		t.Fatal("no process id")
	}
	first, _, _ := strings.Cut(read(t, filepath.Join(dir, "data", "postmaster.pid")), "\n")
	var server int
	if _, err := fmt.Sscan(first, &server); err != nil {
		t.Fatal(err)
	}
	if err := syscall.Kill(cmd.Process.Pid, syscall.SIGSTOP); err != nil { // so that it cannot restart the server
		t.Fatal(err)
	}
	if err := syscall.Kill(server, syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	kill(t, cmd)
	checkRows(t, start(t, dir).URL())
}

func TestABusyWorkerOfAKilledServerIsEndedFirst(t *testing.T) {
	server := start(t, ready(t))
	must(t, server.URL(), makeRows)
	conn, err := pgx.Connect(context.Background(), server.URL())
	if err != nil {
		t.Fatal(err)
	}
	result := make(chan error)
	go func() { // computes without ever looking whether its server still lives
		_, err := conn.Exec(context.Background(), `DO $$ BEGIN LOOP NULL; END LOOP; END $$`)
		result <- err
	}()
	eventually(t, func() error {
		n, err := query(server.URL(), `
			SELECT count(*) FROM pg_stat_activity WHERE query LIKE 'DO %' AND pid <> pg_backend_pid()`)
		if err == nil && n != "1" {
			err = errors.New("the endless statement has not begun")
		}
		return err
	})
	killServer(t, server)
	if err := <-result; err == nil {
		t.Error("the endless statement succeeded")
	}
	eventually(t, func() error {
		_, err := query(server.URL(), `SELECT 1`)
		return err
	})
	checkRows(t, server.URL())
}

func TestAProcessIDThatNowBelongsToAStrangerDoesNotHinder(t *testing.T) {
	dir := ready(t)
	server := start(t, dir)
	must(t, server.URL(), makeRows)
	text := read(t, filepath.Join(server.DataDir, "data", "postmaster.pid"))
	stop(t, server)

	// A stranger of the server's own user: to PostgreSQL it looks like a running server.
	info, err := os.Stat(filepath.Join(server.DataDir, "data"))
	if err != nil {
		t.Fatal(err)
	}
	stranger := exec.Command("/bin/sleep", "600")
	stranger.Dir = "/"
	if os.Geteuid() == 0 {
		stranger.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: owner(info), Gid: owner(info)}}
	}
	if err := stranger.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { kill(t, stranger) })
	for _, pid := range []int{stranger.Process.Pid, 1} {
		_, rest, _ := strings.Cut(text, "\n")
		stale := fmt.Sprintf("%d\n%s", pid, rest)
		for _, path := range []string{"data/postmaster.pid", "run/.s.PGSQL.5432.lock"} {
			path = filepath.Join(server.DataDir, path)
			if err := os.WriteFile(path, []byte(stale), 0o600); err != nil {
				t.Fatal(err)
			}
			if os.Geteuid() == 0 {
				if err := os.Chown(path, int(owner(info)), -1); err != nil {
					t.Fatal(err)
				}
			}
		}
		again := start(t, dir)
		checkRows(t, again.URL())
		stop(t, again)
	}
	if err := stranger.Process.Signal(syscall.Signal(0)); err != nil {
		t.Errorf("the stranger was ended: %v", err)
	}
}

func TestAProgramKilledWhileItMakesTheClusterStartsAfresh(t *testing.T) {
	dir := folder(t)
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), programVariable+"="+dir)
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { kill(t, cmd) })
	eventually(t, func() error {
		begun, err := filepath.Glob(filepath.Join(dir, "data.new-*", "PG_VERSION"))
		if err == nil && len(begun) == 0 {
			err = errors.New("initdb has not begun")
		}
		return err
	})
	kill(t, cmd)
	must(t, start(t, dir).URL(), makeRows)
}

func TestAStopThatMayNotTakeTimeLosesNothing(t *testing.T) {
	dir := ready(t)
	server, err := embedded.Start(context.Background(), embedded.Config{DataDir: dir, Settings: quick})
	if err != nil {
		t.Fatal(err)
	}
	must(t, server.URL(), makeRows)
	over, cancel := context.WithDeadline(context.Background(), time.Now())
	defer cancel()
	// The clean shutdown may still win the race; both ends keep the data.
	if err := server.Stop(over); err != nil && !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("Stop = %v", err)
	}
	if _, err := query(server.URL(), `SELECT 1`); err == nil {
		t.Error("the server still answers")
	}
	checkRows(t, start(t, dir).URL())
}
