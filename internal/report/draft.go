package report

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"time"

	"wenji/internal/apperr"
	"wenji/internal/audit"
	"wenji/internal/consultation"
	"wenji/internal/staff"
	"wenji/internal/validate"

	"github.com/jackc/pgx/v5"
)

// Draft is the editor's own words for a part, until it is published.
type Draft struct {
	ConsultationID string
	Part           Part
	Summary        string // 基本情况, or 主要意见与处理; paragraphs separated by LF
	LinkTitle      string // of 正式文件; only of Outcome
	LinkURL        string // http or https
	Version        int    // 0: nothing was saved yet
	SavedBy        string
	SavedAt        time.Time
}

const (
	summaryMost   = 5000 // characters
	linkTitleMost = 200
	linkMost      = 500
)

// check cleans the draft and returns what is to be mended in it.
func (d *Draft) check() error {
	var problems []apperr.Problem
	field := func(name string, value *string, most int, clean func(string) (string, bool), long string) {
		text, ok := clean(*value)
		*value = text
		switch {
		case !ok:
			problems = append(problems, apperr.Problem{Field: name, Message: validate.ReportUndisplayable})
		case validate.Length(text) > most:
			problems = append(problems, apperr.Problem{Field: name, Message: long})
		}
	}
	field("summary", &d.Summary, summaryMost, validate.Text, validate.ReportSummaryLong)
	if d.Part != Outcome {
		d.LinkTitle, d.LinkURL = "", ""
	}
	field("link_title", &d.LinkTitle, linkTitleMost, validate.Line, validate.ReportLinkTitleLong)
	field("link_url", &d.LinkURL, linkMost, validate.Line, validate.ReportLinkWrong)
	if len(problems) == 0 && d.LinkURL != "" && !webAddress(d.LinkURL) {
		problems = append(problems, apperr.Problem{Field: "link_url", Message: validate.ReportLinkWrong})
	}
	if d.LinkTitle != "" && d.LinkURL == "" {
		problems = append(problems, apperr.Problem{Field: "link_url", Message: validate.ReportLinkMissing})
	}
	if len(problems) > 0 {
		return &apperr.Invalid{Problems: problems}
	}
	return nil
}

// webAddress tells whether a link may be shown to the public: http or https with a host, and nothing that signs in.
func webAddress(s string) bool {
	u, err := url.Parse(s)
	return err == nil && (u.Scheme == "http" || u.Scheme == "https") && u.Host != "" && u.User == nil
}

// SaveDraft keeps the words of a part. Version is the one the editor saw.
//
// Errors: apperr.ErrForbidden, apperr.ErrNotFound, *apperr.Invalid on summary, link_title and link_url, *Refusal with
// DraftChanged when someone was faster, or with IsWithdrawn.
func (s *Store) SaveDraft(ctx context.Context, by staff.Member, d Draft) error {
	if !by.Can(staff.Report) {
		return apperr.ErrForbidden
	}
	if !known(d.Part) {
		return apperr.ErrNotFound
	}
	if err := d.check(); err != nil {
		return err
	}
	at := s.now()
	return s.DB.InTx(ctx, func(tx pgx.Tx) error {
		c, err := consultation.Locked(ctx, tx, d.ConsultationID)
		if err != nil {
			return err
		}
		if c.WithdrawnAt != nil {
			return &Refusal{Why: IsWithdrawn}
		}
		done, err := tx.Exec(ctx, `
			INSERT INTO result_draft AS r (consultation_id, part, summary, link_title, link_url, saved_by, saved_at)
			SELECT $1, $2, $3, $4, $5, $6, $7
			 WHERE $8 = 0 OR EXISTS (SELECT FROM result_draft WHERE consultation_id = $1 AND part = $2)
			ON CONFLICT (consultation_id, part) DO UPDATE
			   SET summary = excluded.summary, link_title = excluded.link_title, link_url = excluded.link_url,
			       version = r.version + 1, saved_by = excluded.saved_by, saved_at = excluded.saved_at
			 WHERE r.version = $8`, d.ConsultationID, d.Part, d.Summary, d.LinkTitle, d.LinkURL, by.Name, at, d.Version)
		if err != nil {
			return fmt.Errorf("save the draft of %s of %s: %w", d.Part, d.ConsultationID, err)
		}
		if done.RowsAffected() == 0 {
			return &Refusal{Why: DraftChanged}
		}
		return audit.Record(ctx, tx, entry(by, at, "draft", d.ConsultationID, d.Part, ""))
	})
}

// Draft returns the words saved for a part; with Version 0 where there are none.
func (s *Store) Draft(ctx context.Context, by staff.Member, consultationID string, p Part) (Draft, error) {
	if !by.Can(staff.Report) {
		return Draft{}, apperr.ErrForbidden
	}
	if !known(p) {
		return Draft{}, apperr.ErrNotFound
	}
	return readDraft(ctx, s.DB, consultationID, p)
}

func readDraft(ctx context.Context, q querier, consultationID string, p Part) (Draft, error) {
	d := Draft{ConsultationID: consultationID, Part: p}
	rows, err := q.Query(ctx, `
		SELECT summary, link_title, link_url, version, saved_by, saved_at
		  FROM result_draft
		 WHERE consultation_id = $1
		   AND part = $2`, consultationID, p)
	if err != nil {
		return Draft{}, fmt.Errorf("read the draft of %s of %s: %w", p, consultationID, err)
	}
	_, err = pgx.CollectExactlyOneRow(rows, func(row pgx.CollectableRow) (struct{}, error) {
		return struct{}{}, row.Scan(&d.Summary, &d.LinkTitle, &d.LinkURL, &d.Version, &d.SavedBy, &d.SavedAt)
	})
	if errors.Is(err, pgx.ErrNoRows) {
		return d, nil
	}
	if err != nil {
		return Draft{}, fmt.Errorf("read the draft of %s of %s: %w", p, consultationID, err)
	}
	return d, nil
}

// entry is what the record keeps of an act on a report.
func entry(by staff.Member, at time.Time, action, consultationID string, p Part, detail string) audit.Entry {
	return audit.Entry{
		At: at, Actor: by.Signature(), Role: string(by.Role), Action: "report." + action, ConsultationID: consultationID,
		Subject: "result " + string(p), Detail: detail,
	}
}
