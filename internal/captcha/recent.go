package captcha

import (
	"container/list"
	"sync"
)

// recent keeps the renderings asked for last, by seed. Losing one costs a new rendering, nothing else.
type recent struct {
	mu    sync.Mutex
	limit int
	order *list.List // of rendering, newest first
	at    map[seed]*list.Element
}

type rendering struct {
	seed seed
	data []byte
}

func newRecent(limit int) *recent {
	return &recent{limit: limit, order: list.New(), at: make(map[seed]*list.Element)}
}

func (r *recent) get(s seed) ([]byte, bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	e, ok := r.at[s]
	if !ok {
		return nil, false
	}
	r.order.MoveToFront(e)
	return e.Value.(rendering).data, true
}

func (r *recent) put(s seed, data []byte) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if e, ok := r.at[s]; ok {
		e.Value = rendering{s, data}
		r.order.MoveToFront(e)
		return
	}
	if len(r.at) >= r.limit {
		oldest := r.order.Back()
		delete(r.at, oldest.Value.(rendering).seed)
		r.order.Remove(oldest)
	}
	r.at[s] = r.order.PushFront(rendering{s, data})
}
