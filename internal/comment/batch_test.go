package comment_test

import (
	"sync"
	"testing"
	"time"
)

func TestWhatWaitsIsStoredInOneTransaction(t *testing.T) {
	const most = 20
	f := newFixture(t, during())
	held, err := f.db.Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := held.Exec(t.Context(), `UPDATE comment_count SET received = received`); err != nil {
		t.Fatal(err)
	}
	var sending sync.WaitGroup
	send := func() {
		d := f.draft(t)
		sending.Go(func() {
			if _, err := f.Submit(t.Context(), d); err != nil {
				t.Error(err)
			}
		})
	}
	await := func(met func() bool) {
		for !met() {
			time.Sleep(time.Millisecond)
		}
	}
	send()
	await(func() bool {
		return count(t, f.db, `SELECT count(*) FROM pg_locks l JOIN pg_stat_activity a USING (pid) WHERE a.datname = current_database() AND NOT l.granted`) == 1
	})
	for range most - 1 {
		send()
	}
	await(func() bool { waiting, _ := f.QueueLength(); return waiting == most-1 })
	if err := held.Commit(t.Context()); err != nil {
		t.Fatal(err)
	}
	sending.Wait()
	if n := count(t, f.db, `SELECT count(DISTINCT tx) FROM audit_entry WHERE action = 'comment.submit'`); n != 2 {
		t.Errorf("%d transactions, want one for the first and one for those that waited behind it", n)
	}
	if n := count(t, f.db, `SELECT count(*) FROM comment c JOIN personal_data p ON p.comment_id = c.id
		JOIN audit_entry a ON a.subject = 'comment ' || c.number WHERE c.number BETWEEN 1 AND 20`); n != most {
		t.Errorf("%d of %d comments have their number, personal data and entry", n, most)
	}
}
