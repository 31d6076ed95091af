package e2e

import (
	"context"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/PuerkitoBio/goquery"
	"github.com/jackc/pgx/v5"
)

// TestNothingAcknowledgedIsLost sends comments while the database and then the portal are killed, and compares what
// was acknowledged with what is stored.
func TestNothingAcknowledgedIsLost(t *testing.T) {
	d := newDemo(t)
	d.start()
	const forms = 60
	sealed := make([]string, forms)
	for i := range sealed {
		sealed[i] = d.sealedForm(t, i)
	}
	var acknowledged sync.Map
	var sent atomic.Int64
	var wg sync.WaitGroup
	next := make(chan int, forms)
	for i := range sealed {
		next <- i
	}
	close(next)
	half := make(chan bool)
	for range 4 {
		wg.Go(func() {
			for i := range next {
				if d.send(sealed[i]) == http.StatusSeeOther {
					acknowledged.Store(i, true)
				}
				if sent.Add(1) == forms/3 {
					close(half)
				}
			}
		})
	}
	<-half
	if err := syscall.Kill(d.postmaster(), syscall.SIGKILL); err != nil {
		t.Error(err)
	}
	d.kill()
	wg.Wait()
	d.start()

	stored := d.storedTitles(t)
	lost := 0
	acknowledged.Range(func(i, _ any) bool {
		if stored["第"+strconv.Itoa(i.(int))+"份意见"] != 1 {
			lost++
		}
		return true
	})
	if lost > 0 {
		t.Errorf("%d acknowledged comments are lost", lost)
	}
	for i := range sealed {
		if status := d.send(sealed[i]); status != http.StatusSeeOther {
			t.Errorf("form %d sent again answers %d", i, status)
		}
	}
	for title, n := range d.storedTitles(t) {
		if n != 1 {
			t.Errorf("%s is stored %d times", title, n)
		}
	}
	if n := len(d.storedTitles(t)); n != forms {
		t.Errorf("%d of %d forms are stored after sending again", n, forms)
	}
}

func (d *ownDemo) client(t *testing.T) *http.Client {
	t.Helper()
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	return &http.Client{Jar: jar, Timeout: 20 * time.Second, CheckRedirect: func(*http.Request, []*http.Request) error {
		return http.ErrUseLastResponse
	}}
}

// sealedForm goes to the check page with form number i and returns the sealed form.
func (d *ownDemo) sealedForm(t *testing.T, i int) string {
	t.Helper()
	client := d.client(t)
	comments := "http://" + d.address + "/consultations/" + sampleID + "/comments"
	page := func(r *http.Response, err error) *goquery.Document {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		defer r.Body.Close()
		doc, err := goquery.NewDocumentFromReader(r.Body)
		if err != nil || r.StatusCode != 200 {
			t.Fatalf("%s answers %d: %v", r.Request.URL.Path, r.StatusCode, err)
		}
		return doc
	}
	form := page(client.Get(comments + "/new"))
	check := page(client.PostForm(comments+"/check", url.Values{
		"title": {"第" + strconv.Itoa(i) + "份意见"}, "body": {"建议在老旧小区楼道加装扶手，方便老年人上下楼。" + strconv.Itoa(i)},
		"name": {"欧阳测标"}, "id_number": {"210102194912310016"}, "occupation": {"教师"}, "phone": {"13812345678"},
		"email": {"biaoji@example.cn"}, "captcha": {digits}, "consent": {"1"}, "consent_id": {"1"},
		"captcha_token": {form.Find("[name=captcha_token]").AttrOr("value", "")},
	}))
	return check.Find("[name=sealed]").First().AttrOr("value", "")
}

// send confirms a sealed form; 0 when there was no answer.
func (d *ownDemo) send(sealed string) int {
	client := &http.Client{Timeout: 20 * time.Second, CheckRedirect: func(*http.Request, []*http.Request) error {
		return http.ErrUseLastResponse
	}}
	r, err := client.PostForm("http://"+d.address+"/consultations/"+sampleID+"/comments", url.Values{"sealed": {sealed}})
	if err != nil {
		return 0
	}
	r.Body.Close()
	return r.StatusCode
}

// storedTitles counts the stored comments by title, asking the private server itself.
func (d *ownDemo) storedTitles(t *testing.T) map[string]int {
	t.Helper()
	conn, err := pgx.Connect(context.Background(), "host="+filepath.Join(d.data, "postgres", "run")+" port=5432 user=postgres dbname=wenji")
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(context.Background())
	rows, err := conn.Query(context.Background(), `SELECT c.title FROM comment c JOIN personal_data p ON p.comment_id = c.id`)
	if err != nil {
		t.Fatal(err)
	}
	titles, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		t.Fatal(err)
	}
	count := make(map[string]int)
	for _, title := range titles {
		if !strings.HasSuffix(title, "份意见") {
			t.Errorf("a comment nobody sent: %s", title)
		}
		count[title]++
	}
	return count
}
