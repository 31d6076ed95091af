package httpd_test

import (
	"context"
	"errors"
	"log/slog"
	"net/url"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"wenji/internal/comment"
	"wenji/internal/lab"
	"wenji/internal/postgres"
	"wenji/internal/postgres/pgtest"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
)

// pair is a primary with a streaming standby, and a portal that reads public pages from the standby.
type pair struct {
	*portal
	standby *lab.Process
	replay  *pgx.Conn // to the standby, as its administrator
}

func newPair(t *testing.T) *pair {
	t.Helper()
	folder := pgtest.Dir(t)
	primary, standby := filepath.Join(folder, "primary"), filepath.Join(folder, "standby")
	runTool(t, "initdb", "-D", primary, "-U", "postgres", "-A", "trust", "-E", "UTF8", "--locale=C.UTF-8", "--no-sync")
	startServer(t, primary)
	runTool(t, "pg_basebackup", "-h", socketOf(primary), "-U", "postgres", "-D", standby, "-R", "-c", "fast", "--no-sync")
	p := &pair{standby: startServer(t, standby)}

	execAt(t, primary, "postgres", "CREATE DATABASE wenji")
	if _, err := postgres.Migrate(t.Context(), serverURL(primary, "wenji"), slog.New(slog.DiscardHandler)); err != nil {
		t.Fatal(err)
	}
	db, err := postgres.Open(t.Context(), serverURL(primary, "wenji"), postgres.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(db.Close)
	keys := furnished(t, db)
	waitFor(t, "the standby to have the database", func() bool {
		p.replay, err = pgx.Connect(context.Background(), serverURL(standby, "wenji"))
		return err == nil
	})
	t.Cleanup(func() { p.replay.Close(context.Background()) })
	reader, err := postgres.OpenStandby(t.Context(), serverURL(standby, "wenji"), time.Until(during), slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(reader.Close)
	p.portal = newReplica(t, db, keys, during, reader)
	waitFor(t, "the standby to be in use", reader.Usable)
	return p
}

func socketOf(folder string) string { return folder + "-socket" }

func serverURL(folder, database string) string {
	q := url.Values{"host": {socketOf(folder)}, "user": {"postgres"}, "sslmode": {"disable"}}
	return "postgres:///" + database + "?" + q.Encode()
}

// runTool runs one of PostgreSQL's own programs to its end.
func runTool(t *testing.T, name string, args ...string) {
	t.Helper()
	path, err := lab.Tool(name)
	if err != nil {
		t.Fatal(err)
	}
	// The folder is the first thing these programs are asked to make; only who runs the servers may own it.
	for i, arg := range args {
		if arg == "-D" {
			if err := lab.Folder(args[i+1]); err != nil {
				t.Fatal(err)
			}
		}
	}
	p, err := lab.Command{Path: path, Args: args, Env: []string{"PATH=/usr/bin:/bin", "LC_ALL=C.UTF-8"}, Dir: "/", Unprivileged: true}.Start()
	if err != nil {
		t.Fatal(err)
	}
	<-p.Ended()
}

// startServer runs a server whose socket lies in a folder beside that of its cluster.
func startServer(t *testing.T, folder string) *lab.Process {
	t.Helper()
	path, err := lab.Tool("postgres")
	if err != nil {
		t.Fatal(err)
	}
	if err := lab.Folder(socketOf(folder)); err != nil {
		t.Fatal(err)
	}
	p, err := lab.Command{Path: path, Dir: "/", Unprivileged: true, Env: []string{"LC_ALL=C.UTF-8"}, Args: []string{
		"-D", folder, "-k", socketOf(folder), "-c", "listen_addresses=", "-c", "fsync=off", "-c", "shared_buffers=16MB",
	}}.Start()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(p.Kill)
	err = p.Await(t.Context(), func(ctx context.Context) error {
		conn, err := pgx.Connect(ctx, serverURL(folder, "postgres"))
		if err != nil {
			return err
		}
		return conn.Close(ctx)
	})
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func execAt(t *testing.T, folder, database, sql string) {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), serverURL(folder, database))
	if err != nil {
		t.Fatal(err)
	}
	_, err = conn.Exec(t.Context(), sql)
	if err := errors.Join(err, conn.Close(t.Context())); err != nil {
		t.Fatal(err)
	}
}

// readsAtStandby counts the connections whose last query on the standby read what text names.
func (p *pair) readsAtStandby(text string) (n int) {
	p.t.Helper()
	err := p.replay.QueryRow(p.t.Context(), `
		SELECT count(*) FROM pg_stat_activity WHERE application_name = 'wenji read' AND query LIKE '%' || $1 || '%'`, text).Scan(&n)
	if err != nil {
		p.t.Fatal(err)
	}
	return n
}

func (p *pair) onStandby(sql string) (n int) {
	p.t.Helper()
	if err := p.replay.QueryRow(p.t.Context(), sql).Scan(&n); err != nil {
		p.t.Fatal(err)
	}
	return n
}

// takeBack undoes the publication of all comments, as another replica would.
func (p *pair) takeBack() {
	p.t.Helper()
	rows, err := p.db.Query(p.t.Context(), `SELECT id FROM comment WHERE state = 'published'`)
	if err != nil {
		p.t.Fatal(err)
	}
	ids, err := pgx.CollectRows(rows, pgx.RowTo[uuid.UUID])
	if err != nil {
		p.t.Fatal(err)
	}
	err = p.db.InTx(p.t.Context(), func(tx pgx.Tx) error {
		for _, id := range ids {
			change := comment.Change{ID: id, From: comment.Published, To: comment.Received, At: p.db.Now(), Version: 1}
			if err := comment.Transition(p.t.Context(), tx, change); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		p.t.Fatal(err)
	}
}

const words = "建议加装扶手"

func TestPublicPagesAreReadFromTheStandbyAndNeverAgainstAChange(t *testing.T) {
	t.Parallel()
	p := newPair(t)
	exec(t, p.db, `UPDATE consultation SET publication = 'instant'`)
	b := p.browser()
	b.submit()
	list, found := sendAddress+"?sort=oldest", "/search?q="+url.QueryEscape("扶手")
	waitFor(t, "the list to be read from the standby", func() bool {
		return strings.Contains(b.get(list).want(t, 200).body, words) && p.readsAtStandby("sum(answered)") > 0
	})
	one := sendAddress + "/" + strconv.Itoa(p.onStandby(`SELECT max(number) FROM published_comment`))
	b.get(one).want(t, 200)
	b.get(sendAddress).want(t, 200)

	if _, err := p.replay.Exec(t.Context(), `SELECT pg_wal_replay_pause()`); err != nil {
		t.Fatal(err)
	}
	waitFor(t, "replay to pause", func() bool {
		return p.onStandby(`SELECT (pg_get_wal_replay_pause_state() = 'paused')::int`) == 1
	})
	dropped := p.web.Dropped()
	p.takeBack()
	visitor := p.browser()
	waitFor(t, "the portal to hear of it", func() bool { return p.web.Dropped() > dropped })
	visitor.get(one).want(t, 404)
	for _, address := range []string{sendAddress, list, found, noticeAddress + "/clauses/5"} {
		if strings.Contains(visitor.get(address).want(t, 200).body, words) {
			t.Errorf("%s shows the comment that was taken back", address)
		}
	}
	if p.onStandby(`SELECT count(*) FROM published_comment`) == 0 {
		t.Fatal("the standby has replayed the change: this test shows nothing")
	}
	waitFor(t, "the standby that stays behind to be given up", func() bool { return !p.web.Standby.Usable() })
	visitor.get(list).want(t, 200)

	if _, err := p.replay.Exec(t.Context(), `SELECT pg_wal_replay_resume()`); err != nil {
		t.Fatal(err)
	}
	waitFor(t, "the standby to be in use again", p.web.Standby.Usable)
}

func TestWhatOnePersonIsToldIsNeverReadFromTheStandby(t *testing.T) {
	t.Parallel()
	p := newPair(t)
	if _, err := p.replay.Exec(t.Context(), `SELECT pg_wal_replay_pause()`); err != nil {
		t.Fatal(err)
	}
	code := strings.ReplaceAll(p.browser().submit().Find("#code").Text(), " ", "")
	result := p.browser()
	result.post("/status", url.Values{"code": {code}, "phone_tail": {"5678"}}).want(t, 303)
	result.get("/status/result").want(t, 200)
}

func TestAStandbyThatIsGoneIsNotMissed(t *testing.T) {
	t.Parallel()
	p := newPair(t)
	b := p.browser()
	list := "/consultations?q=" + url.QueryEscape("养老")
	b.get(list).want(t, 200)
	p.standby.Kill()
	b.get(list).want(t, 200)
	b.get(noticeAddress).want(t, 200)
	waitFor(t, "the standby to be given up", func() bool { return !p.web.Standby.Usable() })
	b.get(list).want(t, 200)
}
