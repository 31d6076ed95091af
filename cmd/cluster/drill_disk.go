package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"syscall"
	"time"

	"wenji/internal/postgres/embedded"
)

const (
	diskSize  = 1536 << 20 // of each node, in memory
	full      = 8 * time.Second
	fullSeen  = 40 * time.Second // until somebody meets the full disk
	quietTime = 2 * time.Second  // without a receipt: the full disk is met
	// mountsVariable tells that this process has mounts of its own.
	mountsVariable = "WENJI_DRILL_MOUNTS"
	withMounts     = "own"
)

// ownMounts begins this program again with mounts of its own, which end with it whatever becomes of it, so that each node
// can have a small disk. Where the machine forbids that, the drill goes on without, and says so at the full disk. It
// returns only then, or in the program that was begun again.
func ownMounts(progress io.Writer) error {
	if os.Getenv(mountsVariable) != "" {
		return nil
	}
	unshare, err := exec.LookPath("unshare")
	if err != nil {
		return nil
	}
	self, err := os.Executable()
	if err != nil {
		return err
	}
	args := []string{unshare, "--mount"}
	if os.Geteuid() != 0 {
		args = append(args, "--user", "--map-current-user", "--keep-caps")
	}
	if out, err := exec.Command(args[0], append(args[1:], "true")...).CombinedOutput(); err != nil {
		fmt.Fprintf(progress, "no mounts of its own for this program: %s", out)
		return nil
	}
	return syscall.Exec(unshare, append(append(args, self), os.Args[1:]...), append(os.Environ(), mountsVariable+"="+withMounts))
}

// diskOfNode gives a node's folder a disk of its own, in memory, and returns how to take it away. What a full disk does to
// PostgreSQL is the same as on a real one; that memory forgets everything when the power fails is of no matter here,
// where processes are killed and the kernel lives.
func diskOfNode(folder string) (release func() error, err error) {
	if os.Getenv(mountsVariable) != withMounts {
		return nil, nil
	}
	owner := fmt.Sprintf("uid=%d,gid=%d", os.Geteuid(), os.Getegid())
	user, err := embedded.ServerUser()
	if err != nil {
		return nil, err
	}
	if user != nil {
		owner = fmt.Sprintf("uid=%d,gid=%d", user.Uid, user.Gid)
	}
	err = syscall.Mount("tmpfs", folder, "tmpfs", syscall.MS_NOSUID|syscall.MS_NODEV, "mode=0700,size="+strconv.Itoa(diskSize)+","+owner)
	if err != nil {
		return nil, fmt.Errorf("mount a disk for %s: %w", filepath.Base(folder), err)
	}
	return func() error { return syscall.Unmount(folder, syscall.MNT_DETACH) }, nil
}

// fillDisk fills the primary's disk to the last byte until citizens meet it, and for a while longer.
func fillDisk(ctx context.Context, d *drillRun) error {
	p, err := d.primary(ctx)
	if err != nil {
		return err
	}
	if p.releaseDisk == nil {
		return errors.New("not drilled: this machine does not let the drill mount small disks (it needs root, or user namespaces); leave it out with --only")
	}
	ballast := filepath.Join(p.dir, "ballast")
	defer os.Remove(ballast)
	if err := occupy(ballast); err != nil {
		return err
	}
	last, since := d.load.receipts.Load(), time.Now()
	err = await(ctx, fullSeen, func(context.Context) error {
		if now := d.load.receipts.Load(); now != last {
			last, since = now, time.Now()
		}
		if time.Since(since) < quietTime {
			return errors.New("the full disk keeps nobody from a receipt")
		}
		return nil
	})
	if err != nil {
		return err
	}
	pause(ctx, full-quietTime)
	return nil
}

// occupy writes until there is no room for a byte more.
func occupy(path string) error {
	file, err := os.Create(path)
	if err != nil {
		return err
	}
	defer file.Close()
	for size := 1 << 20; size > 0; {
		_, err := file.Write(make([]byte, size))
		switch {
		case errors.Is(err, syscall.ENOSPC):
			size /= 2
		case err != nil:
			return err
		}
	}
	return nil
}
