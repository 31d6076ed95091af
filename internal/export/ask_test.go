package export

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"wenji/internal/apperr"
	"wenji/internal/staff"

	"github.com/google/uuid"
)

// asked is a Personal file that the moderator asked for.
func (f *fixture) asked(format string) uuid.UUID {
	f.t.Helper()
	id, err := f.Ask(context.Background(), moderator, Options{ConsultationID: draft, Format: format, Profile: Personal, Reason: "转交起草单位研究"})
	if err != nil {
		f.t.Fatal(err)
	}
	return id
}

// refer hands a comment over to a unit.
func (f *fixture) refer(comment uuid.UUID, unit, state string) {
	f.t.Helper()
	id := uuid.New()
	f.exec(`INSERT INTO unit (id, name) VALUES ($1, $2)`, id, unit)
	f.exec(`
		INSERT INTO referral (id, consultation_id, comment_id, unit_id, unit_name, state, due_on, referred_at, replied_at, opinion)
		VALUES ($1, $2, $3, $1, $4, $5, '2025-05-20', $6, CASE $5 WHEN 'replied' THEN $6::timestamptz END, CASE $5 WHEN 'replied' THEN '可行' ELSE '' END)`,
		id, draft, comment, unit, state, now)
}

func TestAPersonalFileNeedsTheApprovalOfAnotherPerson(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.add(row{number: 1, title: "题", body: "文", personal: zhang})
	id := f.asked(CSV)
	if worked, err := f.work(t.Context()); worked || err != nil {
		t.Error("a file is made before it is approved", err)
	}
	for name, by := range map[string]staff.Member{"the asker": moderator, "an officer": officer, "the administrator": sysAdmin, "nobody": {}} {
		if err := f.Approve(t.Context(), by, id); !errors.Is(err, apperr.ErrForbidden) {
			t.Errorf("approved by %s: %v", name, err)
		}
		if err := f.Refuse(t.Context(), by, id, "用途不明确"); !errors.Is(err, apperr.ErrForbidden) {
			t.Errorf("refused by %s: %v", name, err)
		}
	}
	if err := f.Approve(t.Context(), editor, uuid.New()); !errors.Is(err, apperr.ErrNotFound) {
		t.Error(err)
	}
	if err := f.Approve(t.Context(), editor, id); err != nil {
		t.Fatal(err)
	}
	var lost *apperr.Conflict
	if err := f.Refuse(t.Context(), editor, id, "用途不明确"); !errors.As(err, &lost) || lost.By != "王芳 (wangfang)" {
		t.Errorf("decided twice: %v", err)
	}
	f.make()
	if file := f.fetch(id); !strings.Contains(file, "张三丰") || !strings.Contains(file, "导出人：李明 (liming)；批准人：王芳 (wangfang)；") {
		t.Error("the file does not say who approved it")
	}
	var acts []string
	for entry := range strings.Lines(f.entries()) {
		acts = append(acts, strings.Fields(entry)[0])
	}
	if got := strings.Join(acts, " "); got != "export.ask export.approve export.finish export.download" {
		t.Error(got)
	}
}

func TestAFileThatWasRefusedOrWaitedTooLongIsNotMade(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	refused, late := f.asked(CSV), f.asked(XLSX)
	var invalid *apperr.Invalid
	if err := f.Refuse(t.Context(), editor, refused, " "); !errors.As(err, &invalid) || invalid.Problems[0].Field != "note" {
		t.Error(err)
	}
	if err := f.Refuse(t.Context(), editor, refused, "用途不明确"); err != nil {
		t.Fatal(err)
	}
	f.Now = func() time.Time { return now.Add(approvalTime) }
	if err := f.Approve(t.Context(), editor, late); !errors.Is(err, apperr.ErrConflict) {
		t.Error("approved after its time:", err)
	}
	if n, err := f.Purge(t.Context()); n != 1 || err != nil {
		t.Error(n, err)
	}
	if worked, err := f.work(t.Context()); worked || err != nil {
		t.Error(worked, err)
	}
	for id, want := range map[uuid.UUID]State{refused: Refused, late: Expired} {
		r, err := f.Export(t.Context(), editor, id)
		if err != nil || r.State != want {
			t.Errorf("%s, want %s, %v", r.State, want, err)
		}
		if _, err := f.Fetch(t.Context(), moderator, id); !errors.Is(err, apperr.ErrConflict) {
			t.Error("fetched:", err)
		}
	}
}

