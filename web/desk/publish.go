package desk

import (
	"net/url"
	"time"

	"wenji/internal/consultation"
	"wenji/web/ui"

	"github.com/a-h/templ"
)

// ready tells whether every duty is fulfilled.
func (v PublishView) ready() bool {
	for _, d := range v.Duties {
		if !d.Met {
			return false
		}
	}
	return true
}

// openingWord says from when comments will be taken.
func openingWord(v PublishView, now time.Time) string {
	if v.Consultation.OpensAt.After(now) {
		return "意见从" + ui.Opening(v.Consultation.OpensAt) + "开始接收，此前显示“未开始”。"
	}
	return "意见从发布时开始接收。"
}

// PreviewBarView is what stands above a preview.
type PreviewBarView struct {
	ID       string
	Part     string
	Size     ui.Size
	Unlisted bool // not published yet
}

// previewParts are the pages of a preview.
var previewParts = []struct{ code, name string }{
	{"", "公告"}, {"draft", "征求意见稿"}, {"interpretation", "解读"}, {"form", "意见表"}, {"print", "打印版"},
}

func (v PreviewBarView) note() string {
	if v.Unlisted {
		return "公众还看不到这项征集。以下按征集开始时的样子显示，按钮和表单不起作用。"
	}
	return "以下是公众看到的样子，按钮和表单不起作用。"
}

func (v PreviewBarView) address(part string, size ui.Size) templ.SafeURL {
	return templ.SafeURL(PreviewURL(v.ID, part, size))
}

// PreviewURL is the address of one page of a preview.
func PreviewURL(id, part string, size ui.Size) string {
	q := url.Values{}
	if part != "" {
		q.Set("part", part)
	}
	if size != ui.SizeStandard {
		q.Set("size", string(size))
	}
	address := "/staff/consultations/" + id + "/preview"
	if len(q) > 0 {
		address += "?" + q.Encode()
	}
	return address
}

func previewSize(s ui.Size) string {
	switch s {
	case ui.SizeElder:
		return "长辈版"
	case ui.SizeLargest:
		return "特大字"
	}
	return "标准"
}

func staffPublicURL(id string) templ.SafeURL { return templ.SafeURL("/consultations/" + id) }

// consultationPage is where the name of a consultation in the list leads: to its notice, or to its making.
func consultationPage(f Frame, c consultation.Consultation) templ.SafeURL {
	if c.Phase(f.Now) == consultation.Preparing {
		return staffConsultationURL(c.ID, "edit")
	}
	return staffPublicURL(c.ID)
}

func consultationAnchor(id string) templ.SafeURL {
	return templ.SafeURL("/staff/consultations#c" + id)
}

func fileAddress(id, name string) templ.SafeURL {
	return templ.SafeURL("/staff/consultations/" + id + "/edit/file?name=" + url.QueryEscape(name))
}

// SuggestedHeadline is the usual headline of a notice.
func SuggestedHeadline(unit, title string) string {
	return unit + "就《" + title + "》公开征求意见"
}

// SuggestedSubject is the usual subject of letters about a draft.
func SuggestedSubject(title string) string { return "《" + title + "》意见建议" }

// Differences lists what a form would change, by the names of its fields.
func Differences(list []consultation.FieldChange, name func(field string) string) []Difference {
	differences := []Difference{}
	for _, c := range list {
		if c.Old != c.New {
			differences = append(differences, Difference{name(c.Field), c.Old, c.New})
		}
	}
	return differences
}

// PeriodTitle names an act on a published period.
func PeriodTitle(k consultation.ChangeKind) string { return periodWords(PeriodView{Kind: k}).Title }

// FieldDifferences lists what the form of the fields would change.
func FieldDifferences(saved, typed consultation.Fields) []Difference {
	differences := []Difference{}
	for _, d := range []Difference{
		{"身份证号码", ruleWord(saved.IDNumber), ruleWord(typed.IDNumber)}, {"联系电话", ruleWord(saved.Phone), ruleWord(typed.Phone)},
		{"邮箱", ruleWord(saved.Email), ruleWord(typed.Email)},
		{"公开方式", publicationWord(saved.Publication), publicationWord(typed.Publication)},
	} {
		if d.Saved != d.Typed {
			differences = append(differences, d)
		}
	}
	return differences
}

// BasicsDifferences lists what the form of the facts would change.
func BasicsDifferences(saved, typed consultation.Basics, name func(field string) string) []Difference {
	differences := Differences(consultation.Differences(saved, typed), name)
	if saved.Kind != typed.Kind {
		differences = append(differences, Difference{"文件类型", kindOfDocument(saved.Kind), kindOfDocument(typed.Kind)})
	}
	if saved.ConcernsBusiness != typed.ConcernsBusiness {
		yes := map[bool]string{true: "是", false: "否"}
		differences = append(differences, Difference{"涉企", yes[saved.ConcernsBusiness], yes[typed.ConcernsBusiness]})
	}
	return differences
}
