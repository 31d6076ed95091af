//go:build linux

package embedded

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"runtime"
	"sync"
	"syscall"

	"github.com/jackc/pgx/v5/pgconn"
)

// keeper runs the server given as its arguments after the first, and ends it when for two minutes no process has held
// the users file locked. The signal is sent under the exclusive lock, so a process that has just locked the file either
// keeps the server or finds it gone.
const keeper = `
users=$1; shift
"$@" & server=$!
idle=0
while sleep 2 && kill -0 $server; do
  if flock -n "$users" true; then idle=$((idle + 2)); else idle=0; fi
  if [ $idle -ge 120 ] && flock -n "$users" sh -c "kill -INT $server"; then break; fi
done
wait $server`

// shared holds, for the life of this process, the lock that keeps a shared server running.
var shared struct {
	sync.Mutex
	users *os.File
}

// Shared returns the address of a throw-away server for tests, which all processes of this user share: the first one
// starts it, and it ends by itself after the last one. It keeps nothing from one run to the next and does without
// fsync; never store anything in it that matters.
func Shared(ctx context.Context) (url string, err error) {
	shared.Lock()
	defer shared.Unlock()
	s := &Server{log: slog.New(slog.DiscardHandler), settings: map[string]string{
		"fsync":              "off",
		"synchronous_commit": "off",
		"full_page_writes":   "off",
		"max_connections":    "400",
		"shared_buffers":     "128MB",
		"max_wal_size":       "1GB",
		"log_checkpoints":    "off",
	}}
	if s.account, err = serverAccount(); err != nil {
		return "", err
	}
	s.DataDir = fmt.Sprintf("/tmp/wenji-pgtest-%d", os.Geteuid())
	if err := os.Mkdir(s.DataDir, 0o711); err != nil && !errors.Is(err, os.ErrExist) {
		return "", fmt.Errorf("folder of the test server: %w", err)
	}
	if err := ownFolder(s.DataDir, os.Geteuid()); err != nil {
		return "", fmt.Errorf("folder of the test server %s: %w", s.DataDir, err)
	}
	if s.socket, err = s.socketDir(); err != nil {
		return "", err
	}
	starting, err := flock(filepath.Join(s.DataDir, "lock"), syscall.LOCK_EX)
	if err != nil {
		return "", err
	}
	defer func() { err = errors.Join(err, starting.Close()) }()
	if shared.users == nil {
		if shared.users, err = flock(s.usersFile(), syscall.LOCK_SH); err != nil {
			return "", err
		}
	}
	conn, err := pgconn.Connect(ctx, s.address("postgres"))
	if err == nil {
		return s.address("postgres"), conn.Close(ctx)
	}
	return s.address("postgres"), s.startShared(ctx)
}

func (s *Server) usersFile() string { return filepath.Join(s.DataDir, "users") }

// startShared makes a fresh cluster and starts the server on it, detached from this process.
func (s *Server) startShared(ctx context.Context) (err error) {
	if _, err := os.Stat(s.cluster()); err == nil {
		if err := s.clearLeftovers(ctx); err != nil {
			return err
		}
	}
	if err := os.RemoveAll(s.cluster()); err != nil {
		return fmt.Errorf("remove the test server's old cluster: %w", err)
	}
	if s.programs, err = findPrograms(s.cluster()); err != nil {
		return err
	}
	if err := s.create(ctx); err != nil {
		return err
	}
	if err := s.writeAccess(); err != nil {
		return err
	}
	output, err := s.openLog()
	if err != nil {
		return err
	}
	defer output.Close()
	args := append([]string{"-c", keeper, "sh", s.usersFile(), s.programs.path("postgres")}, s.arguments()...)
	cmd := s.account.command(context.WithoutCancel(ctx), 0, "/bin/sh", args...)
	cmd.Stdout, cmd.Stderr = output, output
	c, err := startChild(cmd)
	if err != nil {
		return fmt.Errorf("start the test server: %w", err)
	}
	if err := s.awaitReady(ctx, c); err != nil {
		return fmt.Errorf("start the test server: %w (log: %s)", err, s.logFile())
	}
	return nil
}

// flock opens path and waits for its lock, which the file's Close gives back.
func flock(path string, how int) (*os.File, error) {
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE|syscall.O_NOFOLLOW, 0o644)
	if err != nil {
		return nil, fmt.Errorf("lock %s: %w", path, err)
	}
	for {
		err = syscall.Flock(int(f.Fd()), how)
		if !errors.Is(err, syscall.EINTR) {
			break
		}
		runtime.Gosched()
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("lock %s: %w", path, err), f.Close())
	}
	return f, nil
}
