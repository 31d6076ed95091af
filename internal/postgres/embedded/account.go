//go:build linux

package embedded

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/user"
	"runtime"
	"strconv"
	"syscall"
)

// account is the user the server runs as. PostgreSQL refuses to run as root.
type account struct {
	uid, gid int
	name     string
	switched bool // we are root and the server is not
}

// serverAccount is this process's user, or under root an unprivileged one: postgres, else nobody.
func serverAccount() (account, error) {
	if os.Geteuid() != 0 {
		return account{uid: os.Geteuid(), gid: os.Getegid()}, nil
	}
	for _, name := range []string{"postgres", "nobody"} {
		u, err := user.Lookup(name)
		if err != nil {
			continue
		}
		uid, err := strconv.Atoi(u.Uid)
		if err != nil {
			return account{}, fmt.Errorf("user %s: uid %q: %w", name, u.Uid, err)
		}
		gid, err := strconv.Atoi(u.Gid)
		if err != nil {
			return account{}, fmt.Errorf("user %s: gid %q: %w", name, u.Gid, err)
		}
		return account{uid: uid, gid: gid, name: name, switched: true}, nil
	}
	return account{}, errors.New("PostgreSQL cannot run as root, and this machine has neither a user postgres nor a " +
		"user nobody: run as another user")
}

// ServerUser is the user that database servers run as, nil where that is the user of this process: PostgreSQL refuses to
// run as root, who therefore runs it as postgres or nobody.
func ServerUser() (*syscall.Credential, error) {
	a, err := serverAccount()
	if err != nil || !a.switched {
		return nil, err
	}
	return &syscall.Credential{Uid: uint32(a.uid), Gid: uint32(a.gid)}, nil
}

// attr makes a child run as the account, in a session of its own so that Ctrl-C in the terminal reaches only us, and
// sends it deathSignal when the thread that started it ends.
func (a account) attr(deathSignal syscall.Signal) *syscall.SysProcAttr {
	attr := &syscall.SysProcAttr{Setsid: true, Pdeathsig: deathSignal}
	if a.switched {
		attr.Credential = &syscall.Credential{Uid: uint32(a.uid), Gid: uint32(a.gid)}
	}
	return attr
}

// command prepares a PostgreSQL program: the account's identity, and nothing of our environment that it would obey.
func (a account) command(ctx context.Context, deathSignal syscall.Signal, path string, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, path, args...)
	cmd.Dir = "/"
	cmd.Env = []string{"PATH=/usr/local/bin:/usr/bin:/bin", "LC_ALL=C.UTF-8", "HOME=/", "TZ=Asia/Shanghai"}
	cmd.SysProcAttr = a.attr(deathSignal)
	return cmd
}

// output runs a program to its end and returns what it wrote.
func (a account) output(ctx context.Context, path string, args ...string) ([]byte, error) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	return a.command(ctx, syscall.SIGKILL, path, args...).CombinedOutput()
}

// canEnter tells whether the account can go into dir, by trying it as that user.
func (a account) canEnter(dir string) bool {
	_, err := a.output(context.Background(), "/bin/sh", "-c", `cd "$1"`, "sh", dir)
	return err == nil
}

// own makes path the account's, with the given mode.
func (a account) own(path string, mode os.FileMode) error {
	if a.switched {
		if err := os.Lchown(path, a.uid, a.gid); err != nil {
			return err
		}
	}
	return os.Chmod(path, mode)
}
