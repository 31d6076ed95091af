package comment

import "testing"

func TestOfANameOnlyTheSurnameIsShown(t *testing.T) {
	for name, want := range map[string]string{
		"张三":           "张**",
		"张三丰":          "张**",
		"欧阳娜娜":         "欧阳**",
		"歐陽修文":         "歐陽**",
		"诸葛亮":          "诸葛**",
		"欧阳":           "欧**", // two characters: surname of one
		"司徒王朗":         "司徒**",
		"买买提·艾力":       "买**",
		"买买提•艾力":       "买**",
		"东方·艾力":        "东**",
		"𠮷野":           "𠮷**",
		"葛\U000e0100城": "葛\U000e0100**",
		"Jean-Luc":     "J***",
		"john":         "J***",
		"Édith":        "É***",
		"Ａｎｎａ":         "Ａ***",
		" 张三 ":         "张**",
		"〇一":           "〇**",
		"":             "**",
	} {
		if got := MaskName(name); got != want {
			t.Errorf("MaskName(%q) = %q, want %q", name, got, want)
		}
	}
}
