package moderation_test

import (
	"context"
	"strings"
	"testing"

	"wenji/internal/moderation"
)

func TestAWordIsFoundInTheQueueBeforeAndAfterItIsIndexed(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	for _, title := range []string{"建议加装扶手", "助餐服务", "扶助手册"} {
		f.arrive(arrival{title: title, body: "正文若干，供查找。"})
	}
	index := func() {
		f.exec(`INSERT INTO comment_search (comment_id, consultation_id, number, received_at, staff_terms)
			SELECT id, consultation_id, number, received_at, '{}' FROM comment`)
		f.exec(`INSERT INTO comment_search_mark (consultation_id, number) SELECT consultation_id, last_number FROM comment_count`)
	}
	titles := func(query string) string {
		items, _, err := f.Queue(context.Background(), liMing, moderation.Filter{Query: query})
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, c := range items {
			got = append(got, c.Title)
		}
		return strings.Join(got, " ")
	}
	if got := titles("扶手"); got != "建议加装扶手" {
		t.Error(got)
	}
	index()
	if got := titles("扶手"); got != "" {
		t.Errorf("looked beside the index: %q", got)
	}
	if got := titles("扶"); got != "建议加装扶手 扶助手册" {
		t.Errorf("a single character: %q", got)
	}
	f.exec(`INSERT INTO comment_search_stale (comment_id, consultation_id) SELECT id, consultation_id FROM comment`)
	if got := titles("扶手"); got != "建议加装扶手" {
		t.Errorf("changed since: %q", got)
	}
}
