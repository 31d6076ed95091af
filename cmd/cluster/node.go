package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"

	"wenji/internal/lab"
)

const (
	statusMost   = time.Second      // for a node to say what it is; a frozen one never does
	shutdownMost = 20 * time.Second // for a PostgreSQL without its Patroni to end
)

// node is one PostgreSQL server with the Patroni that starts, watches and replaces it.
type node struct {
	name    string
	dir     string
	address string // of PostgreSQL
	api     string // of Patroni
	patroni *lab.Process

	releaseDisk func() error // where its folder is on a disk of its own
}

// status is what Patroni says of its server.
type status struct {
	Role        string `json:"role"`         // master or replica
	State       string `json:"state"`        // running, or what else it is at
	Synchronous bool   `json:"sync_standby"` // a commit waits for this standby
	Timeline    int    `json:"timeline"`
}

func (s status) primary() bool {
	return s.State == "running" && (s.Role == "master" || s.Role == "primary")
}

func (s status) standby() bool { return s.State == "running" && s.Role == "replica" }

func (n *node) data() string { return filepath.Join(n.dir, "data") }

// log is beside the node's folder, so that it can be read when that was on a disk of its own.
func (n *node) log() string { return n.dir + ".log" }

// status asks Patroni, for a second at most.
func (n *node) status(ctx context.Context) (s status, err error) {
	return s, n.get(ctx, "/patroni", &s)
}

// heirs asks Patroni which standbys may take over, as etcd has it at this moment. In synchronous mode no other one can, not
// even when commits wait for it: they do so some seconds before Patroni has made sure that it lacks none, and has written
// it down.
func (n *node) heirs(ctx context.Context) (names []string, err error) {
	var cluster struct {
		Members []struct {
			Name string `json:"name"`
			Role string `json:"role"`
		} `json:"members"`
	}
	err = n.get(ctx, "/cluster", &cluster)
	for _, m := range cluster.Members {
		if m.Role == "sync_standby" {
			names = append(names, m.Name)
		}
	}
	return names, err
}

// get reads what Patroni answers, in a second at most.
func (n *node) get(ctx context.Context, path string, into any) error {
	ctx, cancel := context.WithTimeout(ctx, statusMost)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+n.api+path, nil)
	if err != nil {
		return err
	}
	answer, err := http.DefaultClient.Do(request)
	if err != nil {
		return err
	}
	defer answer.Body.Close()
	return json.NewDecoder(answer.Body).Decode(into)
}

// postmaster is the process id of the PostgreSQL server, 0 while it does not run. It is not a child of this process:
// Patroni detaches it, so that it outlives Patroni.
func (n *node) postmaster() (pid int, err error) {
	text, err := os.ReadFile(filepath.Join(n.data(), "postmaster.pid"))
	if errors.Is(err, fs.ErrNotExist) {
		return 0, nil
	}
	if err != nil {
		return 0, err
	}
	first, _, _ := strings.Cut(string(text), "\n")
	if pid, err = strconv.Atoi(first); err != nil {
		return 0, fmt.Errorf("postmaster.pid of %s: %w", n.name, err)
	}
	// After a kill the file names a process that has ended, or by now a stranger: only ours works in this folder.
	if folder, err := os.Readlink(fmt.Sprintf("/proc/%d/cwd", pid)); err != nil || folder != n.data() {
		return 0, nil
	}
	return pid, nil
}

// server are the process ids of PostgreSQL: the postmaster's first, then its children's.
func (n *node) server() ([]int, error) {
	pid, err := n.postmaster()
	if err != nil || pid == 0 {
		return nil, err
	}
	children, err := lab.Children(pid)
	return append([]int{pid}, children...), err
}

// signal sends a signal to PostgreSQL with all its children, and to Patroni where it is told to.
func (n *node) signal(signal syscall.Signal, patroniToo bool) error {
	pids, err := n.server()
	if err != nil {
		return err
	}
	for _, pid := range pids {
		if e := syscall.Kill(pid, signal); e != nil && !errors.Is(e, syscall.ESRCH) {
			err = errors.Join(err, fmt.Errorf("signal process %d of %s: %w", pid, n.name, e))
		}
	}
	if patroniToo && n.patroni != nil {
		err = errors.Join(err, n.patroni.Signal(signal))
	}
	return err
}

// killPostmaster kills the postmaster alone, as a fault of its own would; its children notice and end. Patroni lives.
func (n *node) killPostmaster() error {
	pid, err := n.postmaster()
	if err != nil || pid == 0 {
		return err
	}
	return syscall.Kill(pid, syscall.SIGKILL)
}

// killMachine kills Patroni and all of PostgreSQL at once, as a lost machine would. startPatroni brings it back.
func (n *node) killMachine() error {
	if n.patroni != nil {
		n.patroni.Kill() // first: it must not notice that its server is gone
	}
	return n.signal(syscall.SIGKILL, false)
}

// startPatroni starts Patroni, which starts PostgreSQL; both may take a while, see status.
func (n *node) startPatroni() (err error) {
	path, err := lab.Tool("patroni")
	if err != nil {
		return err
	}
	n.patroni, err = lab.Command{
		Path: path, Args: []string{n.config()}, Dir: n.dir, Log: n.log(), Unprivileged: true,
		Env: []string{"PATH=/usr/local/bin:/usr/bin:/bin", "LC_ALL=C.UTF-8", "HOME=" + n.dir, "PYTHONUNBUFFERED=1"},
	}.Start()
	return err
}

// stop ends Patroni, which ends PostgreSQL, and then PostgreSQL itself where its Patroni was killed.
func (n *node) stop() error {
	if err := n.signal(syscall.SIGCONT, true); err != nil {
		return err
	}
	if n.patroni != nil {
		n.patroni.Stop()
	}
	for patience := time.Now().Add(shutdownMost); ; time.Sleep(50 * time.Millisecond) {
		pid, err := n.postmaster()
		if err != nil || pid == 0 {
			return err
		}
		signal := syscall.SIGINT // “fast”
		if time.Now().After(patience) {
			signal = syscall.SIGKILL
		}
		if err := syscall.Kill(pid, signal); err != nil && !errors.Is(err, syscall.ESRCH) {
			return err
		}
	}
}

// primary is the node whose Patroni says that it is the primary.
func (c *cluster) primary(ctx context.Context) (*node, error) {
	for _, n := range c.nodes {
		if s, err := n.status(ctx); err == nil && s.primary() {
			return n, nil
		}
	}
	return nil, errors.New("no node says that it is the primary")
}

// standbys are the nodes that follow the primary, the synchronous one first.
func (c *cluster) standbys(ctx context.Context) []*node {
	var all []*node
	for _, n := range c.nodes {
		s, err := n.status(ctx)
		switch {
		case err != nil || !s.standby():
		case s.Synchronous:
			all = append([]*node{n}, all...)
		default:
			all = append(all, n)
		}
	}
	return all
}
