package moderation

import (
	"context"
	"errors"
	"fmt"
	"time"

	"wenji/internal/apperr"
	"wenji/internal/audit"
	"wenji/internal/consultation"
	"wenji/internal/staff"
	"wenji/internal/validate"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
)

// alarmPercent of a day's quota is where the people of the security are told.
const alarmPercent = 80

const alarmsMost = 100

// quota is how a member stands on a day after one more look was asked for.
type quota struct {
	used, limit int
	refused     bool
}

func (q quota) entry(by staff.Member, at time.Time, t target) audit.Entry {
	e := t.entry(by, at, "reveal", fmt.Sprintf("%d / %d", q.used, q.limit))
	e.Action = "reveal.quota"
	return e
}

// day is the day of a moment in Beijing time, as a date column takes it.
func day(at time.Time) string { return at.In(consultation.Shanghai).Format(time.DateOnly) }

// takeReveal counts one look of the member in the row of the day. Counting and comparing are one statement: however many
// replicas are asked at once, no look beyond the quota is given.
func takeReveal(ctx context.Context, tx pgx.Tx, by staff.Member, at time.Time) (quota, error) {
	rules, err := staff.ReadRules(ctx, tx)
	if err != nil {
		return quota{}, err
	}
	var q quota
	var looks bool
	err = tx.QueryRow(ctx, `
		INSERT INTO reveal_count AS r (member_id, day, used, looked)
		VALUES ($1, $2, 1, true)
		ON CONFLICT (member_id, day) DO UPDATE
		   SET looked  = r.used < $3 + r.extra,
		       used    = r.used    + CASE WHEN r.used < $3 + r.extra THEN 1 ELSE 0 END,
		       refused = r.refused + CASE WHEN r.used < $3 + r.extra THEN 0 ELSE 1 END
		RETURNING used, $3 + extra, looked`, by.ID, day(at), rules.Reveals).Scan(&q.used, &q.limit, &looks)
	q.refused = !looks
	if err != nil {
		return quota{}, fmt.Errorf("count a look of member %s: %w", by.ID, err)
	}
	return q, nil
}

// warn tells the log when a member comes near the quota or beyond it; the log gets the member's id and numbers only.
func (s *Store) warn(by staff.Member, q quota) {
	near := (q.limit*alarmPercent + 99) / 100
	if s.Log != nil && (q.refused || q.used == near) {
		s.Log.Warn("a member looks at personal data very often", "member", by.ID, "used", q.used, "limit", q.limit, "refused", q.refused)
	}
}

// Alarm is a member who has come to four fifths of the day's quota.
type Alarm struct {
	MemberID uuid.UUID
	Name     string
	Used     int
	Limit    int
	Refused  int
}

// RevealAlarms lists who has come near today's quota or reached it, for 安全管理员 and 审计员. apperr.ErrForbidden.
func (s *Store) RevealAlarms(ctx context.Context, by staff.Member) (list []Alarm, err error) {
	if !by.Can(staff.ManageSecurity) && !by.Can(staff.ReadAudit) {
		return nil, apperr.ErrForbidden
	}
	err = s.DB.InSnapshot(ctx, func(tx pgx.Tx) error {
		rules, err := staff.ReadRules(ctx, tx)
		if err != nil {
			return err
		}
		rows, err := tx.Query(ctx, `
			SELECT r.member_id, m.name || ' (' || m.username || ')', r.used, $2 + r.extra, r.refused
			  FROM reveal_count r JOIN member m ON m.id = r.member_id
			 WHERE r.day = $1 AND r.used * 100 >= ($2 + r.extra) * $3
			 ORDER BY r.used DESC, r.member_id
			 LIMIT $4`, day(s.now()), rules.Reveals, alarmPercent, alarmsMost)
		if err != nil {
			return err
		}
		list, err = pgx.CollectRows(rows, pgx.RowToStructByPos[Alarm])
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("list alarms of reveals: %w", err)
	}
	return list, nil
}

// RaiseQuota lets a member look so many times more today. Errors: apperr.ErrForbidden, also for oneself; *apperr.Invalid
// on extra; apperr.ErrNotFound.
func (s *Store) RaiseQuota(ctx context.Context, by staff.Member, member uuid.UUID, extra int) error {
	if !by.Can(staff.ManageSecurity) || by.ID == member {
		return apperr.ErrForbidden
	}
	if extra < 1 || extra > 1000 {
		return invalid("extra", validate.RaiseForm)
	}
	at := s.now()
	return s.DB.InTx(ctx, func(tx pgx.Tx) error {
		var username string
		err := tx.QueryRow(ctx, `
			WITH raised AS (
			  INSERT INTO reveal_count AS r (member_id, day, extra)
			  SELECT id, $2, $3 FROM member WHERE id = $1
			  ON CONFLICT (member_id, day) DO UPDATE SET extra = least(r.extra + excluded.extra, 10000)
			  RETURNING member_id)
			SELECT m.username FROM raised JOIN member m ON m.id = raised.member_id`, member, day(at), extra).Scan(&username)
		if errors.Is(err, pgx.ErrNoRows) {
			return apperr.ErrNotFound
		}
		if err != nil {
			return fmt.Errorf("raise the quota of member %s: %w", member, err)
		}
		return audit.Record(ctx, tx, audit.Entry{
			At: at, Actor: by.Signature(), Role: string(by.Role), Action: "reveal.quota_raised", Subject: username,
			Detail: fmt.Sprintf("+%d", extra),
		})
	})
}
