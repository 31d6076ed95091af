package postgres_test

import (
	"context"
	"net"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"wenji/internal/postgres"
	"wenji/internal/postgres/pgtest"
)

// host is another way to a real server, one that can hang as a frozen machine does: it takes connections, and nothing
// comes back.
type host struct {
	listener net.Listener
	network  string
	server   string

	mu      sync.Mutex
	hangs   bool
	dialled int
	open    []net.Conn
}

func newHost(t *testing.T, databaseURL string) *host {
	t.Helper()
	cfg, err := pgconn.ParseConfig(databaseURL)
	if err != nil {
		t.Fatal(err)
	}
	h := &host{}
	h.network, h.server = pgconn.NetworkAddress(cfg.Host, cfg.Port)
	if h.listener, err = net.Listen("tcp", "127.0.0.1:0"); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		h.listener.Close()
		h.mu.Lock()
		defer h.mu.Unlock()
		for _, c := range h.open {
			c.Close()
		}
	})
	go func() {
		for {
			conn, err := h.listener.Accept()
			if err != nil {
				return
			}
			h.mu.Lock()
			h.dialled++
			h.open = append(h.open, conn)
			hangs := h.hangs
			h.mu.Unlock()
			if !hangs {
				go h.pass(conn)
			}
		}
	}()
	return h
}

// pass carries bytes both ways until one side ends, or as long as the host does not hang.
func (h *host) pass(conn net.Conn) {
	server, err := net.Dial(h.network, h.server)
	if err != nil {
		conn.Close()
		return
	}
	h.mu.Lock()
	h.open = append(h.open, server)
	h.mu.Unlock()
	carry := func(to, from net.Conn) {
		buffer := make([]byte, 32<<10)
		for {
			n, err := from.Read(buffer)
			h.mu.Lock()
			hangs := h.hangs
			h.mu.Unlock()
			if hangs {
				return
			}
			if _, e := to.Write(buffer[:n]); err != nil || e != nil {
				to.Close()
				return
			}
		}
	}
	go carry(server, conn)
	carry(conn, server)
}

func (h *host) hang() {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.hangs = true
}

func (h *host) attempts() int {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.dialled
}

// byHosts is the address of a database through several hosts.
func byHosts(t *testing.T, databaseURL string, addresses ...string) string {
	t.Helper()
	u, err := url.Parse(databaseURL)
	if err != nil {
		t.Fatal(err)
	}
	u.Host = strings.Join(addresses, ",")
	q := u.Query()
	q.Del("host")
	q.Del("port")
	q.Set("target_session_attrs", "read-write")
	q.Set("sslmode", "disable")
	u.RawQuery = q.Encode()
	return u.String()
}

func (h *host) address() string { return h.listener.Addr().String() }

func closedPort(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}

// request is an act with the time that the portal gives one.
func request(t *testing.T, db *postgres.DB, limit time.Duration, sql string) error {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), limit)
	defer cancel()
	return db.InTx(ctx, func(tx pgx.Tx) error {
		_, err := tx.Exec(ctx, sql)
		return err
	})
}

const whole = 10 * time.Second // more than any of these takes, less than pgx would wait for a server that hangs

func TestAServerThatIsDownIsPassedOver(t *testing.T) {
	real := pgtest.Empty(t)
	address := byHosts(t, real, closedPort(t), newHost(t, real).address())
	if n, err := postgres.Migrate(context.Background(), address, silent); err != nil || n == 0 {
		t.Fatalf("migrated %d, %v", n, err)
	}
	if err := request(t, open(t, address, postgres.Options{}), whole, `DELETE FROM tries`); err != nil {
		t.Error(err)
	}
}

func TestAServerThatHangsHoldsUpOneAttemptOnly(t *testing.T) {
	real := pgtest.URL(pgtest.New(t))
	frozen, alive := newHost(t, real), newHost(t, real)
	frozen.hang()
	db := open(t, byHosts(t, real, frozen.address(), alive.address()), postgres.Options{})
	for range 3 {
		if err := request(t, db, whole, `DELETE FROM tries`); err != nil {
			t.Error(err)
		}
		db.Reset()
	}
	if got := frozen.attempts(); got != 1 {
		t.Errorf("the server that hangs was asked %d times, want once", got)
	}
	if got := alive.attempts(); got != 3 {
		t.Errorf("the other one was asked %d times, want 3", got)
	}
}

