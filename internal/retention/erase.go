package retention

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"time"

	"wenji/internal/apperr"
	"wenji/internal/audit"
	"wenji/internal/comment"
	"wenji/internal/intake"
	"wenji/internal/similar"
	"wenji/internal/staff"
	"wenji/internal/vault"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
)

// batch is how many comments a transaction erases.
const batch = 500

// Erasure is the record of one.
type Erasure struct {
	ID             uuid.UUID
	ConsultationID string
	CommentID      *uuid.UUID // one commenter's, asked for; nil: a whole consultation's
	Actor          string
	StartedAt      time.Time
	FinishedAt     *time.Time
	Through        int // comments up to this number
	People         int // whose personal data was erased
	Marks          int // comments whose digests of phone and form were erased
	Scans          int // scans and imported files
	Requests       int // requests whose words were erased
	Digest         []byte
}

const erasureColumns = `id, consultation_id, comment_id, actor, started_at, finished_at, through, people, marks, scans, requests, digest`

// Erasures lists the latest of a consultation, at most fifty.
func (s *Store) Erasures(ctx context.Context, by staff.Member, id string) ([]Erasure, error) {
	if !by.Can(staff.ManageRetention) {
		return nil, apperr.ErrForbidden
	}
	rows, err := s.DB.Query(ctx, `
		SELECT `+erasureColumns+`
		  FROM erasure
		 WHERE consultation_id = $1
		 ORDER BY started_at DESC, id
		 LIMIT 50`, id)
	if err != nil {
		return nil, fmt.Errorf("list erasures of %s: %w", id, err)
	}
	list, err := pgx.CollectRows(rows, pgx.RowToStructByPos[Erasure])
	if err != nil {
		return nil, fmt.Errorf("list erasures of %s: %w", id, err)
	}
	return list, nil
}

// Due lists the consultations whose personal data is to be erased now, those under way first; at most a thousand.
func (s *Store) Due(ctx context.Context) ([]Term, error) {
	rows, err := s.DB.Query(ctx, termColumns+`
		 WHERE (coalesce(e.through, 0) < coalesce(n.last_number, 0) OR e.open) AND (c.concluded_on IS NOT NULL OR c.withdrawn_at IS NOT NULL)
		 ORDER BY coalesce(e.open, false) DESC, c.id
		 LIMIT 1000`)
	if err != nil {
		return nil, fmt.Errorf("list what is due: %w", err)
	}
	list, err := pgx.CollectRows(rows, scanTerm)
	if err != nil {
		return nil, fmt.Errorf("list what is due: %w", err)
	}
	due := list[:0]
	for _, t := range list {
		if state := t.State(s.Now()); state == Due || state == Erasing {
			due = append(due, t)
		}
	}
	return due, nil
}

// Erase is EraseDue by a member.
func (s *Store) Erase(ctx context.Context, by staff.Member, id string) (Erasure, error) {
	if !by.Can(staff.ManageRetention) {
		return Erasure{}, apperr.ErrForbidden
	}
	return s.eraseAll(ctx, actor{by.Signature(), string(by.Role)}, id, func(int) {})
}

// EraseDue erases the personal data of a consultation whose term is over, in batches, and tells progress of each. It is
// refused during a hold (ErrHeld), before the term is over (ErrNotDue), and when nothing is left (ErrNothing). Cut off, it
// is gone on with by the next call on any replica; several at once share the work. The comments and their public copies
// stay (个人信息保护法 §19, §47: what is kept no longer tells who wrote them).
func (s *Store) EraseDue(ctx context.Context, who, id string, progress func(comments int)) (Erasure, error) {
	return s.eraseAll(ctx, actor{name: who}, id, progress)
}

type actor struct{ name, role string }

func (s *Store) eraseAll(ctx context.Context, by actor, id string, progress func(int)) (Erasure, error) {
	first := true
	for {
		var (
			e Erasure
			n int
		)
		err := s.DB.InTx(ctx, func(tx pgx.Tx) (err error) {
			e, n, err = s.eraseBatch(ctx, tx, by, id)
			return err
		})
		if errors.Is(err, ErrNothing) && !first { // another replica did the last batch
			return e, nil
		}
		if err != nil {
			return e, fmt.Errorf("erase personal data of %s: %w", id, err)
		}
		first = false
		progress(n)
		if e.FinishedAt != nil {
			return e, nil
		}
	}
}

// eraseBatch erases the next comments of a consultation, personal data first, and ends the erasure behind the last one.
func (s *Store) eraseBatch(ctx context.Context, tx pgx.Tx, by actor, id string) (Erasure, int, error) {
	t, err := lockTerm(ctx, tx, id)
	if err != nil {
		return Erasure{}, 0, err
	}
	switch t.State(s.Now()) {
	case Due, Erasing:
	case Held:
		return Erasure{}, 0, ErrHeld
	case Empty, Erased:
		return Erasure{}, 0, ErrNothing
	default:
		return Erasure{}, 0, ErrNotDue
	}
	e, err := s.openErasure(ctx, tx, by.name, t)
	if err != nil {
		return e, 0, err
	}
	ids, through, err := nextComments(ctx, tx, id, e.Through)
	if err != nil {
		return e, 0, err
	}
	if len(ids) > 0 {
		e.Through = through
		if err := eraseComments(ctx, tx, &e, ids); err != nil {
			return e, 0, err
		}
	}
	if len(ids) < batch {
		if err := s.finish(ctx, tx, by, &e); err != nil {
			return e, 0, err
		}
	}
	return e, len(ids), save(ctx, tx, e)
}

