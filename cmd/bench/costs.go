package main

import (
	"context"
	"fmt"
	"time"

	"wenji/internal/calendar"
	"wenji/internal/comment"
	"wenji/internal/moderation"
	"wenji/internal/report"
	"wenji/internal/similar"
	"wenji/internal/staff"
	"wenji/internal/throttle"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
)

// cost is one thing that is asked of a full database, and the bare SQL that would answer as much by the nearest index.
type cost struct {
	part    string
	name    string
	run     func(ctx context.Context, i int) error
	bar     float64 // ms at p99; 0: none
	bare    string
	bareArg func(i int) []any
	page    func(i int) []byte // the same over HTTP; nil: not measured
	pageBar float64            // ms at p99; 0: none
}

// asked is what the costs of a database are about.
type asked struct {
	*full
	member    staff.Member
	middle    moderation.Cursor // of all that waits
	group     uuid.UUID         // the largest
	published []placed          // published comments, anywhere
	address   string            // of a portal; empty: no pages
	cookie    string            // of a moderator
}

type placed struct {
	ID             uuid.UUID
	ConsultationID string
	Number         int
}

// choose finds out what there is to ask for. p may be nil.
func (f *full) choose(ctx context.Context, p *portal) (*asked, error) {
	a := &asked{full: f, member: staff.Member{ID: uuid.New(), Username: "bench", Name: "李明", Role: staff.Moderator}}
	err := f.db.QueryRow(ctx, `
		SELECT received_at, id, number FROM comment WHERE state = 'received' ORDER BY received_at, id LIMIT 1
		OFFSET (SELECT sum(received) FROM comment_count) / 2`).Scan(&a.middle.At, &a.middle.ID, &a.middle.Number)
	if err != nil {
		return nil, fmt.Errorf("find the middle of the queue: %w", err)
	}
	err = f.db.QueryRow(ctx, `SELECT id FROM comment_group WHERE merged_into IS NULL ORDER BY members DESC, id DESC LIMIT 1`).Scan(&a.group)
	if err != nil {
		return nil, fmt.Errorf("find the largest group: %w", err)
	}
	rows, err := f.db.Query(ctx, `
		SELECT id, consultation_id, number FROM comment TABLESAMPLE BERNOULLI ($1::real) REPEATABLE (1)
		 WHERE state = 'published' LIMIT 500`, min(100, 100_000.0/float64(f.comments)))
	if err != nil {
		return nil, fmt.Errorf("choose comments: %w", err)
	}
	if a.published, err = pgx.CollectRows(rows, pgx.RowToStructByPos[placed]); err != nil {
		return nil, fmt.Errorf("choose comments: %w", err)
	}
	if p == nil {
		return a, nil
	}
	a.address = p.address
	browser, err := f.browser(ctx, p, "审核员")
	if err == nil {
		a.cookie, err = cookies(browser, p.address)
	}
	return a, err
}

func (a *asked) one(i int) placed { return a.published[i%len(a.published)] }

// desk is a page of the desk, public one that citizens see.
func (a *asked) desk(path string) []byte   { return get(a.address, path, "Cookie: "+a.cookie) }
func (a *asked) public(path string) []byte { return get(a.address, path) }

// Bare statements that read as much, by a key.
const (
	barePage = `SELECT id, title, body, masked_name, received_at FROM comment WHERE id > $1 ORDER BY id LIMIT 51`
	bareList = `SELECT number, title, body, masked_name, received_at FROM comment WHERE consultation_id = $1 AND number < $2 ORDER BY number DESC LIMIT 21`
	bareOne  = `SELECT number, title, body, masked_name, received_at FROM comment WHERE consultation_id = $1 AND number = $2`
	bareCode = `SELECT number, state, received_at FROM comment WHERE code_index = $1`
	bareSums = `SELECT sum(received), sum(published), sum(withheld), sum(declined) FROM comment_count`
)

func (a *asked) bareKey(i int) []any { return []any{a.one(i).ID} }
func (a *asked) bareNumber(i int) []any {
	one := a.one(i)
	return []any{one.ConsultationID, one.Number}
}
func (a *asked) bareMiddle(int) []any { return []any{a.largest, a.last / 2} }
func nothing(int) []any               { return nil }

// costs lists what is measured at every size.
func (a *asked) costs() []cost {
	list := a.deskCosts()
	list = append(list, a.publicCosts()...)
	return append(list, a.searchCosts()...)
}

