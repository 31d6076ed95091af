package intake

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"time"

	"wenji/internal/apperr"
	"wenji/internal/audit"
	"wenji/internal/comment"
	"wenji/internal/staff"
	"wenji/internal/validate"
	"wenji/internal/vault"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
)

// FileMost is how large a scan, and the files of one import together, may be.
const FileMost = 8 << 20

// scanPlace names the column of scans to the seal.
const scanPlace = "intake_scan.content"

// scanKind tells what a scan is by its first bytes, whatever its name says, or words what is wrong with it.
func scanKind(content []byte) (mediaType, sentence string) {
	switch {
	case len(content) == 0:
		return "", ""
	case len(content) > FileMost:
		return "", validate.ScanLarge
	case bytes.HasPrefix(content, []byte("%PDF-")):
		return "application/pdf", ""
	case bytes.HasPrefix(content, []byte("\x89PNG\r\n\x1a\n")):
		return "image/png", ""
	case bytes.HasPrefix(content, []byte("\xff\xd8\xff")):
		return "image/jpeg", ""
	}
	return "", validate.ScanKind
}

func (s *Store) storeScan(ctx context.Context, tx pgx.Tx, consultationID string, id uuid.UUID, kind string, content []byte) error {
	_, err := tx.Exec(ctx, `
		INSERT INTO intake_scan (comment_id, consultation_id, media_type, size, content)
		VALUES ($1, $2, $3, $4, $5)`, id, consultationID, kind, len(content), s.Keys.SealValue(scanPlace, id, content))
	if err != nil {
		return fmt.Errorf("store the scan of comment %s: %w", id, err)
	}
	return nil
}

// Scan is an opened scan.
type Scan struct {
	MediaType string
	Number    int // of its comment
	Content   []byte
}

// Ending is how the name of such a file ends.
func (c Scan) Ending() string {
	return map[string]string{"application/pdf": ".pdf", "image/png": ".png", "image/jpeg": ".jpg"}[c.MediaType]
}

const (
	purposeFewest = 4
	purposeMost   = 200
)

// OpenScan returns the scan of a comment once the member has said what for: it may show what only a reveal shows, so it
// needs the same right, counts against the same quota, and goes into the record in the same way.
func (s *Store) OpenScan(ctx context.Context, by staff.Member, id uuid.UUID, reason string) (Scan, error) {
	if !by.Can(staff.Reveal) {
		return Scan{}, apperr.ErrForbidden
	}
	reason, ok := validate.Line(reason)
	switch n := validate.Length(reason); {
	case !ok || n < purposeFewest:
		return Scan{}, invalid("scan_reason", validate.PurposeMissing)
	case n > purposeMost:
		return Scan{}, invalid("scan_reason", validate.PurposeLong)
	}
	var scan Scan
	var within bool
	var limit int
	at := s.now()
	err := s.DB.InTx(ctx, func(tx pgx.Tx) error {
		var consultationID string
		var sealed []byte
		err := tx.QueryRow(ctx, `
			SELECT c.consultation_id, c.number, s.media_type, s.content
			  FROM intake_scan s JOIN comment c ON c.id = s.comment_id
			 WHERE s.comment_id = $1`, id).Scan(&consultationID, &scan.Number, &scan.MediaType, &sealed)
		if errors.Is(err, pgx.ErrNoRows) {
			return apperr.ErrNotFound
		}
		if err != nil {
			return fmt.Errorf("read the scan of comment %s: %w", id, err)
		}
		e := audit.Entry{
			At: at, Actor: by.Signature(), Role: string(by.Role), Action: "comment.scan", ConsultationID: consultationID,
			Subject: fmt.Sprintf("comment %d", scan.Number), Detail: reason,
		}
		if within, limit, err = s.Look(ctx, tx, by, at); err != nil {
			return err
		}
		if !within {
			e.Action, e.Detail = "reveal.quota", fmt.Sprintf("scan, %d", limit)
			return audit.Record(ctx, tx, e)
		}
		if scan.Content, err = s.Keys.OpenValue(scanPlace, id, sealed); err != nil {
			return fmt.Errorf("open the scan of comment %s: %w", id, err)
		}
		return audit.Record(ctx, tx, e)
	})
	if err != nil {
		return Scan{}, err
	}
	if !within {
		return Scan{}, invalid("scan_reason", validate.QuotaReached(limit))
	}
	return scan, nil
}

// scansAtOnce bounds the scans of one batch of RewrapScans: each may have FileMost bytes.
const scansAtOnce = 8

// staleScan is true of a scan that another key than $1 (the header of the active one) sealed.
const staleScan = `substr(content, 1, length($1::bytea)) <> $1::bytea`

