package audit

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"strings"
	"testing"
	"time"

	"wenji/internal/postgres"
	"wenji/internal/postgres/pgtest"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

var (
	testKey = bytes.Repeat([]byte{7}, 32)
	noon    = time.Date(2025, 5, 7, 12, 0, 0, 0, time.UTC)
)

// patience bounds how long a test waits for other tests' transactions on the same server, which hold back sealing.
const patience = 30 * time.Second

// until tries done again and again until it is true.
func until(t *testing.T, what string, done func() bool) {
	t.Helper()
	ticker := time.NewTicker(10 * time.Millisecond)
	defer ticker.Stop()
	for deadline := time.Now().Add(patience); !done(); <-ticker.C {
		if time.Now().After(deadline) {
			t.Fatalf("waited %v for: %s", patience, what)
		}
	}
}

func newSealer(db *postgres.DB) *Sealer {
	return &Sealer{DB: db, Key: testKey, Log: slog.New(slog.DiscardHandler)}
}

// record commits n entries, one transaction each, and returns their ids in the order of the chain to be.
func record(t *testing.T, db *postgres.DB, n int) []uuid.UUID {
	t.Helper()
	ids := make([]uuid.UUID, n)
	for i := range ids {
		ids[i] = uuid.Must(uuid.NewV7())
		must(t, db.InTx(t.Context(), func(tx pgx.Tx) error {
			return Record(t.Context(), tx, Entry{ID: ids[i], At: db.Now(), Actor: "王芳", Role: "moderator", Action: "publish",
				ConsultationID: "2025-0001", Subject: "第3号", Detail: ""})
		}))
	}
	return ids
}

// seal seals until n more entries are in the chain.
func seal(t *testing.T, s *Sealer, n int) {
	t.Helper()
	done := 0
	until(t, "entries to be sealed", func() bool {
		one, err := s.SealOnce(t.Context())
		must(t, err)
		done += one
		return done >= n
	})
	if done != n {
		t.Fatalf("%d entries sealed, want %d", done, n)
	}
}

func verify(t *testing.T, db *postgres.DB, anchors ...Anchor) Report {
	t.Helper()
	r, err := Verify(t.Context(), db, testKey, anchors...)
	must(t, err)
	return r
}

// tamper runs SQL as the server's administrator with the append-only triggers off.
func tamper(t *testing.T, db *postgres.DB, sql string, args ...any) {
	t.Helper()
	conn := administrator(t, db)
	tx, err := conn.Begin(t.Context())
	must(t, err)
	for _, step := range []string{"DISABLE", "", "ENABLE"} {
		if step == "" {
			tag, err := tx.Exec(t.Context(), sql, args...)
			must(t, err)
			if tag.RowsAffected() == 0 {
				t.Fatalf("%s changed nothing", sql)
			}
			continue
		}
		for _, table := range []string{"audit_entry", "audit_chain"} {
			_, err := tx.Exec(t.Context(), "ALTER TABLE "+table+" "+step+" TRIGGER "+table+"_append_only")
			must(t, err)
		}
	}
	must(t, tx.Commit(t.Context()))
}

func administrator(t *testing.T, db *postgres.DB) *pgx.Conn {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), pgtest.URL(db))
	must(t, err)
	t.Cleanup(func() {
		if err := conn.Close(context.Background()); err != nil {
			t.Error(err)
		}
	})
	return conn
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func TestAnEntryIsKeptExactlyWhenItsTransactionIs(t *testing.T) {
	t.Parallel()
	db := pgtest.New(t)
	record(t, db, 1)
	undone := errors.New("undone")
	err := db.InTx(t.Context(), func(tx pgx.Tx) error {
		must(t, Record(t.Context(), tx, Entry{At: noon, Actor: "a", Role: "r", Action: "x"}))
		return undone
	})
	if !errors.Is(err, undone) {
		t.Fatal(err)
	}
	if r := verify(t, db); r.Entries != 1 || r.Waiting != 1 {
		t.Errorf("%+v, want one entry", r)
	}
}

