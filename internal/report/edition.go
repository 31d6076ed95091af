package report

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"wenji/internal/apperr"
	"wenji/internal/audit"
	"wenji/internal/comment"
	"wenji/internal/consultation"
	"wenji/internal/staff"
	"wenji/internal/validate"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
)

// Document is a part of a report as it was published: everything that page, DOCX, XLSX and CSV say comes from it.
type Document struct {
	ConsultationID string    `json:"consultation"`
	Title          string    `json:"title"` // of the draft opened to comment
	Unit           string    `json:"unit"`
	Part           Part      `json:"part"`
	Edition        int       `json:"edition"` // from 1; a later one replaces it
	PublishedAt    time.Time `json:"published_at"`
	OpensAt        time.Time `json:"opens_at"`
	ClosesAt       time.Time `json:"closes_at"`
	Summary        string    `json:"summary"`
	LinkTitle      string    `json:"link_title,omitempty"`
	LinkURL        string    `json:"link_url,omitempty"`
	Numbers        Numbers   `json:"numbers"`
	Rows           int       `json:"rows,omitempty"`        // of the table of 采纳情况
	RowsDigest     string    `json:"rows_digest,omitempty"` // SHA-256 over them
}

// Edition is a published part.
type Edition struct {
	ID          uuid.UUID
	PublishedBy string
	Digest      string // SHA-256 of the document in hexadecimal; the record has the same
	Document
}

// Publish freezes a part and shows it to the public: in one transaction that sees one instant it computes every number,
// compares all sums, stores document and table, and marks the consultation. version is that of the draft the editor saw.
// Publishing again makes a new edition, the earlier ones are kept.
//
// Errors: apperr.ErrForbidden, apperr.ErrNotFound, *apperr.Invalid on summary (empty), *Refusal, *Difference.
func (s *Store) Publish(ctx context.Context, by staff.Member, consultationID string, p Part, version int) error {
	if !by.Can(staff.Report) {
		return apperr.ErrForbidden
	}
	if !known(p) {
		return apperr.ErrNotFound
	}
	id, err := uuid.NewV7()
	if err != nil {
		return fmt.Errorf("publish %s of %s: %w", p, consultationID, err)
	}
	at := s.now()
	return s.DB.InStill(ctx, func(tx pgx.Tx) error {
		c, err := consultation.Locked(ctx, tx, consultationID)
		if err != nil {
			return err
		}
		totals, err := comment.LockTotals(ctx, tx, consultationID)
		if err != nil {
			return err
		}
		draft, err := readyDraft(ctx, tx, c, p, version, at)
		if err != nil {
			return err
		}
		doc := Document{
			ConsultationID: c.ID, Title: c.Title, Unit: c.Unit, Part: p, PublishedAt: at, OpensAt: c.OpensAt, ClosesAt: c.ClosesAt,
			Summary: draft.Summary, LinkTitle: draft.LinkTitle, LinkURL: draft.LinkURL,
		}
		if doc.Numbers, err = frozenNumbers(ctx, tx, consultationID, p, totals); err != nil {
			return err
		}
		digest, err := store(ctx, tx, id, by.Name, &doc)
		if err != nil {
			return fmt.Errorf("publish %s of %s: %w", p, consultationID, err)
		}
		if err := consultation.MarkResult(ctx, tx, consultationID, at); err != nil {
			return err
		}
		return audit.Record(ctx, tx, entry(by, at, "publish", consultationID, p,
			fmt.Sprintf("edition %d, %d comments, sha256 %x", doc.Edition, doc.Numbers.Total, digest)))
	})
}

// readyDraft is the draft, when the part may be published now.
func readyDraft(ctx context.Context, tx pgx.Tx, c *consultation.Consultation, p Part, version int, at time.Time) (Draft, error) {
	switch c.Phase(at) {
	case consultation.Closed, consultation.Concluded:
	case consultation.Withdrawn:
		return Draft{}, &Refusal{Why: IsWithdrawn}
	default:
		return Draft{}, &Refusal{Why: NotClosed}
	}
	if p == Outcome {
		if _, err := latest(ctx, tx, c.ID, Received); errors.Is(err, apperr.ErrNotFound) {
			return Draft{}, &Refusal{Why: NoReceived}
		} else if err != nil {
			return Draft{}, err
		}
		left, err := lacking(ctx, tx, c.ID)
		if err != nil {
			return Draft{}, err
		}
		if left.Count > 0 {
			return Draft{}, &Refusal{Why: Unanswered, Lacking: left}
		}
	}
	draft, err := readDraft(ctx, tx, c.ID, p)
	switch {
	case err != nil:
		return Draft{}, err
	case draft.Version != version:
		return Draft{}, &Refusal{Why: DraftChanged}
	case draft.Summary == "":
		return Draft{}, &apperr.Invalid{Problems: []apperr.Problem{{Field: "summary", Message: validate.ReportSummaryEmpty}}}
	}
	return draft, nil
}

