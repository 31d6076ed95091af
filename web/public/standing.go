package public

import "wenji/web/ui"

// controller is who answers for the personal data.
func controller(s ui.Site) string {
	if s.Sponsor != "" {
		return s.Sponsor
	}
	return s.Name
}

// reach says how to get in touch, in one sentence; "" where nothing is set.
func reach(s ui.Site) string {
	words := ""
	if s.HelpPhone != "" {
		words = "电话：" + s.HelpPhone
	}
	if s.Email != "" {
		if words != "" {
			words += "，"
		}
		words += "电子邮箱：" + s.Email
	}
	if words == "" {
		return ""
	}
	return "联系方式：" + words + "。"
}
