package similar

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"wenji/internal/apperr"
	"wenji/internal/comment"
	"wenji/internal/staff"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
)

// Group is a group as the office sees it.
type Group struct {
	ID               uuid.UUID
	ConsultationID   string
	RepresentativeID uuid.UUID
	Number           int // of the representative, as are Title and Body
	Title            string
	Body             string
	Clauses          []int // that any member is about
	Members          int   // 条
	People           int   // 人: different sealed identities; a member without ID number and phone counts as one
	Waiting          int   // members that wait in the queue
	Lowest           float64
	Highest          float64
	FirstAt          time.Time
	LastAt           time.Time
	MergedInto       *uuid.UUID
}

// Filter chooses groups; the zero Filter is the first page of all.
type Filter struct {
	ConsultationID string // empty: all
	After          Cursor
	Limit          int // 1 to 100; 0: 20
}

// Cursor is a place in the list of groups; the zero Cursor is its beginning.
type Cursor struct {
	Members int
	ID      uuid.UUID
}

// String writes the cursor for an address; empty for the zero Cursor.
func (c Cursor) String() string {
	if c == (Cursor{}) {
		return ""
	}
	return strconv.Itoa(c.Members) + "." + c.ID.String()
}

// ParseCursor reads what String wrote. Anything else is the beginning of the list.
func ParseCursor(s string) Cursor {
	members, id, _ := strings.Cut(s, ".")
	n, err1 := strconv.ParseInt(members, 10, 32)
	parsed, err2 := uuid.Parse(id)
	if err1 != nil || err2 != nil {
		return Cursor{}
	}
	return Cursor{Members: int(n), ID: parsed}
}

const (
	pageMost    = 100
	pageDefault = 20
)

// groupColumns are the columns of Group, by its names. A group whose counters are not those of its members, because a
// program older than them has changed it or personal data was erased, is gone through instead (throughMembers).
const groupColumns = `
       g.id, g.consultation_id, g.representative_id, c.number, c.title, c.body, g.members, g.lowest, g.highest, g.first_at, g.last_at, g.merged_into,
       CASE WHEN g.counted = g.members THEN g.people ELSE k.people END AS people,
       (SELECT count(*) FROM comment_group_member w WHERE w.group_id = g.id AND w.waiting AND NOT w.taken_out) AS waiting,
       ARRAY(SELECT cl.number
               FROM clause cl
              WHERE cl.id = ANY (CASE WHEN g.counted = g.members THEN g.clause_ids ELSE k.clause_ids END)
              ORDER BY cl.number
              LIMIT 100) AS clauses`

// throughMembers, behind a group g, goes through its members where its counters do not hold.
const throughMembers = ` CROSS JOIN LATERAL (` + countMembers + ` AND g.counted <> g.members) AS k`

// Groups lists the groups of two and more, the largest first, and the place where the next page begins, nil at the end.
func (s *Store) Groups(ctx context.Context, by staff.Member, f Filter) (groups []Group, next *Cursor, err error) {
	if !by.Can(staff.ReadComments) {
		return nil, nil, apperr.ErrForbidden
	}
	limit := f.Limit
	if limit <= 0 {
		limit = pageDefault
	}
	limit = min(limit, pageMost)
	args := []any{limit + 1}
	where := "g.merged_into IS NULL AND g.members > 1"
	if f.ConsultationID != "" {
		args = append(args, f.ConsultationID)
		where += " AND g.consultation_id = $2"
	}
	if f.After != (Cursor{}) {
		args = append(args, f.After.Members, f.After.ID)
		where += fmt.Sprintf(" AND (g.members, g.id) < ($%d, $%d)", len(args)-1, len(args))
	}
	found, err := s.DB.Query(ctx, `
		SELECT `+groupColumns+`
		  FROM (SELECT * FROM comment_group g WHERE `+where+` ORDER BY g.members DESC, g.id DESC LIMIT $1) g
		  JOIN comment c ON c.id = g.representative_id`+throughMembers+`
		 ORDER BY g.members DESC, g.id DESC`, args...)
	if err != nil {
		return nil, nil, fmt.Errorf("list groups: %w", err)
	}
	groups, err = pgx.CollectRows(found, pgx.RowToStructByName[Group])
	if err != nil {
		return nil, nil, fmt.Errorf("list groups: %w", err)
	}
	if len(groups) <= limit {
		return groups, nil, nil
	}
	groups = groups[:limit]
	return groups, &Cursor{groups[limit-1].Members, groups[limit-1].ID}, nil
}

// Group reads one group; MergedInto is set when it has gone up in another. apperr.ErrNotFound: there is none.
func (s *Store) Group(ctx context.Context, by staff.Member, id uuid.UUID) (Group, error) {
	if !by.Can(staff.ReadComments) {
		return Group{}, apperr.ErrForbidden
	}
	found, err := s.DB.Query(ctx, `
		SELECT `+groupColumns+`
		  FROM comment_group g JOIN comment c ON c.id = g.representative_id`+throughMembers+`
		 WHERE g.id = $1`, id)
	if err != nil {
		return Group{}, fmt.Errorf("read group %s: %w", id, err)
	}
	g, err := pgx.CollectExactlyOneRow(found, pgx.RowToStructByName[Group])
	if errors.Is(err, pgx.ErrNoRows) {
		return Group{}, apperr.ErrNotFound
	}
	if err != nil {
		return Group{}, fmt.Errorf("read group %s: %w", id, err)
	}
	return g, nil
}

