package export

import (
	"context"
	"fmt"
	"iter"
	"strconv"
	"strings"
	"time"

	"wenji/internal/comment"
	"wenji/internal/vault"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgtype"
)

// beijing is the zone of all times in a file.
var beijing = time.FixedZone("CST", 8*60*60)

// record is one comment as read, its memory used again for the next.
type record struct {
	id                    uuid.UUID
	number                int
	receivedAt            time.Time
	state                 pgtype.DriverBytes
	clauses               []uuid.UUID
	title, body           pgtype.DriverBytes
	publicTitle           pgtype.DriverBytes
	publicBody            pgtype.DriverBytes
	publishedAt           *time.Time
	reason                pgtype.DriverBytes
	maskedName            pgtype.DriverBytes
	occupation            pgtype.DriverBytes
	channel               pgtype.DriverBytes
	outcome               pgtype.DriverBytes
	outcomeReason         pgtype.DriverBytes
	answer                pgtype.DriverBytes
	answeredAt            *time.Time
	units                 []string
	leads                 []bool
	handed                []string
	hiddenIn, hiddenKinds []string
	hiddenFrom, hiddenTo  []int
	sealed                vault.Sealed
	shownTitle, shownBody []byte // what the file shows of title and body
}

func (r *record) targets(personal bool) []any {
	t := []any{&r.id, &r.number, &r.receivedAt, &r.state, &r.clauses, &r.title, &r.body, &r.publicTitle, &r.publicBody,
		&r.publishedAt, &r.reason, &r.maskedName, &r.occupation, &r.channel, &r.outcome, &r.outcomeReason, &r.answer, &r.answeredAt,
		&r.units, &r.leads, &r.handed, &r.hiddenIn, &r.hiddenFrom, &r.hiddenTo, &r.hiddenKinds}
	if personal {
		t = append(t, (*pgtype.DriverBytes)(&r.sealed.Name), (*pgtype.DriverBytes)(&r.sealed.IDNumber),
			(*pgtype.DriverBytes)(&r.sealed.Phone), (*pgtype.DriverBytes)(&r.sealed.Email), (*pgtype.DriverBytes)(&r.sealed.Org))
	}
	return t
}

// The parts of the statement. Rows are read in the order of the numbers along the index, so that the first comes at once
// and nothing is sorted on disk; orderedPlan keeps the planner to it. Each profile reads what it shows and no more:
// sealed data is read for Personal files alone.
const (
	selectComment = `
		SELECT c.id, c.number, c.received_at, c.state, c.clause_ids, c.title, c.body, c.public_title, c.public_body,
		       c.published_at, c.decision_reason, c.masked_name, c.occupation, c.channel,
		       COALESCE(d.outcome, ''), d.reason, d.answer, d.approved_at`
	selectUnits    = `, u.names, u.leads, u.states`
	selectNoUnits  = `, NULL::text[], NULL::boolean[], NULL::text[]`
	selectHidden   = `, h.fields, h.starts, h.ends, h.kinds`
	selectNoHidden = `, NULL::text[], NULL::integer[], NULL::integer[], NULL::text[]`
	selectPersonal = `, p.name, p.id_number, p.phone, p.email, p.org`

	fromComment = `
		  FROM comment c
		  LEFT JOIN disposition d ON d.comment_id = c.id AND d.status = 'approved'`
	// Grouped, though by what is one value anyway: without a group no sorting is prepared for the many comments that were
	// never handed over.
	joinUnits = `
		  LEFT JOIN LATERAL (
		    SELECT array_agg(r.unit_name ORDER BY r.lead DESC, r.id) AS names, array_agg(r.lead ORDER BY r.lead DESC, r.id) AS leads,
		           array_agg(r.state ORDER BY r.lead DESC, r.id) AS states
		      FROM referral r
		     WHERE r.comment_id = c.id
		     GROUP BY r.comment_id) u ON true`
	// What staff hid by hand at the latest publication stays hidden after that was undone. Few comments have anything
	// hidden: which ones is read once and hashed, within the memory that orderedPlan allows.
	joinHidden = `
		  LEFT JOIN LATERAL (
		    SELECT array_agg(x.field) AS fields, array_agg(x.span_start) AS starts, array_agg(x.span_end) AS ends,
		           array_agg(x.reason) AS kinds
		      FROM redaction x
		     WHERE c.version > 1
		       AND c.id IN (SELECT y.comment_id FROM redaction y WHERE y.consultation_id = $1)
		       AND x.decision_id = (SELECT dc.id
		                              FROM decision dc
		                             WHERE dc.comment_id = c.id AND dc.action = 'publish'
		                             ORDER BY dc.version DESC
		                             LIMIT 1)
		     GROUP BY x.decision_id) h ON true`
	joinPersonal = `
		  LEFT JOIN personal_data p ON p.comment_id = c.id`

	orderedPlan = `
		SELECT set_config('enable_sort', 'off', true), set_config('enable_hashjoin', 'off', true),
		       set_config('enable_mergejoin', 'off', true), set_config('work_mem', '64MB', true),
		       set_config('statement_timeout', '0', true)`
)

