package desk

import (
	"context"
	"os"
	"path/filepath"
	"testing"
	"time"

	"wenji/internal/apperr"
	"wenji/internal/clause"
	"wenji/internal/comment"
	"wenji/internal/consultation"
	"wenji/internal/staff"
	"wenji/internal/vault"
	"wenji/web/ui"

	"github.com/a-h/templ"
	"github.com/google/uuid"
)

func TestDump(t *testing.T) {
	now := time.Date(2025, 5, 3, 14, 5, 0, 0, consultation.Shanghai)
	last := now.Add(-20 * time.Hour)
	mod := staff.Member{ID: uuid.New(), Username: "liming", Name: "李明", Role: staff.Moderator, LastLoginAt: &last}
	ed := mod
	ed.Role, ed.Name = staff.Editor, "王芳"
	site := ui.Site{Name: "辽宁省人民政府", Column: "意见征集"}
	frame := func(title, item string, m staff.Member) Frame {
		return Frame{Page: ui.Page{Title: title, Site: site, Now: now, Back: "/staff", Asset: func(n string) string { return n }, Display: ui.ParseDisplay(os.Getenv("DISPLAYV"))}, Item: item, Member: m, Waiting: 27}
	}
	con := consultation.Consultation{ID: "2025-0001", Kind: consultation.NormativeDocument, Title: "辽宁省促进银发经济高质量发展实施方案（征求意见稿）", Unit: "省民政厅",
		OpensAt: now.Add(-100 * time.Hour), ClosesAt: time.Date(2025, 5, 8, 0, 0, 0, 0, consultation.Shanghai), Received: 312, Published: 128, Publication: consultation.AfterReview}
	con2 := con
	con2.ID, con2.Kind, con2.Title = "2025-0002", consultation.GovernmentRule, "辽宁省养老服务设施管理办法（修订草案征求意见稿）"
	other := uuid.New()
	until := now.Add(13 * time.Minute)
	titles := []string{"建议老旧小区加装电梯并在楼道加装扶手", "关于长期护理保险的建议", "希望社区食堂周末也营业", "公交车低地板改造要覆盖县城", "老年大学名额太少，建议扩大招生规模并增设线上课程，让行动不便的老人也能参加学习", "手机APP字太小"}
	body := "我家住在沈阳市皇姑区，楼里一半以上是七十岁以上的老人，每天上下六楼非常困难。建议把加装电梯列入实施方案的重点任务，并明确资金来源。\n另外，电梯加装前应先在楼道加装扶手、增设歇脚凳，花钱不多，见效很快。如需了解情况可以打我的电话13812345678，或者加微信。\n以上建议供参考。"
	var items []comment.Item
	for i, title := range titles {
		c := comment.Item{ID: uuid.New(), ConsultationID: con.ID, Number: 124 + i, Channel: "web", State: comment.Received, Version: 1, ReceivedAt: now.Add(-time.Duration(i*i*9+1) * time.Hour), Title: title, Body: body, Clauses: []int{5}, MaskedName: "张**", Occupation: "退（离）休人员"}
		if i == 0 {
			c.Flags = []string{"phone"}
		}
		if i == 2 {
			c.ClaimedBy, c.ClaimedName, c.ClaimedUntil = &other, "王芳", &until
			c.Flags = []string{comment.FlagListedWord}
		}
		items = append(items, c)
	}
	runes := []rune(body)
	start := 0
	for i := range runes {
		if string(runes[i:min(i+11, len(runes))]) == "13812345678" {
			start = i
		}
	}
	span := comment.Span{Field: "body", Start: start, End: start + 11, Kind: comment.SpanPhone}
	node := clause.Node{Number: 5, Kind: clause.Clause, Title: "推进适老化改造", Body: "支持老年人居住比例高的区域建设完整社区，开展居家适老化改造，支持老旧小区加装电梯，推进政务大厅、医院、银行、景区、商场等公共设施及消费场所的无障碍设施建设，配备必要的适老化设备及用品。推广使用低地板及低入口公交车辆。", Units: []string{"省民政厅", "省住房城乡建设厅", "省交通运输厅"}}
	view := CommentView{Comment: items[0], Consultation: con, Clauses: []clause.Node{node}, Suggested: []comment.Span{span},
		PublicTitle: items[0].Title, PublicBody: comment.PublicCopy(body, "body", []comment.Span{span}), Changed: true,
		Timeline: []Event{{At: items[0].ReceivedAt, What: "收到"}, {At: now, Who: "李明", What: "设为不予公开", Reason: "其他", Note: "重复来信"}, {At: now, Who: "李明", What: "撤销审核"}},
		Notes:    []Note{{At: now, Who: "王芳", Text: "与第98号内容相近，建议一并研究。"}}, SameSender: 2, NextURL: "/x"}
	view.Form.MarkedBody = "我家住在⟦沈阳市皇姑区⟧，楼里……"
	view.Form.MarkedTitle = items[0].Title
	failed := view
	failed.Form.Act, failed.Form.Reason = ActWithhold, "other"
	plain := view
	plain.Changed, plain.Suggested, plain.Comment.Flags = false, nil, nil
	revealed := view
	revealed.Personal = &vault.Personal{Name: vault.NewSecret("张建国"), IDNumber: vault.NewSecret("210102195503140015"), Phone: vault.NewSecret("13812345678"), Email: vault.NewSecret("zhang@example.cn")}
	fe := frame("第124号意见", ItemQueue, mod)
	fe.Problems = []apperr.Problem{{Field: "note", Message: "选择“其他”时，请写明原因。"}}
	fe.Crumbs = []ui.Crumb{{Name: "审核队列", URL: "/staff/queue"}, {Name: "第124号"}}
	fd := frame("第125号意见", ItemQueue, mod)
	fd.Crumbs = fe.Crumbs
	done := items[1]
	done.State = comment.Published
	fd.Done = &Done{Comment: done}
	pages := map[string]templ.Component{
		"login":   Login(frame("登录工作平台", "", mod).Page, LoginView{Message: "用户名、密码或动态口令不正确，请核对后重新填写。", Username: "liming"}),
		"home":    Home(frame("工作台", ItemHome, mod), HomeView{Waiting: 27, Late: 3, DecidedToday: 41, ReceivedToday: 12, Due: items, Consultations: []consultation.Consultation{con, con2}}),
		"queue":   Queue(frame("审核队列", ItemQueue, mod), QueueView{Query: QueueQuery{State: comment.Received}, Items: items, Next: "x", Consultations: []consultation.Consultation{con, con2}}),
		"comment": Comment(fd, view), "failed": Comment(fe, failed), "plain": Comment(fd, plain), "revealed": Comment(frame("x", ItemQueue, mod), revealed),
		"preview":       Preview(fd, PreviewView{Comment: items[0], MarkedTitle: "a", MarkedBody: "b", Spans: []PreviewSpan{{Span: span, Text: "13812345678"}}, PublicTitle: items[0].Title, PublicBody: view.PublicBody}),
		"conflict":      Conflict(fd, ConflictView{ID: uuid.New(), By: "李明", Action: "publish", At: now}),
		"exports":       Exports(frame("导出", ItemExports, mod), ExportsView{Rows: []ExportRow{{At: now, ConsultationID: "2025-0001", By: "李明", Personal: true, Format: "xlsx", Reason: "送省司法厅合法性审查", Rows: 312, Finished: true}}}),
		"newexport":     NewExport(frame("新建导出", ItemExports, mod), ExportForm{Consultations: []consultation.Consultation{con, con2}, Format: "xlsx", Profile: "masked"}),
		"consultations": Consultations(frame("征集管理", ItemConsultations, ed), ConsultationsView{Items: []consultation.Consultation{con, con2}, Saved: con.ID}),
		"account":       Account(frame("我的账户", ItemAccount, mod)),
		"refused":       Refused(frame("没有权限", "", ed)),
	}
	dir := os.Getenv("DUMP")
	if dir == "" {
		t.Skip()
	}
	for name, c := range pages {
		f, err := os.Create(filepath.Join(dir, name+".html"))
		if err != nil {
			t.Fatal(err)
		}
		if err := c.Render(context.Background(), f); err != nil {
			t.Fatal(name, err)
		}
		f.Close()
	}
}
