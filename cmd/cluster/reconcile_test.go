package main

import (
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
)

var noon = time.Date(2025, 5, 1, 12, 0, 0, 0, time.UTC)

// at is a line some seconds after noon.
func at(seconds int, l line) line {
	l.At = noon.Add(time.Duration(seconds) * time.Second)
	return l
}

func form(n byte) uuid.UUID { return uuid.UUID{15: n} }

// whole is a row with all that belongs to it.
func whole(n byte, title string, number int) storedRow {
	return storedRow{ID: form(n), Number: number, Title: title, Personal: true, Recorded: 1}
}

func TestTheJournalAgainstTheTables(t *testing.T) {
	lines := []line{
		{Event: eventSent, Form: form(1), Title: "一"}, {Event: eventReceipt, Form: form(1), Number: 1, Code: "a"},
		{Event: eventSent, Form: form(2), Title: "二"}, {Event: eventFailed, Form: form(2), Status: 503, Honest: true},
		{Event: eventSent, Form: form(2), Title: "二"}, {Event: eventReceipt, Form: form(2), Number: 2, Code: "b"},
		{Event: eventSent, Form: form(3), Title: "三"}, {Event: eventRefused, Form: form(3), Status: 422},
		{Event: eventSent, Form: form(4), Title: "四"}, {Event: eventSilence, Form: form(4)},
	}
	sound := []storedRow{whole(1, "一", 1), whole(2, "二", 2)}
	halved := whole(1, "一", 1)
	halved.Personal = false
	silentRecord := whole(1, "一", 1)
	silentRecord.Recorded = 0
	for _, c := range []struct {
		what  string
		lines []line
		rows  []storedRow
		want  string // begins the only complaint; empty for none
	}{
		{"all is well", lines, sound, ""},
		{"an unanswered form may be stored", lines, append(sound, whole(4, "四", 3)), ""},
		{"a row is missing", lines, sound[:1], "acknowledged and lost: 1, such as form " + form(2).String()},
		{"a refused form is there", lines, append(sound, whole(3, "三", 3)), "refused yet stored: 1"},
		{"a form is there under two ids", append(lines, line{Event: eventSent, Form: form(5), Title: "一"}), append(sound, whole(5, "一", 3)), "stored twice: 1"},
		{"a row is there twice", lines, append(sound, whole(2, "二", 2)), "stored twice: 1"},
		{"the receipt has another number", lines, []storedRow{whole(1, "一", 1), whole(2, "二", 3)}, "another number or receipt"},
		{"pressed again gave another code", append(lines, line{Event: eventReceipt, Form: form(1), Number: 1, Code: "c"}), sound, "another number or receipt"},
		{"pressed again gave the same", append(lines, line{Event: eventReceipt, Form: form(1), Number: 1, Code: "a"}), sound, ""},
		{"nobody sent it", lines, append(sound, whole(9, "九", 3)), "stored though never sent: 1"},
		{"personal data are missing", lines, []storedRow{halved, sound[1]}, "stored without personal data"},
		{"the record has no entry", lines, []storedRow{silentRecord, sound[1]}, "stored without personal data or audit entry"},
	} {
		v := reconcile(c.lines, len(c.lines), c.rows)
		got := v.faults()
		if v.acknowledged != 2 || v.stored != len(c.rows) {
			t.Errorf("%s: %d acknowledged, %d stored", c.what, v.acknowledged, v.stored)
		}
		if c.want == "" && len(got) != 0 || c.want != "" && (len(got) != 1 || !strings.HasPrefix(got[0], c.want)) {
			t.Errorf("%s: %q, want %q", c.what, got, c.want)
		}
	}
}

