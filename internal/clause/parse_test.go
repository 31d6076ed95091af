package clause_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"wenji/internal/clause"
)

// outline prints one node a line: kind, number, label, title | body | units | note.
func outline(nodes []clause.Node) []string {
	var got []string
	for _, n := range nodes {
		got = append(got, fmt.Sprintf("%s %d %s%s|%s|%s|%s", n.Kind, n.Number, n.Label, n.Title,
			strings.ReplaceAll(n.Body, "\n", "⏎"), strings.Join(n.Units, " "), n.UnitsNote))
	}
	return got
}

func codes(warnings []clause.Warning) []string {
	var got []string
	for _, w := range warnings {
		got = append(got, fmt.Sprintf("%s@%d #%d %s", w.Code, w.Line, w.Number, w.Text))
	}
	return got
}

func TestNumberingsAreReadAsPeoplePrintThem(t *testing.T) {
	cases := []struct{ name, text, want string }{
		{"part", "一、总体要求", "part 1 一、总体要求|||"},
		{"part beyond ten", "一、甲乙\n二、甲乙\n三、甲乙\n四、甲乙\n五、甲乙\n六、甲乙\n七、甲乙\n八、甲乙\n九、甲乙\n十、甲乙\n十一、保障措施", "part 11 十一、保障措施|||"},
		{"section, full width", "（一）优化供给。", "section 1 （一）优化供给|||"},
		{"section, half width", "(一)优化供给", "section 1 (一)优化供给|||"},
		{"section, opening bracket lost", "一）优化供给", "section 1 一）优化供给|||"},
		{"clause, half-width point", "1.拓展场景。打造中心。", "clause 1 1.拓展场景|打造中心。||"},
		{"clause, full-width point", "1．拓展场景。打造中心。", "clause 1 1．拓展场景|打造中心。||"},
		{"clause, pause mark", "1、拓展场景。打造中心。", "clause 1 1、拓展场景|打造中心。||"},
		{"clause, full-width digit", "１．拓展场景。打造中心。", "clause 1 １．拓展场景|打造中心。||"},
		{"clause, blanks around", "　　1. 　拓展场景。 打造中心。  ", "clause 1 1.拓展场景|打造中心。||"},
		{"clause closed by a colon", "1.工作目标：到2027年建成。", "clause 1 1.工作目标|到2027年建成。||"},
		{"clause that begins with a year", "1.2027年目标。建成网络。", "clause 1 1.2027年目标|建成网络。||"},
		{"half-width full stop", "1.拓展场景.打造中心.", "clause 1 1.拓展场景|打造中心.||"},
		{"title with quotation marks", "1.推动“智能。养老”行动。打造中心。", "clause 1 1.推动“智能。养老”行动|打造中心。||"},
		{"long first sentence is no title", "1.各地各部门要结合实际认真贯彻落实本方案提出的各项任务，并于每年年底报送进展。", "clause 1 1.|各地各部门要结合实际认真贯彻落实本方案提出的各项任务，并于每年年底报送进展。||"},
		{"decimal", "1.5万人受益", "paragraph 0 |1.5万人受益||"},
		{"classes of hospitals", "一、二级医院要加强合作。", "paragraph 0 |一、二级医院要加强合作。||"},
		{"no numeral", "一一、总体", "paragraph 0 |一一、总体||"},
		{"item in brackets stays text", "1.拓展场景。甲。\n（1）乙。\n①丙。", "clause 1 1.拓展场景|甲。⏎（1）乙。⏎①丙。||"},
		{"chapter", "第一章　总则\n第一条　为了。", "part 1 第一章总则|||"},
		{"chapter, Arabic", "第1章 总则\n第1条 为了。", "part 1 第1章总则|||"},
		{"chapter with its title below", "第一章\n总则\n第一条　为了。", "part 1 第一章总则|||"},
		{"division", "第一节 一般规定\n第一条　为了。", "section 1 第一节一般规定|||"},
		{"article", "第一条　为了规范管理，制定本办法。", "clause 1 第一条|为了规范管理，制定本办法。||"},
		{"article with title", "第一条【目的】为了规范管理。", "clause 1 第一条目的|为了规范管理。||"},
		{"article, Arabic", "第1条 为了规范管理。", "clause 1 第1条|为了规范管理。||"},
		{"articles close to their text", "第一条为了规范管理。\n第二条本办法适用于全省。", "clause 1 第一条|为了规范管理。||"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			nodes, _ := clause.Parse(c.text)
			if got := outline(nodes); !slices.Contains(got, c.want) {
				t.Errorf("%q\n got %q\nwant %q among them", c.text, got, c.want)
			}
		})
	}
}

