package rotation

import (
	"context"
	"errors"
	"path/filepath"
	"runtime"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"wenji/internal/postgres"
	"wenji/internal/postgres/pgtest"
	"wenji/internal/staff"
	"wenji/internal/vault"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
)

// office is a portal's database with its key file.
type office struct {
	t    *testing.T
	db   *postgres.DB
	path string
	keys *vault.KeyRing
	seen atomic.Int64 // comments written
}

func newOffice(t *testing.T) *office {
	t.Helper()
	o := &office{t: t, db: pgtest.New(t), path: filepath.Join(t.TempDir(), "keys.json")}
	var err error
	if o.keys, err = vault.Create(o.path); err != nil {
		t.Fatal(err)
	}
	_, err = o.db.Exec(t.Context(), `
		INSERT INTO consultation (id, kind, title, headline, unit, source, published_on, opens_at, closes_at, notice)
		VALUES ('2025-0001', 'normative_document', 't', 'h', 'u', 's', now(), now(), now() + interval '30 days', 'n')`)
	if err != nil {
		t.Fatal(err)
	}
	return o
}

func person(n int64) vault.Personal {
	return vault.Personal{Name: vault.NewSecret("欧阳测标"), Phone: vault.NewSecret(strconv.FormatInt(13800000000+n, 10))}
}

// comment stores one as a replica with these keys does, and returns its key.
func (o *office) comment(ctx context.Context, keys *vault.KeyRing) (uuid.UUID, error) {
	id, err := uuid.NewV7()
	if err != nil {
		return id, err
	}
	return id, o.store(ctx, keys, id)
}

func (o *office) store(ctx context.Context, keys *vault.KeyRing, id uuid.UUID) error {
	n := o.seen.Add(1)
	sealed, err := keys.Seal(id, person(n))
	if err != nil {
		return err
	}
	return o.db.InTx(ctx, func(tx pgx.Tx) error {
		_, err := tx.Exec(ctx, `
			INSERT INTO comment (id, consultation_id, number, received_at, title, body, masked_name, occupation, text_digest,
			                     form_digest, code_index, tail_index)
			VALUES ($1, '2025-0001', $2, now(), 't', 'b', '张**', '其他', '', '', $3, '')`, id, n, id[:])
		if err != nil {
			return err
		}
		return vault.Store(ctx, tx, []vault.Row{{CommentID: id, ConsultationID: "2025-0001", Sealed: sealed}})
	})
}

func (o *office) comments(n int) {
	o.t.Helper()
	for range n {
		if _, err := o.comment(o.t.Context(), o.keys); err != nil {
			o.t.Fatal(err)
		}
	}
}

// newKey adds a key and returns a ring that has it, as `wenji keys rotate` does in a process of its own.
func (o *office) newKey(as vault.Algorithm) *vault.KeyRing {
	o.t.Helper()
	if _, err := vault.AddKey(o.path, as, time.Now()); err != nil {
		o.t.Fatal(err)
	}
	keys, err := vault.Load(o.path)
	if err != nil {
		o.t.Fatal(err)
	}
	return keys
}

func (o *office) rotation(keys *vault.KeyRing) *Rotation {
	people := &staff.Store{DB: o.db, Keys: keys, Now: o.db.Now}
	return &Rotation{DB: o.db, Keys: keys, Now: o.db.Now, Parts: []Part{
		{Name: "personal_data", Stale: keys.Stale, Next: keys.Rewrap},
		{Name: "member", Stale: people.StaleSecrets, Next: people.RewrapSecrets},
	}}
}

// check opens every row and counts those whose name another key than id sealed.
func (o *office) check(keys *vault.KeyRing, id string) (rows, other int) {
	o.t.Helper()
	list, err := o.db.Query(o.t.Context(), `
		SELECT p.comment_id, c.number, p.name, p.phone, p.identity_index
		  FROM personal_data p JOIN comment c ON c.id = p.comment_id`)
	if err != nil {
		o.t.Fatal(err)
	}
	var (
		comment     uuid.UUID
		number      int64
		name, phone []byte
		index       []byte
	)
	_, err = pgx.ForEachRow(list, []any{&comment, &number, &name, &phone, &index}, func() error {
		p, err := keys.Open(comment, vault.Sealed{Name: name, Phone: phone})
		if err != nil {
			return err
		}
		if want := person(number); p != want || string(index) != string(keys.Index("identity", want.Phone.Reveal())) {
			return errors.New("a row holds what is another's")
		}
		rows++
		if string(name[2:2+name[1]]) != id || string(phone[2:2+phone[1]]) != id {
			other++
		}
		return nil
	})
	if err != nil {
		o.t.Fatal(err)
	}
	return rows, other
}

