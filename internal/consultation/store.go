package consultation

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"wenji/internal/apperr"
	"wenji/internal/clause"
	"wenji/internal/postgres"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
)

// Store reads and changes consultations.
type Store struct {
	DB  *postgres.DB
	Now func() time.Time
}

const (
	// PageSize is how many consultations List returns at once where the filter does not say.
	PageSize = 10
	pageMost = 200
)

// ListFilter narrows the list; zero fields do not.
type ListFilter struct {
	Phases []Phase // Open, Closed or Concluded
	Desk   bool    // those being prepared too, before all others; for the desk alone
	Kind   Kind
	Unit   string
	Query  string // words divided by blanks, each of which the headline or the unit holds
	Brief  bool   // without the words of the notice, which a list of choices does not show
	Size   int    // of a page; 0 means PageSize, 200 at most
	Page   int    // from 1; 0 means 1
}

const columns = `
	c.id, c.stage, c.kind, c.title, c.headline, c.unit, c.source, c.editor, c.published_on, c.opens_at, c.closes_at,
	c.short_period_reason, c.concerns_business, c.original_closes_at, c.extension_reason, c.extended_on,
	c.ended_early_at, c.early_end_reason, c.withdrawn_at, c.withdrawal_reason,
	c.concluded_on, c.result_on, c.result_expected, c.publication, c.id_number_rule, c.phone_rule, c.email_rule, c.contact_phone,
	c.contact_email, c.mail_subject, c.notice, c.version,
	coalesce(n.received + n.published + n.withheld + n.declined, 0), coalesce(n.published, 0)`

const tables = ` FROM consultation c LEFT JOIN comment_count n ON n.consultation_id = c.id`

// phaseSQL is Phase in SQL; $1 is now.
const phaseSQL = `CASE WHEN c.stage = 'preparing' THEN 'preparing' WHEN c.withdrawn_at IS NOT NULL THEN 'withdrawn' WHEN c.concluded_on IS NOT NULL THEN 'result'
	WHEN $1::timestamptz < c.opens_at THEN 'not_begun' WHEN $1::timestamptz < c.closes_at THEN 'open' ELSE 'closed' END`

func scan(row pgx.CollectableRow) (Consultation, error) {
	var c Consultation
	err := row.Scan(&c.ID, &c.Stage, &c.Kind, &c.Title, &c.Headline, &c.Unit, &c.Source, &c.Editor, &c.PublishedOn,
		&c.OpensAt, &c.ClosesAt, &c.ShortPeriodReason, &c.ConcernsBusiness, &c.OriginalClosesAt, &c.ExtensionReason,
		&c.ExtendedOn, &c.EndedEarlyAt, &c.EarlyEndReason, &c.WithdrawnAt, &c.WithdrawalReason, &c.ConcludedOn, &c.ResultOn,
		&c.ResultExpected, &c.Publication, &c.IDNumberRule, &c.PhoneRule,
		&c.EmailRule, &c.ContactPhone, &c.ContactEmail, &c.MailSubject, &c.Notice, &c.Version, &c.Received, &c.Published)
	// A date comes back as midnight UTC; ours are days in Asia/Shanghai.
	c.PublishedOn = calendarDay(c.PublishedOn)
	for _, day := range []*time.Time{c.ExtendedOn, c.ConcludedOn, c.ResultOn} {
		if day != nil {
			*day = calendarDay(*day)
		}
	}
	return c, err
}

func calendarDay(t time.Time) time.Time {
	y, m, d := t.Date()
	return time.Date(y, m, d, 0, 0, 0, 0, Shanghai)
}

// List returns one page of consultations, open ones first and the newest first among their like, and how many match.
func (s *Store) List(ctx context.Context, f ListFilter) (items []Consultation, total int, err error) {
	where, args := f.where(s.Now())
	if err := s.DB.QueryRow(ctx, `SELECT count(*)`+tables+where, args...).Scan(&total); err != nil {
		return nil, 0, fmt.Errorf("count consultations: %w", err)
	}
	// Numbered pages need an offset; the table grows by some tens of rows a year.
	page := min(max(f.Page, 1), 1000)
	size := f.Size
	if size <= 0 {
		size = PageSize
	}
	size = min(size, pageMost)
	args = append(args, size, (page-1)*size)
	read := columns
	if f.Brief {
		read = strings.Replace(columns, "c.notice", "''", 1)
	}
	rows, err := s.DB.Query(ctx, `SELECT `+read+tables+where+fmt.Sprintf(`
		 ORDER BY c.stage = 'preparing' DESC, (%s) = 'open' DESC, c.published_on DESC, c.id DESC
		 LIMIT $%d OFFSET $%d`, phaseSQL, len(args)-1, len(args)), args...)
	if err != nil {
		return nil, 0, fmt.Errorf("list consultations: %w", err)
	}
	if items, err = pgx.CollectRows(rows, scan); err != nil {
		return nil, 0, fmt.Errorf("list consultations: %w", err)
	}
	return items, total, nil
}

