package lab

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"time"

	"wenji/internal/postgres/embedded"
)

const (
	readyMost  = 2 * time.Minute       // from the start of a program to its first answer
	readyEvery = 50 * time.Millisecond // between two questions whether it answers
	stopMost   = 40 * time.Second      // from SIGTERM to SIGKILL; the portal takes up to 26 s
	tailLines  = 12                    // of a program's output that an error carries
)

// Command is a program to start.
type Command struct {
	Path string // as Tool found it
	Args []string
	Env  []string // all of its environment
	Dir  string   // its working folder; empty means this process's own

	Log          string // file to which all its output is added; empty keeps what it writes to standard error in memory
	Pinned       bool   // to the first processor
	Unprivileged bool   // under root, as the user that runs database servers
}

// Process is a program that Start started.
type Process struct {
	PID     int
	Command Command // starts the same again

	process *os.Process
	ended   chan struct{}
	failed  bool          // ended with another status than 0; set before ended is closed
	output  *bytes.Buffer // where there is no log; read only once it has ended
}

// Start starts the program in a process group of its own, so that Ctrl-C in the terminal reaches only this process. The
// kernel sends it SIGTERM when this process ends in any way.
func (c Command) Start() (*Process, error) {
	cmd := exec.Command(c.Path, c.Args...)
	if c.Pinned {
		cmd = exec.Command("taskset", append([]string{"-c", "0", c.Path}, c.Args...)...)
	}
	cmd.Env, cmd.Dir = c.Env, c.Dir
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGTERM, Setpgid: true}
	if c.Unprivileged {
		user, err := embedded.ServerUser()
		if err != nil {
			return nil, err
		}
		cmd.SysProcAttr.Credential = user
	}
	p := &Process{Command: c, ended: make(chan struct{}), output: new(bytes.Buffer)}
	if c.Log == "" {
		cmd.Stderr = p.output
	} else {
		log, err := os.OpenFile(c.Log, os.O_WRONLY|os.O_APPEND|os.O_CREATE|syscall.O_NOFOLLOW, 0o600)
		if err != nil {
			return nil, err
		}
		defer log.Close()
		cmd.Stdout, cmd.Stderr = log, log
	}
	if err := p.start(cmd); err != nil {
		return nil, fmt.Errorf("start %s: %w", filepath.Base(c.Path), err)
	}
	return p, nil
}

// start keeps the thread that starts the program until that has ended: the kernel sends the parent-death signal when the
// starting thread ends, not only when the process does.
func (p *Process) start(cmd *exec.Cmd) error {
	started := make(chan error)
	go func() {
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		err := cmd.Start()
		if err == nil {
			p.process, p.PID = cmd.Process, cmd.Process.Pid
		}
		started <- err
		if err == nil {
			p.failed = cmd.Wait() != nil
			close(p.ended)
		}
	}()
	return <-started
}

// Ended is closed once the program has ended and its process id is free for others.
func (p *Process) Ended() <-chan struct{} { return p.ended }

// Signal sends a signal, such as SIGKILL or SIGSTOP; a program that has ended already is no error.
func (p *Process) Signal(signal syscall.Signal) error {
	if err := p.process.Signal(signal); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return fmt.Errorf("signal %s: %w", filepath.Base(p.Command.Path), err)
	}
	return nil
}

// Kill ends the program at once (SIGKILL) and returns when it has ended.
func (p *Process) Kill() {
	p.process.Kill() // an error means that it has ended already
	<-p.ended
}

// Stop asks the program to end (SIGTERM) and returns when it has, killing it after forty seconds.
func (p *Process) Stop() {
	p.process.Signal(syscall.SIGTERM) // an error means that it has ended already
	select {
	case <-p.ended:
	case <-time.After(stopMost):
		p.Kill()
	}
}

// AwaitOK asks until the address answers 200, for two minutes at most. The error of a program that ended meanwhile carries
// the last that it wrote.
func (p *Process) AwaitOK(ctx context.Context, address string) error {
	return p.Await(ctx, func(ctx context.Context) error {
		request, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
		if err != nil {
			return err
		}
		answer, err := http.DefaultClient.Do(request)
		if err != nil {
			return err
		}
		answer.Body.Close()
		if answer.StatusCode != http.StatusOK {
			return fmt.Errorf("%s answers %s", address, answer.Status)
		}
		return nil
	})
}

// Await calls ready until it returns nil, for two minutes at most.
func (p *Process) Await(ctx context.Context, ready func(ctx context.Context) error) error {
	ctx, cancel := context.WithTimeout(ctx, readyMost)
	defer cancel()
	name := filepath.Base(p.Command.Path)
	for {
		err := ready(ctx)
		if err == nil {
			return nil
		}
		select {
		case <-p.ended:
			return fmt.Errorf("%s ended at its start:\n%s", name, p.tail())
		case <-ctx.Done():
			return fmt.Errorf("%s is not ready: %w (%w)", name, ctx.Err(), err)
		case <-time.After(readyEvery):
		}
	}
}

// tail is the last that the program wrote.
func (p *Process) tail() string {
	text := p.output.Bytes()
	if p.Command.Log != "" {
		text, _ = os.ReadFile(p.Command.Log) // without its log the program has simply said nothing
	}
	lines := strings.Split(strings.TrimSpace(string(text)), "\n")
	return strings.Join(lines[max(0, len(lines)-tailLines):], "\n")
}
