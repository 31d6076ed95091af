package clause

import "strings"

// Text writes stored nodes, which have no source text, as a person would type them: Parse reads the same nodes from it,
// as long as each has a place in the order of headings.
func Text(nodes []Node) string {
	var b strings.Builder
	for i, n := range nodes {
		if i > 0 {
			b.WriteByte('\n')
		}
		b.WriteString(n.Label)
		b.WriteString(n.Title)
		if n.Title != "" && (n.Body != "" || n.Kind == Clause) {
			b.WriteString("。")
		}
		b.WriteString(n.Body)
		if len(n.Units) > 0 || n.UnitsNote != "" {
			b.WriteString("（责任单位：" + strings.Join(n.Units, "、"))
			if len(n.Units) > 0 && n.UnitsNote != "" {
				b.WriteString("。")
			}
			b.WriteString(n.UnitsNote + "）")
		}
	}
	return b.String()
}
