package main

import (
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"wenji/internal/lab"
)

// planned is a cluster that is not started.
func planned(t *testing.T, o options) *cluster {
	t.Helper()
	c := &cluster{options: o}
	if err := c.prepare(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := c.close(); err != nil {
			t.Error(err)
		}
	})
	return c
}

func TestHAProxyTakesItsConfiguration(t *testing.T) {
	for _, o := range []options{{portals: 2}, {portals: mostPortals}} {
		c := planned(t, o)
		if err := c.writeUnavailable(t.Context()); err != nil {
			t.Fatal(err)
		}
		text, err := c.renderHAProxy()
		if err != nil {
			t.Fatal(err)
		}
		file := filepath.Join(c.dir, "haproxy", "haproxy.cfg")
		if err := c.write(file, text); err != nil {
			t.Fatal(err)
		}
		program, err := lab.Tool("haproxy")
		if err != nil {
			t.Fatal(err)
		}
		out, err := lab.Output(t.Context(), nil, program, "-c", "-f", file)
		if err != nil || strings.Contains(out, "WARNING") {
			t.Errorf("%d replicas: %v\n%s", o.portals, err, out)
		}
	}
}

// A commit must never be acknowledged by one server alone, unless that was asked for.
func TestCommitsWaitForAStandbyOrForNobody(t *testing.T) {
	for async, want := range map[bool]string{false: "true", true: "false"} {
		c := planned(t, options{portals: 2, async: async})
		text, err := c.renderPatroni(c.nodes[0], "/usr/lib/postgresql/15/bin")
		if err != nil {
			t.Fatal(err)
		}
		for _, setting := range []string{"synchronous_mode", "synchronous_mode_strict"} {
			m := regexp.MustCompile(`(?m)^ +` + setting + `: (\w+)$`).FindStringSubmatch(text)
			if m == nil || m[1] != want {
				t.Errorf("async %v: %s is %q, want %s", async, setting, m, want)
			}
		}
	}
}

func TestAPrimaryHasTimeToRenewItsKey(t *testing.T) {
	if loopWait+2*retryTimeout > ttl {
		t.Errorf("loop_wait %d + 2 × retry_timeout %d exceed ttl %d: Patroni would give up a healthy primary", loopWait, retryTimeout, ttl)
	}
}

func TestNoTwoProgramsShareAPort(t *testing.T) {
	c := planned(t, options{portals: mostPortals})
	all := []string{c.etcdClient, c.etcdPeer, c.balancer, c.toPrimary, c.toStandbys, c.bouncer}
	for _, n := range c.nodes {
		all = append(all, n.address, n.api)
	}
	for _, r := range c.replicas {
		all = append(all, r.address, r.metrics)
	}
	seen := make(map[string]bool)
	for _, address := range all {
		if address == "" || seen[address] {
			t.Errorf("address %q is nobody's or given twice", address)
		}
		seen[address] = true
	}
}
