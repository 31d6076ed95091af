package validate

import "fmt"

// What a person reads on the pages of similar comments.
const (
	GroupTargetMissing = "请选择要并入的组。"
	GroupChanged       = "这一组在您查看之后已有变动，您的操作未执行。请重新查看后再操作。"
	GroupSaved         = "已保存对分组的调整。"
)

// GroupReferred tells how many of a group were handed over.
func GroupReferred(n int) string { return fmt.Sprintf("已转办%d条。", n) }

// GroupAnswered tells that the answer to a group waits for another person's approval.
func GroupAnswered(n int) string {
	return fmt.Sprintf("%d条意见的答复已提交审批，由另一人审批后公布并发送。", n)
}

// GroupRecipients tells before a group is answered how many people the answer goes to.
func GroupRecipients(people int) string {
	return fmt.Sprintf("整组答复将发送给%d位意见人。", people)
}

// GroupPublished tells how many of a group were published, and how many were left.
func GroupPublished(done, taken, personal int) string {
	s := fmt.Sprintf("已通过%d条。", done)
	if taken > 0 {
		s += fmt.Sprintf("另有%d条已由他人处理或领取，未操作。", taken)
	}
	if personal > 0 {
		s += fmt.Sprintf("另有%d条疑似含个人信息，须逐条审核，未操作。", personal)
	}
	return s
}
