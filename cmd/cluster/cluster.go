package main

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"wenji/internal/lab"
	"wenji/internal/vault"

	"github.com/jackc/pgx/v5"
	"golang.org/x/sync/errgroup"
)

const (
	nodeCount     = 3
	longestFolder = 80 // a socket's path has 107 characters at most
)

// options of a cluster.
type options struct {
	portals int    // replicas of the portal, two or more
	reads   bool   // the standbys answer what may be a little old
	async   bool   // a commit does not wait for a standby: then a failover loses comments, which a drill must notice
	data    string // folder to make and to leave behind; empty means a temporary one that goes away

	disk func(folder string) (release func() error, err error) // gives a node's folder a disk of its own; nil leaves it where it is
}

// cluster is one running cluster. Everything listens on the loopback interface and runs as an unprivileged user.
type cluster struct {
	options
	dir      string
	program  string // the portal, freshly built
	keysFile string // of all replicas
	accounts string // file with the sign-ins of the staff, as `wenji demo` writes it
	secrets  secrets

	etcd     *lab.Process
	nodes    []*node
	replicas []*replica
	haproxy  *lab.Process
	pooler   *lab.Process // PgBouncer

	addresses
}

// addresses are those that do not belong to a node or a replica.
type addresses struct {
	etcdClient, etcdPeer string
	balancer             string // of the portal, for citizens and staff
	toPrimary            string // HAProxy's way to the primary, PostgreSQL's protocol
	toStandbys           string // its way to the standbys
	bouncer              string // PgBouncer's way to the primary, a connection for one transaction at a time
}

// secrets are the passwords of the database's users, made anew for each cluster.
type secrets struct {
	superuser, replicator, rewinder, owner, portal string
}

// startCluster makes the folder, starts everything in it and waits until the portal answers through the balancer with
// the sample consultation open. What it has started it ends again when it fails.
func startCluster(ctx context.Context, o options, progress io.Writer) (*cluster, error) {
	c := &cluster{options: o}
	if err := c.start(ctx, progress); err != nil {
		return nil, errors.Join(err, c.close())
	}
	return c, nil
}

func (c *cluster) start(ctx context.Context, progress io.Writer) error {
	began := time.Now()
	say := func(what string) { fmt.Fprintf(progress, "%3.0f s  %s\n", time.Since(began).Seconds(), what) }
	say("building the portal; starting etcd and PostgreSQL under Patroni")
	if err := c.prepare(); err != nil {
		return err
	}
	both, inner := errgroup.WithContext(ctx)
	both.Go(func() error { return lab.Build(inner, c.program) })
	both.Go(func() error { return c.startDatabase(inner) })
	if err := both.Wait(); err != nil {
		return err
	}
	say("putting the sample in")
	if err := c.startFronts(ctx); err != nil {
		return err
	}
	if err := c.fillSample(ctx); err != nil {
		return err
	}
	say("waiting for the standbys")
	if err := c.awaitStandbys(ctx); err != nil {
		return err
	}
	say("starting the replicas of the portal")
	if err := c.startReplicas(ctx); err != nil {
		return err
	}
	say("ready")
	return nil
}

// prepare makes the folder and decides on names, ports and passwords.
func (c *cluster) prepare() (err error) {
	if c.data == "" {
		c.dir, err = os.MkdirTemp("", "wenji-cluster-")
	} else if c.dir, err = filepath.Abs(c.data); err == nil {
		err = os.Mkdir(c.dir, 0o711)
	}
	if err != nil {
		return fmt.Errorf("folder of the cluster: %w", err)
	}
	if err := os.Chmod(c.dir, 0o711); err != nil { // under root other users run the programs, who pass through
		return err
	}
	if c.dir, err = filepath.EvalSymlinks(c.dir); err != nil {
		return err
	}
	if len(c.dir) > longestFolder {
		return fmt.Errorf("the path %s is too long for PostgreSQL's sockets: name a folder of up to %d characters", c.dir, longestFolder)
	}
	for _, name := range []string{"etcd", "haproxy", "pgbouncer", "portal"} {
		if err := lab.Folder(filepath.Join(c.dir, name)); err != nil {
			return err
		}
	}
	if err := lab.CanEnter(filepath.Join(c.dir, "portal")); err != nil {
		return err
	}
	c.program = filepath.Join(c.dir, "wenji")
	c.keysFile = filepath.Join(c.dir, "portal", "keys.json")
	c.accounts = filepath.Join(c.dir, "portal", "accounts.json")
	c.secrets = secrets{rand.Text(), rand.Text(), rand.Text(), rand.Text(), rand.Text()}
	if _, err := vault.Create(c.keysFile); err != nil {
		return err
	}
	if err := lab.Give(c.keysFile); err != nil {
		return err
	}
	return c.choosePorts()
}

func (c *cluster) choosePorts() error {
	ports, err := lab.FreeAddresses(6 + 2*nodeCount + 2*c.portals)
	if err != nil {
		return err
	}
	next := func() (address string) {
		address, ports = ports[0], ports[1:]
		return address
	}
	c.addresses = addresses{next(), next(), next(), next(), next(), next()}
	for i := range nodeCount {
		name := fmt.Sprint("node", i+1)
		c.nodes = append(c.nodes, &node{name: name, dir: filepath.Join(c.dir, name), address: next(), api: next()})
	}
	for i := range c.portals {
		name := fmt.Sprint("portal", i+1)
		c.replicas = append(c.replicas, &replica{name: name, address: next(), metrics: next(), log: filepath.Join(c.dir, "portal", name+".log")})
	}
	return nil
}

// url is the address of the database by all its servers: whoever connects finds the primary.
func (c *cluster) url(user, password, database string) string {
	hosts := make([]string, len(c.nodes))
	for i, n := range c.nodes {
		hosts[i] = n.address
	}
	return fmt.Sprintf("postgres://%s:%s@%s/%s?target_session_attrs=read-write&sslmode=disable",
		user, password, strings.Join(hosts, ","), database)
}

// portalURL is WENJI_DATABASE_URL of the replicas, whose user is only a member of wenji_app.
func (c *cluster) portalURL() string { return c.url("wenji_portal", c.secrets.portal, "wenji") }

// ownerURL is WENJI_DATABASE_URL of `wenji migrate`.
func (c *cluster) ownerURL() string { return c.url("wenji_owner", c.secrets.owner, "wenji") }

// connect opens a connection to the primary of the moment, with all rights.
func (c *cluster) connect(ctx context.Context) (*pgx.Conn, error) {
	return pgx.Connect(ctx, c.url("postgres", c.secrets.superuser, "wenji"))
}

// close ends everything by its process id and removes a temporary folder. It also ends what was stopped half-way or
// frozen.
func (c *cluster) close() error {
	var all sync.WaitGroup
	for _, r := range c.replicas {
		all.Go(r.stop)
	}
	all.Wait()
	for _, p := range []*lab.Process{c.pooler, c.haproxy} {
		if p != nil {
			p.Stop()
		}
	}
	errs := make([]error, len(c.nodes))
	for i, n := range c.nodes {
		all.Go(func() { errs[i] = n.stop() })
	}
	all.Wait()
	for _, n := range c.nodes {
		if n.releaseDisk != nil {
			errs = append(errs, n.releaseDisk())
		}
	}
	if c.etcd != nil {
		c.etcd.Stop()
	}
	if c.data == "" && c.dir != "" {
		errs = append(errs, os.RemoveAll(c.dir))
	}
	return errors.Join(errs...)
}
