package consultation

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"wenji/internal/apperr"
	"wenji/internal/validate"

	"github.com/jackc/pgx/v5"
)

// Basics are the facts of a consultation (基本信息), as an editor types them.
type Basics struct {
	Kind             Kind
	Title            string
	Headline         string
	Unit             string
	Source           string
	Editor           string
	ConcernsBusiness bool
	ContactPhone     string
	ContactEmail     string
	MailSubject      string
	ResultExpected   string
}

// Basics are the facts as they stand.
func (c *Consultation) Basics() Basics {
	return Basics{
		Kind: c.Kind, Title: c.Title, Headline: c.Headline, Unit: c.Unit, Source: c.Source, Editor: c.Editor,
		ConcernsBusiness: c.ConcernsBusiness, ContactPhone: c.ContactPhone, ContactEmail: c.ContactEmail,
		MailSubject: c.MailSubject, ResultExpected: c.ResultExpected,
	}
}

// line is one of the facts that is a line of text.
type line struct {
	field    string
	value    *string
	required bool
	most     int
}

func (b *Basics) lines() []line {
	return []line{
		{"title", &b.Title, true, 200}, {"headline", &b.Headline, true, 300}, {"unit", &b.Unit, true, 100},
		{"source", &b.Source, true, 100}, {"editor", &b.Editor, false, 50}, {"contact_phone", &b.ContactPhone, false, 50},
		{"contact_email", &b.ContactEmail, false, 100}, {"mail_subject", &b.MailSubject, false, 300},
		{"result_expected", &b.ResultExpected, false, 50},
	}
}

// Differences lists the lines of text in which two sets of facts differ.
func Differences(old, later Basics) []FieldChange {
	var list []FieldChange
	for i, l := range later.lines() {
		if before := *old.lines()[i].value; before != *l.value {
			list = append(list, FieldChange{l.field, before, *l.value})
		}
	}
	return list
}

// BareTitle is a title without 《》 around the whole of it: pages put them there.
func BareTitle(s string) string {
	s = strings.TrimSpace(s)
	if inner, ok := strings.CutPrefix(s, "《"); ok && strings.Count(s, "《") == 1 {
		if inner, ok = strings.CutSuffix(inner, "》"); ok {
			return inner
		}
	}
	return s
}

// clean trims the facts and names what is to be mended.
func (b *Basics) clean() error {
	var problems []apperr.Problem
	problem := func(field, sentence string) {
		problems = append(problems, apperr.Problem{Field: field, Message: sentence})
	}
	if !slices.Contains(Kinds, b.Kind) {
		problem("kind", validate.KindMissing)
	}
	for _, l := range b.lines() {
		text, ok := validate.Line(*l.value)
		if l.field == "title" {
			text = BareTitle(text)
		}
		*l.value = text
		switch {
		case !ok:
			problem(l.field, validate.MakingUndisplayable(l.field))
		case l.required && text == "":
			problem(l.field, validate.MakingMissing(l.field))
		case validate.Length(text) > l.most:
			problem(l.field, validate.MakingLong(l.field, l.most))
		}
	}
	if b.ContactEmail != "" {
		if _, ok := validate.MailAddress(b.ContactEmail); !ok {
			problem("contact_email", validate.EmailForm)
		}
	}
	if len(problems) > 0 {
		return &apperr.Invalid{Problems: problems}
	}
	return nil
}

