package audit

import (
	"strings"
	"testing"

	"wenji/internal/postgres/pgtest"

	"github.com/google/uuid"
)

func TestAnEmptyRecordIsSound(t *testing.T) {
	t.Parallel()
	db := pgtest.New(t)
	if r := verify(t, db); r.Entries != 0 || r.Sealed != 0 || r.Waiting != 0 || r.Broken != nil || r.End.Position != 0 {
		t.Errorf("%+v", r)
	}
	if n, err := newSealer(db).SealOnce(t.Context()); n != 0 || err != nil {
		t.Errorf("sealing nothing: %d, %v", n, err)
	}
}

// TestVerifyNamesTheFirstBrokenEntry tampers as the server's administrator with a chain of five.
func TestVerifyNamesTheFirstBrokenEntry(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name     string
		sql      []string // $3 stands for the third entry's id, and so on
		what     string
		position int64
		entry    int // 1 to 5; 0 when not known
	}{
		{"detail changed", []string{`UPDATE audit_entry SET detail = 'x' WHERE id = $3`}, Changed, 3, 3},
		{"actor changed", []string{`UPDATE audit_entry SET actor = '李四' WHERE id = $1`}, Changed, 1, 1},
		{"words moved to the next field", []string{`UPDATE audit_entry SET subject = '', detail = subject WHERE id = $2`}, Changed, 2, 2},
		{"time changed", []string{`UPDATE audit_entry SET at = at + interval '1 microsecond' WHERE id = $5`}, Changed, 5, 5},
		{"transaction changed", []string{`UPDATE audit_entry SET tx = 1 WHERE id = $4`}, Changed, 4, 4},
		{"two changed", []string{`UPDATE audit_entry SET detail = 'x' WHERE id IN ($4, $2)`}, Changed, 2, 2},
		{"deleted", []string{`DELETE FROM audit_entry WHERE id = $3`}, Deleted, 3, 3},
		{"last deleted", []string{`DELETE FROM audit_entry WHERE id = $5`}, Deleted, 5, 5},
		{"deleted and put in anew", []string{
			`DELETE FROM audit_entry WHERE id = $3`,
			`INSERT INTO audit_entry (id, at, actor, role, action) VALUES ($3, now(), 'a', 'r', 'x')`}, Changed, 3, 3},
		{"places exchanged", []string{
			`UPDATE audit_chain SET position = position + 100 WHERE position IN (2, 4)`,
			`UPDATE audit_chain SET position = 106 - position WHERE position > 100`}, Reordered, 2, 4},
		{"neighbours exchanged", []string{
			`UPDATE audit_chain SET position = 100 WHERE position = 3`,
			`UPDATE audit_chain SET position = 3 WHERE position = 4`,
			`UPDATE audit_chain SET position = 4 WHERE position = 100`}, Reordered, 3, 4},
		{"entries exchanged under their digests", []string{
			`UPDATE audit_chain SET entry_id = gen_random_uuid() WHERE position = 1`,
			`UPDATE audit_chain SET entry_id = $1 WHERE position = 2`,
			`UPDATE audit_chain SET entry_id = $2 WHERE position = 1`}, Reordered, 1, 2},
		{"chain row deleted", []string{`DELETE FROM audit_chain WHERE position = 3`}, RowMissing, 3, 0},
		{"first chain row deleted", []string{`DELETE FROM audit_chain WHERE position = 1`}, RowMissing, 1, 0},
		{"digest altered", []string{`UPDATE audit_chain SET digest = sha256(digest) WHERE position = 3`}, RowAltered, 3, 3},
		{"digest emptied", []string{`UPDATE audit_chain SET digest = '' WHERE position = 1`}, RowAltered, 1, 1},
		{"chain row's transaction altered", []string{`UPDATE audit_chain SET tx = 1 WHERE position = 5`}, RowAltered, 5, 5},
		{"entry and chain row deleted, the rest moved up", []string{
			`DELETE FROM audit_entry WHERE id = $2`,
			`DELETE FROM audit_chain WHERE position = 2`,
			`UPDATE audit_chain SET position = position + 100 WHERE position > 2`,
			`UPDATE audit_chain SET position = position - 101 WHERE position > 100`}, Changed, 2, 3},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			db := pgtest.New(t)
			ids := record(t, db, 5)
			seal(t, newSealer(db), 5)
			if r := verify(t, db); r.Broken != nil || r.Sealed != 5 {
				t.Fatalf("broken before: %+v", r.Broken)
			}
			for _, sql := range c.sql {
				for i, id := range ids {
					sql = strings.ReplaceAll(sql, "$"+string(rune('1'+i)), "'"+id.String()+"'")
				}
				tamper(t, db, sql)
			}
			want := Break{Position: c.position, What: c.what}
			if c.entry > 0 {
				want.EntryID = ids[c.entry-1]
			}
			r := verify(t, db)
			if r.Broken == nil || *r.Broken != want {
				t.Errorf("got %+v, want %+v", r.Broken, want)
			}
			if r.Sealed != int(c.position)-1 || r.End.Position != c.position-1 {
				t.Errorf("%d sound up to %d, want %d", r.Sealed, r.End.Position, c.position-1)
			}
		})
	}
}

