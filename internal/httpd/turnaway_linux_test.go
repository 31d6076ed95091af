package httpd_test

import (
	"bufio"
	"context"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"wenji/internal/httpd"
)

// A form that was sent into a connection which the leaving replica has not accepted yet is answered. Who comes later gets no
// connection, so that the balancer knows that nothing was stored and goes elsewhere.
func TestWhoHasAConnectionWhenAReplicaLeavesIsAnswered(t *testing.T) {
	t.Parallel()
	listener, err := httpd.Listen("127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := listener.Addr().String()
	entered, goOn := make(chan struct{}), make(chan struct{})
	var first sync.Once
	server := &http.Server{
		Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { io.Copy(w, r.Body) }),
		ConnState: func(_ net.Conn, state http.ConnState) { // is called where connections are accepted
			if state == http.StateNew {
				first.Do(func() { close(entered); <-goOn })
			}
		},
	}
	ended := make(chan error, 1)
	go func() { ended <- server.Serve(listener) }()
	send(t, address, "first")
	<-entered
	waiting := send(t, address, "second") // nobody accepts it now
	left := make(chan error, 1)
	go func() {
		err := httpd.TurnAway(listener)
		if err == nil {
			err = server.Shutdown(context.Background())
		}
		left <- err
	}()
	waitFor(t, "newcomers to be turned away", func() bool {
		c, err := net.DialTimeout("tcp", address, 50*time.Millisecond)
		if err == nil {
			c.Close()
		}
		return err != nil
	})
	close(goOn)
	answer, err := http.ReadResponse(bufio.NewReader(waiting), nil)
	if err != nil {
		t.Fatalf("a form that had been sent was not answered: %v", err)
	}
	if body, err := io.ReadAll(answer.Body); err != nil || string(body) != "second" {
		t.Errorf("%q, %v; want the answer to the form", body, err)
	}
	if err := <-left; err != nil {
		t.Error(err)
	}
	if err := <-ended; err != http.ErrServerClosed {
		t.Error(err)
	}
}

// send posts a body over a connection of its own and does not wait for the answer.
func send(t *testing.T, address, body string) net.Conn {
	t.Helper()
	c, err := net.Dial("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	r, err := http.NewRequest(http.MethodPost, "http://"+address, strings.NewReader(body))
	if err == nil {
		r.Close = true
		err = r.Write(c)
	}
	if err != nil {
		t.Fatal(err)
	}
	return c
}
