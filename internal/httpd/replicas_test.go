package httpd_test

import (
	"net/http"
	"net/url"
	"strconv"
	"testing"

	"wenji/internal/postgres"
	"wenji/internal/postgres/pgtest"

	"github.com/jackc/pgx/v5"
)

// Whoever is made to wait at one replica waits at the others too.
func TestLimitsHoldAmongReplicas(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	other := newReplica(t, d.db, d.keys, during)
	other.web.Staff.Codes = d.codesNow
	both := []*browser{d.browser(), other.browser()}
	for _, limit := range []struct {
		what string
		try  func(b *browser) *page
	}{
		{"signing in", func(b *browser) *page {
			return b.post("/staff/login", url.Values{"username": {"liming"}, "password": {"wrong"}, "otp": {"000000"}})
		}},
		{"looking up a 查询码", func(b *browser) *page {
			return b.post("/status", url.Values{"code": {"123456789017"}, "phone_tail": {"5678"}})
		}},
	} {
		refused := func(b *browser) bool { return limit.try(b).StatusCode == http.StatusTooManyRequests }
		tries := 0
		for ; tries < 100 && !refused(both[0]); tries++ {
		}
		if tries == 100 {
			t.Errorf("%s: a hundred tries at one replica are not refused", limit.what)
		}
		if !refused(both[1]) {
			t.Errorf("%s: refused at one replica after %d tries and taken at another", limit.what, tries)
		}
	}
}

func TestTheLimitOfCheckPagesIsCountedForAllReplicas(t *testing.T) {
	t.Parallel()
	p := newPortal(t, during)
	other := newReplica(t, p.db, p.keys, during)
	p.web.CheckLimit, other.web.CheckLimit = 4, 4
	both := []*browser{p.browser(), other.browser()}
	for i := range 4 {
		b := both[i%2]
		b.post(checkAddress, with(filled(b.get(formAddress)), "title", "第"+strconv.Itoa(i)+"份意见")).want(t, 200)
	}
	for _, b := range both {
		b.post(checkAddress, with(filled(b.get(formAddress)), "title", "又一份意见")).want(t, http.StatusTooManyRequests)
	}
}

// While a replica leaves, the balancer is told, and whoever still comes is served and comes no more on this connection.
func TestALeavingReplicaServesWhoStillComes(t *testing.T) {
	t.Parallel()
	p := newPortal(t, during)
	b := p.browser()
	sealed := b.sealed()
	waitFor(t, "the portal to be ready", func() bool { return b.get("/readyz").StatusCode == http.StatusOK })
	if b.get(noticeAddress).want(t, 200).Close {
		t.Fatal("connections end although nobody leaves")
	}
	p.web.Drain(0, 0)
	b.get("/readyz").want(t, http.StatusServiceUnavailable)
	b.get("/healthz").want(t, 200)
	for _, answer := range []*page{
		b.get(noticeAddress).want(t, 200), b.get(formAddress).want(t, 200), b.post(sendAddress, url.Values{"sealed": {sealed}}).want(t, 303),
	} {
		if !answer.Close {
			t.Errorf("%s leaves the connection open", answer.Request.URL.Path)
		}
	}
}

// A newer program may have added columns, tables and indexes: this one goes on with them (expand, then contract).
func TestThePortalRunsOnASchemaThatANewerProgramExtended(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	extend(t, d.db)
	d.db.Reset() // as after a restart: no statement is prepared for the old shape
	visitor := d.browser()
	visitor.submit()
	moderator := d.member("liming")
	var id string
	if err := d.db.QueryRow(t.Context(), `SELECT id::text FROM comment`).Scan(&id); err != nil {
		t.Fatal(err)
	}
	address := "/staff/comments/" + id
	shown := moderator.get(address).want(t, 200)
	moderator.post(address+"/publish", shown.form(t, "/publish")).want(t, 303)
	visitor.get(published(1)).want(t, 200)
	for _, page := range []string{"/staff", "/staff/queue", "/staff/groups", "/staff/exports", sendAddress, "/search?q=" + url.QueryEscape("扶手")} {
		moderator.get(page).want(t, 200)
	}
}

// extend does to the database what additive migrations do.
func extend(t *testing.T, db *postgres.DB) {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), pgtest.URL(db))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(t.Context())
	_, err = conn.Exec(t.Context(), `
		DO $$
		DECLARE r record;
		BEGIN
		  FOR r IN SELECT tablename FROM pg_tables WHERE schemaname = 'public' AND tablename <> 'goose_db_version' LOOP
		    EXECUTE format('ALTER TABLE %I ADD COLUMN later_note text, ADD COLUMN later_count integer NOT NULL DEFAULT 7', r.tablename);
		    EXECUTE format('CREATE INDEX ON %I (later_count)', r.tablename);
		  END LOOP;
		  CREATE TABLE later (consultation_id text PRIMARY KEY REFERENCES consultation);
		  INSERT INTO goose_db_version (version_id, is_applied) VALUES (9001, true);
		END $$`)
	if err != nil {
		t.Fatal(err)
	}
}
