// Package lab runs other programs on this machine for measurements and drills: as an unprivileged user where they want
// one, waited for until they answer, and ended with this process whatever becomes of it. It also reads from the kernel
// what a process costs.
package lab

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"time"

	"wenji/internal/postgres/embedded"
)

const (
	interruptedWait = 5 * time.Second // how long an interrupted program may take to end

	lowestPort, highestPort = 12000, 32000 // Linux gives ports from 32768 on to outgoing connections
	mostPortTries           = 1000
)

// Tool finds a program in PATH or where packages put it, the newest where there are several.
func Tool(name string) (string, error) {
	if path, err := exec.LookPath(name); err == nil {
		return path, nil
	}
	var found []string
	for _, pattern := range []string{"/usr/sbin/", "/usr/lib/postgresql/*/bin/", "/usr/pgsql-*/bin/", "/usr/local/pgsql/bin/"} {
		paths, err := filepath.Glob(pattern + name)
		if err != nil {
			return "", err
		}
		found = append(found, paths...)
	}
	if len(found) == 0 {
		return "", fmt.Errorf("%s is not installed; the make target of this command installs it", name)
	}
	return slices.Max(found), nil
}

// Output runs a program to its end, with environment added to this process's own, and returns all that it wrote. When
// ctx ends the program is interrupted.
func Output(ctx context.Context, environment []string, name string, args ...string) (string, error) {
	c := exec.CommandContext(ctx, name, args...)
	c.Env = append(os.Environ(), environment...)
	c.Cancel = func() error { return c.Process.Signal(os.Interrupt) }
	c.WaitDelay = interruptedWait
	out, err := c.CombinedOutput()
	if err != nil {
		return "", fmt.Errorf("%s: %w\n%s", filepath.Base(name), err, out)
	}
	return string(out), nil
}

// Build builds the portal from the sources of this module.
func Build(ctx context.Context, to string) error {
	if _, err := Output(ctx, nil, "go", "build", "-trimpath", "-buildvcs=false", "-o", to, "wenji/cmd/wenji"); err != nil {
		return fmt.Errorf("build the portal: %w", err)
	}
	return nil
}

// FreeAddress is 127.0.0.1 with a port that nobody listened on a moment ago.
func FreeAddress() (string, error) {
	addresses, err := FreeAddresses(1)
	if err != nil {
		return "", err
	}
	return addresses[0], nil
}

// FreeAddresses are n different ones. Their ports are below those that the kernel gives to outgoing connections, so that
// a program that is started again under load finds its port still free.
func FreeAddresses(n int) ([]string, error) {
	addresses := make([]string, 0, n)
	for tries := 0; len(addresses) < n; tries++ {
		port := lowestPort + rand.N(highestPort-lowestPort)
		l, err := net.Listen("tcp", fmt.Sprintf("127.0.0.1:%d", port))
		switch {
		case err == nil:
			defer l.Close() // only once all are found
			addresses = append(addresses, l.Addr().String())
		case tries >= mostPortTries:
			return nil, fmt.Errorf("no free port among %d to %d: %w", lowestPort, highestPort, err)
		}
	}
	return addresses, nil
}

// Folder makes a folder that programs started as unprivileged own and nobody else may enter. Everybody must be able to
// pass through its parents.
func Folder(path string) error {
	if err := os.Mkdir(path, 0o700); err != nil {
		return err
	}
	return Give(path)
}

// CanEnter tells whether programs started as unprivileged can go into a folder, which all folders above must allow.
func CanEnter(folder string) error {
	p, err := Command{Path: "/bin/sh", Args: []string{"-c", `cd "$1"`, "sh", folder}, Dir: "/", Unprivileged: true}.Start()
	if err != nil {
		return err
	}
	<-p.ended
	if p.failed {
		return fmt.Errorf("the user that runs database servers cannot enter %s: name a folder that everybody may pass through", folder)
	}
	return nil
}

// Give makes a file or folder the property of programs started as unprivileged.
func Give(path string) error {
	user, err := embedded.ServerUser()
	if err != nil || user == nil {
		return err
	}
	return os.Lchown(path, int(user.Uid), int(user.Gid))
}

// Site is an identity of a site, as long as a real one's, as settings of the portal.
func Site() []string {
	return []string{"WENJI_SITE_NAME=辽宁省人民政府", "WENJI_SITE_DOMAIN=www.ln.gov.cn", "WENJI_SITE_SPONSOR=辽宁省人民政府办公厅",
		"WENJI_SITE_ID_CODE=2100000037", "WENJI_SITE_ICP=辽ICP备05023109号", "WENJI_SITE_POLICE_RECORD=辽公网安备 21010502000372号",
		"WENJI_SITE_ADDRESS=沈阳市皇姑区北陵大街45-9号", "WENJI_SITE_POSTCODE=110032", "WENJI_SITE_HELP_PHONE=024-23935916"}
}
