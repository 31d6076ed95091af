package postgres

import (
	"strings"
	"testing"
)

func TestJudgeRefusesServersThatGiveWrongResults(t *testing.T) {
	for _, c := range []struct {
		what, version, ctype, encoding string
		number                         int
		standby                        bool
		want                           string // part of the refusal, empty for fit
	}{
		{"Debian 12", "15.18", "C.UTF-8", "UTF8", 150018, false, ""},
		{"oldest", "14.0", "zh_CN.UTF-8", "UTF8", 140000, false, ""},
		{"too old", "13.22", "C.UTF-8", "UTF8", 130022, false, "needs 14 or newer"},
		{"lc_ctype C", "15.18", "C", "UTF8", 150018, false, "lc_ctype C"},
		{"lc_ctype POSIX", "15.18", "POSIX", "UTF8", 150018, false, "lc_ctype POSIX"},
		{"encoding", "15.18", "C.UTF-8", "SQL_ASCII", 150018, false, "needs UTF8"},
		{"standby", "15.18", "C.UTF-8", "UTF8", 150018, true, "target_session_attrs"},
	} {
		err := judge(c.number, c.version, c.ctype, c.encoding, c.standby, "wenji")
		if (err == nil) != (c.want == "") || err != nil && !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want %q", c.what, err, c.want)
		}
	}
}

func TestAMigrationHasTimeToRunButNotToWait(t *testing.T) {
	for url, want := range map[string]string{
		"postgres:///wenji": "10000",
		"postgres:///wenji?lock_timeout=2s&statement_timeout=5": "2s",
	} {
		cfg, err := migrationConfig(url)
		if err != nil {
			t.Fatal(err)
		}
		if got := cfg.RuntimeParams["lock_timeout"]; got != want {
			t.Errorf("%s: lock_timeout = %s, want %s", url, got, want)
		}
		if got := cfg.RuntimeParams["statement_timeout"]; got != "0" {
			t.Errorf("%s: statement_timeout = %s, want 0", url, got)
		}
	}
}
