package desk

import (
	"strconv"

	"wenji/internal/comment"
	"wenji/internal/consultation"
	"wenji/internal/staff"
	"wenji/web/ui"
)

func profileWord(personal bool) string {
	if personal {
		return "含个人信息"
	}
	return "个人信息已遮盖"
}

func formatWord(format string) string {
	if format == "xlsx" {
		return "Excel"
	}
	return "CSV"
}

func rowsWord(r ExportRow) string {
	if !r.Finished {
		return "未完成"
	}
	return strconv.Itoa(r.Rows)
}

func holds(states []comment.State, state comment.State) bool {
	for _, s := range states {
		if s == state {
			return true
		}
	}
	return false
}

var formats = []ui.Option{
	{Value: "xlsx", Text: "Excel工作簿（xlsx）"},
	{Value: "csv", Text: "CSV文件（UTF-8，Excel和WPS可直接打开）"},
}

// profiles are the contents a member may export.
func profiles(m staff.Member) []ui.Option {
	options := []ui.Option{{Value: "masked", Text: "个人信息已遮盖（姓名显示为“张**”，号码和邮箱只显示一部分）"}}
	if m.Can(staff.ExportPersonal) {
		options = append(options, ui.Option{Value: "personal", Text: "含个人信息（姓名、身份证号码、联系电话、邮箱）"})
	}
	return options
}

// consultationOptions are the consultations to choose from, after the empty choice.
func consultationOptions(list []consultation.Consultation, none string) []ui.Option {
	options := []ui.Option{{Text: none}}
	for _, c := range list {
		options = append(options, ui.Option{Value: c.ID, Text: c.ID + "　" + c.Title})
	}
	return options
}
