package export

import (
	"context"
	"errors"
	"fmt"
	"io"
	"runtime"
	"strings"
	"testing"

	"wenji/internal/apperr"
	"wenji/internal/comment"
	"wenji/internal/staff"
	"wenji/internal/vault"
)

func TestAMaskedFileTellsNobody(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.add(row{number: 1, state: "published", title: "建议加装扶手", body: "第一行，\n\"第二行\"", clauses: f.clauses[1:], personal: zhang})
	f.add(row{number: 2, title: "打13812345678", body: "我的身份证号是11010519491231002X，请联系", personal: zhang})
	file := f.write(Options{Format: CSV, Profile: Masked})
	rows, closing := readCSV(t, file)
	want := map[string]string{
		"序号": "1", "提交时间": "2025-05-01 10:30", "状态": "已公开", "针对条目": "第2条、第3条", "标题": "建议加装扶手", "意见": "第一行，\n\"第二行\"",
		"公开时间": "2025-05-03 09:02", "不公开原因": "", "姓名": "张**", "职业": "退（离）休人员", "渠道": "网上填写",
		"办理单位": "", "采纳情况": "", "理由": "", "答复": "", "答复时间": "",
	}
	if len(rows) != 2 || len(rows[0]) != len(want) {
		t.Fatalf("%d rows, columns %v", len(rows), rows)
	}
	for heading, value := range want {
		if rows[0][heading] != value {
			t.Errorf("%s: %q, want %q", heading, rows[0][heading], value)
		}
	}
	if rows[1]["标题"] != "打［已隐去电话号码］" || rows[1]["意见"] != "我的身份证号是［已隐去身份证号码］，请联系" || rows[1]["针对条目"] != "整个征求意见稿" {
		t.Errorf("%v", rows[1])
	}
	for _, secret := range []string{"张三丰", "11010519491231002X", "13812345678", "zhangsan", "省养老院", "单位名称", "002X", "5678"} {
		if strings.Contains(file, secret) {
			t.Errorf("%s is in the file", secret)
		}
	}
	if !strings.HasPrefix(closing, "导出完毕，共2条。导出人：李明 (liming)；导出时间：2025-05-03 09:02:03；编号：") || !strings.HasSuffix(closing, "；个人信息已遮盖。") {
		t.Error(closing)
	}
}

func TestAPersonalFileHasEverythingAsText(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.add(row{number: 1, title: "打13812345678", body: "意见", personal: zhang})
	f.add(row{number: 2, title: "题", body: "文", personal: person("=cmd|'/c calc'!A1", "210102194901010010", "024-12345678", "=a@b.cn", "@院")})
	f.add(row{number: 3, title: "题", body: "文"}) // erased
	rows, closing := readCSV(t, f.write(Options{Format: CSV, Profile: Personal}))
	for heading, value := range map[string]string{
		"姓名": "张三丰", "身份证号码": "'11010519491231002X", "联系电话": "'13812345678", "邮箱": "zhangsan@example.cn", "单位名称": "省养老院", "标题": "打13812345678",
	} {
		if rows[0][heading] != value {
			t.Errorf("%s: %q, want %q", heading, rows[0][heading], value)
		}
	}
	for heading, value := range map[string]string{
		"姓名": "'=cmd|'/c calc'!A1", "身份证号码": "'210102194901010010", "联系电话": "024-12345678", "邮箱": "'=a@b.cn", "单位名称": "'@院",
	} {
		if rows[1][heading] != value {
			t.Errorf("%s: %q, want %q", heading, rows[1][heading], value)
		}
	}
	if rows[2]["姓名"] != "张**" || rows[2]["身份证号码"] != "" || rows[2]["单位名称"] != "" {
		t.Errorf("erased: %v", rows[2])
	}
	if !strings.Contains(closing, "共3条") || !strings.HasSuffix(closing, "；含个人信息，请妥善保管。") {
		t.Error(closing)
	}
}

func TestOnlyTheChosenStatesOfOneConsultationAreWritten(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	for i, state := range []string{"received", "published", "withheld", "declined"} {
		f.add(row{number: i + 1, state: state, title: "题", body: "文", personal: zhang})
	}
	f.add(row{number: 1, title: "别的", body: "文", consultation: "2025-0002", personal: zhang})
	for _, tc := range []struct {
		states []comment.State
		want   string
	}{
		{nil, "1234"}, {[]comment.State{comment.Published}, "2"}, {[]comment.State{comment.Withheld, comment.Received}, "13"},
	} {
		rows, _ := readCSV(t, f.write(Options{Format: CSV, Profile: Masked, Filter: Filter{States: tc.states}}))
		got := ""
		for _, r := range rows {
			got += r["序号"]
		}
		if got != tc.want {
			t.Errorf("%v: %s, want %s", tc.states, got, tc.want)
		}
	}
}

