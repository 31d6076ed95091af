// Command cluster runs Wenji as several machines would, on this one: replicas of the portal behind HAProxy, over three
// PostgreSQL servers that Patroni keeps in synchronous replication.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"slices"
	"strings"
	"syscall"
)

// command is one subcommand.
type command struct {
	name, what string
	run        func(ctx context.Context, args []string, out, progress io.Writer) error
}

var commands = []command{
	{"up", "start a cluster and keep it until Ctrl-C", up},
	{"drill", "lose machines under load and compare what was acknowledged with what is stored", drill},
	{"pitr", "back up under load, lose the server, make a mistake; restore the latest point and the moment before", pitr},
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := run(ctx, os.Args[1:], os.Stdout, os.Stderr)
	stop()
	switch {
	case errors.Is(err, flag.ErrHelp), errors.Is(err, errUsage):
		os.Exit(2)
	case err != nil:
		fmt.Fprintln(os.Stderr, "cluster:", err)
		os.Exit(1)
	}
}

var errUsage = errors.New("wrong usage")

func run(ctx context.Context, args []string, out, progress io.Writer) error {
	if len(args) > 0 {
		if i := slices.IndexFunc(commands, func(c command) bool { return c.name == args[0] }); i >= 0 {
			return commands[i].run(ctx, args[1:], out, progress)
		}
	}
	var list strings.Builder
	for _, c := range commands {
		fmt.Fprintf(&list, "  cluster %-6s %s\n", c.name, c.what)
	}
	fmt.Fprint(progress, list.String())
	return errUsage
}
