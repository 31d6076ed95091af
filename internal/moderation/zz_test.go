package moderation_test
import ("testing";"sync";"sync/atomic";"github.com/google/uuid")
func BenchmarkZCeiling(b *testing.B) {
	f := newFixture(b)
	f.many(plenty, true)
	var left atomic.Int64
	left.Store(int64(b.N))
	var all sync.WaitGroup
	b.ResetTimer()
	for range 8 {
		all.Go(func() {
			for left.Add(-1) >= 0 {
				var id uuid.UUID
				if err := f.DB.QueryRow(b.Context(), `UPDATE comment SET state='withheld', decided_at=now() WHERE id = (SELECT id FROM comment WHERE state='received' ORDER BY received_at, id LIMIT 1 FOR UPDATE SKIP LOCKED) RETURNING id`).Scan(&id); err != nil { b.Error(err); return }
			}
		})
	}
	all.Wait()
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "claims/s")
}
func BenchmarkZClaimLeave(b *testing.B) {
	f := newFixture(b)
	f.many(plenty, true)
	var left atomic.Int64
	left.Store(int64(b.N))
	var all sync.WaitGroup
	b.ResetTimer()
	for range 8 {
		by := member("m","x","moderator")
		all.Go(func() {
			for left.Add(-1) >= 0 {
				if _, err := f.Claim(b.Context(), by, ""); err != nil { b.Error(err); return }
			}
		})
	}
	all.Wait()
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "claims/s")
}
