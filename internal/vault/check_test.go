package vault

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"wenji/internal/apperr"
	"wenji/internal/postgres"
	"wenji/internal/postgres/pgtest"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
)

func TestADatabaseTakesTheFirstRingAndRefusesAnother(t *testing.T) {
	t.Parallel()
	db := pgtest.New(t)
	path, k := newFile(t)
	for range 2 {
		if err := k.Check(t.Context(), db); err != nil {
			t.Fatal(err)
		}
	}
	_, other := newFile(t)
	err := other.Check(t.Context(), db)
	if !errors.Is(err, ErrOtherKeys) || !strings.Contains(err.Error(), "use the key file that belongs to it") {
		t.Errorf("another ring: %v, want ErrOtherKeys and what to do", err)
	}

	old, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := AddKey(path, AES, time.Now()); err != nil {
		t.Fatal(err)
	}
	grown, err := Load(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := grown.Check(t.Context(), db); err != nil {
		t.Errorf("a ring that gained a key: %v", err)
	}
	if err := k.Check(t.Context(), db); !errors.Is(err, ErrOtherKeys) || !strings.Contains(err.Error(), `"k2"`) {
		t.Errorf("a ring older than the database: %v, want ErrOtherKeys naming k2", err)
	}

	// From a backup of the file, a key of the same name is made again: the name does not make it the same key.
	again := filepath.Join(t.TempDir(), "keys.json")
	if err := os.WriteFile(again, old, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := AddKey(again, AES, time.Now()); err != nil {
		t.Fatal(err)
	}
	forked, err := Load(again)
	if err != nil {
		t.Fatal(err)
	}
	if err := forked.Check(t.Context(), db); !errors.Is(err, ErrOtherKeys) {
		t.Errorf("another k2: %v, want ErrOtherKeys", err)
	}
}

func TestARefusedRingLeavesNoTrace(t *testing.T) {
	t.Parallel()
	db := pgtest.New(t)
	_, k := newFile(t)
	if err := k.Check(t.Context(), db); err != nil {
		t.Fatal(err)
	}
	path, _ := newFile(t)
	if _, err := AddKey(path, AES, time.Now()); err != nil {
		t.Fatal(err)
	}
	other, err := Load(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := other.Check(t.Context(), db); !errors.Is(err, ErrOtherKeys) {
		t.Fatal(err)
	}
	if err := k.Check(t.Context(), db); err != nil {
		t.Errorf("the refused ring's second key was remembered: %v", err)
	}
}

func TestOfTwoRingsAtOnceOneWins(t *testing.T) {
	t.Parallel()
	db := pgtest.New(t)
	rings := make([]*KeyRing, 6)
	for i := range rings {
		_, rings[i] = newFile(t)
	}
	var (
		all  sync.WaitGroup
		errs = make([]error, len(rings))
	)
	for i, k := range rings {
		all.Go(func() { errs[i] = k.Check(t.Context(), db) })
	}
	all.Wait()
	won := 0
	for i, err := range errs {
		switch {
		case err == nil:
			won++
		case !errors.Is(err, ErrOtherKeys):
			t.Errorf("ring %d: %v", i, err)
		}
	}
	if won != 1 {
		t.Errorf("%d rings were taken, want 1", won)
	}
}

func TestReadReturnsTheRowAsSealed(t *testing.T) {
	t.Parallel()
	db := pgtest.New(t)
	_, k := newFile(t)
	id := uuid.New()
	s, err := k.Seal(id, Personal{Name: someone.Name, Phone: someone.Phone})
	if err != nil {
		t.Fatal(err)
	}
	storeFor(t, db, id, s)
	err = db.InTx(t.Context(), func(tx pgx.Tx) error {
		got, err := Read(t.Context(), tx, id)
		if err != nil {
			return err
		}
		p, err := k.Open(id, got)
		if err != nil {
			return err
		}
		if p.Name != someone.Name || p.Phone != someone.Phone || !p.Email.Empty() || string(got.IdentityIndex) != string(s.IdentityIndex) {
			t.Error("the row came back changed")
		}
		if _, err := Read(t.Context(), tx, uuid.New()); !errors.Is(err, apperr.ErrNotFound) {
			t.Errorf("no such row: %v, want ErrNotFound", err)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

// storeFor stores a comment's personal data, and the little of a comment that it hangs on.
func storeFor(t *testing.T, db *postgres.DB, id uuid.UUID, s Sealed) {
	t.Helper()
	for _, step := range []struct {
		sql  string
		args []any
	}{
		{`INSERT INTO consultation (id, kind, title, headline, unit, source, published_on, opens_at, closes_at, notice)
		  VALUES ('2025-0001', 'normative_document', 't', 'h', 'u', 's', now(), now(), now() + interval '30 days', 'n')`, nil},
		{`INSERT INTO comment (id, consultation_id, number, received_at, title, body, masked_name, occupation, text_digest,
		                       form_digest, code_index, tail_index)
		  VALUES ($1, '2025-0001', 1, now(), 't', 'b', '张**', '其他', '', '', '', '')`, []any{id}},
	} {
		if _, err := db.Exec(t.Context(), step.sql, step.args...); err != nil {
			t.Fatal(err)
		}
	}
	err := db.InTx(t.Context(), func(tx pgx.Tx) error {
		return Store(t.Context(), tx, []Row{{CommentID: id, ConsultationID: "2025-0001", Sealed: s}})
	})
	if err != nil {
		t.Fatal(err)
	}
}
