package main

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"wenji/internal/comment"
	"wenji/internal/vault"
)

// balancer is one that does as told, with the pages of the portal behind it.
type balancer struct {
	t       *testing.T
	keys    *vault.KeyRing
	mu      sync.Mutex
	numbers map[string]int // by sealed form
	answers func(w http.ResponseWriter, posts int) (done bool)
	posts   map[string]int
}

func (b *balancer) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.Method != http.MethodPost {
		return
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	sealed := r.PostFormValue("sealed")
	b.posts[sealed]++
	store := &comment.Store{Keys: b.keys, Now: time.Now}
	if _, err := store.OpenDraft(consultationID, sealed); err != nil { // checked too long ago
		w.WriteHeader(http.StatusUnprocessableEntity)
		return
	}
	if b.numbers[sealed] == 0 {
		b.numbers[sealed] = len(b.numbers) + 1
	}
	if b.answers(w, b.posts[sealed]) {
		return
	}
	note, err := json.Marshal(map[string]any{"note": comment.Receipt{Number: b.numbers[sealed], Code: sealed[:8]}})
	if err != nil {
		b.t.Error(err)
	}
	http.SetCookie(w, &http.Cookie{Name: "receipt", Value: b.keys.Box("cookie receipt").Seal(note, "")})
	http.Redirect(w, r, "/receipt", http.StatusSeeOther)
}

func TestACitizenPressesAgainUntilThereIsAReceipt(t *testing.T) {
	keys, err := vault.Create(filepath.Join(t.TempDir(), "keys.json"))
	if err != nil {
		t.Fatal(err)
	}
	b := &balancer{t: t, keys: keys, numbers: make(map[string]int), posts: make(map[string]int), answers: func(w http.ResponseWriter, posts int) bool {
		switch posts {
		case 1:
			w.WriteHeader(http.StatusServiceUnavailable)
			w.Write([]byte("<strong>不能确定您的意见是否已经保存。</strong><p>同一份意见不会重复保存。"))
		case 2:
			panic(http.ErrAbortHandler)
		case 3:
			w.WriteHeader(http.StatusBadGateway)
		}
		return posts <= 3
	}}
	server := httptest.NewServer(b)
	defer server.Close()
	j, err := newJournal(filepath.Join(t.TempDir(), "journal"))
	if err != nil {
		t.Fatal(err)
	}
	defer j.close()
	l, err := newLoad(server.URL, keys, j)
	if err != nil {
		t.Fatal(err)
	}
	l.next.Store(tooLate - 1) // the first form is one that must be refused
	l.start(t.Context())
	err = await(t.Context(), time.Minute, func(context.Context) error {
		if n := l.receipts.Load(); n < citizens {
			return http.ErrNoLocation
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := l.stop(); err != nil {
		t.Fatal(err)
	}
	lines, err := j.read()
	if err != nil {
		t.Fatal(err)
	}
	all := count(lines, time.Time{}, time.Now())
	if n := all.receipts; n < citizens || all.honest != n || all.silent != n || all.raw != n || all.refusals != 1 {
		t.Errorf("%+v; want each form answered honestly, then not at all, then with an empty 502, and then stored; one refused", all)
	}
	if v := reconcile(lines, len(lines), nil); len(v.lost) != all.receipts {
		t.Errorf("of an empty table %d forms are lost, want %d", len(v.lost), all.receipts)
	}
}

func TestOnlyPagesThatTellWhatToDoAreHonest(t *testing.T) {
	for page, want := range map[string]bool{
		"您的意见没有保存。请稍后刷新本页再次发送；同一份意见不会重复保存。":     true,
		"不能确定您的意见是否已经保存。同一份意见不会重复保存。":           true,
		"没有看到“查询码”，意见就可能没有保存。同一份意见提交几次，也只登记一次。": true,
		"您的意见没有保存。":                false,
		"<h1>502 Bad Gateway</h1>": false,
		"您的意见已经提交。同一份意见不会重复保存。":    false,
	} {
		if honest(page) != want {
			t.Errorf("%q: honest is %v", page, !want)
		}
	}
}

func TestFaultsAreChosenByName(t *testing.T) {
	if list, err := choose(""); err != nil || len(list) != len(harms) {
		t.Errorf("%d of %d faults without a choice, %v", len(list), len(harms), err)
	}
	list, err := choose("disk, hung")
	if err != nil || len(list) != 2 || list[0].name != "disk" || list[1].name != "hung" {
		t.Errorf("%v, %v; want disk and hung", names(list), err)
	}
	if _, err := choose("earthquake"); err == nil {
		t.Error("a fault that there is not was chosen")
	}
}

// A drill without a control that can fail would show nothing.
func TestTheControlIsAFaultOfTheDrill(t *testing.T) {
	for _, c := range controls {
		list, err := choose(c.name)
		if err != nil || list[0].what != c.what {
			t.Errorf("control %q is %q, the drill does %v", c.name, c.what, list)
		}
	}
	blind := &drillRun{cluster: &cluster{}, results: []result{{name: "machine"}}}
	if err := blind.printControl(t.Output()); err == nil {
		t.Error("a control that lost nothing passes")
	}
	blind.results[0].lost = append(blind.results[0].lost, form(1))
	if err := blind.printControl(t.Output()); err != nil {
		t.Errorf("a control that lost a comment: %v", err)
	}
}

// A standby for which commits wait is an heir once Patroni has written it down.
func TestHeirsAreTheStandbysThatPatroniNames(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/cluster" {
			http.NotFound(w, r)
			return
		}
		io.WriteString(w, `{"members": [{"name": "node1", "role": "leader"}, {"name": "node2", "role": "replica", "state": "running"},
			{"name": "node3", "role": "sync_standby", "lag": 0}]}`)
	}))
	defer server.Close()
	n := &node{api: strings.TrimPrefix(server.URL, "http://")}
	if heirs, err := n.heirs(t.Context()); err != nil || !slices.Equal(heirs, []string{"node3"}) {
		t.Errorf("%v, %v; want node3", heirs, err)
	}
	server.Close()
	if heirs, err := n.heirs(t.Context()); err == nil {
		t.Errorf("a Patroni that is away names %v", heirs)
	}
}

// See patroniConfig: in version 3 a primary that hung takes the key back.
func TestPatroniRenewsItsKeyOnlyWhileItIsItsOwn(t *testing.T) {
	c := &cluster{}
	text, err := c.renderPatroni(&node{name: "node1"}, "/usr/lib/postgresql/15/bin")
	if err != nil {
		t.Fatal(err)
	}
	if !regexp.MustCompile(`(?m)^etcd:$`).MatchString(text) || regexp.MustCompile(`(?m)^etcd3:$`).MatchString(text) {
		t.Error("Patroni does not speak version 2 of etcd's protocol")
	}
}
