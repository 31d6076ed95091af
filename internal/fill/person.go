package fill

import (
	"fmt"
	"math/rand/v2"
	"time"

	"wenji/internal/validate"
)

// Person is someone who does not exist.
type Person struct {
	Name, IDNumber, Phone, Email, Org string // Org is empty for most
	Occupation                        string
}

// The numbers are right in form and belong to nobody:
//
//   - ID numbers (GB 11643) have a right check character and a date within a lifetime, as forms demand, but a region
//     that was never made. Of the four digits behind the province GB/T 2260 gives the first two to prefectures: 01 to 20
//     and 51 to 70 to cities, 21 to 50 to other prefectures, 90 to counties under the province itself. We use 91 to 99,
//     which it gives to none, so no register has issued such a number.
//   - Phone numbers begin with 154, the one series among 150 to 159 that no operator was given; libphonenumber, which
//     follows the assignments, has 15[0-35-9] for China.
//   - E-mail addresses are at example.com, reserved for examples by RFC 2606.
const (
	firstRegion, regions = 91, 9
	counties             = 99  // 01 to 99
	sequences            = 999 // 001 to 999; odd for men, even for women
	firstPhone           = "154"
	phones               = 100_000_000
	youngest, oldest     = 2006, 1936 // years of birth
	idStep, phoneStep    = 6_700_417, 61_803_397
	orgShare             = 35
)

var firstBirth = time.Date(oldest, 1, 1, 0, 0, 0, 0, time.UTC)

// birthdays is the number of days from the first of oldest to the last of youngest.
var birthdays = int(time.Date(youngest+1, 1, 1, 0, 0, 0, 0, time.UTC).Sub(firstBirth).Hours() / 24)

// provinces of GB/T 2260; most authors live in the one whose government asks.
var provinces = []int{21, 22, 23, 11, 13, 37, 31, 44, 32, 33, 41, 51, 50, 12, 14, 15, 34, 35, 36, 42, 43, 45, 46, 52, 53, 54, 61, 62, 63, 64, 65}

// Person is the i-th person; no two of the first hundred million share an ID number or a phone.
func (g *Generator) Person(i int) Person {
	r := rand.New(rand.NewPCG(g.seed^0x70657273, uint64(i)))
	p := Person{Name: g.name(r), Occupation: validate.Occupations[occupations.draw(r)]}
	province := provinces[0]
	if r.IntN(8) == 0 {
		province = provinces[1+r.IntN(len(provinces)-1)]
	}
	p.IDNumber = idNumber(province, g.offset(i, idStep, regions*counties*sequences*birthdays))
	p.Phone = firstPhone + fmt.Sprintf("%08d", g.offset(i, phoneStep, phones))
	p.Email = fmt.Sprintf("duzhe%d@example.com", g.offset(i, phoneStep, phones))
	if r.IntN(orgShare) == 0 {
		p.Org = places[g.place.draw(r)] + g.community(r) + orgs[r.IntN(len(orgs))]
	}
	return p
}

// offset spreads i over the numbers below size, each met once: step and size have no divisor in common.
func (g *Generator) offset(i, step, size int) int {
	return int((uint64(i%size)*uint64(step) + g.seed%uint64(size)*31) % uint64(size))
}

// idNumber is the k-th number of a province's regions that do not exist.
func idNumber(province, k int) string {
	born := firstBirth.AddDate(0, 0, k%birthdays)
	k /= birthdays
	sequence := 1 + k%sequences
	k /= sequences
	county := 1 + k%counties
	n := fmt.Sprintf("%02d%02d%02d%s%03d", province, firstRegion+k/counties%regions, county, born.Format("20060102"), sequence)
	return n + checkCharacter(n)
}

// checkCharacter closes an ID number (ISO 7064 MOD 11-2).
func checkCharacter(n string) string {
	sum := 0
	for at, weight := range []int{7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2} {
		sum += int(n[at]-'0') * weight
	}
	return "10X98765432"[sum%11 : sum%11+1]
}

func (g *Generator) name(r *rand.Rand) string {
	given := func() string {
		if r.IntN(5) == 0 {
			return givenNames[r.IntN(len(givenNames))]
		}
		return givenNames[r.IntN(len(givenNames))] + givenNames[r.IntN(len(givenNames))]
	}
	switch kind := r.IntN(1000); {
	case kind < 6:
		return compoundNames[r.IntN(len(compoundNames))] + given()
	case kind < 10:
		return distantNames[r.IntN(len(distantNames))]
	case kind < 11:
		return surnames[g.surname.draw(r)] + rareNames[r.IntN(len(rareNames))]
	}
	return surnames[g.surname.draw(r)] + given()
}
