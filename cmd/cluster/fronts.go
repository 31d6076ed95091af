package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
	"text/template"

	"wenji/internal/lab"

	"github.com/jackc/pgx/v5"
)

// haproxyConfig has three fronts. The portal's is that of docs/deploy/haproxy.cfg without what concerns the outer world:
// any replica that is ready, without stickiness; what only reads may be sent again to another one when one is lost, a form
// never, because its outcome is not known; while no replica is ready, those that live answer with what they have in
// memory and say honestly what does not work. PostgreSQL's fronts ask each Patroni who is what.
var haproxyConfig = template.Must(template.New("haproxy").Parse(`global
  maxconn 4000
  log stderr format raw daemon notice

defaults web
  mode http
  log global
  timeout connect 1s
  timeout client 30s
  timeout server 30s
  timeout queue 5s
  timeout http-request 10s
  retries 2
  option redispatch 1
  retry-on conn-failure empty-response
  default-server inter 500ms fastinter 250ms fall 2 rise 1
  http-error status 502 content-type "text/html; charset=utf-8" file {{.Page}} hdr Cache-Control no-store hdr Retry-After 30
  http-error status 503 content-type "text/html; charset=utf-8" file {{.Page}} hdr Cache-Control no-store hdr Retry-After 30
  http-error status 504 content-type "text/html; charset=utf-8" file {{.Page}} hdr Cache-Control no-store hdr Retry-After 30

frontend web from web
  bind {{.Web}}
  option forwardfor
  acl reads method GET HEAD
  http-request disable-l7-retry unless reads
  use_backend alive if { nbsrv(read) eq 0 }
  use_backend read if reads
  default_backend write

backend read from web
  balance leastconn
  option httpchk GET /readyz
{{range .Portals}}  server {{.Name}} {{.Address}} check
{{end}}
backend write from web
  balance leastconn
  http-reuse never
{{range .Portals}}  server {{.Name}} {{.Address}} track read/{{.Name}}
{{end}}
backend alive from web
  balance leastconn
  http-reuse never
  option httpchk GET /healthz
{{range .Portals}}  server {{.Name}} {{.Address}} check
{{end}}
defaults database
  log global
  mode tcp
  timeout connect 1s
  timeout client 1h
  timeout server 1h
  default-server inter 1s fastinter 500ms downinter 500ms fall 2 rise 1 on-marked-down shutdown-sessions

listen primary from database
  bind {{.Primary}}
  option httpchk OPTIONS /primary
{{range .Nodes}}  server {{.Name}} {{.Address}} check addr 127.0.0.1 port {{.Port}}
{{end}}
listen standbys from database
  bind {{.Standbys}}
  balance leastconn
  option httpchk OPTIONS /replica
{{range .Nodes}}  server {{.Name}} {{.Address}} check addr 127.0.0.1 port {{.Port}}
{{end}}`))

// bouncerConfig is PgBouncer's, for programs that connect anew for each act: a connection through it costs the primary a
// fraction of one of its own. The portal does not use it: its pools keep their connections, so PgBouncer would spare it
// nothing, and cost it prepared statements, LISTEN, its role and its statement_timeout, which belong to a connection for
// good. Settings that a client asks for when it connects are refused here rather than lost.
const bouncerConfig = `[databases]
wenji = host=127.0.0.1 port=%s
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = %s
unix_socket_dir =
auth_type = scram-sha-256
auth_file = %s
pool_mode = transaction
default_pool_size = 16
max_client_conn = 500
query_wait_timeout = 5
server_connect_timeout = 2
server_login_retry = 1
`

type server struct{ Name, Address, Port string }