func TestAnEntryIsStoredAsRecorded(t *testing.T) {
	t.Parallel()
	db := pgtest.New(t)
	want := Entry{ID: uuid.Must(uuid.NewV7()), At: noon.Add(123456789 * time.Nanosecond), Actor: "王芳", Role: "moderator",
		Action: "publish", ConsultationID: "2025-0001", Subject: "第3号", Detail: "公开"}
	other := Entry{At: noon, Actor: "李四", Role: "editor", Action: "extend"}
	must(t, db.InTx(t.Context(), func(tx pgx.Tx) error {
		return RecordAll(t.Context(), tx, []Entry{want, other})
	}))
	rows, err := db.Query(t.Context(), `
		SELECT id, at, actor, role, action, consultation_id, subject, detail FROM audit_entry ORDER BY role DESC`)
	must(t, err)
	got, err := pgx.CollectRows(rows, pgx.RowToStructByPos[Entry])
	must(t, err)
	if len(got) != 2 {
		t.Fatalf("%d entries, want 2", len(got))
	}
	if !got[0].At.Equal(want.At.Truncate(time.Microsecond)) {
		t.Errorf("time %v, want %v", got[0].At, want.At)
	}
	got[0].At = want.At
	if got[0] != want {
		t.Errorf("got %+v, want %+v", got[0], want)
	}
	if got[1].ID.Version() != 7 {
		t.Errorf("the id made is version %d, want 7", got[1].ID.Version())
	}
}

func TestAnEntryWithoutATimeIsRefused(t *testing.T) {
	t.Parallel()
	db := pgtest.New(t)
	err := db.InTx(t.Context(), func(tx pgx.Tx) error {
		return Record(t.Context(), tx, Entry{Actor: "a", Role: "r", Action: "x"})
	})
	if !errors.Is(err, errNoTime) {
		t.Errorf("got %v, want errNoTime", err)
	}
}

func TestTheApplicationCannotChangeTheRecord(t *testing.T) {
	t.Parallel()
	db := pgtest.New(t)
	record(t, db, 1)
	seal(t, newSealer(db), 1)
	var role string
	must(t, db.QueryRow(t.Context(), `SELECT current_user`).Scan(&role))
	if role != "wenji_app" {
		t.Fatalf("the application runs as %s, want wenji_app", role)
	}
	super := administrator(t, db)
	for _, sql := range []string{
		`UPDATE audit_entry SET detail = 'x'`, `DELETE FROM audit_entry`, `TRUNCATE audit_entry`,
		`UPDATE audit_chain SET tx = 0`, `DELETE FROM audit_chain`, `TRUNCATE audit_chain`,
	} {
		var refused *pgconn.PgError
		_, err := db.Exec(t.Context(), sql)
		if !errors.As(err, &refused) || refused.Code != "42501" || !strings.Contains(refused.Message, "permission denied") {
			t.Errorf("%s as the application: %v, want permission denied", sql, err)
		}
		// The triggers stop even the administrator, until they are switched off.
		_, err = super.Exec(t.Context(), sql)
		if !errors.As(err, &refused) || refused.Code != "42501" || !strings.Contains(refused.Message, "append-only") {
			t.Errorf("%s as the administrator: %v, want append-only", sql, err)
		}
	}
}

func TestNoTwoEntriesAreEncodedAlike(t *testing.T) {
	a := stored{at: noon, actor: "ab", role: "c"}
	for _, b := range []stored{
		{at: noon, actor: "a", role: "bc"},
		{at: noon, actor: "abc"},
		{at: noon, actor: "ab", action: "c"},
		{at: noon.Add(time.Microsecond), actor: "ab", role: "c"},
		{at: noon, actor: "ab", role: "c", tx: 1},
		{at: noon, actor: "ab", role: "c", id: uuid.UUID{1}},
		{at: noon, actor: "ab", role: "c", detail: "\x00"},
	} {
		if bytes.Equal(a.encode(nil), b.encode(nil)) {
			t.Errorf("%+v and %+v are encoded alike", a, b)
		}
	}
	beijing := a
	beijing.at = noon.In(time.FixedZone("", 8*3600))
	if !bytes.Equal(a.encode(nil), beijing.encode(nil)) {
		t.Error("one instant is encoded in two ways")
	}
}

func TestAnAnchorReadsBackAsWritten(t *testing.T) {
	a := Anchor{1234, bytes.Repeat([]byte{0xfe}, 32)}
	b, err := ParseAnchor(" " + a.String() + "\n")
	if err != nil || b.Position != a.Position || !bytes.Equal(b.Digest, a.Digest) {
		t.Errorf("%v, %v; want %v", b, err, a)
	}
	for _, bad := range []string{"", ":", "12", "0:" + a.String()[5:], "-1:" + a.String()[5:], a.String() + "A", a.String()[:20]} {
		if _, err := ParseAnchor(bad); !errors.Is(err, errAnchor) {
			t.Errorf("%q: %v, want errAnchor", bad, err)
		}
	}
}
