package validate

import (
	"log/slog"
	"slices"
	"strconv"
	"strings"
	"time"

	"wenji/internal/apperr"
)

// EntryForm is a comment that the office writes down, every field as it was typed or read from a file.
type EntryForm struct {
	Channel, ReceivedOn                                        string
	Title, Body, Name, IDNumber, Occupation, Phone, Email, Org string
	Clauses                                                    []string
}

// EntryRules are what one consultation asks of what is written down.
type EntryRules struct {
	Clauses  int       // how many numbered clauses the draft has
	OpensOn  time.Time // midnight of the first day
	ClosesAt time.Time // exclusive
	Today    time.Time // any moment of today
}

// CleanEntry is an entry with everything mended that a machine can mend. Only Channel, ReceivedOn, Title and Body are
// sure to be there.
type CleanEntry struct {
	Channel                                                    string
	ReceivedOn                                                 time.Time // midnight in Asia/Shanghai
	Title, Body, Name, IDNumber, Occupation, Phone, Email, Org string
	Clauses                                                    []int
}

// An entry holds personal data: printing or logging one shows nothing of it.

func (EntryForm) String() string        { return "[redacted]" }
func (EntryForm) GoString() string      { return "[redacted]" }
func (EntryForm) LogValue() slog.Value  { return slog.StringValue("[redacted]") }
func (CleanEntry) String() string       { return "[redacted]" }
func (CleanEntry) GoString() string     { return "[redacted]" }
func (CleanEntry) LogValue() slog.Value { return slog.StringValue("[redacted]") }

const (
	// entryBodyMin is less than the portal's: what someone said on the phone may be short.
	entryBodyMin = 2
	// Stand-ins for what the portal's form requires and an entry may lack.
	standInName       = "未留"
	standInOccupation = "其他"
)

var standInBody = strings.Repeat("字", BodyMin)

// CheckEntry mends an entry and lists what has to be mended, one sentence a field. A writer who left no name,
// occupation, number or address is taken all the same, and so is a child's letter: this is the way by which guardians
// write. The portal's rules hold for all that was given.
func CheckEntry(f EntryForm, r EntryRules) (CleanEntry, *apperr.Invalid) {
	problems := &apperr.Invalid{}
	add := func(field, sentence string) {
		problems.Problems = append(problems.Problems, apperr.Problem{Field: field, Message: sentence})
	}
	c := CleanEntry{Channel: channelOf(f.Channel)}
	if c.Channel == "" {
		add("channel", EntryChannel)
	}
	var sentence string
	if c.ReceivedOn, sentence = receivedOn(f.ReceivedOn, r); sentence != "" {
		add("received_on", sentence)
	}
	common, bodyShort := entryAsForm(f)
	clean, bad := Check(common, Rules{IDNumber: "omitted", Phone: "optional", Email: "optional", Clauses: r.Clauses, Today: r.Today})
	if bad != nil {
		problems.Problems = append(problems.Problems, bad.Problems...)
	}
	if bodyShort {
		add("body", EntryBodyShort)
	}
	c.IDNumber = then(f.IDNumber, idNumber)
	if sentence := entryIDNumber(c.IDNumber, r.Today); sentence != "" {
		add("id_number", sentence)
	}
	c.Title, c.Phone, c.Email, c.Org, c.Clauses = clean.Title, clean.Phone, clean.Email, clean.Org, clean.Clauses
	c.Body, _ = Text(f.Body)
	if one(f.Name) != "" {
		c.Name = clean.Name
	}
	if one(f.Occupation) != "" {
		c.Occupation = clean.Occupation
	}
	if len(problems.Problems) == 0 {
		return c, nil
	}
	slices.SortStableFunc(problems.Problems, func(a, b apperr.Problem) int {
		return slices.Index(EntryFields, a.Field) - slices.Index(EntryFields, b.Field)
	})
	return c, problems
}

// EntryFields are the fields of an entry in the order of its form.
var EntryFields = []string{"channel", "received_on", "clause", "title", "body", "name", "occupation", "phone", "email",
	"id_number", "org"}

// entryAsForm is an entry as the portal's form, with stand-ins for what may be missing.
func entryAsForm(f EntryForm) (form Form, bodyShort bool) {
	form = Form{
		Title: f.Title, Body: f.Body, Name: f.Name, Occupation: f.Occupation, Phone: f.Phone, Email: f.Email, Org: f.Org,
		Consent: true, ConsentID: true, Clauses: f.Clauses,
	}
	if one(f.Name) == "" {
		form.Name = standInName
	}
	if one(f.Occupation) == "" {
		form.Occupation = standInOccupation
	}
	if body, ok := Text(f.Body); ok && body != "" && visibleLength(body) < BodyMin {
		form.Body = standInBody
		bodyShort = visibleLength(body) < entryBodyMin
	}
	return form, bodyShort
}

// channelOf reads a channel by its code or its word; "" for none. The portal's own is not entered by hand.
func channelOf(s string) string {
	s = Fold(s)
	for _, code := range Channels[1:] {
		if s == code || s == ChannelText(code) {
			return code
		}
	}
	return ""
}

func entryIDNumber(s string, today time.Time) string {
	switch {
	case s == "":
		return ""
	case !displayable(s):
		return Undisplayable("id_number")
	}
	switch IDNumber(s, today) {
	case IDRight:
		return ""
	case IDLength:
		return IDNumberLength(Length(s))
	}
	return IDNumberWrong
}

// receivedOn reads the day on which the office received a comment, and words what is wrong with it.
func receivedOn(s string, r EntryRules) (time.Time, string) {
	s = Fold(s)
	if s == "" {
		return time.Time{}, EntryDateEmpty
	}
	day, ok := dayIn(s)
	switch {
	case !ok:
		return time.Time{}, EntryDateForm
	case day.After(r.Today):
		return time.Time{}, EntryDateFuture
	case day.Before(r.OpensOn):
		return time.Time{}, EntryDateEarly(r.OpensOn)
	case !day.Before(r.ClosesAt):
		return time.Time{}, EntryDateLate(r.ClosesAt)
	}
	return day, ""
}

// dayIn reads 2025-05-03, 2025/5/3, 2025.5.3 and 2025年5月3日.
func dayIn(s string) (time.Time, bool) {
	parts := strings.FieldsFunc(strings.TrimSuffix(s, "日"), func(r rune) bool { return strings.ContainsRune("-/.年月", r) || dash(r) })
	if len(parts) != 3 {
		return time.Time{}, false
	}
	var n [3]int
	for i, part := range parts {
		var err error
		if n[i], err = strconv.Atoi(part); err != nil {
			return time.Time{}, false
		}
	}
	day := time.Date(n[0], time.Month(n[1]), n[2], 0, 0, 0, 0, shanghai)
	if n[0] < 2000 || n[0] > 2999 || int(day.Month()) != n[1] || day.Day() != n[2] {
		return time.Time{}, false
	}
	return day, true
}
