package validate

// What staff read beside the form of an export and beside its approval.
const (
	ExportDay     = "日期请写成2025-05-01这样的日期。"
	ExportDays    = "结束日期不能早于开始日期。"
	ExportUnit    = "单位名称最多100个字，且不能有无法显示的字符。"
	ExportRefusal = "请写明不批准的原因，4至200个字。"
)
