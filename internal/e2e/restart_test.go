package e2e

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"sync"
	"syscall"
	"testing"
	"time"
)

// Each replica is replaced in turn while people read and send: nobody sees an error. HAProxy asks for readiness; nginx, which
// does not, sends people to a replica until it refuses them.
func TestReplicasAreRestartedInTurnUnderLoad(t *testing.T) {
	for balancer, n := range map[string]int{"haproxy": 3, "nginx": 2} {
		t.Run(balancer, func(t *testing.T) { startFleet(t, balancer, n).restartInTurn() })
	}
}

func (f *fleet) restartInTurn() {
	t := f.t
	sealed := make([]string, 4)
	for i := range sealed {
		c := citizen(t)
		r, err := c.Get(f.base + comments + "/new")
		form, _ := f.answer(200, r, err)
		r, err = c.PostForm(f.base+comments+"/check", filledIn(t, form, fmt.Sprintf("换班时的意见%d，%s", i, f.base)))
		check, _ := f.answer(200, r, err)
		sealed[i] = check.Find("[name=sealed]").First().AttrOr("value", "")
	}
	ctx, stop := context.WithCancel(t.Context())
	var loading sync.WaitGroup
	var done sync.Map // replica → true
	for i := range 8 {
		loading.Go(func() { f.load(ctx, sealed[i%len(sealed)], i%2 == 0, &done) })
	}
	for _, r := range f.replicas {
		r.Stop()
		p, err := r.Command.Start()
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(p.Stop)
		r.Process = p
		if err := p.AwaitOK(ctx, "http://"+r.address+"/readyz"); err != nil {
			t.Fatal(err)
		}
		f.awaitAnswerOf(ctx, r.address)
	}
	stop()
	loading.Wait()
	if n := size(&done); n != len(f.replicas) {
		t.Errorf("%d replicas answered, want %d", n, len(f.replicas))
	}
}

// Before a replica takes no more connections it says so, and serves whoever is sent until a balancer can have heard it.
func TestAReplicaThatLeavesSaysSoFirst(t *testing.T) {
	r := startFleet(t, "haproxy", 1).replicas[0]
	direct := &fleet{t: t, base: "http://" + r.address} // as by a balancer that asks now and then and sends nothing twice
	ctx, heard := context.WithCancel(t.Context())
	var visiting sync.WaitGroup
	for range 4 {
		visiting.Go(func() { direct.load(ctx, "", true, &sync.Map{}) })
	}
	if err := r.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	asking := &http.Client{Timeout: 30 * time.Second, Transport: &http.Transport{DisableKeepAlives: true}}
	for ready := true; ready; {
		answer, err := asking.Get(direct.base + "/readyz")
		if err != nil {
			t.Errorf("a replica ends without having said so: %v", err)
			break
		}
		answer.Body.Close()
		ready = answer.StatusCode == http.StatusOK
	}
	heard()
	visiting.Wait()
	r.Stop()
}

// load sends one request after the other, a page or a sealed form, and fails the test at any answer but the right one.
func (f *fleet) load(ctx context.Context, sealed string, reading bool, done *sync.Map) {
	client := &http.Client{Timeout: 30 * time.Second, Transport: &http.Transport{}, CheckRedirect: func(*http.Request, []*http.Request) error {
		return http.ErrUseLastResponse
	}}
	defer client.CloseIdleConnections()
	for ctx.Err() == nil {
		want := http.StatusSeeOther
		var r *http.Response
		var err error
		if reading {
			want = http.StatusOK
			r, err = client.Get(f.base + "/consultations/" + sampleID)
		} else {
			r, err = client.PostForm(f.base+comments, url.Values{"sealed": {sealed}})
		}
		if err != nil {
			f.t.Error(err)
			return
		}
		_, err = io.Copy(io.Discard, r.Body)
		r.Body.Close()
		if err != nil || r.StatusCode != want {
			f.t.Errorf("%s answered %d (%v), want %d", r.Request.Method, r.StatusCode, err, want)
			return
		}
		done.Store(replicaOf(r), true)
	}
}

// awaitAnswerOf asks until the balancer sends people to a replica again.
func (f *fleet) awaitAnswerOf(ctx context.Context, address string) {
	f.t.Helper()
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	for ctx.Err() == nil {
		r, err := http.Get(f.base + "/healthz")
		if err != nil {
			f.t.Fatal(err)
		}
		r.Body.Close()
		if replicaOf(r) == address {
			return
		}
	}
	f.t.Fatalf("the balancer sends nobody to %s", address)
}
