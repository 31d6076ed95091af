package export

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"strconv"
	"time"

	"wenji/internal/comment"
	"wenji/internal/validate"
	"wenji/internal/vault"
	"wenji/internal/xlsx"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgtype"
)

// beijing is the zone of all times in a file.
var beijing = time.FixedZone("CST", 8*60*60)

const bufferSize = 64 << 10

// columns of a file; the last one, 单位名称, is in personal files only.
var columns = []xlsx.Column{
	{Heading: "序号", Kind: xlsx.Number, Width: 8}, {Heading: "提交时间", Width: 17}, {Heading: "状态", Width: 10},
	{Heading: "针对条目", Width: 16}, {Heading: "标题", Width: 30}, {Heading: "意见", Width: 60}, {Heading: "公开标题", Width: 30},
	{Heading: "公开内容", Width: 60}, {Heading: "公开时间", Width: 17}, {Heading: "不公开原因", Width: 16}, {Heading: "姓名", Width: 12},
	{Heading: "职业", Width: 16}, {Heading: "渠道", Width: 8}, {Heading: "身份证号码", Kind: xlsx.Code, Width: 22},
	{Heading: "联系电话", Kind: xlsx.Code, Width: 20}, {Heading: "邮箱", Width: 26}, {Heading: "单位名称", Width: 26},
}

// sheet is a file being written. Rows have as many cells as there are columns; a nil cell is empty.
type sheet interface {
	row(cells [][]byte) error
	// last writes the closing words into the first cell of a row of their own and completes the file.
	last(words []byte) error
}

// record is one comment as read, its memory used again for the next.
type record struct {
	id                uuid.UUID
	number            int
	receivedAt        time.Time
	state             string
	clauses           []uuid.UUID
	title, body       pgtype.DriverBytes
	publicTitle       pgtype.DriverBytes
	publicBody        pgtype.DriverBytes
	publishedAt       *time.Time
	reason            string
	maskedName        pgtype.DriverBytes
	occupation        pgtype.DriverBytes
	channel           string
	name, idNumber    pgtype.DriverBytes
	phone, email, org pgtype.DriverBytes
}

// selectSQL reads in the order of the numbers along the index, so that the first row comes at once and nothing is
// sorted on disk; orderedPlan keeps the planner to it.
const (
	selectSQL = `
		SELECT c.id, c.number, c.received_at, c.state, c.clause_ids, c.title, c.body, c.public_title, c.public_body,
		       c.published_at, c.decision_reason, c.masked_name, c.occupation, c.channel,
		       p.name, p.id_number, p.phone, p.email, p.org
		  FROM comment c
		  LEFT JOIN personal_data p ON p.comment_id = c.id
		 WHERE c.consultation_id = $1
		   AND c.state = ANY ($2)
		 ORDER BY c.number`
	orderedPlan = `
		SELECT set_config('enable_sort', 'off', true), set_config('enable_hashjoin', 'off', true),
		       set_config('enable_mergejoin', 'off', true), set_config('statement_timeout', '0', true)`
)

// copyRows writes the whole file from the snapshot of tx and returns the number of comments in it.
func (j *Job) copyRows(ctx context.Context, tx pgx.Tx, w io.Writer) (n int, err error) {
	clauses, err := clauseNumbers(ctx, tx, j.options.ConsultationID)
	if err != nil {
		return 0, err
	}
	if _, err := tx.Exec(ctx, orderedPlan); err != nil {
		return 0, fmt.Errorf("set the plan: %w", err)
	}
	rows, err := tx.Query(ctx, selectSQL, j.options.ConsultationID, j.options.States)
	if err != nil {
		return 0, fmt.Errorf("read comments: %w", err)
	}
	defer rows.Close()
	var out sheet // made with the first row: a query that fails leaves w untouched
	buffer := bufio.NewWriterSize(w, bufferSize)
	l := line{keys: j.store.Keys, personal: j.options.Profile == Personal, clauses: clauses}
	var r record
	targets := []any{&r.id, &r.number, &r.receivedAt, &r.state, &r.clauses, &r.title, &r.body, &r.publicTitle, &r.publicBody,
		&r.publishedAt, &r.reason, &r.maskedName, &r.occupation, &r.channel, &r.name, &r.idNumber, &r.phone, &r.email, &r.org}
	for rows.Next() {
		if out == nil {
			if out, err = j.newSheet(buffer); err != nil {
				return 0, err
			}
		}
		if err := rows.Scan(targets...); err != nil {
			return n, fmt.Errorf("read comment: %w", err)
		}
		cells, err := l.cells(&r)
		if err != nil {
			return n, err
		}
		if err := out.row(cells); err != nil {
			return n, fmt.Errorf("write row %d: %w", n+1, err)
		}
		n++
	}
	if err := rows.Err(); err != nil {
		return n, fmt.Errorf("read comments: %w", err)
	}
	if out == nil {
		if out, err = j.newSheet(buffer); err != nil {
			return 0, err
		}
	}
	if err := out.last(j.closingWords(n)); err != nil {
		return n, fmt.Errorf("write the end: %w", err)
	}
	return n, buffer.Flush()
}