func TestArticlesKeepTheirItemsAsText(t *testing.T) {
	nodes, warnings := clause.Parse(`第一章　总则
第一条　为了规范管理，制定本办法。
第二条　本办法适用于下列活动：
（一）居家养老；
　　1.助餐；
（二）机构养老。
第一条规定的目的，由省民政厅解释。
第二章　附则
第三条　本办法自2026年1月1日起施行。
`)
	want := []string{
		"part 1 第一章总则|||",
		"clause 1 第一条|为了规范管理，制定本办法。||",
		"clause 2 第二条|本办法适用于下列活动：⏎（一）居家养老；⏎1.助餐；⏎（二）机构养老。⏎第一条规定的目的，由省民政厅解释。||",
		"part 2 第二章附则|||",
		"clause 3 第三条|本办法自2026年1月1日起施行。||",
	}
	if got := outline(nodes); !slices.Equal(got, want) {
		t.Errorf("\n got %q\nwant %q", got, want)
	}
	if len(warnings) > 0 {
		t.Errorf("warnings without cause: %v", warnings)
	}
}

func TestUnitsAreReadWhateverBecameOfTheirBrackets(t *testing.T) {
	const bracket, joined = "units_bracket", "units_run_together"
	cases := []struct{ name, list, units, note, warned string }{
		{"whole", "（责任单位：省民政厅、省财政厅）", "省民政厅 省财政厅", "", ""},
		{"half width", "(责任单位:省民政厅,省财政厅)", "省民政厅 省财政厅", "", ""},
		{"followed by a stop", "（责任单位：省民政厅）。", "省民政厅", "", ""},
		{"opening bracket lost", "责任单位：省民政厅、省财政厅）", "省民政厅 省财政厅", "", bracket},
		{"closing bracket lost", "（责任单位：省民政厅、省财政厅", "省民政厅 省财政厅", "", bracket},
		{"both lost", "责任单位：省民政厅、省财政厅", "省民政厅 省财政厅", "", bracket + " " + bracket},
		{"nested", "（责任单位：省数据局（省营商局）、省民政厅）", "省数据局（省营商局） 省民政厅", "", ""},
		{"nested with a pause mark", "（责任单位：省卫生健康委（省老龄办、省中医药局）、省民政厅）", "省卫生健康委（省老龄办、省中医药局） 省民政厅", "", ""},
		{"nested at the end, outer lost", "（责任单位：省民政厅、省数据局（省营商局）", "省民政厅 省数据局（省营商局）", "", bracket},
		{"nested not closed", "（责任单位：省数据局（省营商局、省民政厅）", "省数据局（省营商局） 省民政厅", "", bracket},
		{"run together", "（责任单位：省民政厅省发展改革委省商务厅）", "省民政厅 省发展改革委 省商务厅", "", joined + " " + joined},
		{"run together without 省", "（责任单位：人力资源社会保障厅民政厅）", "人力资源社会保障厅 民政厅", "", joined},
		{"a name with 局 inside", "（责任单位：国家金融监督管理总局辽宁监管局、中国铁路沈阳局集团有限公司）", "国家金融监督管理总局辽宁监管局 中国铁路沈阳局集团有限公司", "", ""},
		{"branch of a bank", "（责任单位：中国银行省分行）", "中国银行省分行", "", ""},
		{"note after a stop", "（责任单位：省民政厅，各市人民政府。以下均需各市落实，不再列出）", "省民政厅 各市人民政府", "以下均需各市落实，不再列出", ""},
		{"note after a comma", "（责任单位：省民政厅，以下均需各市落实）", "省民政厅", "以下均需各市落实", ""},
		{"leading and assisting units", "（牵头单位：省民政厅；配合单位：省财政厅、省医保局）", "省民政厅 省财政厅 省医保局", "", ""},
		{"on a line of its own", "\n（责任单位：省民政厅）", "省民政厅", "", ""},
		{"named twice", "（责任单位：省民政厅、省民政厅）", "省民政厅", "", ""},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			nodes, warnings := clause.Parse("1.拓展场景。打造中心。" + c.list)
			n := nodes[0]
			if got := strings.Join(n.Units, " "); len(nodes) != 1 || got != c.units || n.UnitsNote != c.note {
				t.Errorf("%d nodes, units %q note %q, want %q note %q", len(nodes), got, n.UnitsNote, c.units, c.note)
			}
			if n.Title != "拓展场景" || n.Body != "打造中心。" {
				t.Errorf("title %q body %q", n.Title, n.Body)
			}
			var warned []string
			for _, w := range warnings {
				if w.Code != clause.HalfWidth {
					warned = append(warned, string(w.Code))
				}
			}
			if got := strings.Join(warned, " "); got != c.warned {
				t.Errorf("warned of %q, want %q", got, c.warned)
			}
		})
	}
}

