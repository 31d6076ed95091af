package metrics

import (
	"encoding/json"
	"os"
	"regexp"
	"strings"
	"testing"
	"time"

	"wenji/internal/postgres/pgtest"
)

var (
	metricName = regexp.MustCompile(`\b(?:wenji|process|go)_[a-z_]+\b`)
	selector   = regexp.MustCompile(`\b(wenji_[a-z_]+)\{([a-z]+)="([^"]+)"\}`)
)

// TestAlertsAndDashboardNameOnlyWhatIsThere: a rule over a metric that does not exist never fires.
func TestAlertsAndDashboardNameOnlyWhatIsThere(t *testing.T) {
	t.Parallel()
	s := watched(t, pgtest.New(t))
	s.Requests.Route("GET", "/").Observe(200, time.Millisecond)
	text := scrape(t, Handler(s))
	there := make(map[string]bool)
	for line := range strings.Lines(text) {
		if name := metricName.FindString(line); name != "" && !strings.HasPrefix(line, "#") {
			there[name] = true
		}
	}
	used := make(map[string]bool)
	check := func(file, expression string) {
		for _, name := range metricName.FindAllString(expression, -1) {
			used[name] = true
			if !there[name] {
				t.Errorf("%s: there is no metric %s", file, name)
			}
		}
		for _, found := range selector.FindAllStringSubmatch(expression, -1) {
			if !regexp.MustCompile(`(?m)^` + found[1] + `\{[^}]*` + found[2] + `="` + regexp.QuoteMeta(found[3]) + `"`).MatchString(text) {
				t.Errorf("%s: no series %s", file, found[0])
			}
		}
	}
	alerts, err := os.ReadFile("../../docs/deploy/alerts.yml")
	must(t, err)
	check("alerts.yml", string(alerts))
	dashboard, err := os.ReadFile("../../docs/deploy/dashboard.json")
	must(t, err)
	var d struct {
		Panels []struct {
			Title   string
			Type    string
			Targets []struct{ Expr string }
		}
	}
	must(t, json.Unmarshal(dashboard, &d))
	for _, p := range d.Panels {
		if p.Type != "row" && len(p.Targets) == 0 {
			t.Errorf("panel %s shows nothing", p.Title)
		}
		for _, target := range p.Targets {
			check("dashboard.json, "+p.Title, target.Expr)
		}
	}
	for name := range there {
		if strings.HasPrefix(name, "wenji_") && !strings.HasSuffix(name, "_sum") && !strings.HasSuffix(name, "_count") && !used[name] {
			t.Errorf("%s is in no rule and on no panel", name)
		}
	}
}
