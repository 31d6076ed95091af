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
	n.arrange(by)
	mentions, err := mentionsOf(ctx, tx, consultationID)
	if err != nil {
		return Numbers{}, err
	}
	if n.Clauses, err = clauseCells(ctx, tx, consultationID, mentions, whole); err != nil {
		return Numbers{}, err
	}
	return n, nil
}

// runningNumbers are the same numbers from the counters that are kept while comments arrive and are decided.
func runningNumbers(ctx context.Context, tx pgx.Tx, consultationID string, tally comment.Tally) (Numbers, error) {
	t, err := comment.ReadTotals(ctx, tx, consultationID)
	if err != nil {
		return Numbers{}, err
	}
	n := Numbers{Total: t.All(), Waiting: t.Received, Published: t.Published, Withheld: t.Withheld, Declined: t.Declined}
	n.arrange(tally)
	mentions := tally[comment.ByClause]
	for _, count := range mentions {
		n.Mentions += count
	}
	whole := Cell{Key: "0", Short: wholeShort, Name: wholeDraft, Count: mentions[""]}
	n.Clauses, err = clauseCells(ctx, tx, consultationID, mentions, whole)
	return n, err
}

// arrange puts counts by channel, occupation and outcome in order.
func (n *Numbers) arrange(by map[string]map[string]int) {
	n.Channels = inOrder(by["channel"], channels())
	n.Outcomes = inOrder(by["outcome"], outcomes)
	n.Occupations = inOrder(by["occupation"], occupations())
	if unsaid := by["occupation"][""]; unsaid > 0 { // written down by staff from a letter that does not say
		n.Occupations = append(n.Occupations, Cell{Key: "unsaid", Name: noOccupation, Count: unsaid})
	}
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

// mentionsOf counts comments by the id of a clause.
func mentionsOf(ctx context.Context, tx pgx.Tx, consultationID string) (map[string]int, error) {
	rows, err := tx.Query(ctx, `
		SELECT clause_id::text, count(*)
		  FROM comment c, unnest(c.clause_ids) AS clause_id
		 WHERE c.consultation_id = $1
		 GROUP BY clause_id`, consultationID)
	if err != nil {
		return nil, fmt.Errorf("count comments by clause of %s: %w", consultationID, err)
	}
	mentions := map[string]int{}
	var id string
	var n int
	_, err = pgx.ForEachRow(rows, []any{&id, &n}, func() error { mentions[id] = n; return nil })
	if err != nil {
		return nil, fmt.Errorf("count comments by clause of %s: %w", consultationID, err)
	}
	return mentions, nil
}

// clausesMost is far above the clauses of any draft.
const clausesMost = 2000

// clauseCells are the mentions in the order of the draft, then those of the whole draft, then those of clauses that are gone.
func clauseCells(ctx context.Context, tx pgx.Tx, consultationID string, mentions map[string]int, whole Cell) (cells []Cell, err error) {
	rows, err := tx.Query(ctx, `
		SELECT id::text, number, title
		  FROM clause
		 WHERE consultation_id = $1 AND document = 'draft' AND kind = 'clause'
		 ORDER BY number
		 LIMIT $2`, consultationID, clausesMost)
	if err != nil {
		return nil, fmt.Errorf("read the clauses of %s: %w", consultationID, err)
	}
	left := -mentions[""] // what is on clauses
	for _, n := range mentions {
		left += n
	}
	var id, title string
	var number int
	_, err = pgx.ForEachRow(rows, []any{&id, &number, &title}, func() error {
		if n := mentions[id]; n > 0 {
			c := clauseCell(number, title)
			c.Count = n
			cells = append(cells, c)
			left -= n
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("read the clauses of %s: %w", consultationID, err)
	}
	if whole.Count > 0 {
		cells = append(cells, whole)
	}
	if left > 0 {
		cells = append(cells, Cell{Key: "gone", Short: goneShort, Name: goneClause, Count: left})
	}
	return cells, nil
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
