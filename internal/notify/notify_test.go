package notify

import (
	"context"
	"errors"
	"mime"
	"net"
	"net/mail"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/emersion/go-smtp"
	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
)

func TestAMailTellsOfTheAnswerAndHoldsNothingPersonal(t *testing.T) {
	t.Parallel()
	o, p := newOffice(t), &post{}
	o.answered(1, "biaoji@example.cn")
	o.send(o.sender(p.open(t)))
	if len(p.mails()) != 1 || p.to[0] != "biaoji@example.cn" {
		t.Fatalf("%d mails to %v", len(p.mails()), p.to)
	}
	m, err := mail.ReadMessage(strings.NewReader(p.mails()[0]))
	if err != nil {
		t.Fatal(err)
	}
	subject, err := new(mime.WordDecoder).DecodeHeader(m.Header.Get("Subject"))
	if err != nil || subject != "【意见征集】您的意见已有答复" {
		t.Errorf("subject %q (%v)", subject, err)
	}
	if from, err := m.Header.AddressList("From"); err != nil || from[0].Name != "某省人民政府 意见征集" {
		t.Errorf("from %v (%v)", from, err)
	}
	for _, header := range []string{"User-Agent", "X-Mailer"} {
		if m.Header.Get(header) != "" {
			t.Errorf("the mail has a header %s", header)
		}
	}
	text := decoded(t, m)
	if !strings.Contains(text, "请凭查询码和联系电话后四位查看") || !strings.Contains(text, "https://wenji.example.gov.cn/status") {
		t.Errorf("text: %s", text)
	}
	for _, secret := range []string{"扶手", "欧阳测标", "5678", "biaoji"} {
		if strings.Contains(text, secret) {
			t.Errorf("the text holds %q", secret)
		}
	}
	if got := o.counts(); got != (Counts{Sent: 1}) {
		t.Errorf("counts %+v", got)
	}
	if n := o.send(o.sender(p.open(t))); n != 0 {
		t.Errorf("%d messages taken once more", n)
	}
}

func TestARefusalForNowIsTriedAgainLaterAndLaterAndAtLastGivenUp(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	busy := &smtp.SMTPError{Code: 451, EnhancedCode: smtp.EnhancedCode{4, 3, 0}, Message: "busy"}
	p := &post{answer: func(string) error { return busy }}
	o.answered(1, "biaoji@example.cn")
	s := o.sender(p.open(t))
	for i, wait := range backOff {
		if n := o.send(s); n != 1 {
			t.Fatalf("try %d: %d taken", i+1, n)
		}
		failure, tries, due := o.row()
		if failure != failServer || tries != i+1 || due.Sub(o.at).Round(time.Second) != wait {
			t.Fatalf("after try %d: %s, %d tries, again in %v, want %v", i+1, failure, tries, due.Sub(o.at), wait)
		}
		o.at = due.Add(-time.Second)
		if n := o.send(s); n != 0 {
			t.Fatalf("taken a second early after try %d", i+1)
		}
		o.at = due
	}
	if o.send(s) != 1 || o.counts().Failed != 1 {
		t.Errorf("after %d tries: %+v, want it given up", len(backOff)+1, o.counts())
	}
	if got, err := (&Store{DB: o.db}).Failed(t.Context()); err != nil || len(got) != 1 || got[0].Number != 1 || FailureWord(got[0].Failure) == "未发出" {
		t.Errorf("failed: %v (%v)", got, err)
	}
}

func TestWhatIsAcceptedAtTheSecondTryGoesOutOnce(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	p := &post{closed: &smtp.SMTPError{Code: 451, Message: "greylisted"}}
	o.answered(1, "biaoji@example.cn")
	s := o.sender(p.open(t))
	o.send(s)
	p.mu.Lock()
	p.closed = nil
	p.mu.Unlock()
	o.at = o.at.Add(backOff[0])
	o.send(s)
	if len(p.mails()) != 1 || o.counts() != (Counts{Sent: 1}) {
		t.Errorf("%d mails, %+v", len(p.mails()), o.counts())
	}
}

