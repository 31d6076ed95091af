package comment

import (
	"context"
	"errors"
	"fmt"
	"time"

	"wenji/internal/apperr"
	"wenji/internal/postgres"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5/pgconn"
)

const (
	batchMost   = 64              // comments stored in one transaction
	queueMost   = 512             // comments waiting for the writer before new ones are refused as unavailable
	batchWait   = 5 * time.Second // the longest one transaction may take
	codeRetries = 5               // collisions of a 查询码 before giving up; one is already a once-in-years event
)

// errBusy: the writer cannot keep up; the citizen is asked to send again.
var errBusy = fmt.Errorf("too many comments are waiting to be stored: %w", apperr.ErrBusy)

// waiting is one comment on its way into a batch. Nothing is acknowledged before the batch has committed, so a process
// that dies loses only comments that nobody was told were received.
type waiting struct {
	row    newComment
	result stored
	err    error
	done   chan struct{}
}

// Run writes what Submit puts in the queue until ctx ends. One transaction carries all that wait at that moment, up to
// batchMost; there is no timer, so a lone comment is stored at once. Comments of one form are stored once.
func (s *Store) Run(ctx context.Context) {
	for {
		select {
		case <-ctx.Done():
			return
		case first := <-s.queue:
			batch := s.drain(first)
			s.pace.note(time.Now(), len(batch))
			s.writeBatch(ctx, batch)
		}
	}
}

func (s *Store) drain(first *waiting) []*waiting {
	batch := []*waiting{first}
	for len(batch) < batchMost {
		select {
		case w := <-s.queue:
			batch = append(batch, w)
		default:
			return batch
		}
	}
	return batch
}

// store queues a row and waits for its batch to commit, or for ctx: what waits in the queue by then may still be stored.
func (s *Store) store(ctx context.Context, row newComment) (stored, error) {
	w := &waiting{row: row, done: make(chan struct{})}
	select {
	case s.queue <- w:
	case <-ctx.Done():
		return stored{}, ctx.Err()
	default:
		return stored{}, errBusy
	}
	select {
	case <-w.done:
		return w.result, w.err
	case <-ctx.Done():
		return stored{}, fmt.Errorf("%w: %w", postgres.ErrUnconfirmed, ctx.Err())
	}
}

// writeBatch stores a batch in one transaction. If that fails for a reason of a single row, each row is tried by
// itself, so that a bad one does not fail its neighbours.
func (s *Store) writeBatch(ctx context.Context, batch []*waiting) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), batchWait)
	defer cancel()
	forms := groupByForm(batch)
	err := s.writeForms(ctx, forms)
	if err != nil && rowFault(err) {
		for _, form := range forms {
			s.writeAlone(ctx, form)
		}
		err = nil
	}
	for _, w := range batch {
		if err != nil {
			w.err = err
		}
		close(w.done)
	}
}

// writeAlone stores one form, with another 查询码 when the first is taken.
func (s *Store) writeAlone(ctx context.Context, form []*waiting) {
	var err error
	for attempt := range codeRetries {
		for _, w := range form {
			s.setCode(&w.row, attempt)
		}
		if err = s.writeForms(ctx, [][]*waiting{form}); err == nil || !rowFault(err) {
			break
		}
	}
	for _, w := range form {
		w.err = err
	}
}

func (s *Store) writeForms(ctx context.Context, forms [][]*waiting) error {
	rows := make([]newComment, len(forms))
	for i, form := range forms {
		rows[i] = form[0].row
	}
	results, err := s.insert(ctx, rows)
	if err != nil {
		return err
	}
	for _, form := range forms {
		for _, w := range form {
			w.result, w.err = results[w.row.id], nil
		}
	}
	return nil
}

func groupByForm(batch []*waiting) [][]*waiting {
	at := make(map[uuid.UUID]int, len(batch))
	var forms [][]*waiting
	for _, w := range batch {
		i, ok := at[w.row.id]
		if !ok {
			i = len(forms)
			at[w.row.id] = i
			forms = append(forms, nil)
		}
		forms[i] = append(forms[i], w)
	}
	return forms
}

// rowFault: the fault lies in a row (integrity, data), not in the server; trying the rows one by one may help.
func rowFault(err error) bool {
	var pg *pgconn.PgError
	return errors.As(err, &pg) && (pg.Code[:2] == "23" || pg.Code[:2] == "22")
}
