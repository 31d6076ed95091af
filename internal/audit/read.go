package audit

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
)

// Submitted is the action of a citizen's comment that came in: nearly all of the record.
const Submitted = "comment.submit"

// Filter chooses entries; the zero Filter is the latest of what people of the office did.
type Filter struct {
	Actor          string    // as written in the record; empty: everyone
	Action         string    // one code; empty: all but Submitted; All: all
	ConsultationID string    // empty: all
	From, To       time.Time // half-open; zero: no bound
	After          Cursor    // the place the page before ended at
	Limit          int
}

// All as a Filter's Action includes what citizens sent.
const All = "all"

// Cursor is a place in the list; the zero Cursor is its beginning.
type Cursor struct {
	At time.Time
	ID uuid.UUID
}

// String writes the cursor for an address; empty for the zero Cursor.
func (c Cursor) String() string {
	if c == (Cursor{}) {
		return ""
	}
	return strconv.FormatInt(c.At.UnixMicro(), 10) + "." + c.ID.String()
}

// ParseCursor reads what String wrote. Anything else is the beginning of the list.
func ParseCursor(s string) Cursor {
	micro, id, _ := strings.Cut(s, ".")
	n, err1 := strconv.ParseInt(micro, 10, 64)
	u, err2 := uuid.Parse(id)
	at := time.UnixMicro(n)
	if err1 != nil || err2 != nil || at.Year() < 1 || at.Year() > 9999 {
		return Cursor{}
	}
	return Cursor{at, u}
}

// read is made of constant pieces; each condition that is not wanted is left out, so that an index fits.
func (f Filter) read() (sql string, args []any) {
	where := []string{"true"}
	add := func(condition string, values ...any) {
		for _, v := range values {
			args = append(args, v)
			condition = strings.Replace(condition, "?", "$"+strconv.Itoa(len(args)), 1)
		}
		where = append(where, condition)
	}
	switch f.Action {
	case "":
		where = append(where, "action <> 'comment.submit'")
	case All:
	case Submitted:
		where = append(where, "action = 'comment.submit'")
	default:
		add("action = ? AND action <> 'comment.submit'", f.Action)
	}
	if f.Actor != "" {
		add("actor = ?", f.Actor)
	}
	if f.ConsultationID != "" {
		add("consultation_id = ?", f.ConsultationID)
	}
	if !f.From.IsZero() {
		add("at >= ?", f.From)
	}
	if !f.To.IsZero() {
		add("at < ?", f.To)
	}
	if f.After != (Cursor{}) {
		add("(at, id) < (?, ?)", f.After.At, f.After.ID)
	}
	args = append(args, f.Limit)
	return `
		SELECT id, at, actor, role, action, consultation_id, subject, detail
		  FROM audit_entry
		 WHERE ` + strings.Join(where, " AND ") + `
		 ORDER BY at DESC, id DESC
		 LIMIT $` + strconv.Itoa(len(args)), args
}

// Read returns entries, the latest first.
func Read(ctx context.Context, tx pgx.Tx, f Filter) ([]Entry, error) {
	sql, args := f.read()
	rows, err := tx.Query(ctx, sql, args...)
	if err != nil {
		return nil, fmt.Errorf("read the record: %w", err)
	}
	list, err := pgx.CollectRows(rows, pgx.RowToStructByPos[Entry])
	if err != nil {
		return nil, fmt.Errorf("read the record: %w", err)
	}
	return list, nil
}

// Actors lists who is named in the record for acts of the office, by walking from name to name along the index.
func Actors(ctx context.Context, tx pgx.Tx) ([]string, error) { return distinct(ctx, tx, actorsSQL) }

// Actions lists the codes of acts of the office that are in the record.
func Actions(ctx context.Context, tx pgx.Tx) ([]string, error) { return distinct(ctx, tx, actionsSQL) }

const (
	actorsSQL = `
		WITH RECURSIVE walk AS (
		  (SELECT actor AS name FROM audit_entry WHERE action <> 'comment.submit' ORDER BY actor LIMIT 1)
		  UNION ALL
		  SELECT (SELECT actor FROM audit_entry WHERE actor > walk.name AND action <> 'comment.submit' ORDER BY actor LIMIT 1)
		    FROM walk WHERE walk.name IS NOT NULL)
		SELECT name FROM walk WHERE name IS NOT NULL LIMIT 500`
	actionsSQL = `
		WITH RECURSIVE walk AS (
		  (SELECT action AS name FROM audit_entry WHERE action <> 'comment.submit' ORDER BY action LIMIT 1)
		  UNION ALL
		  SELECT (SELECT action FROM audit_entry WHERE action > walk.name AND action <> 'comment.submit' ORDER BY action LIMIT 1)
		    FROM walk WHERE walk.name IS NOT NULL)
		SELECT name FROM walk WHERE name IS NOT NULL LIMIT 500`
)

func distinct(ctx context.Context, tx pgx.Tx, sql string) ([]string, error) {
	rows, err := tx.Query(ctx, sql)
	if err != nil {
		return nil, fmt.Errorf("list what is in the record: %w", err)
	}
	names, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		return nil, fmt.Errorf("list what is in the record: %w", err)
	}
	return names, nil
}
