package httpd_test

import (
	"crypto/rand"
	"crypto/rsa"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"wenji/internal/httpd"

	"github.com/go-jose/go-jose/v4"
)

// identityProvider is a provider of identities that says what a test wants.
type identityProvider struct {
	*httptest.Server
	t        *testing.T
	key      *rsa.PrivateKey
	username string
	methods  []string
	nonce    string // instead of the one asked for; "" for that one
	asked    url.Values
	verifier string
}

func newIdentityProvider(t *testing.T, d *desk) *identityProvider {
	t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	p := &identityProvider{t: t, key: key, username: "liming", methods: []string{"pwd", "mfa"}}
	mux := http.NewServeMux()
	mux.HandleFunc("/.well-known/openid-configuration", func(w http.ResponseWriter, _ *http.Request) {
		p.answer(w, map[string]any{
			"issuer": p.URL, "authorization_endpoint": p.URL + "/authorize", "token_endpoint": p.URL + "/token", "jwks_uri": p.URL + "/keys",
			"id_token_signing_alg_values_supported": []string{"RS256"},
		})
	})
	mux.HandleFunc("/keys", func(w http.ResponseWriter, _ *http.Request) {
		p.answer(w, jose.JSONWebKeySet{Keys: []jose.JSONWebKey{{Key: key.Public(), KeyID: "1", Algorithm: "RS256", Use: "sig"}}})
	})
	mux.HandleFunc("/token", func(w http.ResponseWriter, r *http.Request) {
		if r.FormValue("code") != "the-code" {
			http.Error(w, `{"error":"invalid_grant"}`, http.StatusBadRequest)
			return
		}
		p.verifier = r.FormValue("code_verifier")
		p.answer(w, map[string]any{"access_token": "x", "token_type": "Bearer", "id_token": p.token()})
	})
	p.Server = httptest.NewServer(mux)
	t.Cleanup(p.Server.Close)
	d.web.Provider = &httpd.IdentityProvider{Issuer: p.URL, ClientID: "wenji", Secret: "s", ReturnURL: d.URL + httpd.ProviderReturn}
	return p
}

func (p *identityProvider) answer(w http.ResponseWriter, v any) {
	w.Header().Set("Content-Type", "application/json")
	if err := json.NewEncoder(w).Encode(v); err != nil {
		p.t.Error(err)
	}
}

func (p *identityProvider) token() string {
	nonce := p.nonce
	if nonce == "" {
		nonce = p.asked.Get("nonce")
	}
	claims, err := json.Marshal(map[string]any{
		"iss": p.URL, "aud": "wenji", "sub": "42", "exp": time.Now().Add(time.Hour).Unix(), "iat": time.Now().Unix(),
		"nonce": nonce, "preferred_username": p.username, "amr": p.methods,
	})
	if err != nil {
		p.t.Error(err)
	}
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: jose.RS256, Key: jose.JSONWebKey{Key: p.key, KeyID: "1"}}, nil)
	if err != nil {
		p.t.Error(err)
	}
	signed, err := signer.Sign(claims)
	if err != nil {
		p.t.Error(err)
	}
	compact, err := signed.CompactSerialize()
	if err != nil {
		p.t.Error(err)
	}
	return compact
}

// come goes to the provider and back, and returns the answer to the return.
func (p *identityProvider) come(b *browser) *page {
	p.t.Helper()
	leave := b.get("/staff/login/oidc?next=%2Fstaff%2Fqueue").want(p.t, http.StatusSeeOther)
	to, err := url.Parse(leave.Header.Get("Location"))
	if err != nil || !strings.HasPrefix(to.String(), p.URL+"/authorize?") {
		p.t.Fatalf("sent to %v, %v", to, err)
	}
	p.asked = to.Query()
	return b.get("/staff/login/oidc/return?" + url.Values{"code": {"the-code"}, "state": {p.asked.Get("state")}}.Encode())
}

