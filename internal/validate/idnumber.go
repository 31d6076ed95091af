package validate

import (
	"strings"
	"time"
)

// IDFault says what is wrong with an ID number.
type IDFault string

const (
	IDRight     IDFault = ""
	IDLength    IDFault = "length"    // not 18 characters
	IDCharacter IDFault = "character" // something other than 17 digits and a digit or X
	IDRegion    IDFault = "region"    // no such province
	IDDate      IDFault = "date"      // no such day, before 1900 or after today
	IDCheck     IDFault = "check"     // the check character does not fit
)

// IDNumber checks an ID number that has been through Code and is in upper case. Rules:
//   - GB 11643-1999 公民身份号码: six digits of region, eight of birth date, three of sequence, and a check character by
//     ISO 7064 MOD 11-2. The first two digits are a province of GB/T 2260.
//   - 港澳台居民居住证 (国办发〔2018〕81号 §3): the same, with region 810000, 820000 or 830000.
//   - 外国人永久居留身份证 (GA 2102-2023): the same length, date and check; 9, two digits of the accepting province and
//     three of the nationality (ISO 3166-1) stand in place of the region.
//
// The day is compared with today in Asia/Shanghai. Numbers of 15 digits (void since 2013) have the wrong length.
func IDNumber(s string, today time.Time) IDFault {
	if fault := idShape(s); fault != IDRight {
		return fault
	}
	if born, _ := birthday(s); born.After(dayOf(today)) {
		return IDDate
	}
	return IDRight
}

// IsIDNumber tells whether s has the shape, region, date and check character of an ID number, whatever the day is now.
func IsIDNumber(s string) bool { return idShape(s) == IDRight }

// Under14 tells whether the person with this right ID number has not reached the fourteenth birthday today
// (个人信息保护法 §31); a birthday on 29 February is reached on 1 March in other years. False for a wrong number.
func Under14(id string, today time.Time) bool {
	if idShape(id) != IDRight {
		return false
	}
	born, _ := birthday(id)
	return born.AddDate(14, 0, 0).After(dayOf(today))
}

func idShape(s string) IDFault {
	if Length(s) != 18 {
		return IDLength
	}
	if len(s) != 18 {
		return IDCharacter
	}
	sum := 0
	for i := range 18 {
		digit := int(s[i]) - '0'
		if i == 17 && s[i] == 'X' {
			digit = 10
		} else if digit < 0 || digit > 9 {
			return IDCharacter
		}
		sum += digit * idWeights[i]
	}
	if !knownRegion(s) {
		return IDRegion
	}
	if _, ok := birthday(s); !ok {
		return IDDate
	}
	if sum%11 != 1 {
		return IDCheck
	}
	return IDRight
}

// idWeights are 2^(17-i) mod 11, the weights of ISO 7064 MOD 11-2; the weighted sum of a right number is 1 mod 11.
var idWeights = [18]int{7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2, 1}

// provinces of GB/T 2260 that hand out numbers.
const provinces = "11 12 13 14 15 21 22 23 31 32 33 34 35 36 37 41 42 43 44 45 46 50 51 52 53 54 61 62 63 64 65"

func knownRegion(s string) bool {
	if s[0] == '9' {
		return strings.Contains(provinces, s[1:3])
	}
	switch s[:2] {
	case "71", "81", "82", "83":
		return true
	}
	return strings.Contains(provinces, s[:2])
}

// birthday reads the date in Asia/Shanghai; false when there is no such day or it is before 1900.
func birthday(s string) (time.Time, bool) {
	born, err := time.ParseInLocation("20060102", s[6:14], shanghai)
	return born, err == nil && born.Year() >= 1900
}

func dayOf(t time.Time) time.Time {
	y, m, d := t.In(shanghai).Date()
	return time.Date(y, m, d, 0, 0, 0, 0, shanghai)
}

// idNumber mends what a machine can mend: width, spaces, hyphens, a small x.
func idNumber(s string) string { return strings.ReplaceAll(Code(s), "x", "X") }
