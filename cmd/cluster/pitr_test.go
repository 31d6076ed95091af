package main

import (
	"testing"
	"time"
)

func TestOnlyReceiptsBeforeTheEventCountAsAcknowledged(t *testing.T) {
	lines := []line{
		at(1, line{Event: eventSent, Form: form(1)}), at(2, line{Event: eventReceipt, Form: form(1)}),
		at(3, line{Event: eventFailed, Form: form(2)}), at(4, line{Event: eventReceipt, Form: form(1)}), // pressed twice
		at(5, line{Event: eventReceipt, Form: form(3)}), at(6, line{Event: eventReceipt, Form: form(2)}),
	}
	got := acknowledged(lines, lines[4].At)
	if len(got) != 1 || !got[form(1)].Equal(lines[1].At) {
		t.Errorf("acknowledged before the fifth second: %v", got)
	}
	if got := acknowledged(lines, lines[5].At.Add(time.Second)); len(got) != 3 {
		t.Errorf("acknowledged in all: %v", got)
	}
}
