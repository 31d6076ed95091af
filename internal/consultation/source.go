package consultation

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path"
	"regexp"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"wenji/internal/clause"
)

// Limits of what is taken in, far above any real consultation.
const (
	maxTextBytes       = 4 << 20
	maxAttachmentBytes = 20 << 20
	maxAttachments     = 50
)

// Source is a consultation as its files describe it, read and checked, ready for Import.
type Source struct {
	Consultation
	Draft          []clause.Node
	Interpretation []clause.Node // empty when there is none
	Files          []File
	Doubts         []Doubt // in reading order
}

// File is an attachment with its content.
type File struct {
	Attachment
	Content []byte
}

// Doubt is a place in one of the documents that a person should look at before the public does.
type Doubt struct {
	Document string // the file: draft.txt or interpretation.txt
	clause.Warning
}

const (
	settingsFile       = "consultation.json"
	noticeFile         = "notice.txt"
	draftFile          = "draft.txt"
	interpretationFile = "interpretation.txt"
)

// settings is the form of consultation.json. Instants are RFC 3339 with their zone; closes_at is exclusive.
type settings struct {
	ID                string        `json:"id"`
	Kind              Kind          `json:"kind"`
	Title             string        `json:"title"`
	Headline          string        `json:"headline"`
	Unit              string        `json:"unit"`
	Source            string        `json:"source"`
	Editor            string        `json:"editor"`
	PublishedOn       string        `json:"published_on"`
	OpensAt           time.Time     `json:"opens_at"`
	ClosesAt          time.Time     `json:"closes_at"`
	ShortPeriodReason string        `json:"short_period_reason"`
	ResultExpected    string        `json:"result_expected"`
	Publication       Publication   `json:"publication"`
	IDNumber          FieldRule     `json:"id_number_rule"`
	Phone             FieldRule     `json:"phone_rule"`
	Email             FieldRule     `json:"email_rule"`
	ContactPhone      string        `json:"contact_phone"`
	ContactEmail      string        `json:"contact_email"`
	MailSubject       string        `json:"mail_subject"`
	Attachments       []fileSetting `json:"attachments"`
}

type fileSetting struct {
	Name  string `json:"name"` // last part of its address
	Title string `json:"title"`
	File  string `json:"file"` // path in the folder
}

// ReadSource reads a consultation from a folder: consultation.json, notice.txt, draft.txt, interpretation.txt if there
// is one, and the files that consultation.json lists as attachments. Texts are UTF-8, with or without a byte order mark.
// A text offered as attachment is given its title as first line, a byte order mark and CRLF line ends, without which old
// versions of Windows show it as rubbish.
//
// The error lists everything that is wrong, each with the file it is in and what to do.
func ReadSource(fsys fs.FS) (Source, error) {
	var set settings
	if err := readSettings(fsys, &set); err != nil {
		return Source{}, err
	}
	s, faults := set.source()
	var err error
	if s.Notice, err = readText(fsys, noticeFile); err != nil {
		faults = append(faults, err)
	}
	s.Notice = strings.TrimSpace(s.Notice)
	if s.Draft, err = s.readDocument(fsys, draftFile); err != nil {
		faults = append(faults, err)
	}
	s.Interpretation, err = s.readDocument(fsys, interpretationFile)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		faults = append(faults, err)
	}
	if len(set.Attachments) > maxAttachments {
		return Source{}, fmt.Errorf("%s: %d attachments are too many; list at most %d", settingsFile, len(set.Attachments), maxAttachments)
	}
	for _, a := range set.Attachments {
		file, err := readFile(fsys, a)
		if err != nil {
			faults = append(faults, err)
			continue
		}
		if slices.ContainsFunc(s.Files, func(f File) bool { return f.Name == file.Name }) {
			faults = append(faults, fmt.Errorf("%s: two attachments are named %q; give each its own name", settingsFile, file.Name))
		}
		s.Files = append(s.Files, file)
	}
	if faults = append(faults, s.faults()...); len(faults) > 0 {
		return Source{}, errors.Join(faults...)
	}
	return s, nil
}

func (s *Source) readDocument(fsys fs.FS, name string) ([]clause.Node, error) {
	text, err := readText(fsys, name)
	if err != nil {
		return nil, err
	}
	nodes, warnings := clause.Parse(text)
	for _, w := range warnings {
		s.Doubts = append(s.Doubts, Doubt{name, w})
	}
	if name == draftFile && !slices.ContainsFunc(nodes, func(n clause.Node) bool { return n.Kind == clause.Clause }) {
		return nil, fmt.Errorf("%s has no numbered clause: number the clauses 1. 2. 3. or 第一条 第二条", name)
	}
	return nodes, nil
}

func readSettings(fsys fs.FS, set *settings) error {
	content, err := readLimited(fsys, settingsFile, maxTextBytes)
	if errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("%s is missing: write one beside %s and %s: %w", settingsFile, noticeFile, draftFile, fs.ErrNotExist)
	}
	if err != nil {
		return err
	}
	d := json.NewDecoder(bytes.NewReader(bytes.TrimPrefix(content, []byte(byteOrderMark))))
	d.DisallowUnknownFields()
	if err := d.Decode(set); err != nil {
		return fmt.Errorf("%s: mend the JSON: %w", settingsFile, err)
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return fmt.Errorf("%s: more follows after the closing brace; leave one object in the file", settingsFile)
	}
	return nil
}

