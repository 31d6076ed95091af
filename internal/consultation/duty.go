package consultation

import (
	"context"
	"fmt"
	"strings"
	"time"

	"wenji/internal/apperr"
	"wenji/internal/calendar"
	"wenji/internal/clause"
	"wenji/internal/validate"

	"github.com/jackc/pgx/v5"
)

// Rule is where a shortest period comes from.
type Rule string

const (
	RuleMajorDecision  Rule = "major_decision"  // 重大行政决策程序暂行条例 §15: 30 days as a rule; a shorter period is explained
	RuleGovernmentRule Rule = "government_rule" // 规章制定程序条例 §15: 30 days as a rule
	RuleRegulation     Rule = "regulation"      // drafts of 地方性法规: the same 30 days are asked
	RuleBusiness       Rule = "business"        // 优化营商环境条例 §62: 30 days as a rule for what bears on business
	RuleNormative      Rule = "normative"       // 行政规范性文件: seven working days
)

// Minimum is the shortest usual period of a consultation.
type Minimum struct {
	Days    int
	Working bool // counted in working days
	Rule    Rule
}

// Minimum is the shortest usual period for the kind, and for what bears on business.
func (c *Consultation) Minimum() Minimum {
	switch {
	case c.Kind == MajorDecision:
		return Minimum{30, false, RuleMajorDecision}
	case c.Kind == GovernmentRule:
		return Minimum{30, false, RuleGovernmentRule}
	case c.Kind == LocalRegulation:
		return Minimum{30, false, RuleRegulation}
	case c.ConcernsBusiness:
		return Minimum{30, false, RuleBusiness}
	default:
		return Minimum{7, true, RuleNormative}
	}
}

// DutyCode names a duty that is looked at before publication.
type DutyCode string

const (
	DutyKind        DutyCode = "kind"        // the kind is chosen
	DutyNotice      DutyCode = "notice"      // the notice has words
	DutyDraft       DutyCode = "draft"       // the draft is there, with numbered clauses
	DutyExplanation DutyCode = "explanation" // its explanation is there
	DutyContact     DutyCode = "contact"     // phone or e-mail: how to send comments
	DutyPeriod      DutyCode = "period"      // the period lies ahead and is as long as the rule asks
	DutyReason      DutyCode = "reason"      // a shorter one is explained
	DutyCalendar    DutyCode = "calendar"    // working days can be counted: the year's holidays are known
	DutyFiles       DutyCode = "files"       // each attachment is what its type says
)

// Duty is one duty and whether it is fulfilled.
type Duty struct {
	Code    DutyCode
	Met     bool
	Minimum Minimum  // of period and reason
	Have    int      // days or working days of the period, as the minimum counts
	Short   bool     // the period is shorter than the rule asks
	Over    bool     // the period has ended already
	Names   []string // files that do not open, years without holidays
}

