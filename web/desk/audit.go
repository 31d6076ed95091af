package desk

import (
	"net/url"
	"slices"
	"strings"

	"wenji/internal/audit"
	"wenji/internal/consultation"
	"wenji/internal/inspection"
	"wenji/internal/staff"
	"wenji/internal/validate"
	"wenji/web/ui"
)

// AuditQuery is what the address of the record asks for.
type AuditQuery struct {
	Actor, Action, Consultation string
	From, To                    string // days, as typed
}

// Address is the address of path so filtered, from a cursor on.
func (q AuditQuery) Address(path, after string) string {
	v := url.Values{}
	for name, value := range map[string]string{
		"actor": q.Actor, "action": q.Action, "consultation": q.Consultation, "from": q.From, "to": q.To, "after": after,
	} {
		if value != "" {
			v.Set(name, value)
		}
	}
	if len(v) == 0 {
		return path
	}
	return path + "?" + v.Encode()
}

// AuditView is a page of the record.
type AuditView struct {
	inspection.Page
	Query         AuditQuery
	Consultations []consultation.Consultation
	Alarms        []RevealAlarm
}

// actionWords name the acts. A code that is not here is shown as it is.
var actionWords = map[string]string{
	"comment.submit": "收到意见", "comment.publish": "通过", "comment.withhold": "不予公开", "comment.decline": "不予受理",
	"comment.undo": "撤销审核", "comment.note": "备注", "comment.reveal": "查看身份信息", "comment.rule": "按规则通过",
	"comment.claim": "领取意见", "reveal.quota": "查看身份信息超过上限", "reveal.quota_raised": "提高查看上限",
	"staff.add": "添加人员", "staff.reset": "重置密码", "staff.disable": "停用人员", "staff.enable": "启用人员",
	"staff.grant": "授权", "staff.rename": "更改姓名", "staff.enrol": "启用账户", "staff.password": "修改密码",
	"staff.factor": "更换身份验证器", "staff.sign_in": "登录", "staff.sign_out": "退出", "staff.sign_in_failed": "登录失败",
	"staff.second_factor": "核对动态口令", "staff.second_factor_failed": "动态口令错误", "staff.session_end": "强制下线或退出其他登录",
	"unit.add": "添加单位", "unit.change": "修改单位", "unit.disable": "停用单位", "unit.enable": "启用单位",
	"word.add": "添加词语", "word.remove": "删除词语", "setting.rules": "修改密码规则或查看上限",
	"calendar.add": "登记放假或调休", "calendar.remove": "删除放假或调休",
	"comment.refer": "转办", "referral.accept": "接收转办", "referral.return": "退回转办", "referral.reply": "提出办理意见",
	"answer.save": "保存答复草稿", "answer.submit": "提交答复", "answer.approve": "批准答复", "answer.send_back": "退回答复", "answer.template": "更改答复模板",
	"export.order": "申请导出", "export.ask": "申请内部导出", "export.approve": "批准导出", "export.refuse": "不批准导出",
	"export.start": "开始导出", "export.finish": "完成导出", "export.broken": "导出中断", "export.download": "下载导出文件", "export.expire": "删除到期的导出文件",
	"comment.enter": "录入意见", "comment.scan": "查看扫描件", "import.preview": "上传导入文件", "import.store": "导入意见",
	"group.take_out": "移出相似组", "group.put_in": "归入相似组", "group.merge": "合并相似组",
	"report.draft": "保存结果反馈草稿", "report.publish": "公布结果反馈", "report.conclude": "标记为已反馈",
	"request.ask": "申请更正或删除个人信息", "request.granted": "同意更正或删除", "request.refused": "不同意更正或删除",
	"retention.term": "调整保存期限", "retention.hold": "依法保全", "retention.lift": "解除保全", "retention.erased": "删除到期的个人信息", "retention.erased_one": "应请求删除个人信息",
	"keys.rotation_begun": "开始更换密钥", "keys.rotated": "完成更换密钥", "backup.made": "备份", "backup.restored": "从备份恢复",
	"audit.export": "导出日志", "audit.verify": "核对日志",
	"consultation.import": "导入征集", "consultation.create": "新建征集", "consultation.publish": "发布征集", "consultation.set_publication": "更改公开方式",
	"consultation.set_basics": "修改基本信息", "consultation.set_notice": "修改公告", "consultation.set_draft": "修改征求意见稿",
	"consultation.set_interpretation": "修改解读", "consultation.set_fields": "修改填写项", "consultation.set_period": "修改时间",
	"consultation.add_file": "添加附件", "consultation.remove_file": "删除附件", "consultation.raise_file": "调整附件顺序",
	"consultation.begin_import": "上传征求意见稿", "consultation.change_import": "修改导入的文字", "consultation.save_import": "保存导入的文字", "consultation.new_version": "发布征求意见稿新版本",
	"consultation.extend": "延长征集", "consultation.end_early": "提前结束征集", "consultation.withdraw": "中止征集", "consultation.reset_period": "恢复原定时间",
}

