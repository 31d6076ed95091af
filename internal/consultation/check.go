package consultation

import (
	"fmt"
	"net/mail"
	"regexp"
	"slices"
	"strings"
	"time"
)

var idForm = regexp.MustCompile(`^[0-9]{4}-[0-9]{4}$`)

// Short tells whether the original period is shorter than its kind's usual one, so that the notice must give a reason:
// 30 days, for 行政规范性文件 seven working days (重大行政决策程序暂行条例 §15, 规章制定程序条例 §15). Working days are Monday to
// Friday here: a folder is read without a database. The checklist before publication counts with the holidays.
func (c *Consultation) Short() bool {
	if c.Kind != NormativeDocument {
		return c.PeriodDays() < 30
	}
	working := 0
	for i := range c.PeriodDays() {
		if d := midnight(c.OpensAt).AddDate(0, 0, i+1).Weekday(); d != time.Saturday && d != time.Sunday {
			working++
		}
	}
	return working < 7
}

// faults names everything in consultation.json that could not be shown or stored.
func (s *Source) faults() (faults []error) {
	fault := func(wrong bool, format string, args ...any) {
		if wrong {
			faults = append(faults, fmt.Errorf(settingsFile+": "+format, args...))
		}
	}
	rules := []FieldRule{Required, Optional, Omitted}
	fault(!idForm.MatchString(s.ID), "write id as year and serial number, such as 2025-0001")
	fault(!slices.Contains(Kinds, s.Kind), "kind must be one of %v", Kinds)
	fault(s.Publication != AfterReview && s.Publication != Instant, "publication must be %s or %s", AfterReview, Instant)
	fault(s.Publication == Instant && s.Kind != NormativeDocument, "publication may be %s for a %s only; write %s", Instant, NormativeDocument, AfterReview)
	fault(!slices.Contains(rules, s.IDNumberRule), "id_number_rule must be one of %v", rules)
	fault(!slices.Contains(rules, s.PhoneRule), "phone_rule must be one of %v", rules)
	fault(!slices.Contains(rules, s.EmailRule), "email_rule must be one of %v", rules)
	fault(s.OpensAt.IsZero() || s.ClosesAt.IsZero(), "opens_at and closes_at must be given, such as 2025-05-08T00:00:00+08:00")
	fault(!s.ClosesAt.After(s.OpensAt), "closes_at must be after opens_at")
	fault(s.ClosesAt.After(s.OpensAt.AddDate(5, 0, 0)), "closes_at is more than five years after opens_at; mend the year")
	fault(s.ClosesAt.After(s.OpensAt) && s.Short() && strings.TrimSpace(s.ShortPeriodReason) == "",
		"the period is shorter than its kind needs; give the reason in short_period_reason")
	if _, err := mail.ParseAddress(s.ContactEmail); s.ContactEmail != "" && err != nil {
		fault(true, "contact_email is no e-mail address")
	}
	lines := []struct{ field, value string }{
		{"title", s.Title}, {"headline", s.Headline}, {"unit", s.Unit}, {"source", s.Source}, {"editor", s.Editor},
		{"short_period_reason", s.ShortPeriodReason}, {"result_expected", s.ResultExpected},
		{"contact_phone", s.ContactPhone}, {"mail_subject", s.MailSubject}}
	for i, l := range lines {
		fault(i < 4 && strings.TrimSpace(l.value) == "", "%s is missing", l.field)
		fault(strings.ContainsFunc(l.value, func(r rune) bool { return unreadable(r) || r == '\n' || r == '\t' }),
			"%s must be one line without control characters", l.field)
		fault(len(l.value) > 2000, "%s is too long; write at most 2,000 bytes", l.field)
	}
	return faults
}