// frozenNumbers computes and compares every number, before and after small groups are merged.
func frozenNumbers(ctx context.Context, tx pgx.Tx, consultationID string, p Part, totals comment.Totals) (Numbers, error) {
	n, err := count(ctx, tx, consultationID)
	if err != nil {
		return Numbers{}, err
	}
	if p != Outcome {
		n.Outcomes = nil
	}
	if err := n.reconcile(totals, p); err != nil {
		return Numbers{}, err
	}
	n = n.publishable()
	return n, n.reconcile(totals, p)
}

// store keeps document and table, and returns the document's digest.
func store(ctx context.Context, tx pgx.Tx, id uuid.UUID, by string, doc *Document) ([]byte, error) {
	err := tx.QueryRow(ctx, `
		SELECT coalesce(max(edition), 0) + 1
		  FROM result_edition
		 WHERE consultation_id = $1
		   AND part = $2`, doc.ConsultationID, doc.Part).Scan(&doc.Edition)
	if err != nil {
		return nil, fmt.Errorf("number the edition: %w", err)
	}
	if doc.Part == Outcome {
		if doc.Rows, doc.RowsDigest, err = digestRows(ctx, tx, doc.ConsultationID); err != nil {
			return nil, err
		}
		if doc.Rows != doc.Numbers.Total {
			return nil, &Difference{What: "rows", Got: doc.Rows, Want: doc.Numbers.Total}
		}
	}
	text, err := json.Marshal(doc)
	if err != nil {
		return nil, fmt.Errorf("write the document: %w", err)
	}
	digest := sha256.Sum256(text)
	_, err = tx.Exec(ctx, `
		INSERT INTO result_edition (id, consultation_id, part, edition, published_at, published_by, document, digest)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8)`,
		id, doc.ConsultationID, doc.Part, doc.Edition, doc.PublishedAt, by, string(text), digest[:])
	if err != nil {
		return nil, fmt.Errorf("store the document: %w", err)
	}
	if doc.Part == Outcome {
		err = freezeRows(ctx, tx, id, doc.ConsultationID)
	}
	return digest[:], err
}

// Published is what the public may read of a consultation's report: nil for a part that is not published.
// apperr.ErrNotFound: neither is.
func (s *Store) Published(ctx context.Context, consultationID string) (received, outcome *Edition, err error) {
	if received, err = latest(ctx, s.DB, consultationID, Received); err != nil {
		return nil, nil, err // 采纳情况 is never published before
	}
	outcome, err = latest(ctx, s.DB, consultationID, Outcome)
	if errors.Is(err, apperr.ErrNotFound) {
		return received, nil, nil
	}
	return received, outcome, err
}

// latest is the edition that is shown, or apperr.ErrNotFound.
func latest(ctx context.Context, q querier, consultationID string, p Part) (*Edition, error) {
	rows, err := q.Query(ctx, `
		SELECT id, published_by, document, digest
		  FROM result_edition
		 WHERE consultation_id = $1
		   AND part = $2
		 ORDER BY edition DESC
		 LIMIT 1`, consultationID, p)
	if err != nil {
		return nil, fmt.Errorf("read %s of %s: %w", p, consultationID, err)
	}
	e, err := pgx.CollectExactlyOneRow(rows, scanEdition)
	if errors.Is(err, pgx.ErrNoRows) {
		return nil, apperr.ErrNotFound
	}
	if err != nil {
		return nil, fmt.Errorf("read %s of %s: %w", p, consultationID, err)
	}
	return e, nil
}

func scanEdition(row pgx.CollectableRow) (*Edition, error) {
	var (
		e      Edition
		text   string
		digest []byte
	)
	if err := row.Scan(&e.ID, &e.PublishedBy, &text, &digest); err != nil {
		return nil, err
	}
	if found := sha256.Sum256([]byte(text)); string(found[:]) != string(digest) {
		return nil, errTampered
	}
	e.Digest = hex.EncodeToString(digest)
	if err := json.Unmarshal([]byte(text), &e.Document); err != nil {
		return nil, fmt.Errorf("parse a document: %w", err)
	}
	return &e, nil
}

// errTampered: the stored document is not the one that was published.
var errTampered = errors.New("document does not match its digest")
