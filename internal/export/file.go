package export

import (
	"bufio"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"hash"
	"io"
	"iter"
	"strconv"

	"github.com/jackc/pgx/v5"
)

const bufferSize = 64 << 10

// made is what is known of a file once it is complete.
type made struct {
	rows    int
	size    int64
	digest  []byte // SHA-256 of the file
	content []byte // SHA-256 of what stands before its closing words; see table.hash
}

// describe is what the record keeps of a finished file.
func (m made) describe() string {
	return fmt.Sprintf("rows %d, bytes %d, sha256 %s", m.rows, m.size, hex.EncodeToString(m.digest))
}

// digester counts and digests what goes through it.
type digester struct {
	w    io.Writer
	hash hash.Hash
	size int64
}

func newDigester(w io.Writer) *digester { return &digester{w: w, hash: sha256.New()} }

func (d *digester) Write(p []byte) (int, error) {
	n, err := d.w.Write(p)
	d.hash.Write(p[:n])
	d.size += int64(n)
	return n, err
}

func (d *digester) sum() []byte { return d.hash.Sum(nil) }

// table is a file's content, as the formats write it.
type table struct {
	title   string // of the consultation
	total   int    // comments in the file; 0 where neither its head nor anyone who waits for it is told
	columns []column
	rows    iter.Seq2[[][]byte, error]
	// hash digests the content. In CSV and JSONL that is every byte before the last line; in XLSX and DOCX each cell of the
	// comments as text followed by U+001F, each comment followed by U+001E.
	hash    hash.Hash
	closing func() []byte
}

// digest adds a comment's cells to the digest of a format that is not a text file.
func (t *table) digest(cells [][]byte) {
	for _, c := range cells {
		t.hash.Write(c)
		t.hash.Write([]byte{0x1f})
	}
	t.hash.Write([]byte{0x1e})
}

// step is told how many comments a file will have and how many are written.
type step func(ctx context.Context, done, total int) error

// write writes the whole file from the snapshot of tx. Nothing reaches w before the first comments have been read.
func (s *Store) write(ctx context.Context, tx pgx.Tx, f *file, w io.Writer, tell step) (m made, err error) {
	if _, err := tx.Exec(ctx, orderedPlan); err != nil {
		return m, fmt.Errorf("set the plan: %w", err)
	}
	t := &table{columns: columnsOf(&f.options), hash: sha256.New()}
	where, args := f.options.where()
	args = append(args, tell != nil || f.options.Format == DOCX)
	err = tx.QueryRow(ctx, `
		SELECT title, CASE WHEN $`+place(len(args))+` THEN (SELECT count(*) FROM comment c WHERE `+where+`) ELSE 0 END
		  FROM consultation
		 WHERE id = $1`, args...).Scan(&t.title, &t.total)
	if err != nil {
		return m, fmt.Errorf("count comments of %s: %w", f.options.ConsultationID, err)
	}
	source := s.rows(ctx, tx, &f.options, t.columns)
	t.rows = func(yield func([][]byte, error) bool) {
		for cells, err := range source {
			if err == nil && tell != nil {
				err = tell(ctx, m.rows, t.total)
			}
			if !yield(cells, err) || err != nil {
				return
			}
			m.rows++
		}
	}
	t.closing = func() []byte {
		m.content = t.hash.Sum(nil)
		return f.closingWords(m.rows, m.content)
	}
	buffer := bufio.NewWriterSize(w, bufferSize)
	switch f.options.Format {
	case XLSX:
		err = writeXLSX(buffer, t)
	case DOCX:
		err = writeDOCX(buffer, t)
	case JSONL:
		err = writeJSONL(buffer, t, f)
	default:
		err = writeCSV(buffer, t)
	}
	if err != nil {
		return m, fmt.Errorf("write row %d: %w", m.rows+1, err)
	}
	return m, buffer.Flush()
}

// contents says in a few words what a profile tells.
func contents(profile string) string {
	switch profile {
	case Public:
		return "仅含已公开的内容"
	case Personal:
		return "含个人信息，请妥善保管"
	}
	return "个人信息已遮盖"
}

// closingWords are the last words of a complete file.
func (f *file) closingWords(n int, digest []byte) []byte {
	words := "导出完毕，共" + strconv.Itoa(n) + "条。导出人：" + f.member + "；"
	if f.approver != "" {
		words += "批准人：" + f.approver + "；"
	}
	return fmt.Appendf(nil, "%s导出时间：%s；编号：%s；内容摘要（SHA-256）：%x；%s。",
		words, f.started.In(beijing).Format("2006-01-02 15:04:05"), f.id, digest, contents(f.options.Profile))
}

func hexSum(h hash.Hash) string { return hex.EncodeToString(h.Sum(nil)) }
