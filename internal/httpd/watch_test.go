package httpd_test

import (
	"strings"
	"testing"
	"time"

	"wenji/internal/announce"
	"wenji/internal/postgres/pgtest"

	"github.com/jackc/pgx/v5"
)

// Pages of a consultation are dropped when its version grows, though nobody sent a message.
func TestAChangeWhoseMessageWasMissedDropsPages(t *testing.T) {
	t.Parallel()
	p := newPortal(t, during)
	waitFor(t, "the portal to listen", func() bool { return p.web.Dropped() > 0 })
	b := p.browser()
	b.get(noticeAddress).want(t, 200)
	exec(t, p.db, `UPDATE consultation SET notice = '没有通知的改动'`)
	if strings.Contains(b.get(noticeAddress).body, "没有通知的改动") {
		t.Fatal("the page was not kept: this test shows nothing")
	}
	exec(t, p.db, `UPDATE page_version SET version = version + 1`)
	waitFor(t, "the new page", func() bool { return strings.Contains(b.get(noticeAddress).body, "没有通知的改动") })
}

// The server ends the connection on which messages come, and what changes meanwhile is seen all the same.
func TestAChangeIsSeenWhileTheConnectionForMessagesIsLost(t *testing.T) {
	t.Parallel()
	p := newPortal(t, during)
	waitFor(t, "the portal to listen", func() bool { return p.listeners(t, `count(*)`) == 1 })
	b := p.browser()
	b.get(noticeAddress).want(t, 200)
	if n := p.listeners(t, `count(*) FILTER (WHERE pg_terminate_backend(pid))`); n != 1 {
		t.Fatalf("%d connections ended, want 1", n)
	}
	err := p.db.InTx(t.Context(), func(tx pgx.Tx) error {
		if _, err := tx.Exec(t.Context(), `UPDATE consultation SET notice = '断线时的改动'`); err != nil {
			return err
		}
		return announce.Changed(t.Context(), tx, sampleID)
	})
	if err != nil {
		t.Fatal(err)
	}
	waitFor(t, "the new page", func() bool { return strings.Contains(b.get(noticeAddress).body, "断线时的改动") })
	waitFor(t, "the portal to listen again", func() bool { return p.listeners(t, `count(*)`) == 1 })
}

// listeners computes something of the connections for messages, with an administrator's rights.
func (p *portal) listeners(t *testing.T, what string) (n int) {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), pgtest.URL(p.db))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(t.Context())
	err = conn.QueryRow(t.Context(), `SELECT `+what+` FROM pg_stat_activity WHERE datname = current_database() AND query LIKE 'LISTEN %'`).Scan(&n)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

func TestAChangeLeavesPagesOfOtherConsultationsAlone(t *testing.T) {
	t.Parallel()
	p := newPortal(t, during)
	waitFor(t, "the portal to listen", func() bool { return p.listeners(t, `count(*)`) == 1 && p.web.Dropped() > 0 })
	b := p.browser()
	b.get(noticeAddress).want(t, 200)
	b.get("/consultations").want(t, 200)
	rendered, dropped := p.web.Rendered(), p.web.Dropped()
	exec(t, p.db, `SELECT pg_notify('wenji_changed', '2025-0002')`) // as a program from before the versions announces
	waitFor(t, "the portal to hear of it", func() bool { return p.web.Dropped() > dropped })
	b.get(noticeAddress).want(t, 200)
	if n := p.web.Rendered(); n != rendered {
		t.Error("the notice was made anew after a change of another consultation")
	}
	b.get("/consultations").want(t, 200)
	if n := p.web.Rendered(); n != rendered+1 {
		t.Errorf("%d pages made, want the list alone", n-rendered)
	}
}

// Comments that are published one after the other do not keep every page from being kept.
func TestAFloodOfChangesDropsPagesAFewTimesASecond(t *testing.T) {
	t.Parallel()
	p := newPortal(t, during)
	waitFor(t, "the portal to listen", func() bool { return p.listeners(t, `count(*)`) == 1 && p.web.Dropped() > 0 })
	dropped, began := p.web.Dropped(), time.Now()
	const changes = 300
	for range changes {
		err := p.db.InTx(t.Context(), func(tx pgx.Tx) error { return announce.Changed(t.Context(), tx, sampleID) })
		if err != nil {
			t.Fatal(err)
		}
	}
	waitFor(t, "the portal to hear of it", func() bool { return p.web.Dropped() > dropped })
	n := p.web.Dropped() - dropped
	most := int64(time.Since(began)/(200*time.Millisecond)) + 2 // no two looks are nearer than that
	if n > most {
		t.Errorf("%d changes dropped pages %d times, want at most %d times", changes, n, most)
	}
}
