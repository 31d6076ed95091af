package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"regexp"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"time"

	"wenji/internal/lab"
)

// wrkRun is what wrk counted.
type wrkRun struct {
	requests int
	rate     float64
	p99      float64 // ms
}

var (
	wrkRequests = regexp.MustCompile(`(\d+) requests in`)
	wrkRate     = regexp.MustCompile(`Requests/sec:\s+([\d.]+)`)
	wrkP99      = regexp.MustCompile(`99%\s+([\d.]+)(us|ms|s)`)
	wrkFault    = regexp.MustCompile(`(?m)^\s*(Non-2xx.*|Socket errors.*)$`)
)

// wrk loads an address with 64 connections from the second processor.
func wrk(ctx context.Context, d time.Duration, address string, more ...string) (wrkRun, error) {
	args := append([]string{"-t1", "-c64", "--latency", "-d" + strconv.Itoa(int(d.Seconds())) + "s"}, more...)
	name := "wrk"
	args = append(args, address)
	if runtime.NumCPU() > 1 {
		name, args = "taskset", append([]string{"-c", "1", "wrk"}, args...)
	}
	out, err := lab.Output(ctx, nil, name, args...)
	if err != nil {
		return wrkRun{}, err
	}
	if fault := wrkFault.FindString(out); fault != "" {
		return wrkRun{}, errors.New("wrk: " + strings.TrimSpace(fault))
	}
	var r wrkRun
	n, rate, p99 := wrkRequests.FindStringSubmatch(out), wrkRate.FindStringSubmatch(out), wrkP99.FindStringSubmatch(out)
	if n == nil || rate == nil || p99 == nil {
		return wrkRun{}, errors.New("wrk: output not understood:\n" + out)
	}
	r.requests, _ = strconv.Atoi(n[1])
	r.rate, _ = strconv.ParseFloat(rate[1], 64)
	r.p99, _ = strconv.ParseFloat(p99[1], 64)
	r.p99 *= map[string]float64{"us": 0.001, "ms": 1, "s": 1000}[p99[2]]
	return r, nil
}

// pgbenchRun is what pgbench counted.
type pgbenchRun struct {
	tps     float64
	latency float64 // average, ms
	done    int
}

var (
	pgbenchTPS     = regexp.MustCompile(`tps = ([\d.]+)`)
	pgbenchLatency = regexp.MustCompile(`latency average = ([\d.]+) ms`)
	pgbenchDone    = regexp.MustCompile(`transactions actually processed: (\d+)/`)
)

// pgbench has clients run a script n times between them.
func pgbench(ctx context.Context, database, script string, clients, n int) (pgbenchRun, error) {
	name, err := lab.Tool("pgbench")
	if err != nil {
		return pgbenchRun{}, err
	}
	ctx, cancel := context.WithTimeout(ctx, 2*time.Minute)
	defer cancel()
	out, err := lab.Output(ctx, nil, name, "-n", "-M", "prepared", "-f", script, "-c", strconv.Itoa(clients),
		"-j", strconv.Itoa(min(clients, 2)), "-t", strconv.Itoa(max(n/clients, 1)), database)
	if err != nil {
		return pgbenchRun{}, err
	}
	tps, latency, done := pgbenchTPS.FindStringSubmatch(out), pgbenchLatency.FindStringSubmatch(out), pgbenchDone.FindStringSubmatch(out)
	if tps == nil || latency == nil || done == nil {
		return pgbenchRun{}, errors.New("pgbench: output not understood:\n" + out)
	}
	var r pgbenchRun
	r.tps, _ = strconv.ParseFloat(tps[1], 64)
	r.latency, _ = strconv.ParseFloat(latency[1], 64)
	r.done, _ = strconv.Atoi(done[1])
	return r, nil
}

// copyOut is how long psql takes to copy a query's rows as CSV to nowhere.
func copyOut(ctx context.Context, database, query string) (time.Duration, error) {
	name, err := lab.Tool("psql")
	if err != nil {
		return 0, err
	}
	began := time.Now()
	_, err = lab.Output(ctx, nil, name, "-qX", "-d", database, "-o", os.DevNull, "-c", "COPY ("+query+") TO STDOUT (FORMAT csv)")
	return time.Since(began), err
}

// describeMachine names what the figures depend on.
func describeMachine(ctx context.Context, l *bench) string {
	field := func(file, name string) string {
		text, _ := os.ReadFile(file) // a machine without this file is described without it
		for line := range strings.Lines(string(text)) {
			if rest, ok := strings.CutPrefix(line, name); ok {
				return strings.TrimSpace(strings.TrimLeft(rest, " \t:"))
			}
		}
		return "unknown"
	}
	version := func(name string, args ...string) string {
		path, err := lab.Tool(name)
		if err != nil {
			return name + " missing"
		}
		out, _ := exec.CommandContext(ctx, path, args...).CombinedOutput() // wrk -v ends with status 1
		line, _, _ := strings.Cut(string(out), "\n")
		line, _, _ = strings.Cut(line, "Copyright")
		return strings.TrimSpace(line)
	}
	kb, _ := strconv.Atoi(strings.TrimSuffix(field("/proc/meminfo", "MemTotal"), " kB"))
	busy, _ := os.ReadFile("/proc/loadavg")
	minute, _, _ := strings.Cut(string(busy), " ")
	return fmt.Sprintf("%d processors %s, %.0f GB memory; %s; %s; %s; %s; one fdatasync %s; load average at the start %s",
		runtime.NumCPU(), field("/proc/cpuinfo", "model name"), float64(kb)/(1<<20), runtime.Version(),
		version("pgbench", "--version"), version("nginx", "-v"), version("wrk", "-v"), syncTime(l.dir), minute)
}

// syncTime is the median time of writing 8 kB and making sure that they are on disk.
func syncTime(dir string) string {
	f, err := os.CreateTemp(dir, "sync-")
	if err != nil {
		return "unknown"
	}
	defer os.Remove(f.Name())
	defer f.Close()
	var times []float64
	for range 200 {
		began := time.Now()
		if _, err := f.WriteAt(make([]byte, 8<<10), 0); err != nil {
			return "unknown"
		}
		if err := syscall.Fdatasync(int(f.Fd())); err != nil {
			return "unknown"
		}
		times = append(times, micros(time.Since(began)))
	}
	return fmt.Sprintf("%.0f µs", median(times))
}
