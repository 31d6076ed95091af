package consultation

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"regexp"
	"strings"
	"time"
	"unicode/utf8"

	"wenji/internal/clause"
)

// Source is a consultation as it lies in a folder, read and checked, ready for Import.
type Source struct {
	Consultation
	Draft          []clause.Node
	Interpretation []clause.Node
	Files          []File
}

// File is an attachment with its content.
type File struct {
	Attachment
	Content []byte
}

// description is the file consultation.json.
type description struct {
	ID                string      `json:"id"`
	Kind              Kind        `json:"kind"`
	Title             string      `json:"title"`
	Headline          string      `json:"headline"`
	Unit              string      `json:"unit"`
	Source            string      `json:"source"`
	Editor            string      `json:"editor"`
	PublishedOn       string      `json:"published_on"`
	OpensAt           time.Time   `json:"opens_at"`
	ClosesAt          time.Time   `json:"closes_at"`
	ShortPeriodReason string      `json:"short_period_reason"`
	Publication       Publication `json:"publication"`
	IDNumberRule      FieldRule   `json:"id_number_rule"`
	PhoneRule         FieldRule   `json:"phone_rule"`
	EmailRule         FieldRule   `json:"email_rule"`
	ContactPhone      string      `json:"contact_phone"`
	ContactEmail      string      `json:"contact_email"`
	MailSubject       string      `json:"mail_subject"`
	ResultExpected    string      `json:"result_expected"`
	Attachments       []struct {
		Name  string `json:"name"`
		File  string `json:"file"`
		Title string `json:"title"`
	} `json:"attachments"`
}

var (
	idForm   = regexp.MustCompile(`^[0-9]{4}-[0-9]{4}$`)
	nameForm = regexp.MustCompile(`^[a-z0-9][a-z0-9._-]{0,99}$`)
)

// byteOrderMark in front of a text file tells old editors that it is UTF-8.
const byteOrderMark = "\ufeff"

// ReadSource reads a consultation from a folder: consultation.json, notice.txt, draft.txt, interpretation.txt, and the
// files that it offers as attachments. Everything that is wrong with consultation.json is reported at once.
func ReadSource(folder fs.FS) (Source, error) {
	content, err := fs.ReadFile(folder, "consultation.json")
	if err != nil {
		return Source{}, fmt.Errorf("consultation.json is needed: %w", err)
	}
	var d description
	decoder := json.NewDecoder(strings.NewReader(string(content)))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&d); err != nil {
		return Source{}, fmt.Errorf("consultation.json: %w", err)
	}
	s := Source{Consultation: d.consultation()}
	if s.PublishedOn, err = time.ParseInLocation(time.DateOnly, d.PublishedOn, Shanghai); err != nil {
		return Source{}, errors.New("consultation.json: published_on: write a date such as 2025-04-29")
	}
	if err := d.check(s); err != nil {
		return Source{}, err
	}
	texts := map[string]string{}
	for _, name := range []string{"notice.txt", "draft.txt", "interpretation.txt"} {
		if texts[name], err = readText(folder, name); err != nil {
			return Source{}, err
		}
	}
	s.Notice = texts["notice.txt"]
	s.Draft, _ = clause.Parse(texts["draft.txt"])
	s.Interpretation, _ = clause.Parse(texts["interpretation.txt"])
	for _, a := range d.Attachments {
		file, err := readFile(folder, a.Name, a.File, a.Title)
		if err != nil {
			return Source{}, err
		}
		s.Files = append(s.Files, file)
	}
	return s, nil
}

func (d description) consultation() Consultation {
	rule := func(r FieldRule) FieldRule {
		if r == "" {
			return Required
		}
		return r
	}
	if d.Publication == "" {
		d.Publication = AfterReview
	}
	return Consultation{
		ID: d.ID, Kind: d.Kind, Title: d.Title, Headline: d.Headline, Unit: d.Unit, Source: d.Source, Editor: d.Editor,
		OpensAt: d.OpensAt, ClosesAt: d.ClosesAt, ShortPeriodReason: d.ShortPeriodReason, Publication: d.Publication,
		IDNumberRule: rule(d.IDNumberRule), PhoneRule: rule(d.PhoneRule), EmailRule: rule(d.EmailRule),
		ContactPhone: d.ContactPhone, ContactEmail: d.ContactEmail, MailSubject: d.MailSubject,
		ResultExpected: d.ResultExpected, Version: 1,
	}
}

// shortestPeriod is the number of days below which a period needs a printed reason: 重大行政决策程序暂行条例 §15 and
// 规章制定程序条例 §15 ask for thirty.
const shortestPeriod = 30

func (d description) check(s Source) error {
	var faults []error
	demand := func(ok bool, what string) {
		if !ok {
			faults = append(faults, errors.New("consultation.json: "+what))
		}
	}
	known := false
	for _, k := range Kinds {
		known = known || k == d.Kind
	}
	demand(idForm.MatchString(d.ID), "id: write year-serial, such as 2025-0001")
	demand(known, fmt.Sprintf("kind: write one of %v", Kinds))
	demand(d.Title != "" && d.Headline != "" && d.Unit != "" && d.Source != "", "title, headline, unit and source are needed")
	demand(!d.OpensAt.IsZero() && d.ClosesAt.After(d.OpensAt), "opens_at must be before closes_at; write 2025-05-08T00:00:00+08:00 for 24:00 of 7 May")
	demand(d.Publication == "" || d.Publication == AfterReview || (d.Publication == Instant && d.Kind == NormativeDocument),
		"publication: after_review, or instant for kind normative_document")
	demand(s.PeriodDays() >= shortestPeriod || d.ShortPeriodReason != "", "short_period_reason: a period under 30 days needs a reason, which the notice prints")
	for _, r := range []FieldRule{s.IDNumberRule, s.PhoneRule, s.EmailRule} {
		demand(r == Required || r == Optional || r == Omitted, "id_number_rule, phone_rule, email_rule: required, optional or omitted")
	}
	return errors.Join(faults...)
}

func readText(folder fs.FS, name string) (string, error) {
	content, err := fs.ReadFile(folder, name)
	if err != nil {
		return "", fmt.Errorf("%s is needed: %w", name, err)
	}
	text := strings.TrimPrefix(string(content), byteOrderMark)
	if !utf8.ValidString(text) || strings.Contains(text, "\x00") {
		return "", fmt.Errorf("%s is no UTF-8 text: save it as UTF-8", name)
	}
	return strings.TrimRight(strings.ReplaceAll(text, "\r\n", "\n"), "\n"), nil
}

// mediaTypes are the kinds of attachment offered, by the end of their names.
var mediaTypes = map[string]string{
	".txt": "text/plain; charset=utf-8", ".pdf": "application/pdf", ".doc": "application/msword",
	".docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
}

func readFile(folder fs.FS, name, file, title string) (File, error) {
	if !nameForm.MatchString(name) {
		return File{}, fmt.Errorf("attachment %q: name it in small letters, digits, dot and hyphen", name)
	}
	media, ok := mediaTypes[name[max(strings.LastIndexByte(name, '.'), 0):]]
	if !ok {
		return File{}, fmt.Errorf("attachment %s: only txt, pdf, doc and docx are offered", name)
	}
	content, err := fs.ReadFile(folder, file)
	if err != nil {
		return File{}, fmt.Errorf("attachment %s: %w", name, err)
	}
	if strings.HasSuffix(name, ".txt") && !strings.HasPrefix(string(content), byteOrderMark) {
		content = append([]byte(byteOrderMark), content...)
	}
	return File{Attachment{Name: name, Title: title, MediaType: media, Size: len(content)}, content}, nil
}
