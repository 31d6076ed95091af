package similar

import (
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// shown writes a comparison as the page does.
func shown(list []Stretch) string {
	var out strings.Builder
	for _, s := range list {
		out.WriteString(map[Op]string{Same: "", Gone: "[-", New: "[+"}[s.Op] + s.Text)
		if s.Op != Same {
			out.WriteString("]")
		}
	}
	return out.String()
}

func TestAChangedWordIsShownAlone(t *testing.T) {
	for _, c := range []struct{ first, second, want string }{
		{"我家住在六楼，下楼不便。", "我家住在五楼，下楼不便。", "我家住在[-六][+五]楼，下楼不便。"},
		{"建议加装扶手。", "我是王秀兰。建议加装扶手。", "[+我是王秀兰。]建议加装扶手。"},
		{"建议加装扶手。", "建议加装扶手。", "建议加装扶手。"},
		{"请加装电梯。", "菜品价格要实惠。", "[-请加装电梯。][+菜品价格要实惠。]"},
		{"", "补充。", "[+补充。]"},
	} {
		if got := shown(Compare(c.first, c.second)); got != c.want {
			t.Errorf("%s, want %s", got, c.want)
		}
	}
}

func TestBothTextsCanBeReadFromAComparison(t *testing.T) {
	text := rapid.StringOfN(rapid.SampledFrom([]rune("养老服务，电梯。扶手𠮷\n")), 0, 60, -1)
	rapid.Check(t, func(t *rapid.T) {
		first, second := text.Draw(t, "first"), text.Draw(t, "second")
		var a, b string
		for _, s := range Compare(first, second) {
			if s.Op != New {
				a += s.Text
			}
			if s.Op != Gone {
				b += s.Text
			}
		}
		if a != first || b != second {
			t.Fatalf("read %q and %q from a comparison of %q and %q", a, b, first, second)
		}
	})
}
