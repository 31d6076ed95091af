package main

import (
	"context"
	"fmt"
	"net"
	"path/filepath"
	"strings"
	"text/template"

	"wenji/internal/lab"

	"github.com/jackc/pgx/v5"
)

// haproxyConfig has three fronts. The portal's takes any replica that is ready, without stickiness; when none is, those
// that live still have pages in memory and say honestly what does not work. What was only read is read again from
// another replica when one is lost; a form never is, because its outcome is not known. PostgreSQL's fronts ask each
// Patroni who is what.
var haproxyConfig = template.Must(template.New("haproxy").Parse(`global
  maxconn 4000
  log stderr format raw daemon notice
defaults
  log global
  timeout connect 1s
  timeout client 30s
  timeout server 30s
  timeout queue 5s
  default-server inter 500ms fastinter 200ms downinter 500ms fall 2 rise 1

frontend web
  mode http
  bind {{.Web}}
  timeout http-request 10s
  option forwardfor
  use_backend alive if { nbsrv(portal) eq 0 }
  default_backend portal

backend portal
  mode http
  balance leastconn
  option redispatch
  retries 2
  retry-on conn-failure empty-response
  http-request disable-l7-retry unless METH_GET
  option httpchk
  http-check send meth GET uri /readyz
  http-check expect status 200
{{range .Portals}}  server {{.Name}} {{.Address}} check
{{end}}
backend alive
  mode http
  balance leastconn
  option redispatch
  retries 2
  option httpchk
  http-check send meth GET uri /healthz
  http-check expect status 200
{{range .Portals}}  server {{.Name}} {{.Address}} check
{{end}}
defaults
  log global
  mode tcp
  timeout connect 1s
  timeout client 1h
  timeout server 1h
  option httpchk
  http-check expect status 200
  default-server inter 1s fastinter 500ms downinter 500ms fall 2 rise 1 on-marked-down shutdown-sessions

listen primary
  bind {{.Primary}}
  http-check send meth OPTIONS uri /primary
{{range .Nodes}}  server {{.Name}} {{.Address}} check addr 127.0.0.1 port {{.Port}}
{{end}}
listen standbys
  bind {{.Standbys}}
  balance leastconn
  http-check send meth OPTIONS uri /replica
{{range .Nodes}}  server {{.Name}} {{.Address}} check addr 127.0.0.1 port {{.Port}}
{{end}}`))

// bouncerConfig is PgBouncer's. Parameters that a client sets when it connects would be lost from one transaction to the
// next; it is refused rather than served without its statement_timeout.
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
		Web, Primary, Standbys string
		Portals, Nodes         []server
	}{c.balancer, c.toPrimary, c.toStandbys, portals, nodes})
	return text.String(), err
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

// startFronts starts HAProxy and PgBouncer.
func (c *cluster) startFronts(ctx context.Context) error {
	text, err := c.renderHAProxy()
	if err != nil {
		return err
	}
	dir := filepath.Join(c.dir, "haproxy")
	file := filepath.Join(dir, "haproxy.cfg")
	if err := c.write(file, text); err != nil {
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
