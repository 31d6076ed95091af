package main

import (
	"context"
	"errors"
	"net"
	"net/http"
	"net/netip"

	"wenji/internal/metrics"
	"wenji/internal/postgres"
)

// listenMetrics takes the port of the metrics; nil where none is set.
func listenMetrics(address string) (net.Listener, error) {
	if address == "" {
		return nil, nil
	}
	return listen(address)
}

// serveMetrics answers on the listener of the metrics until ctx ends, which is after the last request was answered.
func (p *portal) serveMetrics(ctx context.Context) {
	listener := p.metrics
	if listener == nil {
		return
	}
	log := p.config.log
	log.Info("serving metrics", "address", listener.Addr().String())
	if address, err := netip.ParseAddrPort(listener.Addr().String()); err == nil && !address.Addr().IsLoopback() {
		log.Warn("metrics can be read from other machines: let the firewall admit the monitoring alone", "address", address.String())
	}
	version, revision := buildVersion()
	pools := map[string]*postgres.DB{"pages": p.db, "submit": p.submit, "export": p.export}
	if p.standby != nil {
		pools["standby"] = p.standby.DB
	}
	server := metrics.Server(metrics.Sources{
		Version: version, Revision: revision,
		Requests: p.server.Requests,
		Pages:    p.server.PageCounts,
		Pools:    pools,
		Standby:  p.standby,
		DB:       p.db,
		Comments: p.server.Comments,
		Captcha:  p.server.Captcha,
		Reports:  p.server.Reports,
	})
	ended := context.AfterFunc(ctx, func() { server.Close() })
	defer ended()
	if err := server.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
		log.Error("metrics are not served any more", "error", err)
	}
}
