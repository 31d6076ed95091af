package validate

import (
	"errors"
	"log/slog"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"wenji/internal/apperr"

	"github.com/go-playground/validator/v10"
)

// Limits of the form, in characters as people count them.
const (
	TitleMin = 2
	TitleMax = 100
	BodyMin  = 10
	BodyMax  = 5000
	NameMin  = 2
	NameMax  = 50
	OrgMax   = 100
)

// Occupations are the seventeen choices of the form, in its order.
var Occupations = []string{
	"公务员", "事业单位工作人员", "专业技术人员", "企业管理人员", "工人", "农民", "学生", "教师", "医生", "律师", "文体人员",
	"现役军人", "自由职业者", "个人经营者", "无业人员", "退（离）休人员", "其他",
}

// Form is a comment form as posted, every field as it came.
type Form struct {
	Title, Body, Name, IDNumber, Occupation, Phone, Email, Org string
	Consent, ConsentID                                         bool
	Clauses                                                    []string
}

// Rules are what one consultation asks of its form.
type Rules struct {
	IDNumber, Phone, Email string    // required, optional or omitted
	Clauses                int       // how many numbered clauses the draft has
	Today                  time.Time // any moment of today
}

// Clean is a form with everything mended that a machine can mend. Omitted fields are empty. Clauses are ascending,
// each once; none means the whole draft.
type Clean struct {
	Title, Body, Name, IDNumber, Occupation, Phone, Email, Org string
	Consent, ConsentID                                         bool
	Clauses                                                    []int
}

// A form holds personal data: printing or logging one shows nothing of it.

func (Form) String() string        { return "[redacted]" }
func (Form) GoString() string      { return "[redacted]" }
func (Form) LogValue() slog.Value  { return slog.StringValue("[redacted]") }
func (Clean) String() string       { return "[redacted]" }
func (Clean) GoString() string     { return "[redacted]" }
func (Clean) LogValue() slog.Value { return slog.StringValue("[redacted]") }

// checked is the mended form as the validator sees it. A field that cannot be displayed is here as it came. The first
// tag that fails gives the sentence; the order of the fields is the order of the problems.
type checked struct {
	Title      string   `form:"title" validate:"displayable,required,chars_min=2,chars_max=100,marks"`
	Body       string   `form:"body" validate:"displayable,required,chars_min=10,chars_max=5000,marks"`
	Name       string   `form:"name" validate:"displayable,required,chars_max=50,person_name,chars_min=2"`
	IDNumber   string   `form:"id_number" validate:"displayable,required_if=IDRule required,omitempty,id_length,id_number,adult"`
	Occupation string   `form:"occupation" validate:"displayable,required,occupation"`
	Phone      string   `form:"phone" validate:"displayable,required_if=PhoneRule required,omitempty,phone_number"`
	Email      string   `form:"email" validate:"displayable,required_if=EmailRule required,omitempty,email_address"`
	Org        string   `form:"org" validate:"displayable,omitempty,chars_max=100,marks"`
	Clauses    []string `form:"clause" validate:"dive,clause_number"`
	Consent    bool     `form:"consent" validate:"required"`
	ConsentID  bool     `form:"consent_id" validate:"required_if=AsksConsentID true"`

	IDRule, PhoneRule, EmailRule string
	AsksConsentID                bool
	ClauseCount                  int
	Today                        time.Time
}

// Check mends a form and lists what its writer has to mend, one sentence a field, in the order title, body, name,
// id_number, occupation, phone, email, org, clause, consent, consent_id. The problem is nil when there is nothing.
// Consent to the ID number is asked for when the consultation requires the number, or when one was given.
func Check(f Form, r Rules) (Clean, *apperr.Invalid) {
	c := mend(f, r)
	clean := Clean{
		Title: c.Title, Body: c.Body, Name: c.Name, IDNumber: c.IDNumber, Occupation: c.Occupation, Phone: c.Phone,
		Email: c.Email, Org: c.Org, Consent: c.Consent, ConsentID: c.ConsentID, Clauses: clauseNumbers(c.Clauses),
	}
	err := engine().Struct(&c)
	if err == nil {
		return clean, nil
	}
	var failed validator.ValidationErrors
	if !errors.As(err, &failed) {
		panic("validate: form tags: " + err.Error())
	}
	problems := &apperr.Invalid{}
	for _, e := range failed {
		field, _, _ := strings.Cut(e.Field(), "[")
		if n := len(problems.Problems); n > 0 && problems.Problems[n-1].Field == field {
			continue
		}
		value, _ := e.Value().(string)
		problems.Problems = append(problems.Problems, apperr.Problem{Field: field, Message: sentence(field, e.Tag(), value)})
	}
	return clean, problems
}

