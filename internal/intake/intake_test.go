package intake

import (
	"bytes"
	"errors"
	"strings"
	"sync"
	"testing"
	"time"

	"wenji/internal/apperr"
	"wenji/internal/comment"
	"wenji/internal/consultation"
	"wenji/internal/validate"
	"wenji/internal/vault"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
)

func TestALetterIsNumberedSealedAndAnsweredLikeAllOthers(t *testing.T) {
	f := newFixture(t)
	running := make(chan struct{})
	go func() { defer close(running); f.Comments.Run(t.Context()) }()
	web, err := f.Comments.Submit(t.Context(), comment.Draft{FormID: uuid.Must(uuid.NewV7()), ConsultationID: sampleID,
		Submission: comment.Submission{Title: "网上意见", Body: "网上提交的第一条意见。", Name: vault.NewSecret("张三丰"), Occupation: "工人"}})
	if err != nil {
		t.Fatal(err)
	}
	id, r := f.enter(letter(), nil)
	if r.Number != web.Number+1 {
		t.Errorf("number %d follows %d", r.Number, web.Number)
	}
	if !comment.ValidCode(r.Code) {
		t.Errorf("code of %d characters", len(r.Code))
	}
	if got := f.text(`SELECT channel || ' ' || state || ' ' || masked_name || ' ' || (received_at AT TIME ZONE 'Asia/Shanghai') FROM comment WHERE id = $1`,
		id); got != "letter received 王** 2025-05-06 00:00:00" {
		t.Errorf("stored as %s", got)
	}
	status, err := f.Comments.Status(t.Context(), r.Code, "5678", "192.0.2.1")
	if err != nil || status.Number != r.Number {
		t.Errorf("the code gives %+v, %v", status, err)
	}
	if got := f.text(`SELECT string_agg(p::text, '') FROM personal_data p`); strings.Contains(got, "王秀兰") {
		t.Error("the name is not sealed")
	}
	if n := f.number(`SELECT count(*) FROM comment c, clause l WHERE c.id = $1 AND l.id = ANY (c.clause_ids) AND l.number = 5`, id); n != 1 {
		t.Error("the clause is not kept")
	}
	if got := f.text(`SELECT actor || ' ' || subject || ' ' || detail FROM audit_entry WHERE action = 'comment.enter'`); got !=
		"李明 (liming) comment 2 letter, received on 2025-05-06" {
		t.Errorf("the record says %s", got)
	}
	if n := f.number(`SELECT received FROM comment_count WHERE consultation_id = $1`, sampleID); n != 2 {
		t.Errorf("%d counted", n)
	}
}

func TestTheDayOfReceiptDecidesNotTheDayOfEntering(t *testing.T) {
	f := newFixture(t)
	f.at = time.Date(2025, 5, 12, 9, 0, 0, 0, consultation.Shanghai) // five days after the end
	late := letter()
	late.ReceivedOn = "2025年5月7日"
	f.enter(late, nil)
	for day, sentence := range map[string]string{
		"2025-05-08": validate.EntryDateLate(time.Date(2025, 5, 8, 0, 0, 0, 0, consultation.Shanghai)),
		"2025-04-28": validate.EntryDateEarly(time.Date(2025, 4, 29, 0, 0, 0, 0, consultation.Shanghai)),
		"2025-05-13": validate.EntryDateFuture,
		"2025-02-30": validate.EntryDateForm,
		"":           validate.EntryDateEmpty,
	} {
		form := letter()
		form.ReceivedOn = day
		_, err := f.Enter(t.Context(), f.liMing, sampleID, Entry{ID: uuid.New(), Form: form})
		wantProblem(t, err, "received_on "+sentence)
	}
	f.exec(`UPDATE consultation SET concluded_on = '2025-07-01' WHERE id = $1`, sampleID)
	_, err := f.Enter(t.Context(), f.liMing, sampleID, Entry{ID: uuid.New(), Form: letter()})
	wantProblem(t, err, "consultation "+validate.EntryConcluded)
}