// SetBasics changes the facts. Of a published consultation the kind stays, and the earlier words are kept with an
// explanation that the notice prints. The same facts again change nothing.
//
// Errors: apperr.ErrForbidden; *apperr.Invalid; apperr.ErrConflict when another version than the one shown stands;
// apperr.ErrNotFound.
func (s *Store) SetBasics(ctx context.Context, by Actor, id string, version int, b Basics, explanation string) error {
	return s.edit(ctx, by, id, version, func(tx pgx.Tx, c *Consultation) (act, error) {
		if err := b.clean(); err != nil {
			return act{}, err
		}
		old := c.Basics()
		switch {
		case b == old:
			return act{}, nil
		case c.Stage == StagePublished && (b.Kind != old.Kind || b.ConcernsBusiness != old.ConcernsBusiness):
			return act{}, invalid("kind", validate.KindFixed)
		case c.Publication == Instant && b.Kind != NormativeDocument:
			return act{}, invalid("kind", validate.InstantRefused)
		}
		if _, err := s.correct(ctx, tx, c, by, explanation, Differences(old, b)); err != nil {
			return act{}, err
		}
		_, err := tx.Exec(ctx, `
			UPDATE consultation
			   SET kind = $2, title = $3, headline = $4, unit = $5, source = $6, editor = $7, concerns_business = $8,
			       contact_phone = $9, contact_email = $10, mail_subject = $11, result_expected = $12, version = version + 1
			 WHERE id = $1`, id, string(b.Kind), b.Title, b.Headline, b.Unit, b.Source, b.Editor, b.ConcernsBusiness,
			b.ContactPhone, b.ContactEmail, b.MailSubject, b.ResultExpected)
		return act{by.Signature, by.Role, "set_basics", b.Title}, err
	})
}

const noticeMost = 20_000

// SetNotice changes the words of the notice; of a published one the earlier words are kept with an explanation.
// Errors: see SetBasics; an empty notice may be saved, and keeps the consultation from being published.
func (s *Store) SetNotice(ctx context.Context, by Actor, id string, version int, notice, explanation string) error {
	return s.edit(ctx, by, id, version, func(tx pgx.Tx, c *Consultation) (act, error) {
		text, ok := validate.Text(notice)
		switch {
		case !ok:
			return act{}, invalid("notice", validate.MakingUndisplayable("notice"))
		case validate.Length(text) > noticeMost:
			return act{}, invalid("notice", validate.MakingLong("notice", noticeMost))
		case c.Stage == StagePublished && text == "":
			return act{}, invalid("notice", validate.MakingMissing("notice"))
		}
		changed, err := s.correct(ctx, tx, c, by, explanation, []FieldChange{{"notice", c.Notice, text}})
		if err != nil || !changed {
			return act{}, err
		}
		_, err = tx.Exec(ctx, `UPDATE consultation SET notice = $2, version = version + 1 WHERE id = $1`, id, text)
		return act{by.Signature, by.Role, "set_notice", ""}, err
	})
}

// Fields say what the comment form asks for and how comments are published (填写项).
type Fields struct {
	IDNumber, Phone, Email FieldRule
	Publication            Publication
}

// SetFields changes what the form asks for, until the consultation is published: people who commented before and after
// a change would have been treated unequally. The way of publication can be changed later, see SetPublication.
//
// Errors: see SetBasics; apperr.ErrConflict also once published.
func (s *Store) SetFields(ctx context.Context, by Actor, id string, version int, f Fields) error {
	return s.edit(ctx, by, id, version, func(tx pgx.Tx, c *Consultation) (act, error) {
		if c.Stage != StagePreparing {
			return act{}, apperr.ErrConflict
		}
		rules := []FieldRule{Required, Optional, Omitted}
		for _, one := range []struct {
			field string
			rule  FieldRule
		}{{"id_number", f.IDNumber}, {"phone", f.Phone}, {"email", f.Email}} {
			if !slices.Contains(rules, one.rule) {
				return act{}, invalid(one.field, validate.RuleMissing)
			}
		}
		if f.Publication != AfterReview && (f.Publication != Instant || c.Kind != NormativeDocument) {
			return act{}, invalid("publication", validate.InstantRefused)
		}
		if f == (Fields{c.IDNumberRule, c.PhoneRule, c.EmailRule, c.Publication}) {
			return act{}, nil
		}
		_, err := tx.Exec(ctx, `
			UPDATE consultation
			   SET id_number_rule = $2, phone_rule = $3, email_rule = $4, publication = $5, version = version + 1
			 WHERE id = $1`, id, string(f.IDNumber), string(f.Phone), string(f.Email), string(f.Publication))
		return act{by.Signature, by.Role, "set_fields",
			fmt.Sprintf("id number %s, phone %s, e-mail %s, publication %s", f.IDNumber, f.Phone, f.Email, f.Publication)}, err
	})
}

