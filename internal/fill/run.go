package fill

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"wenji/internal/apperr"
	"wenji/internal/audit"
	"wenji/internal/comment"
	"wenji/internal/consultation"
	"wenji/internal/moderation"
	"wenji/internal/postgres"
	"wenji/internal/similar"
	"wenji/internal/vault"
)

// Options of a data set. Two with the same seed and sizes hold the same texts and people.
type Options struct {
	Seed          uint64
	Comments      int // at least 1
	Consultations int // 1 to 9,000
	// Until is the instant at which the data set ends; what is open then takes comments still. Zero means now. It is that
	// of the first run where a data set goes on.
	Until time.Time
	// Progress is told of done steps, Steps(Comments) in all, by several goroutines at once. It may be nil.
	Progress func(steps int)
}

const (
	// ConsultationsMost is how many consultations a data set has room for.
	ConsultationsMost = 9000

	// Conns is how many connections Run keeps busy.
	Conns = writers + 1 + groupers

	writers    = 2
	groupers   = 2    // each has another consultation in hand
	storeBatch = 1000 // comments a transaction; all of one consultation, whose count it locks
	indexBatch = 4000
	groupBatch = 1000
	pumpPause  = 20 * time.Millisecond

	// A comment is stored and decided, read into the search, and compared with others. The numbers are what these took
	// beside one another when they were measured, so that the time that is left can be told from the steps.
	storeSteps, indexSteps, groupSteps = 3, 2, 3
)

// Steps is how many steps Progress is told of for so many comments.
func Steps(comments int) int { return comments * (storeSteps + indexSteps + groupSteps) }

// filling is a run under way.
type filling struct {
	g        *Generator
	db       *postgres.DB
	comments *comment.Store
	desk     *moderation.Store
	sources  *consultation.Store
	similar  *similar.Store
	progress func(steps int)
	instant  time.Time // until
}

// Run makes a data set in a migrated database, through the statements of the portal, and leaves it ready to be searched:
// indexed, grouped, counted, its record sealed. A run that was interrupted goes on where it stood when it is started again with
// the same options. The sample itself is the largest consultation, as it is in the database or put in now.
//
// It refuses with *Foreign a database that holds a consultation of a real office, and with *Begun one that holds another
// data set. The pool should have Conns connections.
func Run(ctx context.Context, db *postgres.DB, keys *vault.KeyRing, o Options) error {
	if o.Until.IsZero() {
		o.Until = db.Now()
	}
	g, err := New(o.Seed)
	if err != nil {
		return err
	}
	until, err := begin(ctx, db, o)
	if err != nil {
		return err
	}
	f := &filling{
		g: g, db: db, comments: comment.NewStore(db, db, keys, nil), desk: &moderation.Store{DB: db, Keys: keys, Now: db.Now},
		sources: &consultation.Store{DB: db, Now: db.Now}, similar: &similar.Store{DB: db, Keys: keys, Now: db.Now},
		progress: o.Progress, instant: until,
	}
	if f.progress == nil {
		f.progress = func(int) {}
	}
	if err := f.all(ctx, g.plans(o.Comments, o.Consultations, until)); err != nil {
		return err
	}
	for n := 1; n > 0; {
		if n, err = f.comments.TallyBulk(ctx); err != nil {
			return err
		}
	}
	sealer := &audit.Sealer{DB: db, Key: keys.AuditKey(), Log: slog.New(slog.DiscardHandler)}
	for n := 1; n > 0; {
		if n, err = sealer.SealOnce(ctx); err != nil {
			return err
		}
	}
	return db.Tidy(ctx)
}

// all stores the consultations' comments while what is behind is indexed and grouped.
func (f *filling) all(ctx context.Context, plans []plan) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	next := make(chan plan)
	var storing, reading sync.WaitGroup
	for range writers {
		storing.Go(func() {
			for p := range next {
				if err := f.consultation(ctx, p); err != nil {
					cancel(err)
				}
			}
		})
	}
	stored := make(chan struct{})
	reading.Go(func() { f.pump(ctx, cancel, stored, indexSteps, indexBatch, f.comments.IndexBulk) })
	for range groupers {
		reading.Go(func() { f.pump(ctx, cancel, stored, groupSteps, groupBatch, f.similar.CatchUpBulk) })
	}
	for _, p := range plans {
		select {
		case next <- p:
		case <-ctx.Done():
		}
	}
	close(next)
	storing.Wait()
	close(stored)
	reading.Wait()
	return context.Cause(ctx)
}

// pump does the work behind what is stored, a batch at a time, until all is stored and nothing is left.
func (f *filling) pump(ctx context.Context, cancel context.CancelCauseFunc, stored <-chan struct{}, steps, most int,
	batch func(ctx context.Context, most int) (int, error)) {
	for ctx.Err() == nil {
		last := false
		select {
		case <-stored:
			last = true
		default:
		}
		n, err := batch(ctx, most)
		switch {
		case err != nil:
			cancel(err)
		case n > 0:
			f.progress(n * steps)
		case last:
			return
		default:
			select {
			case <-ctx.Done():
			case <-stored:
			case <-time.After(pumpPause):
			}
		}
	}
}

// consultation makes one, unless it is there, and its comments from the one on that it lacks.
func (f *filling) consultation(ctx context.Context, p plan) error {
	if ctx.Err() != nil {
		return nil
	}
	if err := f.sources.Import(ctx, Actor, p.source); err != nil && !errors.Is(err, apperr.ErrConflict) {
		return err
	}
	c, err := f.sources.DeskConsultation(ctx, p.source.ID)
	if err != nil {
		return err
	}
	p.source.Consultation = *c
	end := p.until
	if c.ClosesAt.Before(end) {
		end = c.ClosesAt
	}
	if !c.OpensAt.Before(end) {
		return fmt.Errorf("consultation %s opens after the data set ends", c.ID)
	}
	times := f.g.Times(p.serial, p.count, c.OpensAt, end)
	done := min(c.Received, p.count)
	f.progress(done * storeSteps)
	for ; done < p.count; done = min(done+storeBatch, p.count) {
		if err := f.batch(ctx, p, times, done, min(done+storeBatch, p.count)); err != nil {
			return fmt.Errorf("comments %d to %d of %s: %w", done+1, min(done+storeBatch, p.count), c.ID, err)
		}
		f.progress((min(done+storeBatch, p.count) - done) * storeSteps)
	}
	return nil
}
