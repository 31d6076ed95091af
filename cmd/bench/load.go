package main

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// client is one keep-alive connection, with a fraction of the cost of net/http's client: on two processors the load
// generator must not become what is measured.
type client struct {
	address string
	conn    net.Conn
	in      *bufio.Reader
	stop    func() bool // watching for the end of the run
}

// dial connects. When ctx ends, what waits for an answer fails, however long the server would have been silent.
func dial(ctx context.Context, address string) (*client, error) {
	var d net.Dialer
	conn, err := d.DialContext(ctx, "tcp", address)
	if err != nil {
		return nil, err
	}
	stop := context.AfterFunc(ctx, func() { conn.SetDeadline(time.Unix(1, 0)) })
	return &client{address, conn, bufio.NewReaderSize(conn, 32<<10), stop}, nil
}

// answer is a response, its body unpacked.
type answer struct {
	status int
	header http.Header
	body   []byte
	size   int // of the body on the wire
}

// raw sends a whole request and reads the whole response, the body as it travels.
func (c *client) raw(request []byte) (answer, error) {
	if _, err := c.conn.Write(request); err != nil {
		return answer{}, err
	}
	r, err := http.ReadResponse(c.in, nil)
	if err != nil {
		return answer{}, err
	}
	defer r.Body.Close()
	body, err := io.ReadAll(r.Body)
	return answer{status: r.StatusCode, header: r.Header, body: body, size: len(body)}, err
}

// do is raw with the body unpacked.
func (c *client) do(request []byte) (answer, error) {
	a, err := c.raw(request)
	if err != nil || a.header.Get("Content-Encoding") != "gzip" {
		return a, err
	}
	z, err := gzip.NewReader(bytes.NewReader(a.body))
	if err != nil {
		return a, err
	}
	a.body, err = io.ReadAll(z)
	return a, err
}

// status sends a request whose response has no body, and reads its head alone.
func (c *client) status(request []byte) (int, error) {
	if _, err := c.conn.Write(request); err != nil {
		return 0, err
	}
	status := 0
	for {
		line, err := c.in.ReadSlice('\n')
		if err != nil {
			return 0, err
		}
		name, value, _ := bytes.Cut(bytes.TrimSpace(line), []byte(" "))
		switch {
		case status == 0:
			if status, err = strconv.Atoi(string(value[:min(len(value), 3)])); err != nil {
				return 0, fmt.Errorf("status line not understood: %w", err)
			}
		case len(name) == 0:
			return status, nil
		case string(name) == "Content-Length:" && string(value) != "0":
			return status, fmt.Errorf("status %d, with a body", status)
		}
	}
}

// skip sends a request and passes over its response, which must be a 200 that tells its length: the cheapest way to load a
// page.
func (c *client) skip(request []byte) error {
	if _, err := c.conn.Write(request); err != nil {
		return err
	}
	length := -1
	for first := true; ; first = false {
		line, err := c.in.ReadSlice('\n')
		if err != nil {
			return err
		}
		line = bytes.TrimSpace(line)
		value, isLength := bytes.CutPrefix(line, []byte("Content-Length: "))
		switch {
		case first && !bytes.HasPrefix(line, []byte("HTTP/1.1 200")):
			return fmt.Errorf("answer %.12q", line)
		case isLength:
			if length, err = strconv.Atoi(string(value)); err != nil {
				return fmt.Errorf("length not understood: %w", err)
			}
		case len(line) == 0 && length < 0:
			return errors.New("an answer without a length")
		case len(line) == 0:
			_, err := c.in.Discard(length)
			return err
		}
	}
}

func (c *client) close() {
	c.stop()
	c.conn.Close()
}

// get is a page request as a browser sends it.
func get(address, path string, headers ...string) []byte {
	return []byte("GET " + path + " HTTP/1.1\r\nHost: " + address + "\r\nAccept-Encoding: gzip\r\n" + lines(headers) + "\r\n")
}

// post is a form as a browser sends it from a page of the site itself.
func post(address, path, form string, headers ...string) []byte {
	return []byte("POST " + path + " HTTP/1.1\r\nHost: " + address + "\r\nAccept-Encoding: gzip\r\nOrigin: http://" + address +
		"\r\nSec-Fetch-Site: same-origin\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: " +
		fmt.Sprint(len(form)) + "\r\n" + lines(headers) + "\r\n" + form)
}

func lines(headers []string) string {
	var b strings.Builder
	for _, h := range headers {
		b.WriteString(h + "\r\n")
	}
	return b.String()
}

// outcome of a load.
type outcome struct {
	done    int
	took    time.Duration
	latency []float64 // ms
}

func (o outcome) rate() float64 { return rate(o.done, o.took) }

// load has workers do n steps between them, each with a connection of its own; it ends early after limit. interval, if
// not zero, spaces the steps' beginnings, and a step's latency then counts from when it was due.
func load(ctx context.Context, address string, workers, n int, limit, interval time.Duration,
	step func(c *client, i int) error) (outcome, error) {
	clients := make([]*client, workers)
	for i := range clients {
		c, err := dial(ctx, address)
		if err != nil {
			return outcome{}, err
		}
		defer c.close()
		clients[i] = c
	}
	var next atomic.Int64
	var all sync.WaitGroup
	var mu sync.Mutex
	var first error
	var o outcome
	began := time.Now()
	for _, c := range clients {
		all.Go(func() {
			times, err := work(ctx, c, &next, n, began, limit, interval, step)
			mu.Lock()
			defer mu.Unlock()
			o.latency = append(o.latency, times...)
			if err != nil && first == nil {
				first = err
			}
		})
	}
	all.Wait()
	o.took, o.done = time.Since(began), len(o.latency)
	if first == nil && o.done == 0 {
		first = fmt.Errorf("nothing was done within %s", limit)
	}
	return o, first
}

func work(ctx context.Context, c *client, next *atomic.Int64, n int, began time.Time, limit, interval time.Duration,
	step func(c *client, i int) error) (times []float64, err error) {
	for ctx.Err() == nil && time.Since(began) < limit {
		i := int(next.Add(1)) - 1
		if i >= n {
			break
		}
		from := time.Now()
		if interval > 0 {
			from = began.Add(time.Duration(i) * interval)
			time.Sleep(time.Until(from))
		}
		if err := step(c, i); err != nil {
			return times, err
		}
		times = append(times, millis(time.Since(from)))
	}
	return times, ctx.Err()
}
