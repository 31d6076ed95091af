//go:build linux

package embedded

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
)

const (
	locationFile  = "location"
	maxSocketPath = 107 // sun_path on Linux, less its final zero
)

// settle decides on the folder to use and locks it.
func (s *Server) settle(dataDir string) error {
	dir, err := filepath.Abs(dataDir)
	if err != nil {
		return fmt.Errorf("data folder: %w", err)
	}
	mode := os.FileMode(0o700)
	if s.account.switched {
		mode = 0o711 // the server's user passes through to data/ and run/, which are its own
	}
	if err := os.MkdirAll(dir, mode); err != nil {
		return fmt.Errorf("make the data folder: %w", err)
	}
	if dir, err = filepath.EvalSymlinks(dir); err != nil {
		return fmt.Errorf("data folder: %w", err)
	}
	if err := s.lock(dir); err != nil {
		return err
	}
	s.DataDir = dir
	if !s.account.switched {
		return nil
	}
	return s.settleElsewhere(dir)
}

// settleElsewhere leaves s.DataDir at dir where the server's user can enter it, and otherwise moves to the folder that
// dir/location names, making both when there is none. A cluster is never left behind unseen: without dir/location a
// fresh folder is chosen, because the key file that belongs to the older data went with it.
func (s *Server) settleElsewhere(dir string) error {
	text, err := os.ReadFile(filepath.Join(dir, locationFile))
	switch {
	case err == nil:
		s.DataDir = strings.TrimSpace(string(text))
		if err := ownFolder(s.DataDir, os.Geteuid()); err != nil {
			return fmt.Errorf("%s names %s: %w; put the folder back, or remove %s to begin with an empty database",
				filepath.Join(dir, locationFile), s.DataDir, err, dir)
		}
		return s.lock(s.DataDir)
	case !errors.Is(err, fs.ErrNotExist):
		return fmt.Errorf("data folder: %w", err)
	}
	if err := os.Chmod(dir, 0o711); err != nil {
		return fmt.Errorf("let user %s into the data folder: %w", s.account.name, err)
	}
	if s.account.canEnter(dir) {
		return nil
	}
	if _, err := os.Stat(s.cluster()); err == nil {
		return fmt.Errorf("%s holds a cluster, but user %s, who runs PostgreSQL, cannot enter this folder: move it to a "+
			"folder that everyone may pass through, such as /var/lib/wenji", dir, s.account.name)
	}
	other, err := makeElsewhere(dir)
	if err != nil {
		return err
	}
	if err := writeFile(filepath.Join(dir, locationFile), other+"\n"); err != nil {
		return err
	}
	s.log.Warn("the database goes to another folder, because the user who runs PostgreSQL cannot enter the one named",
		"user", s.account.name, "named", dir, "used", other)
	s.DataDir = other
	return s.lock(other)
}

// makeElsewhere makes a new folder for the files that dir cannot hold.
func makeElsewhere(dir string) (string, error) {
	var last error
	for _, parent := range []string{"/var/lib", "/var/tmp"} {
		for n := 1; n < 100; n++ {
			other := filepath.Join(parent, "wenji-"+shortHash(dir))
			if n > 1 {
				other += fmt.Sprintf("-%d", n)
			}
			err := os.Mkdir(other, 0o711)
			if err == nil {
				return other, os.Chmod(other, 0o711)
			}
			last = err
			if !errors.Is(err, fs.ErrExist) {
				break
			}
		}
	}
	return "", fmt.Errorf("make a folder for the database: %w", last)
}

