package comment_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"wenji/internal/apperr"
	"wenji/internal/comment"
)

func TestInstantDisplayPassesWhatIsCleanAndHoldsTheRest(t *testing.T) {
	f := newFixture(t, during())
	exec(t, f.db, `UPDATE consultation SET publication = 'instant'`)
	clean := f.draft(t)
	if r := submit(t, f, clean); r.State != comment.Published {
		t.Errorf("a clean comment is %s, want published", r.State)
	}
	doubtful := f.draft(t)
	doubtful.Flags = []string{"phone"}
	if r := submit(t, f, doubtful); r.State != comment.Received {
		t.Errorf("a comment with a phone number is %s, want received", r.State)
	}
	if n := count(t, f.db, "SELECT published FROM comment_count"); n != 1 {
		t.Errorf("%d counted as published, want 1", n)
	}
	if n := count(t, f.db, "SELECT sum(published) FROM clause_count"); n != 2 {
		t.Errorf("%d counted by clause, want 2", n)
	}
}

func TestAFloodOfOneTextWaitsForAPerson(t *testing.T) {
	f := newFixture(t, during())
	exec(t, f.db, `UPDATE consultation SET publication = 'instant'`)
	states := map[comment.State]int{}
	for range 6 {
		d := f.draft(t)
		d.Body = "大家一起来反对这一条，请转发。"
		states[submit(t, f, d).State]++
	}
	if states[comment.Published] != 3 || states[comment.Received] != 3 {
		t.Errorf("states are %v, want three published and three waiting", states)
	}
	if n := count(t, f.db, "SELECT count(*) FROM comment WHERE 'flood' = ANY (flags)"); n != 3 {
		t.Errorf("%d flagged as flood, want 3", n)
	}
}

func TestPublishedListPagesByNumber(t *testing.T) {
	f := newFixture(t, during())
	exec(t, f.db, `UPDATE consultation SET publication = 'instant'`)
	for range 5 {
		submit(t, f, f.draft(t))
	}
	exec(t, f.db, `UPDATE comment SET state = 'received', public_title = NULL, public_body = NULL, published_at = NULL WHERE number = 3`)
	numbers := func(filter comment.PublicFilter) ([]int, bool) {
		filter.ConsultationID = consultationID
		list, more, err := f.PublishedList(context.Background(), filter)
		if err != nil {
			t.Fatal(err)
		}
		var got []int
		for _, c := range list {
			got = append(got, c.Number)
		}
		return got, more
	}
	for _, c := range []struct {
		name   string
		filter comment.PublicFilter
		want   []int
		more   bool
	}{
		{"newest first", comment.PublicFilter{Limit: 2}, []int{5, 4}, true},
		{"the page behind", comment.PublicFilter{Limit: 2, After: 4}, []int{2, 1}, false},
		{"oldest first", comment.PublicFilter{Limit: 3, Oldest: true}, []int{1, 2, 4}, true},
		{"words", comment.PublicFilter{Limit: 9, Query: "加装扶手"}, []int{5, 4, 2, 1}, false},
		{"a percent sign stands for itself", comment.PublicFilter{Limit: 9, Query: "%"}, nil, false},
	} {
		got, more := numbers(c.filter)
		if len(got) != len(c.want) || more != c.more {
			t.Errorf("%s: got %v, more %v, want %v, %v", c.name, got, more, c.want, c.more)
			continue
		}
		for i := range got {
			if got[i] != c.want[i] {
				t.Errorf("%s: got %v, want %v", c.name, got, c.want)
			}
		}
	}
	if _, err := f.PublishedOne(context.Background(), consultationID, 3); !errors.Is(err, apperr.ErrNotFound) {
		t.Errorf("an unpublished comment can be read: %v", err)
	}
	one, err := f.PublishedOne(context.Background(), consultationID, 4)
	if err != nil {
		t.Fatal(err)
	}
	if one.MaskedName != "欧阳**" || len(one.Clauses) != 2 || one.Clauses[0] != 2 {
		t.Errorf("the public copy is %+v", one)
	}
}

func TestSoldiersOccupationIsNotShown(t *testing.T) {
	f := newFixture(t, during())
	exec(t, f.db, `UPDATE consultation SET publication = 'instant'`)
	d := f.draft(t)
	d.Occupation = "现役军人"
	r := submit(t, f, d)
	one, err := f.PublishedOne(context.Background(), consultationID, r.Number)
	if err != nil || one.Occupation != "" {
		t.Errorf("occupation is %q, %v", one.Occupation, err)
	}
}

func TestStatusNeedsCodeAndPhone(t *testing.T) {
	f := newFixture(t, during())
	r := submit(t, f, f.draft(t))
	wrong := strings.Map(func(c rune) rune { return '0' + (c-'0'+1)%10 }, r.Code)
	for _, c := range []struct {
		name, code, tail string
		found            bool
	}{
		{"right", r.Code, "5678", true},
		{"wrong phone", r.Code, "0000", false},
		{"no phone", r.Code, "", false},
		{"wrong code", wrong, "5678", false},
	} {
		st, err := f.Status(context.Background(), c.code, c.tail, "192.0.2."+c.tail)
		if c.found != (err == nil) || (err != nil && !errors.Is(err, apperr.ErrNotFound)) {
			t.Errorf("%s: %v", c.name, err)
		}
		if c.found && (st.Number != r.Number || st.State != comment.Received) {
			t.Errorf("%s: status %+v", c.name, st)
		}
	}
}