// SetPeriod changes when comments are taken and why the period is short, until the consultation is published; later see
// Extend and EndEarly. closesAt is exclusive.
//
// Errors: see SetBasics; *apperr.Invalid on closes_at or reason; apperr.ErrConflict also once published.
func (s *Store) SetPeriod(ctx context.Context, by Actor, id string, version int, opensAt, closesAt time.Time, reason string) error {
	return s.edit(ctx, by, id, version, func(tx pgx.Tx, c *Consultation) (act, error) {
		reason, ok := validate.Text(reason)
		switch {
		case c.Stage != StagePreparing:
			return act{}, apperr.ErrConflict
		case !closesAt.After(opensAt):
			return act{}, invalid("closes_at", validate.ClosingBeforeOpening)
		case closesAt.After(opensAt.AddDate(longestYears, 0, 0)):
			return act{}, invalid("closes_at", validate.PeriodTooLong)
		case !ok:
			return act{}, invalid("reason", validate.MakingUndisplayable("reason"))
		case validate.Length(reason) > reasonMost:
			return act{}, invalid("reason", validate.ReasonLong)
		}
		_, err := tx.Exec(ctx, `
			UPDATE consultation
			   SET opens_at = $2, closes_at = $3, short_period_reason = $4, version = version + 1
			 WHERE id = $1`, id, opensAt, closesAt, reason)
		return act{by.Signature, by.Role, "set_period", fmt.Sprintf("from %s to %s", stamp(opensAt), stamp(closesAt))}, err
	})
}

// proposedDays is the period that a new consultation begins with; the editor sets its own.
const proposedDays = 30

var errSerialsUsedUp = errors.New("all 9999 numbers of the year are used")

// Create makes a consultation that only the desk knows of, under the next number of the year, and returns its id. Two
// editors at once get two numbers.
//
// Errors: apperr.ErrForbidden; *apperr.Invalid.
func (s *Store) Create(ctx context.Context, by Actor, b Basics) (string, error) {
	if !by.Edit {
		return "", apperr.ErrForbidden
	}
	if err := b.clean(); err != nil {
		return "", err
	}
	today := midnight(s.Now())
	c := Consultation{
		Stage: StagePreparing, Kind: b.Kind, Title: b.Title, Headline: b.Headline, Unit: b.Unit, Source: b.Source, Editor: b.Editor,
		ConcernsBusiness: b.ConcernsBusiness, ContactPhone: b.ContactPhone, ContactEmail: b.ContactEmail,
		MailSubject: b.MailSubject, ResultExpected: b.ResultExpected, PublishedOn: today,
		OpensAt: today.AddDate(0, 0, 1), ClosesAt: today.AddDate(0, 0, 2+proposedDays),
		Publication: AfterReview, IDNumberRule: Required, PhoneRule: Required, EmailRule: Required,
	}
	err := s.DB.InTx(ctx, func(tx pgx.Tx) error {
		var err error
		if c.ID, err = nextID(ctx, tx, today.Year()); err != nil {
			return err
		}
		if err := insert(ctx, tx, c); err != nil {
			return err
		}
		if _, err := tx.Exec(ctx, `INSERT INTO comment_count (consultation_id) VALUES ($1)`, c.ID); err != nil {
			return fmt.Errorf("store counts: %w", err)
		}
		return s.record(ctx, tx, c.ID, act{by.Signature, by.Role, "create", c.Title})
	})
	if err != nil {
		return "", fmt.Errorf("create a consultation: %w", err)
	}
	return c.ID, nil
}

// nextID is the year's next free number. The lock, held to the end of the transaction, makes the second of two editors
// wait for the first; imports under chosen numbers are told apart by the primary key.
func nextID(ctx context.Context, tx pgx.Tx, year int) (string, error) {
	if _, err := tx.Exec(ctx, `SELECT pg_advisory_xact_lock(hashtextextended('wenji.consultation.id', 0))`); err != nil {
		return "", fmt.Errorf("wait for a number: %w", err)
	}
	var serial int
	err := tx.QueryRow(ctx, `
		SELECT coalesce(max(substr(id, 6)::int), 0) + 1
		  FROM consultation
		 WHERE id LIKE $1`, fmt.Sprintf("%04d-%%", year)).Scan(&serial)
	if err != nil {
		return "", fmt.Errorf("find the next number: %w", err)
	}
	if serial > 9999 {
		return "", errSerialsUsedUp
	}
	return fmt.Sprintf("%04d-%04d", year, serial), nil
}