// socketDir makes the folder of the socket, which nobody but the server's user (and root) may enter. It is in DataDir
// unless that path is too long for a socket, or holds a comma, which in an address separates several hosts.
func (s *Server) socketDir() (string, error) {
	candidates := []string{filepath.Join(s.DataDir, "run")}
	if s.account.switched {
		candidates = append(candidates, "/run/wenji-"+shortHash(s.DataDir))
	} else if runtime := os.Getenv("XDG_RUNTIME_DIR"); filepath.IsAbs(runtime) {
		candidates = append(candidates, filepath.Join(runtime, "wenji-"+shortHash(s.DataDir)))
	}
	name := fmt.Sprintf("wenji-%d-%s", s.account.uid, shortHash(s.DataDir))
	candidates = append(candidates, filepath.Join(os.TempDir(), name), filepath.Join("/tmp", name))
	var last error
	for _, dir := range candidates {
		if len(filepath.Join(dir, ".s.PGSQL."+port)) > maxSocketPath || strings.Contains(dir, ",") {
			continue
		}
		if last = s.makeSocketDir(dir); last == nil {
			return dir, nil
		}
	}
	return "", fmt.Errorf("make a folder for the server's socket: %w", last)
}

func (s *Server) makeSocketDir(dir string) error {
	err := os.Mkdir(dir, 0o700)
	switch {
	case err == nil:
		if err := s.account.own(dir, 0o700); err != nil {
			return err
		}
	case !errors.Is(err, fs.ErrExist):
		return err
	}
	if err := ownFolder(dir, s.account.uid); err != nil {
		return fmt.Errorf("%s: %w", dir, err)
	}
	if !s.account.canEnter(dir) {
		return fmt.Errorf("%s: user %s cannot enter it", dir, s.account.name)
	}
	return os.Chmod(dir, 0o700)
}

// ownFolder refuses what is not a real folder of uid: others can make such names in shared folders.
func ownFolder(dir string, uid int) error {
	info, err := os.Lstat(dir)
	if err != nil {
		return err
	}
	stat, ok := info.Sys().(*syscall.Stat_t)
	if !ok || !info.IsDir() || int(stat.Uid) != uid {
		return fmt.Errorf("not a folder of user id %d", uid)
	}
	return nil
}

// lock takes the folder for this process; the kernel gives it back when the process ends.
func (s *Server) lock(dir string) error {
	path := filepath.Join(dir, "lock")
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE|syscall.O_NOFOLLOW, 0o600)
	if errors.Is(err, fs.ErrPermission) {
		return fmt.Errorf("the data folder belongs to another user; run as that user or name another folder: %w", err)
	}
	if err != nil {
		return fmt.Errorf("lock the data folder: %w", err)
	}
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		holder := make([]byte, 20)
		n, _ := f.ReadAt(holder, 0) // a hint for the person only
		f.Close()
		if errors.Is(err, syscall.EWOULDBLOCK) {
			return fmt.Errorf("%w: process %s has the data folder %s; stop it first, or name another folder",
				ErrRunning, strings.TrimSpace(string(holder[:n])), dir)
		}
		return fmt.Errorf("lock the data folder %s: %w", dir, err)
	}
	s.locks = append(s.locks, f)
	if err := f.Truncate(0); err != nil {
		return fmt.Errorf("lock the data folder: %w", err)
	}
	if _, err := f.WriteAt(fmt.Appendln(nil, os.Getpid()), 0); err != nil {
		return fmt.Errorf("lock the data folder: %w", err)
	}
	return nil
}

func (s *Server) unlock() {
	for _, f := range s.locks {
		f.Close()
	}
	s.locks = nil
}

// writeFile replaces path in one step.
func writeFile(path, text string) error {
	temporary := path + ".new"
	if err := os.Remove(temporary); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("write %s: %w", path, err)
	}
	f, err := os.OpenFile(temporary, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644)
	if err != nil {
		return fmt.Errorf("write %s: %w", path, err)
	}
	_, err = f.WriteString(text)
	if err := errors.Join(err, f.Chmod(0o644), f.Sync(), f.Close()); err != nil {
		return fmt.Errorf("write %s: %w", path, err)
	}
	if err := os.Rename(temporary, path); err != nil {
		return fmt.Errorf("write %s: %w", path, err)
	}
	return nil
}

func shortHash(s string) string {
	sum := sha256.Sum256([]byte(s))
	return hex.EncodeToString(sum[:6])
}
