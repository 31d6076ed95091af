package export

import (
	"context"
	"io"
	"testing"
)

const benchRows = 20_000

// counted is what a file weighs.
type counted struct{ n int64 }

func (c *counted) Write(p []byte) (int, error) {
	c.n += int64(len(p))
	return len(p), nil
}

// BenchmarkExport compares files of 20,000 comments, opened and defused, with the bare COPY of the same columns that
// psql would pass through.
func BenchmarkExport(b *testing.B) {
	f := newFixture(b)
	f.addMany(benchRows, 540)
	b.Run("copy", func(b *testing.B) {
		for b.Loop() {
			var c counted
			if err := copyOut(f, &c); err != nil {
				b.Fatal(err)
			}
			b.SetBytes(c.n)
		}
	})
	for _, o := range []Options{
		{Format: CSV, Profile: Masked}, {Format: XLSX, Profile: Masked}, {Format: JSONL, Profile: Masked},
	} {
		o.ConsultationID, o.Reason = draft, "性能测量"
		b.Run(o.Format+" "+o.Profile, func(b *testing.B) {
			for b.Loop() {
				var c counted
				if n, err := f.Write(context.Background(), moderator, o, &c); n != benchRows || err != nil {
					b.Fatal(n, err)
				}
				b.SetBytes(c.n)
			}
		})
	}
}

func copyOut(f *fixture, w io.Writer) error {
	conn, err := f.DB.Acquire(context.Background())
	if err != nil {
		return err
	}
	defer conn.Release()
	_, err = conn.Conn().PgConn().CopyTo(context.Background(), w, `
		COPY (SELECT c.number, c.received_at, c.state, c.clause_ids, c.title, c.body, c.public_title, c.public_body, c.published_at,
		             c.decision_reason, c.masked_name, c.occupation, c.channel, p.name, p.id_number, p.phone, p.email, p.org
		        FROM comment c
		        LEFT JOIN personal_data p ON p.comment_id = c.id
		       WHERE c.consultation_id = '2025-0001'
		       ORDER BY c.number) TO STDOUT (FORMAT csv)`)
	return err
}