func TestSignOnByAProviderOpensASession(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	p := newIdentityProvider(t, d)
	b := d.browser()
	if b.get("/staff/login").Find(`a[href="/staff/login/oidc"]`).Length() != 1 {
		t.Error("the sign-in page does not offer the provider")
	}
	p.come(b).want(t, http.StatusSeeOther)
	if p.asked.Get("code_challenge_method") != "S256" || p.verifier == "" {
		t.Errorf("no proof key: %v, %q", p.asked, p.verifier)
	}
	confirm := b.get("/staff/login/oidc/confirm").want(t, http.StatusOK)
	if confirm.Find("[name=otp]").Length() != 0 {
		t.Error("a code is asked for although the provider checked a second factor")
	}
	b.get("/staff/queue").want(t, http.StatusSeeOther) // nothing is open before the post
	entered := b.post("/staff/login/oidc/confirm", url.Values{}).want(t, http.StatusSeeOther)
	if to := entered.Header.Get("Location"); to != "/staff/queue" {
		t.Errorf("went on to %s", to)
	}
	b.get("/staff/queue").want(t, http.StatusOK)
}

func TestWithoutASecondFactorAtTheProviderACodeIsAskedFor(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	p := newIdentityProvider(t, d)
	p.methods = []string{"pwd"}
	b := d.browser()
	p.come(b).want(t, http.StatusSeeOther)
	if b.get("/staff/login/oidc/confirm").Find("[name=otp]").Length() != 1 {
		t.Error("no code is asked for")
	}
	b.post("/staff/login/oidc/confirm", url.Values{"otp": {"000000"}}).want(t, http.StatusUnprocessableEntity)
	b.get("/staff/queue").want(t, http.StatusSeeOther)
	b.post("/staff/login/oidc/confirm", url.Values{"otp": {d.code()}}).want(t, http.StatusSeeOther)
	b.get("/staff/queue").want(t, http.StatusOK)
}

func TestASignOnThatIsNotOursIsRefused(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	if err := d.web.Staff.Disable(t.Context(), "test", "zhaoli"); err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		spoil  func(*identityProvider)
		status int // of the return; where it is 303, the confirmation must be refused
	}{
		"another nonce":     {func(p *identityProvider) { p.nonce = "other" }, http.StatusUnprocessableEntity},
		"unknown member":    {func(p *identityProvider) { p.username = "stranger" }, http.StatusSeeOther},
		"disabled member":   {func(p *identityProvider) { p.username = "zhaoli" }, http.StatusSeeOther},
		"no name":           {func(p *identityProvider) { p.username = "" }, http.StatusUnprocessableEntity},
		"another signature": {func(p *identityProvider) { p.key, _ = rsa.GenerateKey(rand.Reader, 2048) }, http.StatusUnprocessableEntity},
	} {
		t.Run(name, func(t *testing.T) {
			p := newIdentityProvider(t, d)
			c.spoil(p)
			b := d.browser()
			p.come(b).want(t, c.status)
			if c.status == http.StatusSeeOther {
				b.post("/staff/login/oidc/confirm", url.Values{}).want(t, http.StatusUnprocessableEntity)
			}
			b.get("/staff").want(t, http.StatusSeeOther)
		})
	}
	b, p := d.browser(), newIdentityProvider(t, d)
	b.get("/staff/login/oidc").want(t, http.StatusSeeOther)
	b.get("/staff/login/oidc/return?code=the-code&state=another").want(t, http.StatusUnprocessableEntity)
	d.browser().get("/staff/login/oidc/return?code=the-code&state="+p.asked.Get("state")).want(t, http.StatusUnprocessableEntity)
}

func TestAProviderThatIsAwayLeavesPasswordsAlone(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	p := newIdentityProvider(t, d)
	p.Close()
	b := d.browser()
	b.get("/staff/login/oidc").want(t, http.StatusServiceUnavailable)
	b.post("/staff/login", d.credentials("liming")).want(t, http.StatusSeeOther)
}

func TestWithoutAProviderThereIsNoSignOnByOne(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	b := d.browser()
	b.get("/staff/login/oidc").want(t, http.StatusNotFound)
	if b.get("/staff/login").Find(`a[href^="/staff/login/oidc"]`).Length() != 0 {
		t.Error("a provider is offered that is not there")
	}
}