func TestAnEmptyFileIsComplete(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	rows, closing := readCSV(t, f.write(Options{Format: CSV, Profile: Masked}))
	if len(rows) != 0 || !strings.Contains(closing, "共0条") {
		t.Errorf("%v %s", rows, closing)
	}
}

func TestARefusedExportWritesAndRecordsNothing(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	good := Options{ConsultationID: draft, Format: CSV, Profile: Masked}
	with := func(change func(o *Options)) Options {
		o := good
		change(&o)
		return o
	}
	for name, tc := range map[string]struct {
		by    staff.Member
		o     Options
		field string // of the problem; empty for forbidden
		want  error
	}{
		"system admin": {by: sysAdmin, o: good, want: apperr.ErrForbidden},
		"nobody":       {by: staff.Member{}, o: good, want: apperr.ErrForbidden},
		"format":       {by: moderator, o: with(func(o *Options) { o.Format = "exe" }), field: "format"},
		"profile":      {by: moderator, o: with(func(o *Options) { o.Profile = "" }), field: "profile"},
		"state":        {by: moderator, o: with(func(o *Options) { o.States = []comment.State{"'; --"} }), field: "state"},
		"no approval":  {by: moderator, o: with(func(o *Options) { o.Profile, o.Reason = Personal, "转交起草单位研究" }), want: apperr.ErrForbidden},
		"short reason": {by: moderator, o: with(func(o *Options) { o.Reason = "工作" }), field: "reason"},
		"long reason":  {by: moderator, o: with(func(o *Options) { o.Reason = strings.Repeat("用", 201) }), field: "reason"},
		"NUL":          {by: moderator, o: with(func(o *Options) { o.Reason = "转交\x00研究" }), field: "reason"},
		"day":          {by: moderator, o: with(func(o *Options) { o.From = "2025-02-30" }), field: "from"},
		"days":         {by: moderator, o: with(func(o *Options) { o.From, o.To = "2025-05-02", "2025年5月1日" }), field: "to"},
		"clause":       {by: moderator, o: with(func(o *Options) { o.Clause = 99 }), field: "clause"},
		"channel":      {by: moderator, o: with(func(o *Options) { o.Channel = "pigeon" }), field: "channel"},
		"no such one":  {by: moderator, o: with(func(o *Options) { o.ConsultationID = "2025-9999" }), want: apperr.ErrNotFound},
	} {
		var b strings.Builder
		_, err := f.Write(t.Context(), tc.by, tc.o, &b)
		var bad *apperr.Invalid
		if tc.field != "" && (!errors.As(err, &bad) || bad.Problems[0].Field != tc.field || bad.Problems[0].Message == "") ||
			tc.want != nil && !errors.Is(err, tc.want) {
			t.Errorf("%s: %v", name, err)
		}
		if b.Len() > 0 {
			t.Errorf("%s: %q was written", name, b.String())
		}
	}
	var exports, entries int
	err := f.DB.QueryRow(t.Context(), `SELECT (SELECT count(*) FROM export), (SELECT count(*) FROM audit_entry)`).Scan(&exports, &entries)
	if err != nil || exports != 0 || entries != 0 {
		t.Errorf("%d exports, %d entries, %v", exports, entries, err)
	}
}

func TestAnExportIsRecordedBeforeItsFirstByteAndWhenItIsComplete(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.add(row{number: 1, title: "题", body: "文", personal: zhang})
	o := Options{ConsultationID: draft, Format: CSV, Profile: Masked, Reason: " 转交起草单位研究 "}
	job, err := f.Prepare(t.Context(), moderator, o)
	if err != nil {
		t.Fatal(err)
	}
	list, err := f.List(t.Context(), moderator, 10)
	if err != nil || len(list) != 1 || list[0].FinishedAt != nil || list[0].Rows != nil || list[0].Reason != "转交起草单位研究" ||
		list[0].Member != "李明 (liming)" || list[0].ID != job.ID() || list[0].Profile != Masked || list[0].State != Sent || !list[0].StartedAt.Equal(now) {
		t.Fatalf("%+v %v", list, err)
	}
	if job.Filename() != "comments-2025-0001-20250503-090203-masked.csv" {
		t.Error(job.Filename())
	}
	if n, err := job.Stream(t.Context(), io.Discard); n != 1 || err != nil {
		t.Fatal(n, err)
	}
	if _, err := job.Stream(t.Context(), io.Discard); err == nil {
		t.Error("a job may be written once")
	}
	list, err = f.List(t.Context(), moderator, 0)
	if err != nil || len(list) != 1 || list[0].FinishedAt == nil || *list[0].Rows != 1 {
		t.Fatalf("%+v %v", list, err)
	}
	want := fmt.Sprintf("export.start moderator masked csv, states received published withheld declined, reason: 转交起草单位研究\n"+
		"export.finish moderator rows 1, bytes %d, sha256 %x\n", *list[0].Size, list[0].Digest)
	if got := f.entries(); got != want {
		t.Error(got)
	}
	if _, err := f.List(t.Context(), sysAdmin, 10); !errors.Is(err, apperr.ErrForbidden) {
		t.Error(err)
	}
}