// source turns the settings into a consultation; what is left out gets what a new consultation has.
func (set *settings) source() (Source, []error) {
	var faults []error
	published, err := time.ParseInLocation(time.DateOnly, set.PublishedOn, Shanghai)
	if err != nil {
		faults = append(faults, fmt.Errorf("%s: write published_on as a date such as 2025-04-29", settingsFile))
	}
	if set.Publication == "" {
		set.Publication = AfterReview
	}
	for _, rule := range []*FieldRule{&set.IDNumber, &set.Phone, &set.Email} {
		if *rule == "" {
			*rule = Required
		}
	}
	return Source{Consultation: Consultation{
		ID: set.ID, Stage: StagePublished, Kind: set.Kind, Title: set.Title, Headline: set.Headline,
		Unit: set.Unit, Source: set.Source, Editor: set.Editor,
		PublishedOn: published, OpensAt: set.OpensAt, ClosesAt: set.ClosesAt,
		ShortPeriodReason: set.ShortPeriodReason, ResultExpected: set.ResultExpected,
		Publication: set.Publication, IDNumberRule: set.IDNumber, PhoneRule: set.Phone, EmailRule: set.Email,
		ContactPhone: set.ContactPhone, ContactEmail: set.ContactEmail, MailSubject: set.MailSubject,
	}}, faults
}

const byteOrderMark = "\ufeff"

// readText reads a text file without its byte order mark and with LF line ends.
func readText(fsys fs.FS, name string) (string, error) {
	content, err := readLimited(fsys, name, maxTextBytes)
	if errors.Is(err, fs.ErrNotExist) {
		return "", fmt.Errorf("%s is missing: put the text into a file of this name: %w", name, fs.ErrNotExist)
	}
	if err != nil {
		return "", err
	}
	if !utf8.Valid(content) {
		return "", fmt.Errorf("%s is not UTF-8: save it as UTF-8 and try again", name)
	}
	text := strings.TrimPrefix(string(content), byteOrderMark)
	text = strings.ReplaceAll(strings.ReplaceAll(text, "\r\n", "\n"), "\r", "\n")
	if at := strings.IndexFunc(text, unreadable); at >= 0 {
		return "", fmt.Errorf("%s has a control character in line %d: delete it", name, 1+strings.Count(text[:at], "\n"))
	}
	if strings.TrimSpace(text) == "" {
		return "", fmt.Errorf("%s is empty: put the text into it", name)
	}
	return text, nil
}

func unreadable(r rune) bool { return unicode.IsControl(r) && r != '\n' && r != '\t' }

func readLimited(fsys fs.FS, name string, limit int64) (content []byte, err error) {
	f, err := fsys.Open(name)
	if err != nil {
		return nil, fmt.Errorf("open %s: %w", name, err)
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	content, err = io.ReadAll(io.LimitReader(f, limit+1))
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", name, err)
	}
	if int64(len(content)) > limit {
		return nil, fmt.Errorf("%s is larger than %d MB: make it smaller", name, limit>>20)
	}
	return content, nil
}

// mediaTypes are the kinds of file that may be offered for download.
var mediaTypes = map[string]string{
	".txt": "text/plain; charset=utf-8", ".pdf": "application/pdf", ".ofd": "application/ofd", ".wps": "application/octet-stream",
	".doc":  "application/msword",
	".docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
	".xls":  "application/vnd.ms-excel",
	".xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
	".png":  "image/png", ".jpg": "image/jpeg", ".jpeg": "image/jpeg", ".zip": "application/zip",
}

var fileName = regexp.MustCompile(`^[\p{Han}A-Za-z0-9（）()][\p{Han}A-Za-z0-9（）()._-]{0,99}$`)

func readFile(fsys fs.FS, set fileSetting) (File, error) {
	name := set.Name
	if name == "" {
		name = path.Base(set.File)
	}
	kind, known := mediaTypes[strings.ToLower(path.Ext(name))]
	switch {
	case !fs.ValidPath(set.File):
		return File{}, fmt.Errorf("%s: %q is no path inside the folder; write it with / and with no .. in it", settingsFile, set.File)
	case !fileName.MatchString(name):
		return File{}, fmt.Errorf("%s: name the attachment %q with letters, digits, Chinese characters, . - and _ only, at most 100", settingsFile, name)
	case !known || !strings.EqualFold(path.Ext(set.File), path.Ext(name)):
		return File{}, fmt.Errorf("%s: offer the attachment %q under the ending of its file, one of .txt .pdf .ofd .wps .doc .docx .xls .xlsx .png .jpg .zip", settingsFile, name)
	case strings.TrimSpace(set.Title) == "":
		return File{}, fmt.Errorf("%s: give the attachment %q a title", settingsFile, name)
	}
	var content []byte
	var err error
	if strings.HasPrefix(kind, "text/") {
		var text string
		text, err = readText(fsys, set.File)
		heading := strings.NewReplacer("《", "", "》", "").Replace(set.Title)
		content = []byte(byteOrderMark + strings.ReplaceAll(heading+"\n\n"+text, "\n", "\r\n"))
	} else {
		content, err = readLimited(fsys, set.File, maxAttachmentBytes)
	}
	if err != nil {
		return File{}, fmt.Errorf("attachment %q: %w", name, err)
	}
	return File{Attachment{Name: name, Title: set.Title, MediaType: kind, Size: len(content)}, content}, nil
}
