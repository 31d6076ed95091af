package moderation_test

import (
	"errors"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"wenji/internal/apperr"
	"wenji/internal/staff"
)

func TestNoLookAtPersonalDataBeyondTheDaysQuotaIsGiven(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	id := f.arrive(arrival{consultation: first, title: "建议", body: "建议加装扶手。"})
	f.exec(`INSERT INTO setting (name, value) VALUES ('reveals_a_day', 5)`)
	guard := member("zhoujun", "周军", staff.SecurityAdmin)
	f.exec(`INSERT INTO member (id, username, name, role, password_hash, totp_secret, created_at) VALUES ($1, 'liming', '李明', 'moderator', '', '', now())`, liMing.ID)
	var given, refused atomic.Int32
	look := func(n int) {
		var all sync.WaitGroup
		for range n {
			all.Go(func() {
				_, err := f.Reveal(t.Context(), liMing, id, "核实身份信息")
				var invalid *apperr.Invalid
				switch {
				case err == nil:
					given.Add(1)
				case errors.As(err, &invalid):
					refused.Add(1)
				default:
					t.Error(err)
				}
			})
		}
		all.Wait()
	}
	count := func(action string) (n int) {
		t.Helper()
		if err := f.DB.QueryRow(t.Context(), `SELECT count(*) FROM audit_entry WHERE action = $1`, action).Scan(&n); err != nil {
			t.Fatal(err)
		}
		return n
	}
	look(12)
	if given.Load() != 5 || refused.Load() != 7 || count("comment.reveal") != 5 || count("reveal.quota") != 7 {
		t.Fatalf("given %d, refused %d; recorded %d and %d", given.Load(), refused.Load(), count("comment.reveal"), count("reveal.quota"))
	}
	alarms, err := f.RevealAlarms(t.Context(), guard)
	if err != nil || len(alarms) != 1 || alarms[0].Used != 5 || alarms[0].Limit != 5 || alarms[0].Refused != 7 {
		t.Errorf("alarms %+v, %v", alarms, err)
	}
	if err := f.RaiseQuota(t.Context(), liMing, liMing.ID, 5); !errors.Is(err, apperr.ErrForbidden) {
		t.Errorf("raising one's own quota: %v", err)
	}
	if err := f.RaiseQuota(t.Context(), guard, liMing.ID, 2); err != nil {
		t.Fatal(err)
	}
	look(4)
	if given.Load() != 7 {
		t.Errorf("after two more were allowed: %d", given.Load())
	}
	f.at = f.at.Add(24 * time.Hour)
	look(1)
	if given.Load() != 8 {
		t.Error("the next day begins with none")
	}
}
