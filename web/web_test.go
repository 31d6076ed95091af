package web

import (
	"compress/gzip"
	"fmt"
	"io"
	"math"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

func fetch(t *testing.T, address string, header ...string) *http.Response {
	t.Helper()
	r := httptest.NewRequest(http.MethodGet, address, nil)
	for i := 0; i < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	w := httptest.NewRecorder()
	Static().ServeHTTP(w, r)
	return w.Result()
}

func body(t *testing.T, r io.Reader) string {
	t.Helper()
	b, err := io.ReadAll(r)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func TestAssetsAreKeptForEverUnderTheNameOfTheirContent(t *testing.T) {
	for name, mediaType := range map[string]string{
		"site.css": "text/css; charset=utf-8", "site.js": "text/javascript; charset=utf-8", "favicon.svg": "image/svg+xml",
	} {
		address := Asset(name)
		if !regexp.MustCompile(`^/static/[a-z]+\.[0-9a-f]{12}\.[a-z]+$`).MatchString(address) {
			t.Errorf("%s is at %s", name, address)
		}
		res := fetch(t, address)
		for header, want := range map[string]string{
			"Content-Type": mediaType, "X-Content-Type-Options": "nosniff", "Cache-Control": "public, max-age=31536000, immutable",
		} {
			if got := res.Header.Get(header); got != want {
				t.Errorf("%s: %s %q, want %q", name, header, got, want)
			}
		}
	}
}

func TestOnlyTheNameOfTheContentIsServed(t *testing.T) {
	for _, address := range []string{"/static/site.css", "/static/", "/static/site.000000000000.css", "/static/../web.go", Asset("no-such-file.css")} {
		if got := fetch(t, "http://x"+address).StatusCode; got != http.StatusNotFound {
			t.Errorf("%s: %d", address, got)
		}
	}
	w := httptest.NewRecorder()
	Static().ServeHTTP(w, httptest.NewRequest(http.MethodPost, Asset("site.css"), nil))
	if w.Code != http.StatusMethodNotAllowed {
		t.Errorf("POST: %d", w.Code)
	}
}

func TestCompressedBytesUnpackToThePlainOnes(t *testing.T) {
	plain := body(t, fetch(t, Asset("site.css")).Body)
	for header, packed := range map[string]bool{
		"gzip": true, "br, gzip;q=0.5": true, "GZIP": true, "gzip;q=0": false, "gzip; q=0.0": false, "": false, "identity": false, "br": false,
	} {
		res := fetch(t, Asset("site.css"), "Accept-Encoding", header)
		if got := res.Header.Get("Content-Encoding") == "gzip"; got != packed {
			t.Errorf("Accept-Encoding %q: compressed %v", header, got)
			continue
		}
		if res.Header.Get("Vary") != "Accept-Encoding" {
			t.Errorf("Accept-Encoding %q: Vary %q", header, res.Header.Get("Vary"))
		}
		var r io.Reader = res.Body
		if packed {
			z, err := gzip.NewReader(res.Body)
			if err != nil {
				t.Fatal(err)
			}
			r = z
		}
		if body(t, r) != plain {
			t.Errorf("Accept-Encoding %q: other bytes", header)
		}
	}
}

func TestUnchangedFilesAreNotSentAgain(t *testing.T) {
	tag := fetch(t, Asset("site.js")).Header.Get("ETag")
	res := fetch(t, Asset("site.js"), "If-None-Match", tag)
	if res.StatusCode != http.StatusNotModified || body(t, res.Body) != "" {
		t.Errorf("status %d", res.StatusCode)
	}
}

func source(t *testing.T, name string) string {
	t.Helper()
	b, err := files.ReadFile("static/" + name)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// The floor is Chrome 49 and Trident: what they do not know must not carry the page.
func TestStyleKeepsToWhatOldEnginesKnow(t *testing.T) {
	css := source(t, "site.css")
	for _, pattern := range []string{
		`display:\s*(inline-)?grid`, `[;{\s]gap:`, `:is\(`, `:where\(`, `:has\(`, `clamp\(`, `@import`, `url\(`, `@font-face`, `animation|transition`,
	} {
		if found := regexp.MustCompile(pattern).FindString(css); found != "" {
			t.Errorf("site.css uses %q", found)
		}
	}
	for _, rule := range regexp.MustCompile(`(?s)\{[^{}]*\}`).FindAllString(css, -1) {
		declared := ""
		for _, d := range strings.Split(strings.Trim(rule, "{}"), ";") {
			property, value, _ := strings.Cut(strings.TrimSpace(d), ":")
			colour := property == "color" || property == "background"
			if colour && strings.Contains(value, "var(") && !strings.Contains(declared, " "+property+" ") {
				t.Errorf("%s:%s has no plain colour before it", property, value)
			}
			declared += " " + property + " "
		}
	}
}

func TestScriptIsSmallAndOld(t *testing.T) {
	js := source(t, "site.js")
	if len(js) > 10_000 {
		t.Errorf("site.js has %d bytes", len(js))
	}
	for _, pattern := range []string{"=>", `\b(let|const|class|async|await)\b `, "`", `innerHTML|outerHTML|insertAdjacentHTML|document\.write|eval\(`, `localStorage`} {
		if found := regexp.MustCompile(pattern).FindString(js); found != "" {
			t.Errorf("site.js uses %q", found)
		}
	}
	for _, field := range []string{"id_number", "phone", "email", "'name'"} {
		if strings.Contains(js, field) {
			t.Errorf("site.js touches the personal field %s", field)
		}
	}
}

func TestColoursCanBeReadInEveryTheme(t *testing.T) {
	css := source(t, "site.css")
	for theme, selector := range map[string]string{"standard": `:root \{`, "dark": `\.dark \{`, "contrast": `\.contrast \{`} {
		tokens := map[string]string{}
		block := regexp.MustCompile(selector + `([^}]*)`).FindStringSubmatch(css)
		if block == nil {
			t.Fatalf("no tokens of %s", theme)
		}
		for _, m := range regexp.MustCompile(`--([a-z0-9-]+): (#[0-9a-f]{3,6})`).FindAllStringSubmatch(block[1], -1) {
			tokens[m[1]] = m[2]
		}
		check := func(fore, ground string, least float64) {
			if got := contrast(t, tokens[fore], tokens[ground]); got < least {
				t.Errorf("%s: %s on %s is %.1f, want %.1f", theme, fore, ground, got, least)
			}
		}
		for _, ground := range []string{"bg", "bg2", "info-bg", "warn-bg", "ok-bg", "err-bg"} {
			for _, fore := range []string{"ink", "ink2", "link", "visited"} {
				check(fore, ground, 4.5)
			}
			check("ctl", ground, 3)
		}
		for fore, ground := range map[string]string{
			"on-brand": "brand", "on-act": "act", "on-foot": "foot", "err": "err-bg", "ok": "ok-bg", "warn": "warn-bg", "ring": "ring2",
		} {
			check(fore, ground, 4.5)
		}
		for _, fore := range []string{"err", "ok", "warn"} {
			check(fore, "bg", 4.5)
		}
	}
}

// contrast is the ratio of WCAG 2.2, 1 to 21.
func contrast(t *testing.T, a, b string) float64 {
	t.Helper()
	la, lb := luminance(t, a), luminance(t, b)
	return (math.Max(la, lb) + 0.05) / (math.Min(la, lb) + 0.05)
}

func luminance(t *testing.T, colour string) float64 {
	t.Helper()
	hex := strings.TrimPrefix(colour, "#")
	if len(hex) == 3 {
		hex = fmt.Sprintf("%c%c%c%c%c%c", hex[0], hex[0], hex[1], hex[1], hex[2], hex[2])
	}
	n, err := strconv.ParseUint(hex, 16, 32)
	if err != nil {
		t.Fatalf("colour %q: %v", colour, err)
	}
	channel := func(v uint64) float64 {
		c := float64(v&0xff) / 255
		if c <= 0.04045 {
			return c / 12.92
		}
		return math.Pow((c+0.055)/1.055, 2.4)
	}
	return 0.2126*channel(n>>16) + 0.7152*channel(n>>8) + 0.0722*channel(n)
}