func (a *asked) deskCosts() []cost {
	desk := &moderation.Store{DB: a.db, Keys: a.keys, Now: a.db.Now}
	reports := &report.Store{DB: a.db, Calendar: &calendar.Store{DB: a.db}, Now: a.db.Now}
	groups := &similar.Store{DB: a.db, Keys: a.keys, Now: a.db.Now}
	queue := func(after moderation.Cursor) func(ctx context.Context, i int) error {
		return func(ctx context.Context, _ int) error {
			items, _, err := desk.Queue(ctx, a.member, moderation.Filter{After: after})
			return enough(len(items), err)
		}
	}
	return []cost{
		{part: "desk", name: "queue, first page", bar: 5, pageBar: 15, run: queue(moderation.Cursor{}),
			bare: barePage, bareArg: a.bareKey, page: func(int) []byte { return a.desk("/staff/queue") }},
		{part: "desk", name: "queue, page in the middle", bar: 5, pageBar: 15, run: queue(a.middle),
			bare: barePage, bareArg: a.bareKey, page: func(int) []byte { return a.desk("/staff/queue?after=" + a.middle.String()) }},
		{part: "desk", name: "dashboard, the work of today", bar: 2, bare: bareSums, bareArg: nothing,
			run: func(ctx context.Context, _ int) error {
				if _, err := desk.Counts(ctx, a.member); err != nil {
					return err
				}
				if _, err := groups.Bursts(ctx, a.member, a.db.Now().Add(-24*time.Hour)); err != nil {
					return err
				}
				_, err := reports.Desk(ctx, a.member)
				return err
			},
			page: func(int) []byte { return a.desk("/staff?consultation=" + a.largest) }},
		{part: "desk", name: "dashboard, the largest consultation", bare: bareSums, bareArg: nothing,
			run: func(ctx context.Context, _ int) error {
				_, err := reports.Stats(ctx, a.member, a.largest, a.db.Now().Add(24*time.Hour))
				return err
			}},
		{part: "desk", name: "groups, first page", bare: barePage, bareArg: a.bareKey,
			run: func(ctx context.Context, _ int) error {
				list, _, err := groups.Groups(ctx, a.member, similar.Filter{})
				return enough(len(list), err)
			},
			page: func(int) []byte { return a.desk("/staff/groups") }},
		{part: "desk", name: "the largest group, 20 members", bare: barePage, bareArg: a.bareKey,
			run: func(ctx context.Context, _ int) error {
				if _, err := groups.Group(ctx, a.member, a.group); err != nil {
					return err
				}
				list, _, err := groups.Members(ctx, a.member, a.group, similar.MemberFilter{})
				return enough(len(list), err)
			},
			page: func(int) []byte { return a.desk("/staff/groups/" + a.group.String()) }},
	}
}

func (a *asked) publicCosts() []cost {
	store := comment.NewStore(a.db, a.db, a.keys, &throttle.Limiter{DB: a.db, Index: a.keys.Index})
	list := func(f comment.PublicFilter) func(ctx context.Context, i int) error {
		f.ConsultationID, f.Limit = a.largest, 20
		return func(ctx context.Context, _ int) error {
			items, _, err := store.PublishedList(ctx, f)
			if err := enough(len(items), err); err != nil {
				return err
			}
			if _, err := store.PublishedCount(ctx, f); err != nil {
				return err
			}
			_, err = store.AnsweredCount(ctx, a.largest)
			return err
		}
	}
	comments := "/consultations/" + a.largest + "/comments"
	return []cost{
		{part: "public", name: "public list, first page", run: list(comment.PublicFilter{}),
			bare: bareList, bareArg: func(int) []any { return []any{a.largest, 1 << 30} },
			page: func(int) []byte { return a.public(comments + "?sort=newest") }},
		{part: "public", name: "public list, page in the middle", run: list(comment.PublicFilter{After: a.last / 2}),
			bare: bareList, bareArg: a.bareMiddle,
			page: func(int) []byte { return a.public(fmt.Sprintf("%s?after=%d", comments, a.last/2)) }},
		{part: "public", name: "one comment", bare: bareOne, bareArg: a.bareNumber,
			run: func(ctx context.Context, i int) error {
				one := a.one(i)
				_, err := store.PublishedOne(ctx, one.ConsultationID, one.Number)
				return err
			},
			page: func(i int) []byte {
				one := a.one(i)
				return a.public(fmt.Sprintf("/consultations/%s/comments/%d?at=%d", one.ConsultationID, one.Number, i))
			}},
		{part: "public", name: "status by 查询码", bare: bareCode,
			bareArg: func(i int) []any { return []any{a.keys.Index("code", a.receipts[i%len(a.receipts)].code)} },
			run: func(ctx context.Context, i int) error {
				known := a.receipts[i%len(a.receipts)]
				st, err := store.Status(ctx, known.code, known.tail, "127.0.0.1")
				if err == nil && st.ID != known.id {
					err = fmt.Errorf("the status of another comment")
				}
				return err
			},
			page: func(i int) []byte {
				known := a.receipts[i%len(a.receipts)]
				return post(a.address, "/status", "code="+known.code+"&phone_tail="+known.tail)
			}},
	}
}

// enough wants at least one row.
func enough(n int, err error) error {
	if err == nil && n == 0 {
		err = fmt.Errorf("nothing was found")
	}
	return err
}
