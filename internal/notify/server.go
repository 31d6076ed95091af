package notify

import (
	"context"
	"crypto/tls"
	"errors"
	"net"
	netmail "net/mail"
	"net/url"
	"strconv"
	"strings"
	"time"

	"wenji/internal/validate"
	"wenji/internal/vault"

	"github.com/google/uuid"
	"github.com/wneessen/go-mail"
	"github.com/wneessen/go-mail/smtp"
)

// ErrServerURL: the address of the mail server cannot be read.
var ErrServerURL = errors.New("mail server address not understood")

// ErrNoSender: neither the address of the mail server nor the site says whom mail comes from.
var ErrNoSender = errors.New("mail has no sender")

// Server is the mail server that mail is handed to.
type Server struct {
	host, user, password string
	port                 int
	implicit             bool // TLS from the first byte
	plain                bool // no TLS: only on this machine
	from, name           string
	timeout              time.Duration
	tls                  *tls.Config
}

const smtpTimeout = 20 * time.Second

// NewServer reads smtp://user:password@host:port or smtps://…; ?from=… names the sender's address, otherwise it is user
// where that is an address, or else fallback. name is the sender's name as people see it. With smtp:// the connection is
// turned into TLS (STARTTLS) before anything is said, unless the server is on this machine. Errors never repeat the
// address: it may hold a password.
func NewServer(address, fallback, name string) (*Server, error) {
	u, err := url.Parse(address)
	if err != nil || u.Hostname() == "" || u.Path != "" && u.Path != "/" || u.Scheme != "smtp" && u.Scheme != "smtps" {
		return nil, ErrServerURL
	}
	s := &Server{host: u.Hostname(), implicit: u.Scheme == "smtps", port: 587, name: name, timeout: smtpTimeout}
	if s.implicit {
		s.port = 465
	}
	if p := u.Port(); p != "" {
		if s.port, err = strconv.Atoi(p); err != nil || s.port < 1 || s.port > 65535 {
			return nil, ErrServerURL
		}
	}
	s.user = u.User.Username()
	s.password, _ = u.User.Password()
	s.plain = !s.implicit && onThisMachine(s.host)
	switch {
	case u.Query().Get("from") != "":
		s.from = u.Query().Get("from")
	case strings.Contains(s.user, "@"):
		s.from = s.user
	default:
		s.from = fallback
	}
	from, err := netmail.ParseAddress(s.from)
	if err != nil {
		return nil, ErrNoSender
	}
	s.from = from.Address
	return s, nil
}

func onThisMachine(host string) bool {
	if ip := net.ParseIP(host); ip != nil {
		return ip.IsLoopback()
	}
	return host == "localhost"
}

func (s *Server) client() (*mail.Client, error) {
	options := []mail.Option{mail.WithPort(s.port), mail.WithTimeout(s.timeout)}
	switch {
	case s.implicit:
		options = append(options, mail.WithSSL())
	case s.plain:
		options = append(options, mail.WithTLSPolicy(mail.NoTLS))
	default:
		options = append(options, mail.WithTLSPolicy(mail.TLSMandatory))
	}
	if s.tls != nil {
		options = append(options, mail.WithTLSConfig(s.tls))
	}
	if s.user != "" {
		options = append(options, mail.WithSMTPAuth(mail.SMTPAuthAutoDiscover), mail.WithUsername(s.user), mail.WithPassword(s.password))
	}
	return mail.NewClient(s.host, options...)
}

var errAddress = errors.New("not a mail address") // never the library's error: it quotes the address

// letter is one mail.
type letter struct {
	id            uuid.UUID
	to            vault.Secret
	subject, text string
}

// line is one connection to the server, opened with the first letter.
type line struct {
	server *Server
	client *mail.Client
	conn   *smtp.Client
}

// send hands a letter over. failure is a code, "" once the server took it; lasting means that another try is no use.
func (l *line) send(ctx context.Context, m letter) (failure string, lasting bool) {
	msg, err := l.server.compose(m)
	if err != nil {
		return failAddress, true
	}
	if l.conn == nil {
		if err := l.open(ctx); err != nil {
			return failUnreachable, false
		}
	}
	err = l.client.SendWithSMTPClient(l.conn, msg)
	if msg.IsDelivered() { // also when the farewell failed
		if err != nil {
			l.close()
		}
		return "", false
	}
	var refused *mail.SendError
	if !errors.As(err, &refused) || refused.ErrorCode() == 0 {
		l.close()
		return failUnreachable, false
	}
	switch refused.Reason {
	case mail.ErrSMTPRcptTo, mail.ErrSMTPData, mail.ErrSMTPDataClose:
		if refused.ErrorCode() >= 500 {
			return failRefused, true
		}
	}
	return failServer, false
}

func (l *line) open(ctx context.Context) error {
	client, err := l.server.client()
	if err != nil {
		return err
	}
	conn, err := client.DialToSMTPClientWithContext(ctx)
	if err != nil {
		return err
	}
	l.client, l.conn = client, conn
	return nil
}

// close says good-bye. That the server does not answer it is of no interest.
func (l *line) close() {
	if l.conn != nil {
		l.client.CloseWithSMTPClient(l.conn)
		l.conn = nil
	}
}

// compose makes the mail. It has no User-Agent, and its Message-ID is made of the message's key: a server or mailbox that
// gets it twice can tell.
func (s *Server) compose(m letter) (*mail.Msg, error) {
	msg := mail.NewMsg(mail.WithNoDefaultUserAgent())
	if err := msg.FromFormat(s.name, s.from); err != nil {
		return nil, err
	}
	to, ok := validate.MailAddress(m.to.Reveal())
	if !ok {
		return nil, errAddress
	}
	if err := msg.To(to); err != nil {
		return nil, errAddress
	}
	msg.Subject(m.subject)
	msg.SetDate()
	msg.SetMessageIDWithValue(m.id.String() + s.from[strings.LastIndexByte(s.from, '@'):])
	msg.SetGenHeader("Auto-Submitted", "auto-generated") // RFC 3834: no holiday replies, please
	msg.SetBodyString(mail.TypeTextPlain, m.text)
	return msg, nil
}