func (f *fixture) entries() string {
	f.t.Helper()
	var all string
	err := f.DB.QueryRow(context.Background(), `
		SELECT coalesce(string_agg(action || ' ' || role || ' ' || detail || E'\n', '' ORDER BY id), '') FROM audit_entry`).Scan(&all)
	if err != nil {
		f.t.Fatal(err)
	}
	return all
}

// onWrite calls f with the running count of bytes before each write goes through.
type onWrite struct {
	bytes int
	f     func(bytes int) error
}

func (w *onWrite) Write(p []byte) (int, error) {
	if err := w.f(w.bytes); err != nil {
		return 0, err
	}
	w.bytes += len(p)
	return len(p), nil
}

func TestAFileIsOneSnapshot(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.addMany(100, 3000)
	var b strings.Builder
	changed := false
	w := &onWrite{f: func(int) error {
		if !changed {
			changed = true
			f.add(row{number: 50_000, title: "迟到", body: "文", personal: zhang})
			f.exec(`UPDATE comment SET body = '改动' WHERE number > 90`)
		}
		return nil
	}}
	n, err := f.Write(t.Context(), moderator, Options{ConsultationID: draft, Format: CSV, Profile: Masked}, io.MultiWriter(w, &b))
	if err != nil || n != 100 || !changed || strings.Contains(b.String(), "迟到") || strings.Contains(b.String(), "改动") {
		t.Errorf("%d rows, %v", n, err)
	}
}

func TestACutOffFileIsRecognisable(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.addMany(200, 3000)
	for _, format := range []string{CSV, XLSX} {
		gone := errors.New("gone")
		w := &onWrite{f: func(bytes int) error {
			if format == XLSX || bytes > 200_000 { // 200 alike rows are one write when compressed
				return gone
			}
			return nil
		}}
		var b strings.Builder
		n, err := f.Write(t.Context(), moderator, Options{ConsultationID: draft, Format: format, Profile: Masked}, io.MultiWriter(w, &b))
		if !errors.Is(err, gone) || strings.Contains(b.String(), "导出完毕") {
			t.Errorf("%s: %d rows, %v", format, n, err)
		}
	}
	list, err := f.List(t.Context(), moderator, 10)
	if err != nil || len(list) != 2 || list[0].FinishedAt != nil || list[1].FinishedAt != nil || *list[0].Rows == 0 || *list[1].Rows == 0 {
		t.Errorf("%+v %v", list, err)
	}
	if got := f.entries(); strings.Count(got, "export.broken") != 2 || strings.Contains(got, "export.finish") {
		t.Error(got)
	}
}

func TestAReaderWhoLeavesStillLeavesARecord(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.addMany(200, 3000)
	ctx, leave := context.WithCancel(t.Context())
	w := &onWrite{f: func(int) error { leave(); return ctx.Err() }}
	_, err := f.Write(ctx, moderator, Options{ConsultationID: draft, Format: CSV, Profile: Masked}, w)
	if !errors.Is(err, context.Canceled) || !strings.Contains(f.entries(), "export.broken") {
		t.Errorf("%v %s", err, f.entries())
	}
}

func TestADamagedValueEndsTheFileAndSaysNothingPersonal(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	id := f.add(row{number: 1, title: "题", body: "文", personal: zhang})
	f.exec(`UPDATE personal_data SET phone = id_number WHERE comment_id = $1`, id)
	asked := f.asked(CSV)
	if err := f.Approve(t.Context(), editor, asked); err != nil {
		t.Fatal(err)
	}
	if worked, err := f.work(t.Context()); !worked || !errors.Is(err, vault.ErrSeal) || strings.Contains(err.Error(), "110105") {
		t.Error(worked, err)
	}
	if r, err := f.Export(t.Context(), moderator, asked); err != nil || r.State != Failed {
		t.Errorf("%+v %v", r, err)
	}
}

func TestMemoryDoesNotGrowWithTheRows(t *testing.T) {
	f := newFixture(t)
	f.addMany(8000, 3000)
	for _, format := range formats {
		heap := func() int {
			runtime.GC()
			var m runtime.MemStats
			runtime.ReadMemStats(&m)
			return int(m.HeapAlloc)
		}
		before, most, writes := heap(), 0, 0
		w := &onWrite{f: func(int) error {
			if writes++; writes%50 == 1 {
				most = max(most, heap()-before)
			}
			return nil
		}}
		if n, err := f.Write(t.Context(), moderator, Options{ConsultationID: draft, Format: format, Profile: Masked}, w); n != 8000 || err != nil {
			t.Fatal(n, err)
		}
		if most > 8<<20 {
			t.Errorf("%s: heap grew by %d bytes for %d bytes written", format, most, w.bytes)
		}
	}
}
