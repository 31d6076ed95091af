package public

import (
	"net/http"
	"strconv"
	"time"

	"wenji/web/ui"
)

// errorFrame names the page by its heading.
func errorFrame(p ui.Page, v ErrorView) ui.Page {
	if p.Title == "" {
		p.Title = v.heading()
	}
	return p
}

// heading is the h1 of the page.
func (v ErrorView) heading() string {
	switch v.Status {
	case http.StatusBadRequest, http.StatusUnprocessableEntity, http.StatusLengthRequired:
		return "无法识别您的请求"
	case http.StatusForbidden:
		return "页面已过期，请返回重试"
	case http.StatusNotFound:
		return "没有找到这个页面"
	case http.StatusMethodNotAllowed:
		return "不能这样打开此页面"
	case http.StatusConflict:
		return "您的操作没有完成"
	case http.StatusRequestEntityTooLarge:
		return "提交的内容过长"
	case http.StatusUnsupportedMediaType:
		return "无法识别提交的内容"
	case http.StatusTooManyRequests:
		return "操作过于频繁"
	default:
		return "系统暂时无法处理您的请求"
	}
}

// advice says what to do next.
func (v ErrorView) advice() string {
	switch v.Status {
	case http.StatusBadRequest, http.StatusUnprocessableEntity, http.StatusLengthRequired, http.StatusUnsupportedMediaType:
		return "请从本栏目的页面重新填写和提交。"
	case http.StatusForbidden:
		return "请从本栏目的页面重新打开并提交。"
	case http.StatusNotFound:
		return "可能是地址有误，或者内容已移动。"
	case http.StatusMethodNotAllowed:
		return "请从页面上的链接或按钮进入。"
	case http.StatusConflict:
		return "请返回后重新查看。"
	case http.StatusRequestEntityTooLarge:
		return "标题最多100个字，意见最多5000个字，请删减后重新提交。"
	case http.StatusTooManyRequests, http.StatusServiceUnavailable:
		return "请" + waitWords(v.RetryAfter) + "再试。"
	default:
		return "请稍后再试。问题仍然存在的，请把下面的错误编号告诉我们。"
	}
}

// fate says what became of the words that were sent.
func (v ErrorView) fate() string {
	if v.Unsure {
		return "不能确定您的意见是否已经保存。"
	}
	return "您的意见没有保存。"
}

// resend says how the words that were sent can be sent again. The same sealed form is stored once, however often it is
// sent, so sending the page again is safe.
func (v ErrorView) resend() string {
	if v.Status >= 500 || v.Status == http.StatusTooManyRequests {
		return "请稍后刷新本页再次发送；同一份意见不会重复保存。也可以按浏览器的“返回”，核对内容后再提交。"
	}
	return "请按浏览器的“返回”，核对内容后再提交。"
}

// waitWords says when to try again, rounded up to whole minutes from one minute on.
func waitWords(d time.Duration) string {
	switch {
	case d <= 0:
		return "稍后"
	case d < time.Minute:
		return strconv.Itoa(int((d+time.Second-1)/time.Second)) + "秒后"
	default:
		return strconv.Itoa(int((d+time.Minute-1)/time.Minute)) + "分钟后"
	}
}
