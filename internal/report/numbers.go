package report

import (
	"context"
	"fmt"
	"maps"
	"slices"

	"wenji/internal/apperr"
	"wenji/internal/comment"
	"wenji/internal/validate"

	"github.com/jackc/pgx/v5"
)

// Numbers are what a part of the report says in figures. What is published has its small groups merged; see merge.
type Numbers struct {
	Total       int    `json:"total"`
	Waiting     int    `json:"waiting"` // not reviewed yet
	Published   int    `json:"published"`
	Withheld    int    `json:"withheld"`
	Declined    int    `json:"declined"`
	Mentions    int    `json:"mentions"` // of clauses: a comment on three clauses has three, one on the whole draft one
	Channels    []Cell `json:"channels"`
	Clauses     []Cell `json:"clauses"`
	Occupations []Cell `json:"occupations"`
	Outcomes    []Cell `json:"outcomes,omitempty"` // of the comments that have their disposition
}

// Valid is the number of comments that are about the consultation (有效).
func (n Numbers) Valid() int { return n.Total - n.Declined }

// Difference tells which sum of a report does not agree. It is an apperr.ErrConflict: nothing was published.
type Difference struct {
	What      string // code of the sum, see validate.DifferenceSentence
	Got, Want int
}

func (d *Difference) Error() string {
	return fmt.Sprintf("report does not agree: %s is %d, want %d", d.What, d.Got, d.Want)
}

// Unwrap makes errors.Is(err, apperr.ErrConflict) true.
func (d *Difference) Unwrap() error { return apperr.ErrConflict }

// reconcile compares every sum with the running totals and with each other.
func (n Numbers) reconcile(t comment.Totals, p Part) error {
	type check struct {
		what      string
		got, want int
	}
	checks := []check{
		{"total", n.Total, t.All()}, {"waiting", n.Waiting, t.Received}, {"published", n.Published, t.Published},
		{"withheld", n.Withheld, t.Withheld}, {"declined", n.Declined, t.Declined},
		{"channels", sum(n.Channels), n.Total}, {"clauses", sum(n.Clauses), n.Mentions},
		{"occupations", sum(n.Occupations), n.Total},
	}
	if p == Outcome {
		checks = append(checks, check{"outcomes", sum(n.Outcomes), n.Total})
	}
	for _, c := range checks {
		if c.got != c.want {
			return &Difference{What: c.what, Got: c.got, Want: c.want}
		}
	}
	return nil
}

// publishable merges what is too small to be published.
func (n Numbers) publishable() Numbers {
	n.Channels = merge(n.Channels, merged("渠道"))
	n.Occupations = merge(n.Occupations, merged("职业"))
	n.Clauses = merge(n.Clauses, merged("条目"))
	for i := range n.Clauses {
		if n.Clauses[i].Key == Merged {
			n.Clauses[i].Short = restShort
		}
	}
	return n
}

// count reads every number of a consultation in tx, none merged. In a transaction of one snapshot they belong together.
func count(ctx context.Context, tx pgx.Tx, consultationID string) (Numbers, error) {
	var n Numbers
	whole := Cell{Key: "0", Short: wholeShort, Name: wholeDraft}
	by, err := countGroups(ctx, tx, consultationID, &whole.Count, &n.Mentions)
	if err != nil {
		return Numbers{}, fmt.Errorf("count comments of %s: %w", consultationID, err)
	}
	states := by["state"]
	n.Waiting, n.Published = states[string(comment.Received)], states[string(comment.Published)]
	n.Withheld, n.Declined = states[string(comment.Withheld)], states[string(comment.Declined)]
	n.Total = by["all"][""]
	n.Channels = inOrder(by["channel"], channels())
	n.Outcomes = inOrder(by["outcome"], outcomes)
	n.Occupations = inOrder(by["occupation"], occupations())
	if unsaid := by["occupation"][""]; unsaid > 0 { // written down by staff from a letter that does not say
		n.Occupations = append(n.Occupations, Cell{Key: "unsaid", Name: noOccupation, Count: unsaid})
	}
	if n.Clauses, err = countClauses(ctx, tx, consultationID, whole); err != nil {
		return Numbers{}, fmt.Errorf("count comments by clause of %s: %w", consultationID, err)
	}
	return n, nil
}