func TestTextThatOnlyMentionsUnitsIsLeftAlone(t *testing.T) {
	for _, body := range []string{
		"各地要明确责任单位：一是建立台账，二是按月通报。",
		"（责任单位：省民政厅）牵头制定清单。",
		"压实责任单位责任。",
		"（责任单位：）",
	} {
		nodes, _ := clause.Parse("1.拓展场景。" + body)
		if len(nodes) != 1 || nodes[0].Body != body || len(nodes[0].Units) > 0 {
			t.Errorf("%q was read as %+v", body, nodes)
		}
	}
}

func TestClausesAreCountedThroughTheDocument(t *testing.T) {
	nodes, warnings := clause.Parse("一、甲乙\n1.子丑。\n2.寅卯。\n二、丙丁\n1.辰巳。\n2.午未。\n")
	var got []int
	for _, c := range ofKind(nodes, clause.Clause) {
		got = append(got, c.Number)
	}
	if want := []int{1, 2, 3, 4}; !slices.Equal(got, want) || len(warnings) > 0 {
		t.Errorf("numbers %v, want %v; warnings %v", got, want, warnings)
	}
}

func TestWhatDoesNotFollowIsReported(t *testing.T) {
	cases := []struct {
		name, text string
		want       []string
	}{
		{"a gap between clauses", "1.子丑。\n2.寅卯。\n4.辰巳。\n", []string{"missing_number@3 #3 4.辰巳。"}},
		{"a gap between parts", "一、子丑\n三、寅卯\n", []string{"missing_number@2 #2 三、寅卯"}},
		{"the same number twice", "1.子丑。\n1.寅卯。\n", []string{"out_of_order@2 #2 1.寅卯。"}},
		{"a number far off", "1.子丑。\n900.寅卯。\n", []string{"out_of_order@2 #2 900.寅卯。"}},
		{"a section heading without its number", "（一）子丑\n1.甲乙。\n寅卯\n2.丙丁。\n（三）辰巳\n", []string{"missing_number@3 #2 寅卯"}},
		{"the first section heading without its number", "一、子丑\n寅卯\n1.丙丁。\n（二）辰巳\n2.午未。", []string{"missing_number@2 #1 寅卯"}},
		{"the last section heading without its number", "（一）子丑\n1.甲乙。（责任单位：省民政厅）\n寅卯\n2.丙丁。（责任单位：省民政厅）", []string{"missing_number@3 #2 寅卯"}},
		{"a part heading without its number", "一、子丑\n（一）寅卯\n辰巳\n（一）午未\n三、申酉\n", []string{"missing_number@3 #2 辰巳"}},
		{"a clause without its number", "1.子丑。甲。（责任单位：省民政厅）\n寅卯。乙。（责任单位：省民政厅）\n3.辰巳。丙。（责任单位：省民政厅）", []string{"missing_number@2 #2 寅卯。乙。"}},
		{"a clause without units", "1.子丑。甲。（责任单位：省民政厅）\n2.寅卯。乙。（责任单位：省民政厅）\n3.辰巳。丙。", []string{"units_missing@3 #3 3.辰巳。丙。"}},
		{"a name cut short", "1.子丑。甲。（责任单位：省民政厅）\n2.寅卯。乙。（责任单位：民政厅）", []string{"units_name@2 #2 民政厅"}},
		{"a quotation mark without its partner", "甲“乙丙", []string{"unpaired@1 #0 甲“乙丙"}},
		{"half-width marks", "甲,乙3,000元", []string{"half_width@1 #0 甲,乙3,000"}},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			_, warnings := clause.Parse(c.text)
			if got := codes(warnings); !slices.Equal(got, c.want) {
				t.Errorf("\n got %q\nwant %q", got, c.want)
			}
		})
	}
}

