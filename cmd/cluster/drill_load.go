package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"wenji/internal/comment"
	"wenji/internal/fill"
	"wenji/internal/vault"

	"github.com/google/uuid"
)

const (
	citizens     = 6                      // who write at once
	thinking     = 60 * time.Millisecond  // of a citizen between two forms
	pressAgain   = 700 * time.Millisecond // after no receipt came, until the same form is sent again
	patience     = 20 * time.Second       // of a browser that waits for an answer
	lastPresses  = time.Minute            // for forms without a receipt when the load ends
	pressedTwice = 15                     // one form in so many is sent again after its receipt
	tooLate      = 40                     // one form in so many was checked longer ago than it may be: it must be refused
	readers      = 2
	readerPause  = 80 * time.Millisecond
)

// honestPages are what the page of a form without a receipt says, one of them: what became of the words, and that sending
// them again is safe. The portal's own page knows that nothing was stored, or that it cannot tell; the balancer's cannot tell.
var honestPages = []struct{ fate, safe string }{
	{"您的意见没有保存", "不会重复保存"},
	{"不能确定您的意见是否已经保存", "不会重复保存"},
	{"意见就可能没有保存", "只登记一次"},
}

func honest(page string) bool {
	for _, words := range honestPages {
		if strings.Contains(page, words.fate) && strings.Contains(page, words.safe) {
			return true
		}
	}
	return false
}

// load is a steady stream of citizens through the balancer, and the journal of what they were told.
type load struct {
	base    string // address of the balancer, without a slash at the end
	keys    *vault.KeyRing
	store   *comment.Store // seals forms and asks no database
	texts   *fill.Generator
	journal *journal
	client  *http.Client

	next     atomic.Int64 // form
	receipts atomic.Int64
	stopping chan struct{}
	working  sync.WaitGroup

	mu     sync.Mutex
	broken error       // the journal could not be kept
	views  []time.Time // of pages read that were answered with a fault, or not at all
	viewed int
}

func newLoad(base string, keys *vault.KeyRing, j *journal) (*load, error) {
	texts, err := fill.New(uint64(time.Now().UnixNano()))
	if err != nil {
		return nil, err
	}
	return &load{
		base: base, keys: keys, store: &comment.Store{Keys: keys, Now: time.Now}, texts: texts, journal: j,
		client: &http.Client{
			Timeout:       patience,
			Transport:     &http.Transport{DisableKeepAlives: true}, // who has been writing comes back on a fresh connection
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		},
		stopping: make(chan struct{}),
	}, nil
}

// start sets everybody to work. When ctx ends they drop what they do; stop lets them come to an end.
func (l *load) start(ctx context.Context) {
	for range citizens {
		l.working.Go(func() {
			for l.goOn(ctx, thinking) {
				if err := l.write(ctx); err != nil {
					l.fail(err)
					return
				}
			}
		})
	}
	for i := range readers {
		l.working.Go(func() {
			for n := i; l.goOn(ctx, readerPause); n++ {
				l.view(ctx, n)
			}
		})
	}
}

// stop waits until every form has its receipt, or its sender has given up.
func (l *load) stop() error {
	close(l.stopping)
	l.working.Wait()
	return l.fault()
}

func (l *load) fail(err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.broken = errors.Join(l.broken, err)
}

// fault is what kept the load from doing its work, such as a full disk under the journal.
func (l *load) fault() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.broken
}

// goOn waits and tells whether to do one more.
func (l *load) goOn(ctx context.Context, wait time.Duration) bool {
	timer := time.NewTimer(wait)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-l.stopping:
		return false
	case <-timer.C:
		return true
	}
}

// sealedForm is a checked form as the check page holds it.
type sealedForm struct {
	id     uuid.UUID
	title  string
	sealed string
}

func (l *load) form(i int) (sealedForm, error) {
	id, err := uuid.NewV7()
	if err != nil {
		return sealedForm{}, err
	}
	d := comment.Draft{FormID: id, ConsultationID: consultationID, CheckedAt: time.Now(), Submission: l.texts.Submission(i)}
	if i%tooLate == tooLate-1 {
		d.CheckedAt = d.CheckedAt.Add(-comment.DraftLife - time.Hour)
	}
	title := []rune(d.Title)
	d.Title = fmt.Sprintf("%s（%d）", string(title[:min(len(title), 80)]), i)
	sealed, err := l.store.SealDraft(d)
	return sealedForm{id, d.Title, sealed}, err
}