func TestAWriterWhoLeftNoNameIsTaken(t *testing.T) {
	f := newFixture(t)
	id, _ := f.enter(validate.EntryForm{Channel: "phone", ReceivedOn: "2025-05-05", Title: "补贴", Body: "补贴太少。"}, nil)
	if got := f.text(`SELECT masked_name || '/' || occupation FROM comment WHERE id = $1`, id); got != "匿名/" {
		t.Errorf("shown as %s", got)
	}
	slip, err := f.Slip(t.Context(), f.liMing, id)
	if err != nil || slip.HasPhone {
		t.Errorf("slip %+v, %v", slip, err)
	}
}

func TestEachFieldOfAnEntryThatIsWrongIsNamed(t *testing.T) {
	f := newFixture(t)
	_, err := f.Enter(t.Context(), f.liMing, sampleID, Entry{ID: uuid.New(), Scan: []byte("MZ not a scan"), Form: validate.EntryForm{
		Channel: "web", ReceivedOn: "2025-05-05", Title: "", Body: "好", Name: "<b>", Occupation: "皇帝", Phone: "123", Email: "x",
		IDNumber: "210102194912310017", Clauses: []string{"99"},
	}})
	var invalid *apperr.Invalid
	if !errors.As(err, &invalid) {
		t.Fatal(err)
	}
	var fields []string
	for _, p := range invalid.Problems {
		fields = append(fields, p.Field)
	}
	if got := strings.Join(fields, " "); got != "channel clause title body name occupation phone email id_number scan" {
		t.Errorf("named: %s", got)
	}
	if n := f.number(`SELECT count(*) FROM comment`); n != 0 {
		t.Errorf("%d stored", n)
	}
}

func TestTheSameEntrySentTwiceIsStoredOnce(t *testing.T) {
	f := newFixture(t)
	e := Entry{ID: uuid.Must(uuid.NewV7()), Form: letter()}
	var together sync.WaitGroup
	for range 4 {
		together.Go(func() {
			if _, err := f.Enter(t.Context(), f.liMing, sampleID, e); err != nil && !errors.Is(err, apperr.ErrConflict) {
				t.Error(err)
			}
		})
	}
	together.Wait()
	if r, err := f.Enter(t.Context(), f.liMing, sampleID, e); err != nil || r.Number != 1 {
		t.Errorf("sent again: %+v, %v", r, err)
	}
	_, err := f.Enter(t.Context(), f.zhaoLi, sampleID, Entry{ID: uuid.New(), Form: letter()})
	wantProblem(t, err, "body "+validate.EntrySame(1))
	if n := f.number(`SELECT count(*) FROM comment`); n != 1 {
		t.Errorf("%d stored", n)
	}
}

func TestAScanIsSealedAndOpenedWithAReasonOnTheRecord(t *testing.T) {
	f := newFixture(t)
	content := append([]byte("%PDF-1.7 scan of a letter by 王秀兰 "), bytes.Repeat([]byte{0, 1, 2}, 1000)...)
	id, _ := f.enter(letter(), content)
	if n := f.number(`SELECT count(*) FROM intake_scan WHERE position('%PDF'::bytea IN content) > 0`); n != 0 {
		t.Error("the scan lies open in the database")
	}
	if _, err := f.OpenScan(t.Context(), f.liMing, id, " "); problems(err) == nil {
		t.Errorf("opened without a reason: %v", err)
	}
	if _, err := f.OpenScan(t.Context(), f.auditor, id, "核对来信"); !errors.Is(err, apperr.ErrForbidden) {
		t.Errorf("opened by the auditor: %v", err)
	}
	scan, err := f.OpenScan(t.Context(), f.zhaoLi, id, "核对来信内容")
	if err != nil || !bytes.Equal(scan.Content, content) || scan.MediaType != "application/pdf" {
		t.Errorf("%s of %d bytes, %v", scan.MediaType, len(scan.Content), err)
	}
	if got := f.text(`SELECT string_agg(actor || ' ' || subject || ' ' || detail, ';') FROM audit_entry WHERE action = 'comment.scan'`); got !=
		"赵丽 (zhaoli) comment 1 核对来信内容" {
		t.Errorf("the record says %s", got)
	}
}

