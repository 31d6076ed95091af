package e2e

import (
	"net/url"
	"strings"
	"time"
)

// handOver sends the group to the departments; the demo's 承办人 accepts and replies for one of them.
func (d *day) handOver() {
	d.t.Helper()
	b := d.as("审核员")
	b.visit(d.group)
	b.submit("整组转办")
	unit := ask[string](b, `[...document.querySelectorAll('main select[name=unit] option')].find(o => o.textContent.trim() === '省民政厅').value`)
	b.choose("unit", unit)
	b.submit("转办2条")

	officer := d.as("承办人")
	officer.visit("/staff/queue")
	officer.wantText("没有权限")
	for range 2 {
		officer.visit("/staff/referrals?state=waiting")
		officer.press(`main table a[href^="/staff/referrals/"]`)
		officer.wantText("扶手")
		text := officer.text("body")
		for _, personal := range []string{"欧阳测标", "13812345678", "210102194912310016", "biaoji@example.cn"} {
			if strings.Contains(text, personal) {
				d.t.Errorf("the officer sees %s", personal)
			}
		}
		officer.submit("接收")
		officer.chosen("outcome", "adopted")
		officer.set("opinion", "拟采纳，列入老旧小区适老化改造年度计划，楼道扶手和坡道一并实施。")
		officer.submit("提交办理意见")
	}
	b.visit(d.group)
}

// closeComments ends the period before its time, as an office may; the notice says so.
func (d *day) closeComments() {
	d.t.Helper()
	b := d.as("发布员")
	b.visit(d.desk("end"))
	b.set("reason", "意见已经充分征集，演示提前结束。")
	b.tick("confirm")
	b.submit("提前结束")
	citizen := d.visitor()
	citizen.visit(d.public(""))
	citizen.wantText("提前结束", "意见已经充分征集")
}

// refuseToConclude tries to close the books while comments lack their disposition.
func (d *day) refuseToConclude() {
	d.t.Helper()
	b := d.as("发布员")
	b.visit(d.desk("result"))
	b.wantText("第1号", "第2号", "第3号", "第4号")
	if strings.Contains(b.text("main"), "标记为已反馈\n") {
		d.t.Error("the page offers to conclude")
	}
}

// answerAll drafts every answer and lets another person approve them.
func (d *day) answerAll() {
	d.t.Helper()
	b := d.as("审核员")
	b.visit(d.group)
	b.submit("整组答复")
	b.chosen("outcome", "partly")
	b.set("reason", "楼道扶手列入计划，补助办法另行研究。")
	b.set("answer", "感谢您的意见。还有【】没有写完。")
	b.submit("提交审批")
	b.wantText("答复中还有1处“【】”未填写")
	b.set("answer", "感谢您的意见。老旧小区楼道扶手和坡道已列入今年的改造计划。")
	b.submit("提交审批")
	for _, one := range [][3]string{
		{titlePost, "adopted", "感谢您的意见。社区老年食堂将扩大覆盖范围。"}, {titleCall, "reference", "感谢您的意见。培训和待遇问题将在后续政策中研究。"},
	} {
		b.visit("/staff/queue?consultation=" + d.id + "&state=published&q=" + url.QueryEscape(one[0]))
		b.press(`main a[href^="/staff/comments/"]`)
		b.press(`main a[href$="/disposition"]`)
		b.chosen("outcome", one[1])
		if one[1] != "adopted" {
			b.set("reason", "属于后续政策的范围。")
		}
		b.set("answer", one[2])
		b.submit("提交审批")
	}
	approver := d.as("发布员")
	approver.visit("/staff/answers?tab=submitted&consultation=" + d.id)
	n := ask[int](approver, `(() => { const l = [...document.querySelectorAll('main input[name=id]')]; l.forEach(e => e.checked = true); return l.length })()`)
	if n != 4 {
		d.t.Fatalf("%d answers wait for approval:\n%s", n, approver.text("main"))
	}
	approver.submit("批准所选答复")
}

// readAnswers is what the public and the commenter read.
func (d *day) readAnswers() {
	d.t.Helper()
	citizen := d.visitor()
	citizen.visit(d.public("/comments"))
	citizen.wantText("官方答复", "采纳情况：部分采纳", "已列入今年的改造计划", "其中已答复4条")
	citizen.visit("/status")
	citizen.fill("code", d.codes[titleWeb])
	citizen.fill("phone_tail", "5678")
	citizen.press("main button.main")
	citizen.wantText("已收到", "已转办", "省民政厅", "已答复", "部分采纳", "已列入今年的改造计划")
}

// report publishes both parts of the result and marks the consultation as 已反馈.
func (d *day) report() {
	d.t.Helper()
	b := d.as("发布员")
	for _, part := range [][2]string{{"received", "共收到意见4条，渠道为网上、信函和电话。"}, {"outcome", "意见均已研究办理。"}} {
		b.visit(d.desk("result/" + part[0]))
		b.set("summary", part[1])
		b.submit("保存草稿")
		b.submit("公布")
	}
	b.visit(d.desk("result"))
	b.submit("标记为已反馈")
	b.wantText("已标记为已反馈")
	citizen := d.visitor()
	citizen.visit(d.public("/result"))
	citizen.wantText("收到情况", "采纳情况", "共收到意见4条", "部分采纳")
	citizen.visit(d.public(""))
	citizen.wantText("结果反馈")
	for _, file := range []string{"/result.docx", "/result.xlsx"} {
		if code := d.status(d.public(file)); code != 200 {
			d.t.Errorf("%s answers %d", file, code)
		}
	}
}

// purge goes on two years later, when the personal data has had its time.
func (d *day) purge() {
	d.t.Helper()
	d.goOn("--now", time.Now().AddDate(2, 1, 0).Format(time.RFC3339))
	b := d.as("安全管理员")
	b.visit("/staff/retention/" + d.id)
	if strings.Contains(b.text("main"), "已到期，待删除") {
		b.submit("删除个人信息")
		b.tick("sure")
		b.submit("删除个人信息")
	}
	for deadline := time.Now().Add(pageWait); !strings.Contains(b.text("main"), "已删除"); <-time.After(200 * time.Millisecond) {
		if time.Now().After(deadline) {
			d.t.Fatalf("not erased:\n%s", b.text("main"))
		}
		b.visit("/staff/retention/" + d.id)
	}
	moderator := d.as("审核员")
	moderator.visit("/staff/queue?consultation=" + d.id + "&state=published&q=" + url.QueryEscape(titlePost))
	moderator.press(`main a[href^="/staff/comments/"]`)
	moderator.set("reason", "核实是否已经删除")
	moderator.submit("查看身份信息")
	if text := moderator.text("main"); strings.Contains(text, "赵来信") || strings.Contains(text, "13712345670") {
		d.t.Errorf("after the erasure the identity is still shown:\n%s", text)
	}
	citizen := d.visitor()
	citizen.visit(d.public("/comments"))
	citizen.wantText(titleWeb, titlePost, "官方答复")
}

// verify lets the auditor look at the record of the day.
func (d *day) verify() {
	d.t.Helper()
	b := d.as("审计员")
	b.visit("/staff/audit")
	b.wantText(d.id)
}
