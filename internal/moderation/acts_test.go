package moderation_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"wenji/internal/apperr"
	"wenji/internal/comment"
	"wenji/internal/moderation"
	"wenji/internal/staff"
	"wenji/internal/vault"

	"github.com/google/uuid"
)

// act is one method of the store that changes something, ready to be called on a waiting comment (Undo: on a
// published one).
type act struct {
	name   string
	action string // in the record; empty for claims, which are not recorded
	call   func(ctx context.Context, f *fixture, by staff.Member, id uuid.UUID) error
}

func decide(action string) func(context.Context, *fixture, staff.Member, uuid.UUID) error {
	return func(ctx context.Context, f *fixture, by staff.Member, id uuid.UUID) error {
		return f.Decide(ctx, by, moderation.Decision{CommentID: id, Version: 1, Action: action, Reason: "privacy"})
	}
}

var acts = []act{
	{"publish", "comment.publish", decide(moderation.Publish)},
	{"withhold", "comment.withhold", decide(moderation.Withhold)},
	{"decline", "comment.decline", decide(moderation.Decline)},
	{"bulk", "comment.publish", func(ctx context.Context, f *fixture, by staff.Member, id uuid.UUID) error {
		_, err := f.Bulk(ctx, by, []uuid.UUID{id}, []int{1})
		return err
	}},
	{"undo", "comment.undo", func(ctx context.Context, f *fixture, by staff.Member, id uuid.UUID) error {
		return f.Undo(ctx, by, id, 2)
	}},
	{"note", "comment.note", func(ctx context.Context, f *fixture, by staff.Member, id uuid.UUID) error {
		return f.Note(ctx, by, id, "已电话核实")
	}},
	{"reveal", "comment.reveal", func(ctx context.Context, f *fixture, by staff.Member, id uuid.UUID) error {
		_, err := f.Reveal(ctx, by, id, "回访当事人")
		return err
	}},
	{"claim", "", func(ctx context.Context, f *fixture, by staff.Member, _ uuid.UUID) error {
		_, err := f.Claim(ctx, by, "")
		return err
	}},
	{"release", "", func(ctx context.Context, f *fixture, by staff.Member, id uuid.UUID) error {
		return f.Release(ctx, by, id)
	}},
}

// ready stores a comment the act can be done to.
func (f *fixture) ready(a act) uuid.UUID {
	f.t.Helper()
	id := f.arrive(arrival{clauses: []int{2}, person: vault.Personal{Phone: vault.NewSecret("13812345678")}})
	if a.name == "undo" {
		f.must(wangHui, id, moderation.Publish)
	}
	return id
}

// everything is the content of all tables that an act may change.
func (f *fixture) everything() string {
	f.t.Helper()
	return fmt.Sprint(f.list(`
		SELECT c::text FROM comment c UNION ALL SELECT d::text FROM decision d UNION ALL SELECT r::text FROM redaction r
		 UNION ALL SELECT n::text FROM note n UNION ALL SELECT k::text FROM comment_count k
		 UNION ALL SELECT l::text FROM clause_count l UNION ALL SELECT e::text FROM audit_entry e ORDER BY 1`))
}

func TestAWrongRoleIsRefusedEveryActAndChangesNothing(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	for _, a := range acts {
		id := f.ready(a)
		before := f.everything()
		for _, by := range []staff.Member{admin, editor, {}, {ID: liMing.ID, Name: "李明", Role: "root"}} {
			if err := a.call(t.Context(), f, by, id); !errors.Is(err, apperr.ErrForbidden) {
				t.Errorf("%s by %q: %v", a.name, by.Role, err)
			}
		}
		if f.everything() != before {
			t.Errorf("a refused %s changed something", a.name)
		}
	}
	for _, by := range []staff.Member{admin, {}} {
		_, _, errQueue := f.Queue(t.Context(), by, moderation.Filter{})
		_, errCounts := f.Counts(t.Context(), by)
		_, errComment := f.Comment(t.Context(), by, uuid.New())
		for _, err := range []error{errQueue, errCounts, errComment} {
			if !errors.Is(err, apperr.ErrForbidden) {
				t.Errorf("reading by %q: %v", by.Role, err)
			}
		}
	}
	if _, _, err := f.Queue(t.Context(), editor, moderation.Filter{}); err != nil {
		t.Errorf("an editor may read: %v", err)
	}
}

