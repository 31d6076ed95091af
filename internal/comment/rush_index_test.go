package comment_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"wenji/internal/comment"
)

func TestInARushTheSearchGoesForwardInSmallSteps(t *testing.T) {
	f := newFixture(t, during())
	for i := range comment.RushBatch + 1 {
		say(t, f, "题目", fmt.Sprintf("建议加装扶手 %d", i))
	}
	reader := comment.NewStore(f.db, f.db, f.keys, nil)
	reader.PretendRush(time.Hour)
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan struct{})
	go func() { reader.Index(ctx); close(ended) }()
	seen := map[int]bool{}
	for read := 0; read <= comment.RushBatch; time.Sleep(time.Millisecond) {
		read = count(t, f.db, `SELECT count(*) FROM comment_search`)
		seen[read] = true
	}
	stop()
	<-ended
	if !seen[comment.RushBatch] {
		t.Errorf("read in steps to %v, want one of %d", seen, comment.RushBatch)
	}
}