func TestWhatIsAcknowledgedWhileTheTablesAreReadIsNotMissed(t *testing.T) {
	lines := []line{
		{Event: eventSent, Form: form(1), Title: "一"}, {Event: eventReceipt, Form: form(1), Number: 1},
		{Event: eventSent, Form: form(2), Title: "二"}, // the rows are read here
		{Event: eventReceipt, Form: form(2), Number: 2}, {Event: eventSent, Form: form(3), Title: "三"},
	}
	for _, rows := range [][]storedRow{
		{whole(1, "一", 1)}, {whole(1, "一", 1), whole(2, "二", 2)}, {whole(1, "一", 1), whole(2, "二", 2), whole(3, "三", 3)},
	} {
		if v := reconcile(lines, 3, rows); len(v.faults()) != 0 || v.acknowledged != 1 {
			t.Errorf("%d rows: %d acknowledged, %q", len(rows), v.acknowledged, v.faults())
		}
	}
	if v := reconcile(lines, 4, []storedRow{whole(1, "一", 1)}); len(v.lost) != 1 {
		t.Errorf("a receipt before the tables were read: %d lost, want 1", len(v.lost))
	}
}

func TestWhatTheSendersMetInBetween(t *testing.T) {
	lines := []line{
		at(0, line{Event: eventSent, Form: form(1)}), at(1, line{Event: eventReceipt, Form: form(1)}),
		at(2, line{Event: eventSent, Form: form(2)}),
		at(12, line{Event: eventFailed, Form: form(2), Status: 503, Honest: true}),
		at(13, line{Event: eventSent, Form: form(2)}), at(14, line{Event: eventFailed, Form: form(2), Status: 502}),
		at(15, line{Event: eventSent, Form: form(2)}), at(16, line{Event: eventSilence, Form: form(2)}),
		at(17, line{Event: eventSent, Form: form(2)}), at(20, line{Event: eventReceipt, Form: form(2)}),
		at(21, line{Event: eventSent, Form: form(1)}), at(22, line{Event: eventReceipt, Form: form(1)}), // pressed once more
		at(23, line{Event: eventSent, Form: form(3)}), at(24, line{Event: eventRefused, Form: form(3), Status: 422}),
		at(40, line{Event: eventSent, Form: form(4)}), at(41, line{Event: eventReceipt, Form: form(4)}),
	}
	got := count(lines, noon.Add(11*time.Second), noon.Add(30*time.Second))
	want := tally{receipts: 1, again: 4, honest: 1, raw: 1, silent: 1, refusals: 1, gap: 10 * time.Second}
	if got != want {
		t.Errorf("%+v, want %+v", got, want)
	}
	if quiet := count(lines, noon.Add(25*time.Second), noon.Add(32*time.Second)); quiet.gap != 7*time.Second {
		t.Errorf("without any receipt the gap is %s, want all of it", quiet.gap)
	}
}

func TestTheJournalKeepsEveryLineWhole(t *testing.T) {
	path := filepath.Join(t.TempDir(), "journal")
	j, err := newJournal(path)
	if err != nil {
		t.Fatal(err)
	}
	var writers sync.WaitGroup
	for n := range byte(40) {
		writers.Go(func() {
			if err := j.write(line{At: noon, Event: eventSent, Form: form(n), Title: "题"}); err != nil {
				t.Error(err)
			}
		})
	}
	writers.Wait()
	if err := j.close(); err != nil {
		t.Fatal(err)
	}
	if _, err := newJournal(path); err == nil {
		t.Error("a journal was written over")
	}
	file, err := os.OpenFile(path, os.O_APPEND|os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := file.WriteString(`{"event":"rec`); err != nil {
		t.Fatal(err)
	}
	file.Close()
	lines, err := j.read()
	if err != nil || len(lines) != 40 {
		t.Fatalf("%d lines, %v; want the 40 whole ones", len(lines), err)
	}
	seen := make(map[uuid.UUID]bool)
	for _, l := range lines {
		seen[l.Form] = l.Event == eventSent && l.Title == "题" && l.At.Equal(noon)
	}
	for n := range byte(40) {
		if !seen[form(n)] {
			t.Errorf("line %d is not what was written", n)
		}
	}
	if _, err := readLines(strings.NewReader("not a line\n")); err == nil {
		t.Error("a line that is none was taken")
	}
}
