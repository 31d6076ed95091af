package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strconv"

	"wenji/internal/lab"

	"github.com/go-chi/chi/v5"
)

// bareCommand is the first argument with which the bench starts itself as the server that the portal is compared with.
const bareCommand = "serve-bare"

const (
	bareTag       = `"bare"`
	notModifiedIf = "If-None-Match: "
)

// serveBare answers with the bytes of a file from memory, or with an empty 304 to who has them, by net/http and chi with the
// least that makes a right response: what is left of a request's cost is not the portal's.
func serveBare(address, file string) error {
	body, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	listener, err := net.Listen("tcp", address)
	if err != nil {
		return err
	}
	kind, coding, size, tag := []string{"text/html; charset=utf-8"}, []string{"gzip"}, []string{strconv.Itoa(len(body))}, []string{bareTag}
	r := chi.NewRouter()
	r.Get(noticePath, func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h["Etag"] = tag
		if match := r.Header["If-None-Match"]; len(match) > 0 && match[0] == bareTag {
			w.WriteHeader(http.StatusNotModified)
			return
		}
		h["Content-Type"], h["Content-Encoding"], h["Content-Length"] = kind, coding, size
		w.Write(body) // an error here means that the client has gone
	})
	return http.Serve(listener, r)
}

// startBare runs serveBare with the portal's own page in a process like the portal's: one processor, as seldom collected.
func (l *bench) startBare(ctx context.Context, portal string) (*lab.Process, string, error) {
	packed, err := packedBytes(ctx, portal)
	if err != nil {
		return nil, "", err
	}
	file := filepath.Join(l.dir, "bare.html.gz")
	if err := os.WriteFile(file, packed, 0o644); err != nil {
		return nil, "", err
	}
	self, err := os.Executable()
	if err != nil {
		return nil, "", err
	}
	address, err := lab.FreeAddress()
	if err != nil {
		return nil, "", err
	}
	command := lab.Command{Path: self, Args: []string{bareCommand, address, file}, Pinned: true,
		Env: []string{"PATH=" + os.Getenv("PATH"), "GOMAXPROCS=1", "GOGC=400"}}
	p, err := command.Start()
	if err != nil {
		return nil, "", err
	}
	if err := p.AwaitOK(ctx, "http://"+address+noticePath); err != nil {
		p.Stop()
		return nil, "", err
	}
	return p, address, nil
}

// reportUnchanged adds what an empty 304 saves: to the portal, and to servers that do nothing besides.
func reportUnchanged(t *table, r runs) {
	row := func(what, name, whole string, judged func(ratio float64) (bar string, v verdict)) {
		ratio := r.median(name+" rate") / r.median(whole+" rate")
		bar, v := judged(ratio)
		t.add(what, amount(r.median(name+" rate"))+" req/s", "its own 200: "+amount(r.median(whole+" rate")), fmt.Sprintf("%.2f", ratio), bar, v)
		t.add("its processor time a request", amount(r.median(name+" cpu"))+" µs", "its own 200: "+amount(r.median(whole+" cpu"))+" µs",
			fmt.Sprintf("%.2f", r.median(whole+" cpu")/r.median(name+" cpu")), "", noBar)
	}
	row("notice page unchanged (304)", "unchanged", "page", func(ratio float64) (string, verdict) { return "≥ 1.40", judge(ratio >= 1.4) })
	none := func(float64) (string, verdict) { return "", noBar }
	row("the same of bare chi, which does nothing besides", "bare unchanged", "bare", none)
	row("the same of nginx", "nginx unchanged", "nginx", none)
}

// runBare is main for bareCommand; false: that was not asked for.
func runBare(args []string) (bool, error) {
	if len(args) == 0 || args[0] != bareCommand {
		return false, nil
	}
	if len(args) != 3 {
		return true, errors.New(bareCommand + ": an address and a file are needed")
	}
	return true, serveBare(args[1], args[2])
}
