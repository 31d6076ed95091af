package clause_test

import (
	"slices"
	"strings"
	"testing"

	"wenji/internal/clause"

	"pgregory.net/rapid"
)

// Rows recognised and built without a change give what Parse gives.
func TestRecognisedRowsBuildTheSameNodes(t *testing.T) {
	for name, text := range map[string]string{"draft": read(t, "draft.txt"), "page": pageDraft(t), "interpretation": read(t, "interpretation.txt"),
		"articles": "第一章　总则\n第一条　为了规范管理，制定本办法。\n第二条　本办法适用于下列活动：\n（一）居家养老；\n１．助餐；\n（二）机构养老。\n第二章　附则\n第三条　本办法自2026年1月1日起施行。"} {
		rows := clause.Recognise(clause.Rows(text))
		nodes, _ := clause.Build(rows, nil)
		var kept []string
		for _, r := range rows {
			if r.Type != clause.TitleRow {
				kept = append(kept, r.Text)
			}
		}
		want, _ := clause.Parse(strings.Join(kept, "\n"))
		if got, want := outline(nodes), outline(want); !slices.Equal(got, want) {
			t.Errorf("%s\n got %q\nwant %q", name, got, want)
		}
	}
}

func TestTheTypeChosenDecides(t *testing.T) {
	rows := []clause.Row{{"甲方案", clause.TitleRow}, {"总体要求", clause.PartRow}, {"1.乙。丙。", clause.TextRow}, {"丁项工作。戊。", clause.ClauseRow},
		{"省民政厅、省财政厅", clause.UnitsRow}, {"己", clause.IgnoredRow}, {"第二件事。庚。", clause.ClauseRow}}
	nodes, warnings := clause.Build(rows, nil)
	want := []string{"part 1 一、总体要求|||", "paragraph 0 |1.乙。丙。||", "clause 1 1.丁项工作|戊。|省民政厅 省财政厅|", "clause 2 2.第二件事|庚。||"}
	if got := outline(nodes); !slices.Equal(got, want) {
		t.Errorf("\n got %q\nwant %q", got, want)
	}
	wantWarnings := []string{"missing_number@2 #1 总体要求", "missing_number@4 #1 丁项工作。戊。", "missing_number@7 #2 第二件事。庚。", "units_missing@7 #2 2.第二件事。庚。"}
	if got := codes(warnings); !slices.Equal(got, wantWarnings) {
		t.Errorf("\n got %q\nwant %q", got, wantWarnings)
	}
}

func TestUnitsArePartedByTheDictionaryAndUnknownOnesKept(t *testing.T) {
	known := []string{"省民政厅", "省残联", "残联", "省数据局", "省数据局（省营商局）"}
	nodes, warnings := clause.Build([]clause.Row{{"1.甲乙。丙。（责任单位：省残联省民政厅、省某某厅、省数据局（省营商局））", clause.ClauseRow}}, known)
	if got := strings.Join(nodes[0].Units, " "); got != "省残联 省民政厅 省某某厅 省数据局（省营商局）" {
		t.Errorf("units %s", got)
	}
	want := []string{"units_run_together@1 #1 省残联省民政厅", "units_unknown@1 #1 省某某厅"}
	if got := codes(warnings); !slices.Equal(got, want) {
		t.Errorf("\n got %q\nwant %q", got, want)
	}
}

func TestPunctuationIsMadeFullWidthBetweenChineseCharacters(t *testing.T) {
	cases := [][2]string{
		{"(四)优化供给,强化保障.", "（四）优化供给，强化保障。"},
		{`推动"智能"行动:甲;乙?`, "推动“智能”行动：甲；乙？"},
		{"投入1.5万元,覆盖2,000人,见www.ln.gov.cn", "投入1.5万元，覆盖2,000人，见www.ln.gov.cn"},
		{"1.拓展场景。", "1.拓展场景。"},
	}
	for _, c := range cases {
		if got, _ := clause.Normalise(c[0]); got != c[1] {
			t.Errorf("%s becomes %s, want %s", c[0], got, c[1])
		}
	}
}

func TestAfterNormalisingNoHalfWidthMarkIsDoubted(t *testing.T) {
	piece := rapid.SampledFrom([]string{"甲", "乙", "1", "a", ",", ".", ";", ":", "(", ")", "\"", "<", ">", "?", " ", "，", "“"})
	rapid.Check(t, func(t *rapid.T) {
		text := strings.Join(rapid.SliceOfN(piece, 1, 30).Draw(t, "pieces"), "")
		normal, _ := clause.Normalise(text)
		_, warnings := clause.Parse(normal)
		for _, w := range warnings {
			if w.Code == clause.HalfWidth {
				t.Fatalf("%q becomes %q, doubted: %q", text, normal, w.Text)
			}
		}
		if again, n := clause.Normalise(normal); again != normal || n != 0 {
			t.Fatalf("%q changes again to %q", normal, again)
		}
	})
}

func TestTheCountOfAnInterpretationIsRead(t *testing.T) {
	for text, want := range map[string]int{"提出5个方面26项具体措施。": 26, "围绕三个方面提出二十六条举措，其中6项措施": 26, "没有数": 0, "新增25项地方标准": 0} {
		if got := clause.CountNamed(text); got != want {
			t.Errorf("%s: %d, want %d", text, got, want)
		}
	}
}

func TestTheCountOfTheSampleAgrees(t *testing.T) {
	draft, _ := clause.Parse(read(t, "draft.txt"))
	if named, found := clause.CheckCount(draft, read(t, "interpretation.txt")); named != 26 || found != 26 {
		t.Errorf("the interpretation names %d, recognised are %d", named, found)
	}
	if named, found := clause.CheckCount(draft[:20], read(t, "interpretation.txt")); named != 26 || found == 26 {
		t.Errorf("of a part of the draft: named %d, recognised %d", named, found)
	}
}
