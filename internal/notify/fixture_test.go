package notify

import (
	"bytes"
	"encoding/base64"
	"io"
	"log/slog"
	"mime/quotedprintable"
	"net"
	"net/mail"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"wenji/internal/postgres"
	"wenji/internal/postgres/pgtest"
	"wenji/internal/vault"

	"github.com/emersion/go-smtp"
	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
)

const consultationID = "2025-0001"

// post is a real mail server that keeps what it takes. answer, when set, decides about each recipient.
type post struct {
	mu     sync.Mutex
	got    []string
	to     []string
	answer func(to string) error
	closed error // returned for the data
}

func (p *post) NewSession(*smtp.Conn) (smtp.Session, error) { return &visit{post: p}, nil }

type visit struct {
	post *post
	to   string
}

func (v *visit) Mail(string, *smtp.MailOptions) error { return nil }
func (v *visit) Rcpt(to string, _ *smtp.RcptOptions) error {
	v.to = to
	if v.post.answer != nil {
		return v.post.answer(to)
	}
	return nil
}
func (v *visit) Data(r io.Reader) error {
	b, err := io.ReadAll(r)
	if err != nil {
		return err
	}
	v.post.mu.Lock()
	defer v.post.mu.Unlock()
	if v.post.closed != nil {
		return v.post.closed
	}
	v.post.got = append(v.post.got, string(b))
	v.post.to = append(v.post.to, v.to)
	return nil
}
func (v *visit) Reset()        {}
func (v *visit) Logout() error { return nil }

func (p *post) mails() []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return append([]string(nil), p.got...)
}

// open runs a mail server and returns its address.
func (p *post) open(t *testing.T) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	server := smtp.NewServer(p)
	server.Domain = "localhost"
	go server.Serve(listener)
	t.Cleanup(func() { server.Close() })
	return "smtp://" + listener.Addr().String()
}

// office is a database with people who commented, and a clock.
type office struct {
	t    *testing.T
	db   *postgres.DB
	keys *vault.KeyRing
	at   time.Time
}

func newOffice(t *testing.T) *office {
	t.Helper()
	o := &office{t: t, db: pgtest.New(t), at: time.Now()}
	var err error
	if o.keys, err = vault.Create(filepath.Join(t.TempDir(), "keys.json")); err != nil {
		t.Fatal(err)
	}
	o.exec(`INSERT INTO consultation (id, kind, title, headline, unit, source, published_on, opens_at, closes_at, notice)
		VALUES ($1, 'normative_document', '关于养老服务的若干措施', 'h', 'u', 's', now(), now(), now() + interval '30 days', 'n')`, consultationID)
	return o
}

func (o *office) exec(sql string, args ...any) {
	o.t.Helper()
	if _, err := o.db.Exec(o.t.Context(), sql, args...); err != nil {
		o.t.Fatal(err)
	}
}

// answered stores a comment by someone with this address and enqueues the notice of its answer.
func (o *office) answered(n int, email string) uuid.UUID {
	o.t.Helper()
	id := uuid.New()
	o.exec(`INSERT INTO comment (id, consultation_id, number, received_at, title, body, masked_name, occupation, text_digest,
			form_digest, code_index, tail_index)
		VALUES ($1, $2, $3, now(), '楼道扶手', '建议在楼道加装扶手', '张**', '其他', '', '', $4, '')`, id, consultationID, n, id[:])
	sealed, err := o.keys.Seal(id, vault.Personal{
		Name: vault.NewSecret("欧阳测标"), Phone: vault.NewSecret("13812345678"), Email: vault.NewSecret(email),
	})
	if err != nil {
		o.t.Fatal(err)
	}
	err = o.db.InTx(o.t.Context(), func(tx pgx.Tx) error {
		if err := vault.Store(o.t.Context(), tx, []vault.Row{{CommentID: id, ConsultationID: consultationID, Sealed: sealed}}); err != nil {
			return err
		}
		return Enqueue(o.t.Context(), tx, o.at, Message{ConsultationID: consultationID, CommentID: id, Kind: Answered})
	})
	if err != nil {
		o.t.Fatal(err)
	}
	return id
}

func (o *office) sender(address string) *Sender {
	o.t.Helper()
	server, err := NewServer(address, "zhengji@example.gov.cn", "某省人民政府 意见征集")
	if err != nil {
		o.t.Fatal(err)
	}
	server.timeout = time.Second
	return &Sender{
		DB: o.db, Keys: o.keys, Server: server, BaseURL: "https://wenji.example.gov.cn", Now: func() time.Time { return o.at },
		Log: slog.New(slog.DiscardHandler),
	}
}

func (o *office) send(s *Sender) int {
	o.t.Helper()
	n, err := s.SendDue(o.t.Context())
	if err != nil {
		o.t.Fatal(err)
	}
	return n
}

func (o *office) counts() Counts {
	o.t.Helper()
	c, err := (&Store{DB: o.db}).Counts(o.t.Context())
	if err != nil {
		o.t.Fatal(err)
	}
	c.Oldest = nil
	return c
}

// row is failure, tries and due time of the one message there is.
func (o *office) row() (failure string, tries int, due time.Time) {
	o.t.Helper()
	if err := o.db.QueryRow(o.t.Context(), `SELECT failure, tries, due_at FROM outbox`).Scan(&failure, &tries, &due); err != nil {
		o.t.Fatal(err)
	}
	return failure, tries, due
}

func decoded(t *testing.T, m *mail.Message) string {
	t.Helper()
	raw, err := io.ReadAll(m.Body)
	if err != nil {
		t.Fatal(err)
	}
	text, err := io.ReadAll(bodyReader(m.Header.Get("Content-Transfer-Encoding"), bytes.NewReader(raw)))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func bodyReader(encoding string, r io.Reader) io.Reader {
	switch strings.ToLower(encoding) {
	case "quoted-printable":
		return quotedprintable.NewReader(r)
	case "base64":
		return base64.NewDecoder(base64.StdEncoding, r)
	}
	return r
}
