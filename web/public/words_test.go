package public

import (
	"strings"
	"testing"
	"time"

	"wenji/internal/clause"
	"wenji/internal/comment"
	"wenji/internal/consultation"

	"github.com/PuerkitoBio/goquery"
)

func TestDeadlineIsToldInDaysThenHoursThenAsOver(t *testing.T) {
	c := dossier(t).Consultation
	at := func(day, hour int) time.Time { return time.Date(2025, 5, day, hour, 0, 0, 0, consultation.Shanghai) }
	for want, now := range map[string]time.Time{
		"距截止还有3天":          at(4, 10),
		"距截止还有1天":          at(6, 23),
		"今天24时截止":          at(7, 0),
		"已于2025年5月7日24时截止": at(8, 0),
		"将于2025年4月29日0时开始": time.Date(2025, 4, 28, 23, 0, 0, 0, consultation.Shanghai),
		"今天17时截止":          at(7, 10).Add(time.Nanosecond),
		"今天17时30分截止":       at(7, 10).Add(2 * time.Nanosecond),
	} {
		c := c
		switch now.Nanosecond() {
		case 1:
			c.ClosesAt = at(7, 17)
		case 2:
			c.ClosesAt = at(7, 17).Add(30 * time.Minute)
		}
		if got := Remaining(&c, now); got != want {
			t.Errorf("at %v: %s, want %s", now, got, want)
		}
	}
	if got := Remaining(&c, time.Date(2025, 5, 7, 15, 59, 0, 0, time.UTC)); got != "今天24时截止" {
		t.Errorf("counted outside Beijing time: %s", got)
	}
}

func TestNoticeTellsPeriodReasonAndExtension(t *testing.T) {
	d := dossier(t)
	original, on := d.ClosesAt, may4
	d.OriginalClosesAt, d.ExtendedOn, d.ExtensionReason = &original, &on, "系统故障期间不能提交。"
	d.ClosesAt = d.ClosesAt.AddDate(0, 0, 7)
	box := parse(t, Notice(page("/"), NoticeView{Dossier: d})).Find(".call.warn").Text()
	for _, want := range []string{
		"截止时间：2025年5月14日24时（距截止还有10天）",
		"原截止日期2025年5月7日24时，顺延至2025年5月14日24时，原因：系统故障期间不能提交（2025年5月4日公布）。",
		"本次征集期为8天，少于30日，原因：为尽快推动实施方案出台，积极推进工作落实。",
	} {
		if !strings.Contains(box, want) {
			t.Errorf("the box %q lacks %q", box, want)
		}
	}
}

func TestWaysToCommentGoWithThePeriod(t *testing.T) {
	const form = "a[href^='/consultations/2025-0001/comments/new']"
	d, closed := dossier(t), closedDossier(t)
	if parse(t, Notice(page("/"), NoticeView{Dossier: d})).Find(form).Length() == 0 {
		t.Error("an open notice has no way to the form")
	}
	stopped := dossier(t)
	stopped.WithdrawnAt, stopped.WithdrawalReason = &may4, "政策调整"
	for name, doc := range map[string]*goquery.Document{
		"closed notice":    parse(t, Notice(page("/"), NoticeView{Dossier: closed})),
		"closed draft":     parse(t, Draft(page("/"), DraftView{Dossier: closed})),
		"closed clause":    parse(t, Clause(page("/"), ClauseView{Dossier: closed, Number: 5})),
		"withdrawn notice": parse(t, Notice(page("/"), NoticeView{Dossier: stopped})),
	} {
		if doc.Find(form).Length() > 0 {
			t.Errorf("%s leads to the form", name)
		}
	}
	if text := parse(t, Notice(page("/"), NoticeView{Dossier: closed})).Find("main").Text(); !strings.Contains(text, "共收到意见312条。感谢您的参与。") {
		t.Error("a closed notice does not say how many comments came")
	}
}

