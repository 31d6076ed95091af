package moderation_test

import (
	"slices"
	"testing"

	"wenji/internal/comment"
	"wenji/internal/moderation"

	"github.com/google/uuid"
)

func TestWhatNoIndexKnowsIsLookedForAPageAtATime(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.exec(`
		INSERT INTO comment (id, consultation_id, number, received_at, title, body, masked_name, occupation, text_digest, form_digest,
		                     code_index, tail_index)
		SELECT md5(i::text)::uuid, $1, i, timestamptz '2025-04-30 08:00+08' + i * interval '1 second', '扶手', CASE WHEN i % 3000 = 0 THEN '羴' ELSE '建议' END, '张**',
		       CASE WHEN i % 3000 = 0 THEN '教师' ELSE '工人' END, '', '', decode(md5(i::text), 'hex'), ''
		  FROM generate_series(1, $2::int) AS i`, first, 2*moderation.LookedMost+1000)
	decided := f.list(`
		UPDATE comment SET state = 'declined', decided_at = received_at + interval '1 day', decided_by = '李明'
		 WHERE number % 2 = 0 AND number <= 12 RETURNING id::text`)
	if len(decided) != 6 {
		t.Fatal(decided)
	}
	for _, filter := range []moderation.Filter{{Occupation: "教师"}, {Query: "羴"}, {ConsultationID: first, Query: "羴", Occupation: "教师"}} {
		var pages [][]int
		var early []bool
		for {
			items, next, err := f.Queue(t.Context(), liMing, filter)
			if err != nil {
				t.Fatal(err)
			}
			var numbers []int
			for _, c := range items {
				numbers = append(numbers, c.Number)
			}
			pages = append(pages, numbers)
			if next == nil {
				break
			}
			early = append(early, next.Early)
			filter.After = moderation.ParseCursor(next.String())
		}
		want := [][]int{{3000}, {6000, 9000}, nil}
		if !slices.EqualFunc(pages, want, slices.Equal) || !slices.Equal(early, []bool{true, true}) {
			t.Errorf("%+v: pages %v, early %v", filter, pages, early)
		}
	}
	items, next, err := f.Queue(t.Context(), liMing, moderation.Filter{Occupation: "教师", Limit: 1, After: moderation.Cursor{ID: uuid.Max}})
	if err != nil || len(items) != 1 || next == nil || !next.Early {
		t.Errorf("one found of one asked for: %d, %+v, %v", len(items), next, err)
	}
	items, next, err = f.Queue(t.Context(), liMing, moderation.Filter{State: moderation.AnyDecided, Occupation: "工人", Limit: 4})
	if err != nil || len(items) != 4 || next == nil || next.Early || items[0].State != comment.Declined {
		t.Errorf("of what is decided: %d, %+v, %v", len(items), next, err)
	}
}
