package httpd_test

import (
	"context"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"wenji/internal/comment"
	"wenji/internal/vault"

	"github.com/google/uuid"
)

func TestWhoWaitedTooLongIsToldThatNothingWasSaved(t *testing.T) {
	t.Parallel()
	p := newPortal(t, during)
	hurried := newReplica(t, p.db, p.keys, during)
	hurried.web.WaitAtMost(time.Nanosecond)
	visitor := hurried.browser()
	if got := visitor.get("/consultations/"+sampleID+"/files/none.pdf").want(t, http.StatusServiceUnavailable); got.Header.Get("Retry-After") == "" || got.text("h1") == "" {
		t.Error("the page of a database that hangs is empty")
	}
	sent := visitor.post("/consultations/"+sampleID+"/comments", url.Values{"sealed": {"x"}})
	if !strings.Contains(sent.body, "没有保存") {
		t.Errorf("a submission that waited too long: %d", sent.StatusCode)
	}
}

func TestWhoseCommentIsStillOnItsWayIsToldThatNobodyKnows(t *testing.T) {
	t.Parallel()
	p := newPortal(t, during)
	patient := p.browser()
	sealed := url.Values{"sealed": {patient.sealed()}}
	hurried := newReplica(t, p.db, p.keys, during)
	hurried.web.WaitAtMost(2 * time.Second)
	visitor := hurried.browser()
	held, err := p.db.Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer held.Rollback(context.Background())
	if _, err := held.Exec(t.Context(), `UPDATE comment_count SET received = received`); err != nil {
		t.Fatal(err)
	}
	got := visitor.post(sendAddress, sealed).want(t, http.StatusServiceUnavailable)
	if text := got.text("[role=alert]"); !strings.Contains(text, "不能确定您的意见是否已经保存") || !strings.Contains(text, "不会重复保存") {
		t.Errorf("the page says %q", text)
	}
	if err := held.Rollback(t.Context()); err != nil {
		t.Fatal(err)
	}
	waitFor(t, "the comment to be stored after all", func() bool { return p.rows("comment") == 1 })
	patient.post(sendAddress, sealed).want(t, http.StatusSeeOther)
	if n := p.rows("comment"); n != 1 {
		t.Errorf("%d comments are stored, want 1", n)
	}
}

func TestWhoMeetsAFullQueueIsToldToComeAgain(t *testing.T) {
	t.Parallel()
	p := newPortal(t, during)
	visitor := p.browser()
	sealed := url.Values{"sealed": {visitor.sealed()}}
	crowded := newReplica(t, p.db, p.keys, during)
	crowded.web.Comments = comment.NewStore(p.db, p.db, p.keys, nil) // one that nobody writes for
	ctx, leave := context.WithCancel(t.Context())
	var waiting sync.WaitGroup
	defer waiting.Wait()
	defer leave()
	_, most := crowded.web.Comments.QueueLength()
	for range most {
		waiting.Go(func() {
			crowded.web.Comments.Submit(ctx, comment.Draft{
				FormID: uuid.New(), ConsultationID: sampleID, CheckedAt: during,
				Submission: comment.Submission{Title: "题目", Body: "内容", Name: vault.NewSecret("王小明"), Occupation: "农民"},
			})
		})
	}
	waitFor(t, "the queue to be full", func() bool { n, _ := crowded.web.Comments.QueueLength(); return n == most })
	got := crowded.browser().post(sendAddress, sealed).want(t, http.StatusServiceUnavailable)
	if text := got.text("[role=alert]"); !strings.Contains(text, "没有保存") || got.Header.Get("Retry-After") == "" {
		t.Errorf("the page says %q, Retry-After %q", text, got.Header.Get("Retry-After"))
	}
	visitor.post(sendAddress, sealed).want(t, http.StatusSeeOther)
}