// ActionWord names an act.
func ActionWord(code string) string {
	if word, ok := actionWords[code]; ok {
		return word
	}
	return code
}

// ActorWord names who acted; some entries are of no person.
func ActorWord(actor string) string {
	switch actor {
	case "unknown":
		return "未登录者"
	case "public":
		return "公众"
	case "demo":
		return "演示程序"
	}
	return actor
}

// SubjectWord names what was acted on.
func SubjectWord(subject string) string {
	if n, ok := strings.CutPrefix(subject, "comment "); ok {
		return "第" + n + "号意见"
	}
	if id, ok := strings.CutPrefix(subject, "export "); ok {
		return "导出 " + id
	}
	return subject
}

// DetailWord is what an entry says besides; roles that were given are named.
func DetailWord(e audit.Entry) string {
	if !strings.HasPrefix(e.Action, "staff.") || e.Detail == "" {
		return e.Detail
	}
	parts := strings.Split(e.Detail, " → ")
	for i, role := range parts {
		parts[i] = RoleWord(staff.Role(strings.TrimSpace(role)))
	}
	return strings.Join(parts, " → ")
}

// AuditRole is a role of an entry as people read it.
func AuditRole(role string) string {
	switch role {
	case "", "public":
		return ""
	case "operator":
		return "服务器管理"
	}
	return RoleWord(staff.Role(role))
}

func actionOptions(codes []string) []ui.Option {
	options := []ui.Option{{Value: "", Text: "工作人员的全部操作"}, {Value: audit.All, Text: "全部，含收到意见"}, {Value: audit.Submitted, Text: "收到意见"}}
	for _, c := range codes {
		options = append(options, ui.Option{Value: c, Text: ActionWord(c)})
	}
	return options
}

func actorOptions(names []string, chosen string) []ui.Option {
	options := []ui.Option{{Value: "", Text: "全部"}}
	if chosen != "" && !slices.Contains(names, chosen) {
		names = append([]string{chosen}, names...)
	}
	for _, n := range names {
		options = append(options, ui.Option{Value: n, Text: ActorWord(n)})
	}
	return options
}

func checkWord(c *inspection.Check) string {
	switch {
	case c == nil:
		return "链校验：还没有核对过。"
	case c.FinishedAt == nil:
		return "链校验：正在核对，请稍后刷新本页。"
	case c.Broken != "":
		return "链校验：未通过（" + ui.Minute(*c.FinishedAt) + "）。" + validate.ChainBroken(c.Position, c.Broken)
	}
	return "链校验：通过（至" + ui.Minute(c.RequestedAt) + "），共" + count(c.Entries) + "条，已入链" + count(c.Sealed) + "条，等待入链" + count(c.Waiting) + "条。"
}

func checkFailed(c *inspection.Check) bool { return c != nil && c.Broken != "" }
