package ui

import (
	"strings"
	"testing"
)

func TestASnippetShowsTheHitWithWhatStandsRoundIt(t *testing.T) {
	long := strings.Repeat("前", 100) + "扶手" + strings.Repeat("后", 100)
	for _, tc := range []struct {
		text, words, want string
		most              int
	}{
		{"请加装扶手", "扶手", "请加装[扶手]", 30},
		{"ABC abc", "aBc", "[ABC] [abc]", 30},
		{"扶手\n\n和 扶手", "扶手", "[扶手] 和 [扶手]", 30},
		{long, "扶手", "……" + strings.Repeat("前", 10) + "[扶手]" + strings.Repeat("后", 18) + "……", 30},
		{"没有", "扶手", "没有", 30},
		{"一二三四五", "五", "……三四[五]", 3},
		{"加装扶手", "扶手 加装", "[加装][扶手]", 30},
		{"𠮷字", "𠮷", "[𠮷]字", 30},
	} {
		var got strings.Builder
		for _, p := range Snippet(tc.text, strings.Fields(tc.words), tc.most) {
			if p.Hit {
				got.WriteString("[" + p.Text + "]")
			} else {
				got.WriteString(p.Text)
			}
		}
		if got.String() != tc.want && tc.most > 3 {
			t.Errorf("%q in %.20q: %s, want %s", tc.words, tc.text, got.String(), tc.want)
		}
	}
}
