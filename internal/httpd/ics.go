package httpd

import (
	"fmt"
	"net/http"
	"strings"
	"time"
	"unicode/utf8"

	"wenji/internal/consultation"
	"wenji/web/public"
	"wenji/web/ui"

	"github.com/a-h/templ"
)

// icsLine is the longest line of an iCalendar object in octets, without its line break (RFC 5545 §3.1).
const icsLine = 75

// icsBefore is how long before the closing instant the entry begins: one that began at 24:00 would be shown on the
// next day.
const icsBefore = time.Hour

// deadline is the closing instant of a consultation as a calendar entry (RFC 5545).
func (s *Server) deadline(r *http.Request) (templ.Component, error) {
	d, err := s.dossier(r)
	if err != nil {
		return nil, err
	}
	return document{"text/calendar; charset=utf-8", []byte(s.deadlineICS(&d.Consultation))}, nil
}

func (s *Server) deadlineICS(c *consultation.Consultation) string {
	status := "CONFIRMED"
	if c.WithdrawnAt != nil {
		status = "CANCELLED"
	}
	var b strings.Builder
	line := func(name, value string) { b.WriteString(foldICS(name + ":" + value)) }
	line("BEGIN", "VCALENDAR")
	line("VERSION", "2.0")
	line("PRODID", "-//Wenji//Consultation deadlines//ZH")
	line("CALSCALE", "GREGORIAN")
	line("METHOD", "PUBLISH")
	line("BEGIN", "VEVENT")
	line("UID", c.ID+"-deadline@"+s.authority())
	line("DTSTAMP", icsTime(changedAt(c)))
	line("SEQUENCE", fmt.Sprint(c.Version))
	line("DTSTART", icsTime(c.ClosesAt.Add(-icsBefore)))
	line("DTEND", icsTime(c.ClosesAt))
	line("SUMMARY", icsText("征求意见截止：《"+c.Title+"》"))
	line("DESCRIPTION", icsText(c.Headline+"。\n截止时间："+ui.Closing(c.ClosesAt)+"。\n"+public.PhaseNote(c)))
	if s.BaseURL != "" {
		line("URL", s.BaseURL+"/consultations/"+c.ID)
	}
	line("STATUS", status)
	line("TRANSP", "TRANSPARENT")
	line("END", "VEVENT")
	line("END", "VCALENDAR")
	return b.String()
}

func icsTime(t time.Time) string { return t.UTC().Format("20060102T150405Z") }

// icsEscape escapes a text value (RFC 5545 §3.3.11).
var icsEscape = strings.NewReplacer(`\`, `\\`, ";", `\;`, ",", `\,`, "\r\n", `\n`, "\n", `\n`, "\r", `\n`)

func icsText(s string) string { return icsEscape.Replace(s) }

// foldICS ends a line with CRLF and folds it where it is too long, never inside a character.
func foldICS(line string) string {
	var b strings.Builder
	room := icsLine
	for len(line) > room {
		cut := room
		for !utf8.RuneStart(line[cut]) {
			cut--
		}
		b.WriteString(line[:cut] + "\r\n ")
		line, room = line[cut:], icsLine-1
	}
	return b.String() + line + "\r\n"
}