func (j *Job) newSheet(w *bufio.Writer) (sheet, error) {
	shown := columns
	if j.options.Profile != Personal {
		shown = columns[:len(columns)-1]
	}
	if j.options.Format == XLSX {
		return newXLSX(w, shown)
	}
	return newCSV(w, shown)
}

// closingWords are the last row of a complete file.
func (j *Job) closingWords(n int) []byte {
	contents := "个人信息已遮盖"
	if j.options.Profile == Personal {
		contents = "含个人信息，请妥善保管"
	}
	return fmt.Appendf(nil, "导出完毕，共%d条。导出人：%s；导出时间：%s；编号：%s；%s。",
		n, j.member(), j.started.In(beijing).Format("2006-01-02 15:04:05"), j.id, contents)
}

// line turns records into cells, in memory of its own that lasts until the next record.
type line struct {
	keys     *vault.KeyRing
	personal bool
	clauses  map[uuid.UUID]string
	out      [][]byte
	scratch  []byte
}

func (l *line) cells(r *record) ([][]byte, error) {
	sealed := vault.Sealed{IDNumber: r.idNumber, Phone: r.phone, Email: r.email}
	if l.personal {
		sealed.Name, sealed.Org = r.name, r.org
	}
	p, err := l.keys.Open(r.id, sealed)
	if err != nil {
		return nil, err
	}
	title, body := []byte(r.title), []byte(r.body)
	if !l.personal {
		title, body = scrubbed(title, body)
	}
	l.out, l.scratch = l.out[:0], l.scratch[:0]
	l.add(func(b []byte) []byte { return strconv.AppendInt(b, int64(r.number), 10) })
	l.time(&r.receivedAt)
	l.words(stateText(r.state))
	l.add(func(b []byte) []byte { return l.appendClauses(b, r.clauses) })
	l.out = append(l.out, title, body, r.publicTitle, r.publicBody)
	l.time(r.publishedAt)
	l.words(validate.ReasonText(r.reason))
	if p.Name.Empty() {
		l.out = append(l.out, r.maskedName)
	} else {
		l.words(p.Name.Reveal())
	}
	l.out = append(l.out, r.occupation)
	l.words(channelText(r.channel))
	l.words(l.show(p.IDNumber, vault.MaskIDNumber))
	l.words(l.show(p.Phone, vault.MaskPhone))
	l.words(l.show(p.Email, vault.MaskEmail))
	if l.personal {
		l.words(p.Org.Reveal())
	}
	return l.out, nil
}

const minutes = "2006-01-02 15:04"

// add appends a cell written behind the others in the scratch memory.
func (l *line) add(write func(b []byte) []byte) {
	from := len(l.scratch)
	l.scratch = write(l.scratch)
	l.out = append(l.out, l.scratch[from:len(l.scratch):len(l.scratch)])
}

func (l *line) words(s string) {
	l.add(func(b []byte) []byte { return append(b, s...) })
}

// time appends a time in Beijing, or an empty cell.
func (l *line) time(t *time.Time) {
	l.add(func(b []byte) []byte {
		if t == nil {
			return b
		}
		return t.In(beijing).AppendFormat(b, minutes)
	})
}

func (l *line) show(s vault.Secret, mask func(vault.Secret) string) string {
	if l.personal || s.Empty() {
		return s.Reveal()
	}
	return mask(s)
}

// scrubbed hides personal data that a citizen wrote into the opinion.
func scrubbed(title, body []byte) (t, b []byte) {
	spans, _ := comment.Scrub(string(title), string(body), nil)
	if len(spans) == 0 {
		return title, body
	}
	return []byte(comment.PublicCopy(string(title), "title", spans)), []byte(comment.PublicCopy(string(body), "body", spans))
}

// clauseNumbers are the words for each clause of the draft.
func clauseNumbers(ctx context.Context, tx pgx.Tx, consultationID string) (map[uuid.UUID]string, error) {
	rows, err := tx.Query(ctx, `
		SELECT id, number
		  FROM clause
		 WHERE consultation_id = $1
		   AND document = 'draft'
		   AND kind = 'clause'`, consultationID)
	if err != nil {
		return nil, fmt.Errorf("read clauses: %w", err)
	}
	words := map[uuid.UUID]string{}
	var id uuid.UUID
	var n int
	_, err = pgx.ForEachRow(rows, []any{&id, &n}, func() error {
		words[id] = "第" + strconv.Itoa(n) + "条"
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("read clauses: %w", err)
	}
	return words, nil
}

func (l *line) appendClauses(b []byte, ids []uuid.UUID) []byte {
	if len(ids) == 0 {
		return append(b, "整个征求意见稿"...)
	}
	first := true
	for _, id := range ids {
		word, ok := l.clauses[id]
		if !ok {
			continue
		}
		if !first {
			b = append(b, "、"...)
		}
		first = false
		b = append(b, word...)
	}
	return b
}

func stateText(state string) string {
	switch comment.State(state) {
	case comment.Received:
		return "待审核"
	case comment.Published:
		return "已公开"
	case comment.Withheld:
		return "不予公开"
	case comment.Declined:
		return "不予受理"
	default:
		return state
	}
}

func channelText(channel string) string {
	switch channel {
	case "web":
		return "网上"
	case "letter":
		return "信函"
	case "phone":
		return "电话"
	case "mail":
		return "电子邮件"
	default:
		return channel
	}
}
