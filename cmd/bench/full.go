package main

import (
	"context"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"time"

	"wenji/internal/comment"
	"wenji/internal/fill"
	"wenji/internal/postgres"
	"wenji/internal/similar"
	"wenji/internal/validate"
	"wenji/internal/vault"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
)

const (
	fullConsultations = 200
	// rareEvery is how many comments there are to one with the words that nobody else uses.
	rareEvery = 4000
	rareLeast = 5
	// knownReceipts is how many comments' 查询码 are known.
	knownReceipts = 64
)

// rareWord stands in few comments, spread over all; its first two and three characters do too.
const rareWord = "犇骉羴鱻"

// full is a database with many comments in 200 consultations, and a demo's accounts.
type full struct {
	*bench
	comments int
	database string
	accounts string
	took     time.Duration // filling
	db       *postgres.DB
	largest  string // the consultation with the most comments
	last     int    // number of its last comment
	receipts []knownReceipt
	browsers map[string]*http.Client // of members of staff, by role
}

type knownReceipt struct {
	id         uuid.UUID
	code, tail string
}

// full makes a database of so many comments, once in a run.
func (l *bench) full(ctx context.Context, comments int) (*full, error) {
	if f, ok := l.fulls[comments]; ok {
		return f, nil
	}
	f := &full{bench: l, comments: comments, browsers: make(map[string]*http.Client)}
	if err := f.make(ctx); err != nil {
		return nil, fmt.Errorf("fill %d comments: %w", comments, err)
	}
	l.fulls[comments] = f
	return f, nil
}

func (f *full) make(ctx context.Context) (err error) {
	if f.database, err = f.bench.database(ctx, fmt.Sprintf("full_%d", f.comments)); err != nil {
		return err
	}
	f.accounts = f.dir + fmt.Sprintf("/accounts_%d.json", f.comments)
	p, err := f.demo(ctx, f.database, f.accounts)
	if err != nil {
		return err
	}
	p.Stop()
	began := time.Now()
	if err := f.fill(ctx); err != nil {
		return err
	}
	f.took = time.Since(began)
	fmt.Fprintf(f.progress, "       %s comments filled in %.0f s\n", amount(float64(f.comments)), f.took.Seconds())
	if f.db, err = f.pool(ctx, f.database, moderators); err != nil {
		return err
	}
	err = f.db.QueryRow(ctx, `SELECT consultation_id, last_number FROM comment_count ORDER BY last_number DESC LIMIT 1`).Scan(&f.largest, &f.last)
	if err != nil {
		return err
	}
	if err := f.plantRareWord(ctx); err != nil {
		return err
	}
	if err := f.submitKnown(ctx); err != nil {
		return err
	}
	return f.finish(ctx)
}

// fill makes the data set, through the portal's own statements.
func (f *full) fill(ctx context.Context) error {
	db, err := f.pool(ctx, f.database, fill.Conns)
	if err != nil {
		return err
	}
	defer db.Close()
	return fill.Run(ctx, db, f.keys, fill.Options{Seed: fillSeed, Comments: f.comments, Consultations: fullConsultations})
}

// plantRareWord puts the rare word into comments far from each other, and has the search read them again.
func (f *full) plantRareWord(ctx context.Context) error {
	return f.asOwner(ctx, func(conn *pgx.Conn) error {
		return pgx.BeginFunc(ctx, conn, func(tx pgx.Tx) error {
			rows, err := tx.Query(ctx, `
				WITH chosen AS (
				  SELECT id, row_number() OVER (ORDER BY id) AS place FROM comment
				)
				UPDATE comment c
				   SET body = body || $1, public_body = public_body || $1
				  FROM chosen
				 WHERE chosen.id = c.id AND place % $2 = 0
				RETURNING c.id, c.consultation_id`, rareWord, min(rareEvery, f.comments/rareLeast))
			if err != nil {
				return err
			}
			type one struct {
				ID             uuid.UUID
				ConsultationID string
			}
			list, err := pgx.CollectRows(rows, pgx.RowToStructByPos[one])
			if err != nil {
				return err
			}
			for _, c := range list {
				if err := comment.Reindex(ctx, tx, c.ID, c.ConsultationID); err != nil {
					return err
				}
			}
			return nil
		})
	})
}

// submitKnown submits comments whose receipts are kept.
func (f *full) submitKnown(ctx context.Context) error {
	store := comment.NewStore(f.db, f.db, f.keys, nil)
	writing, stop := context.WithCancel(ctx)
	ended := make(chan struct{})
	go func() { store.Run(writing); close(ended) }()
	defer func() { stop(); <-ended }()
	for range knownReceipts {
		d, err := f.draft()
		if err != nil {
			return err
		}
		receipt, err := store.Submit(ctx, d)
		if err != nil {
			return err
		}
		f.receipts = append(f.receipts, knownReceipt{d.FormID, receipt.Code, validate.PhoneTail(d.Phone.Reveal())})
	}
	return nil
}