// selectOf is the statement of a file.
func selectOf(o *Options) (string, []any) {
	where, args := o.where()
	columns, from := selectComment, fromComment
	if o.Profile == Public {
		columns += selectNoUnits
	} else {
		columns, from = columns+selectUnits, from+joinUnits
	}
	if o.Profile == Masked {
		columns, from = columns+selectHidden, from+joinHidden
	} else {
		columns += selectNoHidden
	}
	if o.Profile == Personal {
		columns, from = columns+selectPersonal, from+joinPersonal
	}
	return columns + from + `
		 WHERE ` + where + `
		 ORDER BY c.number`, args
}

func place(n int) string { return strconv.Itoa(n) }

// where is the filter as a condition: our own words with placeholders, what was typed only as arguments.
func (o *Options) where() (string, []any) {
	where := []string{"c.consultation_id = $1", "c.state = ANY ($2)"}
	args := []any{o.ConsultationID, o.States}
	arg := func(value any) string {
		args = append(args, value)
		return "$" + place(len(args))
	}
	if from := midnight(o.From, 0); from != nil {
		where = append(where, "c.received_at >= "+arg(*from))
	}
	if end := midnight(o.To, 1); end != nil {
		where = append(where, "c.received_at < "+arg(*end))
	}
	if o.Clause > 0 {
		where = append(where, `c.clause_ids && ARRAY(
		       SELECT id FROM clause WHERE consultation_id = $1 AND document = 'draft' AND kind = 'clause' AND number = `+arg(o.Clause)+`)`)
	}
	if o.Unit != "" {
		unit := arg(o.Unit)
		where = append(where, `(c.clause_ids && ARRAY(
		       SELECT id FROM clause WHERE consultation_id = $1 AND document = 'draft' AND `+unit+` = ANY (units))
		       OR EXISTS (SELECT FROM referral r WHERE r.comment_id = c.id AND r.unit_name = `+unit+`))`)
	}
	if o.Channel != "" {
		where = append(where, "c.channel = "+arg(o.Channel))
	}
	return strings.Join(where, "\n		   AND "), args
}

// rows reads the comments of a file in the snapshot of tx and turns each into cells, which last until the next.
func (s *Store) rows(ctx context.Context, tx pgx.Tx, o *Options, shown []column) iter.Seq2[[][]byte, error] {
	return func(yield func([][]byte, error) bool) {
		clauses, err := clauseNumbers(ctx, tx, o.ConsultationID)
		if err != nil {
			yield(nil, err)
			return
		}
		sql, args := selectOf(o)
		rows, err := tx.Query(ctx, sql, args...)
		if err != nil {
			yield(nil, fmt.Errorf("read comments: %w", err))
			return
		}
		defer rows.Close()
		l := line{keys: s.Keys, profile: o.Profile, columns: shown, clauses: clauses}
		var r record
		targets := r.targets(o.Profile == Personal)
		for rows.Next() {
			if err := rows.Scan(targets...); err != nil {
				yield(nil, fmt.Errorf("read comment: %w", err))
				return
			}
			cells, err := l.cells(&r)
			if !yield(cells, err) || err != nil {
				return
			}
		}
		if err := rows.Err(); err != nil {
			yield(nil, fmt.Errorf("read comments: %w", err))
		}
	}
}

