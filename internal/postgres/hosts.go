package postgres

import (
	"context"
	"net"
	"slices"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

const (
	// connectTimeout is for one server. Of three that an address names two may hang, and a request, which may take five
	// seconds, still gets its connection.
	connectTimeout = 1500 * time.Millisecond
	// pongWait is how long an idle connection may take to show that it is alive before it is thrown away.
	pongWait = time.Second
	// partingWait is for taking leave of a server: for it to take a request to cancel, and to close. One that hangs would
	// otherwise keep the connection's place in the pool for fifteen seconds.
	partingWait = 500 * time.Millisecond
	writableKey = "writable"
)

// hosts remembers of the servers that an address names which one let us in last and which one was last left because it
// did not answer, so that each new connection does not wait for a server that hangs. It only decides who is asked first.
type hosts struct {
	sync.Mutex
	last, avoid string // host:port as connected to
}

// sort puts the server that let us in last first, and the one that did not answer last.
func (h *hosts) sort(ctx context.Context, cc *pgx.ConnConfig) error {
	if len(cc.Fallbacks) == 0 {
		return nil
	}
	h.Lock()
	last, avoid := h.last, h.avoid
	h.Unlock()
	all := append([]*pgconn.FallbackConfig{{Host: cc.Host, Port: cc.Port, TLSConfig: cc.TLSConfig}}, cc.Fallbacks...)
	rank := make(map[*pgconn.FallbackConfig]int, len(all))
	for _, f := range all {
		switch {
		case isAt(ctx, cc, f, avoid):
			rank[f] = 1
		case isAt(ctx, cc, f, last):
			rank[f] = -1
		}
	}
	slices.SortStableFunc(all, func(a, b *pgconn.FallbackConfig) int { return rank[a] - rank[b] })
	cc.Host, cc.Port, cc.TLSConfig, cc.Fallbacks = all[0].Host, all[0].Port, all[0].TLSConfig, all[1:]
	return nil
}

// isAt tells whether a server of the address is the one at host:port as connected to.
func isAt(ctx context.Context, cc *pgx.ConnConfig, f *pgconn.FallbackConfig, at string) bool {
	if at == "" {
		return false
	}
	ips, err := cc.LookupFunc(ctx, f.Host)
	if err != nil {
		return false // it cannot be reached by that name now; the attempt to connect says so
	}
	return slices.ContainsFunc(ips, func(ip string) bool {
		_, address := pgconn.NetworkAddress(ip, f.Port)
		return address == at
	})
}

// connected notes the server of a new connection, and whether that takes writes.
func (h *hosts) connected(conn *pgconn.PgConn) {
	at := conn.Conn().RemoteAddr().String()
	h.Lock()
	defer h.Unlock()
	h.last = at
	if h.avoid == at {
		h.avoid = ""
	}
	if !readOnly(conn) {
		conn.CustomData()[writableKey] = true
	}
}

// fit tells whether a pooled connection may be used: not when its server took writes once and no longer does.
func fit(_ context.Context, conn *pgx.Conn) (bool, error) {
	c := conn.PgConn()
	return c.CustomData()[writableKey] == nil || !readOnly(c), nil
}

// readOnly is what the server last said of itself, without being asked.
func readOnly(conn *pgconn.PgConn) bool {
	return conn.ParameterStatus("in_hot_standby") == "on" || conn.ParameterStatus("default_transaction_read_only") == "on"
}

// dial connects. A dial that has more time than connecting has is pgx's, to cancel a statement that took too long; a
// server that does not answer that either is asked last from now on.
func (h *hosts) dial(ctx context.Context, network, address string) (net.Conn, error) {
	deadline, limited := ctx.Deadline()
	cancels := limited && time.Until(deadline) > connectTimeout
	if cancels {
		h.Lock()
		h.avoid = address
		h.Unlock()
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, partingWait)
		defer cancel()
	}
	var d net.Dialer
	conn, err := d.DialContext(ctx, network, address)
	if err != nil {
		return nil, err
	}
	if cancels {
		return conn, conn.SetDeadline(time.Now().Add(partingWait))
	}
	return parting{conn}, nil
}

// parting is a connection that does not wait long for its end: pgx sets a time in the future only then.
type parting struct{ net.Conn }

func (c parting) SetDeadline(t time.Time) error {
	if most := time.Now().Add(partingWait); t.After(most) {
		t = most
	}
	return c.Conn.SetDeadline(t)
}
