package backup

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"regexp"
	"strings"

	"wenji/internal/postgres/embedded"

	"github.com/jackc/pgx/v5/pgconn"
)

// program prepares pg_dump or pg_restore for the database at address: the password goes by the environment, where other
// users of the machine cannot read it.
func program(ctx context.Context, name string, serverMajor int, address string, args ...string) (*exec.Cmd, error) {
	path, err := embedded.Client(name, serverMajor)
	if err != nil {
		return nil, err
	}
	safe, password, err := withoutPassword(address)
	if err != nil {
		return nil, err
	}
	cmd := exec.CommandContext(ctx, path, append(args, "--dbname="+safe)...)
	cmd.Env = append(os.Environ(), "PGCONNECT_TIMEOUT=10", "PGAPPNAME=wenji backup")
	if password != "" {
		cmd.Env = append(cmd.Env, "PGPASSWORD="+password)
	}
	return cmd, nil
}

var errAddress = errors.New("the database address cannot be read")

var poolSetting = regexp.MustCompile(`(?:^|\s)(?:password|pool_\w+)\s*=\s*(?:'(?:[^'\\]|\\.)*'|\S*)`)

// withoutPassword is the address for PostgreSQL's own programs: without the password, and without settings that only this
// program knows.
func withoutPassword(address string) (safe, password string, err error) {
	cfg, err := pgconn.ParseConfig(address)
	if err != nil {
		return "", "", errAddress
	}
	if !strings.HasPrefix(address, "postgres://") && !strings.HasPrefix(address, "postgresql://") {
		return strings.TrimSpace(poolSetting.ReplaceAllString(address, "")), cfg.Password, nil
	}
	u, err := url.Parse(address)
	if err != nil {
		return "", "", errAddress
	}
	if u.User != nil {
		u.User = url.User(u.User.Username())
	}
	q := u.Query()
	for key := range q {
		if key == "password" || strings.HasPrefix(key, "pool_") {
			q.Del(key)
		}
	}
	u.RawQuery = q.Encode()
	return u.String(), cfg.Password, nil
}

// tail keeps the end of what a program says of its troubles.
type tail struct{ b []byte }

func (t *tail) Write(p []byte) (int, error) {
	t.b = append(t.b, p...)
	if over := len(t.b) - 2000; over > 0 {
		t.b = t.b[over:]
	}
	return len(p), nil
}

// failed words the failure of a program with what it said.
func (t *tail) failed(name string, err error) error {
	return fmt.Errorf("%s: %w: %s", name, err, strings.TrimSpace(string(t.b)))
}
