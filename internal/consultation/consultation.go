// Package consultation holds drafts opened to comment (征求意见): their kind, period, documents and settings.
package consultation

import (
	"time"

	"wenji/internal/clause"

	"github.com/google/uuid"
)

// Kind is the kind of document, which sets the shortest period and how comments may be published.
type Kind string

const (
	MajorDecision     Kind = "major_decision"     // 重大行政决策
	NormativeDocument Kind = "normative_document" // 省政府文件（行政规范性文件）
	GovernmentRule    Kind = "government_rule"    // 政府规章
	LocalRegulation   Kind = "local_regulation"   // 地方性法规
)

// Kinds in the order they are offered.
var Kinds = []Kind{MajorDecision, NormativeDocument, GovernmentRule, LocalRegulation}

// Publication says how a comment gets past the moderation queue.
type Publication string

const (
	AfterReview Publication = "after_review" // 审核后公开: a person reads every comment first
	Instant     Publication = "instant"      // 即时展示: what passes the scrub passes by rule, the rest waits for a person
)

// FieldRule says whether a form asks for a personal field.
type FieldRule string

const (
	Required FieldRule = "required"
	Optional FieldRule = "optional"
	Omitted  FieldRule = "omitted"
)

// Phase is where a consultation stands at a moment.
type Phase string

const (
	Preparing Phase = "preparing" // 编辑中: at the desk only
	NotBegun  Phase = "not_begun" // 未开始
	Open      Phase = "open"      // 征集中
	Closed    Phase = "closed"    // 已结束
	Concluded Phase = "result"    // 已反馈
	Withdrawn Phase = "withdrawn" // 已中止
)

// Stage says whether the public may know of a consultation. The zero Stage is published.
type Stage string

const (
	StagePreparing Stage = "preparing" // being made at the desk
	StagePublished Stage = "published"
)

// Consultation is one draft opened to comment, without the text of its documents.
type Consultation struct {
	ID       string // year-serial, such as 2025-0001
	Stage    Stage
	Kind     Kind
	Title    string // of the draft, without 《》
	Headline string // of the notice
	Unit     string // 起草单位
	Source   string // 信息来源
	Editor   string // 责任编辑

	PublishedOn       time.Time
	OpensAt           time.Time
	ClosesAt          time.Time // exclusive: “5月7日24时” is 8 May 00:00 in Asia/Shanghai
	ShortPeriodReason string
	ConcernsBusiness  bool // 涉企: 30 days whatever the kind (优化营商环境条例 §62)

	OriginalClosesAt *time.Time // set once extended or ended early
	ExtensionReason  string
	ExtendedOn       *time.Time
	EndedEarlyAt     *time.Time // set when ended before its time; ClosesAt is then this instant
	EarlyEndReason   string

	WithdrawnAt      *time.Time
	WithdrawalReason string
	ConcludedOn      *time.Time
	ResultOn         *time.Time // the day on which a part of the result report was last published
	ResultExpected   string     // such as 2025年7月

	Publication  Publication
	IDNumberRule FieldRule
	PhoneRule    FieldRule
	EmailRule    FieldRule

	ContactPhone string
	ContactEmail string
	MailSubject  string
	Notice       string // paragraphs separated by LF
	Version      int

	Received  int // comments of every state
	Published int
}

// Attachment is a file offered with the notice.
type Attachment struct {
	Name      string // last part of its address
	Title     string
	MediaType string
	Size      int // bytes
}

// Dossier is a consultation with its documents, ready to be shown.
type Dossier struct {
	Consultation
	Draft          []clause.Node
	Interpretation []clause.Node
	Attachments    []Attachment
	Changes        []PeriodChange    // announced changes of the period, oldest first
	Corrections    []Correction      // of published words, oldest first
	ClauseCounts   map[uuid.UUID]int // published comments by clause
	Versions       []Version         // of the draft, without their text; none where it was never changed
}

// Shanghai is the zone in which periods begin and end and all times are shown.
var Shanghai = time.FixedZone("CST", 8*60*60)

// Phase tells where the consultation stands at now.
func (c *Consultation) Phase(now time.Time) Phase {
	switch {
	case c.Stage == StagePreparing:
		return Preparing
	case c.WithdrawnAt != nil:
		return Withdrawn
	case c.ConcludedOn != nil:
		return Concluded
	case now.Before(c.OpensAt):
		return NotBegun
	case now.Before(c.ClosesAt):
		return Open
	default:
		return Closed
	}
}

// DaysLeft counts the midnights in Asia/Shanghai between now and the closing instant's day: 0 on the last day, negative
// after it. The last day of a period that ends at 24:00 is the day that ends then, not the next one.
func (c *Consultation) DaysLeft(now time.Time) int {
	return days(now, c.ClosesAt.Add(-time.Nanosecond))
}

// PeriodDays counts the days of the original period as notices announce them, the opening day left out (民法典 §201):
// from 29 April until 24:00 of 7 May are eight days. An extension does not change it.
func (c *Consultation) PeriodDays() int {
	closes := c.ClosesAt
	if c.OriginalClosesAt != nil {
		closes = *c.OriginalClosesAt
	}
	return days(c.OpensAt, closes.Add(-time.Nanosecond))
}

// ClauseByNumber finds a numbered clause of the draft.
func (d *Dossier) ClauseByNumber(n int) (clause.Node, bool) {
	for _, node := range d.Draft {
		if node.Kind == clause.Clause && node.Number == n {
			return node, true
		}
	}
	return clause.Node{}, false
}

// ClauseTotal counts the numbered clauses of the draft.
func (d *Dossier) ClauseTotal() int {
	n := 0
	for _, node := range d.Draft {
		if node.Kind == clause.Clause {
			n++
		}
	}
	return n
}

// days counts the midnights in Asia/Shanghai from one instant to another.
func days(from, to time.Time) int {
	return int(midnight(to).Sub(midnight(from)) / (24 * time.Hour))
}

func midnight(t time.Time) time.Time {
	y, m, d := t.In(Shanghai).Date()
	return time.Date(y, m, d, 0, 0, 0, 0, Shanghai)
}
