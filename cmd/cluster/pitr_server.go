package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"text/template"
	"time"

	"wenji/internal/lab"
	"wenji/internal/postgres/embedded"

	"github.com/jackc/pgx/v5"
)

// archived is a PostgreSQL server whose WAL goes to an encrypted pgBackRest repository. The repository stands for a folder
// on another machine: what destroys the server leaves it.
type archived struct {
	dir        string
	address    string
	programs   string // folder of PostgreSQL's programs
	pgbackrest string
	timeout    time.Duration // after which an unfinished WAL segment is archived
	process    *lab.Process
}

// stanza is the name of this server in the repository.
const stanza = "wenji"

// repositoryConfig is as docs/deploy/pgbackrest.conf, with folders and sizes of a drill.
var repositoryConfig = template.Must(template.New("pgbackrest").Parse(`[global]
repo1-path={{.Repository}}
repo1-cipher-type=aes-256-cbc
repo1-cipher-pass={{.Passphrase}}
repo1-retention-full=2
archive-async=y
spool-path={{.Spool}}
log-path={{.Spool}}
lock-path={{.Spool}}
log-level-console=warn
log-level-file=off
compress-type=gz
compress-level=1
process-max=2
start-fast=y

[wenji]
pg1-path={{.Data}}
pg1-port={{.Port}}
pg1-socket-path={{.Socket}}
pg1-user=postgres
`))

// serverConfig keeps what people typed out of the server's log.
const serverConfig = `
listen_addresses = '127.0.0.1'
port = %s
unix_socket_directories = '%s'
max_connections = 60
jit = off
timezone = 'Asia/Shanghai'
log_parameter_max_length = 0
log_parameter_max_length_on_error = 0
log_min_error_statement = panic
log_error_verbosity = terse
archive_mode = on
archive_timeout = '%ds'
archive_command = '%s --config=%s --stanza=wenji archive-push %%p'
`

func (s *archived) data() string   { return filepath.Join(s.dir, "data") }
func (s *archived) config() string { return filepath.Join(s.dir, "pgbackrest.conf") }

func (s *archived) url() string {
	return "postgres://postgres@" + s.address + "/postgres?sslmode=disable"
}

// make makes cluster, repository and configuration, and starts the server.
func (s *archived) make(ctx context.Context, passphrase string) error {
	initdb, err := lab.Tool("initdb")
	if err != nil {
		return err
	}
	if initdb, err = filepath.EvalSymlinks(initdb); err != nil {
		return err
	}
	s.programs = filepath.Dir(initdb)
	if s.pgbackrest, err = lab.Tool("pgbackrest"); err != nil {
		return err
	}
	if s.address, err = lab.FreeAddress(); err != nil {
		return err
	}
	_, port, err := net.SplitHostPort(s.address)
	if err != nil {
		return err
	}
	repository, spool := s.dir+"-repository", filepath.Join(s.dir, "spool")
	for _, folder := range []string{s.dir, repository, spool} {
		if err := lab.Folder(folder); err != nil {
			return err
		}
	}
	var text strings.Builder
	err = repositoryConfig.Execute(&text, struct{ Repository, Passphrase, Spool, Data, Port, Socket string }{
		repository, passphrase, spool, s.data(), port, s.dir})
	if err != nil {
		return err
	}
	if err := os.WriteFile(s.config(), []byte(text.String()), 0o600); err != nil {
		return err
	}
	if err := lab.Give(s.config()); err != nil {
		return err
	}
	if _, err := s.run(ctx, initdb, "-D", s.data(), "-U", "postgres", "-A", "trust", "-E", "UTF8", "--locale=C.UTF-8",
		"--data-checksums", "--no-sync"); err != nil {
		return err
	}
	settings := fmt.Sprintf(serverConfig, port, s.dir, int(s.timeout.Seconds()), s.pgbackrest, s.config())
	conf, err := os.OpenFile(filepath.Join(s.data(), "postgresql.conf"), os.O_APPEND|os.O_WRONLY, 0)
	if err != nil {
		return err
	}
	_, err = conf.WriteString(settings)
	if err := errors.Join(err, conf.Close()); err != nil {
		return err
	}
	if err := s.start(ctx); err != nil {
		return err
	}
	if err := s.backrest(ctx, "stanza-create"); err != nil {
		return err
	}
	return s.backrest(ctx, "check")
}

