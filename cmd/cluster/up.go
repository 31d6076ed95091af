package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"path/filepath"
	"text/tabwriter"
)

const mostPortals = 8 // each holds up to fourteen connections to the database

// flags of a cluster, the same for every subcommand.
func (o *options) flags(name string, progress io.Writer) *flag.FlagSet {
	flags := flag.NewFlagSet("cluster "+name, flag.ContinueOnError)
	flags.SetOutput(progress)
	flags.IntVar(&o.portals, "replicas", 2, "replicas of the portal, 2 to 8")
	flags.BoolVar(&o.async, "async", false, "commits do not wait for a standby: a failover then loses comments")
	flags.BoolVar(&o.reads, "standby-reads", false, "what may be a little old is read from the standbys")
	flags.StringVar(&o.data, "data", "", "folder to make and to leave behind; without it a temporary one is removed at the end")
	return flags
}

// check wants what the flags cannot say by themselves.
func (o *options) check(rest []string) error {
	switch {
	case len(rest) > 0:
		return fmt.Errorf("%w: %q is not understood", errUsage, rest[0])
	case o.portals < 2 || o.portals > mostPortals:
		return fmt.Errorf("%w: --replicas must be 2 to %d", errUsage, mostPortals)
	}
	return nil
}

func up(ctx context.Context, args []string, out, progress io.Writer) (err error) {
	var o options
	flags := o.flags("up", progress)
	if err := flags.Parse(args); err != nil {
		return err
	}
	if err := o.check(flags.Args()); err != nil {
		fmt.Fprintln(progress, "cluster:", err)
		return err
	}
	c, err := startCluster(ctx, o, progress)
	if err != nil {
		return err
	}
	defer func() {
		fmt.Fprintln(progress, "ending everything")
		err = errors.Join(err, c.close())
	}()
	if err := c.describe(ctx, out); err != nil {
		return err
	}
	<-ctx.Done()
	return nil
}

// describe prints what runs where.
func (c *cluster) describe(ctx context.Context, out io.Writer) error {
	t := tabwriter.NewWriter(out, 0, 8, 2, ' ', 0)
	fmt.Fprintln(t, "\nprogram\taddress\tprocess\tlog")
	for _, r := range c.replicas {
		fmt.Fprintf(t, "%s\thttp://%s\t%d\t%s\n", r.name, r.address, r.pid(), r.log)
		fmt.Fprintf(t, "%s, metrics\thttp://%s/metrics\t%d\t%s\n", r.name, r.metrics, r.pid(), r.log)
	}
	for _, n := range c.nodes {
		s, err := n.status(ctx)
		if err != nil {
			return err
		}
		pid, err := n.postmaster()
		if err != nil {
			return err
		}
		fmt.Fprintf(t, "%s, PostgreSQL: %s\t%s\t%d\t%s\n", n.name, s, n.address, pid, n.log())
		fmt.Fprintf(t, "%s, Patroni\thttp://%s\t%d\t%s\n", n.name, n.api, n.patroni.PID, n.log())
	}
	fmt.Fprintf(t, "etcd\thttp://%s\t%d\t%s\n", c.etcdClient, c.etcd.PID, c.etcd.Command.Log)
	fmt.Fprintf(t, "HAProxy, portal\thttp://%s\t%d\t%s\n", c.balancer, c.haproxy.PID, c.haproxy.Command.Log)
	fmt.Fprintf(t, "HAProxy, to the primary\t%s\t\t\n", c.toPrimary)
	fmt.Fprintf(t, "HAProxy, to the standbys\t%s\t\t\n", c.toStandbys)
	fmt.Fprintf(t, "PgBouncer\t%s\t%d\t%s\n", c.bouncer, c.pooler.PID, c.pooler.Command.Log)
	if err := t.Flush(); err != nil {
		return err
	}
	fmt.Fprintf(out, `
the portal          http://%s
staff               http://%[1]s/staff  sign-ins in %s
database, portal    %s
database, owner     %s
database, all       %s
database, PgBouncer %s
patronictl          patronictl -c %s list

Ctrl-C ends everything.
`, c.balancer, c.accounts, c.portalURL(), c.ownerURL(), c.url("postgres", c.secrets.superuser, "wenji"), c.bouncerURL(),
		filepath.Join(c.nodes[0].config()))
	return nil
}

func (s status) String() string {
	switch {
	case s.primary():
		return "primary"
	case s.standby() && s.Synchronous:
		return "synchronous standby"
	case s.standby():
		return "standby"
	}
	return s.State
}
