package moderation_test

import (
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"wenji/internal/comment"
	"wenji/internal/moderation"
	"wenji/internal/staff"
)

// many fills the first consultation with n comments, one a minute. Every tenth waits, or all.
func (f *fixture) many(n int, waiting bool) {
	f.t.Helper()
	f.exec(`
		INSERT INTO comment (id, consultation_id, number, received_at, title, body, masked_name, occupation, clause_ids,
		                     text_digest, form_digest, code_index, tail_index,
		                     state, public_title, public_body, published_at, decided_at, decided_by)
		SELECT md5('id' || i)::uuid, $1, i, $2::timestamptz - ($3::int - i) * interval '1 minute',
		       '建议' || i, repeat('养老服务应当方便可及。', 18), '张**', '其他', ARRAY[$4::uuid],
		       sha256(('t' || i)::bytea), sha256(('f' || i)::bytea), sha256(('c' || i)::bytea), sha256(('p' || i)::bytea),
		       CASE WHEN w THEN 'received' ELSE 'published' END, CASE WHEN NOT w THEN '建议' END,
		       CASE WHEN NOT w THEN repeat('养老服务应当方便可及。', 18) END,
		       CASE WHEN NOT w THEN $2 END, CASE WHEN NOT w THEN $2 - ($3 - i) * interval '1 minute' END, ''
		  FROM generate_series(1, $3) AS i, LATERAL (SELECT $5 OR i % 10 = 0 AS w) AS s`,
		first, f.at, n, f.clauses[first][0], waiting)
	f.exec(`UPDATE comment_count k SET (last_number, received, published) =
	          (SELECT count(*), count(*) FILTER (WHERE state = 'received'), count(*) FILTER (WHERE state = 'published')
	             FROM comment c WHERE c.consultation_id = k.consultation_id)`)
	f.asOwner(`VACUUM ANALYZE comment`)
}

const plenty = 50_000

func BenchmarkClaimAndReleaseBy8(b *testing.B) {
	f := newFixture(b)
	f.many(plenty, true)
	var left atomic.Int64
	left.Store(int64(b.N))
	var all sync.WaitGroup
	b.ResetTimer()
	for range 8 {
		by := member("m", "审核员", staff.Moderator)
		all.Go(func() {
			for left.Add(-1) >= 0 {
				id, err := f.Claim(b.Context(), by, "")
				if err == nil {
					err = f.Release(b.Context(), by, id)
				}
				if err != nil {
					b.Error(err)
					return
				}
			}
		})
	}
	all.Wait()
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "claims/s")
}

func BenchmarkClaimAndDecideBy8(b *testing.B) {
	f := newFixture(b)
	f.many(plenty, true)
	var left atomic.Int64
	left.Store(int64(b.N))
	var all sync.WaitGroup
	b.ResetTimer()
	for range 8 {
		by := member("m", "审核员", staff.Moderator)
		all.Go(func() {
			for left.Add(-1) >= 0 {
				id, err := f.Claim(b.Context(), by, "")
				if err == nil {
					err = f.Decide(b.Context(), by, moderation.Decision{CommentID: id, Version: 1, Action: moderation.Publish})
				}
				if err != nil {
					b.Error(err)
					return
				}
			}
		})
	}
	all.Wait()
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "decisions/s")
}

func BenchmarkQueue(b *testing.B) {
	f := newFixture(b)
	f.many(plenty, false)
	minute := func(i int) time.Time { return f.at.Add(-time.Duration(plenty-i) * time.Minute) }
	for _, bc := range []struct {
		name string
		f    moderation.Filter
	}{
		{"waiting/first", moderation.Filter{}},
		{"waiting/deep", moderation.Filter{After: moderation.Cursor{At: minute(plenty / 2)}}},
		{"waiting of one/deep", moderation.Filter{ConsultationID: first, After: moderation.Cursor{At: minute(plenty / 2)}}},
		{"published/first", moderation.Filter{State: comment.Published}},
		{"published/deep", moderation.Filter{State: comment.Published, After: moderation.Cursor{At: minute(plenty / 2)}}},
		{"published of one/first", moderation.Filter{State: comment.Published, ConsultationID: first}},
		{"published of one/deep", moderation.Filter{State: comment.Published, ConsultationID: first,
			After: moderation.Cursor{Number: plenty / 2}}},
		{"waiting of another", moderation.Filter{ConsultationID: "2025-0002"}},
		{"rare words that wait", moderation.Filter{Query: "犇骉"}},
	} {
		b.Run(bc.name, func(b *testing.B) {
			for b.Loop() {
				if _, _, err := f.Queue(b.Context(), liMing, bc.f); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
	b.Run("counts", func(b *testing.B) {
		for b.Loop() {
			if _, err := f.Counts(b.Context(), liMing); err != nil {
				b.Fatal(err)
			}
		}
	})
}
