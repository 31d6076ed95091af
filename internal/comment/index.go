package comment

import (
	"context"
	"errors"
	"fmt"
	"time"

	"wenji/internal/postgres"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
)

const (
	indexBatch = 100
	indexPause = 500 * time.Millisecond // between looks for what is new
	indexRest  = 2                      // times as long as a full batch took: searching may wait, citizens may not
	rushBatch  = 25
)

// Index reads new and changed comments into the search, and new ones into the tallies, until ctx ends. Any number of replicas may run it; each comment
// is read by one. It works behind what is submitted and never in its way: a search looks itself through what has not
// been read yet. A machine that is busy makes batches slow, and so the rests between them long; in a rush little is read.
func (s *Store) Index(ctx context.Context) {
	for {
		began, most, rush := time.Now(), indexBatch, s.Rush()
		if rush {
			most = rushBatch
		}
		n, err := s.indexOnce(ctx, most, leastFirst)
		counted, errCount := s.tallyOnce(ctx)
		pause := indexPause
		switch full := err == nil && n >= most || errCount == nil && counted >= tallyMost; {
		case rush || s.Rush():
			pause = RushRest
		case full:
			pause = indexRest * time.Since(began)
		}
		select {
		case <-ctx.Done():
			return
		case <-time.After(pause):
		}
	}
}

// IndexBulk reads one batch of up to most comments of the consultation in which most wait, and returns how many; 0 when
// nothing waits that nobody else has in hand. It is for stores that have grown by much more than Index reads in a while:
// the index takes a large batch for a fraction of the work of small ones.
func (s *Store) IndexBulk(ctx context.Context, most int) (n int, err error) {
	for range 2 { // the first look may have found consultations without a mark
		if n, err = s.indexOnce(ctx, most, mostFirst); n > 0 || err != nil {
			return n, err
		}
	}
	return 0, nil
}

// The consultation that is read into the search next is the one with the fewest comments waiting, so that a flood in one
// holds up no other; or the one with the most.
const (
	leastFirst = 1
	mostFirst  = -1
)

// bulkFrom is the size of a batch from which the index collects a batch as a whole before it is sorted in.
const (
	bulkFrom    = 1000
	bulkSetting = `SELECT set_config('gin_pending_list_limit', '131072', true), set_config('work_mem', '131072', true)` // kB
)

// indexOnce reads one batch of new and one of changed comments, and returns how many there were.
func (s *Store) indexOnce(ctx context.Context, most, order int) (n int, err error) {
	err = s.DB.InTx(ctx, func(tx pgx.Tx) error {
		if most >= bulkFrom {
			if _, err := tx.Exec(ctx, bulkSetting); err != nil {
				return fmt.Errorf("prepare to index: %w", err)
			}
		}
		fresh, err := indexFresh(ctx, tx, most, order)
		if err != nil {
			return err
		}
		changed, err := indexChanged(ctx, tx, most)
		n = fresh + changed
		return err
	})
	return n, err
}

// indexFresh goes on where the search of one consultation ends.
func indexFresh(ctx context.Context, tx pgx.Tx, most, order int) (int, error) {
	var consultationID string
	var mark, last int
	err := tx.QueryRow(ctx, `
		SELECT m.consultation_id, m.number, k.last_number
		  FROM comment_search_mark m
		  JOIN comment_count k ON k.consultation_id = m.consultation_id AND k.last_number > m.number
		 ORDER BY (k.last_number - m.number) * $1::integer
		 LIMIT 1
		   FOR UPDATE OF m SKIP LOCKED`, order).Scan(&consultationID, &mark, &last)
	if errors.Is(err, pgx.ErrNoRows) {
		return 0, beginMarks(ctx, tx)
	}
	if err != nil {
		return 0, fmt.Errorf("look for comments to index: %w", err)
	}
	last = min(last, mark+most)
	rows, err := tx.Query(ctx, indexSelect+`
		 WHERE consultation_id = $1 AND number > $2 AND number <= $3
		 ORDER BY number`, consultationID, mark, last)
	if err != nil {
		return 0, fmt.Errorf("read comments of %s to index: %w", consultationID, err)
	}
	list, err := pgx.CollectRows(rows, pgx.RowToStructByPos[indexed])
	if err != nil {
		return 0, fmt.Errorf("read comments of %s to index: %w", consultationID, err)
	}
	if err := putIndexed(ctx, tx, list); err != nil {
		return 0, err
	}
	return last - mark, postgres.LastExec(ctx, tx, "mark "+consultationID+" as indexed",
		`UPDATE comment_search_mark SET number = $2 WHERE consultation_id = $1`, consultationID, last)
}

