package lab

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// tick is the unit of the times in /proc/PID/stat; the kernel tells it to programs as 100 a second on every machine.
const tick = 10 * time.Millisecond

// stat is what /proc/PID/stat says of a process.
type stat struct {
	parent         int
	own, childrens time.Duration // processor time: of the process, and of its children that have ended
}

func readStat(pid int) (stat, error) {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return stat{}, err
	}
	_, rest, ok := bytes.Cut(text, []byte(") ")) // the name before may hold spaces
	f := strings.Fields(string(rest))
	if !ok || len(f) < 15 {
		return stat{}, fmt.Errorf("/proc/%d/stat: not understood", pid)
	}
	n := make([]int64, 15)
	for i := 1; i < len(n); i++ {
		if n[i], err = strconv.ParseInt(f[i], 10, 64); err != nil {
			return stat{}, fmt.Errorf("/proc/%d/stat: %w", pid, err)
		}
	}
	return stat{int(n[1]), time.Duration(n[11]+n[12]) * tick, time.Duration(n[13]+n[14]) * tick}, nil
}

// CPU is the processor time a process has used.
func CPU(pid int) (time.Duration, error) {
	s, err := readStat(pid)
	return s.own, err
}

// FamilyCPU is the processor time of a process and all its children, the ended ones too.
func FamilyCPU(pid int) (time.Duration, error) {
	s, err := readStat(pid)
	if err != nil {
		return 0, err
	}
	total := s.own + s.childrens
	children, err := Children(pid)
	for _, child := range children {
		if s, err := readStat(child); err == nil { // an error here: it ended meanwhile
			total += s.own
		}
	}
	return total, err
}

// Children are the process ids of a process's children.
func Children(pid int) ([]int, error) {
	all, err := filepath.Glob("/proc/[0-9]*")
	if err != nil {
		return nil, err
	}
	var children []int
	for _, dir := range all {
		child, err := strconv.Atoi(filepath.Base(dir))
		if err != nil {
			continue
		}
		if s, err := readStat(child); err == nil && s.parent == pid { // an error here: it ended meanwhile
			children = append(children, child)
		}
	}
	return children, nil
}

// Memory is VmRSS (now) or VmHWM (at its peak) of a process, in MB.
func Memory(pid int, field string) (float64, error) {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return 0, err
	}
	for line := range strings.Lines(string(text)) {
		if rest, ok := strings.CutPrefix(line, field+":"); ok {
			kb, err := strconv.Atoi(strings.TrimSpace(strings.TrimSuffix(strings.TrimSpace(rest), "kB")))
			return float64(kb) / 1024, err
		}
	}
	return 0, fmt.Errorf("/proc/%d/status has no %s", pid, field)
}

// ResetPeak makes VmHWM start again from what the process holds now.
func ResetPeak(pid int) error {
	return os.WriteFile(fmt.Sprintf("/proc/%d/clear_refs", pid), []byte("5"), 0)
}

// Settle waits until the process does next to nothing for a while: its background work is done.
func Settle(ctx context.Context, pid int) error {
	const look = 400 * time.Millisecond
	for quiet, tries := 0, 0; quiet < 2 && tries < 50; tries++ {
		before, err := CPU(pid)
		if err != nil {
			return err
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(look):
		}
		after, err := CPU(pid)
		if err != nil {
			return err
		}
		if quiet++; after-before > tick {
			quiet = 0
		}
	}
	return nil
}
