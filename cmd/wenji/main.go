// Command wenji runs the public-comment portal: a demo on one machine, a server, and the tools of its operator.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"
	"syscall"
	_ "time/tzdata" // times are shown in Beijing time also where the machine has no zone files

	"github.com/spf13/cobra"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := run(ctx, os.Args[1:], os.Getenv, os.Stdin, os.Stdout, os.Stderr)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "wenji："+err.Error())
	}
	os.Exit(exitStatus(err))
}

// usageError is a command typed wrongly: exit status 2.
type usageError struct{ error }

// exitStatus is 0, 1 (failed) or 2 (wrong usage).
func exitStatus(err error) int {
	var usage usageError
	switch {
	case err == nil:
		return 0
	case errors.As(err, &usage):
		return 2
	}
	return 1
}

// terminal is where a command talks to the person who typed it.
type terminal struct {
	getenv func(string) string
	in     io.Reader
	out    io.Writer
	err    io.Writer
}

// run is the whole program: nothing outside it reads flags, environment or standard streams.
func run(ctx context.Context, args []string, getenv func(string) string, in io.Reader, out, errOut io.Writer) error {
	root := rootCommand(&terminal{getenv: getenv, in: in, out: out, err: errOut})
	root.SetArgs(args)
	root.SetIn(in)
	root.SetOut(out)
	root.SetErr(errOut)
	return root.ExecuteContext(ctx)
}

// rootCommand is wenji with all its commands.
func rootCommand(t *terminal) *cobra.Command {
	root := &cobra.Command{
		Use:           "wenji",
		Short:         "问计：政府文件公开征求意见平台",
		SilenceErrors: true,
		SilenceUsage:  true,
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) > 0 {
				return usageError{fmt.Errorf("没有“%s”这个命令。可用的命令见 wenji --help", args[0])}
			}
			return cmd.Help()
		},
		Args: cobra.ArbitraryArgs,
	}
	root.CompletionOptions.DisableDefaultCmd = true
	root.SetFlagErrorFunc(func(cmd *cobra.Command, err error) error {
		return usageError{fmt.Errorf("%s。用法见 %s --help", flagFault(err), cmd.CommandPath())}
	})
	root.AddCommand(demoCommand(t), serveCommand(t), migrateCommand(t), importCommand(t), exportCommand(t), fillCommand(t),
		staffCommand(t), auditCommand(t), keysCommand(t), purgeCommand(t), backupCommand(t), restoreCommand(t), versionCommand(t))
	return root
}

// flagFault says in Chinese what the flag parser says in English.
func flagFault(err error) string {
	text := err.Error()
	for _, known := range []struct{ english, chinese string }{
		{"unknown flag: ", "没有这个选项："},
		{"unknown shorthand flag: ", "没有这个选项："},
		{"flag needs an argument: ", "选项后面缺少值："},
		{"invalid argument ", "选项的值不对："},
	} {
		if rest, ok := strings.CutPrefix(text, known.english); ok {
			return known.chinese + rest
		}
	}
	return "选项不对：" + text
}

// arguments refuses a wrong number of arguments, naming them.
func arguments(names ...string) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		if len(args) == len(names) {
			return nil
		}
		if len(names) == 0 {
			return usageError{fmt.Errorf("%s 后面不需要“%s”。用法见 %s --help", cmd.CommandPath(), args[0], cmd.CommandPath())}
		}
		return usageError{fmt.Errorf("请写成：%s %s", cmd.CommandPath(), strings.Join(names, " "))}
	}
}

// group is a command that only holds others.
func group(use, short string, commands ...*cobra.Command) *cobra.Command {
	c := &cobra.Command{Use: use, Short: short, Args: cobra.ArbitraryArgs, RunE: func(cmd *cobra.Command, args []string) error {
		if len(args) > 0 {
			return usageError{fmt.Errorf("没有“%s %s”这个命令。用法见 %s --help", cmd.CommandPath(), args[0], cmd.CommandPath())}
		}
		return usageError{fmt.Errorf("请写明要做什么。用法见 %s --help", cmd.CommandPath())}
	}}
	c.AddCommand(commands...)
	return c
}
