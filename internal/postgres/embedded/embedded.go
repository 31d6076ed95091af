//go:build linux

// Package embedded runs a private PostgreSQL server for `wenji demo` and for tests: a cluster of its own in a folder of
// yours, reached through a unix socket only.
package embedded

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/url"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"
)

const (
	databaseName = "wenji"
	superuser    = "postgres"
	port         = "5432"
	startTimeout = 10 * time.Minute // recovery after a crash may take minutes, and says so in the log
)

var (
	// ErrNotInstalled: no PostgreSQL server programs of version 14 or newer on this machine.
	ErrNotInstalled = errors.New("PostgreSQL server programs not found")
	// ErrRunning: another process already runs a server on this folder.
	ErrRunning = errors.New("already running")
	// ErrOtherVersion: the folder holds data of a PostgreSQL version that is not installed. Nothing was changed.
	ErrOtherVersion = errors.New("data of another PostgreSQL version")
)

// Config of a private server.
type Config struct {
	// DataDir is a folder for this server alone; it is made when missing. Under root the server runs as user postgres
	// or nobody, and where that user cannot enter DataDir the files go to a folder under /var/lib, named in the log, in
	// Server.DataDir and in the file DataDir/location.
	DataDir string
	// Log receives what an operator wants to know; nil is silent.
	Log *slog.Logger
	// Settings override server settings for this run; tests use them.
	Settings map[string]string
}

// Server is a running private server. It ends with this process, however that ends; when the server itself dies it is
// started again.
type Server struct {
	// DataDir is the folder really used: data/ is the cluster, postgres.log the server's log.
	DataDir string

	log      *slog.Logger
	programs programs
	account  account
	socket   string // folder of the socket
	settings map[string]string
	locks    []*os.File

	life     context.Context // ends when Stop is called
	end      context.CancelFunc
	stopOnce sync.Once
	stopCtx  context.Context // how long a clean shutdown may take; set before life ends
	stopErr  error           // set before finished is closed
	finished chan struct{}
}

// Start starts the server on cfg.DataDir, creating the cluster and an empty database first when there is none. It
// returns when the server answers. A second Start on the same folder fails with ErrRunning while the first one runs.
func Start(ctx context.Context, cfg Config) (_ *Server, err error) {
	ctx, cancel := context.WithTimeout(ctx, startTimeout)
	defer cancel()
	s := &Server{log: cfg.Log, settings: cfg.Settings, finished: make(chan struct{})}
	s.life, s.end = context.WithCancel(context.WithoutCancel(ctx))
	if s.log == nil {
		s.log = slog.New(slog.DiscardHandler)
	}
	defer func() {
		if err != nil {
			s.end()
			s.unlock()
		}
	}()
	if err := s.prepare(ctx, cfg.DataDir); err != nil {
		return nil, err
	}
	first, err := s.launch(ctx)
	if err != nil {
		return nil, err
	}
	go s.watch(first)
	if err := s.createDatabase(ctx); err != nil {
		return nil, errors.Join(err, s.Stop(context.WithoutCancel(ctx)))
	}
	return s, nil
}

// prepare does everything that is done once: who, where, with which programs, and the cluster itself.
func (s *Server) prepare(ctx context.Context, dataDir string) (err error) {
	if s.account, err = serverAccount(); err != nil {
		return err
	}
	if err := s.settle(dataDir); err != nil {
		return err
	}
	if s.programs, err = findPrograms(s.cluster()); err != nil {
		return err
	}
	if err := s.create(ctx); err != nil {
		return err
	}
	if s.socket, err = s.socketDir(); err != nil {
		return err
	}
	return s.writeAccess()
}

// URL is the address of the server's database, for postgres.Open and postgres.Migrate.
func (s *Server) URL() string { return s.address(databaseName) }

func (s *Server) address(database string) string {
	q := url.Values{"host": {s.socket}, "port": {port}, "user": {superuser}, "sslmode": {"disable"}}
	return "postgres:///" + database + "?" + q.Encode()
}

// Stop shuts the server down cleanly: open transactions are rolled back and everything committed is on disk. When ctx
// ends first, the server is stopped at once and recovers at its next start. Calling Stop again is harmless.
func (s *Server) Stop(ctx context.Context) error {
	s.stopOnce.Do(func() {
		s.stopCtx = ctx
		s.end()
	})
	<-s.finished
	return s.stopErr
}

// createDatabase makes the database on the first start; an interrupted first start is made good on the next.
func (s *Server) createDatabase(ctx context.Context) (err error) {
	conn, err := pgx.Connect(ctx, s.address("postgres"))
	if err != nil {
		return fmt.Errorf("connect to the new server: %w", err)
	}
	defer func() { err = errors.Join(err, conn.Close(ctx)) }()
	var there bool
	err = conn.QueryRow(ctx, `SELECT EXISTS (SELECT FROM pg_database WHERE datname = $1)`, databaseName).Scan(&there)
	if err == nil && !there {
		_, err = conn.Exec(ctx, `CREATE DATABASE `+databaseName)
	}
	if err != nil {
		return fmt.Errorf("create database %s: %w", databaseName, err)
	}
	return nil
}

func (s *Server) cluster() string { return filepath.Join(s.DataDir, "data") }
func (s *Server) logFile() string { return filepath.Join(s.DataDir, "postgres.log") }