func TestARefusalForGoodIsNotRepeatedAndDoesNotHoldUpOthers(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	p := &post{answer: func(to string) error {
		if to == "nobody@example.cn" {
			return &smtp.SMTPError{Code: 550, EnhancedCode: smtp.EnhancedCode{5, 1, 1}, Message: "no such user " + to}
		}
		return nil
	}}
	o.answered(1, "nobody@example.cn")
	o.answered(2, "biaoji@example.cn")
	o.send(o.sender(p.open(t)))
	if got := o.counts(); got != (Counts{Sent: 1, Failed: 1}) {
		t.Errorf("counts %+v", got)
	}
	var dump string
	if err := o.db.QueryRow(t.Context(), `SELECT string_agg(o::text, ' ') FROM outbox o`).Scan(&dump); err != nil {
		t.Fatal(err)
	}
	if strings.Contains(dump, "example.cn") {
		t.Errorf("the outbox holds an address: %s", dump)
	}
}

func TestErasedOrMissingAddressesAreSkipped(t *testing.T) {
	t.Parallel()
	o, p := newOffice(t), &post{}
	gone := o.answered(1, "biaoji@example.cn")
	o.answered(2, "")
	o.exec(`DELETE FROM personal_data WHERE comment_id = $1`, gone)
	o.send(o.sender(p.open(t)))
	if got := o.counts(); got != (Counts{Skipped: 2}) || len(p.mails()) != 0 {
		t.Errorf("counts %+v, %d mails", got, len(p.mails()))
	}
}

func TestSeveralSendersAtOnceSendEachMailOnce(t *testing.T) {
	t.Parallel()
	o, p := newOffice(t), &post{}
	for n := range 60 {
		o.answered(n+1, "biaoji@example.cn")
	}
	address := p.open(t)
	var all sync.WaitGroup
	for range 4 {
		s := o.sender(address)
		all.Go(func() {
			for {
				n, err := s.SendDue(context.WithoutCancel(t.Context()))
				if err != nil {
					t.Error(err)
				}
				if n == 0 || err != nil {
					return
				}
			}
		})
	}
	all.Wait()
	ids := make(map[string]bool)
	for _, text := range p.mails() {
		m, err := mail.ReadMessage(strings.NewReader(text))
		if err != nil {
			t.Fatal(err)
		}
		ids[m.Header.Get("Message-ID")] = true
	}
	if len(p.mails()) != 60 || len(ids) != 60 || o.counts() != (Counts{Sent: 60}) {
		t.Errorf("%d mails of %d messages, %+v; want 60 of 60", len(p.mails()), len(ids), o.counts())
	}
}

func TestAServerThatSaysNothingIsLeftWithinItsTime(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	silent, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer silent.Close()
	for n := range 3 {
		o.answered(n+1, "biaoji@example.cn")
	}
	began := time.Now()
	o.send(o.sender("smtp://" + silent.Addr().String()))
	if took := time.Since(began); took > 10*time.Second {
		t.Errorf("took %v", took)
	}
	var tried, leased int
	err = o.db.QueryRow(t.Context(), `SELECT sum(tries), count(lease) FROM outbox`).Scan(&tried, &leased)
	if err != nil || tried != 1 || leased != 0 || o.counts() != (Counts{Waiting: 3}) {
		t.Errorf("%d tries, %d leased, %+v (%v); want the first tried, the others given back", tried, leased, o.counts(), err)
	}
}

func TestALeaseThatRanOutIsTakenByAnother(t *testing.T) {
	t.Parallel()
	o, p := newOffice(t), &post{}
	o.answered(1, "biaoji@example.cn")
	s := o.sender(p.open(t))
	if got, err := s.take(t.Context(), uuid.New()); err != nil || len(got) != 1 {
		t.Fatal(got, err)
	}
	if n := o.send(s); n != 0 {
		t.Error("a leased message was taken")
	}
	o.at = o.at.Add(leaseFor)
	if n := o.send(s); n != 1 || len(p.mails()) != 1 {
		t.Errorf("%d taken, %d mails after the lease", n, len(p.mails()))
	}
}

