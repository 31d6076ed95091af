package main

import (
	"context"
	"crypto/sha256"
	"fmt"
	"time"

	"wenji/internal/postgres"
	"wenji/internal/vault"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
)

// fullDesk starts a portal on a database with many comments, every other one waiting for a moderator, one a minute.
func (l *bench) fullDesk(ctx context.Context, name string) (p *portal, db *postgres.DB, err error) {
	database, err := l.database(ctx, name)
	if err != nil {
		return nil, nil, err
	}
	if p, err = l.demo(ctx, database); err != nil {
		return nil, nil, err
	}
	if err = l.fill(ctx, database); err == nil {
		db, err = l.pool(ctx, database, moderators)
	}
	if err != nil {
		p.Stop()
		return nil, nil, err
	}
	return p, db, nil
}

// fill copies comments and their sealed personal data in, as the owner of the tables.
func (l *bench) fill(ctx context.Context, database string) error {
	conn, err := pgx.Connect(ctx, database)
	if err != nil {
		return err
	}
	defer conn.Close(ctx)
	var clause uuid.UUID
	err = conn.QueryRow(ctx, `SELECT id FROM clause WHERE consultation_id = $1 AND document = 'draft' AND kind = 'clause' AND number = 1`,
		consultationID).Scan(&clause)
	if err != nil {
		return err
	}
	ids, now := make([]uuid.UUID, l.rows), time.Now()
	for i := range ids {
		if ids[i], err = uuid.NewV7(); err != nil {
			return err
		}
	}
	columns := []string{"id", "consultation_id", "number", "received_at", "title", "body", "masked_name", "occupation", "clause_ids",
		"text_digest", "form_digest", "code_index", "tail_index", "state", "public_title", "public_body", "published_at", "decided_at"}
	_, err = conn.CopyFrom(ctx, pgx.Identifier{"comment"}, columns, pgx.CopyFromSlice(l.rows, func(i int) ([]any, error) {
		return l.comment(ids[i], i, clause, now), nil
	}))
	if err != nil {
		return err
	}
	columns = []string{"comment_id", "consultation_id", "name", "id_number", "phone", "email", "org", "identity_index"}
	_, err = conn.CopyFrom(ctx, pgx.Identifier{"personal_data"}, columns, pgx.CopyFromSlice(l.rows, func(i int) ([]any, error) {
		s, err := l.keys.Seal(ids[i], vault.Personal{
			Name: vault.NewSecret("张建国"), IDNumber: vault.NewSecret(idNumber(i)), Phone: vault.NewSecret(phone(i)),
			Email: vault.NewSecret(fmt.Sprintf("reader%d@example.com", i)),
		})
		return []any{ids[i], consultationID, s.Name, s.IDNumber, s.Phone, s.Email, s.Org, s.IdentityIndex}, err
	}))
	if err != nil {
		return err
	}
	_, err = conn.Exec(ctx, `
		UPDATE comment_count k SET (last_number, received, published) =
		       (SELECT count(*), count(*) FILTER (WHERE state = 'received'), count(*) FILTER (WHERE state = 'published')
		          FROM comment c WHERE c.consultation_id = k.consultation_id)`)
	if err != nil {
		return err
	}
	for _, sql := range []string{`VACUUM ANALYZE comment`, `VACUUM ANALYZE personal_data`, `CHECKPOINT`} {
		if _, err := conn.Exec(ctx, sql); err != nil {
			return err
		}
	}
	return nil
}

// comment is one row: an even one waits, an odd one is published.
func (l *bench) comment(id uuid.UUID, i int, clause uuid.UUID, now time.Time) []any {
	received := now.Add(time.Duration(i-l.rows) * time.Minute).Truncate(time.Microsecond)
	digest := func(kind string) []byte {
		sum := sha256.Sum256(fmt.Append(nil, kind, i))
		return sum[:16]
	}
	row := []any{id, consultationID, i + 1, received, title(i), body(i), "张**", "其他", []uuid.UUID{clause},
		digest("text"), digest("form"), digest("code"), digest("tail"), "received", nil, nil, nil, nil}
	if i%2 == 1 {
		decided := received.Add(time.Hour)
		row = append(row[:13], "published", title(i), body(i), decided, decided)
	}
	return row
}
