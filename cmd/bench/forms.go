package main

import (
	"context"
	"fmt"
	"net/url"
	"strings"
	"time"

	"wenji/internal/comment"
	"wenji/internal/vault"

	"github.com/google/uuid"
)

// sentences make a body of about 200 characters, as long as an ordinary comment.
const sentences = "建议在老旧小区增设助餐点和日间照料室，营业时间延长到晚上七点，方便子女下班后接老人回家。" +
	"社区食堂的补贴办法应当写明标准和期限，并且每季度公布资金使用情况。家庭养老床位的申请手续可以再简化一些，" +
	"由社区工作人员上门办理，不要让行动不便的老人来回跑。另外希望对护理员的培训和持证上岗作出具体安排，" +
	"逐步提高他们的待遇，让更多年轻人愿意留下来。以上意见供参考，希望能够认真研究采纳。"

func title(i int) string { return fmt.Sprintf("关于社区养老服务的第%d条建议", i) }
func body(i int) string  { return fmt.Sprintf("（%d）%s", i, sentences) }
func phone(i int) string { return fmt.Sprintf("138%08d", i%100_000_000) }

// idNumber is a number with a right check digit (GB 11643), of a person who does not exist.
func idNumber(i int) string {
	n := fmt.Sprintf("210101%d%02d%02d%03d", 1960+i/336%40, i/28%12+1, i%28+1, i/13440%1000)
	sum := 0
	for at, weight := range []int{7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2} {
		sum += int(n[at]-'0') * weight
	}
	return n + string("10X98765432"[sum%11])
}

// forms are checked forms, sealed as the check page holds them: all that is left is to send them. number goes on from
// one call to the next, so that no two forms are alike.
func (l *bench) forms(store *comment.Store, address string, number *int, n int) ([][]byte, error) {
	requests := make([][]byte, n)
	for i := range requests {
		*number++
		id, err := uuid.NewV7()
		if err != nil {
			return nil, err
		}
		sealed, err := store.SealDraft(comment.Draft{
			FormID: id, ConsultationID: consultationID, CheckedAt: time.Now(),
			Submission: comment.Submission{
				Title: title(*number), Body: body(*number), Occupation: "其他", Name: vault.NewSecret("张建国"),
				IDNumber: vault.NewSecret(idNumber(*number)), Phone: vault.NewSecret(phone(*number)),
				Email: vault.NewSecret(fmt.Sprintf("reader%d@example.com", *number)), Clauses: []int{1, 3},
			},
		})
		if err != nil {
			return nil, err
		}
		requests[i] = post(address, noticePath+"/comments", "sealed="+sealed)
	}
	return requests, nil
}

// wholeWay is one citizen's way: the form, its check, its submission.
func wholeWay(c *client, i int) error {
	form, err := c.do(get(c.address, formPath))
	if err != nil {
		return err
	}
	fields := url.Values{
		"captcha_token": {hidden(form.body, "captcha_token")}, "consultation": {consultationID}, "captcha": {digits},
		"clause": {"1", "3"}, "title": {title(i)}, "body": {body(i)}, "name": {"张建国"}, "id_number": {idNumber(i)},
		"occupation": {"其他"}, "phone": {phone(i)}, "email": {fmt.Sprintf("reader%d@example.com", i)},
		"consent": {"1"}, "consent_id": {"1"},
	}
	check, err := c.do(post(c.address, noticePath+"/comments/check", fields.Encode()))
	if err != nil {
		return err
	}
	sealed := hidden(check.body, "sealed")
	if check.status != 200 || sealed == "" {
		return fmt.Errorf("check page: status %d", check.status)
	}
	status, err := c.status(post(c.address, noticePath+"/comments", "sealed="+sealed))
	if err == nil && status != 303 {
		err = fmt.Errorf("submission: status %d", status)
	}
	return err
}

// insertScript is the ceiling of writing: one row as wide as a comment, and nothing of what the portal does besides
// (numbering, checking the period, personal data and audit entry in tables of their own, uniqueness of forms and codes).
func insertScript() string {
	return `INSERT INTO row (public_id, consultation_id, number, state, received_at, changed_at, title, body, masked_name,
  occupation, channel, decided_by, reason, flags, name, id_number, phone, email)
VALUES (gen_random_uuid(), '2025-0001', :client_id, 'received', now(), now(), '` + title(1) + `', '` + body(1) + `', '张**',
  '其他', 'web', '', '', '', '\x` + strings.Repeat("ab", 42) + `', '\x` + strings.Repeat("cd", 50) + `', '\x` +
		strings.Repeat("ef", 43) + `', '\x` + strings.Repeat("01", 52) + `');
`
}

const insertTable = `
CREATE TABLE row (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, public_id uuid NOT NULL, consultation_id text NOT NULL,
  number integer NOT NULL, state text NOT NULL, received_at timestamptz NOT NULL, changed_at timestamptz NOT NULL,
  title text NOT NULL, body text NOT NULL, masked_name text NOT NULL, occupation text NOT NULL, channel text NOT NULL,
  decided_by text NOT NULL, reason text NOT NULL, flags text NOT NULL,
  name bytea NOT NULL, id_number bytea NOT NULL, phone bytea NOT NULL, email bytea NOT NULL);
CREATE INDEX ON row (consultation_id, state, id);
CREATE INDEX ON row (received_at, id) WHERE state = 'received';`

// waitSealed waits until every audit entry is in the chain, so that a run does not pay for the one before.
func waitSealed(ctx context.Context, l *bench, database string) error {
	db, err := l.pool(ctx, database, 1)
	if err != nil {
		return err
	}
	defer db.Close()
	for range 200 {
		var open bool
		err := db.QueryRow(ctx, `SELECT (SELECT count(*) FROM audit_entry) > (SELECT count(*) FROM audit_chain)`).Scan(&open)
		if err != nil || !open {
			return err
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(100 * time.Millisecond):
		}
	}
	return nil
}
