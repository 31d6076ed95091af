package metrics

import (
	"context"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"wenji/internal/audit"
	"wenji/internal/calendar"
	"wenji/internal/captcha"
	"wenji/internal/comment"
	"wenji/internal/postgres"
	"wenji/internal/postgres/pgtest"
	"wenji/internal/report"
	"wenji/internal/throttle"
	"wenji/internal/vault"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
)

// watched is a portal's parts that are scraped, over one pool.
func watched(t *testing.T, db *postgres.DB) Sources {
	t.Helper()
	keys, err := vault.Create(filepath.Join(t.TempDir(), "keys.json"))
	if err != nil {
		t.Fatal(err)
	}
	standby, err := postgres.OpenStandby(t.Context(), pgtest.URL(db), 0, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(standby.Close)
	return Sources{
		Version: "v1.2.3", Revision: "abc",
		Requests: NewRequests(),
		Pages:    func() Pages { return Pages{Hits: 7, Renders: 2, Stale: 1, Kept: 2} },
		Pools:    map[string]*postgres.DB{"pages": db},
		DB:       db,
		Standby:  standby,
		Comments: comment.NewStore(db, db, keys, &throttle.Limiter{DB: db, Index: keys.Index}),
		Captcha:  captcha.New(keys.Box(captcha.Purpose), db, captcha.Options{FixedDigits: "135790"}),
		Reports:  &report.Store{DB: db, Calendar: &calendar.Store{DB: db}, Now: db.Now},
	}
}

func scrape(t *testing.T, h http.Handler) string {
	t.Helper()
	w := httptest.NewRecorder()
	h.ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/metrics", nil))
	if w.Code != http.StatusOK {
		t.Fatalf("/metrics: %d: %s", w.Code, w.Body)
	}
	return w.Body.String()
}

func wantLines(t *testing.T, text string, lines ...string) {
	t.Helper()
	for _, line := range lines {
		if !strings.Contains(text, "\n"+line+"\n") {
			name, _, _ := strings.Cut(line, " ")
			t.Errorf("want %q, the scrape says %q", line, linesOf(text, name))
		}
	}
}

func linesOf(text, name string) (found []string) {
	for line := range strings.Lines(text) {
		if strings.HasPrefix(line, name) {
			found = append(found, strings.TrimSpace(line))
		}
	}
	return found
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// submit sends a comment of the consultation.
func submit(ctx context.Context, s Sources, consultationID string) error {
	_, err := s.Comments.Submit(ctx, comment.Draft{
		FormID: uuid.Must(uuid.NewV7()), ConsultationID: consultationID, CheckedAt: time.Now(),
		Submission: comment.Submission{
			Title: "增设扶手", Body: "建议在楼梯口增设扶手。", Name: vault.NewSecret("欧阳静"), Occupation: "工人",
			Phone: vault.NewSecret("13812345678"),
		},
	})
	return err
}

func TestAScrapeTellsWhatWaitsAndWhatBecameOfIt(t *testing.T) {
	t.Parallel()
	db := pgtest.New(t)
	s := watched(t, db)
	h := Handler(s)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	go s.Comments.Run(ctx)
	for id, until := range map[string]string{"2025-0001": "1 day", "2025-0002": "-1 hour"} {
		_, err := db.Exec(ctx, `
			INSERT INTO consultation (id, kind, title, headline, unit, source, published_on, opens_at, closes_at, notice)
			VALUES ($1, 'normative_document', '实施方案', '公开征求意见', '辽宁省民政厅', '辽宁省民政厅', '2025-04-29',
			        now() - interval '9 days', now() + $2::text::interval, '公告')`, id, until)
		must(t, err)
		_, err = db.Exec(ctx, `INSERT INTO comment_count (consultation_id) VALUES ($1)`, id)
		must(t, err)
	}
	must(t, submit(ctx, s, "2025-0001"))
	if err := submit(ctx, s, "2025-0002"); err == nil {
		t.Error("a closed consultation took a comment")
	}
	token := s.Captcha.Issue(uuid.Must(uuid.NewV7()))
	for _, digits := range []string{"000000", "135790"} {
		_, err := s.Captcha.Answer(ctx, token, digits)
		must(t, err)
	}
	_, err := db.Exec(ctx, `UPDATE comment SET received_at = now() - interval '3 days'`)
	must(t, err)
	_, err = db.Exec(ctx, `
		INSERT INTO outbox (id, consultation_id, comment_id, kind, created_at, due_at, failed_at)
		SELECT gen_random_uuid(), consultation_id, id, 'answered', now() - interval '1 hour', now(), failed
		  FROM comment, (VALUES (NULL), (now() - interval '2 hours'), (now() - interval '2 days')) AS f (failed)`)
	must(t, err)
	_, err = db.Exec(ctx, `
		INSERT INTO export (id, consultation_id, member_name, profile, format, started_at, state)
		SELECT gen_random_uuid(), '2025-0001', '李', 'masked', 'csv', now(), state
		  FROM unnest('{queued,queued,running,waiting,ready}'::text[]) AS s (state)`)
	must(t, err)

	text := scrape(t, h)
	wantLines(t, text,
		`wenji_database_up 1`,
		`wenji_comments_waiting 1`, `wenji_search_unindexed_comments 1`, `wenji_grouping_behind_comments 1`,
		`wenji_outbox_waiting 1`, `wenji_outbox_failed 1`,
		`wenji_audit_unsealed_entries 1`,
		`wenji_exports{state="queued"} 2`, `wenji_exports{state="running"} 1`, `wenji_exports{state="waiting"} 1`,
		`wenji_submissions_total{outcome="acknowledged"} 1`, `wenji_submissions_total{outcome="refused"} 1`,
		`wenji_submissions_total{outcome="failed"} 0`, `wenji_submissions_total{outcome="unknown"} 0`, `wenji_submit_queue_max 512`,
		`wenji_captcha_issued_total 1`, `wenji_captcha_answers_total{result="wrong"} 1`, `wenji_captcha_answers_total{result="used"} 1`,
		`wenji_page_cache_hits_total 7`, `wenji_page_cache_misses_total 2`, `wenji_page_cache_stale_total 1`, `wenji_page_cache_entries 2`,
		`wenji_database_sync_wanted 0`, `wenji_read_standby_usable 0`, `wenji_database_standbys{state="sync"} 0`,
	)
	if age := linesOf(text, "wenji_comments_oldest_waiting_seconds"); len(age) != 1 || !strings.HasPrefix(age[0], "wenji_comments_oldest_waiting_seconds 2592") {
		t.Errorf("the oldest comment waits %q, want three days", age)
	}
	for _, personal := range []string{"欧阳", "13812345678", "扶手", "2025-0001", "李"} {
		if strings.Contains(text, personal) {
			t.Errorf("the scrape holds %q", personal)
		}
	}
	seal := &audit.Sealer{DB: db, Key: []byte("key")}
	for deadline := time.Now().Add(time.Minute); ; {
		n, err := seal.SealOnce(ctx)
		must(t, err)
		if n > 0 {
			break
		}
		if time.Now().After(deadline) {
			t.Fatal("nothing is sealed")
		}
	}
	wantLines(t, scrape(t, Handler(s)), `wenji_audit_unsealed_entries 0`, `wenji_audit_seal_lag_seconds 0`)
	over, stop := context.WithCancel(ctx)
	stop()
	if err := submit(over, s, "2025-0001"); err == nil {
		t.Error("a request that is over got a receipt")
	}
	if o := s.Comments.Outcomes(); o.Failed+o.Unknown != 1 {
		t.Errorf("a request that is over counts as %+v", o)
	}
}

func TestTheDatabaseIsAskedOnceForScrapesThatFollowEachOther(t *testing.T) {
	t.Parallel()
	db := pgtest.New(t)
	h := Handler(watched(t, db))
	scrape(t, h)
	before := db.Stat().AcquireCount()
	scrape(t, h)
	if n := db.Stat().AcquireCount() - before; n != 0 {
		t.Errorf("the second scrape took %d connections", n)
	}
}

// TestADatabaseThatHangsDoesNotHangTheScrape: the server takes the connection and never says a word.
func TestADatabaseThatHangsDoesNotHangTheScrape(t *testing.T) {
	t.Parallel()
	mute, err := net.Listen("tcp", "127.0.0.1:0")
	must(t, err)
	defer mute.Close()
	for name, url := range map[string]string{
		"hung": "postgres://nobody@" + mute.Addr().String() + "/none?sslmode=disable",
		"dead": "postgres://nobody@127.0.0.1:1/none?sslmode=disable",
	} {
		db, err := postgres.Open(t.Context(), url, postgres.Options{})
		must(t, err)
		text := scrape(t, Handler(watched(t, db))) // ends, or the test's own time-out tells
		wantLines(t, text, `wenji_database_up 0`, `wenji_submissions_total{outcome="acknowledged"} 0`)
		if strings.Contains(text, "wenji_comments_waiting ") {
			t.Errorf("%s: a number is told that nobody knows", name)
		}
		go db.Close()
	}
}

func TestALockedTableDoesNotHangTheScrape(t *testing.T) {
	t.Parallel()
	db := pgtest.New(t)
	h := Handler(watched(t, db))
	must(t, db.InTx(t.Context(), func(tx pgx.Tx) error {
		if _, err := tx.Exec(t.Context(), `LOCK TABLE comment_count`); err != nil {
			return err
		}
		wantLines(t, scrape(t, h), `wenji_database_up 0`)
		return nil
	}))
}

func TestProfilesAreForThisMachineAlone(t *testing.T) {
	t.Parallel()
	server := httptest.NewServer(Handler(watched(t, pgtest.New(t))))
	defer server.Close()
	for path, want := range map[string]int{
		"/debug/pprof/": 200, "/debug/pprof/goroutine?debug=1": 200, "/debug/pprof/cmdline": 200, "/metrics": 200, "/": 404, "/staff": 404,
	} {
		response, err := http.Get(server.URL + path)
		must(t, err)
		_, err = io.Copy(io.Discard, response.Body)
		must(t, err)
		response.Body.Close()
		if response.StatusCode != want {
			t.Errorf("%s from this machine: %d, want %d", path, response.StatusCode, want)
		}
	}
	for _, peer := range []string{"10.1.2.3:4711", "[2001:db8::1]:4711", "[::ffff:10.1.2.3]:4711", "unix"} {
		r := httptest.NewRequest(http.MethodGet, "/debug/pprof/goroutine", nil)
		r.RemoteAddr = peer
		r.Header.Set("X-Forwarded-For", "127.0.0.1")
		w := httptest.NewRecorder()
		server.Config.Handler.ServeHTTP(w, r)
		if w.Code != http.StatusForbidden {
			t.Errorf("a profile for %s: %d, want 403", peer, w.Code)
		}
	}
}
