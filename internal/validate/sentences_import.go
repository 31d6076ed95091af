package validate

import "fmt"

// What an editor reads who imports a draft.
const (
	DraftEmpty         = "没有文字。请上传文件，或粘贴文字。"
	DraftWithoutClause = "没有识别到条目，不能保存。请把条目所在的段落的类型选为“条”。"
	DraftUnchanged     = "文字与现在公布的征求意见稿相同，没有要保存的修改。"
	DraftRowType       = "请从列表中选择类型。"

	DocxNotDocx   = "这不是Word文件（docx）。请在Word或WPS中另存为docx后上传，或直接粘贴文字。"
	DocxOld       = "这是旧版Word文件（doc）。请在Word或WPS中另存为docx后上传。"
	DocxMacros    = "文件中含有宏，不能导入。请另存为不带宏的docx。"
	DocxDoctype   = "文件中含有外部实体声明，可能有害，不能导入。请在Word或WPS中打开后另存一份。"
	DocxPath      = "文件内部的路径不正常，可能有害，不能导入。请在Word或WPS中打开后另存一份。"
	DocxTooMany   = "文件内部的部件或段落过多，不能导入。请把正文复制到新文件后再上传。"
	DocxTooLarge  = "文件展开后过大，不能导入。请把正文复制到新文件后再上传。"
	DocxDamaged   = "文件已损坏或不完整。请在Word或WPS中打开后另存一份再上传。"
	DocxEncrypted = "文件设有密码。请取消密码后再上传。"
)

// DraftLong says that a document has too many paragraphs.
func DraftLong(most int) string { return fmt.Sprintf("文字过长，最多%d段。", most) }

// DraftUndisplayable says that a paragraph has characters that cannot be shown.
func DraftUndisplayable(row int) string {
	return fmt.Sprintf("第%d段含有无法显示的字符，请删除后再保存。", row)
}
