package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"wenji/internal/moderation"
	"wenji/internal/staff"

	"github.com/google/uuid"
	"github.com/pquerna/otp/totp"
)

// moderators claim at the same time.
const moderators = 8

// claimScript is the ceiling of claiming: the bare statements, without the portal.
const claimScript = `
\set who random(1, 1000000000)
UPDATE comment SET claimed_by = md5(:who::text)::uuid, claimed_name = '张三', claimed_until = now() + interval '20 minutes'
 WHERE id = (SELECT id FROM comment WHERE state = 'received' AND (claimed_until IS NULL OR claimed_until <= now())
              ORDER BY received_at, id LIMIT 1 FOR UPDATE SKIP LOCKED);
UPDATE comment SET claimed_by = NULL, claimed_name = '', claimed_until = NULL WHERE claimed_by = md5(:who::text)::uuid;
`

// measureClaims has moderators claim and give back, in turn with the bare statements.
func measureClaims(ctx context.Context, l *asked, t *table) error {
	db, store := l.db, &moderation.Store{DB: l.db, Keys: l.keys, Now: l.db.Now}
	script := filepath.Join(l.dir, "claim.sql")
	if err := os.WriteFile(script, []byte(claimScript), 0o644); err != nil {
		return err
	}
	r, twice := runs{}, 0
	for range l.rounds {
		b, err := pgbench(ctx, db.Config().ConnString(), script, moderators, int(8000*l.submits))
		if err != nil {
			return err
		}
		r.add("bare", b.tps)
		took, times, both, err := claims(ctx, store, l.load)
		if err != nil {
			return err
		}
		twice += both
		r.add("claims", rate(len(times), took))
		r.add("p50", median(times))
		r.add("p99", quantile(times, 0.99))
	}
	ours, bare := r.median("claims"), r.median("bare")
	t.add(fmt.Sprintf("claim and give back, %d moderators", moderators), amount(ours)+" /s", "bare statements: "+amount(bare),
		fmt.Sprintf("%.2f", ours/bare), "≥ 4,000 /s", judge(ours >= 4000))
	t.atMost("claim p99", "ms", r.median("p99"), "p50 "+amount(r.median("p50"))+" ms", 10)
	t.add("claims of one comment by two at once", fmt.Sprint(twice), "", "", "0", judge(twice == 0))
	return nil
}

// claims counts claims, their times in ms, and how many comments two members held at once.
func claims(ctx context.Context, store *moderation.Store, d time.Duration) (took time.Duration, times []float64, twice int, err error) {
	var held sync.Map
	var both atomic.Int64
	var mu sync.Mutex
	var all sync.WaitGroup
	began := time.Now()
	for i := range moderators {
		member := staff.Member{ID: uuid.New(), Username: fmt.Sprint("m", i), Name: "李明", Role: staff.Moderator}
		all.Go(func() {
			var own []float64
			var fault error
			for fault == nil && time.Since(began) < d {
				from := time.Now()
				var id uuid.UUID
				if id, fault = store.Claim(ctx, member, ""); fault != nil {
					break
				}
				own = append(own, millis(time.Since(from)))
				if _, taken := held.LoadOrStore(id, true); taken {
					both.Add(1)
				}
				held.Delete(id)
				fault = store.Release(ctx, member, id)
			}
			mu.Lock()
			defer mu.Unlock()
			times, err = append(times, own...), errors.Join(err, fault)
		})
	}
	all.Wait()
	return time.Since(began), times, int(both.Load()), err
}

// signIn signs a member in as a person does.
func signIn(ctx context.Context, p *portal, role string) (*http.Client, error) {
	text, err := os.ReadFile(p.accounts)
	if err != nil {
		return nil, err
	}
	var accounts []struct {
		Role, Username, Password string
		TOTPSecret               string `json:"totp_secret"`
	}
	if err := json.Unmarshal(text, &accounts); err != nil {
		return nil, err
	}
	jar, err := cookiejar.New(nil)
	if err != nil {
		return nil, err
	}
	browser := &http.Client{Jar: jar}
	for _, a := range accounts {
		if a.Role != role {
			continue
		}
		code, err := totp.GenerateCode(a.TOTPSecret, time.Now())
		if err != nil {
			return nil, err
		}
		form := url.Values{"username": {a.Username}, "password": {a.Password}, "otp": {code}}
		r, err := postForm(ctx, browser, "http://"+p.address+"/staff/login", form)
		if err != nil {
			return nil, err
		}
		r.Body.Close()
		if r.StatusCode != http.StatusOK || strings.HasSuffix(r.Request.URL.Path, "/login") {
			return nil, fmt.Errorf("signing in: status %d", r.StatusCode)
		}
		return browser, nil
	}
	return nil, fmt.Errorf("no account of a %s", role)
}

func postForm(ctx context.Context, browser *http.Client, address string, form url.Values) (*http.Response, error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, address, strings.NewReader(form.Encode()))
	if err != nil {
		return nil, err
	}
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.Header.Set("Sec-Fetch-Site", "same-origin")
	return browser.Do(r)
}