func TestOnlyWhoEnteredACommentMayPrintItsSlipAndNotForLong(t *testing.T) {
	f := newFixture(t)
	id, r := f.enter(letter(), nil)
	slip, err := f.Slip(t.Context(), f.liMing, id)
	if err != nil || slip.Code != r.Code || !slip.HasPhone {
		t.Errorf("slip %+v, %v", slip, err)
	}
	if _, err := f.Slip(t.Context(), f.zhaoLi, id); !errors.Is(err, apperr.ErrNotFound) {
		t.Errorf("a colleague: %v", err)
	}
	f.at = f.at.Add(25 * time.Hour)
	if _, err := f.Slip(t.Context(), f.liMing, id); !errors.Is(err, apperr.ErrNotFound) {
		t.Errorf("a day later: %v", err)
	}
}

func TestOnlyWhoMayEnterEntersAndImports(t *testing.T) {
	f := newFixture(t)
	_, enter := f.Enter(t.Context(), f.editor, sampleID, Entry{ID: uuid.New(), Form: letter()})
	_, preview := f.Preview(t.Context(), f.editor, sampleID, nil)
	_, read := f.Import(t.Context(), f.editor, uuid.New())
	_, confirm := f.Confirm(t.Context(), f.editor, uuid.New())
	_, slip := f.Slip(t.Context(), f.editor, uuid.New())
	for name, err := range map[string]error{"Enter": enter, "Preview": preview, "Import": read, "Confirm": confirm, "Slip": slip} {
		if !errors.Is(err, apperr.ErrForbidden) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestScansAreSealedAnewWithTheActiveKey(t *testing.T) {
	f := newFixture(t)
	id, _ := f.enter(letter(), []byte("%PDF-1.7 scan"))
	if _, err := vault.AddKey(f.keys, vault.SM4, time.Now()); err != nil {
		t.Fatal(err)
	}
	keys, err := vault.Load(f.keys)
	if err != nil {
		t.Fatal(err)
	}
	f.Keys = keys
	for _, want := range []int{1, 0} {
		err := f.DB.InTx(t.Context(), func(tx pgx.Tx) error {
			if n, err := f.StaleScans(t.Context(), tx); err != nil || n != want {
				t.Errorf("%d scans of older keys, want %d, %v", n, want, err)
			}
			done, err := f.RewrapScans(t.Context(), tx, uuid.Nil, 100)
			if done.Rows != want || done.Damaged != 0 {
				t.Errorf("%+v, want %d rows", done, want)
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	if scan, err := f.OpenScan(t.Context(), f.liMing, id, "核对来信"); err != nil || string(scan.Content) != "%PDF-1.7 scan" {
		t.Errorf("%q, %v", scan.Content, err)
	}
}

func TestAFormThatIsGoneBackToDoesNotSwallowAnotherComment(t *testing.T) {
	f := newFixture(t)
	id, _ := f.enter(letter(), nil)
	other := letter()
	other.Title, other.Body, other.Name, other.Phone = "建议增设长椅", "请在小区门口增设长椅，方便老年人歇脚。", "李桂芳", "13912345678"
	_, err := f.Enter(t.Context(), f.liMing, sampleID, Entry{ID: id, Form: other})
	var used *FormUsed
	if !errors.As(err, &used) || used.Number != 1 || !errors.Is(err, apperr.ErrConflict) {
		t.Errorf("another comment with the same form: %v", err)
	}
	if n := f.number(`SELECT count(*) FROM comment`); n != 1 {
		t.Errorf("%d stored", n)
	}
}

func TestAScanCountsAgainstTheQuotaOfLooks(t *testing.T) {
	f := newFixture(t)
	id, _ := f.enter(letter(), []byte("%PDF-1.7 letter"))
	f.quota = 1
	if _, err := f.OpenScan(t.Context(), f.liMing, id, "核对来信内容"); err != nil {
		t.Fatal(err)
	}
	scan, err := f.OpenScan(t.Context(), f.liMing, id, "核对来信内容")
	wantProblem(t, err, "scan_reason "+validate.QuotaReached(1))
	if scan.Content != nil {
		t.Error("the scan was given all the same")
	}
	if got := f.text(`SELECT string_agg(action, ' ' ORDER BY id) FROM audit_entry WHERE action IN ('comment.scan', 'reveal.quota')`); got != "comment.scan reveal.quota" {
		t.Errorf("the record says %s", got)
	}
}