// Member is a comment of a group.
type Member struct {
	ID         uuid.UUID
	Number     int
	Version    int
	State      comment.State
	Title      string
	Body       string
	MaskedName string
	ReceivedAt time.Time
	Flags      []string
	Similarity float64 // to the representative
	TakenOut   bool
	ChangedBy  string // who put it in or took it out; "" for the search
}

// Personal tells whether the scrub found what looks like personal data in it.
func (m Member) Personal() bool {
	for _, flag := range m.Flags {
		if flag != comment.FlagListedWord && flag != comment.FlagFlood {
			return true
		}
	}
	return false
}

// MemberFilter chooses members of a group, by number.
type MemberFilter struct {
	TakenOut bool // those taken out of it, instead
	Waiting  bool // only what waits in the queue
	After    int  // number of the last one of the page before
	Limit    int  // 1 to 1000; 0: 20
}

// Members lists the members of a group by number, and whether more follow. A page costs the same however large the group is
// and however deep the page lies.
func (s *Store) Members(ctx context.Context, by staff.Member, id uuid.UUID, f MemberFilter) ([]Member, bool, error) {
	if !by.Can(staff.ReadComments) {
		return nil, false, apperr.ErrForbidden
	}
	limit := f.Limit
	if limit <= 0 {
		limit = pageDefault
	}
	limit = min(limit, ManyMost)
	after := f.After
	if after == 0 {
		after = -1 // 0 is the number of members that an older program has put in a moment ago
	}
	waiting := ""
	if f.Waiting {
		waiting = " AND m.waiting AND c.state = 'received'"
	}
	found, err := s.DB.Query(ctx, `
		SELECT c.id, c.number, c.version, c.state, c.title, c.body, c.masked_name, c.received_at, c.flags,
		       m.similarity, m.taken_out, m.changed_by
		  FROM comment_group_member m JOIN comment c ON c.id = m.comment_id
		 WHERE m.group_id = $1 AND m.taken_out = $2 AND m.number > $3`+waiting+`
		 ORDER BY m.number
		 LIMIT $4`, id, f.TakenOut, after, limit+1)
	if err != nil {
		return nil, false, fmt.Errorf("list members of group %s: %w", id, err)
	}
	list, err := pgx.CollectRows(found, pgx.RowToStructByName[Member])
	if err != nil {
		return nil, false, fmt.Errorf("list members of group %s: %w", id, err)
	}
	if len(list) > limit {
		return list[:limit], true, nil
	}
	return list, false, nil
}

// MemberIDs are the members of a group in one of these states, by number, for acts on the whole of it: at most
// ManyMost, as one act names no more.
func (s *Store) MemberIDs(ctx context.Context, by staff.Member, id uuid.UUID, states ...comment.State) ([]uuid.UUID, error) {
	if !by.Can(staff.ReadComments) {
		return nil, apperr.ErrForbidden
	}
	found, err := s.DB.Query(ctx, `
		SELECT c.id
		  FROM comment_group_member m JOIN comment c ON c.id = m.comment_id
		 WHERE m.group_id = $1 AND NOT m.taken_out AND c.state = ANY ($2::text[])
		 ORDER BY m.number
		 LIMIT $3`, id, states, ManyMost)
	if err != nil {
		return nil, fmt.Errorf("list members of group %s: %w", id, err)
	}
	ids, err := pgx.CollectRows(found, pgx.RowTo[uuid.UUID])
	if err != nil {
		return nil, fmt.Errorf("list members of group %s: %w", id, err)
	}
	return ids, nil
}

// Mark is what lists of comments show of a comment's group.
type Mark struct {
	GroupID uuid.UUID
	Members int
}

// Marks returns the groups of two and more that comments are in, by comment.
func (s *Store) Marks(ctx context.Context, by staff.Member, ids []uuid.UUID) (map[uuid.UUID]Mark, error) {
	if !by.Can(staff.ReadComments) {
		return nil, apperr.ErrForbidden
	}
	found, err := s.DB.Query(ctx, `
		SELECT m.comment_id, g.id, g.members
		  FROM comment_group_member m JOIN comment_group g ON g.id = m.group_id
		 WHERE m.comment_id = ANY ($1) AND NOT m.taken_out AND g.members > 1`, ids)
	if err != nil {
		return nil, fmt.Errorf("read the groups of comments: %w", err)
	}
	marks := make(map[uuid.UUID]Mark)
	var id uuid.UUID
	var mark Mark
	_, err = pgx.ForEachRow(found, []any{&id, &mark.GroupID, &mark.Members}, func() error {
		marks[id] = mark
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("read the groups of comments: %w", err)
	}
	return marks, nil
}