// openErasure is the one under way, or a new one that goes on behind those before it.
func (s *Store) openErasure(ctx context.Context, tx pgx.Tx, who string, t Term) (Erasure, error) {
	rows, err := tx.Query(ctx, `
		SELECT `+erasureColumns+`
		  FROM erasure
		 WHERE consultation_id = $1 AND finished_at IS NULL AND comment_id IS NULL`, t.ConsultationID)
	if err != nil {
		return Erasure{}, fmt.Errorf("look for an open erasure: %w", err)
	}
	e, err := pgx.CollectExactlyOneRow(rows, pgx.RowToStructByPos[Erasure])
	if err == nil || !errors.Is(err, pgx.ErrNoRows) {
		return e, err
	}
	return newErasure(ctx, tx, Erasure{ConsultationID: t.ConsultationID, Actor: who, StartedAt: s.now(), Through: t.Through})
}

func newErasure(ctx context.Context, tx pgx.Tx, e Erasure) (Erasure, error) {
	var err error
	e.Digest = []byte{}
	if e.ID, err = uuid.NewV7(); err != nil {
		return e, fmt.Errorf("make a key: %w", err)
	}
	_, err = tx.Exec(ctx, `
		INSERT INTO erasure (id, consultation_id, comment_id, actor, started_at, through)
		VALUES ($1, $2, $3, $4, $5, $6)`, e.ID, e.ConsultationID, e.CommentID, e.Actor, e.StartedAt, e.Through)
	if err != nil {
		return e, fmt.Errorf("begin an erasure: %w", err)
	}
	return e, nil
}

func nextComments(ctx context.Context, tx pgx.Tx, id string, behind int) (ids []uuid.UUID, through int, err error) {
	rows, err := tx.Query(ctx, `
		SELECT id, number
		  FROM comment
		 WHERE consultation_id = $1 AND number > $2
		 ORDER BY number
		 LIMIT $3`, id, behind, batch)
	if err != nil {
		return nil, 0, fmt.Errorf("list comments to erase: %w", err)
	}
	var one uuid.UUID
	_, err = pgx.ForEachRow(rows, []any{&one, &through}, func() error {
		ids = append(ids, one)
		return nil
	})
	if err != nil {
		return nil, 0, fmt.Errorf("list comments to erase: %w", err)
	}
	return ids, through, nil
}

// eraseComments erases everything personal about the comments, and counts it.
func eraseComments(ctx context.Context, tx pgx.Tx, e *Erasure, ids []uuid.UUID) error {
	if err := similar.Unknown(ctx, tx, e.ConsultationID, ids); err != nil {
		return err
	}
	people, err := vault.Erase(ctx, tx, ids)
	if err != nil {
		return err
	}
	marks, err := comment.EraseMarks(ctx, tx, ids)
	if err != nil {
		return err
	}
	scans, err := intake.Erase(ctx, tx, ids)
	if err != nil {
		return err
	}
	requests, err := eraseWishes(ctx, tx, ids)
	if err != nil {
		return err
	}
	e.People, e.Marks, e.Scans, e.Requests = e.People+people, e.Marks+marks, e.Scans+scans, e.Requests+requests
	sum := sha256.New()
	sum.Write(e.Digest)
	for _, id := range ids {
		sum.Write(id[:])
	}
	e.Digest = sum.Sum(nil)
	return nil
}

// finish ends an erasure and records it.
func (s *Store) finish(ctx context.Context, tx pgx.Tx, by actor, e *Erasure) error {
	action, subject := "retention.erased_one", "comment"
	if e.CommentID == nil {
		files, err := intake.EraseImports(ctx, tx, e.ConsultationID)
		if err != nil {
			return err
		}
		e.Scans += files
		action, subject = "retention.erased", fmt.Sprintf("comments to %d", e.Through)
	}
	at := s.now()
	e.FinishedAt = &at
	return audit.Record(ctx, tx, audit.Entry{
		At: at, Actor: by.name, Role: by.role, Action: action, ConsultationID: e.ConsultationID, Subject: subject,
		Detail: fmt.Sprintf("%d people, %d marks, %d files, %d requests, digest %s", e.People, e.Marks, e.Scans, e.Requests,
			hex.EncodeToString(e.Digest)),
	})
}

func save(ctx context.Context, tx pgx.Tx, e Erasure) error {
	_, err := tx.Exec(ctx, `
		UPDATE erasure
		   SET finished_at = $2, through = $3, people = $4, marks = $5, scans = $6, requests = $7, digest = $8
		 WHERE id = $1`, e.ID, e.FinishedAt, e.Through, e.People, e.Marks, e.Scans, e.Requests, e.Digest)
	if err != nil {
		return fmt.Errorf("write erasure %s: %w", e.ID, err)
	}
	return nil
}

// Run erases what is due, each hour, until ctx ends. failed is told of what went wrong; the next hour tries again.
func (s *Store) Run(ctx context.Context, failed func(error)) {
	tick := time.NewTicker(time.Hour)
	defer tick.Stop()
	for {
		due, err := s.Due(ctx)
		if err != nil && ctx.Err() == nil {
			failed(err)
		}
		for _, t := range due {
			_, err := s.EraseDue(ctx, "wenji", t.ConsultationID, func(int) {})
			if err != nil && ctx.Err() == nil && !errors.Is(err, apperr.ErrConflict) {
				failed(err)
			}
		}
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}
