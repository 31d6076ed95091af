package main

import (
	"encoding/json"
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5/pgconn"
)

func TestALogLineIsOneLineAndQuotesNoRow(t *testing.T) {
	t.Parallel()
	var out strings.Builder
	log := logger(&out, slog.LevelInfo)
	log.Warn("a\r\n{\"msg\":\"forged\"}", "what", "x\u2028\x1b[31m\r\nforged")
	log.Error("storing failed", "error", fmt.Errorf("store: %w", &pgconn.PgError{
		Code: "23505", Message: "duplicate key (id_number)=(210102199001011234)", Detail: "Key (phone)=(13812345678) already exists",
		ConstraintName: "comment_code", TableName: "comment",
	}))
	lines := strings.Split(strings.TrimSuffix(out.String(), "\n"), "\n")
	if len(lines) != 2 {
		t.Fatalf("two records make %d lines: %q", len(lines), out.String())
	}
	for _, line := range lines {
		var record map[string]any
		if err := json.Unmarshal([]byte(line), &record); err != nil {
			t.Errorf("%q is no JSON: %v", line, err)
		}
		for _, c := range []string{"\r", "\x1b", "210102199001011234", "13812345678"} {
			if strings.Contains(line, c) {
				t.Errorf("%q holds %q", line, c)
			}
		}
	}
	if !strings.Contains(lines[1], "SQLSTATE 23505 comment_code in comment") {
		t.Errorf("the fault is not told: %q", lines[1])
	}
}
