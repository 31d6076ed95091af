package notify

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"wenji/internal/apperr"
	"wenji/internal/postgres"
	"wenji/internal/vault"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
)

// lookEvery is how often a replica looks for messages that are due.
const lookEvery = 10 * time.Second

// Sender takes messages from the outbox and hands them to a mail server. Every replica runs one.
//
// A message goes out once: it is leased, marked as being sent before the server is spoken to, and marked as sent after
// the server took it. Only a replica that dies, or loses the database for good, between the server's acceptance and that
// last mark leaves a message that another will send again when the lease is over; it then has the same Message-ID.
type Sender struct {
	DB      *postgres.DB
	Keys    *vault.KeyRing
	Server  *Server // nil: mail is not set up, and Run does nothing
	BaseURL string  // public address of the portal, for the link; may be empty
	Log     *slog.Logger
	Now     func() time.Time
}

func (s *Sender) now() time.Time { return s.Now().Truncate(time.Microsecond) }

// Run sends what is due until ctx ends. Nothing waits for it.
func (s *Sender) Run(ctx context.Context) {
	if s.Server == nil {
		return
	}
	tick := time.NewTicker(lookEvery)
	defer tick.Stop()
	for {
		for more := true; more && ctx.Err() == nil; {
			n, err := s.SendDue(ctx)
			if err != nil && ctx.Err() == nil {
				s.Log.Warn("sending mail failed", "unavailable", postgres.Unavailable(err))
			}
			more = err == nil && n == batchMost
		}
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

// SendDue takes one batch of due messages and sends it; it returns how many were taken.
func (s *Sender) SendDue(ctx context.Context) (int, error) {
	lease, err := uuid.NewV7()
	if err != nil {
		return 0, err
	}
	until := time.Now().Add(leaseFor - sendSlack)
	batch, err := s.take(ctx, lease)
	if err != nil || len(batch) == 0 {
		return 0, err
	}
	line := &line{server: s.Server}
	defer line.close()
	wait := time.Duration(0)
	for _, m := range batch {
		if ctx.Err() != nil || time.Now().After(until) {
			break
		}
		var failure string
		failure, err = s.send(ctx, line, m, lease)
		if err != nil {
			break
		}
		if failure == failUnreachable { // the others would fare no better: they wait too, without a try counted
			wait = backOff[0]
			break
		}
	}
	return len(batch), errors.Join(err, s.release(context.WithoutCancel(ctx), lease, wait))
}

// send sends one message and marks what became of it. The returned failure is a code, "" when it was sent or skipped;
// the error is one of the database.
func (s *Sender) send(ctx context.Context, line *line, m taken, lease uuid.UUID) (failure string, err error) {
	address, why, err := s.address(ctx, m.commentID)
	switch {
	case err != nil:
		return "", err
	case why == failSeal:
		return "", s.giveUp(ctx, m.id, lease, why)
	case why != "":
		return "", s.skip(ctx, m.id, lease, why)
	}
	mine, err := s.begin(ctx, m.id, lease)
	if err != nil || !mine {
		return "", err
	}
	subject, text := words(m, s.BaseURL)
	failure, lasting := line.send(ctx, letter{id: m.id, to: address, subject: subject, text: text})
	// What became of it is marked also when ctx has ended meanwhile: otherwise it would be sent again.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), markMost)
	defer cancel()
	switch {
	case failure == "":
		return "", s.insist(ctx, func() error { return s.markSent(ctx, m.id) })
	case lasting:
		return failure, s.giveUp(ctx, m.id, lease, failure)
	}
	return failure, s.again(ctx, m, lease, failure)
}

const (
	markMost   = time.Minute
	markPeriod = time.Second
)

// insist tries until it works or ctx ends: the mail has gone out, only the mark is missing.
func (s *Sender) insist(ctx context.Context, mark func() error) error {
	for {
		err := mark()
		if err == nil {
			return nil
		}
		select {
		case <-ctx.Done():
			return err
		case <-time.After(markPeriod):
		}
	}
}

// address reads the commenter's mail address at the last moment; why is a code where there is none.
func (s *Sender) address(ctx context.Context, commentID uuid.UUID) (address vault.Secret, why string, err error) {
	var sealed vault.Sealed
	err = s.DB.InSnapshot(ctx, func(tx pgx.Tx) error {
		sealed, err = vault.Read(ctx, tx, commentID)
		return err
	})
	if errors.Is(err, apperr.ErrNotFound) {
		return vault.Secret{}, skipErased, nil
	}
	if err != nil {
		return vault.Secret{}, "", err
	}
	p, err := s.Keys.Open(commentID, vault.Sealed{Email: sealed.Email})
	if err != nil {
		return vault.Secret{}, failSeal, nil
	}
	if p.Email.Empty() {
		return vault.Secret{}, skipNoAddress, nil
	}
	return p.Email, "", nil
}
