package clause_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"wenji/internal/clause"

	"pgregory.net/rapid"
)

// invariants hold for any text at all.
func invariants(t interface{ Errorf(string, ...any) }, text string) {
	nodes, warnings := clause.Parse(text)
	want := strings.NewReplacer("\r\n", "\n", "\r", "\n").Replace(text)
	if got := clause.Join(nodes); got != want {
		t.Errorf("joined %q, want %q", got, want)
	}
	last := 0
	for _, n := range nodes {
		if n.Kind == clause.Clause {
			if n.Number <= last {
				t.Errorf("clause %d follows clause %d in %q", n.Number, last, text)
			}
			last = n.Number
		}
		if n.Kind == clause.Paragraph && (n.Number != 0 || n.Label != "") {
			t.Errorf("a paragraph has number %d and label %q", n.Number, n.Label)
		}
		for _, s := range append([]string{n.Label, n.Title, n.Body, n.UnitsNote}, n.Units...) {
			if utf8.ValidString(text) && !utf8.ValidString(s) {
				t.Errorf("a character was cut in two: %q from %q", s, text)
			}
			if strings.ContainsAny(n.Title+n.Label, "\n\r") || strings.TrimSpace(s) != s {
				t.Errorf("untidy text %q from %q", s, text)
			}
		}
		if slices.Contains(n.Units, "") {
			t.Errorf("a unit without a name in %q", text)
		}
	}
	for _, w := range warnings {
		if w.Line < 1 || w.Line > strings.Count(want, "\n")+1 || w.Code == "" || w.Text == "" {
			t.Errorf("warning %+v does not point into %q", w, text)
		}
	}
}

func TestAnyTextIsReadAndGivenBack(t *testing.T) {
	// Pieces that mean something to the parser, in any order, beside any characters.
	piece := rapid.OneOf(
		rapid.SampledFrom([]string{"\n", "\r\n", "\r", "　", " ", "第", "条", "章", "节", "一", "十", "二十三", "、", "（", "(", "）", ")", "1", "23", ".", "．",
			"责任单位：", "责任单位:", "牵头单位：", "省民政厅", "省", "厅", "局", "。", "，", "；", "：", "“", "”", "《", "》", "以下", "鼓励", "发展", "【", "】", "附件：",
			"2025年4月29日", "\ufeff", "\u200b", "\x00", "\xff"}),
		rapid.StringN(0, 4, -1),
	)
	rapid.Check(t, func(t *rapid.T) {
		invariants(t, strings.Join(rapid.SliceOfN(piece, 0, 60).Draw(t, "pieces"), ""))
	})
}

// A document written from known fields, in either width, is read back into the same fields.
func TestWellFormedDocumentsReadBackAsWritten(t *testing.T) {
	han := rapid.StringOfN(rapid.RuneFrom([]rune("甲乙丙丁戊己庚辛壬癸子丑寅卯辰巳午未申酉戌亥")), 4, 9, -1)
	unit := rapid.Map(han, func(s string) string { return "省" + s + "厅" })
	rapid.Check(t, func(t *rapid.T) {
		half := rapid.Bool().Draw(t, "half width")
		marks := strings.NewReplacer()
		if half {
			marks = strings.NewReplacer("（", "(", "）", ")", "：", ":", "，", ",")
		}
		var b strings.Builder
		var want []string
		number := 0
		for p := range rapid.IntRange(1, 4).Draw(t, "parts") {
			title := han.Draw(t, "part")
			label := string([]rune("一二三四")[p]) + "、"
			fmt.Fprintf(&b, "%s%s\n", label, title)
			want = append(want, fmt.Sprintf("part %d %s%s|||", p+1, label, title))
			for range rapid.IntRange(0, 4).Draw(t, "clauses") {
				number++
				title, body := han.Draw(t, "title"), han.Draw(t, "body")
				units := rapid.SliceOfNDistinct(unit, 1, 4, rapid.ID).Draw(t, "units")
				list := marks.Replace("（责任单位：" + strings.Join(units, "、") + "）")
				fmt.Fprintf(&b, "%d.%s。%s。\n%s。%s\n", number, title, body, body, list)
				want = append(want, fmt.Sprintf("clause %d %d.%s|%s。⏎%s。|%s|", number, number, title, body, body, strings.Join(units, " ")))
			}
		}
		nodes, warnings := clause.Parse(b.String())
		if got := outline(nodes); !slices.Equal(got, want) {
			t.Fatalf("%s\n got %q\nwant %q", b.String(), got, want)
		}
		for _, w := range warnings {
			if w.Code != clause.HalfWidth || !half {
				t.Fatalf("%s\nwarning without cause: %+v", b.String(), w)
			}
		}
	})
}

func FuzzParse(f *testing.F) {
	for _, name := range []string{"draft.txt", "interpretation.txt", "page.txt"} {
		f.Add(read(f, name))
	}
	for _, s := range []string{"", "\r\n", "第一条", "1.", "（一）\n1.甲（责任单位：", "责任单位:省民政厅省财政厅)", "一、\n寅卯\n1.甲\n三、", "\xff1.\x00", "((((((", "1.甲。（责任单位：（（（、、）"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) { invariants(t, text) })
}
