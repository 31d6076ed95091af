//go:build linux

package embedded

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"
)

const (
	// An orphaned server process normally ends by itself within milliseconds; after these times it is told to.
	politeAfter = time.Second
	firmAfter   = 15 * time.Second
)

// clearLeftovers waits until no process of an earlier server works on the cluster, and then removes the files that would
// make the new one refuse. This process holds the folder's lock, so whatever still runs there is an orphan: a server
// whose wenji was killed and which is shutting down, or the workers of a server that was killed itself.
func (s *Server) clearLeftovers(ctx context.Context) error {
	begin, told := time.Now(), syscall.Signal(0)
	tick := time.NewTicker(pollEvery)
	defer tick.Stop()
	nextWord := tellEvery
	for {
		orphans, err := serverProcesses(s.cluster())
		if err != nil {
			return err
		}
		if len(orphans) == 0 {
			break
		}
		waited := time.Since(begin)
		if waited > nextWord {
			s.log.Info("waiting for processes of an earlier PostgreSQL server to end", "processes", orphans)
			nextWord += tellEvery
		}
		told = s.urge(orphans, waited, told)
		select {
		case <-ctx.Done():
			return fmt.Errorf("processes %v of an earlier PostgreSQL server are still running in %s: %w",
				orphans, s.cluster(), ctx.Err())
		case <-tick.C:
		}
	}
	return s.removeStaleFiles()
}

// urge tells orphans that linger to end, each signal once. A postmaster among them is asked for a clean shutdown and
// given all the time it needs; workers without one have nothing to write.
func (s *Server) urge(orphans []int, waited time.Duration, told syscall.Signal) syscall.Signal {
	postmaster := s.recordedPID()
	want, targets := syscall.Signal(0), orphans
	switch {
	case contains(orphans, postmaster) && waited > politeAfter:
		want, targets = syscall.SIGINT, []int{postmaster}
	case contains(orphans, postmaster):
	case waited > firmAfter:
		want = syscall.SIGQUIT
	case waited > politeAfter:
		want = syscall.SIGTERM
	}
	if want == 0 || want == told {
		return told
	}
	s.log.Info("ending processes of an earlier PostgreSQL server", "processes", targets, "signal", want.String())
	for _, pid := range targets {
		if err := syscall.Kill(pid, want); err != nil && !errors.Is(err, syscall.ESRCH) {
			s.log.Warn("an earlier PostgreSQL process cannot be ended", "process", pid, "cause", err)
		}
	}
	return want
}

// serverProcesses lists the PostgreSQL processes that work in the cluster, by the folder they stand in: a process id in
// a file may by now belong to someone else.
func serverProcesses(cluster string) ([]int, error) {
	home, err := os.Stat(cluster)
	if err != nil {
		return nil, fmt.Errorf("look for an earlier server: %w", err)
	}
	entries, err := os.ReadDir("/proc")
	if err != nil {
		return nil, fmt.Errorf("look for an earlier server: %w", err)
	}
	var found []int
	for _, e := range entries {
		pid, err := strconv.Atoi(e.Name())
		if err != nil {
			continue
		}
		at := filepath.Join("/proc", e.Name())
		// Processes of other users are unreadable; none of them can be a server on files only our account can open.
		program, err := os.Readlink(filepath.Join(at, "exe"))
		if err != nil || !strings.HasPrefix(filepath.Base(program), "postgres") {
			continue
		}
		if cwd, err := os.Stat(filepath.Join(at, "cwd")); err == nil && os.SameFile(cwd, home) {
			found = append(found, pid)
		}
	}
	return found, nil
}

// removeStaleFiles removes postmaster.pid when its process id now belongs to a stranger, which PostgreSQL would take
// for a running server. Otherwise the file stays, because PostgreSQL checks with it that no shared memory is in use.
// The socket's folder is ours alone, so what lies there is stale.
func (s *Server) removeStaleFiles() error {
	var stale []string
	if pid := s.recordedPID(); pid > 0 && !errors.Is(syscall.Kill(pid, 0), syscall.ESRCH) {
		stale = append(stale, filepath.Join(s.cluster(), "postmaster.pid"))
	}
	socket := filepath.Join(s.socket, ".s.PGSQL."+port)
	stale = append(stale, socket, socket+".lock")
	for _, path := range stale {
		if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("remove what an earlier server left: %w", err)
		}
	}
	return nil
}

// recordedPID is the process id in postmaster.pid, 0 when there is none.
func (s *Server) recordedPID() int {
	text, err := os.ReadFile(filepath.Join(s.cluster(), "postmaster.pid"))
	if err != nil {
		return 0
	}
	first, _, _ := strings.Cut(string(text), "\n")
	pid, err := strconv.Atoi(strings.TrimSpace(first))
	if err != nil {
		return 0
	}
	return pid
}

func contains(pids []int, pid int) bool {
	for _, p := range pids {
		if p == pid {
			return true
		}
	}
	return false
}
