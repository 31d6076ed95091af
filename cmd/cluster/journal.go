package main

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"sync"
	"time"

	"github.com/google/uuid"
)

// event is what a line of the journal tells.
type event string

const (
	eventSent    event = "sent"    // a form is about to be posted
	eventReceipt event = "receipt" // 303 with a receipt: acknowledged
	eventRefused event = "refused" // 4xx: a definite no
	eventFailed  event = "failed"  // 5xx, or a status that no form has: the outcome is unknown
	eventSilence event = "silence" // no whole answer: the outcome is unknown
)

// line is one event of the journal.
type line struct {
	At     time.Time `json:"at"`
	Event  event     `json:"event"`
	Form   uuid.UUID `json:"form"`
	Title  string    `json:"title,omitempty"`  // of sent; no two forms share one
	Status int       `json:"status,omitempty"` // of refused and failed
	Honest bool      `json:"honest,omitempty"` // of failed: the page said what became of the words
	Number int       `json:"number,omitempty"` // of receipt
	Code   string    `json:"code,omitempty"`   // of receipt
}

// journal is what the senders of forms know, one line an event. A line is on the disk before write returns, so it is
// there before the form leaves and before the next thing is done with an answer.
type journal struct {
	path string
	mu   sync.Mutex
	file *os.File
}

// newJournal makes the file; one that exists is never written over.
func newJournal(path string) (*journal, error) {
	file, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return nil, fmt.Errorf("make the journal: %w", err)
	}
	return &journal{path: path, file: file}, nil
}

func (j *journal) write(l line) error {
	text, err := json.Marshal(l)
	if err != nil {
		return fmt.Errorf("encode a line of the journal: %w", err)
	}
	j.mu.Lock()
	defer j.mu.Unlock()
	if _, err := j.file.Write(append(text, '\n')); err != nil {
		return fmt.Errorf("write the journal: %w", err)
	}
	if err := j.file.Sync(); err != nil {
		return fmt.Errorf("write the journal: %w", err)
	}
	return nil
}

// read returns the lines that are whole in the file at this moment.
func (j *journal) read() ([]line, error) {
	file, err := os.Open(j.path)
	if err != nil {
		return nil, fmt.Errorf("read the journal: %w", err)
	}
	defer file.Close()
	return readLines(file)
}

func readLines(r io.Reader) ([]line, error) {
	var lines []line
	in := bufio.NewReader(r)
	for {
		text, err := in.ReadBytes('\n')
		if errors.Is(err, io.EOF) { // a line without its end is being written: what it tells has not happened yet
			return lines, nil
		}
		if err != nil {
			return nil, fmt.Errorf("read the journal: %w", err)
		}
		var l line
		if err := json.Unmarshal(text, &l); err != nil {
			return nil, fmt.Errorf("line %d of the journal: %w", len(lines)+1, err)
		}
		lines = append(lines, l)
	}
}

func (j *journal) close() error { return j.file.Close() }
