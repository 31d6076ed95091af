package deploy

import (
	"bufio"
	"crypto/tls"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"
)

const sentence = "没有看到“查询码”，意见就可能没有保存"

// do sends a request and returns the answer with its body.
func (f *front) do(t *testing.T, method, address, body string, headers ...string) (*http.Response, string) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, address, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	if method == http.MethodPost {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	for i := 0; i < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	response, err := f.client.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return response, string(text)
}

// seen is how often the path arrived at both portals together.
func (f *front) seen(path string) int { return f.portals[0].seen(path) + f.portals[1].seen(path) }

func TestWhatAClientClaimsAboutItsAddressEndsAtTheBalancer(t *testing.T) {
	eachFront(t, func(t *testing.T, f *front) {
		f.portals[1].Close()
		for _, method := range []string{http.MethodGet, http.MethodPost} {
			response, _ := f.do(t, method, "https://"+name+"/claims", "", "X-Forwarded-For", "203.0.113.9", "Forwarded", "for=203.0.113.9",
				"X-Real-IP", "203.0.113.9", "X-Forwarded-Host", "evil.example")
			if response.StatusCode != http.StatusOK {
				t.Fatalf("%s: %d", method, response.StatusCode)
			}
			got := f.portals[0].last()
			if hops := got.Header.Values("X-Forwarded-For"); len(hops) != 1 || hops[0] != "127.0.0.1" {
				t.Errorf("%s: X-Forwarded-For %q, want the peer's address alone", method, hops)
			}
			for _, header := range []string{"Forwarded", "X-Real-Ip", "X-Forwarded-Host"} {
				if value := got.Header.Get(header); value != "" {
					t.Errorf("%s: %s %q arrives", method, header, value)
				}
			}
			if got.Host != name {
				t.Errorf("%s: Host %q", method, got.Host)
			}
		}
	})
}

func TestPeopleAreSentToTLSAndStrangersNamesToNobody(t *testing.T) {
	eachFront(t, func(t *testing.T, f *front) {
		response, _ := f.do(t, http.MethodGet, "http://"+name+"/consultations?q=1", "")
		if to := response.Header.Get("Location"); response.StatusCode != http.StatusMovedPermanently || to != "https://"+name+"/consultations?q=1" {
			t.Errorf("over http: %d to %q", response.StatusCode, to)
		}
		r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "https://"+name+"/stranger", nil)
		if err != nil {
			t.Fatal(err)
		}
		r.Host = "evil.example"
		client := f.newClient(true)
		client.Timeout = 2 * time.Second
		if response, err := client.Do(r); err == nil {
			t.Errorf("another name is answered with %d", response.StatusCode)
			response.Body.Close()
		}
		if f.seen("/stranger") != 0 {
			t.Error("another name reached a portal")
		}
	})
}

func TestAPostIsNeverSentTwiceAndReadingIs(t *testing.T) {
	eachFront(t, func(t *testing.T, f *front) {
		for _, p := range f.portals {
			p.dying.Store(true)
		}
		f.client = f.newClient(false) // see the remark in haproxy.cfg
		response, text := f.do(t, http.MethodPost, "https://"+name+"/consultations/2025-0001/comments", "sealed=1")
		if response.StatusCode != http.StatusBadGateway || !strings.Contains(text, sentence) {
			t.Errorf("a post whose portal died: %d %q", response.StatusCode, text)
		}
		for header, want := range map[string]string{"Retry-After": "30", "Cache-Control": "no-store", "Content-Type": "text/html; charset=utf-8"} {
			if got := response.Header.Get(header); got != want {
				t.Errorf("%s is %q, want %q", header, got, want)
			}
		}
		if n := f.seen("/consultations/2025-0001/comments"); n != 1 {
			t.Errorf("the post arrived %d times, want once", n)
		}
		f.client.CloseIdleConnections()
		f.do(t, http.MethodGet, "https://"+name+"/consultations", "")
		if f.portals[0].seen("/consultations") == 0 || f.portals[1].seen("/consultations") == 0 {
			t.Error("a page that is read was asked of one portal alone")
		}
	})
}

