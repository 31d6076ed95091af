package backup

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"wenji/internal/audit"
	"wenji/internal/postgres"
	"wenji/internal/postgres/pgtest"
	"wenji/internal/vault"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
)

func quiet(int) {}

// office is a portal's database with people in it, and its key file.
type office struct {
	t    *testing.T
	db   *postgres.DB
	path string // of the key file
	keys *vault.KeyRing
}

func newOffice(t *testing.T, people int) *office {
	t.Helper()
	o := &office{t: t, db: pgtest.New(t), path: filepath.Join(t.TempDir(), "keys.json")}
	var err error
	if o.keys, err = vault.CreateAs(o.path, vault.SM4); err != nil {
		t.Fatal(err)
	}
	if err := o.keys.Check(t.Context(), o.db); err != nil {
		t.Fatal(err)
	}
	o.exec(`INSERT INTO consultation (id, kind, title, headline, unit, source, published_on, opens_at, closes_at, notice)
		VALUES ('2025-0001', 'normative_document', 't', 'h', 'u', 's', now(), now(), now() + interval '30 days', 'n')`)
	for n := range people {
		id := uuid.New()
		o.exec(`INSERT INTO comment (id, consultation_id, number, received_at, title, body, masked_name, occupation, text_digest,
				form_digest, code_index, tail_index)
			VALUES ($1, '2025-0001', $2, now(), 'title', $4, '张**', '其他', '', '', $3, '')`, id, n+1, id[:], strings.Repeat(uuid.NewString(), 20))
		sealed, err := o.keys.Seal(id, vault.Personal{Name: vault.NewSecret("欧阳测标"), Phone: vault.NewSecret("13812345678")})
		if err != nil {
			t.Fatal(err)
		}
		err = o.db.InTx(t.Context(), func(tx pgx.Tx) error {
			if err := vault.Store(t.Context(), tx, []vault.Row{{CommentID: id, ConsultationID: "2025-0001", Sealed: sealed}}); err != nil {
				return err
			}
			return audit.Record(t.Context(), tx, audit.Entry{At: time.Now(), Actor: "public", Action: "comment.submit", Subject: fmt.Sprint(n)})
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	o.seal(o.db)
	return o
}

func (o *office) exec(sql string, args ...any) {
	o.t.Helper()
	if _, err := o.db.Exec(o.t.Context(), sql, args...); err != nil {
		o.t.Fatal(err)
	}
}

// seal has every entry of the record in the chain. A transaction of another test on the same server can hold some back.
func (o *office) seal(db *postgres.DB) {
	o.t.Helper()
	sealer := &audit.Sealer{DB: db, Key: o.keys.AuditKey(), Log: slog.New(slog.DiscardHandler)}
	for left := true; left; runtime.Gosched() {
		if _, err := sealer.SealOnce(o.t.Context()); err != nil {
			o.t.Fatal(err)
		}
		err := db.QueryRow(o.t.Context(), `
			SELECT EXISTS (SELECT FROM audit_entry e WHERE NOT EXISTS (SELECT FROM audit_chain c WHERE c.entry_id = e.id))`).Scan(&left)
		if err != nil {
			o.t.Fatal(err)
		}
	}
}

func (o *office) secret() Secret { return Secret{Keys: o.keys} }

func (o *office) backup() string {
	o.t.Helper()
	path := filepath.Join(o.t.TempDir(), "wenji.backup")
	if _, err := Make(o.t.Context(), o.db, pgtest.URL(o.db), path, o.secret(), quiet); err != nil {
		o.t.Fatal(err)
	}
	return path
}

// fresh is an empty database.
func fresh(t *testing.T) (*postgres.DB, string) {
	t.Helper()
	address := pgtest.Empty(t)
	db, err := postgres.Open(t.Context(), address, postgres.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(db.Close)
	return db, address
}

func TestARestoredDatabaseHasEveryRowSealAndLinkOfTheChain(t *testing.T) {
	t.Parallel()
	o := newOffice(t, 30)
	o.exec(`INSERT INTO member (id, username, name, role, password_hash, totp_secret, created_at)
		VALUES ('0190aaaa-0000-7000-8000-000000000001', 'u', 'n', 'moderator', '', '', now())`)
	o.exec(`INSERT INTO session (token_digest, member_id, created_at, seen_at, expires_at)
		VALUES ('x', '0190aaaa-0000-7000-8000-000000000001', now(), now(), now())`)
	path := o.backup()
	db, address := fresh(t)
	m, err := Restore(t.Context(), db, address, path, o.secret(), quiet)
	if err != nil {
		t.Fatal(err)
	}
	p, err := Verify(t.Context(), db, o.keys, m, quiet)
	if err != nil || !p.Sound() || p.Seals.Rows != 30 || p.Record.Sealed != 30 || p.Tables < 20 || m.Audit == "" {
		t.Fatalf("%+v (%v)", p, err)
	}
	var sessions int
	if err := db.QueryRow(t.Context(), `SELECT count(*) FROM session`).Scan(&sessions); err != nil || sessions != 0 {
		t.Errorf("%d sessions live on (%v)", sessions, err)
	}
	if n, err := postgres.Migrate(t.Context(), address, slog.New(slog.DiscardHandler)); err != nil || n != 0 {
		t.Errorf("%d migrations to do after a restore (%v)", n, err)
	}
	// Work goes on: the record takes entries of the new server behind those of the old one.
	err = db.InTx(t.Context(), func(tx pgx.Tx) error {
		return audit.Record(t.Context(), tx, audit.Entry{At: time.Now(), Actor: "a", Action: "b"})
	})
	if err != nil {
		t.Fatal(err)
	}
	o.seal(db)
	if r, err := audit.Verify(t.Context(), db, o.keys.AuditKey()); err != nil || r.Broken != nil || r.Entries != 31 {
		t.Errorf("after the restore: %+v (%v)", r, err)
	}

	for name, harm := range map[string]string{
		"a row that is missing":  `DELETE FROM personal_data WHERE comment_id = (SELECT id FROM comment WHERE number = 1)`,
		"a word that is another": `UPDATE comment SET body = body || '。' WHERE number = 2`,
		"a seal that is broken":  `UPDATE personal_data SET phone = phone || '\x00' WHERE comment_id = (SELECT id FROM comment WHERE number = 3)`,
	} {
		if _, err := db.Exec(t.Context(), harm); err != nil {
			t.Fatal(err)
		}
		if p, err := Verify(t.Context(), db, o.keys, m, quiet); err != nil || p.Sound() {
			t.Errorf("%s is not noticed: %+v (%v)", name, p, err)
		}
	}
}

func TestABackupIsNotRestoredIntoADatabaseInUse(t *testing.T) {
	t.Parallel()
	o := newOffice(t, 1)
	path := o.backup()
	if _, err := Restore(t.Context(), o.db, pgtest.URL(o.db), path, o.secret(), quiet); !errors.Is(err, ErrNotEmpty) {
		t.Errorf("%v, want ErrNotEmpty", err)
	}
}

func TestABackupHoldsNothingInTheClearAndIsNotOverwritten(t *testing.T) {
	t.Parallel()
	o := newOffice(t, 3)
	path := o.backup()
	content, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	keyFile, err := os.ReadFile(o.path)
	if err != nil {
		t.Fatal(err)
	}
	var keys struct {
		Index string `json:"index_key"`
	}
	if err := json.Unmarshal(keyFile, &keys); err != nil {
		t.Fatal(err)
	}
	for _, clear := range []string{"PGDMP", "consultation", "2025-0001", keys.Index} {
		if bytes.Contains(content, []byte(clear)) {
			t.Errorf("the file holds %q", clear)
		}
	}
	if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("mode %v (%v)", info.Mode(), err)
	}
	if _, err := Make(t.Context(), o.db, pgtest.URL(o.db), path, o.secret(), quiet); !errors.Is(err, os.ErrExist) {
		t.Errorf("made again: %v", err)
	}
	var m Manifest
	beside, err := os.ReadFile(path + ".json")
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(beside, &m); err != nil || m.Size != int64(len(content)) || m.Tables["comment"].Rows != 3 || m.KeyID != "k1" {
		t.Errorf("manifest %+v (%v)", m, err)
	}
}

func TestABackupThatWasCutOffOrChangedIsRefused(t *testing.T) {
	t.Parallel()
	o := newOffice(t, 400) // several chunks
	path := o.backup()
	content, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if len(content) < 3*chunk {
		t.Fatalf("%d bytes are too few chunks", len(content))
	}
	begin := bytes.IndexByte(content[len(magic):], '\n') + len(magic) + 1
	whole := begin + 4 + chunk + 16 // the first chunk with its length
	changed := func(at int) []byte {
		b := bytes.Clone(content)
		b[at] ^= 1
		return b
	}
	second := content[whole : whole+4+chunk+16]
	for name, c := range map[string]struct {
		content []byte
		want    error
	}{
		"empty":              {nil, ErrNotBackup},
		"another file":       {bytes.Repeat([]byte("x"), 1000), ErrNotBackup},
		"header only":        {content[:begin], ErrDamaged},
		"header changed":     {changed(len(magic) + 12), nil},
		"first chunk":        {changed(begin + 100), ErrDamaged},
		"length of a chunk":  {changed(begin + 1), ErrDamaged},
		"last byte":          {changed(len(content) - 1), ErrDamaged},
		"cut at a chunk":     {content[:whole], ErrDamaged},
		"cut within a chunk": {content[:len(content)-40], ErrDamaged},
		"more at the end":    {append(bytes.Clone(content), 0), ErrDamaged},
		"a chunk twice":      {append(append(bytes.Clone(content[:whole+len(second)]), second...), content[whole+len(second):]...), ErrDamaged},
		"a chunk left out":   {append(bytes.Clone(content[:whole]), content[whole+len(second):]...), ErrDamaged},
	} {
		bad := filepath.Join(t.TempDir(), "bad")
		if err := os.WriteFile(bad, c.content, 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := Read(bad, o.secret(), quiet); err == nil || c.want != nil && !errors.Is(err, c.want) {
			t.Errorf("%s: %v, want %v", name, err, c.want)
		}
	}
	bad := filepath.Join(t.TempDir(), "bad")
	if err := os.WriteFile(bad, content[:len(content)-40], 0o600); err != nil {
		t.Fatal(err)
	}
	db, address := fresh(t)
	if _, err := Restore(t.Context(), db, address, bad, o.secret(), quiet); !errors.Is(err, ErrDamaged) {
		t.Errorf("restore: %v", err)
	}
	if _, err := prepare(t.Context(), db); err != nil {
		t.Errorf("a refused restore left something: %v", err)
	}
}

func TestOnlyTheRightKeyOrPassphraseOpensABackup(t *testing.T) {
	t.Parallel()
	o := newOffice(t, 1)
	path := o.backup()
	other, err := vault.Create(filepath.Join(t.TempDir(), "keys.json"))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := Read(path, Secret{Keys: other}, quiet); !errors.Is(err, ErrDamaged) { // its k1 is another k1
		t.Errorf("another key file: %v", err)
	}
	if _, err := Read(path, Secret{Passphrase: []byte("x")}, quiet); !errors.Is(err, ErrKey) {
		t.Errorf("a passphrase for a key: %v", err)
	}
	if _, err := vault.AddKey(o.path, vault.AES, time.Now()); err != nil {
		t.Fatal(err)
	}
	if err := o.keys.Reload(); err != nil {
		t.Fatal(err)
	}
	if _, err := Read(path, o.secret(), quiet); err != nil {
		t.Errorf("after a rotation: %v", err)
	}
	phrase := Secret{Passphrase: []byte("正确的马电池订书钉"), Algorithm: vault.AES}
	path = filepath.Join(t.TempDir(), "phrase")
	if _, err := Make(t.Context(), o.db, pgtest.URL(o.db), path, phrase, quiet); err != nil {
		t.Fatal(err)
	}
	if m, err := Read(path, phrase, quiet); err != nil || m.Rows() == 0 {
		t.Errorf("with the passphrase: %v", err)
	}
	if _, err := Read(path, Secret{Passphrase: []byte("错误"), Algorithm: vault.AES}, quiet); !errors.Is(err, ErrDamaged) {
		t.Errorf("another passphrase: %v", err)
	}
	if _, err := Read(path, o.secret(), quiet); !errors.Is(err, ErrKey) {
		t.Errorf("a key for a passphrase: %v", err)
	}
}

func TestAFailedBackupLeavesNoFile(t *testing.T) {
	t.Parallel()
	o := newOffice(t, 1)
	dir := t.TempDir()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := Make(ctx, o.db, pgtest.URL(o.db), filepath.Join(dir, "b"), o.secret(), quiet); err == nil {
		t.Fatal("made under a cancelled context")
	}
	if names, err := filepath.Glob(filepath.Join(dir, "*")); err != nil || len(names) != 0 {
		t.Errorf("left behind: %v (%v)", names, err)
	}
}

func TestStreamsOfAnyLengthComeBack(t *testing.T) {
	t.Parallel()
	secret := Secret{Passphrase: []byte("p"), Algorithm: vault.SM4}
	for _, n := range []int{0, 1, chunk - 1, chunk, chunk + 1, 3 * chunk} {
		want := make([]byte, n)
		if _, err := rand.Read(want); err != nil {
			t.Fatal(err)
		}
		h, aead, err := secret.begin(time.Now())
		if err != nil {
			t.Fatal(err)
		}
		var file bytes.Buffer
		s, err := newSealer(&file, h, aead)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := s.Write(want); err != nil {
			t.Fatal(err)
		}
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
		o, _, err := newOpener(&file, secret)
		if err != nil {
			t.Fatal(err)
		}
		if got, err := io.ReadAll(o); err != nil || !bytes.Equal(got, want) {
			t.Errorf("%d bytes: %d came back (%v)", n, len(got), err)
		}
	}
}

func TestThePasswordIsNotOnTheCommandLine(t *testing.T) {
	t.Parallel()
	for address, want := range map[string]string{
		"postgres://u:p%40ss@db.example:5432/wenji?sslmode=disable&pool_max_conns=3": "postgres://u@db.example:5432/wenji?sslmode=disable",
		"host=db.example user=u password='p@ss' dbname=wenji pool_max_conns=3":       "host=db.example user=u dbname=wenji",
	} {
		safe, password, err := withoutPassword(address)
		if err != nil || safe != want || password != "p@ss" {
			t.Errorf("%s: %q %q (%v)", address, safe, password, err)
		}
	}
}