// line turns records into cells, in memory of its own that lasts until the next record.
type line struct {
	keys    *vault.KeyRing
	profile string
	columns []column
	clauses map[uuid.UUID]string
	open    vault.Personal // of the current record; empty but in Personal files
	out     [][]byte
	scratch []byte
}

func (l *line) cells(r *record) (cells [][]byte, err error) {
	switch l.profile {
	case Personal:
		if l.open, err = l.keys.Open(r.id, r.sealed); err != nil {
			return nil, err
		}
		r.shownTitle, r.shownBody = r.title, r.body
	case Public:
		r.shownTitle, r.shownBody = r.publicTitle, r.publicBody
	default:
		r.shownTitle, r.shownBody = hidden(r)
	}
	l.out, l.scratch = l.out[:0], l.scratch[:0]
	for i := range l.columns {
		l.columns[i].cell(l, r)
	}
	return l.out, nil
}

// hidden takes out of the original what the scrub finds and what staff hid by hand.
func hidden(r *record) (title, body []byte) {
	if len(r.hiddenIn) == 0 && !comment.MayHoldPersonal(r.title) && !comment.MayHoldPersonal(r.body) {
		return r.title, r.body
	}
	t, b := string(r.title), string(r.body)
	spans, _ := comment.Scrub(t, b, nil)
	for i, field := range r.hiddenIn {
		spans = append(spans, comment.Span{Field: field, Start: r.hiddenFrom[i], End: r.hiddenTo[i], Kind: comment.SpanKind(r.hiddenKinds[i])})
	}
	if len(spans) == 0 {
		return r.title, r.body
	}
	return []byte(comment.PublicCopy(t, "title", spans)), []byte(comment.PublicCopy(b, "body", spans))
}

const minutes = "2006-01-02 15:04"

// add appends a cell written behind the others in the scratch memory.
func (l *line) add(write func(b []byte) []byte) {
	from := len(l.scratch)
	l.scratch = write(l.scratch)
	l.out = append(l.out, l.scratch[from:len(l.scratch):len(l.scratch)])
}

func (l *line) bytes(b []byte) { l.out = append(l.out, b) }

func (l *line) words(s string) {
	l.add(func(b []byte) []byte { return append(b, s...) })
}

func (l *line) number(n int) {
	l.add(func(b []byte) []byte { return strconv.AppendInt(b, int64(n), 10) })
}

// time appends a time in Beijing, or an empty cell.
func (l *line) time(t *time.Time) {
	l.add(func(b []byte) []byte {
		if t == nil {
			return b
		}
		return t.In(beijing).AppendFormat(b, minutes)
	})
}

// clauseWords appends the clauses a comment is about; none means the whole draft.
func (l *line) clauseWords(ids []uuid.UUID) {
	l.add(func(b []byte) []byte {
		if len(ids) == 0 {
			return append(b, "整个征求意见稿"...)
		}
		first := true
		for _, id := range ids {
			word, ok := l.clauses[id]
			if !ok {
				continue
			}
			if !first {
				b = append(b, "、"...)
			}
			first = false
			b = append(b, word...)
		}
		return b
	})
}

// clauseNumbers are the words for each clause of the draft.
func clauseNumbers(ctx context.Context, tx pgx.Tx, consultationID string) (map[uuid.UUID]string, error) {
	rows, err := tx.Query(ctx, `
		SELECT id, number
		  FROM clause
		 WHERE consultation_id = $1
		   AND document = 'draft'
		   AND kind = 'clause'`, consultationID)
	if err != nil {
		return nil, fmt.Errorf("read clauses: %w", err)
	}
	words := map[uuid.UUID]string{}
	var id uuid.UUID
	var n int
	_, err = pgx.ForEachRow(rows, []any{&id, &n}, func() error {
		words[id] = "第" + strconv.Itoa(n) + "条"
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("read clauses: %w", err)
	}
	return words, nil
}