// finish leaves the database as the autovacuum of a quiet night does.
func (f *full) finish(ctx context.Context) error {
	return f.asOwner(ctx, func(conn *pgx.Conn) error {
		for _, sql := range []string{`VACUUM ANALYZE`, `CHECKPOINT`} {
			if _, err := conn.Exec(ctx, sql); err != nil {
				return err
			}
		}
		return nil
	})
}

// drop removes the database.
func (f *full) drop(ctx context.Context) error {
	f.db.Close()
	return f.exec(ctx, f.pg.URL(), fmt.Sprintf("DROP DATABASE full_%d WITH (FORCE)", f.comments))
}

func (f *full) asOwner(ctx context.Context, do func(conn *pgx.Conn) error) error {
	conn, err := pgx.Connect(ctx, f.database)
	if err != nil {
		return err
	}
	defer conn.Close(ctx)
	return do(conn)
}

// open starts a portal on the database, waits until what it does in the background is done, and returns it.
func (f *full) open(ctx context.Context, environment ...string) (*portal, error) {
	p, err := f.serve(ctx, f.database, false, environment...)
	if err != nil {
		return nil, err
	}
	p.accounts = f.accounts
	if err := f.caughtUp(ctx); err != nil {
		p.Stop()
		return nil, err
	}
	return p, nil
}

// behindMost is how long anything may take to catch up.
const behindMost = 5 * time.Minute

// behindSQL tells whether search, totals or groups have yet to take comments in.
const behindSQL = `
	SELECT EXISTS (SELECT FROM comment_search_stale)
	    OR EXISTS (SELECT FROM comment_count k LEFT JOIN comment_search_mark m USING (consultation_id)
	                WHERE k.last_number > coalesce(m.number, 0))
	    OR EXISTS (SELECT FROM comment_count k LEFT JOIN comment_tally_mark m USING (consultation_id)
	                WHERE k.last_number > coalesce(m.number, 0))
	    OR EXISTS (SELECT FROM comment_count k LEFT JOIN similar_progress p USING (consultation_id)
	                WHERE k.last_number > coalesce(p.last_number, 0))`

// caughtUp has search, groups and totals take all comments in, and waits until the record is sealed.
func (f *full) caughtUp(ctx context.Context) error {
	return catchUp(ctx, f.bench, f.db, f.keys, f.database)
}

// readBehind reads all comments into search and totals.
func (f *full) readBehind(ctx context.Context) error { return readBehind(ctx, f.db, f.keys) }

// catchUp is waitBehind, but most is done here, in large batches. The portal's own workers take small ones and rest between
// them, so that what a load of seconds leaves behind would keep them busy for minutes. What that wrote is on disk afterwards:
// the next run is not to wait for the bench's own writing.
func catchUp(ctx context.Context, l *bench, db *postgres.DB, keys *vault.KeyRing, database string) error {
	ctx, cancel := context.WithTimeoutCause(ctx, behindMost, fmt.Errorf("still behind after %s", behindMost))
	defer cancel()
	if err := readBehind(ctx, db, keys); err != nil {
		return err
	}
	groups := similar.Store{DB: db, Keys: keys, Now: db.Now}
	if err := groups.CatchUp(ctx); err != nil {
		return err
	}
	if err := waitBehind(ctx, l, database); err != nil {
		return err
	}
	return l.exec(ctx, database, "CHECKPOINT")
}

func readBehind(ctx context.Context, db *postgres.DB, keys *vault.KeyRing) error {
	store := comment.NewStore(db, db, keys, nil)
	for _, step := range []func(ctx context.Context) (int, error){
		func(ctx context.Context) (int, error) { return store.IndexBulk(ctx, readAtOnce) }, store.TallyBulk,
	} {
		for n := 1; n > 0; {
			var err error
			if n, err = step(ctx); err != nil {
				return err
			}
		}
	}
	return nil
}

// readAtOnce is how many comments a step reads. From a thousand on the index would keep them unsorted until someone pays for
// all at once (comment.Store.IndexBulk), as the next load would.
const readAtOnce = 500

// filledIn says how long it took to fill the databases.
func (l *bench) filledIn() string {
	var b strings.Builder
	for _, comments := range slices.Sorted(maps.Keys(l.fulls)) {
		fmt.Fprintf(&b, "%s comments in %d consultations filled in %.0f s; ", amount(float64(comments)), fullConsultations, l.fulls[comments].took.Seconds())
	}
	return b.String()
}