func TestGuessingAStatusIsCutOffOnAllReplicas(t *testing.T) {
	f := newFixture(t, during())
	other := replica(t, f.db, f.keys, during())
	r := submit(t, f, f.draft(t))
	var many *apperr.TooMany
	tries := 0
	for ; tries < 50; tries++ {
		store := f
		if tries%2 == 0 {
			store = other
		}
		if _, err := store.Status(context.Background(), r.Code, "0000", "192.0.2.1"); errors.As(err, &many) {
			break
		}
	}
	if many == nil || many.RetryAfter < time.Minute || tries > 10 {
		t.Fatalf("cut off after %d tries: %v", tries, many)
	}
	if _, err := f.Status(context.Background(), r.Code, "5678", "192.0.2.99"); !errors.Is(err, apperr.ErrTooMany) {
		t.Errorf("the right tail still opens a code under attack: %v", err)
	}
}

// A page must not cost more the more people sent the same: a comment tells of at most SimilarMost others, and one more.
func TestTheCountOfSimilarCommentsStops(t *testing.T) {
	f := newFixture(t, during())
	const more = comment.SimilarMost + 50
	exec(t, f.db, `
		INSERT INTO comment (id, consultation_id, number, state, received_at, title, body, masked_name, occupation, text_digest,
		                     form_digest, code_index, tail_index, public_title, public_body, published_at)
		SELECT gen_random_uuid(), $1, n, 'published', now(), '标题', '一样的话', '张**', '工人', '', '', int4send(n), '', '标题', '一样的话', now()
		  FROM generate_series(1, $2::integer) AS n`, consultationID, more)
	exec(t, f.db, `
		INSERT INTO comment_group (id, consultation_id, representative_id, members, first_at, last_at, created_at)
		SELECT gen_random_uuid(), $1, id, $2, now(), now(), now() FROM comment WHERE number = 1`, consultationID, more)
	exec(t, f.db, `
		INSERT INTO comment_group_member (comment_id, consultation_id, group_id, similarity, joined_at)
		SELECT c.id, $1, g.id, 1, now() FROM comment c CROSS JOIN comment_group g`, consultationID)
	one, err := f.PublishedOne(t.Context(), consultationID, 7)
	if err != nil {
		t.Fatal(err)
	}
	if one.Similar != comment.SimilarMost+1 {
		t.Errorf("one of %d similar comments tells of %d, want %d", more, one.Similar, comment.SimilarMost+1)
	}
}

func TestNobodyLooksForAnswersWhereThereAreNone(t *testing.T) {
	f := newFixture(t, during())
	exec(t, f.db, `UPDATE consultation SET publication = 'instant'`)
	submit(t, f, f.draft(t))
	filter := comment.PublicFilter{ConsultationID: consultationID, Answered: true}
	list, more, err := f.PublishedList(t.Context(), filter)
	if err != nil || len(list) > 0 || more {
		t.Errorf("%d comments are found with an answer, more: %v, %v", len(list), more, err)
	}
	if n, err := f.PublishedCount(t.Context(), filter); n != 0 || err != nil {
		t.Errorf("%d are counted with an answer, %v", n, err)
	}
}

// Common words are found by going through the comments in their order, others by the index: what is found is the same.
func TestCommonAndSeldomWordsAreBothFound(t *testing.T) {
	f := newFixture(t, during())
	exec(t, f.db, `
		INSERT INTO comment (id, consultation_id, number, state, received_at, title, body, masked_name, occupation, text_digest,
		                     form_digest, code_index, tail_index, public_title, public_body, published_at)
		SELECT gen_random_uuid(), $1, n, 'published', now(), '标题', '', '张**', '工人', '', '', int4send(n), '', '标题',
		       CASE WHEN n % 100 = 0 THEN '加装电梯与扶手' WHEN n % 2 = 0 THEN '加装扶手' ELSE '别的话' END, now()
		  FROM generate_series(1, 400) AS n`, consultationID)
	exec(t, f.db, `UPDATE comment_count SET last_number = 400, published = 400 WHERE consultation_id = $1`, consultationID)
	for range 5 {
		if _, err := f.IndexOnce(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	for _, c := range []struct {
		words  string
		first  int // number of the newest
		amount int
	}{{"扶手", 400, 200}, {"电梯", 400, 4}, {"扶手 电梯", 400, 4}, {"扶手 标题", 400, 200}, {"缆车", 0, 0}, {"别的", 399, 200}} {
		filter := comment.PublicFilter{ConsultationID: consultationID, Query: c.words, Limit: 20}
		list, more, err := f.PublishedList(t.Context(), filter)
		if err != nil {
			t.Fatal(err)
		}
		if len(list) != min(c.amount, 20) || more != (c.amount > 20) || len(list) > 0 && list[0].Number != c.first {
			t.Errorf("%q: %d found, more %v", c.words, len(list), more)
		}
		if n, err := f.PublishedCount(t.Context(), filter); err != nil || n != c.amount {
			t.Errorf("%q: %d counted, want %d (%v)", c.words, n, c.amount, err)
		}
	}
}