func TestEveryActIsInTheRecordWithoutWordsOrPersonalData(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	details := map[string]string{"withhold": "privacy", "decline": "privacy", "reveal": "回访当事人"}
	for _, a := range acts {
		id := f.ready(a)
		before := len(f.record())
		if err := a.call(t.Context(), f, liMing, id); err != nil {
			t.Fatalf("%s: %v", a.name, err)
		}
		entries := f.record()[before:]
		if a.action == "" {
			if len(entries) != 0 {
				t.Errorf("%s: record %q", a.name, entries)
			}
			continue
		}
		want := fmt.Sprintf("李明 (liming)|moderator|%s|%s|comment %d|%s", a.action, first, f.detail(id).Number, details[a.name])
		if !slices.Equal(entries, []string{want}) {
			t.Errorf("%s: record %q, want %q", a.name, entries, want)
		}
	}
	id := f.arrive(arrival{body: "我的电话是13812345678，请联系。", title: "联系"})
	f.must(liMing, id, moderation.Publish, comment.Span{Field: "body", Start: 5, End: 16, Kind: comment.SpanPhone})
	all := strings.Join(f.record(), "\n")
	if !strings.HasSuffix(all, "|hidden spans: 1") {
		t.Errorf("record %q", all)
	}
	for _, words := range []string{"扶手", "13812345678", "张三丰", "已电话核实"} {
		if strings.Contains(all, words) {
			t.Errorf("the record holds %q", words)
		}
	}
}

// TestAnActThatCannotBeKeptLeavesNothing has the database refuse each act at the very end, when all is written.
func TestAnActThatCannotBeKeptLeavesNothing(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	ids := make([]uuid.UUID, len(acts))
	for i, a := range acts {
		ids[i] = f.ready(a)
	}
	f.asOwner(`
		CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'full'; END $$;
		CREATE CONSTRAINT TRIGGER refuse AFTER INSERT ON audit_entry DEFERRABLE INITIALLY DEFERRED
		  FOR EACH ROW EXECUTE FUNCTION refuse();`)
	before := f.everything()
	for i, a := range acts {
		if a.action == "" {
			continue
		}
		if err := a.call(t.Context(), f, liMing, ids[i]); err == nil {
			t.Errorf("%s succeeded without an entry in the record", a.name)
		}
		if f.everything() != before {
			t.Errorf("%s left something behind", a.name)
		}
	}
	if p, err := f.Reveal(t.Context(), liMing, ids[0], "回访当事人"); err == nil || p != (vault.Personal{}) {
		t.Error("personal data was shown without an entry in the record")
	}
}

func TestRevealNeedsAPurpose(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	id := f.arrive(arrival{person: vault.Personal{
		Name: vault.NewSecret("欧阳测标"), IDNumber: vault.NewSecret("210102194912310011"), Phone: vault.NewSecret("13812345678"),
	}})
	for _, purpose := range []string{"", "   ", "核实一", "  核 ", "核实\u202e身份", strings.Repeat("核", 201)} {
		_, err := f.Reveal(t.Context(), liMing, id, purpose)
		wantProblem(t, err, "reason")
	}
	p, err := f.Reveal(t.Context(), liMing, id, " 核实身份 ")
	if err != nil {
		t.Fatal(err)
	}
	if p.Name.Reveal() != "欧阳测标" || p.IDNumber.Reveal() != "210102194912310011" || p.Phone.Reveal() != "13812345678" {
		t.Error("not the commenter's data")
	}
	if got := f.record(); len(got) != 1 || !strings.HasSuffix(got[0], "|核实身份") {
		t.Errorf("record %q", got)
	}
	f.exec(`DELETE FROM personal_data WHERE comment_id = $1`, id)
	for _, gone := range []uuid.UUID{id, uuid.New()} {
		if _, err := f.Reveal(t.Context(), liMing, gone, "核实身份"); !errors.Is(err, apperr.ErrNotFound) {
			t.Errorf("erased or unknown: %v", err)
		}
	}
}

