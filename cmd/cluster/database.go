package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"text/template"

	"wenji/internal/lab"

	"github.com/jackc/pgx/v5"
)

// patroniTimes decide how long nobody can write after a primary is lost. A primary renews its key every loopWait seconds;
// the key runs out after ttl, and then a standby takes over. They must satisfy loopWait + 2·retryTimeout ≤ ttl. Patroni's
// own defaults (10, 30, 10) suit machines far apart, which lose each other for seconds; here they would cost half a minute.
const (
	loopWait     = 2
	ttl          = 8
	retryTimeout = 3
)

// patroniConfig is the configuration of one node. In synchronous mode a commit waits until one standby has it on disk,
// and Patroni lets only that standby take over. It is strict: without any standby nothing commits, rather than commit
// what a second fault would lose. A standby that hangs counts as gone after wal_sender_timeout.
//
// How much of the primary's log a standby may lack is not bounded. The one that may take over has all that was reported as
// done; what it lacks was written by acts under way, such as an import. With Patroni's default of 1 MB it would refuse, and
// nobody could write until the lost server is back.
//
// Patroni speaks version 2 of etcd's protocol. Up to 3.0.2, which Debian 12 has, its way of renewing the primary's key in
// version 3 does not look whose key it is by now: a primary that hung until another took over takes the key back when it
// goes on, and what the other acknowledged meanwhile is lost. In version 2 the key is renewed only while it is one's own.
//
// The server's log holds no statement, parameter or DETAIL, because those hold what people typed.
var patroniConfig = template.Must(template.New("patroni").Parse(`scope: wenji
name: {{.Node.Name}}
restapi:
  listen: {{.Node.API}}
  connect_address: {{.Node.API}}
etcd:
  hosts: {{.Etcd}}
bootstrap:
  dcs:
    ttl: {{.TTL}}
    loop_wait: {{.LoopWait}}
    retry_timeout: {{.RetryTimeout}}
    primary_start_timeout: 0
    synchronous_mode: {{.Synchronous}}
    synchronous_mode_strict: {{.Synchronous}}
    maximum_lag_on_failover: 1099511627776
    postgresql:
      use_pg_rewind: true
      use_slots: true
      parameters:
        max_connections: 200
        shared_buffers: 128MB
        max_wal_size: 1GB
        wal_keep_size: 256MB
        max_wal_senders: 8
        max_replication_slots: 8
        wal_sender_timeout: 5s
        wal_receiver_timeout: 5s
        wal_receiver_status_interval: 1s
        wal_retrieve_retry_interval: 1s
        hot_standby_feedback: "on"
        jit: "off"
        timezone: Asia/Shanghai
        log_timezone: Asia/Shanghai
        log_min_error_statement: panic
        log_parameter_max_length: 0
        log_parameter_max_length_on_error: 0
        log_error_verbosity: terse
  initdb:
  - encoding: UTF8
  - locale: C.UTF-8
  - data-checksums
  - no-sync
  pg_hba:
  - host replication replicator 127.0.0.1/32 scram-sha-256
  - host all all 127.0.0.1/32 scram-sha-256
postgresql:
  listen: {{.Node.Address}}
  connect_address: {{.Node.Address}}
  data_dir: {{.Node.Data}}
  bin_dir: {{.Programs}}
  pgpass: {{.Node.Dir}}/pgpass
  authentication:
    superuser: {username: postgres, password: {{.Secrets.Superuser}}}
    replication: {username: replicator, password: {{.Secrets.Replicator}}}
    rewind: {username: rewinder, password: {{.Secrets.Rewinder}}}
  basebackup:
  - checkpoint: fast
  - no-sync
  remove_data_directory_on_rewind_failure: true
  remove_data_directory_on_diverged_timelines: true
  parameters:
    unix_socket_directories: {{.Node.Dir}}
watchdog: {mode: "off"}
`))

// renderPatroni is the configuration file of a node.
func (c *cluster) renderPatroni(n *node, programs string) (string, error) {
	type file struct{ Name, API, Address, Data, Dir string }
	type passwords struct{ Superuser, Replicator, Rewinder string }
	var text strings.Builder
	err := patroniConfig.Execute(&text, struct {
		Node                        file
		Secrets                     passwords
		Etcd, Programs              string
		TTL, LoopWait, RetryTimeout int
		Synchronous                 bool
	}{
		file{n.name, n.api, n.address, n.data(), n.dir},
		passwords{c.secrets.superuser, c.secrets.replicator, c.secrets.rewinder},
		c.etcdClient, programs, ttl, loopWait, retryTimeout, !c.async,
	})
	return text.String(), err
}

