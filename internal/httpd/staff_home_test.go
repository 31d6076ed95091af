package httpd_test

import (
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/PuerkitoBio/goquery"
)

// numbers are the four numbers of the dashboard.
func (p *page) numbers() string {
	var numbers []string
	p.Find(".d-numbers li").Each(func(_ int, li *goquery.Selection) {
		numbers = append(numbers, strings.Join(strings.Fields(li.Text()), ""))
	})
	return strings.Join(numbers, " ")
}

func TestTheDeskCountsInWorkingDays(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	d.fill(3)
	// Tuesday 29 April 2025, before the holidays of 1 to 5 May; Sunday 27 April was worked. The fifth working day after it
	// is Friday 9 May.
	late := map[string]string{
		"2025-05-09T23:00:00+08:00": "0超过5个工作日未审核",
		"2025-05-10T00:30:00+08:00": "3超过5个工作日未审核",
	}
	for at, want := range late {
		moment, err := time.Parse(time.RFC3339, at)
		if err != nil {
			t.Fatal(err)
		}
		other := &desk{portal: newReplica(t, d.db, d.keys, moment)}
		other.web.Staff.Codes = other.codesNow
		other.steps.Store(d.steps.Add(1000))
		p := other.member("liming").get("/staff").want(t, 200)
		if got := p.numbers(); !strings.Contains(got, want) {
			t.Errorf("at %s: %s, want %s", at, got, want)
		}
		list := other.member("liming").get(p.Find(".d-numbers a").Eq(1).AttrOr("href", "")).want(t, 200)
		if n := len(list.titles()); want[0] == '3' && n != 3 || want[0] == '0' && n != 0 {
			t.Errorf("at %s the list behind the number has %d", at, n)
		}
	}
}

func TestLateCommentsAreCountedUpToAThousand(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	d.fill(1)
	b := d.member("liming")
	for _, c := range []struct {
		more int
		want string
	}{{999, "1000超过5个工作日未审核"}, {1, "1000+超过5个工作日未审核"}} {
		d.exec(`
			INSERT INTO comment (id, consultation_id, number, received_at, title, body, masked_name, occupation, text_digest, form_digest,
			                     code_index, tail_index)
			SELECT md5(i::text || $1)::uuid, c.consultation_id, c.number + 1000 * $1 + i, c.received_at - interval '30 days', c.title, c.body,
			       c.masked_name, c.occupation, c.text_digest, c.form_digest, decode(md5(i::text || $1), 'hex'), c.tail_index
			  FROM comment c, generate_series(1, $1::int) AS i
			 WHERE c.number = 1`, c.more)
		if c.more == 999 {
			d.exec(`UPDATE comment SET received_at = received_at - interval '30 days' WHERE number = 1`)
		}
		if got := b.get("/staff").want(t, 200).numbers(); !strings.Contains(got, " "+c.want) {
			t.Errorf("numbers: %s, want %s", got, c.want)
		}
	}
}

func TestTheDeskListsTheWorkOfToday(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	b := d.member("liming")
	if got := b.get("/staff").want(t, 200).text("[aria-labelledby=due] p"); got != "没有待办事项。" {
		t.Errorf("an empty desk says %q", got)
	}
	d.fill(30)
	p := b.get("/staff").want(t, 200)
	if got := p.numbers(); got != "30待审核 0超过5个工作日未审核 0待转办 0即将逾期答复" {
		t.Errorf("numbers: %s", got)
	}
	if n := p.Find(".d-due li").Length(); n != 10 {
		t.Errorf("%d due, want the ten oldest", n)
	}
	if got := p.text(".d-rail [aria-current]"); got != "工作台" {
		t.Errorf("current: %q", got)
	}
	if got := p.text("#chart-days-data"); got == "" {
		t.Error("no table of the days")
	}
}

func TestEveryBarLeadsToWhatItCounts(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	d.fill(12)
	d.exec(`UPDATE comment SET channel = 'letter', occupation = '农民' WHERE number <= 4`)
	d.exec(`UPDATE comment SET clause_ids = ARRAY(SELECT id FROM clause WHERE document = 'draft' AND kind = 'clause' AND number = 5) WHERE number <= 3`)
	d.exec(`UPDATE comment SET received_at = '2025-04-30 23:59+08' WHERE number = 1`)
	b := d.member("liming")
	p := b.get("/staff?consultation="+sampleID).want(t, 200)
	followed := 0
	p.Find(".chart-data tbody tr").Each(func(_ int, row *goquery.Selection) {
		link, linked := row.Find("a").Attr("href")
		value := row.Find("td").Text()
		if !linked || value == "0" {
			return
		}
		list := b.get(link).want(t, 200)
		if n := len(list.titles()); value != strconv.Itoa(n) {
			t.Errorf("%s counts %s, its list has %d", row.Find("th").Text(), value, n)
		}
		if list.Find(".d-origin input[type=hidden], [name=clause][value='5'], [name=channel] option[selected]:not([value=''])").Length() == 0 {
			t.Errorf("%s does not say what it lists", link)
		}
		followed++
	})
	if followed != 7 { // two days, two channels, two occupations, one clause
		t.Errorf("%d bars were followed", followed)
	}
	if n := b.get("/staff/queue?unreferred=1&state=decided").want(t, 200).titles(); len(n) != 0 {
		t.Errorf("%d are to be handed over", len(n))
	}
}