// run runs a program to its end as the server's user.
func (s *archived) run(ctx context.Context, path string, args ...string) ([]byte, error) {
	cmd := exec.CommandContext(ctx, path, args...)
	cmd.Dir, cmd.Env = s.dir, []string{"PATH=/usr/local/bin:/usr/bin:/bin", "LC_ALL=C.UTF-8", "HOME=" + s.dir}
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGTERM}
	user, err := embedded.ServerUser()
	if err != nil {
		return nil, err
	}
	cmd.SysProcAttr.Credential = user
	out, err := cmd.CombinedOutput()
	if err != nil {
		return nil, fmt.Errorf("%s: %w\n%s", filepath.Base(path), err, out)
	}
	return out, nil
}

func (s *archived) backrest(ctx context.Context, args ...string) error {
	_, err := s.run(ctx, s.pgbackrest, append([]string{"--config=" + s.config(), "--stanza=" + stanza}, args...)...)
	return err
}

// start starts the server and waits until it takes writes, which a restored one does once it has replayed all it shall.
func (s *archived) start(ctx context.Context) (err error) {
	s.process, err = lab.Command{
		Path: filepath.Join(s.programs, "postgres"), Args: []string{"-D", s.data()}, Dir: s.dir, Log: filepath.Join(s.dir, "log"),
		Env: []string{"PATH=/usr/local/bin:/usr/bin:/bin", "LC_ALL=C.UTF-8", "HOME=" + s.dir}, Unprivileged: true,
	}.Start()
	if err != nil {
		return err
	}
	return s.process.Await(ctx, func(ctx context.Context) error {
		var recovering bool
		if err := s.ask(ctx, `SELECT pg_is_in_recovery()`, &recovering); err != nil {
			return err
		}
		if recovering {
			return errors.New("still replaying")
		}
		return nil
	})
}

// ask reads one row over a connection of its own.
func (s *archived) ask(ctx context.Context, sql string, to ...any) error {
	conn, err := pgx.Connect(ctx, s.url())
	if err != nil {
		return err
	}
	defer conn.Close(ctx)
	return conn.QueryRow(ctx, sql).Scan(to...)
}

// destroy is the loss of the machine: every process killed, the data folder gone.
func (s *archived) destroy() error {
	children, err := lab.Children(s.process.PID)
	if err != nil {
		return err
	}
	s.process.Kill()
	for _, pid := range children {
		if err := syscall.Kill(pid, syscall.SIGKILL); err != nil && !errors.Is(err, syscall.ESRCH) {
			return fmt.Errorf("kill process %d: %w", pid, err)
		}
	}
	for _, lost := range []string{s.data(), filepath.Join(s.dir, "spool", "archive")} {
		if err := removeAll(lost); err != nil {
			return err
		}
	}
	return lab.Folder(s.data()) // of the machine that takes its place
}

// removeAll removes a folder into which a process that is being killed may write for a moment.
func removeAll(folder string) error {
	for try := 0; ; try++ {
		err := os.RemoveAll(folder)
		if err == nil || try == 50 {
			return err
		}
		time.Sleep(100 * time.Millisecond)
	}
}

// stop ends the server as an operator does, so that its data folder is whole.
func (s *archived) stop() {
	if s.process != nil {
		s.process.Signal(syscall.SIGINT) // fast: nobody is waited for
		s.process.Stop()
	}
}

// checksums verifies every page of the stopped server.
func (s *archived) checksums(ctx context.Context) error {
	_, err := s.run(ctx, filepath.Join(s.programs, "pg_checksums"), "--check", "-D", s.data())
	return err
}

// backups are the labels and kinds of what the repository holds, and whether it is encrypted.
func (s *archived) backups(ctx context.Context) (list []string, cipher string, err error) {
	out, err := s.run(ctx, s.pgbackrest, "--config="+s.config(), "--stanza="+stanza, "info", "--output=json")
	if err != nil {
		return nil, "", err
	}
	var info []struct {
		Cipher string
		Backup []struct {
			Label, Type string
			Error       bool
		}
	}
	if err := json.Unmarshal(out, &info); err != nil || len(info) != 1 {
		return nil, "", fmt.Errorf("read what the repository holds: %d stanzas, %w", len(info), err)
	}
	for _, b := range info[0].Backup {
		if b.Error {
			return nil, "", fmt.Errorf("backup %s holds damaged pages", b.Label)
		}
		list = append(list, b.Type+" "+b.Label)
	}
	return list, info[0].Cipher, nil
}