func TestAnEntryPutInBehindTheChainIsNamedAfterAnHour(t *testing.T) {
	t.Parallel()
	db := pgtest.New(t)
	s := newSealer(db)
	record(t, db, 3)
	seal(t, s, 3)
	id := uuid.Must(uuid.NewV7())
	// Its transaction says it was there before the others: the sealer has passed that place.
	_, err := db.Exec(t.Context(), `
		INSERT INTO audit_entry (id, tx, at, actor, role, action) VALUES ($1, 3, $2, 'a', 'r', 'x')`, id, db.Now())
	must(t, err)
	if n, err := s.SealOnce(t.Context()); n != 0 || err != nil {
		t.Errorf("the sealer took it: %d, %v", n, err)
	}
	if r := verify(t, db); r.Broken != nil || r.Waiting != 1 {
		t.Errorf("at once: %+v, %+v", r, r.Broken)
	}
	db.Skew = unsealedAfter + 1e9
	if r := verify(t, db); r.Broken == nil || *r.Broken != (Break{EntryID: id, What: Unchained}) {
		t.Errorf("after an hour: %+v", r.Broken)
	}
}

func TestAChainCutShortIsNamedAfterAnHour(t *testing.T) {
	t.Parallel()
	db := pgtest.New(t)
	ids := record(t, db, 3)
	seal(t, newSealer(db), 3)
	tamper(t, db, `DELETE FROM audit_chain WHERE position > 1`)
	db.Skew = unsealedAfter + 1e9
	if r := verify(t, db); r.Broken == nil || *r.Broken != (Break{EntryID: ids[1], What: Unchained}) {
		t.Errorf("got %+v, want entry 2", r.Broken)
	}
}

func TestAnAnchorShowsAChainThatWasCutAndWrittenAnew(t *testing.T) {
	t.Parallel()
	db := pgtest.New(t)
	s := newSealer(db)
	record(t, db, 2)
	seal(t, s, 2)
	first := verify(t, db).End
	ids := record(t, db, 2)
	seal(t, s, 2)
	second := verify(t, db, first).End
	if first.Position != 2 || second.Position != 4 {
		t.Fatalf("anchors %v and %v", first, second)
	}
	tamper(t, db, `DELETE FROM audit_chain WHERE position > 2`)
	if r := verify(t, db, first, second); r.Broken == nil || *r.Broken != (Break{Position: 4, What: AnchorLost}) {
		t.Errorf("cut off: %+v, want the second anchor lost", r.Broken)
	}
	tamper(t, db, `UPDATE audit_entry SET detail = 'x' WHERE id = $1`, ids[0])
	seal(t, s, 2) // the honest sealer seals what it finds
	if r := verify(t, db); r.Broken != nil {
		t.Fatalf("without an anchor this cannot be seen: %+v", r.Broken)
	}
	if r := verify(t, db, second, first); r.Broken == nil || *r.Broken != (Break{Position: 4, What: AnchorLost}) {
		t.Errorf("written anew: %+v, want the second anchor lost", r.Broken)
	}
}

func TestAnotherKeyFindsNothingSound(t *testing.T) {
	t.Parallel()
	db := pgtest.New(t)
	record(t, db, 1)
	seal(t, newSealer(db), 1)
	r, err := Verify(t.Context(), db, []byte("another key, of another portal..."))
	must(t, err)
	if r.Broken == nil || r.Sealed != 0 {
		t.Errorf("%+v", r)
	}
}

func TestVerifyTellsABrokenDatabaseFromABrokenRecord(t *testing.T) {
	t.Parallel()
	db := pgtest.New(t)
	db.Close()
	if r, err := Verify(t.Context(), db, testKey); err == nil {
		t.Errorf("no error but %+v", r)
	}
}

func BenchmarkDigest(b *testing.B) {
	link := newChain(testKey)
	e := stored{at: noon, actor: "王芳", role: "moderator", action: "publish", about: "2025-0001", what: "第3号", detail: "公开"}
	b.ReportAllocs()
	for b.Loop() {
		link.next(firstDigest, &e)
	}
}
