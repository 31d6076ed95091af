package httpd_test

import (
	"context"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"
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