func TestAPortalThatIsGoneIsNotNoticed(t *testing.T) {
	eachFront(t, func(t *testing.T, f *front) {
		f.portals[0].Close()
		for range 30 {
			for _, method := range []string{http.MethodGet, http.MethodPost} {
				if response, _ := f.do(t, method, "https://"+name+"/work", ""); response.StatusCode != http.StatusOK {
					t.Fatalf("%s with one of two portals gone: %d", method, response.StatusCode)
				}
			}
		}
		f.portals[1].Close()
		response, text := f.do(t, http.MethodPost, "https://"+name+"/work", "")
		if response.StatusCode < 502 || response.StatusCode > 503 || !strings.Contains(text, sentence) || response.Header.Get("Retry-After") != "30" {
			t.Errorf("without a portal: %d %q", response.StatusCode, text)
		}
	})
}

func TestThePortalsOwnPagePasses(t *testing.T) {
	eachFront(t, func(t *testing.T, f *front) {
		for _, method := range []string{http.MethodGet, http.MethodPost} {
			response, text := f.do(t, method, "https://"+name+"/unavailable", "")
			if response.StatusCode != http.StatusServiceUnavailable || !strings.Contains(text, "the portal's own page") {
				t.Errorf("%s: %d %q", method, response.StatusCode, text)
			}
		}
		if n := f.seen("/unavailable"); n != 2 {
			t.Errorf("two requests arrived %d times", n)
		}
	})
}

// TestOneRequestIsNeverReadAsTwo sends what smugglers send: a length and chunks at once.
func TestOneRequestIsNeverReadAsTwo(t *testing.T) {
	eachFront(t, func(t *testing.T, f *front) {
		conn, err := tls.Dial("tcp", f.secure, &tls.Config{RootCAs: f.roots, ServerName: name})
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		_, err = io.WriteString(conn, "POST /smuggle HTTP/1.1\r\nHost: "+name+"\r\nContent-Type: application/x-www-form-urlencoded\r\n"+
			"Content-Length: 58\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\nGET /smuggled HTTP/1.1\r\nHost: "+name+"\r\n\r\n")
		if err != nil {
			t.Fatal(err)
		}
		if err := conn.SetReadDeadline(time.Now().Add(20 * time.Second)); err != nil {
			t.Fatal(err)
		}
		response, err := http.ReadResponse(bufio.NewReader(conn), nil)
		if err != nil {
			t.Fatal(err)
		}
		response.Body.Close()
		f.do(t, http.MethodGet, "https://"+name+"/after", "")
		if response.StatusCode < 400 && f.seen("/smuggle") != 1 || response.StatusCode >= 400 && f.seen("/smuggled") != 0 {
			t.Errorf("%d, the first arrived %d times, what hides in it %d times", response.StatusCode, f.seen("/smuggle"), f.seen("/smuggled"))
		}
	})
}

func TestHAProxyAsksForReadinessAndKeepsTheLivingWhenNoneIsReady(t *testing.T) {
	eachFront(t, func(t *testing.T, f *front) {
		if f.balancer != "haproxy" {
			return // nginx in Debian has no probes of its own
		}
		f.portals[0].becomeUnready(t)
		before := f.portals[0].seen("/form")
		for range 20 {
			f.do(t, http.MethodPost, "https://"+name+"/form", url.Values{"a": {"b"}}.Encode())
		}
		if f.portals[0].seen("/form") > before {
			t.Error("a portal that is not ready still gets posts")
		}
		f.portals[1].becomeUnready(t)
		for range 50 {
			response, text := f.do(t, http.MethodGet, "https://"+name+"/unavailable", "")
			if !strings.Contains(text, "the portal's own page") {
				t.Fatalf("with no portal ready: %d %q", response.StatusCode, text)
			}
		}
	})
}

// becomeUnready returns when the balancer has taken it in: it probes a second time after it has dealt with the first answer.
func (p *portal) becomeUnready(t *testing.T) {
	t.Helper()
	p.unready.Store(true)
	for deadline := time.After(time.Minute); p.refused.Load() < 2; {
		select {
		case <-deadline:
			t.Fatal("nobody asks whether the portal is ready")
		case <-time.After(5 * time.Millisecond):
		}
	}
}
