package comment_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"wenji/internal/apperr"
	"wenji/internal/comment"
	"wenji/internal/postgres/pgtest"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
)

func TestAllowedMoves(t *testing.T) {
	states := []comment.State{comment.Received, comment.Published, comment.Withheld, comment.Declined, "", "deleted"}
	allowed := map[[2]comment.State]bool{
		{comment.Received, comment.Published}: true, {comment.Published, comment.Received}: true,
		{comment.Received, comment.Withheld}: true, {comment.Withheld, comment.Received}: true,
		{comment.Received, comment.Declined}: true, {comment.Declined, comment.Received}: true,
	}
	for _, from := range states {
		for _, to := range states {
			if got := from.CanBecome(to); got != allowed[[2]comment.State{from, to}] {
				t.Errorf("%q to %q: %v", from, to, got)
			}
		}
	}
}

// storedComment stores one comment about clauses 1 and 2 and returns its id.
func storedComment(t *testing.T, f *fixture) uuid.UUID {
	t.Helper()
	d := f.draft(t)
	d.Clauses = []int{1, 2}
	submit(t, f, d)
	return d.FormID
}

func move(t *testing.T, f *fixture, ch comment.Change) error {
	t.Helper()
	return f.db.InTx(t.Context(), func(tx pgx.Tx) error { return comment.Transition(t.Context(), tx, ch) })
}

func publishing(id uuid.UUID) comment.Change {
	return comment.Change{
		ID: id, From: comment.Received, To: comment.Published, Version: 1, Member: uuid.New(), By: "李明", At: during(),
		Published: comment.Copy{Title: "公开标题", Body: "公开正文"},
	}
}

func TestOnlyThePublicCopyComesAndGoes(t *testing.T) {
	f := newFixture(t, during())
	id := storedComment(t, f)
	var before, now string
	text := func(into *string) {
		t.Helper()
		if err := f.db.QueryRow(t.Context(), `SELECT title || body FROM comment`).Scan(into); err != nil {
			t.Fatal(err)
		}
	}
	text(&before)
	if err := move(t, f, publishing(id)); err != nil {
		t.Fatal(err)
	}
	if n := count(t, f.db, `SELECT count(*) FROM published_comment WHERE title = '公开标题' AND body = '公开正文'`); n != 1 {
		t.Error("not published")
	}
	if n := count(t, f.db, `SELECT sum(published) FROM clause_count`); n != 2 {
		t.Errorf("clauses count %d, want 2", n)
	}
	back := comment.Change{ID: id, From: comment.Published, To: comment.Received, Version: 2, By: "李明", At: during()}
	if err := move(t, f, back); err != nil {
		t.Fatal(err)
	}
	if n := count(t, f.db, `
		SELECT count(*) FROM comment
		 WHERE state = 'received' AND version = 3 AND public_title IS NULL AND public_body IS NULL
		   AND published_at IS NULL AND decided_at IS NULL AND decided_by = '' AND decision_reason = ''`); n != 1 {
		t.Error("the way back leaves something of the decision")
	}
	if n := count(t, f.db, `SELECT sum(published) FROM clause_count`); n != 0 {
		t.Errorf("clauses count %d, want 0", n)
	}
	if text(&now); now != before {
		t.Error("the citizen's words were changed")
	}
}

