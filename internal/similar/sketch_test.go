package similar

import (
	"math"
	"strings"
	"testing"

	"github.com/google/uuid"
	"pgregory.net/rapid"
)

// base is a comment of a campaign; the other texts are what people make of it.
const base = "建议在全省老旧小区统一加装电梯和楼道扶手。我家住在六楼，老伴腿脚不便，每次下楼看病都要邻居搀扶，冬天路滑更是不敢出门。" +
	"希望省里把适老化改造列入民生实事，补贴标准再提高一些，手续再简化一些，让老年人能够安心居家养老。" +
	"同时请在社区设立助餐点，价格要实惠，菜品要适合老年人，最好能够送餐上门。"

func similarity(a, b string) float64 {
	return jaccard(cut(normalise("", a)), cut(normalise("", b)))
}

func TestTheThresholdTellsACampaignFromOtherWords(t *testing.T) {
	changed := strings.NewReplacer("六楼", "五楼", "老伴", "母亲", "民生实事", "重点工程").Replace(base)
	sentences := strings.SplitAfter(base, "。")
	reordered := sentences[2] + sentences[0] + sentences[1]
	for _, c := range []struct {
		name, text string
		together   bool
	}{
		{"the same", base, true},
		{"a name put in front", "我是沈阳市铁西区居民王秀兰，今年七十二岁。" + base, true},
		{"three words changed", changed, true},
		{"sentences in another order", reordered, true},
		{"other punctuation, spaces and width", strings.NewReplacer("。", ". ", "，", ",", "六", " 六 ").Replace(base), true},
		{"half rewritten", base[:len(base)/2/3*3] + "请有关部门认真研究，尽快拿出具体办法，明确责任单位和完成时限，并向社会公布进展情况，接受群众监督。", false},
		{"the same subject in own words", "我们小区都是上世纪八十年代的楼，没有电梯，老人上下楼实在困难，盼望政府出钱帮助安装，也盼望楼下能有食堂。", false},
		{"another subject", "养老护理员工资太低，留不住年轻人，应当建立职业等级和岗位津贴制度，由财政给予培训补助。", false},
	} {
		if s := similarity(base, c.text); (s >= threshold) != c.together {
			t.Errorf("%s: similarity %.2f, threshold %.2f", c.name, s, threshold)
		} else {
			t.Logf("%s: %.2f", c.name, s)
		}
	}
}

func TestWhatBelongsTogetherSharesABand(t *testing.T) {
	for _, text := range []string{
		"我是沈阳市铁西区居民王秀兰，今年七十二岁。" + base,
		strings.NewReplacer("六楼", "五楼", "老伴", "母亲", "民生实事", "重点工程").Replace(base),
	} {
		mine := make(map[int64]bool)
		for _, value := range sign(cut(normalise("", base))).bandValues() {
			mine[value] = true
		}
		shared := 0
		for _, value := range sign(cut(normalise("", text))).bandValues() {
			if mine[value] {
				shared++
			}
		}
		if shared == 0 {
			t.Errorf("no band in common at similarity %.2f", similarity(base, text))
		}
	}
}

// words are texts of few characters, so that pieces repeat and similarities of all sizes come up.
func words() *rapid.Generator[string] {
	return rapid.StringOfN(rapid.SampledFrom([]rune("养老服务电梯扶手补贴")), 1, 200, -1)
}

func TestTheSignatureEstimatesTheSimilarity(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		common, left, right := words().Draw(t, "common"), words().Draw(t, "left"), words().Draw(t, "right")
		a, b := cut(normalise("", common+left)), cut(normalise("", common+right))
		exact := jaccard(a, b)
		got := sign(a).estimate(sign(b))
		// Five standard errors of 128 tries: beyond that about once in two million draws.
		if most := 5*math.Sqrt(exact*(1-exact)/hashes) + 1e-9; math.Abs(got-exact) > most {
			t.Fatalf("estimated %.3f, exactly %.3f, more than %.3f away", got, exact, most)
		}
	})
}

func TestSimilarityIsSymmetricAndFullOnlyForTheSamePieces(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a, b := cut(normalise("", words().Draw(t, "a"))), cut(normalise("", words().Draw(t, "b")))
		s := jaccard(a, b)
		if s != jaccard(b, a) || s < 0 || s > 1 || jaccard(a, a) != 1 {
			t.Fatalf("similarity %v and %v", s, jaccard(b, a))
		}
		same := len(a) == len(b)
		for i := range a {
			same = same && a[i] == b[i]
		}
		if (s == 1) != same {
			t.Fatalf("similarity %v of pieces %v and %v", s, a, b)
		}
	})
}

func TestATextWithoutWordsIsLikeNone(t *testing.T) {
	if p := cut(normalise("！？", "……——")); len(p) != 0 || jaccard(p, p) != 0 {
		t.Errorf("pieces %v", p)
	}
	if p := cut(normalise("", "同意")); len(p) != 1 || jaccard(p, p) != 1 {
		t.Errorf("pieces of a short text %v", p)
	}
}

func TestOneBandInCommonIsChance(t *testing.T) {
	one, two := uuid.New(), uuid.New()
	holders := map[int64][]uuid.UUID{1: {one, two}, 2: {two}, 3: nil}
	if got := mostShared([]int64{1, 2, 3}, holders); len(got) != 1 || got[0] != two {
		t.Errorf("compared with %d comments, want the one that shares two bands", len(got))
	}
}
