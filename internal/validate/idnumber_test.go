package validate

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"
)

var noon = time.Date(2025, 5, 1, 12, 0, 0, 0, shanghai)

// withCheck completes the first 17 digits of a number by the definition of ISO 7064 MOD 11-2, the sum running from
// the left, not by the table of weights under test.
func withCheck(body string) string {
	p := 0
	for _, d := range body {
		p = (p + int(d-'0')) * 2 % 11
	}
	return body + string("0123456789X"[(12-p)%11])
}

func TestIDNumberFollowsTheStandard(t *testing.T) {
	for _, tc := range []struct {
		id   string
		want IDFault
	}{
		{"11010519491231002X", IDRight}, // the example of GB 11643
		{"440524188001010014", IDDate},  // the other one: born in 1880
		{"810000199408230021", IDRight}, // specimen of a Hong Kong resident's permit
		{"830000199201300022", IDRight}, // specimen of a Taiwan resident's permit
		{withCheck("82000019900101001"), IDRight},
		{withCheck("92115619900101001"), IDRight}, // 9, Liaoning, nationality, date
		{withCheck("99915619900101001"), IDRegion},
		{withCheck("71010119900101001"), IDRight},
		{withCheck("84000019900101001"), IDRegion},
		{withCheck("16010219900101001"), IDRegion},
		{withCheck("00000019900101001"), IDRegion},
		{withCheck("21010220000229001"), IDRight},
		{withCheck("21010219000229001"), IDDate}, // 1900 was no leap year
		{withCheck("21010220010229001"), IDDate},
		{withCheck("21010219901301001"), IDDate},
		{withCheck("21010219900431001"), IDDate},
		{withCheck("21010219900100001"), IDDate},
		{withCheck("21010220250501001"), IDRight}, // born today
		{withCheck("21010220250502001"), IDDate},  // born tomorrow
		{"11010519491231002Y", IDCharacter},
		{"1101051949123100X2", IDCharacter},
		{"110105194912310021", IDCheck},
		{"110105491231002", IDLength}, // 15 digits, void since 2013
		{"11010519491231002", IDLength},
		{"11010519491231002XX", IDLength},
		{"11010519491231002Х", IDCharacter}, // Cyrillic
		{"1101051949123100٢X", IDCharacter}, // Arabic-Indic two
		{"", IDLength},
	} {
		if got := IDNumber(tc.id, noon); got != tc.want {
			t.Errorf("IDNumber(%q) = %q, want %q", tc.id, got, tc.want)
		}
	}
}

func TestABirthDateIsComparedInBeijingTime(t *testing.T) {
	id := withCheck("21010220250502001")
	if IDNumber(id, time.Date(2025, 5, 1, 16, 0, 0, 0, time.UTC)) != IDRight {
		t.Error("2 May has begun in Beijing at 16:00 UTC of 1 May")
	}
	if IDNumber(id, time.Date(2025, 5, 1, 15, 59, 59, 0, time.UTC)) != IDDate {
		t.Error("2 May has not begun in Beijing before 16:00 UTC of 1 May")
	}
}

// anyID draws right numbers of every kind of document.
func anyID(t *rapid.T) string {
	region := rapid.SampledFrom(append(strings.Fields(provinces), "81", "82", "83")).Draw(t, "region") +
		fmt.Sprintf("%04d", rapid.IntRange(0, 9999).Draw(t, "county"))
	if rapid.Bool().Draw(t, "foreigner") {
		region = "9" + rapid.SampledFrom(strings.Fields(provinces)).Draw(t, "accepting") +
			fmt.Sprintf("%03d", rapid.IntRange(0, 999).Draw(t, "nationality"))
	}
	days := rapid.IntRange(0, int(noon.Sub(time.Date(1900, 1, 1, 0, 0, 0, 0, shanghai)).Hours()/24)).Draw(t, "days")
	born := time.Date(1900, 1, 1, 0, 0, 0, 0, shanghai).AddDate(0, 0, days).Format("20060102")
	return withCheck(region + born + fmt.Sprintf("%03d", rapid.IntRange(0, 999).Draw(t, "sequence")))
}

func TestEveryRightNumberPassesAndNoChangedDigitDoes(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		id := anyID(t)
		if fault := IDNumber(id, noon); fault != IDRight {
			t.Fatalf("right number refused: %s %s", id, fault)
		}
		at := rapid.IntRange(0, 17).Draw(t, "at")
		other := rapid.SampledFrom(strings.Split(strings.ReplaceAll("0123456789", string(id[at]), ""), "")).Draw(t, "other")
		changed := id[:at] + other + id[at+1:]
		if IDNumber(changed, noon) == IDRight {
			t.Fatalf("changed number accepted: %s for %s", changed, id)
		}
	})
}

func TestNeighboursExchangedAreFound(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		id := anyID(t)
		at := rapid.IntRange(0, 15).Draw(t, "at")
		if id[at] == id[at+1] {
			return
		}
		if swapped := id[:at] + id[at+1:at+2] + id[at:at+1] + id[at+2:]; IDNumber(swapped, noon) == IDRight {
			t.Fatalf("%s accepted for %s", swapped, id)
		}
	})
}

func TestUnder14EndsOnTheFourteenthBirthday(t *testing.T) {
	for _, tc := range []struct {
		born  string
		today time.Time
		want  bool
	}{
		{"20110502", noon, true},
		{"20110501", noon, false},
		{"20250501", noon, true},
		{"19490101", noon, false},
		{"20120229", time.Date(2026, 2, 28, 12, 0, 0, 0, shanghai), true},
		{"20120229", time.Date(2026, 3, 1, 0, 0, 0, 0, shanghai), false},
	} {
		if got := Under14(withCheck("210102"+tc.born+"001"), tc.today); got != tc.want {
			t.Errorf("born %s, today %s: %v", tc.born, tc.today.Format("20060102"), got)
		}
	}
	if Under14("210102201201010011", noon) && !IsIDNumber("210102201201010011") {
		t.Error("a wrong number tells no age")
	}
}
