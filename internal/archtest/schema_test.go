package archtest

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"wenji/internal/postgres/pgtest"
)

// schemaFile is the dump that people read; `make schema` writes it anew.
const schemaFile = "docs/schema.sql"

func TestSchemaDocumentIsCurrent(t *testing.T) {
	got := dumpSchema(t, pgtest.URL(pgtest.New(t)))
	path := filepath.Join(repository(t), schemaFile)
	if os.Getenv("WENJI_UPDATE_SCHEMA") != "" {
		if err := os.WriteFile(path, got, 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want) {
		t.Errorf("%s is not what the migrations make: run `make schema` and commit it", schemaFile)
	}
}

func TestSchemaCanBeSpreadByConsultation(t *testing.T) {
	schema := string(dumpSchema(t, pgtest.URL(pgtest.New(t))))
	for _, table := range []string{"clause", "attachment", "comment", "comment_count", "clause_count", "personal_data",
		"decision", "redaction", "note", "export"} {
		body := regexp.MustCompile(`(?s)CREATE TABLE public\.` + table + ` \((.*?)\n\)`).FindStringSubmatch(schema)
		if body == nil {
			t.Errorf("no table %s in the schema", table)
			continue
		}
		if !strings.Contains(body[1], "consultation_id text NOT NULL") {
			t.Errorf("table %s lacks consultation_id", table)
		}
	}
	for _, sequence := range regexp.MustCompile(`CREATE SEQUENCE public\.(\w+)`).FindAllStringSubmatch(schema, -1) {
		t.Errorf("sequence %s: keys are made by the program", sequence[1])
	}
}

// dumpSchema is pg_dump's output without what differs from one server or day to the next.
func dumpSchema(t *testing.T, url string) []byte {
	t.Helper()
	out, err := exec.Command(program(t, "pg_dump"), "--schema-only", "--no-owner", "--exclude-table=goose_db_version*", url).Output()
	if err != nil {
		t.Fatalf("pg_dump: %v", err)
	}
	var b bytes.Buffer
	b.WriteString("-- The schema as the migrations make it. Written by `make schema`; a test compares it.\n")
	blank := true
	for line := range strings.Lines(string(out)) {
		if strings.HasPrefix(line, "--") || strings.HasPrefix(line, "SET ") || strings.HasPrefix(line, `\`) ||
			strings.HasPrefix(line, "SELECT pg_catalog.set_config") || strings.Contains(line, "goose_db_version") {
			continue
		}
		if empty := strings.TrimSpace(line) == ""; empty && blank {
			continue
		} else {
			blank = empty
		}
		b.WriteString(line)
	}
	return b.Bytes()
}

func program(t *testing.T, name string) string {
	t.Helper()
	if path, err := exec.LookPath(name); err == nil {
		return path
	}
	found, err := filepath.Glob("/usr/lib/postgresql/*/bin/" + name)
	if err != nil || len(found) == 0 {
		t.Fatalf("%s is missing: run `apt-get install postgresql-client`", name)
	}
	return found[len(found)-1]
}

// repository is the folder of go.mod.
func repository(t *testing.T) string {
	t.Helper()
	dir, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	for {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			return dir
		}
		if dir == filepath.Dir(dir) {
			t.Fatal("no go.mod above the test")
		}
		dir = filepath.Dir(dir)
	}
}
