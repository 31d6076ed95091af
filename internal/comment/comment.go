// Package comment takes in what citizens write, keeps each comment's state, and says what the public may see of it.
package comment

import (
	"time"

	"wenji/internal/vault"

	"github.com/google/uuid"
)

// Submission is a filled-in form, cleaned and checked, before it is stored.
type Submission struct {
	Title      string
	Body       string
	Name       vault.Secret
	IDNumber   vault.Secret // empty when the consultation leaves it out
	Occupation string
	Phone      vault.Secret
	Email      vault.Secret
	Org        vault.Secret
	Clauses    []int // numbers of the draft's clauses; none means the whole draft
}

// State of a comment. See state.go for the allowed moves.
type State string

const (
	Received  State = "received"  // 已收到, waits for a person
	Published State = "published" // 已公开
	Withheld  State = "withheld"  // 不公开: dealt with, not shown
	Declined  State = "declined"  // 不予受理: outside the consultation
)

// Public is all that a public page may know of a comment.
type Public struct {
	ConsultationID string
	Number         int // 第n号
	Title          string
	Body           string
	MaskedName     string // surname and stars
	Occupation     string // empty for 现役军人
	ReceivedAt     time.Time
	PublishedAt    time.Time
	Clauses        []int
	Similar        int    `db:"-"` // published comments in nearly the same words, this one included, up to SimilarMost+1; 0 for none
	Reply          *Reply `db:"-"` // nil: no answer has been approved
}

// Kind of personal or doubtful matter found in a comment's text.
type SpanKind string

const (
	SpanIDNumber SpanKind = "id_number" // 身份证号码
	SpanPhone    SpanKind = "phone"     // 电话号码
	SpanEmail    SpanKind = "email"     // 邮箱
	SpanCard     SpanKind = "bank_card" // 银行卡号
	SpanAddress  SpanKind = "address"   // 住址
	SpanName     SpanKind = "name"      // 姓名
	SpanWords    SpanKind = "words"     // 不当言论
	SpanOther    SpanKind = "other"     // 其他
)

// Span is a stretch of a comment's text: code points of Field, End exclusive.
type Span struct {
	Field string // "title" or "body"
	Start int
	End   int
	Kind  SpanKind
}

// Item is a comment as staff see it: the original words, no personal data beyond the masked name.
type Item struct {
	ID             uuid.UUID
	ConsultationID string
	Number         int
	Channel        string
	State          State
	Version        int
	ReceivedAt     time.Time
	Title          string
	Body           string
	Clauses        []int
	MaskedName     string
	Occupation     string
	Flags          []string // what the scrub found: a SpanKind, or FlagListedWord, FlagFlood
	PublicTitle    string
	PublicBody     string
	PublishedAt    *time.Time
	DecidedAt      *time.Time
	DecidedBy      string
	DecisionReason string
	ClaimedBy      *uuid.UUID
	ClaimedName    string
	ClaimedUntil   *time.Time
}

const (
	FlagListedWord = "listed_word" // holds a listed word
	FlagFlood      = "flood"       // the same text again and again
)
