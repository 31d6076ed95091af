package announce

import (
	"maps"
	"sync"
	"time"

	"wenji/internal/postgres"
)

// lagMost is how old what a standby shows may be, where nothing was announced.
const lagMost = 5 * time.Second

// progress remembers how far the primary's log was at which moment, and at which change.
type progress struct {
	mu      sync.Mutex
	cluster string
	floor   int64 // where the log was when this primary was first seen
	changed int64 // where it was at the last change of any consultation
	byID    map[string]int64
	marks   []mark               // the oldest first
	wrote   map[string]time.Time // when this process changed what is not looked at yet, by consultation; "": any
}

type mark struct {
	at       time.Time
	position int64
}

func (p *progress) advance(at time.Time, s state, news News) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if news.All || p.byID == nil {
		p.cluster, p.floor, p.changed = s.cluster, s.position, s.position
		p.byID, p.marks = make(map[string]int64), nil
	}
	maps.DeleteFunc(p.wrote, func(_ string, wrote time.Time) bool { return at.After(wrote) })
	for _, id := range news.Consultations {
		p.byID[id], p.changed = s.position, s.position
	}
	p.marks = append(p.marks, mark{at, s.position})
	for len(p.marks) > 1 && at.Sub(p.marks[1].at) >= lagMost {
		p.marks = p.marks[1:]
	}
	for id, position := range p.byID {
		if position <= p.marks[0].position {
			delete(p.byID, id)
		}
	}
}

// Needed is how much a standby must have replayed for pages of a consultation, or of all where the id is empty, to be read
// there: every change that is known of, and everything but the last seconds. false: the primary has not been seen yet, or not since something was written here.
func (w *Watcher) Needed(consultationID string) (postgres.Replayed, bool) {
	p := &w.progress
	p.mu.Lock()
	defer p.mu.Unlock()
	_, wrote := p.wrote[consultationID]
	_, wroteAny := p.wrote[""]
	if len(p.marks) == 0 || wrote || wroteAny || consultationID == "" && len(p.wrote) > 0 {
		return postgres.Replayed{}, false
	}
	change := p.changed
	if consultationID != "" {
		change = p.byID[consultationID]
	}
	return postgres.Replayed{Cluster: p.cluster, Position: max(p.floor, change, p.marks[0].position)}, true
}

// NearEnough is how much a standby must have replayed to be of use at all: everything but the last seconds. false: the
// primary has not been seen yet.
func (w *Watcher) NearEnough() (postgres.Replayed, bool) {
	p := &w.progress
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(p.marks) == 0 {
		return postgres.Replayed{}, false
	}
	return postgres.Replayed{Cluster: p.cluster, Position: max(p.floor, p.marks[0].position)}, true
}

// Wrote says that this process has changed something of a consultation, or of any where the id is empty: what is read of it
// from now on needs the primary, until a look has found how far its log is by now.
func (w *Watcher) Wrote(consultationID string) {
	p := &w.progress
	p.mu.Lock()
	if p.wrote == nil {
		p.wrote = make(map[string]time.Time)
	}
	p.wrote[consultationID] = time.Now()
	p.mu.Unlock()
	w.messages.ring()
}

// Heard tells whether changes have been looked at once: from then on no page is kept that a change has overtaken.
func (w *Watcher) Heard() bool {
	w.progress.mu.Lock()
	defer w.progress.mu.Unlock()
	return len(w.progress.marks) > 0
}
