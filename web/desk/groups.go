package desk

import (
	"context"
	"io"
	"net/url"
	"strconv"
	"strings"
	"time"

	"wenji/internal/comment"
	"wenji/internal/consultation"
	"wenji/internal/referral"
	"wenji/internal/similar"
	"wenji/internal/staff"
	"wenji/internal/validate"
	"wenji/web/ui"

	"github.com/a-h/templ"
	"github.com/google/uuid"
)

// GroupsView is the list of groups of similar comments (相似意见).
type GroupsView struct {
	Consultation  string // chosen in the filter, "" for all
	Groups        []similar.Group
	After         string // cursor of this page, "" on the first
	Next          string // cursor of the next page, "" on the last
	Consultations []consultation.Consultation
}

// page is the address of a page of the list.
func (v GroupsView) page(after string) templ.SafeURL {
	values := url.Values{}
	if v.Consultation != "" {
		values.Set("consultation", v.Consultation)
	}
	if after != "" {
		values.Set("after", after)
	}
	if len(values) == 0 {
		return "/staff/groups"
	}
	return templ.SafeURL("/staff/groups?" + values.Encode())
}

// GroupView is one group.
type GroupView struct {
	Group        similar.Group
	Consultation consultation.Consultation
	Members      []similar.Member
	After        int // number of the last member of the page before, 0 on the first
	Next         int // number of the last member of this page where more follow, else 0
	Out          []similar.Member
	Others       []similar.Group // of the same consultation, to move members to
	Told         string          // what was just done
}

// GroupPublishView asks once more before a whole group is published.
type GroupPublishView struct {
	Group    similar.Group
	Members  []similar.Member // that wait and can be published together
	Personal []similar.Member // that wait and must be read one by one
	More     bool             // more wait than one act may publish
}

// GroupReferView is the form by which a whole group is handed over to departments.
type GroupReferView struct {
	Group similar.Group
	IDs   []uuid.UUID // the members that are handed over
	ReferForm
}

// GroupAnswerView is the form by which a whole group is answered.
type GroupAnswerView struct {
	Group                   similar.Group
	IDs                     []uuid.UUID // the members that are answered
	Outcome, Reason, Answer string
}

func groupUnits(units []staff.Unit) []ui.Option {
	options := []ui.Option{{Text: "请选择"}}
	for _, u := range units {
		options = append(options, ui.Option{Value: u.ID.String(), Text: u.Name})
	}
	return options
}

func groupOutcomes() []ui.Option {
	var options []ui.Option
	for _, o := range referral.Outcomes {
		options = append(options, ui.Option{Value: string(o), Text: validate.OutcomeText(string(o))})
	}
	return options
}

// recipients are the people an answer goes to: all of the group, or at most one for each member that is answered.
func recipients(v GroupAnswerView) string {
	return validate.GroupRecipients(min(v.Group.People, len(v.IDs)))
}

func groupURL(g similar.Group, act string) templ.SafeURL {
	address := "/staff/groups/" + g.ID.String()
	if act != "" {
		address += "/" + act
	}
	return templ.SafeURL(address)
}

func groupPage(g similar.Group, after int) templ.SafeURL {
	return groupURL(g, "") + templ.SafeURL("?after="+strconv.Itoa(after))
}

func memberURL(m similar.Member) templ.SafeURL {
	return templ.SafeURL("/staff/comments/" + m.ID.String())
}

// percent is a similarity as people read it, cut so that only the same words are 100%.
func percent(similarity float64) string { return strconv.Itoa(int(similarity*100)) + "%" }

// between is a group's range of similarities.
func between(g similar.Group) string {
	lowest, highest := percent(g.Lowest), percent(g.Highest)
	if lowest == highest {
		return lowest
	}
	return lowest + "—" + highest
}

func peopleWord(g similar.Group) string {
	return strconv.Itoa(g.Members) + "条，" + strconv.Itoa(g.People) + "人"
}

// spanWord is from when to when comments of a group came in.
func spanWord(first, last time.Time) string {
	if ui.Minute(first) == ui.Minute(last) {
		return ui.Minute(first)
	}
	return ui.Minute(first) + "至" + ui.Minute(last)
}

// groupClauses is the column 条目 of the list.
func groupClauses(numbers []int) string {
	if len(numbers) == 0 {
		return "整个征求意见稿"
	}
	parts := make([]string, len(numbers))
	for i, n := range numbers {
		parts[i] = strconv.Itoa(n)
	}
	return "第" + strings.Join(parts, "、") + "条"
}

func groupOptions(groups []similar.Group) []ui.Option {
	options := []ui.Option{{Text: "请选择"}}
	for _, g := range groups {
		options = append(options, ui.Option{
			Value: g.ID.String(), Text: number(g.Number) + "　" + excerpt(g.Title) + "（" + strconv.Itoa(g.Members) + "条）",
		})
	}
	return options
}

// compared writes a text with what differs from another one, told by sign and element as well as colour.
func compared(first, second string) templ.Component {
	return templ.ComponentFunc(func(_ context.Context, w io.Writer) error {
		var out strings.Builder
		for _, s := range similar.Compare(first, second) {
			switch text := templ.EscapeString(s.Text); s.Op {
			case similar.Gone:
				out.WriteString(`<del>［－` + text + `］</del>`)
			case similar.New:
				out.WriteString(`<ins>［＋` + text + `］</ins>`)
			default:
				out.WriteString(text)
			}
		}
		_, err := io.WriteString(w, out.String())
		return err
	})
}

// groupPick names a member and its version in the form that publishes a group.
func groupPick(m similar.Member) string { return m.ID.String() + ":" + strconv.Itoa(m.Version) }

// representativeID is the id of the comment that stands for the group.
func representativeID(v GroupView) string { return v.Group.RepresentativeID.String() }

// changedWord says who put a member in or took it out.
func changedWord(m similar.Member) string {
	if m.TakenOut {
		return m.ChangedBy + "移出"
	}
	return m.ChangedBy + "移入"
}

func mayChange(f Frame) bool { return f.Member.Can(staff.Decide) }

// similarMark is the words of the link from a comment to its group.
func similarMark(m similar.Mark) string { return "相似" + strconv.Itoa(m.Members) + "条" }

func markURL(m similar.Mark) templ.SafeURL {
	return templ.SafeURL("/staff/groups/" + m.GroupID.String())
}

func burstURL(b similar.Burst) templ.SafeURL {
	if b.Kind == similar.BurstText && b.GroupID != uuid.Nil {
		return templ.SafeURL("/staff/groups/" + b.GroupID.String())
	}
	return templ.SafeURL(QueueQuery{Consultation: b.ConsultationID, State: comment.Received}.Address())
}

func burstWord(b similar.Burst) string {
	n := strconv.Itoa(b.Count)
	switch b.Kind {
	case similar.BurstMinute:
		return b.ConsultationID + "在" + ui.Minute(b.At) + "这1分钟内收到" + n + "条意见"
	case similar.BurstText:
		return b.ConsultationID + "收到" + n + "条文字完全相同的意见，最近一条在" + ui.Minute(b.At)
	}
	return b.ConsultationID + "有" + n + "条意见来自同一网络地址（代号" + b.Source + "），最近一条在" + ui.Minute(b.At)
}