func (n *node) config() string { return filepath.Join(n.dir, "patroni.yml") }

// startDatabase starts etcd and all nodes, waits for the first primary and makes users and database.
func (c *cluster) startDatabase(ctx context.Context) error {
	if err := c.startEtcd(ctx); err != nil {
		return err
	}
	initdb, err := lab.Tool("initdb")
	if err != nil {
		return err
	}
	if initdb, err = filepath.EvalSymlinks(initdb); err != nil {
		return err
	}
	for _, n := range c.nodes {
		if err := lab.Folder(n.dir); err != nil {
			return err
		}
		if c.disk != nil {
			if n.releaseDisk, err = c.disk(n.dir); err != nil {
				return err
			}
		}
		text, err := c.renderPatroni(n, filepath.Dir(initdb))
		if err != nil {
			return err
		}
		if err := c.write(n.config(), text); err != nil {
			return err
		}
		if err := n.startPatroni(); err != nil {
			return err
		}
	}
	err = c.nodes[0].patroni.Await(ctx, func(ctx context.Context) error {
		_, err := c.primary(ctx)
		return err
	})
	if err != nil {
		return err
	}
	return c.makeDatabase(ctx)
}

// write makes a file that only the programs' user may read: it holds passwords.
func (c *cluster) write(path, text string) error {
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		return err
	}
	return lab.Give(path)
}

// startEtcd starts one etcd, which keeps who the primary is. Machines of their own would have three of them.
func (c *cluster) startEtcd(ctx context.Context) error {
	path, err := lab.Tool("etcd")
	if err != nil {
		return err
	}
	dir, client, peer := filepath.Join(c.dir, "etcd"), "http://"+c.etcdClient, "http://"+c.etcdPeer
	c.etcd, err = lab.Command{
		Path: path, Dir: dir, Log: filepath.Join(dir, "log"), Unprivileged: true,
		Args: []string{"--name", "wenji", "--data-dir", filepath.Join(dir, "data"), "--log-level", "warn", "--logger", "zap", "--enable-v2",
			"--listen-client-urls", client, "--advertise-client-urls", client, "--listen-peer-urls", peer,
			"--initial-advertise-peer-urls", peer, "--initial-cluster", "wenji=" + peer},
		Env: []string{"PATH=/usr/bin:/bin", "HOME=" + dir},
	}.Start()
	if err != nil {
		return err
	}
	return c.etcd.AwaitOK(ctx, client+"/health")
}

// makeDatabase makes two users, so that the portal's cannot change the schema or the record of acts, and the database.
func (c *cluster) makeDatabase(ctx context.Context) error {
	conn, err := pgx.Connect(ctx, c.url("postgres", c.secrets.superuser, "postgres"))
	if err != nil {
		return err
	}
	defer conn.Close(ctx)
	for _, sql := range []string{
		"CREATE ROLE wenji_app NOLOGIN IN ROLE pg_read_all_stats", // the metrics tell whether a standby is synchronous
		"CREATE ROLE wenji_owner LOGIN PASSWORD '" + c.secrets.owner + "'",
		"CREATE ROLE wenji_portal LOGIN PASSWORD '" + c.secrets.portal + "' IN ROLE wenji_app",
		"CREATE DATABASE wenji OWNER wenji_owner",
	} {
		if _, err := conn.Exec(ctx, sql); err != nil {
			return fmt.Errorf("make users and database: %w", err)
		}
	}
	return nil
}

// awaitStandbys waits until all standbys follow the primary and, in synchronous mode, commits wait for one of them.
func (c *cluster) awaitStandbys(ctx context.Context) error {
	return c.nodes[0].patroni.Await(ctx, func(ctx context.Context) error {
		standbys := c.standbys(ctx)
		if len(standbys) < len(c.nodes)-1 {
			return fmt.Errorf("%d standbys follow the primary", len(standbys))
		}
		if c.async {
			return nil
		}
		s, err := standbys[0].status(ctx)
		if err == nil && !s.Synchronous {
			err = errors.New("no standby is synchronous")
		}
		return err
	})
}