func TestNewsOfLastWeekIsNotSent(t *testing.T) {
	t.Parallel()
	o, p := newOffice(t), &post{}
	o.answered(1, "biaoji@example.cn")
	o.at = o.at.Add(staleAfter + time.Hour)
	o.send(o.sender(p.open(t)))
	if failure, _, _ := o.row(); failure != failStale || len(p.mails()) != 0 {
		t.Errorf("failure %q, %d mails", failure, len(p.mails()))
	}
}

func TestWithoutTLSNothingIsSaidToAnotherMachine(t *testing.T) {
	t.Parallel()
	o, p := newOffice(t), &post{}
	o.answered(1, "biaoji@example.cn")
	s := o.sender(p.open(t))
	s.Server.plain = false // as for a server elsewhere
	o.send(s)
	if failure, _, _ := o.row(); failure != failUnreachable || len(p.mails()) != 0 {
		t.Errorf("failure %q, %d mails", failure, len(p.mails()))
	}
}

func TestMailServerAddresses(t *testing.T) {
	t.Parallel()
	for address, want := range map[string]Server{
		"smtp://mail.example.gov.cn":                     {host: "mail.example.gov.cn", port: 587, from: "a@b.cn"},
		"smtps://u%40x.cn:p%2Fw@mail.example.gov.cn":     {host: "mail.example.gov.cn", port: 465, implicit: true, user: "u@x.cn", password: "p/w", from: "u@x.cn"},
		"smtp://u:p@127.0.0.1:2525?from=f@example.cn":    {host: "127.0.0.1", port: 2525, plain: true, user: "u", password: "p", from: "f@example.cn"},
		"smtp://mail.example.gov.cn:25/?from=f@e.gov.cn": {host: "mail.example.gov.cn", port: 25, from: "f@e.gov.cn"},
	} {
		got, err := NewServer(address, "a@b.cn", "n")
		want.name, want.timeout = "n", smtpTimeout
		if err != nil || *got != want {
			t.Errorf("%s: %+v (%v), want %+v", address, got, err, want)
		}
	}
	for _, address := range []string{"", "mail.example.cn", "http://mail.example.cn", "smtp://", "smtp://h:99999", "smtp://h:25/path", "smtp://u:secret@h:x"} {
		_, err := NewServer(address, "a@b.cn", "n")
		if !errors.Is(err, ErrServerURL) || strings.Contains(err.Error(), "secret") {
			t.Errorf("%s: %v, want ErrServerURL", address, err)
		}
	}
	if _, err := NewServer("smtp://mail.example.cn", "", "n"); !errors.Is(err, ErrNoSender) {
		t.Errorf("no sender: %v", err)
	}
}

func TestADomainInChineseIsWrittenInLetters(t *testing.T) {
	t.Parallel()
	o, p := newOffice(t), &post{}
	o.answered(1, "zhang@例子.中国")
	o.answered(2, "not an address")
	o.send(o.sender(p.open(t)))
	if got := o.counts(); got != (Counts{Sent: 1, Failed: 1}) || p.to[0] != "zhang@xn--fsqu00a.xn--fiqs8s" {
		t.Errorf("%+v, to %v", got, p.to)
	}
}

func TestNothingWaitsForAMailServerThatHangs(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	silent, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer silent.Close()
	o.answered(1, "biaoji@example.cn")
	s := o.sender("smtp://" + silent.Addr().String())
	s.Server.timeout = time.Hour
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan struct{})
	go func() { s.Run(ctx); close(ended) }()
	conn, err := silent.Accept() // the sender has taken the message and speaks to nobody
	if err != nil {
		t.Fatal(err)
	}
	within, cancel := context.WithTimeout(t.Context(), 5*time.Second)
	defer cancel()
	err = o.db.InTx(within, func(tx pgx.Tx) error {
		var id uuid.UUID
		if err := tx.QueryRow(within, `UPDATE comment SET version = version + 1 RETURNING id`).Scan(&id); err != nil {
			return err
		}
		return Enqueue(within, tx, o.at, Message{ConsultationID: consultationID, CommentID: id, Kind: Answered})
	})
	if err != nil {
		t.Errorf("an approval waited for the mail server: %v", err)
	}
	stop()
	conn.Close()
	<-ended
	if o.counts() != (Counts{Waiting: 2}) {
		t.Errorf("%+v, want both waiting", o.counts())
	}
}
