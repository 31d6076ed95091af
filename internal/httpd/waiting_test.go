package httpd_test

import (
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