func (c *cluster) renderHAProxy() (string, error) {
	var portals, nodes []server
	for _, r := range c.replicas {
		portals = append(portals, server{Name: r.name, Address: r.address})
	}
	for _, n := range c.nodes {
		nodes = append(nodes, server{n.name, n.address, port(n.api)})
	}
	var text strings.Builder
	err := haproxyConfig.Execute(&text, struct {
		Web, Page, Primary, Standbys string
		Portals, Nodes               []server
	}{c.balancer, c.unavailable(), c.toPrimary, c.toStandbys, portals, nodes})
	return text.String(), err
}

// unavailable is HAProxy's own page, for when no replica answers.
func (c *cluster) unavailable() string { return filepath.Join(c.dir, "haproxy", "unavailable.html") }

// writeUnavailable copies it from where it is kept for real sites.
func (c *cluster) writeUnavailable(ctx context.Context) error {
	module, err := lab.Output(ctx, nil, "go", "list", "-m", "-f", "{{.Dir}}")
	if err != nil {
		return err
	}
	page, err := os.ReadFile(filepath.Join(strings.TrimSpace(module), "docs", "deploy", "unavailable.html"))
	if err != nil {
		return err
	}
	return c.write(c.unavailable(), string(page))
}

func (c *cluster) renderBouncer() string {
	return fmt.Sprintf(bouncerConfig, port(c.toPrimary), port(c.bouncer), c.bouncerUsers())
}

func (c *cluster) bouncerUsers() string { return filepath.Join(c.dir, "pgbouncer", "users") }

// port of an address of ours.
func port(address string) string {
	_, p, _ := net.SplitHostPort(address) // written by FreeAddresses
	return p
}

// bouncerURL is the address of the database for what connects often and briefly. It serves no LISTEN, no SET that is to
// outlast its transaction, and no statement prepared by name.
func (c *cluster) bouncerURL() string {
	return fmt.Sprintf("postgres://wenji_portal:%s@%s/wenji?sslmode=disable&default_query_exec_mode=exec", c.secrets.portal, c.bouncer)
}

// standbysURL is WENJI_READ_DATABASE_URL: any standby.
func (c *cluster) standbysURL() string {
	return fmt.Sprintf("postgres://wenji_portal:%s@%s/wenji?sslmode=disable", c.secrets.portal, c.toStandbys)
}

// startFronts starts HAProxy and PgBouncer.
func (c *cluster) startFronts(ctx context.Context) error {
	text, err := c.renderHAProxy()
	if err != nil {
		return err
	}
	dir := filepath.Join(c.dir, "haproxy")
	file := filepath.Join(dir, "haproxy.cfg")
	if err := errors.Join(c.write(file, text), c.writeUnavailable(ctx)); err != nil {
		return err
	}
	path, err := lab.Tool("haproxy")
	if err != nil {
		return err
	}
	c.haproxy, err = lab.Command{Path: path, Args: []string{"-db", "-f", file}, Dir: dir, Log: filepath.Join(dir, "log"), Unprivileged: true}.Start()
	if err != nil {
		return err
	}
	return c.startBouncer(ctx)
}

func (c *cluster) startBouncer(ctx context.Context) error {
	dir := filepath.Join(c.dir, "pgbouncer")
	file := filepath.Join(dir, "pgbouncer.ini")
	if err := c.write(file, c.renderBouncer()); err != nil {
		return err
	}
	if err := c.write(c.bouncerUsers(), fmt.Sprintf("\"wenji_portal\" %q\n", c.secrets.portal)); err != nil {
		return err
	}
	path, err := lab.Tool("pgbouncer")
	if err != nil {
		return err
	}
	c.pooler, err = lab.Command{Path: path, Args: []string{file}, Dir: dir, Log: filepath.Join(dir, "log"), Unprivileged: true}.Start()
	if err != nil {
		return err
	}
	return c.pooler.Await(ctx, func(ctx context.Context) error { // it waits for HAProxy, which waits for Patroni's word
		conn, err := pgx.Connect(ctx, c.bouncerURL())
		if err != nil {
			return err
		}
		return conn.Close(ctx)
	})
}