// countGroups counts by channel, occupation, state and outcome in one reading of the comments, and in it those on the whole
// draft and the mentions of clauses.
func countGroups(ctx context.Context, tx pgx.Tx, consultationID string, whole, mentions *int) (map[string]map[string]int, error) {
	rows, err := tx.Query(ctx, `
		SELECT CASE GROUPING(c.channel, c.occupation, c.state, d.outcome)
		            WHEN 7 THEN 'channel' WHEN 11 THEN 'occupation' WHEN 13 THEN 'state' WHEN 14 THEN 'outcome' ELSE 'all' END,
		       coalesce(c.channel, c.occupation, c.state, d.outcome, ''), count(*),
		       count(*) FILTER (WHERE c.clause_ids = '{}'), coalesce(sum(cardinality(c.clause_ids)), 0)
		  FROM comment c
		  LEFT JOIN disposition d ON d.comment_id = c.id AND d.status = 'approved'
		 WHERE c.consultation_id = $1
		 GROUP BY GROUPING SETS ((c.channel), (c.occupation), (c.state), (d.outcome), ())`, consultationID)
	if err != nil {
		return nil, err
	}
	by := map[string]map[string]int{}
	var (
		group, key         string
		n, onWhole, onEach int
	)
	_, err = pgx.ForEachRow(rows, []any{&group, &key, &n, &onWhole, &onEach}, func() error {
		if group == "all" {
			*whole, *mentions = onWhole, onWhole+onEach
		}
		if by[group] == nil {
			by[group] = map[string]int{}
		}
		by[group][key] = n
		return nil
	})
	return by, err
}

// countClauses counts comments by clause, in the order of the draft, then those on the whole draft.
func countClauses(ctx context.Context, tx pgx.Tx, consultationID string, whole Cell) (cells []Cell, err error) {
	rows, err := tx.Query(ctx, `
		SELECT coalesce(cl.number, 0), coalesce(cl.title, ''), sum(u.n)::int
		  FROM (SELECT clause_id, count(*) AS n
		          FROM comment c, unnest(c.clause_ids) AS clause_id
		         WHERE c.consultation_id = $1
		         GROUP BY clause_id) AS u
		  LEFT JOIN clause cl ON cl.id = u.clause_id AND cl.document = 'draft' AND cl.kind = 'clause'
		 GROUP BY 1, 2
		 ORDER BY 1`, consultationID)
	if err != nil {
		return nil, err
	}
	var (
		number, n int
		title     string
		gone      []Cell
	)
	_, err = pgx.ForEachRow(rows, []any{&number, &title, &n}, func() error {
		c := clauseCell(number, title)
		if number == 0 {
			gone = append(gone, Cell{Key: "gone", Short: goneShort, Name: goneClause, Count: n})
			return nil
		}
		c.Count = n
		cells = append(cells, c)
		return nil
	})
	if err != nil {
		return nil, err
	}
	if whole.Count > 0 {
		cells = append(cells, whole)
	}
	return append(cells, gone...), nil
}

// inOrder arranges counts in a known order; what is not known comes last. Groups without any are left out.
func inOrder(counts map[string]int, order []Cell) []Cell {
	var cells []Cell
	for _, c := range order {
		if c.Count = counts[c.Key]; c.Count > 0 {
			cells = append(cells, c)
		}
		delete(counts, c.Key)
	}
	for _, key := range slices.Sorted(maps.Keys(counts)) {
		if key != "" {
			cells = append(cells, Cell{Key: key, Name: key, Count: counts[key]})
		}
	}
	return cells
}

// occupations are the seventeen of the form.
func occupations() []Cell {
	cells := make([]Cell, len(validate.Occupations))
	for i, o := range validate.Occupations {
		cells[i] = Cell{Key: o, Name: o}
	}
	return cells
}