func TestAStepThatIsNotAllowedChangesNothing(t *testing.T) {
	f := newFixture(t, during())
	id := storedComment(t, f)
	for _, tc := range []struct {
		name   string
		change func(*comment.Change)
		want   error
	}{
		{"from a state to itself", func(c *comment.Change) { c.To = comment.Received }, apperr.ErrConflict},
		{"between decided states", func(c *comment.Change) { c.From = comment.Withheld }, apperr.ErrConflict},
		{"to no state", func(c *comment.Change) { c.To = "" }, apperr.ErrConflict},
		{"another version", func(c *comment.Change) { c.Version = 2 }, apperr.ErrConflict},
		{"another state", func(c *comment.Change) { c.From, c.To = comment.Withheld, comment.Received }, apperr.ErrConflict},
		{"another comment", func(c *comment.Change) { c.ID = uuid.New() }, apperr.ErrNotFound},
	} {
		ch := publishing(id)
		tc.change(&ch)
		if err := move(t, f, ch); !errors.Is(err, tc.want) {
			t.Errorf("%s: %v", tc.name, err)
		}
	}
	if n := count(t, f.db, `SELECT count(*) FROM comment WHERE state = 'received' AND version = 1`); n != 1 {
		t.Error("something changed")
	}
	exec(t, f.db, `DELETE FROM comment_count`)
	if err := move(t, f, publishing(id)); err == nil || errors.Is(err, apperr.ErrConflict) {
		t.Errorf("without a row of totals: %v", err)
	}
	if n := count(t, f.db, `SELECT count(*) FROM comment WHERE state = 'received'`); n != 1 {
		t.Error("moved without being counted")
	}
}

func TestAConflictSaysWhatHappenedAndWhen(t *testing.T) {
	f := newFixture(t, during())
	id := storedComment(t, f)
	want := func(ch comment.Change, by, action string, at time.Time) {
		t.Helper()
		var conflict *apperr.Conflict
		if err := move(t, f, ch); !errors.As(err, &conflict) {
			t.Errorf("error %v, want a conflict", err)
			return
		}
		if conflict.By != by || conflict.Action != action || !conflict.At.Equal(at) {
			t.Errorf("conflict %+v, want %s %s %v", *conflict, by, action, at)
		}
	}
	late := publishing(id)
	late.By, late.At = "王辉", during().Add(time.Minute)

	withheld := comment.Change{ID: id, From: comment.Received, To: comment.Withheld, Version: 1, By: "李明", Reason: "privacy", At: during()}
	if err := move(t, f, withheld); err != nil {
		t.Fatal(err)
	}
	want(late, "李明", comment.ActWithhold, during())

	back := comment.Change{ID: id, From: comment.Withheld, To: comment.Received, Version: 2, By: "李明", At: during()}
	if err := move(t, f, back); err != nil {
		t.Fatal(err)
	}
	want(late, "", comment.ActUndo, time.Time{})

	if _, err := comment.ClaimNext(t.Context(), f.db, "", uuid.New(), "赵刚", during()); err != nil {
		t.Fatal(err)
	}
	late.Version = 3
	want(late, "赵刚", comment.ActClaim, during())

	exec(t, f.db, `UPDATE comment SET state = 'published', public_title = '', public_body = '', published_at = $1,
	                 claimed_by = NULL, claimed_name = '', claimed_until = NULL`, during())
	want(late, "", comment.ActRule, during())
}

func TestAStepIsAnnouncedOnceItIsCommitted(t *testing.T) {
	f := newFixture(t, during())
	id := storedComment(t, f)
	listener, err := pgx.Connect(t.Context(), pgtest.URL(f.db))
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close(context.Background())
	if _, err := listener.Exec(t.Context(), `LISTEN wenji_changed`); err != nil {
		t.Fatal(err)
	}
	undone := errors.New("something else failed")
	err = f.db.InTx(t.Context(), func(tx pgx.Tx) error {
		if err := comment.Transition(t.Context(), tx, publishing(id)); err != nil {
			return err
		}
		return undone
	})
	if !errors.Is(err, undone) {
		t.Fatal(err)
	}
	exec(t, f.db, `SELECT pg_notify('wenji_changed', 'after the one that failed')`)
	if err := move(t, f, publishing(id)); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	for _, want := range []string{"after the one that failed", consultationID} {
		n, err := listener.WaitForNotification(ctx)
		if err != nil {
			t.Fatal(err)
		}
		if n.Payload != want {
			t.Errorf("announced %q, want %q", n.Payload, want)
		}
	}
}
