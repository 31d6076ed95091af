package fill

import (
	"math"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"wenji/internal/clause"
)

// Text is what a comment says, and of which clauses.
type Text struct {
	Title, Body string
	Clauses     []int // ascending; none means the whole draft
}

const (
	usualLength    = 180  // median of the characters that a text is made to reach
	lengthSpread   = 0.55 // of the logarithm
	longest        = 2400
	campaigns      = 60 // texts that many people send
	campaignShare  = 12 // one comment in twelve is of a campaign
	phraseLeast    = 6
	phraseMost     = 40
	termLeast      = 2
	termMost       = 8
	shortText      = 45
	personalShares = 1000
)

// newTopic cuts a clause into its phrases and terms.
func newTopic(n clause.Node) topic {
	t := topic{number: n.Number, title: n.Title, units: n.Units}
	for phrase := range strings.FieldsFuncSeq(n.Body, func(r rune) bool { return strings.ContainsRune("，。；：\n", r) }) {
		if strings.ContainsAny(phrase, "“”《》（）") {
			continue
		}
		if l := utf8.RuneCountInString(phrase); l >= phraseLeast && l <= phraseMost {
			t.phrases = append(t.phrases, phrase)
		}
		if parts := strings.Split(phrase, "、"); len(parts) > 2 {
			for _, term := range parts[1 : len(parts)-1] { // the outer ones carry the rest of the sentence
				if l := utf8.RuneCountInString(term); l >= termLeast && l <= termMost {
					t.terms = append(t.terms, term)
				}
			}
		}
	}
	if len(t.phrases) == 0 {
		t.phrases = []string{n.Title}
	}
	if len(t.terms) == 0 {
		t.terms = []string{n.Title}
	}
	return t
}

// Text is the text of comment i. Most stand alone; those of a campaign are alike, word for word or nearly.
func (g *Generator) Text(i int) Text {
	r := g.chance(ofTexts, i)
	var t Text
	if r.IntN(campaignShare) == 0 {
		t = g.joinCampaign(r)
	} else {
		length := usualLength * math.Exp(r.NormFloat64()*lengthSpread)
		if r.IntN(500) == 0 {
			length *= 8
		}
		t = g.compose(r, int(min(length, longest)))
	}
	g.addPersonal(r, i, &t)
	return t
}

// joinCampaign is a campaign's text as one of its people sends it.
func (g *Generator) joinCampaign(r *rand.Rand) Text {
	t := g.campaigns[g.campaign.draw(r)]
	t.Clauses = slices.Clone(t.Clauses)
	switch r.IntN(10) {
	case 0, 1, 2, 3:
	case 4, 5, 6:
		t.Body = g.say(r, ways.greet, nil) + t.Body
	default:
		t.Body += g.say(r, ways.end, nil)
	}
	return t
}

// addPersonal puts into some texts what the scrub has to find, and into others an address, which it leaves to a person.
func (g *Generator) addPersonal(r *rand.Rand, i int, t *Text) {
	switch kind := r.IntN(personalShares); {
	case kind < 12:
		t.Body += "我的电话是" + g.Person(g.author(i)).Phone + "，欢迎来电了解情况。"
	case kind < 16:
		t.Body += "可以发邮件到" + g.Person(g.author(i)).Email + "。"
	case kind < 19:
		t.Body += "本人身份证号" + g.Person(g.author(i)).IDNumber + "，所说属实。"
	case kind < 29:
		t.Body += g.say(r, ways.address, nil)
	}
}

// compose writes a text of about so many characters on one to three clauses.
func (g *Generator) compose(r *rand.Rand, length int) Text {
	chosen := g.choose(r)
	t := chosen[0]
	text := Text{Title: g.say(r, ways.title, t)}
	if r.IntN(10) > 0 { // one in ten speaks of the whole draft
		for _, c := range chosen {
			text.Clauses = append(text.Clauses, c.number)
		}
		slices.Sort(text.Clauses)
	}
	if length < shortText {
		text.Body = g.say(r, ways.brief, t)
		return text
	}
	var b strings.Builder
	said := 0
	add := func(way []string, of *topic) {
		s := g.say(r, way, of)
		b.WriteString(s)
		said += utf8.RuneCountInString(s)
	}
	if r.IntN(3) > 0 {
		add(ways.greet, t)
	}
	add(ways.open, t)
	for said < length-15 {
		if said > 250 && r.IntN(4) == 0 {
			b.WriteByte('\n')
		}
		add(ways.argue, chosen[r.IntN(len(chosen))])
	}
	if r.IntN(2) == 0 {
		add(ways.end, t)
	}
	text.Body = b.String()
	return text
}

// choose draws the clauses that a comment is about; the first is its subject.
func (g *Generator) choose(r *rand.Rand) []*topic {
	n := 1
	switch k := r.IntN(20); {
	case k >= 19:
		n = 3
	case k >= 16:
		n = 2
	}
	var chosen []*topic
	for len(chosen) < n {
		t := &g.clauses[g.order[g.favourite.draw(r)]]
		if !slices.Contains(chosen, t) {
			chosen = append(chosen, t)
		}
	}
	return chosen
}

// say fills one of several sentences with words; t is nil for those that speak of no clause.
func (g *Generator) say(r *rand.Rand, sentences []string, t *topic) string {
	rest := sentences[r.IntN(len(sentences))]
	b := make([]byte, 0, 256)
	for {
		at := strings.IndexByte(rest, '{')
		if at < 0 {
			return string(append(b, rest...))
		}
		end := strings.IndexByte(rest, '}')
		b = append(b, rest[:at]...)
		b = append(b, g.word(r, rest[at+1:end], t)...)
		rest = rest[end+1:]
	}
}

// word is what stands in the place of a name in braces.
func (g *Generator) word(r *rand.Rand, name string, t *topic) string {
	pick := func(list []string) string { return list[r.IntN(len(list))] }
	switch name {
	case "title":
		return t.title
	case "clause":
		return strconv.Itoa(t.number)
	case "phrase":
		return pick(t.phrases)
	case "term":
		return pick(t.terms)
	case "unit":
		if len(t.units) == 0 {
			return "有关部门"
		}
		return pick(t.units)
	case "place":
		return places[g.place.draw(r)]
	case "home":
		return g.community(r)
	case "number":
		return strconv.Itoa(2 + r.IntN(28))
	case "age":
		return strconv.Itoa(60 + r.IntN(35))
	}
	return pick(lists[name])
}

// community is the name of a place to live in, some met everywhere and some only once or twice.
func (g *Generator) community(r *rand.Rand) string {
	k := g.home.draw(r) * 487 % homes // so that neighbours in rank share no character
	return homeFirst[k%len(homeFirst)] + homeSecond[k/len(homeFirst)]
}
