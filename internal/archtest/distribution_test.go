package archtest

import (
	"maps"
	"slices"
	"testing"

	"wenji/internal/postgres"
	"wenji/internal/postgres/pgtest"

	"github.com/jackc/pgx/v5"
)

// docs/scale.md promises that all that hangs on a consultation can be kept with it on one of several servers, with the
// consultation's id as the key by which rows are spread. These tests hold the schema to it.

// everywhere are the tables that belong to no consultation, with what becomes of them where rows are spread.
var everywhere = map[string]string{
	"answer_template":  "small, read by all: a copy on every server",
	"audit_chain":      "one chain over the whole record: stays on one server, with audit_entry",
	"audit_check":      "with the chain",
	"captcha_used":     "asked by digest alone, lives ten minutes: spread by digest",
	"key_check":        "small, read by all",
	"listed_word":      "small, read by all",
	"member":           "small, read by all; staff work on every consultation",
	"password_history": "with member",
	"reveal_count":     "a quota of a member over all consultations: with member",
	"session":          "with member",
	"setting":          "small, read by all",
	"special_day":      "small, read by all",
	"tries":            "asked by key alone, lives a day: spread by key",
	"unit":             "small, read by all",
}

// unspread are uniqueness constraints of spread tables that neither name the consultation nor a UUID, which belongs to one
// consultation and so keeps equal rows together anyway.
var unspread = map[string]string{
	"comment_code": "a 查询码 is looked up without its consultation and must be unique over all: a table by code_index beside it, " +
		"written in the same transaction, says where the comment is",
	"consultation_pkey": "the key itself",
}

// column is a column of a table.
type column struct {
	table, name, kind, origin string
	required                  bool
}

func columns(t *testing.T, db *postgres.DB) (list []column, spread map[string]bool) {
	t.Helper()
	rows, err := db.Query(t.Context(), `
		SELECT c.relname, a.attname, format_type(a.atttypid, NULL),
		       coalesce(pg_get_expr(d.adbin, d.adrelid), '') || a.attidentity::text, a.attnotnull
		  FROM pg_class c
		  JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
		  LEFT JOIN pg_attrdef d ON d.adrelid = c.oid AND d.adnum = a.attnum
		 WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p') AND c.relname <> 'goose_db_version'
		 ORDER BY c.relname, a.attnum`)
	if err != nil {
		t.Fatal(err)
	}
	list, err = pgx.CollectRows(rows, func(row pgx.CollectableRow) (c column, err error) {
		return c, row.Scan(&c.table, &c.name, &c.kind, &c.origin, &c.required)
	})
	if err != nil {
		t.Fatal(err)
	}
	spread = map[string]bool{"consultation": true}
	for _, c := range list {
		spread[c.table] = spread[c.table] || c.name == "consultation_id"
	}
	return list, spread
}

func TestEveryTableKnowsItsConsultation(t *testing.T) {
	list, spread := columns(t, pgtest.New(t))
	for _, table := range slices.Sorted(maps.Keys(spread)) {
		if !spread[table] && everywhere[table] == "" {
			t.Errorf("%s has no consultation_id: give it one, or say in everywhere why not", table)
		}
		if spread[table] && everywhere[table] != "" {
			t.Errorf("%s has a consultation_id and yet stands in everywhere", table)
		}
	}
	for table := range everywhere {
		if _, there := spread[table]; !there {
			t.Errorf("%s stands in everywhere and does not exist", table)
		}
	}
	for _, c := range list {
		if c.name == "consultation_id" && (!c.required || c.kind != "text") {
			t.Errorf("%s.consultation_id is %s, required %v", c.table, c.kind, c.required)
		}
		if (c.name == "comment_id" || c.name == "group_id" || c.name == "clause_id") && !spread[c.table] {
			t.Errorf("%s.%s: what hangs on a comment carries its consultation too", c.table, c.name)
		}
	}
}

// A sequence is one place that all who write go to.
func TestNoKeyComesFromASequence(t *testing.T) {
	db := pgtest.New(t)
	list, _ := columns(t, db)
	for _, c := range list {
		if slices.Contains([]string{"a", "d"}, c.origin) || len(c.origin) > 7 && c.origin[:7] == "nextval" {
			t.Errorf("%s.%s comes from a sequence", c.table, c.name)
		}
	}
	var sequences []string
	err := db.QueryRow(t.Context(), `
		SELECT coalesce(array_agg(relname::text), '{}')
		  FROM pg_class
		 WHERE relkind = 'S' AND relnamespace = 'public'::regnamespace AND relname NOT LIKE 'goose%'`).Scan(&sequences)
	if err != nil || len(sequences) > 0 {
		t.Errorf("sequences %v %v", sequences, err)
	}
}

// A server can tell that a row is the only one of its kind if all of that kind are on it.
func TestWhatIsUniqueIsUniqueWithinAConsultation(t *testing.T) {
	db := pgtest.New(t)
	_, spread := columns(t, db)
	rows, err := db.Query(t.Context(), `
		SELECT i.relname::text, c.relname::text,
		       bool_or(a.attname = 'consultation_id' OR a.atttypid = 'uuid'::regtype)
		  FROM pg_index x
		  JOIN pg_class i ON i.oid = x.indexrelid
		  JOIN pg_class c ON c.oid = x.indrelid
		  JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = ANY (x.indkey)
		 WHERE x.indisunique AND c.relnamespace = 'public'::regnamespace
		 GROUP BY 1, 2
		 ORDER BY 1`)
	if err != nil {
		t.Fatal(err)
	}
	var index, table string
	var together bool
	seen := 0
	_, err = pgx.ForEachRow(rows, []any{&index, &table, &together}, func() error {
		if !spread[table] {
			return nil
		}
		seen++
		switch reason := unspread[index]; {
		case !together && reason == "":
			t.Errorf("%s on %s holds neither the consultation nor a UUID: say in unspread what becomes of it", index, table)
		case together && reason != "":
			t.Errorf("%s stands in unspread without need", index)
		}
		return nil
	})
	if err != nil || seen < 30 {
		t.Errorf("%d constraints seen: %v", seen, err)
	}
}

// A row refers to rows of its own consultation, or to tables that every server has; and nothing that every server has
// refers to rows that only one has.
func TestReferencesStayWithinAConsultation(t *testing.T) {
	db := pgtest.New(t)
	_, spread := columns(t, db)
	rows, err := db.Query(t.Context(), `
		SELECT f.conname::text, c.relname::text, r.relname::text
		  FROM pg_constraint f
		  JOIN pg_class c ON c.oid = f.conrelid
		  JOIN pg_class r ON r.oid = f.confrelid
		 WHERE f.contype = 'f' AND c.relnamespace = 'public'::regnamespace
		 ORDER BY 1`)
	if err != nil {
		t.Fatal(err)
	}
	var name, from, to string
	_, err = pgx.ForEachRow(rows, []any{&name, &from, &to}, func() error {
		if spread[to] && !spread[from] {
			t.Errorf("%s: %s has no consultation and refers to %s, which has one", name, from, to)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}
