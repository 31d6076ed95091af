package comment

import (
	"slices"
	"strings"
	"unicode"

	"github.com/rivo/uniseg"
)

// MaskName is what the public sees of a name: the surname, two characters for the compound ones, and two stars however
// long the rest is (张**, 欧阳**). Of a minority name the first character is shown (买买提·艾力 as 买**), of a name in
// letters the first letter and three stars (J***), so that neither tells the length of what it hides.
func MaskName(name string) string {
	name = strings.TrimSpace(name)
	if name == "" {
		return "**"
	}
	first, rest, _, _ := uniseg.FirstGraphemeClusterInString(name, -1)
	initial := []rune(first)[0]
	if !unicode.Is(unicode.Han, initial) && initial < 0x20000 {
		return string(unicode.ToUpper(initial)) + "***"
	}
	if runes := []rune(name); len(runes) > 2 && slices.Contains(compoundSurnames, string(runes[:2])) && !strings.ContainsAny(rest, "·•‧・･∙⋅.．") {
		return string(runes[:2]) + "**"
	}
	return first + "**"
}

// compoundSurnames are the surnames of two characters in 百家姓 and those still borne, in both scripts. A name of two
// characters has a surname of one.
var compoundSurnames = []string{
	"欧阳", "太史", "端木", "上官", "司马", "东方", "独孤", "南宫", "万俟", "闻人", "夏侯", "诸葛", "尉迟", "公羊", "赫连", "澹台", "皇甫",
	"宗政", "濮阳", "公冶", "太叔", "申屠", "公孙", "慕容", "仲孙", "钟离", "长孙", "宇文", "司徒", "鲜于", "司空", "闾丘", "子车", "亓官",
	"司寇", "巫马", "公西", "颛孙", "壤驷", "公良", "漆雕", "乐正", "宰父", "谷梁", "拓跋", "夹谷", "轩辕", "令狐", "段干", "百里", "呼延",
	"东郭", "南门", "羊舌", "微生", "梁丘", "左丘", "东门", "西门", "第五", "纳兰", "完颜", "叶赫", "贺兰", "达奚", "歐陽", "司馬", "東方",
	"獨孤", "南宮", "聞人", "諸葛", "尉遲", "赫連", "澹臺", "濮陽", "公孫", "仲孫", "鍾離", "長孫", "鮮于", "閭丘", "子車", "巫馬", "顓孫",
	"壤駟", "樂正", "穀梁", "夾谷", "軒轅", "東郭", "南門", "東門", "西門", "納蘭", "完顏", "葉赫", "賀蘭",
}
