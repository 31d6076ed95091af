//go:build linux

package embedded

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"runtime"
	"syscall"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
)

const (
	pollEvery    = 20 * time.Millisecond
	tellEvery    = 5 * time.Second
	maxLog       = 32 << 20
	firstPause   = 100 * time.Millisecond
	longestPause = 10 * time.Second
)

// child is a running server process.
type child struct {
	process *os.Process
	exited  chan struct{}
	err     error // how it ended; set before exited is closed
}

// startChild starts cmd on a thread that lives as long as the process: the kernel sends the parent-death signal when
// the starting thread ends, not only when we do.
func startChild(cmd *exec.Cmd) (*child, error) {
	c := &child{exited: make(chan struct{})}
	started := make(chan error)
	go func() {
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		err := cmd.Start()
		started <- err
		if err != nil {
			return
		}
		c.err = cmd.Wait()
		close(c.exited)
	}()
	if err := <-started; err != nil {
		return nil, err
	}
	c.process = cmd.Process
	return c, nil
}

// launch clears what an earlier server left, starts the server and waits until it answers.
func (s *Server) launch(ctx context.Context) (*child, error) {
	if err := s.clearLeftovers(ctx); err != nil {
		return nil, err
	}
	output, err := s.openLog()
	if err != nil {
		return nil, err
	}
	defer output.Close()
	begin, err := output.Seek(0, io.SeekEnd)
	if err != nil {
		return nil, fmt.Errorf("server log: %w", err)
	}
	// The server outlives ctx, which bounds only its start.
	cmd := s.account.command(context.WithoutCancel(ctx), syscall.SIGINT, s.programs.path("postgres"), s.arguments()...)
	cmd.Stdout, cmd.Stderr = output, output
	c, err := startChild(cmd)
	if err != nil {
		return nil, fmt.Errorf("start PostgreSQL: %w", err)
	}
	if err := s.awaitReady(ctx, c); err != nil {
		return nil, fmt.Errorf("start PostgreSQL: %w: %s (log: %s)", err, s.logSince(begin), s.logFile())
	}
	s.log.Info("PostgreSQL is up", "folder", s.DataDir, "postgresql", s.programs.major)
	return c, nil
}

func (s *Server) awaitReady(ctx context.Context, c *child) error {
	tick := time.NewTicker(pollEvery)
	defer tick.Stop()
	tell := time.NewTicker(tellEvery)
	defer tell.Stop()
	for {
		conn, err := pgconn.Connect(ctx, s.address("postgres"))
		if err == nil {
			return conn.Close(ctx)
		}
		select {
		case <-c.exited:
			return fmt.Errorf("it ended at once (%w)", c.err)
		case <-ctx.Done():
			return errors.Join(ctx.Err(), c.shutDown(context.Background()))
		case <-tell.C:
			s.log.Info("PostgreSQL is not ready yet; after a crash it recovers first", "log", s.logFile())
		case <-tick.C:
		}
	}
}

// watch keeps a server running until Stop.
func (s *Server) watch(c *child) {
	defer close(s.finished)
	defer s.unlock()
	for {
		select {
		case <-s.life.Done():
			s.stopErr = c.shutDown(s.stopCtx)
			return
		case <-c.exited:
			if s.life.Err() != nil {
				return
			}
			s.log.Error("PostgreSQL ended unexpectedly; starting it again", "cause", c.err)
		}
		if c = s.relaunch(); c == nil {
			return
		}
	}
}

// relaunch tries until it succeeds or Stop is called (nil).
func (s *Server) relaunch() *child {
	for wait := firstPause; ; wait = min(2*wait, longestPause) {
		c, err := s.launch(s.life)
		if err == nil {
			return c
		}
		if s.life.Err() == nil {
			s.log.Error("PostgreSQL did not start again; trying on", "cause", err, "pause", wait)
		}
		pause := time.NewTimer(wait)
		select {
		case <-s.life.Done():
			pause.Stop()
			return nil
		case <-pause.C:
		}
	}
}

// shutDown ends the server cleanly (SIGINT: “fast”), or at once when ctx is over (SIGQUIT).
func (c *child) shutDown(ctx context.Context) error {
	if err := c.signal(syscall.SIGINT); err != nil {
		return err
	}
	select {
	case <-c.exited:
		return nil
	case <-ctx.Done():
	}
	if err := c.signal(syscall.SIGQUIT); err != nil {
		return err
	}
	<-c.exited
	return fmt.Errorf("PostgreSQL was stopped at once and recovers at its next start: %w", ctx.Err())
}

func (c *child) signal(sig syscall.Signal) error {
	if err := c.process.Signal(sig); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return fmt.Errorf("stop PostgreSQL: %w", err)
	}
	return nil
}

// openLog opens the server's log for appending; a long one is put aside first.
func (s *Server) openLog() (*os.File, error) {
	if info, err := os.Stat(s.logFile()); err == nil && info.Size() > maxLog {
		if err := os.Rename(s.logFile(), s.logFile()+".1"); err != nil {
			return nil, fmt.Errorf("put the server log aside: %w", err)
		}
	}
	f, err := os.OpenFile(s.logFile(), os.O_RDWR|os.O_APPEND|os.O_CREATE|syscall.O_NOFOLLOW, 0o600)
	if err != nil {
		return nil, fmt.Errorf("server log: %w", err)
	}
	return f, nil
}

func (s *Server) logSince(offset int64) string {
	text, err := os.ReadFile(s.logFile())
	if err != nil || int64(len(text)) < offset {
		return "no log"
	}
	return lastLines(text[offset:])
}