func TestAKeptFileIsItsMakersForADay(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.add(row{number: 1, title: "题", body: "文", personal: zhang})
	id := f.personal(Options{ConsultationID: draft, Format: CSV})
	demoted := moderator
	demoted.Role = staff.Officer
	for name, by := range map[string]staff.Member{"who approved it": editor, "an officer": officer, "its maker without the right": demoted} {
		if _, err := f.Fetch(t.Context(), by, id); !errors.Is(err, apperr.ErrForbidden) {
			t.Errorf("%s fetches it: %v", name, err)
		}
	}
	r, err := f.Export(t.Context(), moderator, id)
	if err != nil {
		t.Fatal(err)
	}
	file := f.fetch(id)
	if sum := sha256.Sum256([]byte(file)); hex.EncodeToString(sum[:]) != hex.EncodeToString(r.Digest) {
		t.Error("the digest is not that of the file")
	}
	if !strings.Contains(file, fmt.Sprintf("内容摘要（SHA-256）：%x；", r.ContentDigest)) {
		t.Error("the file does not hold the digest of its content")
	}
	f.Now = func() time.Time { return now.Add(keptFor) }
	if _, err := f.Fetch(t.Context(), moderator, id); !errors.Is(err, apperr.ErrConflict) {
		t.Error("fetched after a day:", err)
	}
	if n, err := f.Purge(t.Context()); n != 1 || err != nil {
		t.Error(n, err)
	}
	var left int
	if err := f.DB.QueryRow(t.Context(), `SELECT count(*) FROM export_chunk`).Scan(&left); err != nil || left != 0 {
		t.Error(left, err)
	}
	if !strings.Contains(f.entries(), "export.expire system file removed") {
		t.Error(f.entries())
	}
}

func TestAKeptFileIsSealed(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.add(row{number: 1, title: "标题记号", body: "文", personal: zhang})
	id := f.personal(Options{ConsultationID: draft, Format: CSV})
	var kept string
	if err := f.DB.QueryRow(t.Context(), `SELECT string_agg(sealed, '') FROM export_chunk`).Scan(&kept); err != nil {
		t.Fatal(err)
	}
	for _, words := range []string{"张三丰", "11010519491231002X", "13812345678", "标题记号", "5byg5LiJ5Liw"} {
		if strings.Contains(kept, words) {
			t.Errorf("%q can be read", words)
		}
	}
	other := f.personal(Options{ConsultationID: draft, Format: CSV})
	f.exec(`UPDATE export_chunk SET sealed = (SELECT sealed FROM export_chunk WHERE export_id = $1) WHERE export_id = $2`, id, other)
	k, err := f.Fetch(t.Context(), moderator, other)
	if err != nil {
		t.Fatal(err)
	}
	if err := k.Copy(t.Context(), new(strings.Builder)); err == nil {
		t.Error("a piece of another file opens")
	}
}

func TestALargeFileIsMadeOnceByAnyReplica(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.addMany(DirectMost+1, 300)
	o := Options{ConsultationID: draft, Format: CSV, Profile: Masked}
	if large, err := f.Large(t.Context(), moderator, o); !large || err != nil {
		t.Error(large, err)
	}
	o.Channel = "letter"
	if large, err := f.Large(t.Context(), moderator, o); large || err != nil {
		t.Error(large, err)
	}
	o.Channel = ""
	id, err := f.Ask(t.Context(), moderator, o)
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithTimeout(t.Context(), time.Minute)
	defer stop()
	var replicas sync.WaitGroup
	for range 3 {
		replicas.Go(func() { f.Run(ctx) })
	}
	for r := (Record{}); r.State != Ready; {
		if r, err = f.Export(ctx, moderator, id); err != nil {
			t.Fatal(err)
		}
	}
	stop()
	replicas.Wait()
	if rows, closing := readCSV(t, f.fetch(id)); len(rows) != DirectMost+1 || !strings.Contains(closing, fmt.Sprintf("共%d条", DirectMost+1)) {
		t.Errorf("%d rows, %s", len(rows), closing)
	}
	if n := strings.Count(f.entries(), "export.finish"); n != 1 {
		t.Errorf("made %d times", n)
	}
}