func TestRotationWhileCommentsArriveLosesNothing(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	o.comments(450)
	running := o.keys // a replica that has not read the file again: it goes on with the older key
	keys := o.newKey(vault.SM4)
	ctx, stop := context.WithCancel(t.Context())
	var writers sync.WaitGroup
	for range 2 {
		writers.Go(func() {
			for ctx.Err() == nil {
				if _, err := o.comment(context.WithoutCancel(ctx), running); err != nil {
					t.Error(err)
					return
				}
			}
		})
	}
	first := true
	_, err := o.rotation(keys).Run(t.Context(), "test", func(int) {
		if first { // some arrive behind the rows already done, then the replica reads the file
			first = false
			before := o.seen.Load()
			for o.seen.Load() < before+20 && ctx.Err() == nil {
				runtime.Gosched()
			}
			if err := running.Reload(); err != nil {
				t.Error(err)
			}
		}
	})
	stop()
	writers.Wait()
	if err != nil {
		t.Fatal(err)
	}
	// What was in flight when the last pass went by is found by running it once more.
	if _, err := o.rotation(keys).Run(t.Context(), "test", func(int) {}); err != nil {
		t.Fatal(err)
	}
	rows, other := o.check(keys, "k2")
	if int64(rows) != o.seen.Load() || other != 0 {
		t.Errorf("%d rows of %d, %d not of the new key", rows, o.seen.Load(), other)
	}
}

func TestARowWrittenBehindTheRotationIsFoundByItsNextPass(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	o.comments(5)
	behind := o.keys
	keys := o.newKey(vault.AES)
	first := true
	result, err := o.rotation(keys).Run(t.Context(), "test", func(int) {
		if first {
			first = false
			if err := o.store(t.Context(), behind, uuid.MustParse("00000000-0000-7000-8000-000000000001")); err != nil {
				t.Error(err)
			}
		}
	})
	if _, other := o.check(keys, "k2"); err != nil || other != 0 || result.Done != 6 {
		t.Errorf("%+v, %d of the older key (%v)", result, other, err)
	}
}

func TestARotationThatWasCutOffGoesOnAndBothHalvesAreReadable(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	o.comments(2*batch + 50)
	keys := o.newKey(vault.SM4)
	ctx, kill := context.WithCancel(t.Context())
	_, err := o.rotation(keys).Run(ctx, "test", func(int) { kill() })
	if !errors.Is(err, context.Canceled) {
		t.Fatalf("cut off: %v", err)
	}
	if rows, other := o.check(keys, "k2"); rows != 2*batch+50 || other != batch+50 {
		t.Errorf("%d rows, %d of the older key; want one batch done", rows, other)
	}
	if n, err := o.rotation(keys).Stale(t.Context()); err != nil || n != batch+50 {
		t.Errorf("%d left (%v)", n, err)
	}
	result, err := o.rotation(keys).Run(t.Context(), "test", func(int) {})
	if err != nil || result.Done != batch+50 || result.Key != "k2" {
		t.Errorf("%+v (%v)", result, err)
	}
	if _, other := o.check(keys, "k2"); other != 0 {
		t.Errorf("%d of the older key", other)
	}
	if result, err = o.rotation(keys).Run(t.Context(), "test", func(int) {}); err != nil || result.Done != 0 {
		t.Errorf("once more: %+v (%v)", result, err)
	}
}

func TestADamagedRowIsLeftAndTheOthersGoOn(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	o.comments(3)
	if _, err := o.db.Exec(t.Context(), `
		UPDATE personal_data SET phone = set_byte(phone, 20, get_byte(phone, 20) # 1)
		 WHERE comment_id = (SELECT min(comment_id::text)::uuid FROM personal_data)`); err != nil {
		t.Fatal(err)
	}
	result, err := o.rotation(o.newKey(vault.AES)).Run(t.Context(), "test", func(int) {})
	if err != nil || result.Done != 2 || result.Damaged != 1 {
		t.Errorf("%+v (%v), want 2 done and 1 damaged", result, err)
	}
}

func TestSecondFactorsAreSealedAnewAndStillWork(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	people := &staff.Store{DB: o.db, Keys: o.keys, Now: o.db.Now}
	if err := people.Ensure(t.Context(), "liming", "李明", staff.Moderator, "wenji-test-password-1", "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"); err != nil {
		t.Fatal(err)
	}
	keys := o.newKey(vault.SM4)
	result, err := o.rotation(keys).Run(t.Context(), "test", func(int) {})
	if err != nil || result.Done != 1 {
		t.Fatalf("%+v (%v)", result, err)
	}
	var id uuid.UUID
	var sealed string
	if err := o.db.QueryRow(t.Context(), `SELECT id, convert_from(totp_secret, 'UTF8') FROM member`).Scan(&id, &sealed); err != nil {
		t.Fatal(err)
	}
	if secret, err := keys.Box("totp").Open(sealed, id.String()); err != nil || string(secret) != "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP" {
		t.Errorf("the secret does not open: %v", err)
	}
	if n, err := o.rotation(keys).Stale(t.Context()); err != nil || n != 0 {
		t.Errorf("%d left (%v)", n, err)
	}
}

func TestARotationIsInTheRecord(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	o.comments(2)
	if _, err := o.rotation(o.newKey(vault.SM4)).Run(t.Context(), "wenji command line", func(int) {}); err != nil {
		t.Fatal(err)
	}
	var got string
	err := o.db.QueryRow(t.Context(), `
		SELECT string_agg(action || ': ' || detail, '; ' ORDER BY id) FROM audit_entry WHERE actor = 'wenji command line'`).Scan(&got)
	if want := "keys.rotation_begun: k2 (sm4); keys.rotated: k2 (sm4): 2 rows sealed anew, 0 left that do not open"; err != nil || got != want {
		t.Errorf("record %q (%v), want %q", got, err, want)
	}
}