func TestTwoServersThatHangLeaveARequestItsTime(t *testing.T) {
	real := pgtest.URL(pgtest.New(t))
	one, two, alive := newHost(t, real), newHost(t, real), newHost(t, real)
	one.hang()
	two.hang()
	db := open(t, byHosts(t, real, one.address(), two.address(), alive.address()), postgres.Options{})
	if err := request(t, db, whole, `DELETE FROM tries`); err != nil {
		t.Error(err)
	}
}

func TestThePoolLeavesAPrimaryThatHangs(t *testing.T) {
	real := pgtest.URL(pgtest.New(t))
	old, fresh := newHost(t, real), newHost(t, real)
	db := open(t, byHosts(t, real, old.address(), fresh.address()), postgres.Options{MaxConns: 1})
	if err := request(t, db, whole, `DELETE FROM tries`); err != nil {
		t.Fatal(err)
	}
	old.hang()
	if err := request(t, db, 50*time.Millisecond, `DELETE FROM tries`); !postgres.Unavailable(err) {
		t.Errorf("request to the primary that hangs = %v, want an unavailable database", err)
	}
	// Its only connection has no place any more; the next request is served whole.
	if err := request(t, db, whole, `DELETE FROM tries`); err != nil {
		t.Errorf("request after it: %v", err)
	}
	if fresh.attempts() == 0 {
		t.Error("the new primary was not asked")
	}
}

func TestAnIdleConnectionThatHangsDoesNotCostTheRequest(t *testing.T) {
	real := pgtest.URL(pgtest.New(t))
	old, fresh := newHost(t, real), newHost(t, real)
	db := open(t, byHosts(t, real, old.address(), fresh.address()), postgres.Options{MaxConns: 2})
	if err := request(t, db, whole, `DELETE FROM tries`); err != nil {
		t.Fatal(err)
	}
	old.hang()
	for db.Stat().IdleConns() == 0 { // it comes back in the background
	}
	time.Sleep(1100 * time.Millisecond) // pgx asks a connection whether it lives once it has been idle for a second
	if err := request(t, db, whole, `DELETE FROM tries`); err != nil {
		t.Error(err)
	}
}

func TestAConnectionWhoseServerNoLongerTakesWritesIsGivenUp(t *testing.T) {
	ctx := context.Background()
	real := pgtest.New(t)
	db := open(t, pgtest.URL(real), postgres.Options{MaxConns: 1})
	backend := func() (pid int) {
		if err := db.QueryRow(ctx, `SELECT pg_backend_pid()`).Scan(&pid); err != nil {
			t.Fatal(err)
		}
		return pid
	}
	before := backend()
	// As on a server whose operator has ended writing: this one says so to the connection alone.
	if _, err := db.Exec(ctx, `SET default_transaction_read_only = on`); err != nil {
		t.Fatal(err)
	}
	if backend() == before {
		t.Error("the connection was used again")
	}
	if _, err := db.Exec(ctx, `DELETE FROM tries`); err != nil {
		t.Errorf("a write without a transaction of ours: %v", err)
	}
}

func TestAPoolThatOnlyReadsKeepsItsConnection(t *testing.T) {
	ctx := context.Background()
	db := open(t, with(t, pgtest.URL(pgtest.New(t)), "default_transaction_read_only", "on"), postgres.Options{MaxConns: 1})
	pids := make(map[int]bool)
	for range 3 {
		var pid int
		if err := db.QueryRow(ctx, `SELECT pg_backend_pid()`).Scan(&pid); err != nil {
			t.Fatal(err)
		}
		pids[pid] = true
	}
	if len(pids) != 1 {
		t.Errorf("%d connections were made, want 1", len(pids))
	}
}
