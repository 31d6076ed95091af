package similar

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"wenji/internal/announce"
	"wenji/internal/apperr"
	"wenji/internal/audit"
	"wenji/internal/staff"
	"wenji/internal/validate"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
)

// ManyMost is how many members one act may name.
const ManyMost = 1000

// TakeOut takes members out of a group, because a person found that they do not say the same. They stay out of every
// group until a person puts them into one. Ids that are not in the group are passed over; when none is,
// *apperr.Conflict.
func (s *Store) TakeOut(ctx context.Context, by staff.Member, groupID uuid.UUID, ids []uuid.UUID) error {
	if !by.Can(staff.Decide) {
		return apperr.ErrForbidden
	}
	if err := checkIDs(ids); err != nil {
		return err
	}
	return s.change(ctx, by, groupID, "group.take_out", func(tx pgx.Tx, _ string) (string, error) {
		numbers, err := updated(ctx, tx, `
			UPDATE comment_group_member m
			   SET taken_out = true, changed_by = $3, changed_at = $4
			  FROM comment c
			 WHERE m.group_id = $1 AND m.comment_id = ANY ($2) AND NOT m.taken_out AND c.id = m.comment_id
			RETURNING c.number`, groupID, ids, by.Name, s.now())
		if err != nil {
			return "", err
		}
		return numbers, settle(ctx, tx, groupID)
	})
}

// PutIn puts comments of the consultation into a group: members of other groups, ones that were taken out, or single
// ones.
func (s *Store) PutIn(ctx context.Context, by staff.Member, groupID uuid.UUID, ids []uuid.UUID) error {
	if !by.Can(staff.Decide) {
		return apperr.ErrForbidden
	}
	if err := checkIDs(ids); err != nil {
		return err
	}
	return s.change(ctx, by, groupID, "group.put_in", func(tx pgx.Tx, consultationID string) (string, error) {
		left, err := groupsOf(ctx, tx, ids)
		if err != nil {
			return "", err
		}
		numbers, err := updated(ctx, tx, `
			WITH known AS MATERIALIZED (
			  SELECT c.id, c.number, c.state = 'received' AS waiting
			    FROM comment c JOIN comment_sketch k ON k.comment_id = c.id
			   WHERE c.id = ANY ($3) AND c.consultation_id = $1
			   ORDER BY c.id
			     FOR SHARE OF c
			), put AS (
			  INSERT INTO comment_group_member AS m
			         (comment_id, consultation_id, group_id, similarity, joined_at, changed_by, changed_at, number, waiting)
			  SELECT id, $1, $2, 0, $5, $4, $5, number, waiting FROM known
			  ON CONFLICT (comment_id) DO UPDATE
			     SET group_id = $2, taken_out = false, joined_at = $5, changed_by = $4, changed_at = $5
			   WHERE m.group_id <> $2 OR m.taken_out
			  RETURNING comment_id
			)
			SELECT k.number FROM put JOIN known k ON k.id = put.comment_id`,
			consultationID, groupID, ids, by.Name, s.now())
		if err != nil {
			return "", err
		}
		for _, other := range left {
			if other == groupID {
				continue
			}
			if err := settle(ctx, tx, other); err != nil {
				return "", err
			}
		}
		return numbers, settle(ctx, tx, groupID)
	})
}

// Merge puts all members of a group into another one of the same consultation. The address of the first leads to the
// second from then on.
func (s *Store) Merge(ctx context.Context, by staff.Member, from, to uuid.UUID) error {
	if !by.Can(staff.Decide) {
		return apperr.ErrForbidden
	}
	if from == to {
		return invalid("target", validate.GroupTargetMissing)
	}
	return s.change(ctx, by, to, "group.merge", func(tx pgx.Tx, consultationID string) (string, error) {
		var number int
		err := tx.QueryRow(ctx, `
			SELECT c.number
			  FROM comment_group g JOIN comment c ON c.id = g.representative_id
			 WHERE g.id = $1 AND g.consultation_id = $2 AND g.merged_into IS NULL`, from, consultationID).Scan(&number)
		if errors.Is(err, pgx.ErrNoRows) {
			return "", &apperr.Conflict{}
		}
		if err != nil {
			return "", err
		}
		representative, err := representativeOf(ctx, tx, to)
		if err != nil {
			return "", err
		}
		if err := merge(ctx, tx, from, to, representative); err != nil {
			return "", err
		}
		return "group of comment " + strconv.Itoa(number), settle(ctx, tx, to)
	})
}

