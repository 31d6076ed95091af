package comment_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"

	"wenji/internal/apperr"
	"wenji/internal/comment"
	"wenji/internal/postgres/pgtest"
	"wenji/internal/staff"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
)

var reader = staff.Member{ID: uuid.New(), Username: "liming", Name: "李明", Role: staff.Moderator}

// index reads everything into the search.
func index(t *testing.T, f *fixture) {
	t.Helper()
	for {
		n, err := f.IndexOnce(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if n == 0 && count(t, f.db, `SELECT count(*) FROM comment_count k LEFT JOIN comment_search_mark m USING (consultation_id)
			WHERE k.last_number > COALESCE(m.number, 0)`) == 0 {
			return
		}
	}
}

// analyze gathers statistics as the owner of the tables, as autovacuum does on a running server.
func analyze(t *testing.T, f *fixture) {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), pgtest.URL(f.db))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(context.Background())
	if _, err := conn.Exec(t.Context(), `VACUUM ANALYZE`); err != nil {
		t.Fatal(err)
	}
}

// explain returns the plan of a statement of a search, planned as the search has it planned.
func explain(t *testing.T, f *fixture, sql string, args []any) (plan string) {
	t.Helper()
	err := f.db.InSnapshot(t.Context(), func(tx pgx.Tx) error {
		if _, err := tx.Exec(t.Context(), comment.SearchPlan); err != nil {
			return err
		}
		if strings.Contains(sql, "WITH hits") {
			if _, err := tx.Exec(t.Context(), comment.HitsPlan, "off"); err != nil {
				return err
			}
		}
		rows, err := tx.Query(t.Context(), "EXPLAIN (ANALYZE, COSTS OFF) "+sql, append([]any{pgx.QueryExecModeExec}, args...)...)
		if err != nil {
			return err
		}
		lines, err := pgx.CollectRows(rows, pgx.RowTo[string])
		plan = strings.Join(lines, "\n")
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return plan
}

// say stores a comment with these words and returns its number.
func say(t *testing.T, f *fixture, title, body string) int {
	t.Helper()
	d := f.draft(t)
	d.Title, d.Body = title, body
	submit(t, f, d)
	return count(t, f.db, `SELECT last_number FROM comment_count`)
}

func found(t *testing.T, f *fixture, filter comment.SearchFilter) []int {
	t.Helper()
	list, _, err := f.Search(t.Context(), reader, filter)
	if err != nil {
		t.Fatal(err)
	}
	var numbers []int
	for _, c := range list {
		numbers = append(numbers, c.Number)
	}
	slices.Sort(numbers)
	return numbers
}

func foundPublicly(t *testing.T, f *fixture, query string) []int {
	t.Helper()
	list, _, err := f.SearchPublished(t.Context(), comment.SearchFilter{Query: query})
	if err != nil {
		t.Fatal(err)
	}
	var numbers []int
	for _, c := range list {
		numbers = append(numbers, c.Number)
	}
	slices.Sort(numbers)
	listed, _, err := f.PublishedList(t.Context(), comment.PublicFilter{ConsultationID: consultationID, Query: query, Oldest: true, Limit: 100})
	if err != nil {
		t.Fatal(err)
	}
	var same []int
	for _, c := range listed {
		same = append(same, c.Number)
	}
	if !slices.Equal(numbers, same) {
		t.Errorf("%q: the search finds %v, the list %v", query, numbers, same)
	}
	return numbers
}

func TestTwoCharactersOnAreFoundBeforeAndAfterTheSearchHasReadThem(t *testing.T) {
	f := newFixture(t, during())
	say(t, f, "建议加装扶手", "老旧小区楼道昏暗，请加装扶手。")
	say(t, f, "助餐服务", "希望社区食堂 ABC 送餐上门，100%_\\覆盖。")
	say(t, f, "加固扶梯", "扶着手才能走。")
	check := func(when string) {
		t.Helper()
		for query, want := range map[string][]int{
			"扶手": {1}, "加装扶手": {1}, "楼道昏": {1}, "食堂": {2}, "abc": {2}, "扶": nil, "手加": nil, "加 扶": nil, "": nil, " ": nil,
			"扶手 楼道": {1}, "扶手 食堂": nil, "扶手 请": {1}, "100%": {2}, "%_": {2}, "_%": nil, "\\覆": {2}, "' OR": nil, "扶手 & !楼": nil, "扶:*": nil,
			"请加装扶手。": {1}, "扶着手": {3}, "不存在的词": nil,
		} {
			if got := found(t, f, comment.SearchFilter{Query: query}); !slices.Equal(got, want) {
				t.Errorf("%s: %q finds %v, want %v", when, query, got, want)
			}
		}
	}
	check("at once")
	index(t, f)
	if n := count(t, f.db, `SELECT count(*) FROM comment_search`); n != 3 {
		t.Errorf("%d read", n)
	}
	check("read")
	say(t, f, "又一条扶手", "后来的扶手意见，还没有读入。")
	if got := found(t, f, comment.SearchFilter{Query: "扶手"}); !slices.Equal(got, []int{1, 4}) {
		t.Errorf("with one not read yet: %v", got)
	}
}

func TestTheSearchIsNarrowedAndRefusedToOthers(t *testing.T) {
	f := newFixture(t, during())
	for i := range 25 {
		say(t, f, fmt.Sprintf("扶手%d", i), "请在楼道加装扶手，谢谢。")
	}
	index(t, f)
	exec(t, f.db, `UPDATE comment SET channel = 'letter', state = 'withheld', clause_ids = '{}' WHERE number = 7`)
	for name, c := range map[string]struct {
		filter comment.SearchFilter
		want   int
	}{
		"channel":      {comment.SearchFilter{Channel: "letter"}, 1},
		"state":        {comment.SearchFilter{State: comment.Withheld}, 1},
		"consultation": {comment.SearchFilter{ConsultationID: "2099-0001"}, 0},
		"this one":     {comment.SearchFilter{ConsultationID: consultationID, Limit: 100}, 25},
		"clause":       {comment.SearchFilter{Clause: 2, Limit: 100}, 24},
		"from":         {comment.SearchFilter{From: f.db.Now().AddDate(0, 0, 1)}, 0},
		"to":           {comment.SearchFilter{To: f.db.Now().AddDate(0, 0, 1), Limit: 100}, 25},
	} {
		c.filter.Query = "扶手"
		if got := found(t, f, c.filter); len(got) != c.want {
			t.Errorf("%s: %d, want %d", name, len(got), c.want)
		}
	}
	var all []int
	for after := (comment.Place{}); ; {
		list, next, err := f.Search(t.Context(), reader, comment.SearchFilter{Query: "扶手", After: after, Limit: 10})
		if err != nil {
			t.Fatal(err)
		}
		for _, c := range list {
			all = append(all, c.Number)
		}
		if next == nil {
			break
		}
		after = comment.ParsePlace(next.String())
	}
	slices.Sort(all)
	if len(slices.Compact(all)) != 25 || len(all) != 25 {
		t.Errorf("page by page: %v", all)
	}
	for _, role := range []staff.Role{staff.Officer, staff.SystemAdmin, staff.Auditor, ""} {
		if _, _, err := f.Search(t.Context(), staff.Member{Role: role}, comment.SearchFilter{Query: "扶手"}); !errors.Is(err, apperr.ErrForbidden) {
			t.Errorf("%s: %v", role, err)
		}
	}
}

func TestThePublicFindsWhatIsShownAndNothingThatIsHidden(t *testing.T) {
	f := newFixture(t, during())
	n := say(t, f, "邻居王小二", "王小二家的宠物很吵，请管一管。")
	say(t, f, "没有公开", "王小二的另一条，宠物问题。")
	index(t, f)
	if got := foundPublicly(t, f, "宠物"); got != nil {
		t.Errorf("found before it was published: %v", got)
	}
	var id uuid.UUID
	if err := f.db.QueryRow(t.Context(), `SELECT id FROM comment WHERE number = $1`, n).Scan(&id); err != nil {
		t.Fatal(err)
	}
	move := func(from, to comment.State, version int) {
		t.Helper()
		err := f.db.InTx(t.Context(), func(tx pgx.Tx) error {
			return comment.Transition(t.Context(), tx, comment.Change{ID: id, From: from, To: to, Version: version, At: f.db.Now(),
				Published: comment.Copy{Title: "邻居［已隐去姓名］", Body: "［已隐去姓名］家的宠物很吵，请管一管。"}})
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	move(comment.Received, comment.Published, 1)
	for _, when := range []string{"at once", "read"} {
		for query, want := range map[string][]int{"宠物": {n}, "王小二": nil, "小二": nil, "王小": nil, "已隐去": {n}, "另一": nil} {
			if got := foundPublicly(t, f, query); !slices.Equal(got, want) {
				t.Errorf("%s: %q finds %v, want %v", when, query, got, want)
			}
		}
		index(t, f)
	}
	if got := found(t, f, comment.SearchFilter{Query: "王小二"}); len(got) != 2 {
		t.Errorf("staff find %v", got)
	}
	move(comment.Published, comment.Received, 2)
	if got := foundPublicly(t, f, "宠物"); got != nil {
		t.Errorf("found after it was withdrawn: %v", got)
	}
	index(t, f)
	if n := count(t, f.db, `SELECT count(*) FROM comment_search WHERE public_terms IS NOT NULL`); n != 0 {
		t.Errorf("%d comments keep terms of a public copy that is gone", n)
	}
}

func TestReplicasReadEachCommentOnce(t *testing.T) {
	f := newFixture(t, during())
	for i := range 30 {
		say(t, f, fmt.Sprintf("扶手%d", i), "请在楼道加装扶手，谢谢。")
	}
	exec(t, f.db, `INSERT INTO comment_search_mark (consultation_id) VALUES ('`+consultationID+`')`)
	var replicas sync.WaitGroup
	var mu sync.Mutex
	total := 0
	for range 4 {
		replicas.Go(func() {
			n, err := f.IndexOnce(context.Background())
			if err != nil {
				t.Error(err)
			}
			mu.Lock()
			total += n
			mu.Unlock()
		})
	}
	replicas.Wait()
	if total != 30 || count(t, f.db, `SELECT count(*) FROM comment_search`) != 30 {
		t.Errorf("%d read in all", total)
	}
}

func TestWordsCommonAndRareAreFoundByTheIndex(t *testing.T) {
	f := newFixture(t, during())
	const many = 50_000
	exec(t, f.db, fmt.Sprintf(`
		INSERT INTO comment (id, consultation_id, number, state, received_at, title, body, masked_name, occupation, text_digest, form_digest,
		                     code_index, tail_index, public_title, public_body, published_at)
		SELECT gen_random_uuid(), '%s', i, 'published', timestamptz '2025-05-01 00:00+08' + i * interval '1 second', t, b, '张**', '工人', '', '',
		       decode(md5(i::text), 'hex'), '', t, b, now()
		  FROM generate_series(1, %d) AS i, LATERAL (SELECT '建议加装扶手' || i AS t, '老旧小区楼道昏暗，' || CASE WHEN i %% 10000 = 0 THEN '助餐食堂送餐上门' ELSE '请加装扶手' END AS b) w`,
		consultationID, many))
	exec(t, f.db, fmt.Sprintf(`INSERT INTO comment_count (consultation_id, last_number, published) VALUES ('%[1]s', %[2]d, %[2]d)
		ON CONFLICT (consultation_id) DO UPDATE SET last_number = %[2]d, published = %[2]d`, consultationID, many))
	index(t, f)
	analyze(t, f)
	for _, query := range []string{"扶手", "食堂", "助餐食", "食堂送餐", "老旧小区", "没有这个词", "堂餐", "扶手 食堂"} {
		for _, public := range []bool{false, true} {
			kind, filter := map[bool]string{false: "staff", true: "public"}[public], comment.SearchFilter{Query: query}
			sql, args := comment.NewestSQL(public, filter, 200)
			if plan := explain(t, f, sql, args); !strings.Contains(plan, "Index Scan using comment_search_"+map[bool]string{false: "received", true: "shown"}[public]) || strings.Contains(plan, "Sort Key: s") {
				t.Errorf("%s %q does not read the newest alone:\n%s", kind, query, plan)
			}
			sql, args = comment.HitsSQL(public, filter)
			if plan := explain(t, f, sql, args); !strings.Contains(plan, "Bitmap Index Scan on comment_search_"+kind) {
				t.Errorf("%s %q does not read the index of terms:\n%s", kind, query, plan)
			}
			sql, args = comment.ReadSQL(public, filter, comment.Place{ConsultationID: consultationID, Number: 7})
			if plan := explain(t, f, sql, args); strings.Contains(plan, "Seq Scan on comment") {
				t.Errorf("%s %q reads every comment:\n%s", kind, query, plan)
			}
		}
	}
	for query, want := range map[string]int{"扶手": 20, "食堂": 5, "食堂送餐": 5, "没有这个词": 0, "堂餐": 0, "扶手 食堂": 5, "老旧小区": 20} {
		if got := len(found(t, f, comment.SearchFilter{Query: query, Limit: 20})); got != want {
			t.Errorf("staff find %d by %q on the first page, want %d", got, query, want)
		}
		if list, _, err := f.SearchPublished(t.Context(), comment.SearchFilter{Query: query}); err != nil || len(list) != want {
			t.Errorf("the public finds %d by %q on the first page, want %d: %v", len(list), query, want, err)
		}
	}
}

func TestAWordSaidLongAgoIsFoundBehindManyNewerComments(t *testing.T) {
	f := newFixture(t, during())
	say(t, f, "助餐", "希望社区食堂送餐上门，第一条意见。")
	for range 230 {
		say(t, f, "扶手", "建议老旧小区楼道加装扶手。")
	}
	say(t, f, "助餐", "希望社区食堂送餐上门，最后一条意见。")
	index(t, f)
	if got := found(t, f, comment.SearchFilter{Query: "食堂"}); !slices.Equal(got, []int{1, 232}) {
		t.Errorf("found %v, want 1 and 232", got)
	}
	if got := found(t, f, comment.SearchFilter{Query: "食堂", ConsultationID: consultationID}); !slices.Equal(got, []int{1, 232}) {
		t.Errorf("in one consultation found %v, want 1 and 232", got)
	}
}
