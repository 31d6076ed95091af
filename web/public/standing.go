package public

import "wenji/web/ui"

// controller is who answers for the personal data.
func controller(s ui.Site, v PrivacyView) string {
	switch {
	case v.Controller != "":
		return v.Controller
	case s.Sponsor != "":
		return s.Sponsor
	default:
		return s.Name
	}
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

// retention says how long personal data is kept; where the office has set no term, that of the law
// (个人信息保护法 §19).
func retention(v PrivacyView) string {
	if v.Retention != "" {
		return "保存期限：" + sentence(v.Retention)
	}
	return "保存期限为实现上述目的所必要的最短时间，期满后删除。"
}
