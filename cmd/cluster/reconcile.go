package main

import (
	"fmt"
	"slices"
	"time"

	"github.com/google/uuid"
)

// storedRow is a comment as the database holds it.
type storedRow struct {
	ID       uuid.UUID
	Number   int
	Title    string
	Personal bool // its sealed personal data are there
	Recorded int  // entries of the audit record that tell of its number
}

// verdict is what comparing the journal with the tables gives. Each list names forms; all must be empty.
type verdict struct {
	acknowledged  int         // forms with a receipt
	stored        int         // rows of the load
	lost          []uuid.UUID // a receipt was given, and there is no row
	refusedStored []uuid.UUID // a definite no was given, and there is a row
	twice         []uuid.UUID // rows with a title that another row has
	otherReceipt  []uuid.UUID // the row has another number than the receipt, or a form had two different receipts
	unsent        []uuid.UUID // rows of forms that were never sent
	halfStored    []uuid.UUID // rows without their personal data, or without exactly one entry in the record
}

// faults says in words what is wrong, in the order of the verdict.
func (v verdict) faults() []string {
	var all []string
	for _, f := range []struct {
		what  string
		forms []uuid.UUID
	}{
		{"acknowledged and lost", v.lost},
		{"refused yet stored", v.refusedStored},
		{"stored twice", v.twice},
		{"another number or receipt than was given", v.otherReceipt},
		{"stored though never sent", v.unsent},
		{"stored without personal data or audit entry", v.halfStored},
	} {
		if n := len(f.forms); n > 0 {
			all = append(all, fmt.Sprintf("%s: %d, such as form %s", f.what, n, f.forms[0]))
		}
	}
	return all
}

// known is what the journal tells of one form.
type known struct {
	receipt *line
	refused bool
	differs bool // two receipts that differ
}

// reconcile compares the journal with the rows, which were read when it had its first cut lines: a receipt behind these
// proves nothing of them, while a form in them may stand anywhere.
func reconcile(lines []line, cut int, rows []storedRow) verdict {
	forms := make(map[uuid.UUID]*known)
	for i, l := range lines {
		k := forms[l.Form]
		if k == nil {
			k = &known{}
			forms[l.Form] = k
		}
		switch {
		case l.Event == eventRefused:
			k.refused = true
		case l.Event == eventReceipt && k.receipt == nil:
			if i < cut {
				k.receipt = &lines[i]
			}
		case l.Event == eventReceipt:
			k.differs = k.differs || l.Number != k.receipt.Number || l.Code != k.receipt.Code
		}
	}
	v := verdict{stored: len(rows)}
	there := v.lookAt(rows, forms)
	for id, k := range forms {
		if k.receipt != nil {
			v.acknowledged++
			if !there[id] {
				v.lost = append(v.lost, id)
			}
		}
	}
	for _, list := range [][]uuid.UUID{v.lost, v.refusedStored, v.twice, v.otherReceipt, v.unsent, v.halfStored} {
		slices.SortFunc(list, func(a, b uuid.UUID) int { return slices.Compare(a[:], b[:]) })
	}
	return v
}

// lookAt judges the rows and returns which forms are there.
func (v *verdict) lookAt(rows []storedRow, forms map[uuid.UUID]*known) map[uuid.UUID]bool {
	there, titles := make(map[uuid.UUID]bool, len(rows)), make(map[string]bool, len(rows))
	for _, r := range rows {
		if titles[r.Title] || there[r.ID] {
			v.twice = append(v.twice, r.ID)
		}
		titles[r.Title], there[r.ID] = true, true
		if !r.Personal || r.Recorded != 1 {
			v.halfStored = append(v.halfStored, r.ID)
		}
		k := forms[r.ID]
		switch {
		case k == nil:
			v.unsent = append(v.unsent, r.ID)
			continue
		case k.receipt != nil && (k.differs || k.receipt.Number != r.Number):
			v.otherReceipt = append(v.otherReceipt, r.ID)
		}
		if k.refused {
			v.refusedStored = append(v.refusedStored, r.ID)
		}
	}
	return there
}

// tally counts what the senders met between two instants.
type tally struct {
	receipts int           // first receipts: comments acknowledged
	again    int           // forms posted that had been posted before
	honest   int           // 5xx whose page says what became of the words
	raw      int           // 5xx whose page does not
	silent   int           // no answer at all
	refusals int           // 4xx
	gap      time.Duration // the longest stretch without a first receipt
}

// count tallies the lines from one instant to another; lines of before tell which forms are known by then.
func count(lines []line, from, to time.Time) tally {
	var t tally
	posted, acknowledged := make(map[uuid.UUID]bool), make(map[uuid.UUID]bool)
	last := from
	for _, l := range lines {
		if l.At.After(to) {
			break
		}
		within := !l.At.Before(from)
		switch l.Event {
		case eventSent:
			if within && posted[l.Form] {
				t.again++
			}
			posted[l.Form] = true
		case eventReceipt:
			if within && !acknowledged[l.Form] {
				t.receipts++
				t.gap, last = max(t.gap, l.At.Sub(last)), l.At
			}
			acknowledged[l.Form] = true
		case eventRefused:
			if within {
				t.refusals++
			}
		case eventFailed:
			switch {
			case within && l.Honest:
				t.honest++
			case within:
				t.raw++
			}
		case eventSilence:
			if within {
				t.silent++
			}
		}
	}
	t.gap = max(t.gap, to.Sub(last))
	return t
}
