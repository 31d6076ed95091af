package report_test

import (
	"errors"
	"path/filepath"
	"testing"
	"time"

	"wenji/internal/apperr"
	"wenji/internal/calendar"
	comments "wenji/internal/comment"
	"wenji/internal/postgres/pgtest"
	"wenji/internal/report"
	"wenji/internal/throttle"
	"wenji/internal/vault"

	"github.com/google/uuid"
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
func TestNoLetterSlipsInWhileAConsultationIsConcluded(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.answered(3)
	f.mustPublish(report.Received, report.Outcome)
	result, entered := make(chan error, 1), make(chan error, 1)
	concluding := func() { result <- f.Conclude(t.Context(), editor, subject) }

	// The letter has its number and is not committed: concluding waits for it, then sees it.
	tx, err := f.DB.Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer tx.Rollback(t.Context())
	letter := f.letter()
	if err := f.enter(tx, letter); err != nil {
		t.Fatal(err)
	}
	go concluding()
	f.waitForLocks(1)
	if err := tx.Commit(t.Context()); err != nil {
		t.Fatal(err)
	}
	if r := wantRefusal(t, <-result, report.Unanswered); r.Lacking.Count != 1 {
		t.Errorf("lacking %+v", r.Lacking)
	}

	// Concluding comes first: a letter that was being entered all the while is refused.
	f.exec(`UPDATE comment SET state = 'withheld' WHERE number = 4`)
	f.exec(`UPDATE comment_count SET withheld = 1, received = 0`)
	f.dispose(letter.ID, "adopted", "")
	f.mustPublish(report.Outcome)
	hold, err := f.DB.Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer hold.Rollback(t.Context())
	if _, err := hold.Exec(t.Context(), `SELECT FROM comment_count FOR UPDATE`); err != nil {
		t.Fatal(err)
	}
	go concluding()
	f.waitForLocks(1)
	late, err := f.DB.Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer late.Rollback(t.Context())
	go func() { entered <- f.enter(late, f.letter()) }()
	f.waitForLocks(2)
	if err := hold.Commit(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := <-result; err != nil {
		t.Fatal(err)
	}
	if err := <-entered; !errors.Is(err, apperr.ErrClosed) {
		t.Errorf("a letter entered after the consultation was concluded: %v", err)
	}
}

// letter is one that came on the last day of the period.
func (f *fixture) letter() comments.Entry {
	f.t.Helper()
	id, err := uuid.NewV7()
	if err != nil {
		f.t.Fatal(err)
	}
	return comments.Entry{
		ID: id, Channel: "letter", ReceivedOn: time.Date(2025, 5, 7, 0, 0, 0, 0, calendar.Shanghai),
		Submission: comments.Submission{Title: "来信", Body: "来信正文，建议加装扶手。" + id.String()},
	}
}

func (f *fixture) enter(tx pgx.Tx, e comments.Entry) error {
	f.t.Helper()
	if f.keys == nil {
		keys, err := vault.Create(filepath.Join(f.t.TempDir(), "keys.json"))
		if err != nil {
			f.t.Fatal(err)
		}
		f.keys = keys
	}
	store := comments.NewStore(f.DB, f.DB, f.keys, &throttle.Limiter{DB: f.DB, Index: f.keys.Index})
	_, err := store.Enter(f.t.Context(), tx, subject, []comments.Entry{e}, nil)
	return err
}

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
