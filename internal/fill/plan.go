package fill

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"time"

	"wenji/internal/consultation"
)

// plan is one consultation that is to be filled.
type plan struct {
	serial int // 0 is the sample itself
	first  int // place of its first comment among those of the generator
	count  int
	source consultation.Source
	until  time.Time // no comment arrives at or after it
}

const (
	openShare    = 9 // one consultation in nine takes comments at the end of the data set
	instantShare = 20
	answerShare  = 3
	periodDays   = 30
	yearsBack    = 3
	firstSerial  = 1000 // of a year: those below are left to people
)

// kinds of document, with the word that ends its title and how often it is met, in hundredths.
var kinds = []struct {
	kind  consultation.Kind
	word  string
	share int
}{
	{consultation.NormativeDocument, "实施方案", 60},
	{consultation.MajorDecision, "专项规划", 15},
	{consultation.GovernmentRule, "管理办法", 15},
	{consultation.LocalRegulation, "条例", 10},
}

// plans divides the comments among consultations, the sample first, as they are at an instant.
func (g *Generator) plans(comments, consultations int, until time.Time) []plan {
	list := make([]plan, consultations)
	first := 0
	for k, n := range Shares(comments, consultations) {
		list[k] = plan{serial: k, first: first, count: n, until: until, source: g.source}
		if k > 0 {
			list[k].source = g.variant(k, until)
		}
		first += n
	}
	return list
}

// variant is a consultation like the sample, with a title and a period of its own.
func (g *Generator) variant(k int, until time.Time) consultation.Source {
	r := g.chance(ofConsultations, k)
	s := g.source
	s.Draft, s.Files = slices.Clone(s.Draft), slices.Clone(s.Files)
	word := ""
	share := r.IntN(100)
	for _, kind := range kinds {
		if s.Kind, word = kind.kind, kind.word; share < kind.share {
			break
		}
		share -= kind.share
	}
	place, topic := places[r.IntN(len(places))], g.clauses[r.IntN(len(g.clauses))].title
	title := fmt.Sprintf("%s%s%s（征求意见稿）", place, topic, word)
	s.Unit = place + "民政局"
	s.Source, s.Headline = s.Unit, fmt.Sprintf("%s就《%s》公开征求意见", s.Unit, title)
	s.OpensAt, s.ClosesAt = g.period(r, k, until)
	s.PublishedOn, s.ShortPeriodReason = s.OpensAt, ""
	last := s.ClosesAt.Add(-time.Second).In(consultation.Shanghai)
	s.Notice = strings.NewReplacer(g.source.Title, title, "为尽快推动实施方案出台，积极推进工作落实，", "",
		"2025年5月7日", fmt.Sprintf("%d年%d月%d日", last.Year(), last.Month(), last.Day())).Replace(s.Notice)
	s.MailSubject = strings.ReplaceAll(s.MailSubject, g.source.Title, title)
	for i := range s.Files {
		s.Files[i].Title = strings.ReplaceAll(s.Files[i].Title, g.source.Title, title)
	}
	s.Title = title
	s.Publication = consultation.AfterReview
	if s.Kind == consultation.NormativeDocument && k%instantShare == instantShare-1 {
		s.Publication = consultation.Instant
	}
	s.ID = fmt.Sprintf("%d-%04d", s.OpensAt.In(consultation.Shanghai).Year(), firstSerial+k)
	return s
}

// period of a consultation: some are open at the end of the data set, the others ended in the years before.
func (g *Generator) period(r *rand.Rand, k int, until time.Time) (opens, closes time.Time) {
	ago := periodDays + 5 + r.IntN(yearsBack*365)
	if k%openShare == 1 {
		ago = 2 + r.IntN(periodDays-5)
	}
	y, m, d := until.In(consultation.Shanghai).AddDate(0, 0, -ago).Date()
	opens = time.Date(y, m, d, 0, 0, 0, 0, consultation.Shanghai)
	return opens, opens.AddDate(0, 0, periodDays)
}