func TestAFileWhoseWorkerDiedIsBegunAgain(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.addMany(50, 20_000)
	id, err := f.Ask(t.Context(), moderator, Options{ConsultationID: draft, Format: CSV, Profile: Masked})
	if err != nil {
		t.Fatal(err)
	}
	dead, err := f.take(t.Context())
	if err != nil || dead == nil {
		t.Fatal(err)
	}
	w := &chunkWriter{store: f.Store, ctx: t.Context(), record: dead}
	if _, err := w.Write(make([]byte, chunkSize)); err != nil {
		t.Fatal(err)
	}
	if worked, err := f.work(t.Context()); worked || err != nil {
		t.Error("taken from a worker whose lease still runs", err)
	}
	f.exec(`UPDATE export SET lease_until = clock_timestamp() - interval '1 second'`)
	if next, err := f.take(t.Context()); err != nil || next == nil {
		t.Fatal("not taken over", err)
	}
	if _, err := w.Write(make([]byte, chunkSize)); !errors.Is(err, errLost) {
		t.Error("the dead worker still writes:", err)
	}
	if err := f.tell(t.Context(), dead, 1, 1); !errors.Is(err, errLost) {
		t.Error("the dead worker still tells:", err)
	}
	f.exec(`UPDATE export SET lease_until = clock_timestamp() - interval '1 second'`)
	f.make()
	if rows, _ := readCSV(t, f.fetch(id)); len(rows) != 50 {
		t.Errorf("%d rows", len(rows))
	}
	f.exec(`UPDATE export SET state = 'running', attempt = $1, lease_until = NULL`, attemptsMost)
	f.make()
	if r, err := f.Export(t.Context(), moderator, id); err != nil || r.State != Failed {
		t.Errorf("%s %v", r.State, err)
	}
}

func TestWhatStaffHidIsHiddenInAMaskedFileAndNothingElseIsPublic(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	id := f.add(row{number: 1, state: "published", title: "邻居王小二很吵", body: "住在和平街8号，打13812345678", personal: zhang})
	decision := uuid.New()
	f.exec(`
		INSERT INTO decision (id, consultation_id, comment_id, action, from_state, to_state, version, member_name, decided_at)
		VALUES ($1, $2, $3, 'publish', 'received', 'published', 2, '李明', $4)`, decision, draft, id, now)
	for _, span := range []struct {
		field      string
		start, end int
		kind       string
	}{{"title", 2, 5, "name"}, {"body", 2, 7, "address"}} {
		f.exec(`INSERT INTO redaction (decision_id, consultation_id, comment_id, field, span_start, span_end, reason)
			VALUES ($1, $2, $3, $4, $5, $6, $7)`, decision, draft, id, span.field, span.start, span.end, span.kind)
	}
	f.exec(`UPDATE comment SET version = 2, public_title = '邻居［已隐去姓名］很吵', public_body = '公开的正文' WHERE id = $1`, id)
	f.add(row{number: 2, title: "没有公开", body: "文", personal: zhang})
	f.exec(`INSERT INTO disposition (comment_id, consultation_id, outcome, reason, answer, status, approved_at)
		VALUES ($1, $2, 'partly', '部分可行', '答复全文', 'approved', $3)`, id, draft, now)
	f.refer(id, "省财政厅", "waiting")
	f.refer(id, "省民政厅", "replied")
	f.exec(`UPDATE referral SET lead = unit_name = '省民政厅'`)

	rows, _ := readCSV(t, f.write(Options{Format: CSV, Profile: Masked}))
	if r := rows[0]; r["标题"] != "邻居［已隐去姓名］很吵" || r["意见"] != "住在［已隐去住址］，打［已隐去电话号码］" ||
		r["采纳情况"] != "部分采纳" || r["理由"] != "部分可行" || r["答复"] != "答复全文" || r["办理单位"] != "省民政厅（牵头，已回复）；省财政厅（待接收）" {
		t.Errorf("%v", r)
	}
	rows, closing := readCSV(t, f.write(Options{Format: CSV, Profile: Public}))
	if len(rows) != 1 || rows[0]["意见"] != "公开的正文" || rows[0]["答复"] != "答复全文" || rows[0]["办理单位"] != "" || !strings.HasSuffix(closing, "；仅含已公开的内容。") {
		t.Errorf("%v %s", rows, closing)
	}
}