// StaleScans counts the scans that another key than the active one sealed.
func (s *Store) StaleScans(ctx context.Context, tx pgx.Tx) (n int, err error) {
	if err := tx.QueryRow(ctx, `SELECT count(*) FROM intake_scan WHERE `+staleScan, s.Keys.Header()).Scan(&n); err != nil {
		return 0, fmt.Errorf("count scans of older keys: %w", err)
	}
	return n, nil
}

// RewrapScans seals the next scans behind after with the active key; see vault.KeyRing.Rewrap.
func (s *Store) RewrapScans(ctx context.Context, tx pgx.Tx, after uuid.UUID, most int) (vault.Rewrapped, error) {
	done := vault.Rewrapped{Last: after}
	found, err := tx.Query(ctx, `
		SELECT comment_id, content
		  FROM intake_scan
		 WHERE comment_id > $2 AND `+staleScan+`
		 ORDER BY comment_id
		 LIMIT $3
		   FOR UPDATE`, s.Keys.Header(), after, min(most, scansAtOnce))
	if err != nil {
		return done, fmt.Errorf("read scans of older keys: %w", err)
	}
	var ids []uuid.UUID
	var contents [][]byte
	var sealed []byte
	_, err = pgx.ForEachRow(found, []any{&done.Last, &sealed}, func() error {
		done.Rows++
		plain, err := s.Keys.OpenValue(scanPlace, done.Last, sealed)
		if err != nil {
			done.Damaged++
			return nil
		}
		ids, contents = append(ids, done.Last), append(contents, s.Keys.SealValue(scanPlace, done.Last, plain))
		return nil
	})
	if err != nil {
		return done, fmt.Errorf("read scans of older keys: %w", err)
	}
	_, err = tx.Exec(ctx, `
		UPDATE intake_scan s
		   SET content = f.content
		  FROM unnest($1::uuid[], $2::bytea[]) AS f (comment_id, content)
		 WHERE s.comment_id = f.comment_id`, ids, contents)
	if err != nil {
		return done, fmt.Errorf("write %d scans sealed anew: %w", len(ids), err)
	}
	return done, nil
}

// Origin is how a comment came to be written down by the office.
type Origin struct {
	ReceivedOn time.Time
	By         string
	At         time.Time
	ScanType   string // "" without a scan
	ScanSize   int
	Own        bool // entered by the member who asks
}

// Origin reads where an entered comment came from; nil for one sent through the portal.
func (s *Store) Origin(ctx context.Context, by staff.Member, id uuid.UUID) (*Origin, error) {
	if !by.Can(staff.ReadComments) {
		return nil, apperr.ErrForbidden
	}
	var o Origin
	err := s.DB.QueryRow(ctx, `
		SELECT e.received_on, e.member_name, e.entered_at, COALESCE(s.media_type, ''), COALESCE(s.size, 0), e.member_id = $2
		  FROM intake_entry e LEFT JOIN intake_scan s ON s.comment_id = e.comment_id
		 WHERE e.comment_id = $1`, id, by.ID).Scan(&o.ReceivedOn, &o.By, &o.At, &o.ScanType, &o.ScanSize, &o.Own)
	if errors.Is(err, pgx.ErrNoRows) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read the origin of comment %s: %w", id, err)
	}
	return &o, nil
}

// slipLife is how long the one who entered a comment may print its slip.
const slipLife = 24 * time.Hour

// Slip is what is given or sent to a person whose comment the office wrote down.
type Slip struct {
	comment.Receipt
	Title    string
	Channel  string
	HasPhone bool // with the phone's last digits the code can be used
}

// Slip returns the receipt of a comment to the member who entered it, within a day; apperr.ErrNotFound for anyone else
// and later, because the code is for the commenter alone.
func (s *Store) Slip(ctx context.Context, by staff.Member, id uuid.UUID) (Slip, error) {
	if !by.Can(staff.EnterComments) {
		return Slip{}, apperr.ErrForbidden
	}
	var slip Slip
	var consultationID string
	err := s.DB.QueryRow(ctx, `
		SELECT c.consultation_id, c.title, c.channel, p.phone IS NOT NULL
		  FROM intake_entry e JOIN comment c ON c.id = e.comment_id
		  LEFT JOIN personal_data p ON p.comment_id = c.id
		 WHERE e.comment_id = $1 AND e.member_id = $2 AND e.entered_at > $3`, id, by.ID, s.Now().Add(-slipLife)).
		Scan(&consultationID, &slip.Title, &slip.Channel, &slip.HasPhone)
	if errors.Is(err, pgx.ErrNoRows) {
		return Slip{}, apperr.ErrNotFound
	}
	if err != nil {
		return Slip{}, fmt.Errorf("read the slip of comment %s: %w", id, err)
	}
	slip.Receipt, err = s.Comments.Stored(ctx, consultationID, id)
	return slip, err
}