// mend does what a machine can do for the writer.
func mend(f Form, r Rules) checked {
	c := checked{
		Title: one(f.Title), Name: then(f.Name, personName), IDNumber: then(f.IDNumber, idNumber),
		Occupation: then(f.Occupation, occupation), Phone: then(f.Phone, phone), Email: then(f.Email, email),
		Org: one(f.Org), Consent: f.Consent, ConsentID: f.ConsentID,
		IDRule: r.IDNumber, PhoneRule: r.Phone, EmailRule: r.Email, ClauseCount: r.Clauses, Today: r.Today,
	}
	c.Body, _ = Text(f.Body)
	if r.IDNumber == "omitted" {
		c.IDNumber = ""
	}
	if r.Phone == "omitted" {
		c.Phone = ""
	}
	if r.Email == "omitted" {
		c.Email = ""
	}
	for _, n := range f.Clauses {
		if n = Fold(n); n != "" {
			c.Clauses = append(c.Clauses, n)
		}
	}
	c.AsksConsentID = c.IDRule == "required" || c.IDNumber != ""
	return c
}

func one(s string) string {
	s, _ = Line(s)
	return s
}

// then mends a line further, unless it holds something that cannot be displayed.
func then(s string, further func(string) string) string {
	s, ok := Line(s)
	if !ok {
		return s
	}
	return further(s)
}

// phone leaves a number that is none as typed, for the tag to refuse.
func phone(s string) string {
	if kept, ok := Phone(s); ok {
		return kept
	}
	return s
}

// occupation takes half-width brackets for full-width ones.
func occupation(s string) string { return strings.NewReplacer("(", "（", ")", "）").Replace(s) }

func clauseNumbers(typed []string) []int {
	var numbers []int
	for _, s := range typed {
		if n, err := strconv.Atoi(s); err == nil {
			numbers = append(numbers, n)
		}
	}
	slices.Sort(numbers)
	return slices.Compact(numbers)
}

// engine is the validator with our tags, set up at first use.
var engine = sync.OnceValue(func() *validator.Validate {
	v := validator.New(validator.WithRequiredStructEnabled())
	v.RegisterTagNameFunc(func(f reflect.StructField) string { return f.Tag.Get("form") })
	for tag, rule := range map[string]validator.Func{
		"displayable": func(fl validator.FieldLevel) bool { return displayable(fl.Field().String()) },
		"chars_min":   func(fl validator.FieldLevel) bool { return visibleLength(fl.Field().String()) >= param(fl) },
		"chars_max":   func(fl validator.FieldLevel) bool { return Length(fl.Field().String()) <= param(fl) },
		"marks":       func(fl validator.FieldLevel) bool { return !piled(fl.Field().String(), maxMarks) },
		"person_name": func(fl validator.FieldLevel) bool { return isName(fl.Field().String()) },
		"id_length":   func(fl validator.FieldLevel) bool { return idShape(fl.Field().String()) != IDLength },
		"id_number":   func(fl validator.FieldLevel) bool { return IDNumber(fl.Field().String(), form(fl).Today) == IDRight },
		"adult":       func(fl validator.FieldLevel) bool { return !Under14(fl.Field().String(), form(fl).Today) },
		"occupation":  func(fl validator.FieldLevel) bool { return slices.Contains(Occupations, fl.Field().String()) },
		"phone_number": func(fl validator.FieldLevel) bool {
			_, ok := Phone(fl.Field().String())
			return ok
		},
		"email_address": func(fl validator.FieldLevel) bool {
			address, ok := asciiEmail(fl.Field().String())
			return ok && v.Var(address, "email") == nil
		},
		"clause_number": func(fl validator.FieldLevel) bool {
			n, err := strconv.Atoi(fl.Field().String())
			return err == nil && n >= 1 && n <= form(fl).ClauseCount
		},
	} {
		if err := v.RegisterValidation(tag, rule); err != nil {
			panic("validate: tag " + tag + ": " + err.Error())
		}
	}
	return v
})

func param(fl validator.FieldLevel) int {
	n, err := strconv.Atoi(fl.Param())
	if err != nil {
		panic("validate: tag " + fl.GetTag() + " needs a number")
	}
	return n
}

func form(fl validator.FieldLevel) *checked { return fl.Top().Interface().(*checked) }

// sentence words what is wrong with a field, by the tag that failed.
func sentence(field, tag, value string) string {
	switch tag {
	case "displayable":
		return Undisplayable(field)
	case "marks":
		return TooManyMarks(field)
	case "id_length":
		return IDNumberLength(Length(value))
	case "chars_max":
		switch n := Length(value); field {
		case "title":
			return TitleLong(n)
		case "body":
			return BodyLong(n)
		case "org":
			return OrgLong(n)
		}
	}
	if s, ok := sentences[field+" "+tag]; ok {
		return s
	}
	panic("validate: no sentence for " + field + " " + tag)
}

var sentences = map[string]string{
	"title required":         TitleEmpty,
	"title chars_min":        TitleShort,
	"body required":          BodyEmpty,
	"body chars_min":         BodyShort,
	"name required":          NameEmpty,
	"name chars_min":         NameShort,
	"name chars_max":         NameLong,
	"name person_name":       NameForm,
	"id_number required_if":  IDNumberEmpty,
	"id_number id_number":    IDNumberWrong,
	"id_number adult":        Guardian,
	"occupation required":    OccupationEmpty,
	"occupation occupation":  OccupationOther,
	"phone required_if":      PhoneEmpty,
	"phone phone_number":     PhoneForm,
	"email required_if":      EmailEmpty,
	"email email_address":    EmailForm,
	"clause clause_number":   ClauseUnknown,
	"consent required":       ConsentMissing,
	"consent_id required_if": ConsentID,
}