// Checklist tells how the consultation stands to each duty at this moment, all in one instant. Errors:
// apperr.ErrNotFound.
func (s *Store) Checklist(ctx context.Context, id string) ([]Duty, error) {
	days, err := (&calendar.Store{DB: s.DB}).Calendar(ctx)
	if err != nil {
		return nil, err
	}
	var list []Duty
	err = s.DB.InSnapshot(ctx, func(tx pgx.Tx) error {
		c, err := read(ctx, tx, id)
		if err != nil {
			return err
		}
		list, err = duties(ctx, tx, c, days, s.Now())
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("check the duties of %q: %w", id, err)
	}
	return list, nil
}

// duties looks at all duties at a moment. Comments are taken from the opening instant, or from publication when it is later.
func duties(ctx context.Context, tx pgx.Tx, c *Consultation, days calendar.Calendar, now time.Time) ([]Duty, error) {
	d := Dossier{Consultation: *c}
	if err := readDocuments(ctx, tx, &d); err != nil {
		return nil, fmt.Errorf("read documents: %w", err)
	}
	bad, err := fileFaults(ctx, tx, c.ID)
	if err != nil {
		return nil, err
	}
	period, reason := c.periodDuties(days, now)
	return []Duty{
		{Code: DutyKind, Met: c.Kind != ""},
		{Code: DutyNotice, Met: strings.TrimSpace(c.Notice) != ""},
		{Code: DutyDraft, Met: d.ClauseTotal() > 0},
		{Code: DutyExplanation, Met: hasText(d.Interpretation)},
		{Code: DutyContact, Met: c.ContactPhone != "" || c.ContactEmail != ""},
		period, reason,
		c.calendarDuty(days, now),
		{Code: DutyFiles, Met: len(bad) == 0, Names: bad},
	}, nil
}

func hasText(nodes []clause.Node) bool {
	for _, n := range nodes {
		if n.Title != "" || n.Body != "" {
			return true
		}
	}
	return false
}

// effectiveOpening is when comments would really begin to be taken if it were published at now.
func (c *Consultation) effectiveOpening(now time.Time) time.Time {
	if c.Stage == StagePreparing && now.After(c.OpensAt) {
		return now
	}
	return c.OpensAt
}

func (c *Consultation) periodDuties(calendar calendar.Calendar, now time.Time) (period, reason Duty) {
	m, opens := c.Minimum(), c.effectiveOpening(now)
	last := c.ClosesAt.Add(-time.Nanosecond)
	have := max(0, days(opens, last))
	if m.Working {
		have = calendar.Between(opens, last)
	}
	over := !c.ClosesAt.After(now) || !c.ClosesAt.After(opens)
	short := have < m.Days
	period = Duty{Code: DutyPeriod, Met: !over, Minimum: m, Have: have, Short: short, Over: over}
	reason = Duty{Code: DutyReason, Met: !short || strings.TrimSpace(c.ShortPeriodReason) != "", Minimum: m, Have: have, Short: short}
	return period, reason
}

// calendarDuty asks for the holidays of each year that working days are counted in.
func (c *Consultation) calendarDuty(calendar calendar.Calendar, now time.Time) Duty {
	d := Duty{Code: DutyCalendar, Met: true, Minimum: c.Minimum()}
	if !d.Minimum.Working {
		return d
	}
	last := c.ClosesAt.Add(-time.Nanosecond).In(Shanghai).Year()
	for year := c.effectiveOpening(now).In(Shanghai).Year(); year <= last; year++ {
		if !calendar.Knows(year) {
			d.Met = false
			d.Names = append(d.Names, fmt.Sprint(year))
		}
	}
	return d
}

// Publish shows the consultation to the public from now on. One that fails a duty is not published. The day of publication is
// today; where the opening instant has passed, comments are taken from now.
//
// Errors: apperr.ErrForbidden; *apperr.Invalid with the code of each unfulfilled duty as field; apperr.ErrConflict when
// another version than the one shown stands or it is published already; apperr.ErrNotFound.
func (s *Store) Publish(ctx context.Context, by Actor, id string, version int) error {
	days, err := (&calendar.Store{DB: s.DB}).Calendar(ctx)
	if err != nil {
		return err
	}
	return s.edit(ctx, by, id, version, func(tx pgx.Tx, c *Consultation) (act, error) {
		if c.Stage != StagePreparing {
			return act{}, apperr.ErrConflict
		}
		now := s.Now().Truncate(time.Second)
		list, err := duties(ctx, tx, c, days, now)
		if err != nil {
			return act{}, err
		}
		var open apperr.Invalid
		for _, d := range list {
			if !d.Met {
				open.Problems = append(open.Problems, apperr.Problem{Field: string(d.Code), Message: validate.DutiesUnfulfilled})
			}
		}
		if len(open.Problems) > 0 {
			return act{}, &open
		}
		opens := c.effectiveOpening(now)
		_, err = tx.Exec(ctx, `
			UPDATE consultation
			   SET stage = 'published', published_on = $2, opens_at = $3, version = version + 1
			 WHERE id = $1`, id, midnight(now), opens)
		return act{by.Signature, by.Role, "publish", fmt.Sprintf("from %s to %s", stamp(opens), stamp(c.ClosesAt))}, err
	})
}