func TestPublicationIsToldAsItIsSet(t *testing.T) {
	reviewed, instant := dossier(t).Consultation, dossier(t).Consultation
	instant.Publication, instant.Title = consultation.Instant, "另一份文件"
	if got := strings.Join(displayTips([]consultation.Consultation{reviewed}), ""); strings.Contains(got, "即时展示") {
		t.Errorf("review only: %s", got)
	}
	if got := strings.Join(displayTips([]consultation.Consultation{instant}), ""); !strings.Contains(got, "即时展示") {
		t.Errorf("instant only: %s", got)
	}
	both := displayTips([]consultation.Consultation{instant, reviewed})
	if len(both) != 2 || !strings.Contains(both[0], "另一份文件") || !strings.Contains(both[0], "即时展示") || strings.Contains(both[1], "即时展示") {
		t.Errorf("both: %q", both)
	}
	for _, words := range []func(*consultation.Consultation) string{publicationNote, handling} {
		if !strings.Contains(words(&instant), "即时") || strings.Contains(words(&reviewed), "即时公开") {
			t.Errorf("%q and %q", words(&instant), words(&reviewed))
		}
	}
}

func TestDraftShowsEveryClauseWithItsUnitsAndLinks(t *testing.T) {
	d := dossier(t)
	doc := parse(t, Draft(page("/"), DraftView{Dossier: d}))
	if n := doc.Find("section.clause").Length(); n != 29 {
		t.Errorf("%d clauses", n)
	}
	if n := doc.Find(".toc ol a").Length(); n != 29 {
		t.Errorf("%d clauses in the contents", n)
	}
	five := doc.Find("#c5").Parent()
	if goquery.NodeName(doc.Find("#c5")) != "h4" || !strings.Contains(five.Text(), "责任单位：省民政厅、省住房城乡建设厅") {
		t.Errorf("clause 5 reads %q", five.Text())
	}
	if five.Find("a[href='/consultations/2025-0001/comments/new?clause=5']").Text() != "对第5条提意见" {
		t.Error("clause 5 has no link to the form")
	}
	if got := doc.Find("#c6").Parent().Find("a[href='/consultations/2025-0001/clauses/6']").Text(); got != "查看意见（6条），第6条" {
		t.Errorf("link to the comments on clause 6: %q", got)
	}
	if goquery.NodeName(doc.Find("#c27")) != "h3" {
		t.Error("a clause right under a part is not one level below it")
	}
}

func TestDraftFilterKeepsHeadingsOfWhatItShows(t *testing.T) {
	d := dossier(t)
	doc := parse(t, Draft(page("/"), DraftView{Dossier: d, Unit: "省残联"}))
	if got := doc.Find("section.clause").Length(); got != 1 || doc.Find("#c4").Length() != 1 {
		t.Errorf("%d clauses for 省残联", got)
	}
	if got := doc.Find(".text h2,.text h3").Length(); got != 2 {
		t.Errorf("%d headings above it, want 2", got)
	}
	commented := parse(t, Draft(page("/"), DraftView{Dossier: d, WithComments: true}))
	if got := commented.Find("section.clause").Length(); got != 9 {
		t.Errorf("%d clauses with comments, want 9", got)
	}
}

func TestInterpretationLinksToTheClausesItSpeaksOf(t *testing.T) {
	related := parse(t, Interpretation(page("/"), InterpretationView{Dossier: dossier(t)})).Find("section[aria-labelledby=related] a")
	if related.First().Text() != "优化服务供给（第1—7条）" {
		t.Errorf("first is %q", related.First().Text())
	}
	if related.Length() != 6 {
		t.Errorf("%d links, want five sections and a part", related.Length())
	}
}

func TestClauseLeadsToItsNeighbours(t *testing.T) {
	d := dossier(t)
	for n, want := range map[int][2]int{1: {0, 2}, 5: {4, 6}, 29: {28, 0}} {
		near := neighboursOf(d, n)
		if near.Previous.Number != want[0] || near.Next.Number != want[1] {
			t.Errorf("beside %d: %d and %d", n, near.Previous.Number, near.Next.Number)
		}
	}
}