func TestTheFilterChoosesByDayClauseUnitAndChannel(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.add(row{number: 1, title: "题", body: "文", clauses: f.clauses[:1]})
	f.add(row{number: 2, title: "题", body: "文", clauses: f.clauses[1:]})
	third := f.add(row{number: 3, title: "题", body: "文"})
	f.exec(`UPDATE comment SET received_at = '2025-05-02 00:00+08', channel = 'letter' WHERE number = 2`)
	f.exec(`UPDATE clause SET units = '{省民政厅}' WHERE number = 1 AND consultation_id = $1`, draft)
	f.refer(third, "省民政厅", "waiting")
	for want, filter := range map[string]Filter{
		"13": {To: "2025年5月1日"}, "2": {From: "2025/5/2"}, "1": {Clause: 1}, " 13": {Unit: "省民政厅"}, " 2": {Channel: "letter"}, "": {Unit: "' OR true --"},
	} {
		rows, _ := readCSV(t, f.write(Options{Format: CSV, Profile: Masked, Filter: filter}))
		got := ""
		for _, r := range rows {
			got += r["序号"]
		}
		if got != strings.TrimSpace(want) {
			t.Errorf("%+v: %s, want %s", filter, got, want)
		}
	}
}

func TestAFormulaIsTextInEveryFormat(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	const formula = `=HYPERLINK("http://a.cn","x")`
	f.add(row{number: 1, title: formula, body: "<w:fldSimple/>\u2028\x07"})
	for _, format := range formats {
		file := f.write(Options{Format: format, Profile: Masked})
		switch format {
		case CSV:
			rows, _ := readCSV(t, file)
			if rows[0]["标题"] != "'"+formula {
				t.Error(rows[0]["标题"])
			}
		case XLSX:
			book := open(t, []byte(file))
			if got, err := book.GetCellValue("意见", "E2"); got != "'"+formula || err != nil {
				t.Error(got, err)
			}
		case JSONL:
			lines := strings.Split(strings.TrimSpace(file), "\n")
			var first map[string]any
			if err := json.Unmarshal([]byte(lines[0]), &first); err != nil || first["title"] != formula || first["number"] != 1.0 || len(lines) != 2 {
				t.Errorf("%v %v", first, err)
			}
			var last map[string]map[string]string
			sum := sha256.Sum256([]byte(lines[0] + "\n"))
			if err := json.Unmarshal([]byte(lines[1]), &last); err != nil || last["export"]["content_sha256"] != hex.EncodeToString(sum[:]) {
				t.Errorf("%v %v", last, err)
			}
		case DOCX:
			text := documentText(t, file)
			if !strings.Contains(text, "公众意见汇总表") || !strings.Contains(text, `=HYPERLINK("http://a.cn","x")`) ||
				!strings.Contains(text, "<w:fldSimple/>") || !strings.Contains(text, "导出完毕，共1条") {
				t.Error(text)
			}
		}
	}
}

func TestAFileMadeBeforeAnErasureIsGoneAfterIt(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.add(row{number: 1, state: "published", personal: person("王秀兰", "110101195001010011", "13800000001", "", "")})
	id := f.personal(Options{ConsultationID: draft, Format: CSV})
	f.fetch(id)
	f.exec(`INSERT INTO erasure (id, consultation_id, actor, started_at, finished_at) VALUES (gen_random_uuid(), '2025-0002', 'wenji', $1, $1)`, now)
	f.fetch(id) // another consultation's
	f.exec(`INSERT INTO erasure (id, consultation_id, actor, started_at, finished_at) VALUES (gen_random_uuid(), $1, 'wenji', $2, $2)`, draft, now)
	if _, err := f.Fetch(t.Context(), moderator, id); !errors.Is(err, apperr.ErrConflict) {
		t.Errorf("fetched after the erasure: %v", err)
	}
	if n, err := f.Purge(t.Context()); n != 1 || err != nil {
		t.Errorf("removed %d, %v", n, err)
	}
	var pieces int
	if err := f.DB.QueryRow(t.Context(), `SELECT count(*) FROM export_chunk`).Scan(&pieces); err != nil || pieces != 0 {
		t.Errorf("%d pieces left, %v", pieces, err)
	}
}

func TestTheMakingOfAFileIsTold(t *testing.T) {
	f := newFixture(t)
	f.addMany(3, 20)
	var told []string
	f.Around = func() func() {
		told = append(told, "before")
		return func() { told = append(told, "after") }
	}
	if worked, err := f.work(t.Context()); worked || err != nil || told != nil {
		t.Fatalf("without work: %v, %v, told %q", worked, err, told)
	}
	f.personal(Options{ConsultationID: draft, Format: CSV})
	if got := strings.Join(told, " "); got != "before after" {
		t.Errorf("told %q", got)
	}
}
