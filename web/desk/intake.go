package desk

import (
	"strconv"

	"wenji/internal/comment"
	"wenji/internal/consultation"
	"wenji/internal/intake"
	"wenji/internal/validate"
	"wenji/web/ui"

	"github.com/a-h/templ"
	"github.com/google/uuid"
)

// EntryView is the form by which the office writes a comment down.
type EntryView struct {
	ID            uuid.UUID // of the form: sent twice, it is stored once
	Consultations []consultation.Consultation
	Consultation  string
	Form          validate.EntryForm
	Clause        string // as typed
	Again         bool   // a scan had been chosen and must be chosen again
}

// SlipView is what is handed to a person whose comment was written down.
type SlipView struct {
	ID           uuid.UUID
	Slip         intake.Slip
	Consultation consultation.Consultation
}

// ImportsView is the form by which files are brought in.
type ImportsView struct {
	Consultations []consultation.Consultation
	Consultation  string
}

// ImportView shows what was read from files.
type ImportView struct {
	Import       intake.Import
	Consultation consultation.Consultation
}

// channelOptions are the channels that the office enters.
func channelOptions() []ui.Option {
	options := []ui.Option{{Text: "请选择"}}
	for _, code := range validate.Channels[1:] {
		options = append(options, ui.Option{Value: code, Text: validate.ChannelText(code)})
	}
	return options
}

func occupationOptions() []ui.Option {
	options := []ui.Option{{Text: "不清楚"}}
	for _, o := range validate.Occupations {
		options = append(options, ui.Option{Value: o, Text: o})
	}
	return options
}

// entryConsultations are the consultations that may take an entry: those the public knows and whose result is not out.
func entryConsultations(list []consultation.Consultation) []ui.Option {
	var open []consultation.Consultation
	for _, c := range list {
		if c.ConcludedOn == nil && c.Stage != consultation.StagePreparing {
			open = append(open, c)
		}
	}
	return consultationOptions(open, "请选择")
}

func importURL(i intake.Import, act string) templ.SafeURL {
	address := "/staff/comments/import/" + i.ID.String()
	if act != "" {
		address += "/" + act
	}
	return templ.SafeURL(address)
}

// maskedEntry is the name of a row as the public would see it; a preview shows no more.
func maskedEntry(r intake.ImportRow) string {
	if r.Clean.Name == "" {
		return "匿名"
	}
	return comment.MaskName(r.Clean.Name)
}

// rowState is what will become of a row, in words.
func rowState(r intake.ImportRow) []string {
	if r.Same > 0 && len(r.Problems) == 0 {
		return []string{validate.EntrySame(r.Same)}
	}
	return r.Problems
}

// rowWord names a row of a workbook, or a mail.
func rowWord(i intake.Import, r intake.ImportRow) string {
	if i.Format == "eml" {
		return "第" + strconv.Itoa(r.Line) + "封"
	}
	return "第" + strconv.Itoa(r.Line) + "行"
}

// channelCell is a row's channel, as typed where there is no such channel.
func channelCell(r intake.ImportRow) string {
	if r.Clean.Channel == "" {
		return r.Form.Channel
	}
	return channelWord(r.Clean.Channel)
}

func dateCell(r intake.ImportRow) string {
	if r.Clean.ReceivedOn.IsZero() {
		return r.Form.ReceivedOn
	}
	return r.Clean.ReceivedOn.Format("2006-01-02")
}

// receivedWord is when a comment came in: of one that the office wrote down, only the day is known.
func receivedWord(c comment.Item) string {
	if c.Channel != "web" {
		return ui.Date(c.ReceivedAt)
	}
	return ui.Minute(c.ReceivedAt)
}

// inBrackets is a comment's occupation behind the name; of a comment that the office wrote down it may not be known.
func inBrackets(occupation string) string {
	if occupation == "" {
		return ""
	}
	return "（" + occupation + "）"
}

func scanWord(o intake.Origin) string {
	kind := map[string]string{"application/pdf": "PDF", "image/png": "PNG图片", "image/jpeg": "JPEG图片"}[o.ScanType]
	return kind + "，" + strconv.Itoa((o.ScanSize+1023)/1024) + " KB"
}

// grouped writes a 查询码 in groups of four, as it is read aloud.
func grouped(code string) string {
	if len(code) != 12 {
		return code
	}
	return code[:4] + " " + code[4:8] + " " + code[8:]
}

// scanField is the field by which the scan is chosen. A browser forgets the file of a form that comes back.
func scanField(f Frame, v EntryView) ui.Field {
	field := ui.Field{
		Name: "scan", Label: "扫描件", Note: "选填", Problem: f.problem("scan"),
		Hint: "PDF、JPEG或者PNG文件，不超过8 MB。加密保存，打开时须说明原因并记入日志。",
	}
	if v.Again {
		field.Hint = "请重新选择扫描件。" + field.Hint
	}
	return field
}

func importedWord(v ImportView) string { return validate.Imported(v.Import.StoredCount) }