func TestNoLevelIsSkippedWhateverTheDocument(t *testing.T) {
	node := func(k clause.Kind, title string) clause.Node { return clause.Node{Kind: k, Title: title} }
	for _, doc := range [][]clause.Node{
		{node(clause.Clause, "一条"), node(clause.Section, "节"), node(clause.Clause, "二条")},
		{node(clause.Part, ""), node(clause.Section, "节"), node(clause.Clause, "条")},
		{node(clause.Part, "部分"), node(clause.Section, ""), node(clause.Clause, "条")},
		{node(clause.Section, "节"), node(clause.Part, "部分"), node(clause.Clause, "条"), node(clause.Section, "节")},
	} {
		last := 1
		for _, r := range rows(doc, func(clause.Node) int { return 0 }) {
			if r.Level == 0 {
				continue
			}
			if r.Level > last+1 {
				t.Errorf("level %d after %d in %v", r.Level, last, doc)
			}
			last = r.Level
		}
	}
}

func TestStatusTellsEachStateInWords(t *testing.T) {
	c := dossier(t).Consultation
	decided := may4
	for state, want := range map[comment.State]string{
		comment.Received:  "您的意见已收到，等待审核。",
		comment.Published: "您的意见已通过审核，并已公开展示，公开的内容不含个人信息。",
		comment.Withheld:  "您的意见不予公开，原因：涉及他人隐私。意见仍会转交起草单位参考。",
		comment.Declined:  "您的意见不予受理，原因：涉及他人隐私。",
	} {
		v := StatusResultView{Consultation: c, Number: 1, State: state, ReceivedAt: may4, Reason: "涉及他人隐私"}
		if state != comment.Received {
			v.DecidedAt = &decided
		}
		current := parse(t, StatusResult(page("/status"), v)).Find(".steps [aria-current=step]")
		if current.Length() != 1 || current.Find("p").Text() != want {
			t.Errorf("%s: %q", state, current.Text())
		}
	}
}

func TestLongOpinionsAreFoldedBetweenSigns(t *testing.T) {
	family := "👨‍👩‍👧"
	text := strings.Repeat("字", foldAt-1) + family + "其余"
	short, cut := fold(text)
	if !cut || !strings.HasSuffix(short, family+"……") {
		t.Errorf("cut inside a sign: …%q", short[len(short)-30:])
	}
	if short, cut := fold("短"); cut || short != "短" {
		t.Errorf("a short text became %q", short)
	}
}

func TestReceiptShowsTheCodeInThreeGroups(t *testing.T) {
	doc := parse(t, Receipt(page("/receipt"), ReceiptView{Consultation: dossier(t).Consultation, Code: "407188263395", Number: 129}))
	if got := doc.Find("#code").Text(); got != "4071 8826 3395" {
		t.Errorf("code %q", got)
	}
	if doc.Find("[data-clear='2025-0001']").Length() != 1 {
		t.Error("the draft kept in the browser is not cleared")
	}
}

func TestQueriesSurviveTheirAddress(t *testing.T) {
	q := ListQuery{State: consultation.Open, Kind: consultation.GovernmentRule, Q: "a&b=c#", Page: 3}
	if got := q.URL(); got != "/consultations?kind=government_rule&page=3&q=a%26b%3Dc%23&state=open" {
		t.Errorf("list: %s", got)
	}
	if got := (CommentsQuery{Clause: 5, Q: "老 人", Oldest: true, After: 20}).URL("2025-0001"); got != "/consultations/2025-0001/comments?after=20&clause=5&q=%E8%80%81+%E4%BA%BA&sort=oldest" {
		t.Errorf("comments: %s", got)
	}
}

func TestASearchThatEndedEarlySaysHowFarItLooked(t *testing.T) {
	v := SearchView{Q: "扶手", Words: []string{"扶手"}, Next: "1.2025-0001.7"}
	for _, c := range []struct {
		items  []comment.Public
		until  time.Time
		status string
	}{
		{opinions(), time.Time{}, ""}, {nil, may4, "2025年5月4日"}, {opinions(), may4, "2025年5月4日"},
	} {
		v.Items, v.Until = c.items, c.until
		doc := parse(t, Search(page("/search"), v))
		if status := doc.Find("main [role=status]").Text(); !strings.Contains(status, c.status) || c.status == "" && status != "" || strings.Contains(status, "没有找到") {
			t.Errorf("with %d items, until %v: %q", len(c.items), c.until, status)
		}
		if doc.Find(`main a[href*="after=1.2025-0001.7"]`).Length() == 0 {
			t.Errorf("with %d items, until %v: no way on", len(c.items), c.until)
		}
	}
}
