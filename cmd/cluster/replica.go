package main

import (
	"context"
	"os"
	"path/filepath"
	"syscall"

	"wenji/internal/lab"

	"golang.org/x/sync/errgroup"
)

// replica is one `wenji serve`.
type replica struct {
	name    string
	address string
	metrics string // address of its own for Prometheus
	log     string
	command lab.Command
	process *lab.Process
}

// start starts it, again where it was ended, and waits until it is ready.
func (r *replica) start(ctx context.Context) (err error) {
	if r.process, err = r.command.Start(); err != nil {
		return err
	}
	return r.process.AwaitOK(ctx, "http://"+r.address+"/readyz")
}

// stop ends it as an upgrade does: it finishes what it is at.
func (r *replica) stop() {
	if r.process != nil {
		r.process.Signal(syscall.SIGCONT) // where it was frozen
		r.process.Stop()
	}
}

// kill ends it at once.
func (r *replica) kill() { r.process.Kill() }

// pid is its process id, 0 before its first start.
func (r *replica) pid() int {
	if r.process == nil {
		return 0
	}
	return r.process.PID
}

// portal is the command for one of the portal's programs: address is what it listens on.
func (c *cluster) portal(databaseURL, address, log string, args ...string) lab.Command {
	folder := filepath.Join(c.dir, "portal")
	return lab.Command{
		Path: c.program, Args: args, Dir: folder, Log: log, Unprivileged: true,
		Env: append(lab.Site(), "PATH="+os.Getenv("PATH"), "HOME="+folder, "XDG_CACHE_HOME="+filepath.Join(folder, "cache"),
			"WENJI_DATABASE_URL="+databaseURL, "WENJI_LISTEN="+address, "WENJI_KEYS_FILE="+c.keysFile,
			"WENJI_BASE_URL=http://"+c.balancer, "WENJI_TRUSTED_PROXIES=127.0.0.1"),
	}
}

// startReplicas starts all of them and waits until the balancer has one.
func (c *cluster) startReplicas(ctx context.Context) error {
	all, inner := errgroup.WithContext(ctx)
	for _, r := range c.replicas {
		r.command = c.portal(c.portalURL(), r.address, r.log, "serve")
		r.command.Env = append(r.command.Env, "WENJI_METRICS_LISTEN="+r.metrics)
		if c.reads {
			r.command.Env = append(r.command.Env, "WENJI_READ_DATABASE_URL="+c.standbysURL())
		}
		all.Go(func() error { return r.start(inner) })
	}
	if err := all.Wait(); err != nil {
		return err
	}
	return c.haproxy.AwaitOK(ctx, "http://"+c.balancer+"/readyz")
}

// fillSample has `wenji demo` make the schema, put the sample consultation in, open it, and make staff accounts.
func (c *cluster) fillSample(ctx context.Context) error {
	address := c.replicas[0].address
	p, err := c.portal(c.ownerURL(), address, filepath.Join(c.dir, "portal", "sample.log"), "demo", "--listen", address,
		"--accounts", c.accounts).Start()
	if err != nil {
		return err
	}
	defer p.Stop()
	return p.AwaitOK(ctx, "http://"+address+"/readyz")
}
