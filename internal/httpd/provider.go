package httpd

import (
	"context"
	"crypto/rand"
	"crypto/subtle"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"sync"
	"time"

	"wenji/internal/apperr"
	"wenji/internal/validate"
	"wenji/web/desk"

	"github.com/coreos/go-oidc/v3/oidc"
	"golang.org/x/oauth2"
)

// Addresses of the sign-on by a provider of identities.
const (
	providerPath = "/staff/login/oidc"

	// ProviderReturn is where the provider sends people back to; it is registered with the provider.
	ProviderReturn = providerPath + "/return"
)

// IdentityProvider is the office's own sign-on (统一身份认证, OpenID Connect Core 1.0, code flow with PKCE). It is asked for
// its addresses when the first person comes, so that a provider that is down keeps nobody from signing in with a password.
type IdentityProvider struct {
	Issuer, ClientID, Secret string
	ReturnURL                string

	mu    sync.Mutex
	known *oidc.Provider
}

const providerWait = 5 * time.Second

// errProvider: the provider does not answer, or answers nonsense.
var errProvider = errors.New("identity provider unavailable")

// client is how requests to the provider are made: bounded, and never through a redirect to somewhere else.
func (p *IdentityProvider) client(ctx context.Context) context.Context {
	return oidc.ClientContext(ctx, &http.Client{Timeout: providerWait, CheckRedirect: func(*http.Request, []*http.Request) error {
		return http.ErrUseLastResponse
	}})
}

func (p *IdentityProvider) discover() (*oidc.Provider, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.known != nil {
		return p.known, nil
	}
	// The provider's keys are fetched with this context for as long as the portal runs, so it is not the request's.
	found, err := oidc.NewProvider(p.client(context.Background()), p.Issuer)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", errProvider, err)
	}
	p.known = found
	return found, nil
}

func (p *IdentityProvider) config(found *oidc.Provider) *oauth2.Config {
	return &oauth2.Config{
		ClientID: p.ClientID, ClientSecret: p.Secret, Endpoint: found.Endpoint(), RedirectURL: p.ReturnURL,
		Scopes: []string{oidc.ScopeOpenID, "profile"},
	}
}

// journey is what a browser carries on the way to the provider and back.
type journey struct {
	State, Nonce, Verifier, Next string
}

// proof is who the provider said it is, on the way from the return to the member's consent.
type proof struct {
	Username string
	Factor   bool // the provider checked a second factor
	Next     string
}

var (
	journeyCookie = sealedCookie{"wenji_oidc", providerPath, 10 * time.Minute}
	proofCookie   = sealedCookie{"wenji_proof", providerPath, 5 * time.Minute}
)

// toProvider sends a person to the provider. It changes nothing here: what has to be remembered goes along in a cookie.
func (s *Server) toProvider(w http.ResponseWriter, r *http.Request) error {
	if s.Provider == nil {
		return apperr.ErrNotFound
	}
	found, err := s.Provider.discover()
	if err != nil {
		return s.providerFailed(w, r, err)
	}
	j := journey{rand.Text(), rand.Text(), oauth2.GenerateVerifier(), staffAddress(r.URL.Query().Get("next"))}
	if err := putNote(s, w, journeyCookie, j); err != nil {
		return err
	}
	http.Redirect(w, r, s.Provider.config(found).AuthCodeURL(j.State, oidc.Nonce(j.Nonce), oauth2.S256ChallengeOption(j.Verifier)), http.StatusSeeOther)
	return nil
}

// fromProvider checks what the provider says. Who it is stays in a sealed cookie until the person goes on with a post.
func (s *Server) fromProvider(w http.ResponseWriter, r *http.Request) error {
	if s.Provider == nil {
		return apperr.ErrNotFound
	}
	j, ok := takeNote[journey](s, r, journeyCookie)
	q := r.URL.Query()
	if !ok || subtle.ConstantTimeCompare([]byte(j.State), []byte(q.Get("state"))) != 1 || q.Get("code") == "" {
		return s.renderLogin(w, r, http.StatusUnprocessableEntity, desk.LoginView{Next: j.Next, Message: validate.ProviderRefused})
	}
	username, factor, err := s.Provider.identify(r.Context(), q.Get("code"), j)
	if errors.Is(err, errProvider) {
		return s.providerFailed(w, r, err)
	}
	if err != nil {
		s.Log.Warn("a sign-on by the identity provider was refused")
		return s.renderLogin(w, r, http.StatusUnprocessableEntity, desk.LoginView{Next: j.Next, Message: validate.ProviderRefused})
	}
	dropNote(s, w, journeyCookie)
	if err := putNote(s, w, proofCookie, proof{username, factor, j.Next}); err != nil {
		return err
	}
	http.Redirect(w, r, providerPath+"/confirm", http.StatusSeeOther)
	return nil
}

