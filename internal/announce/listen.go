package announce

import (
	"context"
	"maps"
	"sync"
	"time"

	"wenji/internal/postgres"

	"github.com/jackc/pgx/v5"
)

// listenAgain is the pause before connecting again after the connection for messages was lost.
const listenAgain = time.Second

// messages collects the consultations named since the last look, and rings so that the next look comes soon.
type messages struct {
	mu    sync.Mutex
	named map[string]bool
	rung  chan struct{}
}

func (m *messages) add(id string) {
	m.giveBack(map[string]bool{id: true})
	m.ring()
}

// ring makes the next look come soon.
func (m *messages) ring() {
	select {
	case m.rung <- struct{}{}:
	default: // it rings already
	}
}

func (m *messages) take() map[string]bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	named := m.named
	m.named = nil
	if named == nil {
		named = make(map[string]bool)
	}
	return named
}

// giveBack keeps what a look that failed did not tell of.
func (m *messages) giveBack(named map[string]bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.named == nil {
		m.named = make(map[string]bool)
	}
	maps.Copy(m.named, named)
}

// listen hears messages on a connection of its own, as long as there is one. What is missed meanwhile is found by looking.
func (w *Watcher) listen(ctx context.Context) {
	for ctx.Err() == nil {
		err := w.listenOnce(ctx)
		if ctx.Err() != nil {
			return
		}
		w.log.Debug("listening for changes was interrupted; trying again", "unavailable", postgres.Unavailable(err))
		wait(ctx, listenAgain, nil)
	}
}

func (w *Watcher) listenOnce(ctx context.Context) error {
	conn, err := pgx.ConnectConfig(ctx, w.db.Config().ConnConfig.Copy())
	if err != nil {
		return err
	}
	defer conn.Close(context.WithoutCancel(ctx))
	if _, err := conn.Exec(ctx, "LISTEN "+channel); err != nil {
		return err
	}
	for {
		message, err := conn.WaitForNotification(ctx)
		if err != nil {
			return err
		}
		w.messages.add(message.Payload)
	}
}
