package report_test

import (
	"testing"
	"time"

	"wenji/internal/postgres/pgtest"
	"wenji/internal/report"

	"github.com/jackc/pgx/v5"
)

func TestAConsultationIsConcludedWhenNothingIsLeft(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.answered(60)
	f.exec(`UPDATE disposition SET status = 'submitted'`)
	f.exec(`UPDATE disposition SET status = 'approved' WHERE comment_id IN (SELECT id FROM comment WHERE number IN (3, 8))`)
	refusal := wantRefusal(t, f.Conclude(t.Context(), editor, subject), report.Unanswered)
	if l := refusal.Lacking; l.Count != 58 || len(l.First) != 50 || l.First[0].Number != 1 || l.First[2].Number != 4 {
		t.Errorf("lacking: %d, %+v", l.Count, l.First[:min(3, len(l.First))])
	}
	f.exec(`UPDATE disposition SET status = 'approved'`)
	wantRefusal(t, f.Conclude(t.Context(), editor, subject), report.NoOutcome)
	f.mustPublish(report.Received)
	wantRefusal(t, f.Conclude(t.Context(), editor, subject), report.NoOutcome)
	f.mustPublish(report.Outcome)
	f.exec(`UPDATE disposition SET outcome = 'partly', reason = '理由' WHERE comment_id = (SELECT id FROM comment WHERE number = 3)`)
	wantRefusal(t, f.Conclude(t.Context(), editor, subject), report.OutcomeStale)
	f.mustPublish(report.Outcome)
	f.at = closed.AddDate(0, 0, -6)
	wantRefusal(t, f.Conclude(t.Context(), editor, subject), report.NotClosed)
	f.at = closed
	if err := f.Conclude(t.Context(), editor, subject); err != nil {
		t.Fatal(err)
	}
	if got := f.one(`SELECT concluded_on::text FROM consultation`); got != "2025-05-12" {
		t.Errorf("concluded on %s", got)
	}
	if list := f.record(); list[len(list)-1] != "report.conclude|张静 (zhangjing)|consultation "+subject {
		t.Errorf("record ends with %s", list[len(list)-1])
	}
	wantRefusal(t, f.Conclude(t.Context(), editor, subject), report.IsConcluded)
}

func TestAWaitingCommentKeepsAConsultationOpen(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.add(comment{state: "received", outcome: "adopted"})
	if r := wantRefusal(t, f.Conclude(t.Context(), editor, subject), report.Unanswered); r.Lacking.Count != 1 {
		t.Errorf("lacking %+v", r.Lacking)
	}
}

// A letter that is being entered when the editor concludes is either answered for or refused.
func TestNoCommentSlipsInWhileAConsultationIsConcluded(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.answered(3)
	f.mustPublish(report.Received, report.Outcome)

	// The letter has its number, its transaction is not over: concluding waits for it, then sees it.
	tx, err := f.DB.Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer tx.Rollback(t.Context())
	if n := f.take(tx); n != 1 {
		t.Fatalf("a letter before concluding: %d rows", n)
	}
	result := make(chan error, 1)
	go func() { result <- f.Conclude(t.Context(), editor, subject) }()
	f.waitForLock()
	f.letter(tx, 4)
	if err := tx.Commit(t.Context()); err != nil {
		t.Fatal(err)
	}
	wantRefusal(t, <-result, report.Unanswered)

	// Concluding holds the numbers: a letter waits, and finds the consultation closed, whatever it saw before.
	f.exec(`UPDATE comment SET state = 'withheld' WHERE number = 4`)
	f.exec(`UPDATE comment_count SET withheld = 1, received = 0`)
	f.exec(`INSERT INTO disposition (comment_id, consultation_id, outcome, status) SELECT id, consultation_id, 'adopted', 'approved' FROM comment WHERE number = 4`)
	f.mustPublish(report.Outcome)
	hold, err := f.DB.Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer hold.Rollback(t.Context())
	if _, err := hold.Exec(t.Context(), `SELECT FROM comment_count FOR UPDATE`); err != nil {
		t.Fatal(err)
	}
	go func() { result <- f.Conclude(t.Context(), editor, subject) }()
	f.waitForLock()
	late, err := f.DB.Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer late.Rollback(t.Context())
	taken := make(chan int64, 1)
	go func() { taken <- f.take(late) }()
	f.waitForLocks(2)
	if err := hold.Commit(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := <-result; err != nil {
		t.Fatal(err)
	}
	if n := <-taken; n != 0 {
		t.Errorf("a letter took a number after the consultation was concluded")
	}
}

// take takes a number as the storing of a comment does.
func (f *fixture) take(tx pgx.Tx) int64 {
	done, err := tx.Exec(f.t.Context(), `
		WITH open AS MATERIALIZED (SELECT id FROM consultation WHERE id = $1 AND concluded_on IS NULL)
		UPDATE comment_count k SET last_number = last_number + 1, received = received + 1
		  FROM open WHERE k.consultation_id = open.id AND NOT k.concluded`, subject)
	if err != nil {
		f.t.Error(err)
	}
	return done.RowsAffected()
}

func (f *fixture) letter(tx pgx.Tx, number int) {
	f.t.Helper()
	_, err := tx.Exec(f.t.Context(), `
		INSERT INTO comment (id, consultation_id, number, channel, received_at, title, body, masked_name, occupation, text_digest,
		                     form_digest, code_index, tail_index)
		VALUES (gen_random_uuid(), $1, $2, 'letter', now(), '来信', '来信正文', '王**', '农民', '\x01', '\x01', '\x01', '\x01')`, subject, number)
	if err != nil {
		f.t.Fatal(err)
	}
}

func (f *fixture) waitForLock() { f.t.Helper(); f.waitForLocks(1) }

// waitForLocks returns once so many sessions of this database wait for a lock. Only the owner sees what others wait for.
func (f *fixture) waitForLocks(n int) {
	f.t.Helper()
	owner, err := pgx.Connect(f.t.Context(), pgtest.URL(f.DB))
	if err != nil {
		f.t.Fatal(err)
	}
	defer owner.Close(f.t.Context())
	for deadline := time.Now().Add(30 * time.Second); time.Now().Before(deadline); {
		var waiting int
		err := owner.QueryRow(f.t.Context(), `
			SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'`).Scan(&waiting)
		if err != nil {
			f.t.Fatal(err)
		}
		if waiting >= n {
			return
		}
	}
	f.t.Fatalf("fewer than %d sessions wait for a lock", n)
}
