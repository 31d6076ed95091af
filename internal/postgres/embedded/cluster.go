//go:build linux

package embedded

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"
)

const unfinishedPrefix = "data.new-"

// tuning goes to the end of postgresql.conf once, when the cluster is made; an operator may change it there. fsync and
// synchronous_commit keep PostgreSQL's default, on: what is acknowledged is on disk.
const tuning = `
# Wenji
max_connections = 100
shared_buffers = 256MB
max_wal_size = 4GB
jit = off
timezone = 'Asia/Shanghai'
log_timezone = 'Asia/Shanghai'
`

// create makes the cluster when there is none. initdb works in a folder of another name, so that an interrupted one is
// never taken for a cluster.
func (s *Server) create(ctx context.Context) error {
	if _, err := os.Stat(filepath.Join(s.cluster(), "PG_VERSION")); err == nil {
		return nil
	}
	if err := os.Remove(s.cluster()); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("%s is not empty and holds no cluster; nothing was changed: %w", s.cluster(), err)
	}
	if err := s.removeUnfinished(ctx); err != nil {
		return err
	}
	fresh, err := os.MkdirTemp(s.DataDir, unfinishedPrefix)
	if err != nil {
		return fmt.Errorf("make the cluster's folder: %w", err)
	}
	if err := s.account.own(fresh, 0o700); err != nil {
		return fmt.Errorf("give the cluster's folder to user %s: %w", s.account.name, err)
	}
	s.log.Info("creating the database cluster", "folder", s.DataDir, "postgresql", s.programs.major)
	args := []string{"-D", fresh, "-U", superuser, "-E", "UTF8", "--locale=C.UTF-8", "--data-checksums",
		"--auth-local=trust", "--auth-host=reject"}
	if s.settings["fsync"] == "off" {
		args = append(args, "--no-sync")
	}
	out, err := s.account.output(ctx, s.programs.path("initdb"), args...)
	if err != nil {
		return fmt.Errorf("initdb: %w: %s", err, lastLines(out))
	}
	conf, err := os.OpenFile(filepath.Join(fresh, "postgresql.conf"), os.O_WRONLY|os.O_APPEND|syscall.O_NOFOLLOW, 0)
	if err != nil {
		return fmt.Errorf("tune the cluster: %w", err)
	}
	_, err = conf.WriteString(tuning)
	if err := errors.Join(err, conf.Sync(), conf.Close()); err != nil {
		return fmt.Errorf("tune the cluster: %w", err)
	}
	if err := os.Rename(fresh, s.cluster()); err != nil {
		return fmt.Errorf("finish the cluster: %w", err)
	}
	return syncFolder(s.DataDir)
}

// removeUnfinished removes what interrupted attempts left. The last child of a killed initdb may go on writing for a
// moment, which is why each attempt has a folder of its own and removal is tried for some seconds.
func (s *Server) removeUnfinished(ctx context.Context) error {
	entries, err := os.ReadDir(s.DataDir)
	if err != nil {
		return fmt.Errorf("look for unfinished clusters: %w", err)
	}
	ctx, cancel := context.WithTimeout(ctx, firmAfter)
	defer cancel()
	tick := time.NewTicker(pollEvery)
	defer tick.Stop()
	for _, e := range entries {
		if !strings.HasPrefix(e.Name(), unfinishedPrefix) {
			continue
		}
		for {
			err := os.RemoveAll(filepath.Join(s.DataDir, e.Name()))
			if err == nil {
				break
			}
			select {
			case <-ctx.Done():
				return fmt.Errorf("remove an unfinished cluster: %w", err)
			case <-tick.C:
			}
		}
	}
	return nil
}

// writeAccess states who may connect: whoever can enter the socket's folder, that is the server's user and root, who
// can read the files anyway. Nothing else is let in, whatever the cluster's own pg_hba.conf says.
func (s *Server) writeAccess() error {
	return writeFile(s.accessFile(), "# Written by wenji at each start.\nlocal all "+superuser+" trust\n")
}

func (s *Server) accessFile() string { return filepath.Join(s.DataDir, "pg_hba.conf") }

// arguments of the server. What safety and privacy rest on is given here, where no file can override it: no network, no
// statement, parameter or DETAIL in the log, because those hold what people typed.
func (s *Server) arguments() []string {
	fixed := map[string]string{
		"listen_addresses":                  "",
		"port":                              port,
		"unix_socket_directories":           `"` + strings.ReplaceAll(s.socket, `"`, `""`) + `"`,
		"unix_socket_permissions":           "0700",
		"hba_file":                          s.accessFile(),
		"logging_collector":                 "off",
		"log_destination":                   "stderr",
		"log_statement":                     "none",
		"log_min_duration_statement":        "-1",
		"log_min_error_statement":           "panic",
		"log_parameter_max_length":          "0",
		"log_parameter_max_length_on_error": "0",
		"log_error_verbosity":               "terse",
	}
	maps.Copy(fixed, s.settings)
	args := []string{"-D", s.cluster()}
	for _, name := range slices.Sorted(maps.Keys(fixed)) {
		args = append(args, "-c", name+"="+fixed[name])
	}
	return args
}

func syncFolder(dir string) error {
	f, err := os.Open(dir)
	if err != nil {
		return fmt.Errorf("sync %s: %w", dir, err)
	}
	if err := errors.Join(f.Sync(), f.Close()); err != nil {
		return fmt.Errorf("sync %s: %w", dir, err)
	}
	return nil
}

// lastLines shortens a program's output to what an error message can carry.
func lastLines(out []byte) string {
	lines := strings.Split(strings.TrimSpace(string(out)), "\n")
	if len(lines) > 6 {
		lines = lines[len(lines)-6:]
	}
	return strings.Join(lines, " | ")
}
