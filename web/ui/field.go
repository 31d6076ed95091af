package ui

import (
	"strconv"
	"strings"
)

// Field is one control of a form with its label, hint and problem. The zero value of everything but Name and Label is
// usable.
type Field struct {
	Name         string
	ID           string // Name where empty; the error summary links to it
	Label        string
	Hint         string // one or two sentences between label and control
	Value        string
	Problem      string // what to mend, a full sentence; "" when there is nothing
	Required     bool   // marked with *
	Note         string // after the label, in brackets: 选填
	Type         string // text where empty
	Autocomplete string
	InputMode    string
	Rows         int  // of a text area, 8 where 0
	Count        int  // most characters of a text area; shown as a sentence that script turns into a counter
	Checked      bool // of a checkbox
	Focus        bool // gets the focus when the page opens
	Short        bool // as narrow as a code
}

// Option is one choice of a select or a group of radio buttons.
type Option struct {
	Value string
	Text  string
}

// Problem is one line of the error summary: what to mend, and the id of the control to go to.
type Problem struct {
	ID      string
	Message string
}

func (f Field) id() string {
	if f.ID != "" {
		return f.ID
	}
	return f.Name
}

func (f Field) hintID() string    { return "hint-" + f.id() }
func (f Field) problemID() string { return "problem-" + f.id() }
func (f Field) countID() string   { return "count-" + f.id() }

func (f Field) inputType() string {
	if f.Type != "" {
		return f.Type
	}
	return "text"
}

func (f Field) rows() string {
	if f.Rows > 0 {
		return strconv.Itoa(f.Rows)
	}
	return "8"
}

// class of the box around the field; a problem adds the bar at its side.
func (f Field) class() string {
	if f.Problem != "" {
		return "field bad"
	}
	return "field"
}

// describedBy lists the ids of what a screen reader says after the label.
func (f Field) describedBy() string {
	var ids []string
	if f.Hint != "" {
		ids = append(ids, f.hintID())
	}
	if f.Problem != "" {
		ids = append(ids, f.problemID())
	}
	if f.Count > 0 {
		ids = append(ids, f.countID())
	}
	return strings.Join(ids, " ")
}

// optionID is the id of the i-th radio button of a group.
func (f Field) optionID(i int) string {
	if i == 0 {
		return f.id()
	}
	return f.id() + "-" + strconv.Itoa(i)
}
