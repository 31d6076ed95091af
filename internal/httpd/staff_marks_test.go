package httpd

import (
	"slices"
	"testing"

	"wenji/internal/comment"
	"wenji/internal/validate"
)

func TestMarksSayWhatToHideAndChangeNothingElse(t *testing.T) {
	t.Parallel()
	const original = "电话13800138000，\n家住三好街。"
	phone := comment.Span{Field: "body", Start: 2, End: 13}
	street := comment.Span{Field: "body", Start: 17, End: 20}
	for _, c := range []struct {
		name, marked string
		want         []comment.Span
		problem      string
	}{
		{"none", original, nil, ""},
		{"one", "电话⟦13800138000⟧，\n家住三好街。", []comment.Span{phone}, ""},
		{"two, line feeds as browsers send them", "电话⟦13800138000⟧，\r\n家住⟦三好街⟧。\r\n", []comment.Span{phone, street}, ""},
		{"all", "⟦" + original + "⟧", []comment.Span{{Field: "body", Start: 0, End: 21}}, ""},
		{"empty marks hide nothing", "电话⟦⟧13800138000，\n家住三好街。", nil, ""},
		{"not closed", "电话⟦13800138000，\n家住三好街。", nil, validate.MarkUnclosed},
		{"opened twice", "电话⟦138⟦00138000⟧，\n家住三好街。", nil, validate.MarkUnclosed},
		{"not opened", "电话13800138000⟧，\n家住三好街。", nil, validate.MarkUnopened},
		{"a word changed", "手机⟦13800138000⟧，\n家住三好街。", nil, textChanged},
		{"a word added", original + "谢谢", nil, textChanged},
		{"a word left out", "电话⟦13800138000⟧，\n家住三好街", nil, textChanged},
		{"everything left out", "", nil, textChanged},
	} {
		got, problem := readMarks(c.marked, original, "body")
		if problem != c.problem || !slices.Equal(got, c.want) {
			t.Errorf("%s: got %v, %q; want %v, %q", c.name, got, problem, c.want, c.problem)
		}
	}
}

func TestMarkSignsOfTheCitizenStandForThemselves(t *testing.T) {
	t.Parallel()
	const original = "请看⟦附件⟧，电话13800138000。"
	spans := []comment.Span{{Field: "body", Start: 9, End: 20, Kind: comment.SpanPhone}}
	got, problem := readMarks(withMarks(original, "body", spans), original, "body")
	if problem != "" || len(got) != 1 || got[0].Start != 9 || got[0].End != 20 {
		t.Errorf("got %v, %q", got, problem)
	}
	if got, problem := readMarks(original, original, "body"); problem != "" || len(got) != 0 {
		t.Errorf("unmarked: got %v, %q", got, problem)
	}
}

func TestMarkedSpansAreReadBackAsTheyWere(t *testing.T) {
	t.Parallel()
	const original = "𠮷先生住A座，电话13800138000"
	spans := []comment.Span{
		{Field: "body", Start: 9, End: 20, Kind: comment.SpanPhone},
		{Field: "title", Start: 0, End: 2, Kind: comment.SpanName},
		{Field: "body", Start: 0, End: 1, Kind: comment.SpanName},
	}
	got, problem := readMarks(withMarks(original, "body", spans), original, "body")
	want := []comment.Span{{Field: "body", Start: 0, End: 1}, {Field: "body", Start: 9, End: 20}}
	if problem != "" || !slices.Equal(got, want) {
		t.Errorf("got %v, %q; want %v", got, problem, want)
	}
}

func TestASpanKeepsTheKindThatWasChosenOrFound(t *testing.T) {
	t.Parallel()
	at := func(start, end int, kind comment.SpanKind) comment.Span {
		return comment.Span{Field: "body", Start: start, End: end, Kind: kind}
	}
	spans := []comment.Span{at(0, 5, ""), at(10, 20, ""), at(30, 32, "")}
	chosen := map[comment.Span]comment.SpanKind{at(0, 5, ""): comment.SpanName}
	suggested := []comment.Span{at(0, 5, comment.SpanPhone), at(12, 18, comment.SpanEmail)}
	got := withKinds(spans, chosen, suggested)
	want := []comment.Span{at(0, 5, comment.SpanName), at(10, 20, comment.SpanEmail), at(30, 32, comment.SpanOther)}
	if !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}

func TestPostedSpansThatAreNoneAreRefused(t *testing.T) {
	t.Parallel()
	got, ok := postedSpans([]string{"body:2:13"}, []string{"phone"})
	if !ok || len(got) != 1 || got[0] != (comment.Span{Field: "body", Start: 2, End: 13, Kind: comment.SpanPhone}) {
		t.Errorf("got %v, %v", got, ok)
	}
	for _, c := range [][2][]string{
		{{"body:2:13"}, nil}, {{"body:2"}, {"phone"}}, {{"body:a:b"}, {"phone"}}, {{""}, {"phone"}}, {{"body:2:3:4"}, {"phone"}},
	} {
		if _, ok := postedSpans(c[0], c[1]); ok {
			t.Errorf("%v, %v was taken", c[0], c[1])
		}
	}
}

func TestOneMayBeSentOnlyToPagesOfTheDesk(t *testing.T) {
	t.Parallel()
	for address, want := range map[string]string{
		"/staff":                            "/staff",
		"/staff/queue?state=published&q=电梯": "/staff/queue?state=published&q=电梯",
		"/staff/comments/x":                 "/staff/comments/x",
		"":                                  "",
		"/":                                 "",
		"/staffroom":                        "",
		"/staff/login?next=/staff":          "",
		"/staff/logout":                     "",
		"//evil.example/staff":              "",
		"/\\evil.example/staff":             "",
		"https://evil.example/staff":        "",
		"/staff/../consultations":           "",
		"/staff//evil.example":              "",
		"javascript:alert(1)":               "",
		"/staff/queue\r\nSet-Cookie: a=b":   "",
	} {
		if got := staffAddress(address); got != want {
			t.Errorf("staffAddress(%q) = %q, want %q", address, got, want)
		}
	}
}
