package fill

import (
	"slices"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"wenji/internal/comment"
	"wenji/internal/validate"
)

const many = 20_000

func newGenerator(t testing.TB, seed uint64) *Generator {
	t.Helper()
	g, err := New(seed)
	if err != nil {
		t.Fatal(err)
	}
	return g
}

func TestTheSameSeedGivesTheSameCommentsInAnyOrder(t *testing.T) {
	a, b, other := newGenerator(t, 7), newGenerator(t, 7), newGenerator(t, 8)
	alike := 0
	for i := 999; i >= 0; i-- {
		first, second := a.Text(i), b.Text(999-i)
		if again := b.Text(i); again.Title != first.Title || again.Body != first.Body || !slices.Equal(again.Clauses, first.Clauses) {
			t.Fatalf("comment %d differs", i)
		}
		if again := b.Person(i); again != a.Person(i) {
			t.Fatalf("person %d differs", i)
		}
		if i != 999-i && second.Body == first.Body || other.Text(i).Body == first.Body {
			alike++
		}
	}
	if alike > 100 {
		t.Errorf("%d of 1,000 texts are alike under another seed or place", alike)
	}
}

func TestEveryCommentPassesTheForm(t *testing.T) {
	g := newGenerator(t, 1)
	rules := validate.Rules{IDNumber: "required", Phone: "required", Email: "required", Clauses: 29, Today: time.Date(2025, 5, 1, 0, 0, 0, 0, time.UTC)}
	for i := range many {
		s := g.Submission(i)
		form := validate.Form{
			Title: s.Title, Body: s.Body, Name: s.Name.Reveal(), IDNumber: s.IDNumber.Reveal(), Occupation: s.Occupation,
			Phone: s.Phone.Reveal(), Email: s.Email.Reveal(), Org: s.Org.Reveal(), Consent: true, ConsentID: true,
		}
		clean, problems := validate.Check(form, rules)
		if problems != nil {
			t.Fatalf("comment %d: %v in %q %q %q", i, problems, s.Title, s.Body, s.Name.Reveal())
		}
		if clean.Body != s.Body || clean.Title != s.Title || clean.Phone != s.Phone.Reveal() || clean.IDNumber != s.IDNumber.Reveal() {
			t.Fatalf("comment %d is not as the form would leave it: %+v", i, clean)
		}
		if strings.ContainsAny(s.Title+s.Body, "{}") {
			t.Fatalf("comment %d has a place left open: %s %s", i, s.Title, s.Body)
		}
	}
}

func TestPeopleBelongToNobodyAndAreOfEachTheirOwn(t *testing.T) {
	g := newGenerator(t, 3)
	ids, phones := make(map[string]bool), make(map[string]bool)
	for i := range 10 * many {
		p := g.Person(i)
		if ids[p.IDNumber] || phones[p.Phone] {
			t.Fatalf("person %d has the number of another", i)
		}
		ids[p.IDNumber], phones[p.Phone] = true, true
		if !validate.IsIDNumber(p.IDNumber) {
			t.Fatalf("person %d: the ID number is wrong in form", i)
		}
		if prefecture := p.IDNumber[2:4]; prefecture < "91" || prefecture > "99" {
			t.Fatalf("person %d: prefecture %s may exist", i, prefecture)
		}
		if !strings.HasPrefix(p.Phone, "154") || !strings.HasSuffix(p.Email, "@example.com") {
			t.Fatalf("person %d: phone or mail may be somebody's", i)
		}
	}
}

func TestTextsAreAsLongAsPeopleWriteThem(t *testing.T) {
	g := newGenerator(t, 1)
	lengths := make([]int, many)
	flags := make(map[string]int)
	bodies := make(map[string]int)
	for i := range lengths {
		text := g.Text(i)
		lengths[i] = utf8.RuneCountInString(text.Body)
		bodies[text.Body]++
		_, found := comment.Scrub(text.Title, text.Body, nil)
		for _, f := range found {
			flags[f]++
		}
	}
	slices.Sort(lengths)
	t.Logf("characters: %d, median %d, p90 %d, p99 %d, %d", lengths[0], lengths[many/2], lengths[many*9/10], lengths[many*99/100], lengths[many-1])
	if m := lengths[many/2]; m < 170 || m > 230 {
		t.Errorf("median is %d characters", m)
	}
	if lengths[many/100] > 60 || lengths[many*99/100] < 450 || lengths[many-1] < 1500 {
		t.Errorf("too alike: p1 %d, p99 %d, longest %d", lengths[many/100], lengths[many*99/100], lengths[many-1])
	}
	for _, kind := range []comment.SpanKind{comment.SpanPhone, comment.SpanEmail, comment.SpanIDNumber} {
		if n := flags[string(kind)]; n < many/1000 || n > many/30 {
			t.Errorf("%d of %d texts hold a %s", n, many, kind)
		}
	}
	repeated := 0
	for _, n := range bodies {
		if n > 1 {
			repeated += n
		}
	}
	t.Logf("flags %v, same words %d", flags, repeated)
	if repeated < many/100 || repeated > many/8 {
		t.Errorf("%d of %d texts are sent word for word more than once", repeated, many)
	}
}

func TestSharesAreSkewedAndComplete(t *testing.T) {
	for _, c := range []struct{ comments, consultations int }{{1_000_000, 200}, {10_000, 200}, {10_000, 20}, {7, 3}, {1, 1}} {
		shares := Shares(c.comments, c.consultations)
		sum := 0
		for _, n := range shares {
			sum += n
		}
		if sum != c.comments || len(shares) != c.consultations {
			t.Errorf("%+v: %d comments in %d shares", c, sum, len(shares))
		}
	}
	if head := Shares(1_000_000, 200)[0]; head < 70_000 || head > 90_000 {
		t.Errorf("the largest of 200 has %d of a million", head)
	}
}

func TestArrivalsCrowdAtBothEndsAndAreInOrder(t *testing.T) {
	g := newGenerator(t, 1)
	from := time.Date(2025, 4, 1, 0, 0, 0, 0, time.FixedZone("CST", 8*3600))
	to := from.AddDate(0, 0, 30)
	times := g.Times(1, many, from, to)
	perDay, night := make([]int, 30), 0
	for i, at := range times {
		if at.Before(from) || !at.Before(to) || i > 0 && at.Before(times[i-1]) {
			t.Fatalf("arrival %d at %v", i, at)
		}
		perDay[int(at.Sub(from).Hours()/24)]++
		if at.In(from.Location()).Hour() < 6 {
			night++
		}
	}
	if perDay[0] < 3*perDay[15] || perDay[29] < 3*perDay[15] || night > many/20 {
		t.Errorf("by day %v, at night %d", perDay, night)
	}
}

func BenchmarkSubmission(b *testing.B) {
	g := newGenerator(b, 1)
	i := 0
	for b.Loop() {
		g.Submission(i)
		i++
	}
}