// Four clauses with a title set the usual length of eight; the fifth has lost the stop after its title.
func TestALostStopIsPutWhereTheSentenceSeemsToBegin(t *testing.T) {
	const others = "1.推进设施建设工作。甲。\n2.提升农村养老服务。乙。\n3.完善养老照护服务。丙。\n4.丰富老年文体服务。丁。\n5."
	cases := []struct{ name, text, title, body, warned string }{
		{"before a word that opens sentences", "创新融资支持方式鼓励引导银行加大支持力度，优化服务供给。", "创新融资支持方式", "鼓励引导银行加大支持力度，优化服务供给。", "创新融资支持方式"},
		{"else nearest to the usual length", "拓展旅游创新业态开发一批适合老年人的路线，推出典型案例，推出精品。", "拓展旅游创新业态", "开发一批适合老年人的路线，推出典型案例，推出精品。", "拓展旅游创新业态"},
		{"a title that swallowed a whole sentence", "强化综合监管建立老年用品和服务质量追溯体系。加大整治力度。", "强化综合监管", "建立老年用品和服务质量追溯体系。加大整治力度。", "强化综合监管"},
		{"never beyond the first comma", "坚持由政府主导，鼓励社会力量广泛参与养老事业和养老产业发展。", "", "坚持由政府主导，鼓励社会力量广泛参与养老事业和养老产业发展。", "坚持由政府主导，鼓励社会"},
		{"a long title is left whole", "防范化解涉及老年人的非法集资和诈骗风险。加大整治力度。", "防范化解涉及老年人的非法集资和诈骗风险", "加大整治力度。", ""},
		{"a short title with a comma is one", "加强领导，压实责任。加大整治力度。", "加强领导，压实责任", "加大整治力度。", ""},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			nodes, warnings := clause.Parse(others + c.text)
			if n := nodes[4]; n.Title != c.title || n.Body != c.body {
				t.Errorf("title %q body %q, want %q and %q", n.Title, n.Body, c.title, c.body)
			}
			var want []string
			if c.warned != "" {
				want = []string{"missing_stop@5 #5 " + c.warned}
			}
			if got := codes(warnings); !slices.Equal(got, want) {
				t.Errorf("warned of %q, want %q", got, want)
			}
		})
	}
}

func TestAShortLineUnderAClauseIsNoHeadingWithoutProof(t *testing.T) {
	nodes, warnings := clause.Parse("（一）子丑\n1.提交材料。甲。\n身份证复印件\n2.办理流程。乙。\n")
	want := []string{"section 1 （一）子丑|||", "clause 1 1.提交材料|甲。⏎身份证复印件||", "clause 2 2.办理流程|乙。||"}
	if got := outline(nodes); !slices.Equal(got, want) || len(warnings) > 0 {
		t.Errorf("\n got %q\nwant %q\nwarnings %v", got, want, warnings)
	}
}

func TestClosingLinesAreNotPartOfTheLastClause(t *testing.T) {
	nodes, _ := clause.Parse("1.强化监管。甲。\n乙。\n\n附件：1.清单\n\n辽宁省民政厅\n2025年4月29日\n")
	want := []string{"clause 1 1.强化监管|甲。⏎乙。||", "paragraph 0 |附件：1.清单||", "paragraph 0 |辽宁省民政厅||", "paragraph 0 |2025年4月29日||"}
	if got := outline(nodes); !slices.Equal(got, want) {
		t.Errorf("\n got %q\nwant %q", got, want)
	}
}

func TestTextWithoutAnyNumberIsParagraphs(t *testing.T) {
	for text, want := range map[string]int{"": 0, "\n\n": 1, "甲。\n\n乙。": 2, "\ufeff甲。": 1} {
		nodes, warnings := clause.Parse(text)
		if len(nodes) != want || len(warnings) > 0 || clause.Join(nodes) != text {
			t.Errorf("%q: %d nodes, want %d; %v; joined %q", text, len(nodes), want, warnings, clause.Join(nodes))
		}
	}
}