func (f ListFilter) where(now time.Time) (string, []any) {
	args := []any{now}
	where := []string{`$1::timestamptz IS NOT NULL`}
	if !f.Desk {
		where = append(where, `c.stage = 'published'`)
	}
	add := func(condition string, value any) {
		args = append(args, value)
		where = append(where, fmt.Sprintf(condition, len(args)))
	}
	if len(f.Phases) > 0 {
		add(phaseSQL+` = ANY ($%d)`, f.Phases)
	}
	if f.Kind != "" {
		add(`c.kind = $%d`, string(f.Kind))
	}
	if f.Unit != "" {
		add(`c.unit = $%d`, readable(f.Unit))
	}
	if words := strings.Fields(readable(f.Query)); len(words) > 0 {
		add(`NOT EXISTS (SELECT FROM unnest($%d::text[]) AS word
			WHERE strpos(lower(c.headline || ' ' || c.unit), lower(word)) = 0)`, words[:min(len(words), 10)])
	}
	return " WHERE " + strings.Join(where, " AND "), args
}

// readable leaves out what the database cannot hold.
func readable(s string) string {
	return strings.ReplaceAll(strings.ToValidUTF8(s, ""), "\x00", "")
}

// Listed is a published consultation as a list of addresses needs it.
type Listed struct {
	ID        string
	ChangedOn time.Time // day on which something was last announced
}

const listedMost = 10_000

// Listing names all published consultations, the newest first, at most 10,000.
func (s *Store) Listing(ctx context.Context) ([]Listed, error) {
	rows, err := s.DB.Query(ctx, `
		SELECT id, greatest(published_on, extended_on, concluded_on, (withdrawn_at AT TIME ZONE 'Asia/Shanghai')::date,
		                    (ended_early_at AT TIME ZONE 'Asia/Shanghai')::date)
		  FROM consultation
		 WHERE stage = 'published'
		 ORDER BY published_on DESC, id DESC
		 LIMIT $1`, listedMost)
	if err != nil {
		return nil, fmt.Errorf("name consultations: %w", err)
	}
	list, err := pgx.CollectRows(rows, pgx.RowToStructByPos[Listed])
	if err != nil {
		return nil, fmt.Errorf("name consultations: %w", err)
	}
	return list, nil
}

// PhaseCounts counts all published consultations by phase.
func (s *Store) PhaseCounts(ctx context.Context) (map[Phase]int, error) {
	rows, err := s.DB.Query(ctx, `SELECT `+phaseSQL+` AS phase, count(*)`+tables+` WHERE c.stage = 'published' GROUP BY phase`, s.Now())
	if err != nil {
		return nil, fmt.Errorf("count phases: %w", err)
	}
	counts := make(map[Phase]int)
	var (
		phase Phase
		n     int
	)
	_, err = pgx.ForEachRow(rows, []any{&phase, &n}, func() error { counts[phase] = n; return nil })
	if err != nil {
		return nil, fmt.Errorf("count phases: %w", err)
	}
	return counts, nil
}

// Units lists the drafting units that have published consultations, at most 500.
func (s *Store) Units(ctx context.Context) ([]string, error) {
	rows, err := s.DB.Query(ctx, `SELECT DISTINCT unit FROM consultation WHERE stage = 'published' ORDER BY unit LIMIT 500`)
	if err != nil {
		return nil, fmt.Errorf("list units: %w", err)
	}
	return pgx.CollectRows(rows, pgx.RowTo[string])
}

// Consultation returns one published consultation, or apperr.ErrNotFound.
func (s *Store) Consultation(ctx context.Context, id string) (*Consultation, error) {
	return published(read(ctx, s.DB, id))
}

// DeskConsultation is Consultation for the desk, which knows those being prepared too.
func (s *Store) DeskConsultation(ctx context.Context, id string) (*Consultation, error) {
	return read(ctx, s.DB, id)
}

// published hides a consultation that is still being prepared.
func published(c *Consultation, err error) (*Consultation, error) {
	if err == nil && c.Stage == StagePreparing {
		return nil, apperr.ErrNotFound
	}
	return c, err
}

// querier is the pool or a transaction.
type querier interface {
	Query(ctx context.Context, sql string, args ...any) (pgx.Rows, error)
}

func read(ctx context.Context, q querier, id string) (*Consultation, error) {
	if !idForm.MatchString(id) {
		return nil, apperr.ErrNotFound
	}
	rows, err := q.Query(ctx, `SELECT `+columns+tables+` WHERE c.id = $1`, id)
	if err != nil {
		return nil, fmt.Errorf("read consultation %s: %w", id, err)
	}
	c, err := pgx.CollectExactlyOneRow(rows, scan)
	if errors.Is(err, pgx.ErrNoRows) {
		return nil, apperr.ErrNotFound
	}
	if err != nil {
		return nil, fmt.Errorf("read consultation %s: %w", id, err)
	}
	return &c, nil
}