// change runs one act on a group that still is one, under the lock of its consultation, and records it.
func (s *Store) change(ctx context.Context, by staff.Member, groupID uuid.UUID, action string,
	act func(tx pgx.Tx, consultationID string) (detail string, err error)) error {
	return s.DB.InTx(ctx, func(tx pgx.Tx) error {
		consultationID, err := consultationOf(ctx, tx, groupID)
		if err != nil {
			return err
		}
		if err := lock(ctx, tx, consultationID); err != nil {
			return err
		}
		var number int
		err = tx.QueryRow(ctx, `
			UPDATE comment_group g
			   SET changed_by_staff = true
			  FROM comment c
			 WHERE g.id = $1 AND g.merged_into IS NULL AND c.id = g.representative_id
			RETURNING c.number`, groupID).Scan(&number)
		if errors.Is(err, pgx.ErrNoRows) {
			return &apperr.Conflict{}
		}
		if err != nil {
			return fmt.Errorf("change group %s: %w", groupID, err)
		}
		detail, err := act(tx, consultationID)
		if err != nil {
			return err
		}
		if detail == "" {
			return &apperr.Conflict{}
		}
		if err := announce.Changed(ctx, tx, consultationID); err != nil {
			return err
		}
		return audit.Record(ctx, tx, audit.Entry{
			At: s.now(), Actor: by.Signature(), Role: string(by.Role), Action: action, ConsultationID: consultationID,
			Subject: fmt.Sprintf("group of comment %d", number), Detail: detail,
		})
	})
}

// updated runs a statement that returns the numbers of comments, and lists them; "" when there are none.
func updated(ctx context.Context, tx pgx.Tx, sql string, args ...any) (string, error) {
	found, err := tx.Query(ctx, sql, args...)
	if err != nil {
		return "", err
	}
	numbers, err := pgx.CollectRows(found, pgx.RowTo[int])
	if err != nil || len(numbers) == 0 {
		return "", err
	}
	words := make([]string, len(numbers))
	for i, n := range numbers {
		words[i] = strconv.Itoa(n)
	}
	return "comments " + strings.Join(words, ", "), nil
}

// groupsOf are the groups that comments are in.
func groupsOf(ctx context.Context, tx pgx.Tx, ids []uuid.UUID) ([]uuid.UUID, error) {
	found, err := tx.Query(ctx, `
		SELECT DISTINCT group_id
		  FROM comment_group_member
		 WHERE comment_id = ANY ($1) AND NOT taken_out`, ids)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(found, pgx.RowTo[uuid.UUID])
}

// settle brings a group in order after its members have changed: a representative that has left is followed by the
// oldest member, all are compared with it, and the totals are made anew.
func settle(ctx context.Context, tx pgx.Tx, groupID uuid.UUID) error {
	_, err := tx.Exec(ctx, `
		UPDATE comment_group g
		   SET representative_id = n.comment_id
		  FROM (SELECT m.comment_id
		          FROM comment_group_member m JOIN comment c ON c.id = m.comment_id
		         WHERE m.group_id = $1 AND NOT m.taken_out
		         ORDER BY c.number
		         LIMIT 1) n
		 WHERE g.id = $1
		   AND NOT EXISTS (SELECT FROM comment_group_member m
		                    WHERE m.comment_id = g.representative_id AND m.group_id = $1 AND NOT m.taken_out)`, groupID)
	if err != nil {
		return fmt.Errorf("settle group %s: %w", groupID, err)
	}
	representative, err := representativeOf(ctx, tx, groupID)
	if err != nil {
		return err
	}
	if err := measure(ctx, tx, groupID, representative); err != nil {
		return fmt.Errorf("settle group %s: %w", groupID, err)
	}
	if err := recount(ctx, tx, []uuid.UUID{groupID}); err != nil {
		return fmt.Errorf("settle group %s: %w", groupID, err)
	}
	return nil
}

// representativeOf reads a group's representative and makes sure that others are found by it.
func representativeOf(ctx context.Context, tx pgx.Tx, groupID uuid.UUID) (*text, error) {
	var t text
	var consultationID, title, body string
	err := tx.QueryRow(ctx, `
		SELECT c.id, c.consultation_id, c.title, c.body
		  FROM comment_group g JOIN comment c ON c.id = g.representative_id
		 WHERE g.id = $1`, groupID).Scan(&t.id, &consultationID, &title, &body)
	if err != nil {
		return nil, fmt.Errorf("read the representative of group %s: %w", groupID, err)
	}
	t.pieces = cut(normalise(title, body))
	values := sign(t.pieces).bandValues()
	owners := make([][16]byte, len(values))
	for i := range owners {
		owners[i] = t.id
	}
	if err := insertBands(ctx, tx, consultationID, owners, values); err != nil {
		return nil, fmt.Errorf("enter the bands of group %s: %w", groupID, err)
	}
	return &t, nil
}

func checkIDs(ids []uuid.UUID) error {
	if len(ids) == 0 || len(ids) > ManyMost {
		return invalid("id", validate.NothingChosen)
	}
	return nil
}

// invalid is one problem of a form of ours.
func invalid(field, sentence string) error {
	return &apperr.Invalid{Problems: []apperr.Problem{{Field: field, Message: sentence}}}
}