func TestDamagedPersonalDataAffectsItsRevealAndNothingElse(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	person := vault.Personal{Name: vault.NewSecret("张三丰"), Phone: vault.NewSecret("13812345678")}
	damaged, whole := f.arrive(arrival{person: person, age: time.Hour}), f.arrive(arrival{person: person})
	f.exec(`UPDATE personal_data SET phone = set_byte(phone, length(phone) - 1, get_byte(phone, length(phone) - 1) # 1)
	         WHERE comment_id = $1`, damaged)
	if _, err := f.Reveal(t.Context(), liMing, damaged, "核实身份"); !errors.Is(err, vault.ErrSeal) {
		t.Errorf("reveal of damaged data: %v", err)
	} else if strings.Contains(err.Error(), "138") {
		t.Errorf("the error holds personal data: %v", err)
	}
	if got := f.record(); len(got) != 0 {
		t.Errorf("a reveal that showed nothing is in the record: %q", got)
	}
	if _, err := f.Reveal(t.Context(), liMing, whole, "核实身份"); err != nil {
		t.Errorf("reveal of another: %v", err)
	}
	items, _, err := f.Queue(t.Context(), liMing, moderation.Filter{})
	if err != nil || len(items) != 2 {
		t.Errorf("queue: %d items, %v", len(items), err)
	}
	if d := f.detail(damaged); d.SameSender != 1 {
		t.Errorf("same sender %d, want 1", d.SameSender)
	}
	f.must(liMing, damaged, moderation.Publish)
}

func TestNotes(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	id := f.arrive(arrival{})
	for _, text := range []string{"", " \r\n\t", "a\x00b", "\xff", strings.Repeat("长", 1001)} {
		wantProblem(t, f.Note(t.Context(), liMing, id, text), "note")
	}
	if err := f.Note(t.Context(), liMing, uuid.New(), "备注"); !errors.Is(err, apperr.ErrNotFound) {
		t.Errorf("note on a comment that is not there: %v", err)
	}
	for i, by := range []staff.Member{liMing, wangHui} {
		f.at = f.at.Add(time.Minute)
		if err := f.Note(t.Context(), by, id, fmt.Sprintf(" 第%d条\r\n备注 ", i+1)); err != nil {
			t.Fatal(err)
		}
	}
	d := f.detail(id)
	if len(d.Notes) != 2 || d.Notes[0].Text != "第1条\n备注" || d.Notes[1].By != "王辉" || !d.Notes[1].At.Equal(f.at) {
		t.Errorf("notes %+v", d.Notes)
	}
	if d.Version != 1 {
		t.Error("a note is not a decision")
	}
}

func TestTheSameSendersOtherCommentsAreCounted(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	by := func(id, phone string) vault.Personal {
		return vault.Personal{Name: vault.NewSecret("张三丰"), IDNumber: vault.NewSecret(id), Phone: vault.NewSecret(phone)}
	}
	a := f.arrive(arrival{person: by("210102194912310011", "13800000001")})
	f.arrive(arrival{person: by("210102194912310011", "13800000002"), consultation: second})
	f.arrive(arrival{person: by("210102194912310011", "13800000003")})
	other := f.arrive(arrival{person: by("", "13800000001")})
	none1, none2 := f.arrive(arrival{}), f.arrive(arrival{})
	for id, want := range map[uuid.UUID]int{a: 2, other: 0, none1: 0, none2: 0} {
		if got := f.detail(id).SameSender; got != want {
			t.Errorf("%d others by the same sender, want %d", got, want)
		}
	}
}