// beginMarks makes the marks of new consultations, from the next round on.
func beginMarks(ctx context.Context, tx pgx.Tx) error {
	_, err := tx.Exec(ctx, `
		INSERT INTO comment_search_mark (consultation_id)
		SELECT k.consultation_id
		  FROM comment_count k
		 WHERE k.last_number > 0 AND NOT EXISTS (SELECT FROM comment_search_mark m WHERE m.consultation_id = k.consultation_id)
		ON CONFLICT DO NOTHING`)
	if err != nil {
		return fmt.Errorf("begin to index: %w", err)
	}
	return nil
}

// indexChanged reads again what Reindex named. A change that commits meanwhile names its comment anew, and is read next
// time.
func indexChanged(ctx context.Context, tx pgx.Tx, most int) (int, error) {
	rows, err := tx.Query(ctx, `
		DELETE FROM comment_search_stale
		 WHERE comment_id IN (SELECT comment_id FROM comment_search_stale LIMIT $1 FOR UPDATE SKIP LOCKED)
		RETURNING comment_id`, most)
	if err != nil {
		return 0, fmt.Errorf("look for changed comments: %w", err)
	}
	ids, err := pgx.CollectRows(rows, pgx.RowTo[uuid.UUID])
	if err != nil {
		return 0, fmt.Errorf("look for changed comments: %w", err)
	}
	if len(ids) == 0 {
		return 0, nil
	}
	if rows, err = tx.Query(ctx, indexSelect+` WHERE id = ANY ($1)`, ids); err != nil {
		return 0, fmt.Errorf("read changed comments: %w", err)
	}
	list, err := pgx.CollectRows(rows, pgx.RowToStructByPos[indexed])
	if err != nil {
		return 0, fmt.Errorf("read changed comments: %w", err)
	}
	return len(list), putIndexed(ctx, tx, list)
}

// indexed is what the search keeps of a comment, before it is digested.
type indexed struct {
	ID             uuid.UUID
	ConsultationID string
	Number         int
	ReceivedAt     time.Time
	Title, Body    string
	Public         bool
	PublicTitle    string
	PublicBody     string
}

const indexSelect = `
		SELECT id, consultation_id, number, received_at, title, body, state = 'published',
		       COALESCE(public_title, ''), COALESCE(public_body, '')
		  FROM comment`

func putIndexed(ctx context.Context, tx pgx.Tx, list []indexed) error {
	if len(list) == 0 {
		return nil
	}
	n := len(list)
	ids, consultations, numbers, times := make([][16]byte, n), make([]string, n), make([]int, n), make([]time.Time, n)
	staffTerms, publicTerms := make([]string, n), make([]*string, n)
	for i, c := range list {
		ids[i], consultations[i], numbers[i], times[i] = c.ID, c.ConsultationID, c.Number, c.ReceivedAt
		staffTerms[i] = arrayLiteral(terms(c.Title, c.Body))
		if c.Public {
			public := arrayLiteral(terms(c.PublicTitle, c.PublicBody))
			publicTerms[i] = &public
		}
	}
	_, err := tx.Exec(ctx, `
		INSERT INTO comment_search AS s (comment_id, consultation_id, number, received_at, staff_terms, public_terms)
		SELECT u.id, u.consultation, u.number, u.received, u.staff::integer[], u.public::integer[]
		  FROM unnest($1::uuid[], $2::text[], $3::integer[], $4::timestamptz[], $5::text[], $6::text[])
		    AS u (id, consultation, number, received, staff, public)
		ON CONFLICT (comment_id) DO UPDATE SET staff_terms = excluded.staff_terms, public_terms = excluded.public_terms`,
		ids, consultations, numbers, times, staffTerms, publicTerms)
	if err != nil {
		return fmt.Errorf("index %d comments: %w", n, err)
	}
	return nil
}

// Reindex lets the search read a comment again, once tx has committed. Who changes a comment's words or its public copy
// calls it in the same transaction; Transition does.
func Reindex(ctx context.Context, tx pgx.Tx, id uuid.UUID, consultationID string) error {
	// The update of a row that is there already locks it: the indexer then leaves it for after this transaction.
	_, err := tx.Exec(ctx, `
		INSERT INTO comment_search_stale (comment_id, consultation_id)
		VALUES ($1, $2)
		ON CONFLICT (comment_id) DO UPDATE SET consultation_id = excluded.consultation_id`, id, consultationID)
	if err != nil {
		return fmt.Errorf("index comment %s again: %w", id, err)
	}
	return nil
}