// identify changes the code for an identity token and checks it: signature, issuer, audience, expiry, nonce.
func (p *IdentityProvider) identify(ctx context.Context, code string, j journey) (username string, factor bool, err error) {
	found, err := p.discover()
	if err != nil {
		return "", false, err
	}
	ctx = p.client(ctx)
	token, err := p.config(found).Exchange(ctx, code, oauth2.VerifierOption(j.Verifier))
	var answered *oauth2.RetrieveError
	if err != nil && !errors.As(err, &answered) {
		return "", false, fmt.Errorf("%w: %w", errProvider, err)
	}
	if err != nil {
		return "", false, errors.New("the provider does not take the code")
	}
	raw, ok := token.Extra("id_token").(string)
	if !ok {
		return "", false, errors.New("the provider gave no identity token")
	}
	checked, err := found.Verifier(&oidc.Config{ClientID: p.ClientID}).Verify(ctx, raw)
	if err != nil {
		return "", false, fmt.Errorf("check an identity token: %w", err)
	}
	var claims struct {
		Username string   `json:"preferred_username"`
		Methods  []string `json:"amr"` // RFC 8176
	}
	if err := checked.Claims(&claims); err != nil {
		return "", false, fmt.Errorf("read an identity token: %w", err)
	}
	if subtle.ConstantTimeCompare([]byte(checked.Nonce), []byte(j.Nonce)) != 1 || claims.Username == "" {
		return "", false, errors.New("the identity token is for another sign-on")
	}
	return claims.Username, slices.Contains(claims.Methods, "mfa"), nil
}

// providerFailed tells that the provider is away; passwords go on working.
func (s *Server) providerFailed(w http.ResponseWriter, r *http.Request, err error) error {
	s.Log.Warn("the identity provider is not available", "unavailable", errors.Is(err, errProvider))
	return s.renderLogin(w, r, http.StatusServiceUnavailable, desk.LoginView{Message: validate.ProviderAway})
}

func (s *Server) askProven(w http.ResponseWriter, r *http.Request) error {
	return s.renderProven(w, r, http.StatusOK, "")
}

func (s *Server) renderProven(w http.ResponseWriter, r *http.Request, status int, message string) error {
	known, ok := takeNote[proof](s, r, proofCookie)
	if !ok || s.Provider == nil {
		http.Redirect(w, r, "/staff/login", http.StatusSeeOther)
		return nil
	}
	p := s.uiPage(r, "统一身份认证")
	p.Meta.NoIndex, p.Wrong = true, message != ""
	return s.render(w, r, status, desk.Proven(p, desk.ProvenView{Username: known.Username, Factor: !known.Factor, Message: message}))
}

// signInProven opens the session of who comes from the provider. Refusals are worded as those of a password.
func (s *Server) signInProven(w http.ResponseWriter, r *http.Request) error {
	if err := form(r); err != nil {
		return err
	}
	known, ok := takeNote[proof](s, r, proofCookie)
	if !ok || s.Provider == nil {
		http.Redirect(w, r, "/staff/login", http.StatusSeeOther)
		return nil
	}
	token, m, err := s.Staff.SignInProven(r.Context(), known.Username, r.PostForm.Get("otp"), known.Factor, s.clientAddress(r))
	var invalid *apperr.Invalid
	switch {
	case errors.As(err, &invalid):
		return s.renderProven(w, r, http.StatusUnprocessableEntity, validate.ProviderUnknown)
	case errors.Is(err, apperr.ErrTooMany):
		setRetryAfter(w, retryTime(err))
		return s.renderProven(w, r, http.StatusTooManyRequests, validate.LoginTooOften(retryTime(err)))
	case err != nil:
		return err
	}
	dropNote(s, w, proofCookie)
	return s.enter(w, r, token, m, known.Next)
}

// dropNote takes a sealed cookie away.
func dropNote(s *Server, w http.ResponseWriter, c sealedCookie) {
	http.SetCookie(w, &http.Cookie{Name: c.name, Path: c.path, MaxAge: -1, HttpOnly: true, Secure: s.TLS, SameSite: http.SameSiteLaxMode})
}
