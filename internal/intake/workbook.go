package intake

import (
	"archive/zip"
	"bytes"
	"errors"
	"io"
	"strconv"
	"strings"

	"wenji/internal/validate"
	"wenji/internal/xlsx"

	"github.com/xuri/excelize/v2"
)

// Limits of a workbook. What is within them is read with well under 256 MiB of memory.
const (
	entriesMost  = 200      // files in the archive; a workbook has a dozen
	unpackedMost = 24 << 20 // bytes of all of them together
	rowsMost     = 2000     // comments of one import
	linesMost    = 20_000   // lines looked at, empty ones too
	columnsMost  = 200      // cells of a line looked at
)

// errFile is what is wrong with a file as a whole, as a sentence for the person who chose it.
type errFile string

func (e errFile) Error() string { return "file refused" }

// line is one comment as it stands in a file.
type line struct {
	number int // of the row in the sheet, or of the file among the files
	form   validate.EntryForm
}

// readWorkbook reads the rows of the first sheet that has the columns of the template. The archive is measured by
// unpacking it to nowhere before anything parses it: sizes that it declares are not believed.
func readWorkbook(content []byte) ([]line, error) {
	if err := measureArchive(content); err != nil {
		return nil, err
	}
	book, err := excelize.OpenReader(bytes.NewReader(content), excelize.Options{
		RawCellValue: true, UnzipSizeLimit: unpackedMost, UnzipXMLSizeLimit: unpackedMost, // nothing goes to a temporary file
	})
	if err != nil {
		return nil, errFile(validate.ImportDamaged)
	}
	defer book.Close()
	refused := errFile(validate.ImportColumns)
	for _, name := range book.GetSheetList() {
		lines, err := readSheet(book, name)
		var why errFile
		if err == nil || !errors.As(err, &why) || why != refused {
			return lines, err
		}
	}
	return nil, refused
}

// measureArchive refuses what no spreadsheet program writes: too many files, too much in them, macros.
func measureArchive(content []byte) error {
	archive, err := zip.NewReader(bytes.NewReader(content), int64(len(content)))
	if err != nil {
		return errFile(validate.ImportDamaged)
	}
	if len(archive.File) > entriesMost {
		return errFile(validate.ImportSwollen)
	}
	left := int64(unpackedMost)
	for _, f := range archive.File {
		name := strings.ToLower(f.Name)
		if strings.HasSuffix(name, ".bin") && strings.Contains(name, "vba") {
			return errFile(validate.ImportMacros)
		}
		r, err := f.Open()
		if err != nil {
			return errFile(validate.ImportDamaged)
		}
		n, err := io.Copy(io.Discard, io.LimitReader(r, left+1))
		r.Close()
		if left -= n; left < 0 {
			return errFile(validate.ImportSwollen)
		}
		if err != nil {
			return errFile(validate.ImportDamaged)
		}
	}
	return nil
}

// readSheet reads a sheet row by row. Its first row that is not empty has the headings.
func readSheet(book *excelize.File, name string) ([]line, error) {
	rows, err := book.Rows(name)
	if err != nil {
		return nil, errFile(validate.ImportDamaged)
	}
	defer rows.Close()
	var fields map[int]string
	var lines []line
	for n := 1; rows.Next(); n++ {
		if n > linesMost {
			return nil, errFile(validate.ImportRows)
		}
		cells, err := rows.Columns()
		if err != nil {
			return nil, errFile(validate.ImportDamaged)
		}
		cells = cells[:min(len(cells), columnsMost)]
		switch {
		case strings.TrimSpace(strings.Join(cells, "")) == "":
		case fields == nil:
			if fields = headings(cells); fields == nil {
				return nil, errFile(validate.ImportColumns)
			}
		case len(lines) == rowsMost:
			return nil, errFile(validate.ImportRows)
		default:
			lines = append(lines, line{n, entryForm(fields, cells)})
		}
	}
	if rows.Error() != nil {
		return nil, errFile(validate.ImportDamaged)
	}
	if fields == nil {
		return nil, errFile(validate.ImportColumns)
	}
	return lines, nil
}

// headings tells which column holds which field; nil when one that cannot be done without is missing.
func headings(cells []string) map[int]string {
	fields, found := make(map[int]string), make(map[string]bool)
	for i, cell := range cells {
		word := strings.TrimRight(validate.Fold(cell), "*")
		for _, c := range validate.EntryColumns {
			if word == c.Heading && !found[c.Field] {
				fields[i], found[c.Field] = c.Field, true
			}
		}
	}
	if !found["received_on"] || !found["title"] || !found["body"] {
		return nil
	}
	return fields
}

func entryForm(fields map[int]string, cells []string) validate.EntryForm {
	var f validate.EntryForm
	for i, cell := range cells {
		switch fields[i] {
		case "channel":
			f.Channel = cell
		case "received_on":
			f.ReceivedOn = dateCell(cell)
		case "clause":
			f.Clauses = clauses(cell)
		case "title":
			f.Title = cell
		case "body":
			f.Body = cell
		case "name":
			f.Name = cell
		case "occupation":
			f.Occupation = cell
		case "phone":
			f.Phone = numberCell(cell)
		case "email":
			f.Email = cell
		case "id_number":
			f.IDNumber = numberCell(cell)
		case "org":
			f.Org = cell
		}
	}
	return f
}

// dateCell turns a spreadsheet's count of days into a date; anything else stays as it was typed.
func dateCell(cell string) string {
	days, err := strconv.ParseFloat(cell, 64)
	if err != nil || days < 36526 || days > 401768 { // from 2000 to 2999
		return cell
	}
	day, err := excelize.ExcelDateToTime(days, false)
	if err != nil {
		return cell
	}
	return day.Format("2006-01-02")
}

// numberCell writes out a phone number that a spreadsheet keeps as a number. One that has lost digits stays wrong, and
// is refused with its sentence.
func numberCell(cell string) string {
	if !strings.ContainsAny(cell, "eE") {
		return cell
	}
	value, err := strconv.ParseFloat(cell, 64)
	if err != nil {
		return cell
	}
	return strconv.FormatFloat(value, 'f', -1, 64)
}

// clauses reads “3、5” and “第3条、第5条”.
func clauses(cell string) []string {
	return strings.FieldsFunc(cell, func(r rune) bool { return strings.ContainsRune("、，,；; 第条\n", r) })
}

// Template writes the workbook that people fill in, with the rules of each column on a second sheet.
func Template(w io.Writer) error {
	book, err := xlsx.NewWriter(w)
	if err != nil {
		return err
	}
	columns := make([]xlsx.Column, len(validate.EntryColumns))
	for i, c := range validate.EntryColumns {
		columns[i] = xlsx.Column{Heading: c.Heading, Kind: xlsx.Text, Width: c.Width}
		if c.Field == "phone" || c.Field == "id_number" {
			columns[i].Kind = xlsx.Code
		}
	}
	if err := book.Sheet(validate.EntrySheet, columns); err != nil {
		return err
	}
	if err := book.Sheet(validate.EntryHelpSheet, []xlsx.Column{
		{Heading: validate.EntryHelpColumn, Width: 14}, {Heading: validate.EntryHelpText, Width: 80},
	}); err != nil {
		return err
	}
	for _, c := range validate.EntryColumns {
		help := c.Help
		if c.Field == "occupation" {
			help += strings.Join(validate.Occupations, "、")
		}
		if err := book.Row([][]byte{[]byte(c.Heading), []byte(help)}); err != nil {
			return err
		}
	}
	return book.Close()
}