// write is a citizen who sends one form until there is a receipt or a definite no, pressing the same button again.
// The error is the journal's.
func (l *load) write(ctx context.Context) error {
	i := int(l.next.Add(1)) - 1
	f, err := l.form(i)
	if err != nil {
		return err
	}
	var last <-chan time.Time
	for {
		answer, err := l.send(ctx, f)
		if err != nil || ctx.Err() != nil {
			return err
		}
		switch answer.Event {
		case eventReceipt:
			l.receipts.Add(1)
			if i%pressedTwice == 0 {
				_, err = l.send(ctx, f)
			}
			return err
		case eventRefused:
			return nil
		}
		select {
		case <-l.stopping:
			if last == nil {
				last = time.After(lastPresses)
			}
		default:
		}
		select {
		case <-ctx.Done():
			return nil
		case <-last:
			return nil
		case <-time.After(pressAgain):
		}
	}
}

// send posts a form once and writes down both that it does and what came of it.
func (l *load) send(ctx context.Context, f sealedForm) (line, error) {
	if err := l.journal.write(line{At: time.Now(), Event: eventSent, Form: f.id, Title: f.title}); err != nil {
		return line{}, err
	}
	answer := l.post(ctx, f)
	answer.At, answer.Form = time.Now(), f.id
	return answer, l.journal.write(answer)
}

func (l *load) post(ctx context.Context, f sealedForm) line {
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, l.base+"/consultations/"+consultationID+"/comments",
		strings.NewReader(url.Values{"sealed": {f.sealed}}.Encode()))
	if err != nil {
		return line{Event: eventSilence}
	}
	request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	request.Header.Set("Origin", l.base)
	request.Header.Set("Sec-Fetch-Site", "same-origin")
	response, err := l.client.Do(request)
	if err != nil {
		return line{Event: eventSilence}
	}
	defer response.Body.Close()
	if response.StatusCode == http.StatusSeeOther {
		if r, ok := l.receipt(response); ok {
			return line{Event: eventReceipt, Number: r.Number, Code: r.Code}
		}
		return line{Event: eventFailed, Status: response.StatusCode}
	}
	page, err := io.ReadAll(response.Body)
	switch {
	case err != nil:
		return line{Event: eventSilence}
	case response.StatusCode >= 400 && response.StatusCode < 500:
		return line{Event: eventRefused, Status: response.StatusCode}
	}
	return line{Event: eventFailed, Status: response.StatusCode, Honest: honest(string(page))}
}

// receipt opens the sealed cookie from which the receipt's page is made.
func (l *load) receipt(response *http.Response) (comment.Receipt, bool) {
	if response.Header.Get("Location") != "/receipt" {
		return comment.Receipt{}, false
	}
	for _, cookie := range response.Cookies() {
		if cookie.Name != "receipt" {
			continue
		}
		var note struct {
			Note comment.Receipt `json:"note"`
		}
		plain, err := l.keys.Box("cookie receipt").Open(cookie.Value, "")
		if err != nil || json.Unmarshal(plain, &note) != nil {
			return comment.Receipt{}, false
		}
		return note.Note, note.Note.Number > 0
	}
	return comment.Receipt{}, false
}

// pages are what readers look at in turn.
var pages = []string{"/", "/consultations/" + consultationID, "/consultations/" + consultationID + "/comments",
	"/consultations/" + consultationID + "/draft", "/consultations/" + consultationID + "/comments/new"}

// view reads a page; a fault, or no answer, is counted.
func (l *load) view(ctx context.Context, n int) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, l.base+pages[n%len(pages)], nil)
	if err != nil {
		l.fail(err)
		return
	}
	response, err := l.client.Do(request)
	good := false
	if err == nil {
		_, err = io.Copy(io.Discard, response.Body)
		good = err == nil && response.StatusCode < 500
		response.Body.Close()
	}
	if ctx.Err() != nil {
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.viewed++
	if !good {
		l.views = append(l.views, time.Now())
	}
}

// failedViews counts the pages read in vain between two instants.
func (l *load) failedViews(from, to time.Time) int {
	l.mu.Lock()
	defer l.mu.Unlock()
	n := 0
	for _, at := range l.views {
		if !at.Before(from) && !at.After(to) {
			n++
		}
	}
	return n
}

// consultationID is the sample consultation, to which the load writes.
const consultationID = "2025-0001"
