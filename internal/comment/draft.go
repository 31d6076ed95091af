package comment

import (
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"strconv"
	"time"
	"unicode"
	"unicode/utf8"

	"wenji/internal/apperr"
	"wenji/internal/vault"

	"github.com/google/uuid"
)

// DraftLife is how long a sealed check page can still be confirmed.
const DraftLife = 24 * time.Hour

// Draft is a checked form on its way through the check page (核对信息): sealed into a hidden field, stored nowhere.
type Draft struct {
	FormID         uuid.UUID // the form instance; becomes the comment's id, so one form stores one comment
	ConsultationID string
	CheckedAt      time.Time
	Flags          []string // what the scrub found
	Submission
}

// sealedDraft is the Draft with its personal values in the clear; it exists only between Marshal and Seal.
type sealedDraft struct {
	FormID     uuid.UUID `json:"f"`
	CheckedAt  int64     `json:"at"`
	Flags      []string  `json:"fl,omitempty"`
	Title      string    `json:"t"`
	Body       string    `json:"b"`
	Name       string    `json:"n"`
	IDNumber   string    `json:"i,omitempty"`
	Occupation string    `json:"o"`
	Phone      string    `json:"p,omitempty"`
	Email      string    `json:"e,omitempty"`
	Org        string    `json:"u,omitempty"`
	Clauses    []int     `json:"c,omitempty"`
}

// SealDraft seals a draft for the hidden field `sealed`; only this consultation's address opens it again.
func (s *Store) SealDraft(d Draft) (string, error) {
	plain, err := json.Marshal(sealedDraft{
		FormID: d.FormID, CheckedAt: d.CheckedAt.Unix(), Flags: d.Flags, Title: d.Title, Body: d.Body,
		Name: d.Name.Reveal(), IDNumber: d.IDNumber.Reveal(), Occupation: d.Occupation,
		Phone: d.Phone.Reveal(), Email: d.Email.Reveal(), Org: d.Org.Reveal(), Clauses: d.Clauses,
	})
	if err != nil {
		return "", fmt.Errorf("encode draft %s: %w", d.FormID, err)
	}
	return s.Keys.Box("form").Seal(plain, d.ConsultationID), nil
}

// OpenDraft opens the hidden field `sealed`. A foreign or altered value is apperr.ErrNotFound. One older than
// DraftLife is apperr.ErrExpired and comes with its draft, so that the words are not lost.
func (s *Store) OpenDraft(consultationID, sealed string) (Draft, error) {
	plain, err := s.Keys.Box("form").Open(sealed, consultationID)
	if err != nil {
		return Draft{}, apperr.ErrNotFound
	}
	var w sealedDraft
	if err := json.Unmarshal(plain, &w); err != nil {
		return Draft{}, fmt.Errorf("decode draft: %w", err)
	}
	d := Draft{
		FormID: w.FormID, ConsultationID: consultationID, CheckedAt: time.Unix(w.CheckedAt, 0), Flags: w.Flags,
		Submission: Submission{
			Title: w.Title, Body: w.Body, Name: vault.NewSecret(w.Name), IDNumber: vault.NewSecret(w.IDNumber),
			Occupation: w.Occupation, Phone: vault.NewSecret(w.Phone), Email: vault.NewSecret(w.Email),
			Org: vault.NewSecret(w.Org), Clauses: w.Clauses,
		},
	}
	if s.Now().Sub(d.CheckedAt) > DraftLife {
		return d, apperr.ErrExpired
	}
	return d, nil
}

// formDigest tells a form sent twice from a form changed under a used key.
func (s *Store) formDigest(d Draft) []byte {
	b := make([]byte, 0, len(d.Title)+len(d.Body)+256)
	for _, field := range []string{d.Title, d.Body, d.Name.Reveal(), d.IDNumber.Reveal(), d.Occupation,
		d.Phone.Reveal(), d.Email.Reveal(), d.Org.Reveal(), fmt.Sprint(d.Clauses)} {
		b = strconv.AppendInt(b, int64(len(field)), 10)
		b = append(b, ':')
		b = append(b, field...)
	}
	return s.Keys.Index("form digest", string(b))[:16]
}

// textDigest is alike for texts that differ only in spaces and punctuation.
func textDigest(title, body string) []byte {
	b := make([]byte, 0, len(title)+len(body)+1)
	b = appendWords(b, title)
	b = append(b, '\n')
	b = appendWords(b, body)
	sum := sha256.Sum256(b)
	return sum[:16]
}

// appendWords appends the letters and digits of a text, in lower case.
func appendWords(b []byte, text string) []byte {
	for _, r := range text {
		switch {
		case r >= '一' && r <= '\u9fff': // Han, nearly all of it: letters without case, known without the tables
			b = utf8.AppendRune(b, r)
		case unicode.IsLetter(r) || unicode.IsNumber(r):
			b = utf8.AppendRune(b, unicode.ToLower(r))
		}
	}
	return b
}
