// Package moderation is the queue in front of publication: claim, decide, hide, undo, and the acts around them.
package moderation

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"wenji/internal/apperr"
	"wenji/internal/audit"
	"wenji/internal/comment"
	"wenji/internal/postgres"
	"wenji/internal/staff"
	"wenji/internal/validate"
	"wenji/internal/vault"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
)

// Store lets staff read and decide comments. Every method asks whether the member may do it before anything else
// (apperr.ErrForbidden); every act is one transaction that holds its entry in the record.
type Store struct {
	DB   *postgres.DB
	Keys *vault.KeyRing
	Now  func() time.Time
	Log  *slog.Logger // told when a member looks at personal data very often; nil: nobody is
}

// Codes of acts in table decision and, with “comment.” before them, in the record.
const (
	Publish  = comment.ActPublish
	Withhold = comment.ActWithhold
	Decline  = comment.ActDecline
	undo     = comment.ActUndo
)

// ReasonOther is the reason code that needs a note.
const ReasonOther = "other"

// now is the moment of an act, as precise as the database keeps it.
func (s *Store) now() time.Time { return s.Now().Truncate(time.Microsecond) }

// target is what an act is about: a comment's unchanging text and where it stands.
type target struct {
	consultationID string
	number         int
	state          comment.State
	title, body    string
	flags          []string
}

func readTarget(ctx context.Context, tx pgx.Tx, id uuid.UUID) (target, error) {
	var t target
	err := tx.QueryRow(ctx, `
		SELECT consultation_id, number, state, title, body, flags
		  FROM comment
		 WHERE id = $1`, id).
		Scan(&t.consultationID, &t.number, &t.state, &t.title, &t.body, &t.flags)
	if errors.Is(err, pgx.ErrNoRows) {
		return target{}, apperr.ErrNotFound
	}
	if err != nil {
		return target{}, fmt.Errorf("read comment %s: %w", id, err)
	}
	return t, nil
}

// entry is what the record keeps of an act. Detail holds codes and counts, or the purpose a member gave; never a
// citizen's words.
func (t target) entry(by staff.Member, at time.Time, action, detail string) audit.Entry {
	return audit.Entry{
		At: at, Actor: by.Signature(), Role: string(by.Role), Action: "comment." + action,
		ConsultationID: t.consultationID, Subject: fmt.Sprintf("comment %d", t.number), Detail: detail,
	}
}

// invalid is one problem of a form of ours.
func invalid(field, sentence string) error {
	return &apperr.Invalid{Problems: []apperr.Problem{{Field: field, Message: sentence}}}
}

const (
	noteMost      = 1000 // characters
	purposeFewest = 4
	purposeMost   = 200
)

// Note adds a remark of the office to a comment; the public never sees it. 1 to 1,000 characters, else
// *apperr.Invalid.
func (s *Store) Note(ctx context.Context, by staff.Member, id uuid.UUID, text string) error {
	if !by.Can(staff.Decide) {
		return apperr.ErrForbidden
	}
	text, err := cleanNote(text)
	if err != nil {
		return err
	}
	if text == "" {
		return invalid("note", validate.NoteEmpty)
	}
	noteID, err := uuid.NewV7()
	if err != nil {
		return fmt.Errorf("note on comment %s: %w", id, err)
	}
	at := s.now()
	return s.DB.InTx(ctx, func(tx pgx.Tx) error {
		t, err := readTarget(ctx, tx, id)
		if err != nil {
			return err
		}
		_, err = tx.Exec(ctx, `
			INSERT INTO note (id, consultation_id, comment_id, text, member_name, written_at)
			VALUES ($1, $2, $3, $4, $5, $6)`, noteID, t.consultationID, id, text, by.Name, at)
		if err != nil {
			return fmt.Errorf("note on comment %s: %w", id, err)
		}
		return audit.Record(ctx, tx, t.entry(by, at, "note", ""))
	})
}

// cleanNote prepares a remark, which may be empty.
func cleanNote(text string) (string, error) {
	text, ok := validate.Text(text)
	if !ok {
		return "", invalid("note", validate.Undisplayable("note"))
	}
	if validate.Length(text) > noteMost {
		return "", invalid("note", validate.NoteLong)
	}
	return text, nil
}

// Reveal returns a commenter's personal data in the clear, once the member has said what for (4 to 200 characters,
// else *apperr.Invalid on field reason). The purpose goes into the record, in the transaction that reads the data:
// nothing is shown that is not recorded. Beyond the day's quota it is refused in the same way, recorded as reveal.quota. vault.ErrSeal: this comment's data is damaged; other comments are not
// affected. apperr.ErrNotFound: no such comment, or its personal data has been erased.
func (s *Store) Reveal(ctx context.Context, by staff.Member, id uuid.UUID, reason string) (vault.Personal, error) {
	if !by.Can(staff.Reveal) {
		return vault.Personal{}, apperr.ErrForbidden
	}
	reason, ok := validate.Line(reason)
	switch n := validate.Length(reason); {
	case !ok || n < purposeFewest:
		return vault.Personal{}, invalid("reason", validate.PurposeMissing)
	case n > purposeMost:
		return vault.Personal{}, invalid("reason", validate.PurposeLong)
	}
	at := s.now()
	var personal vault.Personal
	var q quota
	err := s.DB.InTx(ctx, func(tx pgx.Tx) error {
		t, err := readTarget(ctx, tx, id)
		if err != nil {
			return err
		}
		if q, err = takeReveal(ctx, tx, by, at); err != nil {
			return err
		}
		if q.refused {
			return audit.Record(ctx, tx, q.entry(by, at, t))
		}
		sealed, err := vault.Read(ctx, tx, id)
		if err != nil {
			return err
		}
		if personal, err = s.Keys.Open(id, sealed); err != nil {
			return err
		}
		return audit.Record(ctx, tx, t.entry(by, at, "reveal", reason))
	})
	if err != nil {
		return vault.Personal{}, err
	}
	s.warn(by, q)
	if q.refused {
		return vault.Personal{}, invalid("reason", validate.QuotaReached(q.limit))
	}
	return personal, nil
}