// Dossier returns a published consultation with its documents and counts, all of one instant, or apperr.ErrNotFound.
func (s *Store) Dossier(ctx context.Context, id string) (*Dossier, error) {
	d, err := s.DeskDossier(ctx, id)
	if err == nil && d.Stage == StagePreparing {
		return nil, apperr.ErrNotFound
	}
	return d, err
}

// DeskDossier is Dossier for the desk, which knows consultations being prepared too.
func (s *Store) DeskDossier(ctx context.Context, id string) (*Dossier, error) {
	d := &Dossier{ClauseCounts: make(map[uuid.UUID]int)}
	err := s.DB.InSnapshot(ctx, func(tx pgx.Tx) error {
		c, err := read(ctx, tx, id)
		if err != nil {
			return err
		}
		d.Consultation = *c
		if err := readDocuments(ctx, tx, d); err != nil {
			return fmt.Errorf("read documents of %s: %w", id, err)
		}
		if d.Attachments, err = readAttachments(ctx, tx, id); err != nil {
			return fmt.Errorf("list attachments of %s: %w", id, err)
		}
		if d.Changes, err = readChanges(ctx, tx, id); err != nil {
			return fmt.Errorf("list period changes of %s: %w", id, err)
		}
		if d.Corrections, err = readCorrections(ctx, tx, id); err != nil {
			return fmt.Errorf("list corrections of %s: %w", id, err)
		}
		if d.Versions, err = listVersions(ctx, tx, id); err != nil {
			return fmt.Errorf("list versions of %s: %w", id, err)
		}
		if err := countClauses(ctx, tx, d); err != nil {
			return fmt.Errorf("count comments by clause of %s: %w", id, err)
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return d, nil
}

// readDocuments has no limit: a page that left out clauses of a draft would be worse than a slow one.
func readDocuments(ctx context.Context, tx pgx.Tx, d *Dossier) error {
	rows, err := tx.Query(ctx, `
		SELECT document, id, kind, number, label, title, body, units, units_note
		  FROM clause
		 WHERE consultation_id = $1
		 ORDER BY document, ordinal`, d.ID)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		var document string
		var n clause.Node
		err := rows.Scan(&document, &n.ID, &n.Kind, &n.Number, &n.Label, &n.Title, &n.Body, &n.Units, &n.UnitsNote)
		if err != nil {
			return err
		}
		if document == "draft" {
			d.Draft = append(d.Draft, n)
		} else {
			d.Interpretation = append(d.Interpretation, n)
		}
	}
	return rows.Err()
}

func readAttachments(ctx context.Context, tx pgx.Tx, id string) ([]Attachment, error) {
	rows, err := tx.Query(ctx, `
		SELECT name, title, media_type, size FROM attachment WHERE consultation_id = $1 ORDER BY ordinal LIMIT $2`,
		id, maxAttachments)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, pgx.RowToStructByPos[Attachment])
}

func countClauses(ctx context.Context, tx pgx.Tx, d *Dossier) error {
	rows, err := tx.Query(ctx, `SELECT clause_id, published FROM clause_count WHERE consultation_id = $1`, d.ID)
	if err != nil {
		return err
	}
	var (
		id uuid.UUID
		n  int
	)
	_, err = pgx.ForEachRow(rows, []any{&id, &n}, func() error { d.ClauseCounts[id] = n; return nil })
	return err
}

// Attachment returns a file of a published consultation, or apperr.ErrNotFound.
func (s *Store) Attachment(ctx context.Context, id, name string) (Attachment, []byte, error) {
	return s.attachment(ctx, id, name, false)
}

// DeskAttachment is Attachment for the desk, which knows consultations being prepared too.
func (s *Store) DeskAttachment(ctx context.Context, id, name string) (Attachment, []byte, error) {
	return s.attachment(ctx, id, name, true)
}

func (s *Store) attachment(ctx context.Context, id, name string, desk bool) (Attachment, []byte, error) {
	var (
		a       Attachment
		content []byte
	)
	if !idForm.MatchString(id) || !fileName.MatchString(name) {
		return Attachment{}, nil, apperr.ErrNotFound
	}
	err := s.DB.QueryRow(ctx, `
		SELECT a.name, a.title, a.media_type, a.size, a.content
		  FROM attachment a JOIN consultation c ON c.id = a.consultation_id
		 WHERE a.consultation_id = $1 AND a.name = $2 AND (c.stage = 'published' OR $3)`, id, name, desk).
		Scan(&a.Name, &a.Title, &a.MediaType, &a.Size, &content)
	if errors.Is(err, pgx.ErrNoRows) {
		return Attachment{}, nil, apperr.ErrNotFound
	}
	if err != nil {
		return Attachment{}, nil, fmt.Errorf("read attachment %s of %s: %w", name, id, err)
	}
	return a, content, nil
}
